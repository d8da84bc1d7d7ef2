#include "runtime/sql/token_stream.hpp"

namespace troupe::sql {
namespace {

std::string_view message_of(ScanError error) {
  switch (error) {
    case ScanError::kUnterminatedString: return "unterminated quoted string";
    case ScanError::kUnterminatedIdentifier: return "unterminated quoted identifier";
    case ScanError::kUnterminatedComment: return "unterminated /* comment";
    case ScanError::kUnterminatedDollar: return "unterminated dollar-quoted string";
    case ScanError::kUnterminatedBits: return "unterminated bit string literal";
    case ScanError::kUnterminatedHex: return "unterminated hexadecimal string literal";
    case ScanError::kEmptyIdentifier: return "zero-length delimited identifier";
    case ScanError::kJunkAfterNumber: return "trailing junk after numeric literal";
    case ScanError::kJunkAfterParameter: return "trailing junk after parameter";
    case ScanError::kOperatorTooLong: return "operator too long";
    case ScanError::kNone: break;
  }
  return "syntax error";
}

bool equals_folded(std::string_view raw, std::string_view lower) {
  if (raw.size() != lower.size()) return false;
  for (size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i] >= 'A' && raw[i] <= 'Z' ? static_cast<char>(raw[i] | 0x20) : raw[i];
    if (c != lower[i]) return false;
  }
  return true;
}

}  // namespace

void TokenStream::fill(uint32_t wanted) {
  while (count_ < wanted) {
    Token& token = tokens_[(head_ + count_) & kMask];
    token = scanner_.next();
    if (token.kind == TokenKind::kError) [[unlikely]] fail_lexical(token);
    if ((token.flags & kTokenUnicode) != 0) [[unlikely]] join_unicode_escape(&token);
    ++count_;
  }
}

void TokenStream::note_cut(const Token& token, std::string_view kept) {
  if ((token.flags & kTokenUnicode) != 0) return;  // its length is that of the escapes
  const bool quoted = token.kind == TokenKind::kQuotedWord;
  const std::string_view text = quoted ? raw(token).substr(1, raw(token).size() - 2) : raw(token);
  char* whole = arena_->bytes(text.size());
  size_t size = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool capital = !quoted && text[i] >= 'A' && text[i] <= 'Z';
    whole[size++] = capital ? static_cast<char>(text[i] | 0x20) : text[i];
    if (quoted && text[i] == '"') ++i;  // it is doubled
  }
  if (size > kept.size()) cut_names.push_back({{whole, size}, kept});
}

// U&'…' UESCAPE '!' is one token whose keyword field holds the escape character.
void TokenStream::join_unicode_escape(Token* token) {
  const uint32_t after = scanner_.offset();
  const Token word = scanner_.next();
  if (word.kind != TokenKind::kWord || word.keyword != Keyword::kUescape) {
    scanner_.seek(after);
    return;
  }
  const Token escape = scanner_.next();
  if (escape.kind != TokenKind::kString) {
    fail(ErrorCode::kSyntaxError, escape.begin,
         cat("UESCAPE must be followed by a simple string literal at or near \"", raw(escape), "\""));
  }
  const std::string_view value = string_of(escape);
  if (value.size() != 1 || std::string_view("+'\" \t\n\r\f\v0123456789abcdefABCDEF").find(value[0]) != value.npos) {
    fail(ErrorCode::kSyntaxError, escape.begin,
         cat("invalid Unicode escape character at or near \"", raw(escape), "\""));
  }
  token->keyword = static_cast<Keyword>(static_cast<unsigned char>(value[0]));
  token->end = escape.end;
}

bool TokenStream::at_word(std::string_view lower, uint32_t ahead) {
  const Token& token = peek(ahead);
  return token.kind == TokenKind::kWord && equals_folded(raw(token), lower);
}

bool TokenStream::accept_word(std::string_view lower) {
  if (!at_word(lower)) return false;
  skip();
  return true;
}

void TokenStream::fail() { fail_at(token()); }

void TokenStream::fail_at(const Token& token, std::string_view hint) {
  if (token.kind == TokenKind::kEnd) fail(ErrorCode::kSyntaxError, token.begin, "syntax error at end of input", hint);
  fail(ErrorCode::kSyntaxError, token.begin, cat("syntax error at or near \"", raw(token), "\""), hint);
}

void TokenStream::fail(ErrorCode code, uint32_t offset, std::string_view message, std::string_view hint) {
  ErrorFields fields;
  fields.code = code;
  fields.message = message;
  fields.hint = hint;
  fields.position = character_position(scanner_.text(), offset);
  throw SyntaxFailure{make_error(fields)};
}

void TokenStream::refuse(uint32_t offset, std::string_view what, std::string_view hint) {
  fail(ErrorCode::kFeatureNotSupported, offset, cat(what, " is not supported"), hint);
}

void TokenStream::fail_lexical(const Token& token) {
  const ScanError error = token.error();
  // As PostgreSQL: a quoted identifier is named from its quote on, everything unterminated to the end of the text.
  fail(ErrorCode::kSyntaxError, token.begin, cat(message_of(error), " at or near \"", raw(token), "\""));
}

void TokenStream::fail_too_deep() {
  fail(ErrorCode::kStatementTooComplex, position(), "stack depth limit exceeded",
       cat("A statement may nest or chain at most ", kSyntaxDepthMax,
           " levels of expressions and queries; use a list, an array or a temporary table."));
}

}  // namespace troupe::sql
