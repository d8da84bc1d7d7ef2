#pragma once
/// A statement without its constants, for plan caching: `… WHERE aid = 12345` and `… WHERE aid = 7` share one
/// fingerprint. Works on tokens only, so it costs less than parsing. Blanks, comments and the case of keywords and
/// unquoted names do not matter.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::sql {

/// Of an integer, the type its value has in PostgreSQL.
enum class ConstantType : uint8_t { kInt4, kInt8, kNumeric, kString, kBits };
struct Constant {
  uint32_t begin = 0;  ///< its place in the text, quotes included
  uint32_t end = 0;
  ConstantType type{};
};

struct Fingerprint {
  uint64_t hash = 0;  ///< of the text with $n in place of the constants; parameters already there are left alone
  bool cacheable = false;  ///< false: a lexical error, more than one statement, or nothing worth caching
  std::vector<Constant> constants;
};

/// Reuses `out`'s memory.
void fingerprint(std::string_view text, Fingerprint* out);

/// The text with constants replaced by $1, $2, … after the highest parameter already there: what a cache compares
/// when two hashes agree.
std::string normalised_text(std::string_view text, const Fingerprint& print);

}  // namespace troupe::sql
