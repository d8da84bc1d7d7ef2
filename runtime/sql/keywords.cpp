#include "runtime/sql/keywords.hpp"

#include <array>

namespace troupe::sql {
namespace {

constexpr size_t kKeywordCount = static_cast<size_t>(Keyword::kCount);
constexpr std::array<KeywordEntry, kKeywordCount> kKeywords = {{
    {"", KeywordCategory::kNotAKeyword, true},
#define TROUPE_KEYWORD(id, word, category, bare_label) {word, KeywordCategory::category, bare_label},
#include "runtime/sql/keyword_list.inc"
#undef TROUPE_KEYWORD
}};

constexpr uint32_t hash_of(std::string_view word) {
  uint32_t hash = kKeywordHashStart;
  for (const char c : word) hash = keyword_hash_step(hash, static_cast<unsigned char>(c));
  return hash;
}

// Open addressing in four times as many slots as words: nearly every look-up is one comparison or none.
constexpr size_t kSlotBits = 11;
constexpr size_t kSlots = size_t{1} << kSlotBits;
constexpr size_t slot_of(uint32_t hash) { return (hash * 0x9E3779B1u) >> (32 - kSlotBits); }

constexpr std::array<uint16_t, kSlots> build_slots() {
  std::array<uint16_t, kSlots> slots{};
  for (size_t i = 1; i < kKeywordCount; ++i) {
    size_t at = slot_of(hash_of(kKeywords[i].word));
    while (slots[at] != 0) at = (at + 1) % kSlots;
    slots[at] = static_cast<uint16_t>(i);
  }
  return slots;
}
constexpr std::array<uint16_t, kSlots> kSlotTable = build_slots();

}  // namespace

const uint8_t kKeywordCategories[kKeywordCount] = {
    static_cast<uint8_t>(KeywordCategory::kNotAKeyword),
#define TROUPE_KEYWORD(id, word, category, bare_label) static_cast<uint8_t>(KeywordCategory::category),
#include "runtime/sql/keyword_list.inc"
#undef TROUPE_KEYWORD
};

const KeywordEntry& keyword_entry(Keyword keyword) { return kKeywords[static_cast<size_t>(keyword)]; }

Keyword find_keyword(std::string_view lower, uint32_t hash) {
  for (size_t at = slot_of(hash); kSlotTable[at] != 0; at = (at + 1) % kSlots) {
    if (kKeywords[kSlotTable[at]].word == lower) return static_cast<Keyword>(kSlotTable[at]);
  }
  return Keyword::kNoKeyword;
}

Keyword find_keyword(std::string_view lower) { return find_keyword(lower, hash_of(lower)); }

}  // namespace troupe::sql
