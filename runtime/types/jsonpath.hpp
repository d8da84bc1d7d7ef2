#pragma once
/// SQL/JSON's path language as PostgreSQL 15 has it: text to a tree, and its canonical text, which is how a jsonpath
/// value is kept.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/regex.hpp"
#include "storage/base/error.hpp"

namespace troupe {

enum class PathOp : uint8_t {
  kNull, kBool, kNumeric, kString, kVariable,  // constants: `text`, of a bool `flag`
  kRoot, kCurrent, kLast,
  kKey,        ///< .text
  kAnyKey,     ///< .*
  kAnyArray,   ///< [*]
  kIndexes,    ///< [args[0] to args[1], args[2], ...]: pairs, the second null without `to`
  kAnyLevel,   ///< .**{first to last}
  kFilter,     ///< ?(args[0])
  kMethod,     ///< .text(), datetime() with a template in args[0]
  // Predicates.
  kAnd, kOr, kNot, kIsUnknown, kExists, kEqual, kNotEqual, kLess, kGreater, kLessOrEqual, kGreaterOrEqual, kStartsWith,
  kLikeRegex,  ///< args[0] like_regex text flag regex_flags
  // Arithmetic.
  kAdd, kSubtract, kMultiply, kDivide, kModulo, kPlus, kMinus,
};

struct PathNode;
using PathNodePtr = std::shared_ptr<PathNode>;

struct PathNode {
  PathOp op = PathOp::kNull;
  bool flag = false;
  uint32_t first = 0, last = 0;  ///< kAnyLevel; kLastLevel: `last`
  std::string text;
  std::string regex_flags;       ///< those of i, s, m, x, q that were given, in that order
  std::shared_ptr<const Regex> regex;
  std::vector<PathNodePtr> args;
  PathNodePtr next;              ///< what is applied to the result
};
inline constexpr uint32_t kLastLevel = UINT32_MAX;

struct JsonPath {
  bool lax = true;
  PathNodePtr root;
};

/// Errors: 42601 `syntax error at or near ... of jsonpath input`, 22P02, 2201B, 0A000.
absl::StatusOr<JsonPath> parse_jsonpath(std::string_view text);
/// As PostgreSQL shows it.
std::string format_jsonpath(const JsonPath& path);
/// What a value of the type is kept as.
absl::StatusOr<std::string> normalize_jsonpath(std::string_view text);

}  // namespace troupe
