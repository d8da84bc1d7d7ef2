#pragma once
/// Splits SQL text into tokens: where each begins and ends and what it is, nothing copied or decoded (decode.hpp does
/// that for the tokens that somebody wants to know). Rules: PostgreSQL's scan.l with standard_conforming_strings on.
/// The scanner's only state is its offset, so any token can be scanned again.
#include <cstdint>
#include <string_view>

#include "runtime/sql/keywords.hpp"

namespace troupe::sql {

enum class TokenKind : uint8_t {
  kEnd, kError, kWord, kQuotedWord, kInteger, kNumeric, kString, kBits, kParameter,
  kOperator,  ///< any operator that has no kind of its own
  kComma, kOpen, kClose, kOpenBracket, kCloseBracket, kDot, kSemicolon, kColon, kTypecast, kDotDot, kColonEquals,
  kArrow, kPlus, kMinus, kStar, kSlash, kPercent, kCaret, kLess, kGreater, kEqual, kLessEqual, kGreaterEqual,
  kNotEqual,
  kStray,  ///< a character that starts nothing
};

enum TokenFlag : uint8_t {
  kTokenPlain = 0,
  kTokenFolds = 1,      ///< a word with upper-case letters, or longer than a name may be
  kTokenEscapes = 2,    ///< contents differ from the text between the quotes
  kTokenEscapeString = 4,   ///< E'…'
  kTokenUnicode = 8,    ///< U&'…', U&"…"
  kTokenDollar = 16,    ///< $tag$…$tag$
};

enum class ScanError : uint8_t {
  kNone, kUnterminatedString, kUnterminatedIdentifier, kUnterminatedComment, kUnterminatedDollar, kUnterminatedBits,
  kUnterminatedHex, kEmptyIdentifier, kJunkAfterNumber, kJunkAfterParameter, kOperatorTooLong,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  uint8_t flags = 0;
  Keyword keyword = Keyword::kNoKeyword;  ///< kWord; kError: a ScanError; U&: UESCAPE's character
  uint32_t begin = 0;
  uint32_t end = 0;

  ScanError error() const { return static_cast<ScanError>(keyword); }
};

/// Longest name in bytes; longer ones are cut.
inline constexpr uint32_t kNameBytesMax = 63;

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_{text} {}

  Token next();
  uint32_t offset() const { return at_; }
  void seek(uint32_t offset) { at_ = offset; }
  std::string_view text() const { return text_; }

 private:
  unsigned char peek(uint32_t ahead = 0) const {
    return at_ + ahead < text_.size() ? static_cast<unsigned char>(text_[at_ + ahead]) : 0;
  }
  bool skip_blanks(Token* error);
  bool skip_block_comment();
  Token word(uint32_t begin);
  Token number(uint32_t begin);
  Token symbol(uint32_t begin);
  Token dollar(uint32_t begin);
  Token quoted_string(uint32_t begin, uint8_t flags, TokenKind kind, ScanError unterminated);
  Token quoted_word(uint32_t begin, uint8_t flags);
  bool find_continuation();
  Token finish(TokenKind kind, uint32_t begin, uint8_t flags = 0) const {
    return {kind, flags, Keyword::kNoKeyword, begin, at_};
  }
  Token fail(ScanError error, uint32_t begin);
  Token junk_after(ScanError error, uint32_t begin);

  std::string_view text_;
  uint32_t at_ = 0;
};

}  // namespace troupe::sql
