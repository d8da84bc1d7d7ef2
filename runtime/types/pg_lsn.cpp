#include "runtime/types/pg_lsn.hpp"

#include <charconv>
#include <optional>

#include "absl/strings/str_format.h"

namespace troupe {
namespace {

std::optional<uint32_t> half(std::string_view text) {
  constexpr size_t kDigitsMax = 8;
  uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || text.size() > kDigitsMax || problem != std::errc() || stopped != end) return std::nullopt;
  return value;
}

}  // namespace

absl::StatusOr<int64_t> parse_pg_lsn(std::string_view text) {
  const size_t slash = text.find('/');
  const auto high = slash == std::string_view::npos ? std::nullopt : half(text.substr(0, slash));
  const auto low = high ? half(text.substr(slash + 1)) : std::nullopt;
  if (!low) return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type pg_lsn: \"", text, "\"");
  const uint64_t value = uint64_t{*high} << 32 | *low;
  if (value > INT64_MAX) return error(ErrorCode::kNumericValueOutOfRange, "pg_lsn out of range");
  return static_cast<int64_t>(value);
}

std::string format_pg_lsn(uint64_t lsn) {
  return absl::StrFormat("%X/%X", static_cast<uint32_t>(lsn >> 32), static_cast<uint32_t>(lsn));
}

}  // namespace troupe
