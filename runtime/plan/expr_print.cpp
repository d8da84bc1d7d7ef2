/// Expressions as EXPLAIN prints them, in the manner of PostgreSQL's ruleutils.
#include "runtime/plan/plan.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

class ExprPrinter {
 public:
  ExprPrinter(std::span<const std::string> columns, std::string* out) : columns_{columns}, out_{*out} {}

  void print(const Expr& e);

 private:
  void list(std::span<const ExprPtr> exprs, std::string_view separator = ", ") {
    for (size_t i = 0; i < exprs.size(); ++i) {
      if (i > 0) out_ += separator;
      print(*exprs[i]);
    }
  }
  void wrapped(std::string_view before, std::span<const ExprPtr> exprs, std::string_view after) {
    out_ += before;
    list(exprs);
    out_ += after;
  }
  void infix(const Expr& e, std::string_view op) {
    out_ += '(';
    print(e.arg(0));
    out_ += cat(" ", op, " ");
    print(e.arg(1));
    out_ += ')';
  }
  void suffix(const Expr& e, std::string_view text) {
    out_ += '(';
    print(e.arg(0));
    out_ += cat(" ", text, ")");
  }
  void column(const Expr& e) {
    if (e.index < columns_.size()) {
      out_ += columns_[e.index];
    } else {
      out_ += cat("#", e.index + 1);
    }
  }
  void constant(const Expr& e);
  void call(const Expr& e);
  void in_list(const Expr& e);
  void array_compare(const Expr& e);
  void case_when(const Expr& e);
  void sequence(const Expr& e);
  void aggregate(const AggregateCall& call);

  std::span<const std::string> columns_;
  std::string& out_;
};

void ExprPrinter::constant(const Expr& e) {
  const std::string type = format_type(e.type);
  if (e.value.is_null()) {
    out_ += e.type.oid == oid::kUnknown ? std::string("NULL") : cat("NULL::", type);
    return;
  }
  const std::string text = to_text(e.type, e.value, EvalContext{});
  if (e.type.oid == oid::kBool) {
    out_ += text == "t" ? "true" : "false";
  } else if ((e.type.oid == oid::kInt4 || e.type.oid == oid::kNumeric) && text[0] != '-') {
    out_ += text;
  } else {
    out_ += cat(sql::quote_literal(text), "::", type);
  }
}

void ExprPrinter::call(const Expr& e) {
  const Function& function = *e.call.function;
  if (!function.is_operator) {
    wrapped(cat(function.name, "("), e.args, ")");
  } else if (e.args.size() == 2) {
    infix(e, function.name);
  } else {
    out_ += cat("(", function.name, " ");
    print(e.arg(0));
    out_ += ')';
  }
}

void ExprPrinter::in_list(const Expr& e) {
  out_ += '(';
  print(e.arg(0));
  out_ += e.negated ? " <> ALL (ARRAY[" : " = ANY (ARRAY[";
  list(std::span(e.args).subspan(1));
  out_ += "]))";
}

void ExprPrinter::array_compare(const Expr& e) {
  out_ += '(';
  print(e.arg(0));
  out_ += cat(" ", e.call.function->name, e.all_of ? " ALL (" : " ANY (");
  print(e.arg(1));
  out_ += "))";
}

void ExprPrinter::case_when(const Expr& e) {
  out_ += "CASE";
  for (size_t i = 0; i + 1 < e.args.size(); i += 2) {
    out_ += " WHEN ";
    print(e.arg(i));
    out_ += " THEN ";
    print(e.arg(i + 1));
  }
  out_ += " ELSE ";
  print(*e.args.back());
  out_ += " END";
}

void ExprPrinter::sequence(const Expr& e) {
  static constexpr std::string_view kNames[] = {"nextval", "currval", "lastval", "setval"};
  out_ += cat(kNames[static_cast<size_t>(e.sequence_op)], "(");
  if (e.index != 0) out_ += cat("'", e.index, "'::regclass", e.args.empty() ? "" : ", ");
  list(e.args);
  out_ += ')';
}

void ExprPrinter::aggregate(const AggregateCall& call) {
  out_ += cat(call.aggregate.aggregate->name, "(", call.distinct ? "DISTINCT " : "");
  if (call.args.empty()) out_ += '*';
  list(call.args);
  for (size_t i = 0; i < call.order.size(); ++i) {
    out_ += i == 0 ? " ORDER BY " : ", ";
    print(*call.order[i].value);
    if (call.order[i].descending) out_ += " DESC";
  }
  out_ += ')';
  if (call.filter) {
    out_ += " FILTER (WHERE ";
    print(*call.filter);
    out_ += ')';
  }
}

std::string truth_text(const Expr& e) {
  static constexpr std::string_view kNames[] = {"TRUE", "FALSE", "UNKNOWN"};
  return cat(e.negated ? "IS NOT " : "IS ", kNames[static_cast<size_t>(e.truth)]);
}

void ExprPrinter::print(const Expr& e) {
  switch (e.kind) {
    case ExprKind::kConstant: return constant(e);
    case ExprKind::kColumn: return column(e);
    case ExprKind::kParameter: out_ += cat("$", e.index + 1); return;
    case ExprKind::kSlot: out_ += cat("$", e.index); return;
    case ExprKind::kCall: return call(e);
    case ExprKind::kCast:
      wrapped("(", e.args, cat(")::", format_type(e.type)));
      return;
    case ExprKind::kAnd:
    case ExprKind::kOr:
      out_ += '(';
      list(e.args, e.kind == ExprKind::kAnd ? " AND " : " OR ");
      out_ += ')';
      return;
    case ExprKind::kNot: return wrapped("(NOT ", e.args, ")");
    case ExprKind::kNullTest: return suffix(e, e.negated ? "IS NOT NULL" : "IS NULL");
    case ExprKind::kBooleanTest: return suffix(e, truth_text(e));
    case ExprKind::kDistinctTest: return infix(e, e.negated ? "IS NOT DISTINCT FROM" : "IS DISTINCT FROM");
    case ExprKind::kCase: return case_when(e);
    case ExprKind::kCoalesce: return wrapped("COALESCE(", e.args, ")");
    case ExprKind::kNullIf: return wrapped("NULLIF(", e.args, ")");
    case ExprKind::kGreatest: return wrapped("GREATEST(", e.args, ")");
    case ExprKind::kLeast: return wrapped("LEAST(", e.args, ")");
    case ExprKind::kInList: return in_list(e);
    case ExprKind::kArrayCompare: return array_compare(e);
    case ExprKind::kArray: return wrapped("ARRAY[", e.args, "]");
    case ExprKind::kRow: return wrapped("ROW(", e.args, ")");
    case ExprKind::kSubscript:
      print(e.arg(0));
      for (const ExprPtr& index : std::span(e.args).subspan(1)) wrapped("[", {&index, 1}, "]");
      return;
    case ExprKind::kSequence: return sequence(e);
    case ExprKind::kNamedSetting: {
      static constexpr std::string_view kNames[] = {"CURRENT_USER", "SESSION_USER", "CURRENT_CATALOG",
                                                    "CURRENT_SCHEMA"};
      out_ += kNames[static_cast<size_t>(e.setting)];
      return;
    }
    case ExprKind::kAggregate: return aggregate(*e.aggregate);
    case ExprKind::kWindow: return aggregate(e.window->aggregate);
    case ExprKind::kGrouping: return wrapped("GROUPING(", e.args, ")");
    case ExprKind::kSubquery: out_ += "(SubPlan)"; return;
    case ExprKind::kDefault: out_ += "DEFAULT"; return;
    case ExprKind::kTableFunction: return wrapped("(", e.args, ")");
  }
}

}  // namespace

std::string print_expr(const Expr& expr, std::span<const std::string> columns) {
  std::string out;
  ExprPrinter(columns, &out).print(expr);
  return out;
}

std::string print_aggregate(const AggregateCall& call, std::span<const std::string> columns) {
  Expr expr;
  expr.kind = ExprKind::kAggregate;
  expr.aggregate = std::make_shared<AggregateCall>(call);
  return print_expr(expr, columns);
}

}  // namespace troupe
