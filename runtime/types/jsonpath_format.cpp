#include "runtime/types/jsonpath.hpp"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

/// The higher binds the tighter.
int priority_of(PathOp op) {
  switch (op) {
    case PathOp::kOr: return 0;
    case PathOp::kAnd: return 1;
    case PathOp::kEqual:
    case PathOp::kNotEqual:
    case PathOp::kLess:
    case PathOp::kGreater:
    case PathOp::kLessOrEqual:
    case PathOp::kGreaterOrEqual:
    case PathOp::kStartsWith: return 2;
    case PathOp::kAdd:
    case PathOp::kSubtract: return 3;
    case PathOp::kMultiply:
    case PathOp::kDivide:
    case PathOp::kModulo: return 4;
    case PathOp::kPlus:
    case PathOp::kMinus: return 5;
    default: return 6;
  }
}

std::string_view symbol_of(PathOp op) {
  switch (op) {
    case PathOp::kOr: return " || ";
    case PathOp::kAnd: return " && ";
    case PathOp::kEqual: return " == ";
    case PathOp::kNotEqual: return " != ";
    case PathOp::kLess: return " < ";
    case PathOp::kGreater: return " > ";
    case PathOp::kLessOrEqual: return " <= ";
    case PathOp::kGreaterOrEqual: return " >= ";
    case PathOp::kStartsWith: return " starts with ";
    case PathOp::kAdd: return " + ";
    case PathOp::kSubtract: return " - ";
    case PathOp::kMultiply: return " * ";
    case PathOp::kDivide: return " / ";
    case PathOp::kModulo: return " % ";
    case PathOp::kPlus: return "+";
    default: return "-";
  }
}

class PathPrinter {
 public:
  explicit PathPrinter(std::string* out) : out_{*out} {}

  /// `in_key`: behind another item, so that names need a dot.
  void print(const PathNode& node, bool in_key, bool brackets) {
    print_one(node, in_key, brackets);
    if (node.next) print(*node.next, true, true);
  }

 private:
  void print_one(const PathNode& node, bool in_key, bool brackets) {
    switch (node.op) {
      case PathOp::kNull: out_ += "null"; return;
      case PathOp::kBool: out_ += node.flag ? "true" : "false"; return;
      case PathOp::kNumeric: out_ += node.next ? cat("(", node.text, ")") : node.text; return;
      case PathOp::kString: append_json_string(node.text, &out_); return;
      case PathOp::kVariable:
        out_ += '$';
        append_json_string(node.text, &out_);
        return;
      case PathOp::kKey:
        if (in_key) out_ += '.';
        append_json_string(node.text, &out_);
        return;
      case PathOp::kRoot: out_ += '$'; return;
      case PathOp::kCurrent: out_ += '@'; return;
      case PathOp::kLast: out_ += "last"; return;
      case PathOp::kAnyKey: out_ += in_key ? ".*" : "*"; return;
      case PathOp::kAnyArray: out_ += "[*]"; return;
      case PathOp::kIndexes: return print_indexes(node);
      case PathOp::kAnyLevel: return print_levels(node, in_key);
      case PathOp::kFilter: return print_wrapped("?(", *node.args[0], ")");
      case PathOp::kNot: return print_wrapped("!(", *node.args[0], ")");
      case PathOp::kIsUnknown: return print_wrapped("(", *node.args[0], ") is unknown");
      case PathOp::kExists: return print_wrapped("exists (", *node.args[0], ")");
      case PathOp::kMethod:
        out_ += cat(".", node.text, "(");
        if (!node.args.empty()) print(*node.args[0], false, false);
        out_ += ')';
        return;
      case PathOp::kLikeRegex: return print_regex(node, brackets);
      default: return print_operator(node, brackets);
    }
  }

  void print_wrapped(std::string_view before, const PathNode& node, std::string_view after) {
    out_ += before;
    print(node, false, false);
    out_ += after;
  }
  void print_argument(const PathNode& argument, PathOp around) {
    print(argument, false, priority_of(argument.op) <= priority_of(around));
  }
  void print_operator(const PathNode& node, bool brackets) {
    if (brackets) out_ += '(';
    if (node.args.size() == 1) {
      out_ += symbol_of(node.op);
      print_argument(*node.args[0], node.op);
    } else {
      print_argument(*node.args[0], node.op);
      out_ += symbol_of(node.op);
      print_argument(*node.args[1], node.op);
    }
    if (brackets) out_ += ')';
  }
  void print_regex(const PathNode& node, bool brackets) {
    if (brackets) out_ += '(';
    print_argument(*node.args[0], node.op);
    out_ += " like_regex ";
    append_json_string(node.text, &out_);
    if (!node.regex_flags.empty()) out_ += cat(" flag \"", node.regex_flags, "\"");
    if (brackets) out_ += ')';
  }
  void print_indexes(const PathNode& node) {
    out_ += '[';
    for (size_t i = 0; i < node.args.size(); i += 2) {
      if (i > 0) out_ += ',';
      print(*node.args[i], false, false);
      if (node.args[i + 1] == nullptr) continue;
      out_ += " to ";
      print(*node.args[i + 1], false, false);
    }
    out_ += ']';
  }
  void print_levels(const PathNode& node, bool in_key) {
    if (in_key) out_ += '.';
    out_ += "**";
    if (node.first == 0 && node.last == kLastLevel) return;
    const auto level = [](uint32_t number) { return number == kLastLevel ? std::string("last") : cat(number); };
    out_ += node.first == node.last ? cat("{", level(node.first), "}")
                                    : cat("{", level(node.first), " to ", level(node.last), "}");
  }

  std::string& out_;
};

}  // namespace

std::string format_jsonpath(const JsonPath& path) {
  std::string out = path.lax ? "" : "strict ";
  PathPrinter(&out).print(*path.root, false, true);
  return out;
}

absl::StatusOr<std::string> normalize_jsonpath(std::string_view text) {
  TROUPE_ASSIGN_OR_RETURN(const JsonPath path, parse_jsonpath(text));
  return format_jsonpath(path);
}

}  // namespace troupe
