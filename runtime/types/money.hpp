#pragma once
/// money: cents in an int64, shown in dollars, as PostgreSQL does with lc_monetary = C.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

inline constexpr int64_t kCents = 100;  ///< of one unit

/// Errors: 22P02, 22003.
absl::StatusOr<int64_t> parse_money(std::string_view text);
void format_money(int64_t cents, std::string* out);

}  // namespace troupe
