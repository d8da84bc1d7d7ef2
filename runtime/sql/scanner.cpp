#include "runtime/sql/scanner.hpp"

#include "runtime/sql/character_class.hpp"

namespace troupe::sql {
namespace {

constexpr TokenKind single_character(char c) {
  switch (c) {
    case ',': return TokenKind::kComma;
    case '(': return TokenKind::kOpen;
    case ')': return TokenKind::kClose;
    case '[': return TokenKind::kOpenBracket;
    case ']': return TokenKind::kCloseBracket;
    case '.': return TokenKind::kDot;
    case ';': return TokenKind::kSemicolon;
    case ':': return TokenKind::kColon;
    case '+': return TokenKind::kPlus;
    case '-': return TokenKind::kMinus;
    case '*': return TokenKind::kStar;
    case '/': return TokenKind::kSlash;
    case '%': return TokenKind::kPercent;
    case '^': return TokenKind::kCaret;
    case '<': return TokenKind::kLess;
    case '>': return TokenKind::kGreater;
    case '=': return TokenKind::kEqual;
    default: return TokenKind::kStray;
  }
}

constexpr TokenKind double_character(char a, char b) {
  if (b == '=') {
    if (a == '<') return TokenKind::kLessEqual;
    if (a == '>') return TokenKind::kGreaterEqual;
    if (a == '!') return TokenKind::kNotEqual;
  }
  if (a == '<' && b == '>') return TokenKind::kNotEqual;
  if (a == '=' && b == '>') return TokenKind::kArrow;
  return TokenKind::kOperator;
}

bool allows_trailing_sign(std::string_view op) { return op.find_first_of("~!@#^&|`?%") != std::string_view::npos; }

}  // namespace

Token Scanner::fail(ScanError error, uint32_t begin) {
  return {TokenKind::kError, 0, static_cast<Keyword>(error), begin, at_};
}

Token Scanner::junk_after(ScanError error, uint32_t begin) {
  while (is_class(peek(), kIdentifierPart)) ++at_;
  return fail(error, begin);
}

bool Scanner::skip_block_comment() {
  at_ += 2;
  for (int depth = 1; depth > 0;) {
    if (at_ >= text_.size()) return false;
    if (peek() == '*' && peek(1) == '/') {
      --depth;
      at_ += 2;
    } else if (peek() == '/' && peek(1) == '*') {
      ++depth;
      at_ += 2;
    } else {
      ++at_;
    }
  }
  return true;
}

bool Scanner::skip_blanks(Token* error) {
  for (;;) {
    const unsigned char c = peek();
    if (is_class(c, kBlank)) {
      ++at_;
    } else if (c == '-' && peek(1) == '-') {
      while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '\r') ++at_;
    } else if (c == '/' && peek(1) == '*') {
      const uint32_t begin = at_;
      if (!skip_block_comment()) {
        *error = fail(ScanError::kUnterminatedComment, begin);
        return false;
      }
    } else {
      return true;
    }
  }
}

Token Scanner::next() {
  Token error;
  if (!skip_blanks(&error)) return error;
  const uint32_t begin = at_;
  if (begin >= text_.size()) return {TokenKind::kEnd, 0, Keyword::kNoKeyword, begin, begin};
  const auto c = static_cast<unsigned char>(text_[begin]);
  if (is_class(c, kIdentifierStart)) return word(begin);
  if (is_class(c, kDigit)) return number(begin);
  if (c == '\'') return quoted_string(begin, kTokenPlain, TokenKind::kString, ScanError::kUnterminatedString);
  if (is_class(c, kOperatorPart)) return symbol(begin);
  switch (c) {
    case '"': return quoted_word(begin, kTokenPlain);
    case '$': return dollar(begin);
    case '.':
      if (is_class(peek(1), kDigit)) return number(begin);
      at_ += peek(1) == '.' ? 2 : 1;
      return finish(at_ - begin == 2 ? TokenKind::kDotDot : TokenKind::kDot, begin);
    case ':':
      at_ += peek(1) == ':' || peek(1) == '=' ? 2 : 1;
      if (at_ - begin == 1) return finish(TokenKind::kColon, begin);
      return finish(text_[begin + 1] == ':' ? TokenKind::kTypecast : TokenKind::kColonEquals, begin);
    default: ++at_; return finish(single_character(static_cast<char>(c)), begin);
  }
}

Token Scanner::word(uint32_t begin) {
  const char first = static_cast<char>(text_[begin] | 0x20);
  if (peek(1) == '\'') {
    if (first == 'e') {
      ++at_;
      return quoted_string(begin, kTokenEscapeString, TokenKind::kString, ScanError::kUnterminatedString);
    }
    if (first == 'b' || first == 'x') {
      ++at_;
      return quoted_string(begin, kTokenPlain, TokenKind::kBits,
                           first == 'b' ? ScanError::kUnterminatedBits : ScanError::kUnterminatedHex);
    }
    if (first == 'n') {  // N'…' is NCHAR '…'
      ++at_;
      return {TokenKind::kWord, kTokenPlain, Keyword::kNchar, begin, at_};
    }
  } else if (first == 'u' && peek(1) == '&' && (peek(2) == '\'' || peek(2) == '"')) {
    at_ += 2;
    return peek() == '"' ? quoted_word(begin, kTokenUnicode)
                         : quoted_string(begin, kTokenUnicode, TokenKind::kString, ScanError::kUnterminatedString);
  }
  uint32_t hash = kKeywordHashStart;
  uint8_t seen = 0;
  const char* p = text_.data() + begin;
  const char* const end = text_.data() + text_.size();
  for (; p < end; ++p) {
    const auto c = static_cast<unsigned char>(*p);
    const uint8_t classes = kCharacterClasses[c];
    if ((classes & kIdentifierPart) == 0) break;
    seen |= classes;
    hash = keyword_hash_step(hash, (classes & kUpper) != 0 ? c | 0x20 : c);
  }
  at_ = static_cast<uint32_t>(p - text_.data());
  Token token = finish(TokenKind::kWord, begin);
  const uint32_t size = at_ - begin;
  if ((seen & kUpper) == 0) {
    if (size > kNameBytesMax) token.flags = kTokenFolds;
    token.keyword = find_keyword(text_.substr(begin, size), hash);
    return token;
  }
  token.flags = kTokenFolds;
  constexpr uint32_t kLongestKeyword = 17;
  if (size <= kLongestKeyword) {
    char lower[kLongestKeyword];
    for (uint32_t i = 0; i < size; ++i) {
      const auto c = static_cast<unsigned char>(text_[begin + i]);
      lower[i] = static_cast<char>(is_class(c, kUpper) ? c | 0x20 : c);
    }
    token.keyword = find_keyword({lower, size}, hash);
  }
  return token;
}

Token Scanner::number(uint32_t begin) {
  const auto digits = [this] { while (is_class(peek(), kDigit)) ++at_; };
  TokenKind kind = TokenKind::kInteger;
  digits();
  if (peek() == '.' && peek(1) != '.') {  // 1..10 is a range
    kind = TokenKind::kNumeric;
    ++at_;
    digits();
  }
  if ((peek() | 0x20) == 'e') {
    const uint32_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if (is_class(peek(1 + sign), kDigit)) {
      kind = TokenKind::kNumeric;
      at_ += 1 + sign;
      digits();
    } else {
      at_ += 1 + sign;
      if (sign != 0) return fail(ScanError::kJunkAfterNumber, begin);
      return junk_after(ScanError::kJunkAfterNumber, begin);
    }
  }
  if (is_class(peek(), kIdentifierStart)) return junk_after(ScanError::kJunkAfterNumber, begin);
  return finish(kind, begin);
}

Token Scanner::symbol(uint32_t begin) {
  uint32_t end = begin;
  while (end < text_.size() && is_class(static_cast<unsigned char>(text_[end]), kOperatorPart)) {
    const char c = text_[end];
    const char after = end + 1 < text_.size() ? text_[end + 1] : '\0';
    if (end > begin && ((c == '-' && after == '-') || (c == '/' && after == '*'))) break;
    ++end;
  }
  uint32_t size = end - begin;
  if (size > 1 && !allows_trailing_sign(text_.substr(begin, size))) {
    while (size > 1 && (text_[begin + size - 1] == '+' || text_[begin + size - 1] == '-')) --size;
  }
  at_ = begin + size;
  if (size == 1) {
    const TokenKind kind = single_character(text_[begin]);
    return finish(kind == TokenKind::kStray ? TokenKind::kOperator : kind, begin);
  }
  if (size == 2) return finish(double_character(text_[begin], text_[begin + 1]), begin);
  if (size > kNameBytesMax) return fail(ScanError::kOperatorTooLong, begin);
  return finish(TokenKind::kOperator, begin);
}

Token Scanner::dollar(uint32_t begin) {
  if (is_class(peek(1), kDigit)) {
    ++at_;
    while (is_class(peek(), kDigit)) ++at_;
    if (is_class(peek(), kIdentifierStart)) return junk_after(ScanError::kJunkAfterParameter, begin);
    return finish(TokenKind::kParameter, begin);
  }
  uint32_t tag_end = begin + 1;
  while (tag_end < text_.size() && text_[tag_end] != '$' &&
         is_class(static_cast<unsigned char>(text_[tag_end]), kIdentifierPart))
    ++tag_end;
  if (tag_end >= text_.size() || text_[tag_end] != '$') {
    ++at_;
    return finish(TokenKind::kStray, begin);
  }
  const std::string_view tag = text_.substr(begin, tag_end + 1 - begin);
  const size_t close = text_.find(tag, tag_end + 1);
  if (close == std::string_view::npos) {
    at_ = static_cast<uint32_t>(text_.size());
    return fail(ScanError::kUnterminatedDollar, begin);
  }
  at_ = static_cast<uint32_t>(close + tag.size());
  return finish(TokenKind::kString, begin, kTokenDollar);
}

// After a closing quote: blanks with a newline among them and another quote continue the literal.
bool Scanner::find_continuation() {
  uint32_t at = at_;
  bool newline = false;
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    if (c == '\n' || c == '\r') {
      newline = true;
    } else if (c == '-' && at + 1 < text_.size() && text_[at + 1] == '-') {
      while (at + 1 < text_.size() && text_[at + 1] != '\n' && text_[at + 1] != '\r') ++at;
    } else if (!is_class(static_cast<unsigned char>(c), kBlank)) {
      break;
    }
  }
  if (!newline || at >= text_.size() || text_[at] != '\'') return false;
  at_ = at;
  return true;
}

Token Scanner::quoted_string(uint32_t begin, uint8_t flags, TokenKind kind, ScanError unterminated) {
  ++at_;
  for (;;) {
    const char* p = text_.data() + at_;
    const char* const end = text_.data() + text_.size();
    if ((flags & kTokenEscapeString) != 0) {
      while (p < end && *p != '\'' && *p != '\\') ++p;
    } else {
      while (p < end && *p != '\'') ++p;
    }
    at_ = static_cast<uint32_t>(p - text_.data());
    if (p == end) return fail(unterminated, begin);
    if (*p == '\\') {
      flags |= kTokenEscapes;
      at_ += at_ + 1 < text_.size() ? 2 : 1;
    } else if (peek(1) == '\'') {
      flags |= kTokenEscapes;
      at_ += 2;
    } else {
      ++at_;
      if (!find_continuation()) return finish(kind, begin, flags);
      flags |= kTokenEscapes;
      ++at_;
    }
  }
}

Token Scanner::quoted_word(uint32_t begin, uint8_t flags) {
  const uint32_t body = ++at_;
  for (;;) {
    const size_t quote = text_.find('"', at_);
    if (quote == std::string_view::npos) {
      at_ = static_cast<uint32_t>(text_.size());
      return fail(ScanError::kUnterminatedIdentifier, begin);
    }
    at_ = static_cast<uint32_t>(quote + 1);
    if (peek() != '"') break;
    flags |= kTokenEscapes;
    ++at_;
  }
  if (at_ - 1 == body) return fail(ScanError::kEmptyIdentifier, begin);
  if (at_ - 1 - body > kNameBytesMax) flags |= kTokenFolds;
  return finish(TokenKind::kQuotedWord, begin, flags);
}

}  // namespace troupe::sql
