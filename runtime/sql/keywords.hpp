#pragma once
/// Keywords and their categories, exactly PostgreSQL 15's: the category says where a keyword may be a name.
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace troupe::sql {

enum class Keyword : uint16_t {
  kNoKeyword,
#define TROUPE_KEYWORD(id, word, category, bare_label) id,
#include "runtime/sql/keyword_list.inc"
#undef TROUPE_KEYWORD
  kCount,
};

enum class KeywordCategory : uint8_t {
  kNotAKeyword,
  kUnreserved,    ///< may name anything
  kColumnName,    ///< may name a column or table, not a function or type
  kTypeFunction,  ///< may name a function or type, not a column or table
  kReserved,      ///< only after AS
};

struct KeywordEntry {
  std::string_view word;
  KeywordCategory category;
  bool bare_label;  ///< may be a column alias without AS
};

const KeywordEntry& keyword_entry(Keyword keyword);
extern const uint8_t kKeywordCategories[static_cast<size_t>(Keyword::kCount)];
inline KeywordCategory keyword_category(Keyword keyword) {
  return static_cast<KeywordCategory>(kKeywordCategories[static_cast<size_t>(keyword)]);
}

/// The hash that find_keyword() expects, built one lower-case letter at a time from kKeywordHashStart.
inline constexpr uint32_t kKeywordHashStart = 5381;
constexpr uint32_t keyword_hash_step(uint32_t hash, unsigned char lower) { return (hash << 5) + hash + lower; }

/// `lower` must be in lower case and `hash` its hash.
Keyword find_keyword(std::string_view lower, uint32_t hash);
Keyword find_keyword(std::string_view lower);

}  // namespace troupe::sql
