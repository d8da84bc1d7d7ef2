#include "runtime/sql/decode.hpp"

#include "runtime/sql/character_class.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe::sql {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

size_t append_utf8(uint32_t code, char* out) {
  const auto low = [&](int shift) { return static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | (code >> 6));
    out[1] = low(0);
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | (code >> 12));
    out[1] = low(6);
    out[2] = low(0);
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | (code >> 18));
  out[1] = low(12);
  out[2] = low(6);
  out[3] = low(0);
  return 4;
}

/// Copies a literal's contents, piece by piece where it continues over lines, and resolves its escapes. No escape is
/// shorter than what it stands for, so the output fits into as many bytes as the literal has.
class LiteralDecoder {
 public:
  LiteralDecoder(std::string_view text, const Token& token, Arena& arena)
      : text_{text}, token_{token}, at_{token.begin}, out_{arena.bytes(token.end - token.begin + 4)}, begin_{out_} {}

  std::string_view run(char quote) {
    while (at_ < token_.end && text_[at_] != quote) ++at_;  // the prefix
    ++at_;
    while (at_ < token_.end) {
      const char c = text_[at_];
      if (c == quote) {
        if (!next_piece(quote)) break;
      } else if (c == '\\' && (token_.flags & kTokenEscapeString) != 0) {
        backslash();
      } else if ((token_.flags & kTokenUnicode) != 0 && c == unicode_escape()) {
        unicode();
      } else {
        plain(c);
        ++at_;
      }
    }
    if (high_surrogate_ != 0) fail_surrogate();
    if (made_bytes_) check_utf8();
    return {begin_, static_cast<size_t>(out_ - begin_)};
  }

 private:
  char unicode_escape() const {
    return token_.keyword == Keyword::kNoKeyword ? '\\' : static_cast<char>(token_.keyword);
  }

  // At a quote: doubled, the end (false), or the end of a piece that another one follows.
  bool next_piece(char quote) {
    if (at_ + 1 >= token_.end) return false;
    if (text_[at_ + 1] == quote) {
      plain(quote);
      at_ += 2;
      return true;
    }
    for (++at_; at_ < token_.end && text_[at_] != quote; ++at_) {
      if (text_[at_] == '-')
        while (at_ < token_.end && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
      else if (!is_class(static_cast<unsigned char>(text_[at_]), kBlank))
        return false;  // UESCAPE
    }
    return at_++ < token_.end;
  }

  void plain(char c) {
    if (high_surrogate_ != 0) fail_surrogate();
    *out_++ = c;
  }

  void backslash() {
    const uint32_t begin = at_;
    ++at_;
    const char c = at_ < token_.end ? text_[at_++] : '\\';
    switch (c) {
      case 'b': return plain('\b');
      case 'f': return plain('\f');
      case 'n': return plain('\n');
      case 'r': return plain('\r');
      case 't': return plain('\t');
      case 'v': return plain('\v');
      case 'u':
      case 'U': {
        constexpr const char* kHint = "Unicode escapes must be \\uXXXX or \\UXXXXXXXX.";
        return code_point(hexadecimal(begin, c == 'u' ? 4 : 8, kHint), begin);
      }
      case 'x': return hex_byte();
      default: break;
    }
    if (c < '0' || c > '7') return plain(c);
    unsigned value = static_cast<unsigned>(c - '0');
    for (int i = 0; i < 2 && at_ < token_.end && text_[at_] >= '0' && text_[at_] <= '7'; ++i)
      value = value * 8 + static_cast<unsigned>(text_[at_++] - '0');
    byte(value);
  }

  void hex_byte() {
    if (at_ >= token_.end || hex_digit(text_[at_]) < 0) return plain('x');
    unsigned value = 0;
    for (int i = 0; i < 2 && at_ < token_.end && hex_digit(text_[at_]) >= 0; ++i)
      value = value * 16 + static_cast<unsigned>(hex_digit(text_[at_++]));
    byte(value);
  }

  void byte(unsigned value) {
    made_bytes_ = true;
    plain(static_cast<char>(value & 0xFF));
  }

  void unicode() {
    const uint32_t begin = at_++;
    if (at_ < token_.end && text_[at_] == unicode_escape()) {
      plain(text_[at_++]);
      return;
    }
    const bool long_form = at_ < token_.end && text_[at_] == '+';
    if (long_form) ++at_;
    code_point(hexadecimal(begin, long_form ? 6 : 4, "Unicode escapes must be \\XXXX or \\+XXXXXX."), begin);
  }

  uint32_t hexadecimal(uint32_t begin, int digits, const char* hint) {
    uint32_t value = 0;
    for (int i = 0; i < digits; ++i, ++at_) {
      const int digit = at_ < token_.end ? hex_digit(text_[at_]) : -1;
      if (digit < 0) fail(begin, ErrorCode::kInvalidEscapeSequence, "invalid Unicode escape", hint);
      value = value * 16 + static_cast<uint32_t>(digit);
    }
    return value;
  }

  void code_point(uint32_t code, uint32_t begin) {
    if (code >= 0xDC00 && code <= 0xDFFF) {
      if (high_surrogate_ == 0) fail_surrogate();
      code = 0x10000 + ((high_surrogate_ & 0x3FF) << 10) + (code & 0x3FF);
      high_surrogate_ = 0;
    } else if (high_surrogate_ != 0) {
      fail_surrogate();
    }
    if (code >= 0xD800 && code <= 0xDBFF) {
      high_surrogate_ = code;
      return;
    }
    if (code == 0 || code > 0x10FFFF) fail(begin, ErrorCode::kSyntaxError, "invalid Unicode escape value", "");
    out_ += append_utf8(code, out_);
  }

  void check_utf8() const {
    for (const char* p = begin_; p < out_;) {
      const auto c = static_cast<unsigned char>(*p);
      const int size = c < 0x80                ? 1
                       : c >= 0xC2 && c < 0xE0 ? 2
                       : c >= 0xE0 && c < 0xF0 ? 3
                       : c >= 0xF0 && c < 0xF5 ? 4
                                               : 0;
      bool good = c != 0 && size > 0 && p + size <= out_;
      for (int i = 1; good && i < size; ++i) good = (p[i] & 0xC0) == static_cast<int>(0x80);
      if (!good) {
        constexpr char kHex[] = "0123456789abcdef";
        const char shown[] = {'0', 'x', kHex[c >> 4], kHex[c & 15], '\0'};
        fail(token_.begin, ErrorCode::kCharacterNotInRepertoire,
             cat("invalid byte sequence for encoding \"UTF8\": ", shown), "");
      }
      p += size;
    }
  }

  [[noreturn]] void fail_surrogate() const {
    fail(token_.begin, ErrorCode::kSyntaxError, "invalid Unicode surrogate pair", "");
  }
  [[noreturn]] void fail(uint32_t offset, ErrorCode code, std::string_view message, const char* hint) const {
    ErrorFields fields;
    fields.code = code;
    fields.message = message;
    fields.hint = hint;
    fields.position = character_position(text_, offset);
    throw SyntaxFailure{make_error(fields)};
  }

  std::string_view text_;
  const Token& token_;
  uint32_t at_;
  char* out_;
  char* begin_;
  uint32_t high_surrogate_ = 0;
  bool made_bytes_ = false;
};

}  // namespace

std::string_view cut_name(std::string_view name) {
  if (name.size() <= kNameBytesMax) return name;
  size_t size = kNameBytesMax;
  constexpr size_t kCharacterBytesMax = 4;
  while (size > kNameBytesMax - kCharacterBytesMax && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80)
    --size;  // not inside a character
  return name.substr(0, size);
}

std::string_view decode_name(std::string_view text, const Token& token, Arena& arena) {
  const std::string_view raw = text.substr(token.begin, token.end - token.begin);
  if (token.kind == TokenKind::kQuotedWord) {
    if ((token.flags & (kTokenEscapes | kTokenUnicode)) != 0)
      return cut_name(LiteralDecoder(text, token, arena).run('"'));
    return cut_name(raw.substr(1, raw.size() - 2));
  }
  if ((token.flags & kTokenFolds) == 0) return token.keyword == Keyword::kNchar ? std::string_view("nchar") : raw;
  const std::string_view kept = cut_name(raw);
  char* folded = arena.bytes(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    const auto c = static_cast<unsigned char>(kept[i]);
    folded[i] = static_cast<char>(is_class(c, kUpper) ? c | 0x20 : c);
  }
  return {folded, kept.size()};
}

std::string_view decode_string(std::string_view text, const Token& token, Arena& arena) {
  const std::string_view raw = text.substr(token.begin, token.end - token.begin);
  if ((token.flags & kTokenDollar) != 0) {
    const size_t tag = raw.find('$', 1) + 1;
    return raw.substr(tag, raw.size() - 2 * tag);
  }
  if ((token.flags & (kTokenEscapes | kTokenUnicode)) != 0) return LiteralDecoder(text, token, arena).run('\'');
  const size_t prefix = (token.flags & kTokenEscapeString) != 0 ? 2 : 1;
  return raw.substr(prefix, raw.size() - prefix - 1);
}

std::string_view decode_bits(std::string_view text, const Token& token, Arena& arena) {
  const std::string_view digits = LiteralDecoder(text, token, arena).run('\'');
  char* out = arena.bytes(digits.size() + 1);
  out[0] = static_cast<char>(text[token.begin] | 0x20);
  digits.copy(out + 1, digits.size());
  return {out, digits.size() + 1};
}

}  // namespace troupe::sql
