#include "runtime/security/saslprep.hpp"

#include <algorithm>
#include <iterator>

#include "storage/base/utf8_check.hpp"

namespace troupe {
namespace {

struct CodeRange {
  char32_t first, last;
};
struct CombiningClass {
  char32_t code;
  int kind;
};
struct Decomposition {
  char32_t code;
  int at, size;  ///< in kDecomposed
};
struct Composition {
  char32_t first, second, composed;
};
#include "runtime/security/unicode_tables.inc"

// Korean syllables are put together by rule (Unicode, section 3.12).
constexpr char32_t kSyllables = 0xAC00, kLeads = 0x1100, kVowels = 0x1161, kTrails = 0x11A7;
constexpr char32_t kLeadCount = 19, kVowelCount = 21, kTrailCount = 28;
constexpr char32_t kSyllableCount = kLeadCount * kVowelCount * kTrailCount;

template <size_t N>
bool in_ranges(const CodeRange (&ranges)[N], char32_t code) {
  const auto* at = std::partition_point(ranges, ranges + N, [&](const CodeRange& range) { return range.last < code; });
  return at != ranges + N && at->first <= code;
}

/// `text` is UTF-8.
std::u32string decode(std::string_view text) {
  std::u32string codes;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t code = size == 1 ? lead : lead & (0x7Fu >> size);
    for (size_t k = 1; k < size; ++k) code = code << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    codes.push_back(code);
    i += size;
  }
  return codes;
}

std::string encode(const std::u32string& codes) {
  std::string text;
  for (const char32_t code : codes) {
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    constexpr int kLead[] = {0, 0xC0, 0xE0, 0xF0};
    text.push_back(static_cast<char>(kLead[more] | static_cast<int>(code >> (6 * more))));
    for (int k = more - 1; k >= 0; --k) text.push_back(static_cast<char>(0x80 | (code >> (6 * k) & 0x3F)));
  }
  return text;
}

int combining_class(char32_t code) {
  const auto* at = std::partition_point(std::begin(kCombiningClasses), std::end(kCombiningClasses),
                                        [&](const CombiningClass& entry) { return entry.code < code; });
  return at != std::end(kCombiningClasses) && at->code == code ? at->kind : 0;
}

void append_decomposed(char32_t code, std::u32string* out) {
  if (code - kSyllables < kSyllableCount) {
    const char32_t index = code - kSyllables;
    out->push_back(kLeads + index / (kVowelCount * kTrailCount));
    out->push_back(kVowels + index % (kVowelCount * kTrailCount) / kTrailCount);
    if (index % kTrailCount != 0) out->push_back(kTrails + index % kTrailCount);
    return;
  }
  const auto* at = std::partition_point(std::begin(kDecompositions), std::end(kDecompositions),
                                        [&](const Decomposition& entry) { return entry.code < code; });
  if (at != std::end(kDecompositions) && at->code == code) {
    out->append(kDecomposed + at->at, static_cast<size_t>(at->size));
  } else {
    out->push_back(code);
  }
}

/// 0: the two do not make one.
char32_t composed(char32_t first, char32_t second) {
  if (first - kLeads < kLeadCount && second - kVowels < kVowelCount) {
    return kSyllables + ((first - kLeads) * kVowelCount + second - kVowels) * kTrailCount;
  }
  const bool without_trail = first - kSyllables < kSyllableCount && (first - kSyllables) % kTrailCount == 0;
  if (without_trail && second > kTrails && second - kTrails < kTrailCount) return first + second - kTrails;
  const auto before = [&](const Composition& entry) {
    return entry.first != first ? entry.first < first : entry.second < second;
  };
  const auto* at = std::partition_point(std::begin(kCompositions), std::end(kCompositions), before);
  return at != std::end(kCompositions) && at->first == first && at->second == second ? at->composed : 0;
}

/// Normal form KC: taken apart, marks put in order, put together again (Unicode, section 3.11).
std::u32string normalized(const std::u32string& codes) {
  std::u32string apart;
  for (const char32_t code : codes) append_decomposed(code, &apart);
  for (size_t from = 0; from < apart.size();) {
    size_t to = from;
    while (to < apart.size() && combining_class(apart[to]) != 0) ++to;
    std::stable_sort(apart.begin() + static_cast<ptrdiff_t>(from), apart.begin() + static_cast<ptrdiff_t>(to),
                     [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    from = to + 1;
  }
  std::u32string whole;
  size_t starter = std::u32string::npos;
  int last_class = 0;
  for (const char32_t code : apart) {
    const int kind = combining_class(code);
    const bool adjacent = starter != std::u32string::npos && starter + 1 == whole.size();
    const bool reaches = starter != std::u32string::npos && (adjacent || last_class < kind);
    const char32_t together = reaches ? composed(whole[starter], code) : 0;
    if (together != 0) {
      whole[starter] = together;
      continue;
    }
    if (kind == 0) starter = whole.size();
    last_class = kind;
    whole.push_back(code);
  }
  return whole;
}

bool is_let_through(const std::u32string& codes) {
  bool right_to_left = false;
  bool left_to_right = false;
  for (const char32_t code : codes) {
    if (in_ranges(kProhibited, code) || in_ranges(kUnassigned, code)) return false;
    right_to_left = right_to_left || in_ranges(kRightToLeft, code);
    left_to_right = left_to_right || in_ranges(kLeftToRight, code);
  }
  if (!right_to_left) return true;
  return !left_to_right && in_ranges(kRightToLeft, codes.front()) && in_ranges(kRightToLeft, codes.back());
}

}  // namespace

std::string prepared_password(std::string_view password) {
  const bool ascii =
      std::all_of(password.begin(), password.end(), [](char c) { return static_cast<signed char>(c) > 0; });
  if (ascii || !check_utf8(password).ok()) return std::string(password);
  std::u32string mapped;
  for (const char32_t code : decode(password)) {
    if (in_ranges(kMappedToSpace, code)) {
      mapped.push_back(U' ');
    } else if (!in_ranges(kMappedToNothing, code)) {
      mapped.push_back(code);
    }
  }
  const std::u32string normal = normalized(mapped);
  return normal.empty() || !is_let_through(normal) ? std::string(password) : encode(normal);
}

}  // namespace troupe
