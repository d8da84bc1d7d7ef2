#pragma once
/// Running a path over a jsonb value. Source of the rules, which are the standard's as far as they are told:
/// PostgreSQL 15's documentation and answers.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/eval_context.hpp"
#include "runtime/types/jsonpath.hpp"

namespace troupe {

/// A moment that datetime() made of a string; it is no JSON value, but is shown as a string.
struct PathMoment {
  enum class Kind : uint8_t { kDate, kTime, kTimeTz, kTimestamp, kTimestampTz };
  Kind kind = Kind::kDate;
  int64_t value = 0;  ///< as the SQL type has it; of timetz the local time
  int32_t zone = 0;   ///< of timetz and timestamptz, as it was written: seconds west
};

struct PathItem {
  std::string json;                  ///< canonical jsonb
  std::optional<PathMoment> moment;  ///< instead of it
};
/// As jsonb.
std::string json_of(const PathItem& item);

struct PathCall {
  std::string_view json;
  std::string_view path;
  std::string_view vars = "{}";
  bool silent = false;
  bool with_zone = false;  ///< moments with and without a time zone compare
};

/// What a path yields; none: an error that `silent` keeps quiet about.
/// Errors: 2203x, 22031, 22023, 42704 ...
absl::StatusOr<std::optional<std::vector<PathItem>>> run_jsonpath(const PathCall& call, EvalContext& context);
/// Whether it yields anything; the first item is enough in lax mode.
absl::StatusOr<std::optional<bool>> jsonpath_exists(const PathCall& call, EvalContext& context);
/// The truth that the path yields. Errors: 22038.
absl::StatusOr<std::optional<bool>> jsonpath_match(const PathCall& call, EvalContext& context);

// --- jsonpath_datetime.cpp ---
/// Errors: 22031, 22007.
absl::StatusOr<PathMoment> parse_moment(std::string_view text, const std::string* pattern, EvalContext& context);
std::string_view type_name_of(const PathMoment& moment);
/// -1, 0, 1; none: they do not compare. Errors: 0A000 where a time zone would be needed.
absl::StatusOr<std::optional<int>> compare_moments(const PathMoment& a, const PathMoment& b, bool with_zone,
                                                   EvalContext& context);
std::string moment_text(const PathMoment& moment);

}  // namespace troupe
