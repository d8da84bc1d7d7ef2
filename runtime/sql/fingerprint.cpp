#include "runtime/sql/fingerprint.hpp"

#include <algorithm>
#include <cstring>

#include "runtime/sql/character_class.hpp"
#include "runtime/sql/scanner.hpp"
#include "storage/base/text.hpp"

namespace troupe::sql {
namespace {

// Longer lists of constants (bulk INSERTs) are not worth a cached plan, and scanning them twice would cost.
constexpr size_t kConstantsMax = 256;

class Hash {
 public:
  void add(uint64_t value) {
    state_ = (state_ ^ value) * 0x9E3779B97F4A7C15ULL;
    state_ ^= state_ >> 29;
  }
  void add(std::string_view bytes) {
    add(bytes.size());
    while (bytes.size() >= 8) {
      uint64_t chunk = 0;
      std::memcpy(&chunk, bytes.data(), 8);
      add(chunk);
      bytes.remove_prefix(8);
    }
    uint64_t rest = 0;
    for (const char c : bytes) rest = rest << 8 | static_cast<unsigned char>(c);
    add(rest);
  }
  uint64_t finish() const { return state_ ^ state_ >> 32; }

 private:
  uint64_t state_ = 0x243F6A8885A308D3ULL;
};

bool starts_cacheable(const Token& token) {
  if (token.kind == TokenKind::kOpen) return true;
  if (token.kind != TokenKind::kWord) return false;
  switch (token.keyword) {
    case Keyword::kSelect:
    case Keyword::kInsert:
    case Keyword::kUpdate:
    case Keyword::kDelete:
    case Keyword::kMerge:
    case Keyword::kValues:
    case Keyword::kWith: return true;
    default: return false;
  }
}

// Where expressions are compared with each other (GROUP BY a + 1, DISTINCT ON, an index's predicate in ON CONFLICT),
// two equal constants must stay equal, which two parameters are not: such a statement keeps all its constants.
bool compares_expressions(Keyword keyword) {
  return keyword == Keyword::kGroup || keyword == Keyword::kDistinct || keyword == Keyword::kConflict;
}

bool ends_by_clause(Keyword keyword) {
  switch (keyword) {
    case Keyword::kLimit:
    case Keyword::kOffset:
    case Keyword::kFetch:
    case Keyword::kFor:
    case Keyword::kUnion:
    case Keyword::kIntersect:
    case Keyword::kExcept:
    case Keyword::kReturning:
    case Keyword::kRows:
    case Keyword::kRange:
    case Keyword::kGroups: return true;
    default: return false;
  }
}

bool takes_literal_arguments(Keyword keyword) {
  switch (keyword) {
    case Keyword::kBit:
    case Keyword::kChar:
    case Keyword::kCharacter:
    case Keyword::kNchar:
    case Keyword::kVarchar:
    case Keyword::kVarying:
    case Keyword::kDec:
    case Keyword::kDecimal:
    case Keyword::kNumeric:
    case Keyword::kFloat:
    case Keyword::kTime:
    case Keyword::kTimestamp:
    case Keyword::kInterval:
    case Keyword::kSecond:
    case Keyword::kExtract:
    case Keyword::kCurrentTime:
    case Keyword::kCurrentTimestamp:
    case Keyword::kLocaltime:
    case Keyword::kLocaltimestamp: return true;
    default: return false;
  }
}

// A string after a word is a typed literal (date '…') unless the word is one that an operand follows.
bool operand_follows(const Token& word) {
  if (word.kind == TokenKind::kQuotedWord) return false;
  switch (word.keyword) {
    case Keyword::kLike:
    case Keyword::kIlike:
    case Keyword::kBetween:
    case Keyword::kEscape:
    case Keyword::kIs: return true;
    default: return keyword_category(word.keyword) == KeywordCategory::kReserved;
  }
}

/// Whether the word is `lower`, in any case.
bool reads_as(std::string_view text, const Token& word, std::string_view lower) {
  if (word.end - word.begin != lower.size()) return false;
  return std::equal(lower.begin(), lower.end(), text.begin() + word.begin, [](char b, char a) {
    return (is_class(static_cast<unsigned char>(a), kUpper) ? static_cast<char>(a | 0x20) : a) == b;
  });
}

// Its quantifiers {2,3} are no expressions, and PREV(x, 2) looks at its offset when it is bound.
bool begins_match_recognize(std::string_view text, const Token& token) {
  return token.keyword == Keyword::kNoKeyword && reads_as(text, token, "match_recognize");
}

/// Walks the tokens and says of each constant whether the grammar lets a parameter stand there.
class ConstantFinder {
 public:
  explicit ConstantFinder(std::string_view text) : text_{text} {}

  /// To be called for every token in order.
  bool is_replaceable(const Token& token) {
    const bool constant = token.kind >= TokenKind::kInteger && token.kind <= TokenKind::kBits;
    const bool replace = constant && !must_stay(token);
    note(token);
    return replace;
  }

 private:
  bool must_stay(const Token& token) const {
    if (depth_ >= literal_depth_ || depth_ == by_depth_) return true;
    if (token.kind == TokenKind::kInteger || token.kind == TokenKind::kNumeric) return false;
    const bool after_word = last_.kind == TokenKind::kWord || last_.kind == TokenKind::kQuotedWord;
    return (after_word && !operand_follows(last_)) || last_.kind == TokenKind::kClose;
  }

  void note(const Token& token) {
    if (token.kind == TokenKind::kOpen || token.kind == TokenKind::kOpenBracket) {
      ++depth_;
      const bool after_type = last_.kind == TokenKind::kWord &&
                              (takes_literal_arguments(last_.keyword) || type_follows_ || is_about_its_literals(last_));
      if (after_type) literal_depth_ = std::min(literal_depth_, depth_);
    } else if (token.kind == TokenKind::kClose || token.kind == TokenKind::kCloseBracket) {
      --depth_;
      if (depth_ < literal_depth_) literal_depth_ = kNever;
      if (depth_ < by_depth_) by_depth_ = -1;
    } else if (token.kind == TokenKind::kWord) {
      if (token.keyword == Keyword::kBy) by_depth_ = depth_;
      else if (depth_ == by_depth_ && ends_by_clause(token.keyword)) by_depth_ = -1;
    }
    // x::schema.type(3), CAST(x AS type(3)): a name is a type's until something else comes.
    if (token.kind == TokenKind::kTypecast || (token.kind == TokenKind::kWord && token.keyword == Keyword::kAs)) {
      type_follows_ = true;
    } else if (token.kind != TokenKind::kWord && token.kind != TokenKind::kQuotedWord &&
               token.kind != TokenKind::kDot) {
      type_follows_ = false;
    }
    last_ = token;
  }

  /// Functions to which a literal is not just a value: which sequence, which type.
  bool is_about_its_literals(const Token& word) const {
    if (word.keyword != Keyword::kNoKeyword) return false;
    for (const std::string_view known : {"nextval", "currval", "setval", "pg_typeof"}) {
      if (reads_as(text_, word, known)) return true;
    }
    return false;
  }

  static constexpr int kNever = INT32_MAX;
  std::string_view text_;
  int depth_ = 0;
  int literal_depth_ = kNever;  ///< parentheses from here inwards hold literals only
  int by_depth_ = -1;           ///< ORDER BY 1 means a column
  bool type_follows_ = false;
  Token last_;
};

/// Whether the digits say at most `limit`, a number without leading zeros.
bool fits(std::string_view digits, std::string_view limit) {
  while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
  return digits.size() < limit.size() || (digits.size() == limit.size() && digits <= limit);
}

ConstantType type_of(std::string_view text, const Token& token) {
  switch (token.kind) {
    case TokenKind::kInteger: {
      const std::string_view digits = text.substr(token.begin, token.end - token.begin);
      if (fits(digits, "2147483647")) return ConstantType::kInt4;
      return fits(digits, "9223372036854775807") ? ConstantType::kInt8 : ConstantType::kNumeric;
    }
    case TokenKind::kNumeric: return ConstantType::kNumeric;
    case TokenKind::kString: return ConstantType::kString;
    default: return ConstantType::kBits;
  }
}

void add_folded(std::string_view word, Hash* hash) {
  char lower[kNameBytesMax];
  const size_t size = std::min<size_t>(word.size(), kNameBytesMax);
  for (size_t i = 0; i < size; ++i) {
    const auto c = static_cast<unsigned char>(word[i]);
    lower[i] = static_cast<char>(is_class(c, kUpper) ? c | 0x20 : c);
  }
  hash->add({lower, size});
}

void add_token(std::string_view text, const Token& token, Hash* hash) {
  hash->add(static_cast<uint64_t>(token.kind) << 16 | static_cast<uint64_t>(token.keyword));
  const std::string_view raw = text.substr(token.begin, token.end - token.begin);
  switch (token.kind) {
    case TokenKind::kWord:
      if (token.keyword != Keyword::kNoKeyword) return;
      if ((token.flags & kTokenFolds) != 0) return add_folded(raw, hash);
      hash->add(raw);
      return;
    case TokenKind::kQuotedWord:
    case TokenKind::kInteger:
    case TokenKind::kNumeric:
    case TokenKind::kString:
    case TokenKind::kBits:
    case TokenKind::kParameter:
    case TokenKind::kOperator:
    case TokenKind::kStray: hash->add(raw); return;
    default: return;
  }
}

bool is_long_name(const Token& token) {
  return token.end - token.begin > kNameBytesMax &&
         (token.kind == TokenKind::kWord || token.kind == TokenKind::kQuotedWord);
}

struct Pass {
  bool complete = false;       ///< to the end, without an error and as one statement
  bool exact_needed = false;   ///< stopped: this statement must keep its constants
};

Pass scan(std::string_view text, bool exact, Fingerprint* out) {
  Scanner scanner(text);
  ConstantFinder finder(text);
  Hash hash;
  out->constants.clear();
  bool first = true;
  for (;;) {
    const Token token = scanner.next();
    if (token.kind == TokenKind::kError) return {};
    if (first && !starts_cacheable(token)) return {};
    if (is_long_name(token)) return {};  // each time it is said that the name was cut
    first = false;
    if (token.kind == TokenKind::kSemicolon) {
      while (true) {
        const Token after = scanner.next();
        if (after.kind == TokenKind::kEnd) break;
        if (after.kind != TokenKind::kSemicolon) return {};
      }
    }
    if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kSemicolon) break;
    const bool word = !exact && token.kind == TokenKind::kWord;
    if (word && (compares_expressions(token.keyword) || begins_match_recognize(text, token))) return {false, true};
    if (finder.is_replaceable(token) && !exact) {
      if (out->constants.size() == kConstantsMax) return {};
      const ConstantType type = type_of(text, token);
      out->constants.push_back({token.begin, token.end, type});
      hash.add(0xC0 + static_cast<uint64_t>(type));
    } else {
      add_token(text, token, &hash);
    }
  }
  out->hash = hash.finish();
  return {true, false};
}

}  // namespace

void fingerprint(std::string_view text, Fingerprint* out) {
  Pass pass = scan(text, false, out);
  if (pass.exact_needed) pass = scan(text, true, out);
  out->cacheable = pass.complete;
  if (!out->cacheable) {
    out->hash = 0;
    out->constants.clear();
  }
}

std::string normalised_text(std::string_view text, const Fingerprint& print) {
  uint32_t parameter = 0;
  Scanner counter(text);
  for (Token token = counter.next(); token.kind != TokenKind::kEnd && token.kind != TokenKind::kError;
       token = counter.next()) {
    if (token.kind != TokenKind::kParameter) continue;
    uint32_t number = 0;
    for (uint32_t i = token.begin + 1; i < token.end; ++i) number = number * 10 + static_cast<uint32_t>(text[i] - '0');
    parameter = std::max(parameter, number);
  }
  std::string out;
  out.reserve(text.size());
  size_t constant = 0;
  Scanner scanner(text);
  for (Token token = scanner.next(); token.kind != TokenKind::kEnd && token.kind != TokenKind::kSemicolon &&
                                     token.kind != TokenKind::kError;
       token = scanner.next()) {
    if (!out.empty()) out.push_back(' ');
    if (constant < print.constants.size() && print.constants[constant].begin == token.begin) {
      out += cat("$", ++parameter);
      ++constant;
      continue;
    }
    const size_t start = out.size();
    out.append(text.substr(token.begin, token.end - token.begin));
    if (token.kind != TokenKind::kWord) continue;
    for (size_t i = start; i < out.size(); ++i) {
      if (is_class(static_cast<unsigned char>(out[i]), kUpper)) out[i] = static_cast<char>(out[i] | 0x20);
    }
  }
  return out;
}

}  // namespace troupe::sql
