#include <algorithm>
#include <iterator>

#include "runtime/types/jsonpath.hpp"
#include "runtime/types/jsonpath_scanner.hpp"
#include "runtime/types/numeric.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using Parsed = absl::StatusOr<PathNodePtr>;

constexpr int kDepthMax = 1000;
/// Whoever walks a path recurses along its chains too: .a.a.a, 1+1+1.
constexpr size_t kTokensMax = 20'000;

absl::Status too_deep() { return error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded"); }

PathNodePtr make_node(PathOp op, std::vector<PathNodePtr> args = {}) {
  auto node = std::make_shared<PathNode>();
  node->op = op;
  node->args = std::move(args);
  return node;
}
PathNodePtr make_text(PathOp op, std::string text) {
  PathNodePtr node = make_node(op);
  node->text = std::move(text);
  return node;
}

/// Whether it is true, false or unknown, and so no value that operators take.
bool is_predicate(const PathNode& node) {
  return node.op >= PathOp::kAnd && node.op <= PathOp::kLikeRegex && node.next == nullptr;
}

bool is_method(std::string_view name) {
  constexpr std::string_view kMethods[] = {"abs", "size", "type", "floor", "double", "ceiling", "keyvalue", "datetime"};
  return std::find(std::begin(kMethods), std::end(kMethods), name) != std::end(kMethods);
}

/// PostgreSQL's reading of XQuery's flags: without s a dot stops at newlines.
absl::StatusOr<std::shared_ptr<const Regex>> compile_regex(std::string_view pattern, std::string_view given,
                                                           std::string* flags) {
  for (const char flag : given) {
    if (std::string_view("ismxq").find(flag) == std::string_view::npos) {
      return with_detail(error(ErrorCode::kSyntaxError, "invalid input syntax for type jsonpath"),
                         cat("Unrecognized flag character \"", std::string(1, flag), "\" in LIKE_REGEX predicate."));
    }
  }
  const auto has = [&](char flag) { return given.find(flag) != std::string_view::npos; };
  for (const char flag : std::string_view("ismxq")) {
    if (has(flag)) flags->push_back(flag);
  }
  if (has('x') && !has('q')) {
    return error(ErrorCode::kFeatureNotSupported,
                 "XQuery \"x\" flag (expanded regular expressions) is not implemented");
  }
  RegexOptions options;
  options.ignore_case = has('i');
  options.literal = has('q');
  options.dot_stops_at_newline = !has('q') && !has('s');
  options.line_anchors = !has('q') && has('m');
  TROUPE_ASSIGN_OR_RETURN(Regex regex, Regex::compile(pattern, options));
  return std::make_shared<const Regex>(std::move(regex));
}

/// Where @ and last may stand. Errors: 42601.
absl::Status check_places(const PathNode& node, int filters, bool in_subscript) {
  if (node.op == PathOp::kCurrent && filters == 0) {
    return error(ErrorCode::kSyntaxError, "@ is not allowed in root expressions");
  }
  if (node.op == PathOp::kLast && !in_subscript) {
    return error(ErrorCode::kSyntaxError, "LAST is allowed only in array subscripts");
  }
  const int inside = filters + (node.op == PathOp::kFilter ? 1 : 0);
  for (const PathNodePtr& arg : node.args) {
    if (arg) TROUPE_RETURN_IF_ERROR(check_places(*arg, inside, in_subscript || node.op == PathOp::kIndexes));
  }
  return node.next ? check_places(*node.next, filters, in_subscript) : absl::OkStatus();
}

/// By precedence: || && ! comparisons, + -, * / %, signs, accessors. What is in parentheses may be a predicate or a
/// value; which one is known when it is parsed.
class PathParser {
 public:
  explicit PathParser(std::string_view text) : in_{text} {}

  absl::StatusOr<JsonPath> parse() {
    TROUPE_RETURN_IF_ERROR(step());
    JsonPath path;
    if (in_.is_word("strict") || in_.is_word("lax")) {
      path.lax = in_.is_word("lax");
      TROUPE_RETURN_IF_ERROR(step());
    }
    TROUPE_ASSIGN_OR_RETURN(path.root, either());
    if (in_.kind() != PathToken::kEnd) return in_.syntax_error();
    TROUPE_RETURN_IF_ERROR(check_places(*path.root, 0, false));
    return path;
  }

 private:
  Parsed either() {
    if (++depth_ > kDepthMax) return too_deep();
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr left, conjunction());
    while (in_.is("||")) {
      TROUPE_ASSIGN_OR_RETURN(left, joined(PathOp::kOr, std::move(left), [this] { return conjunction(); }));
    }
    --depth_;
    return left;
  }
  Parsed conjunction() {
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr left, test());
    while (in_.is("&&")) {
      TROUPE_ASSIGN_OR_RETURN(left, joined(PathOp::kAnd, std::move(left), [this] { return test(); }));
    }
    return left;
  }
  template <typename Next>
  Parsed joined(PathOp op, PathNodePtr left, Next next) {
    if (!is_predicate(*left)) return in_.syntax_error();
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr right, next());
    if (!is_predicate(*right)) return in_.syntax_error();
    return make_node(op, {std::move(left), std::move(right)});
  }

  Parsed test() {
    if (in_.is("!")) {
      TROUPE_RETURN_IF_ERROR(step());
      if (!in_.is("(") && !in_.is_word("exists")) return in_.syntax_error();
      TROUPE_ASSIGN_OR_RETURN(PathNodePtr what, in_.is("(") ? parenthesized() : exists());
      if (!is_predicate(*what)) return in_.syntax_error();
      return make_node(PathOp::kNot, {std::move(what)});
    }
    if (in_.is_word("exists")) return exists();
    const bool delimited = in_.is("(");
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr left, sum());
    if (in_.is_word("is")) {
      if (!delimited || !is_predicate(*left)) return in_.syntax_error();
      TROUPE_RETURN_IF_ERROR(step());
      TROUPE_RETURN_IF_ERROR(expect_word("unknown"));
      return make_node(PathOp::kIsUnknown, {std::move(left)});
    }
    return comparison(std::move(left));
  }

  Parsed comparison(PathNodePtr left) {
    constexpr std::pair<std::string_view, PathOp> kComparisons[] = {
        {"==", PathOp::kEqual},       {"!=", PathOp::kNotEqual}, {"<", PathOp::kLess},
        {"<=", PathOp::kLessOrEqual}, {">", PathOp::kGreater},   {">=", PathOp::kGreaterOrEqual}};
    for (const auto& [symbol, op] : kComparisons) {
      if (!in_.is(symbol)) continue;
      if (is_predicate(*left)) return in_.syntax_error();
      TROUPE_RETURN_IF_ERROR(step());
      TROUPE_ASSIGN_OR_RETURN(PathNodePtr right, value());
      return make_node(op, {std::move(left), std::move(right)});
    }
    if (in_.is_word("starts") && !is_predicate(*left)) return starts_with(std::move(left));
    if (in_.is_word("like_regex") && !is_predicate(*left)) return like_regex(std::move(left));
    return left;
  }
  Parsed starts_with(PathNodePtr left) {
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_RETURN_IF_ERROR(expect_word("with"));
    const bool variable = in_.kind() == PathToken::kVariable;
    if (!variable && in_.kind() != PathToken::kString) return in_.syntax_error();
    PathNodePtr initial = make_text(variable ? PathOp::kVariable : PathOp::kString, in_.value());
    TROUPE_RETURN_IF_ERROR(step());
    return make_node(PathOp::kStartsWith, {std::move(left), std::move(initial)});
  }
  Parsed like_regex(PathNodePtr left) {
    PathNodePtr node = make_node(PathOp::kLikeRegex, {std::move(left)});
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_ASSIGN_OR_RETURN(node->text, string());
    std::string flags;
    if (in_.is_word("flag")) {
      TROUPE_RETURN_IF_ERROR(step());
      TROUPE_ASSIGN_OR_RETURN(flags, string());
    }
    TROUPE_ASSIGN_OR_RETURN(node->regex, compile_regex(node->text, flags, &node->regex_flags));
    return node;
  }
  absl::StatusOr<std::string> string() {
    if (in_.kind() != PathToken::kString) return in_.syntax_error();
    std::string text = in_.value();
    TROUPE_RETURN_IF_ERROR(step());
    return text;
  }
  Parsed exists() {
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_RETURN_IF_ERROR(expect("("));
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr what, value());
    TROUPE_RETURN_IF_ERROR(expect(")"));
    return make_node(PathOp::kExists, {std::move(what)});
  }

  /// An operand: no predicate.
  Parsed value() {
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr node, sum());
    if (is_predicate(*node)) return in_.syntax_error();
    return node;
  }
  Parsed sum() {
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr left, product());
    while (in_.is("+") || in_.is("-")) {
      const PathOp op = in_.is("+") ? PathOp::kAdd : PathOp::kSubtract;
      TROUPE_ASSIGN_OR_RETURN(left, operation(op, std::move(left), [this] { return product(); }));
    }
    return left;
  }
  Parsed product() {
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr left, signed_value());
    while (in_.is("*") || in_.is("/") || in_.is("%")) {
      const PathOp op = in_.is("*") ? PathOp::kMultiply : in_.is("/") ? PathOp::kDivide : PathOp::kModulo;
      TROUPE_ASSIGN_OR_RETURN(left, operation(op, std::move(left), [this] { return signed_value(); }));
    }
    return left;
  }
  template <typename Next>
  Parsed operation(PathOp op, PathNodePtr left, Next next) {
    if (is_predicate(*left)) return in_.syntax_error();
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr right, next());
    if (is_predicate(*right)) return in_.syntax_error();
    return make_node(op, {std::move(left), std::move(right)});
  }
  Parsed signed_value() {
    if (!in_.is("+") && !in_.is("-")) return accessed();
    if (++depth_ > kDepthMax) return too_deep();
    const bool minus = in_.is("-");
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr node, signed_value());
    --depth_;
    if (is_predicate(*node)) return in_.syntax_error();
    if (node->op != PathOp::kNumeric || node->next) {
      return make_node(minus ? PathOp::kMinus : PathOp::kPlus, {std::move(node)});
    }
    if (!minus) return node;
    TROUPE_ASSIGN_OR_RETURN(const Numeric number, parse_numeric(node->text));
    node->text.clear();
    format_numeric(numeric_negate(number).bytes(), &node->text);
    return node;
  }

  Parsed parenthesized() {
    TROUPE_RETURN_IF_ERROR(expect("("));
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr node, either());
    TROUPE_RETURN_IF_ERROR(expect(")"));
    return node;
  }
  Parsed accessed() {
    TROUPE_ASSIGN_OR_RETURN(PathNodePtr head, in_.is("(") ? parenthesized() : primary());
    PathNode* end = head.get();
    while (end->next) end = end->next.get();
    while (in_.is(".") || in_.is("[") || in_.is("?")) {
      TROUPE_ASSIGN_OR_RETURN(end->next, accessor());
      end = end->next.get();
    }
    return head;
  }
  Parsed primary() {
    PathNodePtr node;
    switch (in_.kind()) {
      case PathToken::kString: node = make_text(PathOp::kString, in_.value()); break;
      case PathToken::kVariable: node = make_text(PathOp::kVariable, in_.value()); break;
      case PathToken::kInt:
      case PathToken::kNumeric: {
        TROUPE_ASSIGN_OR_RETURN(const Numeric number, parse_numeric(in_.value()));
        node = make_node(PathOp::kNumeric);
        format_numeric(number.bytes(), &node->text);
        break;
      }
      default:
        if (in_.is("$")) node = make_node(PathOp::kRoot);
        if (in_.is("@")) node = make_node(PathOp::kCurrent);
        if (in_.is_word("last")) node = make_node(PathOp::kLast);
        if (in_.is_word("null")) node = make_node(PathOp::kNull);
        if (in_.is_word("true") || in_.is_word("false")) {
          node = make_node(PathOp::kBool);
          node->flag = in_.is_word("true");
        }
        if (!node) return in_.syntax_error();
    }
    TROUPE_RETURN_IF_ERROR(step());
    return node;
  }

  Parsed accessor() {
    if (in_.is("[")) return subscripts();
    if (in_.is("?")) {
      TROUPE_RETURN_IF_ERROR(step());
      TROUPE_ASSIGN_OR_RETURN(PathNodePtr condition, parenthesized());
      if (!is_predicate(*condition)) return in_.syntax_error();
      return make_node(PathOp::kFilter, {std::move(condition)});
    }
    TROUPE_RETURN_IF_ERROR(step());
    if (in_.is("*")) {
      TROUPE_RETURN_IF_ERROR(step());
      return make_node(PathOp::kAnyKey);
    }
    if (in_.is("**")) return levels();
    const bool named = in_.kind() == PathToken::kIdent || in_.kind() == PathToken::kString;
    if (!named && in_.kind() != PathToken::kKeyword) return in_.syntax_error();
    const std::string name = in_.value();
    TROUPE_RETURN_IF_ERROR(step());
    if (named || !in_.is("(")) return make_text(PathOp::kKey, name);
    if (!is_method(name)) return in_.syntax_error();
    return method(name);
  }
  Parsed method(const std::string& name) {
    PathNodePtr node = make_text(PathOp::kMethod, name);
    TROUPE_RETURN_IF_ERROR(step());
    if (name == "datetime" && in_.kind() == PathToken::kString) {
      node->args.push_back(make_text(PathOp::kString, in_.value()));
      TROUPE_RETURN_IF_ERROR(step());
    }
    TROUPE_RETURN_IF_ERROR(expect(")"));
    return node;
  }
  Parsed subscripts() {
    if (++depth_ > kDepthMax) return too_deep();
    TROUPE_RETURN_IF_ERROR(step());
    if (in_.is("*")) {
      TROUPE_RETURN_IF_ERROR(step());
      TROUPE_RETURN_IF_ERROR(expect("]"));
      --depth_;
      return make_node(PathOp::kAnyArray);
    }
    PathNodePtr node = make_node(PathOp::kIndexes);
    while (true) {
      TROUPE_ASSIGN_OR_RETURN(PathNodePtr from, value());
      PathNodePtr to;
      if (in_.is_word("to")) {
        TROUPE_RETURN_IF_ERROR(step());
        TROUPE_ASSIGN_OR_RETURN(to, value());
      }
      node->args.push_back(std::move(from));
      node->args.push_back(std::move(to));
      if (!in_.is(",")) break;
      TROUPE_RETURN_IF_ERROR(step());
    }
    TROUPE_RETURN_IF_ERROR(expect("]"));
    --depth_;
    return node;
  }
  Parsed levels() {
    PathNodePtr node = make_node(PathOp::kAnyLevel);
    node->last = kLastLevel;
    TROUPE_RETURN_IF_ERROR(step());
    if (!in_.is("{")) return node;
    TROUPE_RETURN_IF_ERROR(step());
    TROUPE_ASSIGN_OR_RETURN(node->first, level());
    node->last = node->first;
    if (in_.is_word("to")) {
      TROUPE_RETURN_IF_ERROR(step());
      TROUPE_ASSIGN_OR_RETURN(node->last, level());
    }
    TROUPE_RETURN_IF_ERROR(expect("}"));
    return node;
  }
  absl::StatusOr<uint32_t> level() {
    const bool last = in_.is_word("last");
    if (!last && in_.kind() != PathToken::kInt) return in_.syntax_error();
    uint32_t number = kLastLevel;
    if (!last) {
      TROUPE_ASSIGN_OR_RETURN(const Numeric given, parse_numeric(in_.value()));
      TROUPE_ASSIGN_OR_RETURN(const int64_t value, numeric_to_int64(given));
      if (value > INT32_MAX) {
        return error(ErrorCode::kNumericValueOutOfRange, "value \"", in_.value(),
                     "\" is out of range for type integer");
      }
      number = static_cast<uint32_t>(value);
    }
    TROUPE_RETURN_IF_ERROR(step());
    return number;
  }

  absl::Status step() { return ++tokens_ > kTokensMax ? too_deep() : in_.step(); }
  absl::Status expect(std::string_view symbol) { return in_.is(symbol) ? step() : in_.syntax_error(); }
  absl::Status expect_word(std::string_view word) { return in_.is_word(word) ? step() : in_.syntax_error(); }

  PathScanner in_;
  int depth_ = 0;
  size_t tokens_ = 0;
};

}  // namespace

absl::StatusOr<JsonPath> parse_jsonpath(std::string_view text) {
  const bool blank = text.find_first_not_of(" \t\n\r\f") == std::string_view::npos;
  if (blank) {
    return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type jsonpath: \"", text, "\"");
  }
  return PathParser(text).parse();
}

}  // namespace troupe
