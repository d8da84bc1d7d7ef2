#include "runtime/types/jsonpath_run.hpp"

#include <cmath>
#include <functional>

#include "runtime/types/numeric.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

constexpr ErrorCode kInvalidDatetimeArgument{pack_sqlstate("22031")}, kInvalidSubscript{pack_sqlstate("22033")},
    kNonNumericItem{pack_sqlstate("22036")}, kSingletonRequired{pack_sqlstate("22038")},
    kArrayNotFound{pack_sqlstate("22039")}, kMemberNotFound{pack_sqlstate("2203A")},
    kNumberNotFound{pack_sqlstate("2203B")}, kObjectNotFound{pack_sqlstate("2203C")};

enum class Outcome : uint8_t { kFound, kNothing, kError };
enum class Answer : uint8_t { kNo, kYes, kUnknown };
using Items = std::vector<PathItem>;

JsonKind kind_of(const PathItem& item) { return item.moment ? JsonKind::kString : json_kind(item.json); }
bool is_string(const PathItem& item) { return !item.moment && json_kind(item.json) == JsonKind::kString; }
bool is_number(const PathItem& item) { return !item.moment && json_kind(item.json) == JsonKind::kNumber; }
bool is_array(const PathItem& item) { return !item.moment && json_kind(item.json) == JsonKind::kArray; }
bool is_object(const PathItem& item) { return !item.moment && json_kind(item.json) == JsonKind::kObject; }
bool is_container(const PathItem& item) { return !item.moment && is_json_container(json_kind(item.json)); }

PathItem quoted(std::string_view text) {
  PathItem item;
  append_json_string(text, &item.json);
  return item;
}
PathItem number_item(const Numeric& number) {
  PathItem item;
  format_numeric(number.bytes(), &item.json);
  return item;
}

std::string_view type_name(const PathItem& item) {
  if (item.moment) return type_name_of(*item.moment);
  constexpr std::string_view kNames[] = {"null", "string", "number", "boolean", "array", "object"};
  return kNames[static_cast<size_t>(json_kind(item.json))];
}

class PathRunner {
 public:
  PathRunner(const JsonPath& path, const PathCall& call, EvalContext& context)
      : lax_{path.lax},
        ignore_structure_{path.lax},
        call_{call},
        context_{context},
        root_{std::string(call.json), {}} {}

  /// `found` may be null: then only whether there is something is wanted.
  Outcome run(const PathNode& path, Items* found) {
    if (call_.vars != "{}" && json_kind(call_.vars) != JsonKind::kObject) {
      return fatal(with_detail(error(ErrorCode::kInvalidParameterValue, "\"vars\" argument is not an object"),
                               "Jsonpath parameters should be encoded as key-value pairs of \"vars\" object."));
    }
    if (lax_ || found != nullptr) return item(path, root_, found, lax_);
    Items all;  // strict mode has to see every error
    const Outcome outcome = item(path, root_, &all, lax_);
    if (outcome == Outcome::kError) return outcome;
    return all.empty() ? Outcome::kNothing : Outcome::kFound;
  }
  const absl::Status& failure() const { return failure_; }
  bool is_fatal() const { return fatal_; }
  std::optional<Answer> answer_of(const PathNode& node) { return test(node, root_); }

 private:
  template <typename... Pieces>
  Outcome fail(ErrorCode code, const Pieces&... pieces) {
    return failed(error(code, pieces...));
  }
  Outcome failed(absl::Status status) {
    if (!fatal_) failure_ = std::move(status);
    return Outcome::kError;
  }
  /// What not even `silent` and predicates keep quiet about.
  Outcome fatal(absl::Status status) {
    failure_ = std::move(status);
    fatal_ = true;
    return Outcome::kError;
  }

  /// What follows `node` is applied to `value`; what nothing follows is found.
  Outcome next(const PathNode& node, PathItem value, Items* found) {
    if (node.next) return item(*node.next, value, found, lax_);
    if (found != nullptr) found->push_back(std::move(value));
    return Outcome::kFound;
  }

  /// `unwrap`: what takes no arrays is applied to their elements.
  Outcome item(const PathNode& node, const PathItem& value, Items* found, bool unwrap) {
    if (absl::Status status = context_.check_interrupt(); !status.ok()) return fatal(std::move(status));
    switch (node.op) {
      case PathOp::kNull: return constant(node, {"null", {}}, found);
      case PathOp::kBool: return constant(node, {node.flag ? "true" : "false", {}}, found);
      case PathOp::kNumeric: return constant(node, {node.text, {}}, found);
      case PathOp::kString: return constant(node, quoted(node.text), found);
      case PathOp::kVariable: return variable(node, found);
      case PathOp::kRoot: return next(node, root_, found);
      case PathOp::kCurrent: return next(node, *current_, found);
      case PathOp::kLast: return constant(node, {cat(innermost_size_ - 1), {}}, found);
      case PathOp::kKey: return member(node, value, found, unwrap);
      case PathOp::kAnyKey: return any_member(node, value, found, unwrap);
      case PathOp::kAnyArray: return any_element(node, value, found);
      case PathOp::kIndexes: return elements(node, value, found);
      case PathOp::kAnyLevel: return any_level(node, value, found);
      case PathOp::kFilter: return filter(node, value, found, unwrap);
      case PathOp::kMethod: return method(node, value, found, unwrap);
      case PathOp::kAdd:
      case PathOp::kSubtract:
      case PathOp::kMultiply:
      case PathOp::kDivide:
      case PathOp::kModulo: return operation(node, value, found);
      case PathOp::kPlus:
      case PathOp::kMinus: return sign(node, value, found);
      default: return truth(node, value, found);
    }
  }

  Outcome constant(const PathNode& node, PathItem value, Items* found) {
    if (!node.next && found == nullptr) return Outcome::kFound;
    return next(node, std::move(value), found);
  }
  Outcome truth(const PathNode& node, const PathItem& value, Items* found) {
    const auto answer = test(node, value);
    if (!answer) return Outcome::kError;
    const char* text = *answer == Answer::kUnknown ? "null" : *answer == Answer::kYes ? "true" : "false";
    return constant(node, {text, {}}, found);
  }
  Outcome variable(const PathNode& node, Items* found) {
    for (JsonItems items(call_.vars); items.next();) {
      if (json_string_is(items.key(), node.text)) return next(node, {std::string(items.value()), {}}, found);
    }
    return fatal(error(ErrorCode::kUndefinedObject, "could not find jsonpath variable \"", node.text, "\""));
  }

  /// `node` (null: nothing) applied to the items of a container, and of those inside, from level `first` to `last`.
  Outcome each_item(const PathNode* node, std::string_view container, Items* found, uint32_t level, uint32_t first,
                    uint32_t last, bool ignore_structure, bool unwrap_next) {
    Outcome result = Outcome::kNothing;
    if (level > last) return result;
    for (JsonItems items(container); items.next();) {
      const PathItem value{std::string(items.value()), {}};
      const bool leaf = first == kLastLevel && last == kLastLevel && !is_container(value);
      if (level >= first || leaf) {
        if (node != nullptr) {
          const bool before = ignore_structure_;
          ignore_structure_ = before || ignore_structure;
          result = item(*node, value, found, unwrap_next);
          ignore_structure_ = before;
          if (result == Outcome::kError || (result == Outcome::kFound && found == nullptr)) return result;
        } else if (found != nullptr) {
          found->push_back(value);
          result = Outcome::kFound;
        } else {
          return Outcome::kFound;
        }
      }
      if (level < last && is_container(value)) {
        const Outcome inner = each_item(node, value.json, found, level + 1, first, last, ignore_structure, unwrap_next);
        if (inner == Outcome::kError || (inner == Outcome::kFound && found == nullptr)) return inner;
        if (inner == Outcome::kFound) result = inner;
      }
    }
    return result;
  }
  Outcome unwrapped(const PathNode* node, const PathItem& array, Items* found, bool unwrap_next) {
    return each_item(node, array.json, found, 1, 1, 1, false, unwrap_next);
  }

  Outcome member(const PathNode& node, const PathItem& value, Items* found, bool unwrap) {
    if (is_object(value)) {
      for (JsonItems items(value.json); items.next();) {
        if (json_string_is(items.key(), node.text)) return next(node, {std::string(items.value()), {}}, found);
      }
      if (ignore_structure_) return Outcome::kNothing;
      return fail(kMemberNotFound, "JSON object does not contain key \"", node.text, "\"");
    }
    if (unwrap && is_array(value)) return unwrapped(&node, value, found, false);
    if (ignore_structure_) return Outcome::kNothing;
    return fail(kMemberNotFound, "jsonpath member accessor can only be applied to an object");
  }
  Outcome any_member(const PathNode& node, const PathItem& value, Items* found, bool unwrap) {
    if (is_object(value)) return each_item(node.next.get(), value.json, found, 1, 1, 1, false, lax_);
    if (unwrap && is_array(value)) return unwrapped(&node, value, found, false);
    if (ignore_structure_) return Outcome::kNothing;
    return fail(kObjectNotFound, "jsonpath wildcard member accessor can only be applied to an object");
  }
  Outcome any_element(const PathNode& node, const PathItem& value, Items* found) {
    if (is_array(value)) return each_item(node.next.get(), value.json, found, 1, 1, 1, false, lax_);
    if (lax_) return next(node, value, found);
    if (ignore_structure_) return Outcome::kNothing;
    return fail(kArrayNotFound, "jsonpath wildcard array accessor can only be applied to an array");
  }

  Outcome elements(const PathNode& node, const PathItem& value, Items* found) {
    const bool array = is_array(value);
    if (!array && !lax_) {
      if (ignore_structure_) return Outcome::kNothing;
      return fail(kArrayNotFound, "jsonpath array accessor can only be applied to an array");
    }
    const int64_t size = array ? json_item_count(value.json) : 1;
    const int64_t around = std::exchange(innermost_size_, size);
    Outcome result = Outcome::kNothing;
    for (size_t i = 0; i < node.args.size(); i += 2) {
      int64_t from = 0, to = 0;
      result = index(*node.args[i], value, &from);
      to = from;
      if (result != Outcome::kError && node.args[i + 1]) result = index(*node.args[i + 1], value, &to);
      if (result == Outcome::kError) break;
      if (!ignore_structure_ && (from < 0 || from > to || to >= size)) {
        result = fail(kInvalidSubscript, "jsonpath array subscript is out of bounds");
        break;
      }
      result = range(node, value, std::max<int64_t>(from, 0), std::min(to, size - 1), found);
      if (result == Outcome::kError || (result == Outcome::kFound && found == nullptr)) break;
    }
    innermost_size_ = around;
    return result;
  }
  Outcome range(const PathNode& node, const PathItem& value, int64_t from, int64_t to, Items* found) {
    Outcome result = Outcome::kNothing;
    if (!is_array(value)) return from <= to ? next(node, value, found) : result;
    int64_t at = 0;
    for (JsonItems items(value.json); items.next() && at <= to; ++at) {
      if (at < from) continue;
      result = next(node, {std::string(items.value()), {}}, found);
      if (result == Outcome::kError || (result == Outcome::kFound && found == nullptr)) return result;
    }
    return result;
  }
  Outcome index(const PathNode& node, const PathItem& value, int64_t* out) {
    Items found;
    if (item(node, value, &found, lax_) == Outcome::kError) return Outcome::kError;
    if (found.size() != 1 || !is_number(found[0])) {
      return fail(kInvalidSubscript, "jsonpath array subscript is not a single numeric value");
    }
    const auto number = parse_numeric(found[0].json);
    const auto whole = number.ok() ? numeric_to_int64(numeric_truncate(*number, 0)) : number.status();
    if (!whole.ok() || *whole > INT32_MAX || *whole < INT32_MIN) {
      return fail(kInvalidSubscript, "jsonpath array subscript is out of integer range");
    }
    *out = *whole;
    return Outcome::kFound;
  }

  Outcome any_level(const PathNode& node, const PathItem& value, Items* found) {
    Outcome result = Outcome::kNothing;
    if (node.first == 0) {
      const bool before = std::exchange(ignore_structure_, true);
      result = next(node, value, found);
      ignore_structure_ = before;
      if (result == Outcome::kError || (result == Outcome::kFound && found == nullptr)) return result;
    }
    if (!is_container(value)) return result;
    const Outcome inner = each_item(node.next.get(), value.json, found, 1, node.first, node.last, true, lax_);
    return inner == Outcome::kNothing ? result : inner;
  }
  Outcome filter(const PathNode& node, const PathItem& value, Items* found, bool unwrap) {
    if (unwrap && is_array(value)) return unwrapped(&node, value, found, false);
    const PathItem* before = std::exchange(current_, &value);
    const auto answer = test(*node.args[0], value);
    current_ = before;
    if (!answer) return Outcome::kError;
    return *answer == Answer::kYes ? next(node, value, found) : Outcome::kNothing;
  }

  // --- methods ---

  Outcome method(const PathNode& node, const PathItem& value, Items* found, bool unwrap) {
    if (node.text == "type") return next(node, quoted(type_name(value)), found);
    if (node.text == "size") return size(node, value, found);
    if (unwrap && is_array(value)) return unwrapped(&node, value, found, false);
    if (node.text == "double") return to_double(node, value, found);
    if (node.text == "datetime") return datetime(node, value, found);
    if (node.text == "keyvalue") return key_values(node, value, found);
    if (!is_number(value)) {
      return fail(kNonNumericItem, "jsonpath item method .", node.text, "() can only be applied to a numeric value");
    }
    const auto number = parse_numeric(value.json);
    if (!number.ok()) return failed(number.status());
    if (node.text == "abs") return next(node, number_item(numeric_abs(*number)), found);
    return next(node, number_item(node.text == "floor" ? numeric_floor(*number) : numeric_ceil(*number)), found);
  }
  Outcome size(const PathNode& node, const PathItem& value, Items* found) {
    if (is_array(value)) return next(node, {cat(json_item_count(value.json)), {}}, found);
    if (lax_) return next(node, {"1", {}}, found);
    if (ignore_structure_) return Outcome::kNothing;
    return fail(kArrayNotFound, "jsonpath item method .size() can only be applied to an array");
  }
  Outcome to_double(const PathNode& node, const PathItem& value, Items* found) {
    if (is_number(value)) {
      if (parse_double(value.json).ok()) return next(node, value, found);
      return fail(kNonNumericItem,
                  "numeric argument of jsonpath item method .double() is out of range for type double precision");
    }
    if (!is_string(value)) {
      return fail(kNonNumericItem, "jsonpath item method .double() can only be applied to a string or numeric value");
    }
    const auto number = parse_double(json_string_value(value.json));
    if (number.ok() && std::isfinite(*number)) return next(node, number_item(Numeric::of_double(*number)), found);
    return fail(kNonNumericItem,
                "string argument of jsonpath item method .double() is not a valid representation of a "
                "double precision number");
  }
  Outcome datetime(const PathNode& node, const PathItem& value, Items* found) {
    if (!is_string(value)) {
      return fail(kInvalidDatetimeArgument, "jsonpath item method .datetime() can only be applied to a string");
    }
    const std::string* pattern = node.args.empty() ? nullptr : &node.args[0]->text;
    auto moment = parse_moment(json_string_value(value.json), pattern, context_);
    if (!moment.ok()) return failed(moment.status());
    return next(node, {{}, *moment}, found);
  }
  /// {"id": ..., "key": ..., "value": ...} of each member. Ids tell the objects of one value apart.
  Outcome key_values(const PathNode& node, const PathItem& value, Items* found) {
    if (!is_object(value)) {
      return fail(kObjectNotFound, "jsonpath item method .keyvalue() can only be applied to an object");
    }
    if (json_item_count(value.json) == 0) return Outcome::kNothing;
    if (!node.next && found == nullptr) return Outcome::kFound;
    const std::string id = cat(objects_++);
    Outcome result = Outcome::kNothing;
    for (JsonItems items(value.json); items.next();) {
      PathItem pair{cat("{\"id\": ", id, ", \"key\": ", items.key(), ", \"value\": ", items.value(), "}"), {}};
      result = next(node, std::move(pair), found);
      if (result == Outcome::kError || (result == Outcome::kFound && found == nullptr)) return result;
    }
    return result;
  }

  // --- arithmetic ---

  Outcome single_number(const Items& found, std::string_view side, std::string_view symbol, Numeric* out) {
    if (found.size() != 1 || !is_number(found[0])) {
      return fail(kSingletonRequired, side, " operand of jsonpath operator ", symbol, " is not a single numeric value");
    }
    const auto number = parse_numeric(found[0].json);
    if (!number.ok()) return failed(number.status());
    *out = *number;
    return Outcome::kFound;
  }
  Outcome operation(const PathNode& node, const PathItem& value, Items* found) {
    const std::string_view symbol = node.op == PathOp::kAdd        ? "+"
                                    : node.op == PathOp::kSubtract ? "-"
                                    : node.op == PathOp::kMultiply ? "*"
                                    : node.op == PathOp::kDivide   ? "/"
                                                                   : "%";
    Items lefts, rights;
    if (unwrapped_result(*node.args[0], value, true, &lefts) == Outcome::kError) return Outcome::kError;
    if (unwrapped_result(*node.args[1], value, true, &rights) == Outcome::kError) return Outcome::kError;
    Numeric left, right;
    if (single_number(lefts, "left", symbol, &left) == Outcome::kError) return Outcome::kError;
    if (single_number(rights, "right", symbol, &right) == Outcome::kError) return Outcome::kError;
    const auto result = node.op == PathOp::kAdd        ? numeric_add(left, right)
                        : node.op == PathOp::kSubtract ? numeric_subtract(left, right)
                        : node.op == PathOp::kMultiply ? numeric_multiply(left, right)
                        : node.op == PathOp::kDivide   ? numeric_divide(left, right)
                                                       : numeric_modulo(left, right);
    if (!result.ok()) return failed(result.status());
    return constant(node, number_item(*result), found);
  }
  Outcome sign(const PathNode& node, const PathItem& value, Items* found) {
    Items operands;
    if (unwrapped_result(*node.args[0], value, true, &operands) == Outcome::kError) return Outcome::kError;
    Outcome result = Outcome::kNothing;
    for (PathItem& one : operands) {
      if (is_number(one)) {
        if (!node.next && found == nullptr) return Outcome::kFound;
      } else {
        if (!node.next && found == nullptr) continue;
        return fail(kNumberNotFound, "operand of unary jsonpath operator ", node.op == PathOp::kMinus ? "-" : "+",
                    " is not a numeric value");
      }
      if (node.op == PathOp::kMinus) {
        const auto number = parse_numeric(one.json);
        if (!number.ok()) return failed(number.status());
        one = number_item(numeric_negate(*number));
      }
      const Outcome inner = next(node, std::move(one), found);
      if (inner == Outcome::kError) return inner;
      if (inner == Outcome::kFound && found == nullptr) return inner;
      if (inner == Outcome::kFound) result = inner;
    }
    return result;
  }

  // --- predicates ---

  Outcome unwrapped_result(const PathNode& node, const PathItem& value, bool unwrap, Items* found) {
    if (!unwrap || !lax_) return item(node, value, found, lax_);
    Items all;
    const Outcome outcome = item(node, value, &all, lax_);
    if (outcome == Outcome::kError) return outcome;
    for (PathItem& one : all) {
      if (is_array(one)) {
        unwrapped(nullptr, one, found, false);
      } else {
        found->push_back(std::move(one));
      }
    }
    return Outcome::kFound;
  }

  /// None: a fatal error.
  std::optional<Answer> test(const PathNode& node, const PathItem& value) {
    switch (node.op) {
      case PathOp::kAnd: return both(node, value, Answer::kNo);
      case PathOp::kOr: return both(node, value, Answer::kYes);
      case PathOp::kNot: {
        const auto answer = test(*node.args[0], value);
        if (!answer || *answer == Answer::kUnknown) return answer;
        return *answer == Answer::kYes ? Answer::kNo : Answer::kYes;
      }
      case PathOp::kIsUnknown: {
        const auto answer = test(*node.args[0], value);
        if (!answer) return answer;
        return *answer == Answer::kUnknown ? Answer::kYes : Answer::kNo;
      }
      case PathOp::kExists: return exists(*node.args[0], value);
      case PathOp::kStartsWith:
        return compare_all(*node.args[0], node.args[1].get(), value, false, [](const PathItem& a, const PathItem* b) {
          if (!is_string(a) || !is_string(*b)) return Answer::kUnknown;
          const bool starts = json_string_value(a.json).starts_with(json_string_value(b->json));
          return starts ? Answer::kYes : Answer::kNo;
        });
      case PathOp::kLikeRegex:
        return compare_all(*node.args[0], nullptr, value, false, [&node](const PathItem& a, const PathItem*) {
          if (!is_string(a)) return Answer::kUnknown;
          const auto matches = node.regex->matches(json_string_value(a.json));
          return !matches.ok() ? Answer::kUnknown : *matches ? Answer::kYes : Answer::kNo;
        });
      default:
        return compare_all(*node.args[0], node.args[1].get(), value, true,
                           [&](const PathItem& a, const PathItem* b) { return compare(node.op, a, *b); });
    }
  }
  /// AND and OR: `decides` is the answer of one side that is enough.
  std::optional<Answer> both(const PathNode& node, const PathItem& value, Answer decides) {
    const auto left = test(*node.args[0], value);
    if (!left || *left == decides) return left;
    const auto right = test(*node.args[1], value);
    if (!right) return right;
    const Answer neutral = decides == Answer::kNo ? Answer::kYes : Answer::kNo;
    return *right == neutral ? left : right;
  }
  std::optional<Answer> exists(const PathNode& node, const PathItem& value) {
    Items all;
    const Outcome outcome = item(node, value, lax_ ? nullptr : &all, lax_);
    if (fatal_) return std::nullopt;
    if (outcome == Outcome::kError) return Answer::kUnknown;
    const bool any = lax_ ? outcome == Outcome::kFound : !all.empty();
    return any ? Answer::kYes : Answer::kNo;
  }
  using Compare = std::function<Answer(const PathItem&, const PathItem*)>;
  std::optional<Answer> compare_all(const PathNode& left, const PathNode* right, const PathItem& value,
                                    bool unwrap_right, const Compare& compare) {
    Items lefts, rights;
    bool failed = unwrapped_result(left, value, true, &lefts) == Outcome::kError;
    if (!failed && right != nullptr) {
      failed = unwrapped_result(*right, value, unwrap_right, &rights) == Outcome::kError;
    }
    if (fatal_) return std::nullopt;
    if (failed) return Answer::kUnknown;
    bool unknown = false, yes = false;
    for (const PathItem& a : lefts) {
      const size_t times = right == nullptr ? 1 : rights.size();
      for (size_t i = 0; i < times; ++i) {
        const Answer answer = compare(a, right == nullptr ? nullptr : &rights[i]);
        if (fatal_) return std::nullopt;
        if (answer == Answer::kUnknown) {
          if (!lax_) return answer;
          unknown = true;
        } else if (answer == Answer::kYes) {
          if (lax_) return answer;
          yes = true;
        }
      }
    }
    return yes ? Answer::kYes : unknown ? Answer::kUnknown : Answer::kNo;
  }

  Answer compare(PathOp op, const PathItem& a, const PathItem& b) {
    const bool moments = a.moment.has_value() && b.moment.has_value();
    if (a.moment.has_value() != b.moment.has_value() || kind_of(a) != kind_of(b)) {
      const bool null = (!a.moment && kind_of(a) == JsonKind::kNull) || (!b.moment && kind_of(b) == JsonKind::kNull);
      // A null is not equal to anything else, and neither before nor after it.
      if (null) return op == PathOp::kNotEqual ? Answer::kYes : Answer::kNo;
      return Answer::kUnknown;
    }
    if (is_container(a)) return Answer::kUnknown;
    int order = 0;
    if (moments) {
      const auto compared = compare_moments(*a.moment, *b.moment, call_.with_zone, context_);
      if (!compared.ok()) return fatal(compared.status()), Answer::kUnknown;
      if (!*compared) return Answer::kUnknown;
      order = **compared;
    } else if (is_string(a)) {
      order = json_string_value(a.json).compare(json_string_value(b.json));
    } else {
      order = compare_jsonb(a.json, b.json);
    }
    return holds(op, order) ? Answer::kYes : Answer::kNo;
  }
  static bool holds(PathOp op, int order) {
    switch (op) {
      case PathOp::kEqual: return order == 0;
      case PathOp::kNotEqual: return order != 0;
      case PathOp::kLess: return order < 0;
      case PathOp::kGreater: return order > 0;
      case PathOp::kLessOrEqual: return order <= 0;
      default: return order >= 0;
    }
  }

  const bool lax_;
  bool ignore_structure_;
  const PathCall& call_;
  EvalContext& context_;
  const PathItem root_;
  const PathItem* current_ = &root_;
  int64_t innermost_size_ = 0;  ///< of the array whose subscripts are computed: what `last` is one less than
  int64_t objects_ = 0;
  absl::Status failure_;
  bool fatal_ = false;
};

/// Paths are mostly constants: the last one is kept.
absl::StatusOr<std::shared_ptr<const JsonPath>> parsed(std::string_view text) {
  thread_local std::string known_text;
  thread_local std::shared_ptr<const JsonPath> known;
  if (known && known_text == text) return known;
  TROUPE_ASSIGN_OR_RETURN(JsonPath path, parse_jsonpath(text));
  known = std::make_shared<const JsonPath>(std::move(path));
  known_text = text;
  return known;
}

}  // namespace

std::string json_of(const PathItem& item) {
  if (!item.moment) return item.json;
  std::string out;
  append_json_string(moment_text(*item.moment), &out);
  return out;
}

absl::StatusOr<std::optional<std::vector<PathItem>>> run_jsonpath(const PathCall& call, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const auto path, parsed(call.path));
  PathRunner runner(*path, call, context);
  std::vector<PathItem> found;
  const Outcome outcome = runner.run(*path->root, &found);
  // What was found before an error stays found where errors are kept quiet about.
  if (outcome != Outcome::kError || (call.silent && !runner.is_fatal())) return std::optional(std::move(found));
  return runner.failure();
}

absl::StatusOr<std::optional<bool>> jsonpath_exists(const PathCall& call, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const auto path, parsed(call.path));
  PathRunner runner(*path, call, context);
  const Outcome outcome = runner.run(*path->root, nullptr);
  if (outcome != Outcome::kError) return std::optional(outcome == Outcome::kFound);
  if (call.silent && !runner.is_fatal()) return std::nullopt;
  return runner.failure();
}

absl::StatusOr<std::optional<bool>> jsonpath_match(const PathCall& call, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const auto found, run_jsonpath(call, context));
  if (found && found->size() == 1 && !found->front().moment) {
    const JsonKind kind = json_kind(found->front().json);
    if (kind == JsonKind::kNull) return std::nullopt;
    if (kind == JsonKind::kBool) return std::optional(found->front().json == "true");
  }
  if (call.silent) return std::nullopt;
  return error(kSingletonRequired, "single boolean result is expected");
}

}  // namespace troupe
