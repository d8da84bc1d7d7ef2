/// What DEFINE and MEASURES take from the rows of a match.
#include <algorithm>

#include "runtime/plan/bind_match.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

bool is_plain_call(const sql::FunctionCall& call) { return call.name.size() == 1 && call.over == nullptr; }

const sql::FunctionCall* as_call_of(const sql::Expr& expr, std::string_view name) {
  const auto* call = expr.as<sql::FunctionCall>();
  return call != nullptr && is_plain_call(*call) && call->name[0] == name ? call : nullptr;
}

}  // namespace

absl::StatusOr<ExprPtr> MatchBinder::bind_special(const sql::Expr& expr, const Site& site) {
  switch (expr.kind) {
    case sql::NodeKind::kColumnRef: return bind_column(expr.to<sql::ColumnRef>());
    case sql::NodeKind::kFunctionCall: return bind_call(expr.to<sql::FunctionCall>(), site);
    case sql::NodeKind::kRowSemantics: return bind_semantics(expr.to<sql::RowSemanticsExpr>(), site);
    default: return nullptr;
  }
}

// --- columns ---

/// A column of a variable's rows, or of any row. Null: it may be one of a query around this one.
absl::StatusOr<ExprPtr> MatchBinder::bind_column(const sql::ColumnRef& column) {
  if (column.star || column.name.size() > 2) return nullptr;
  Variables variables;
  if (column.name.size() == 2) {
    const Variables* found = find_variables(column.name[0]);
    if (found == nullptr && is_input(column.name[0])) {
      return with_hint(binder_.fail(ErrorCode::kUndefinedTable, column, "table \"", column.name[0],
                                    "\" cannot be named in DEFINE and MEASURES"),
                       "Write the column alone, or with a pattern variable.");
    }
    if (found == nullptr) return nullptr;
    variables = *found;
  }
  ExprPtr value;
  LookupResult result = LookupResult::kNotFound;
  for (const auto& item : input_.items) result = find_column(*item, column.name.back(), &value);
  if (result == LookupResult::kAmbiguous) {
    return binder_.fail(ErrorCode::kAmbiguousColumn, column, "column reference \"", column.name.back(),
                        "\" is ambiguous");
  }
  if (result == LookupResult::kNotFound) {
    if (column.name.size() == 1) return nullptr;
    return binder_.fail(ErrorCode::kUndefinedColumn, column, "column ", column.name[0], ".", column.name[1],
                        " does not exist");
  }
  binder_.rights.read(*value);
  if (argument_ != nullptr) {
    TROUPE_RETURN_IF_ERROR(note_variables(variables, column));
    return value;
  }
  MatchValue taken;
  taken.variables = std::move(variables);
  taken.type = value->type;
  taken.row_value = add_row_value(std::move(value));
  return add_value(std::move(taken), column);
}

bool MatchBinder::is_input(std::string_view name) const {
  return std::any_of(input_.items.begin(), input_.items.end(),
                     [&](const auto& item) { return find_item(*item, {}, name) != nullptr; });
}

absl::Status MatchBinder::note_variables(const Variables& variables, const sql::Node& node) {
  if (argument_->has_columns && argument_->variables != variables) {
    return binder_.fail(ErrorCode::kSyntaxError, node, "all columns in the argument of ", argument_->of,
                        " must be of the same pattern variable");
  }
  argument_->has_columns = true;
  argument_->variables = variables;
  return absl::OkStatus();
}

// --- calls ---

absl::StatusOr<ExprPtr> MatchBinder::bind_call(const sql::FunctionCall& call, const Site& site) {
  const std::string_view name = call.name.back();
  if (call.over != nullptr) return nullptr;  // refused where window functions are
  if (is_aggregate(name)) return bind_aggregate(call, site);
  if (call.name.size() > 1) return nullptr;
  const bool physical = name == "prev" || name == "next", logical = name == "first" || name == "last";
  const bool classifier = name == "classifier", number = name == "match_number";
  if (!physical && !logical && !classifier && !number) return nullptr;
  TROUPE_RETURN_IF_ERROR(check_navigation(call));
  if (physical || logical) {
    TROUPE_ASSIGN_OR_RETURN(MatchValue value, physical ? bind_physical(call, site) : bind_logical(call, site));
    return add_value(std::move(value), call);
  }
  MatchValue value;
  value.kind = classifier ? MatchValue::Kind::kClassifier : MatchValue::Kind::kMatchNumber;
  value.type = Type{classifier ? oid::kText : oid::kInt8};
  if (classifier) {
    TROUPE_ASSIGN_OR_RETURN(value.variables, bind_classifier(call));
  } else if (!call.arguments.empty()) {
    return binder_.fail(ErrorCode::kSyntaxError, call, "MATCH_NUMBER takes no arguments");
  }
  return add_value(std::move(value), call);
}

/// That the call stands where it may, and is nothing but a name and arguments.
absl::Status MatchBinder::check_navigation(const sql::FunctionCall& call) const {
  const std::string_view name = call.name.back();
  if (call.star || call.distinct || call.filter != nullptr || !call.order_by.empty() || call.variadic) {
    return binder_.fail(ErrorCode::kSyntaxError, call, name, "() takes nothing but arguments");
  }
  if (argument_ == nullptr) return absl::OkStatus();
  if (name == "classifier" || name == "match_number") {
    return with_hint(binder_.fail(ErrorCode::kFeatureNotSupported, call, name, "() as part of the argument of ",
                                  argument_->of, " is not supported"),
                     "Alone it can be one: LAST(CLASSIFIER()), array_agg(CLASSIFIER()).");
  }
  return binder_.fail(ErrorCode::kSyntaxError, call, name, "() cannot stand in the argument of ", argument_->of);
}

absl::StatusOr<ExprPtr> MatchBinder::bind_semantics(const sql::RowSemanticsExpr& expr, const Site& site) {
  const auto& call = expr.argument->to<sql::FunctionCall>();
  const std::string_view name = call.name.back(), word = expr.final ? "FINAL" : "RUNNING";
  if (name != "first" && name != "last" && !is_aggregate(name)) {
    return binder_.fail(ErrorCode::kSyntaxError, expr, word, " can stand before FIRST, LAST and aggregates only");
  }
  if (expr.final && in_define_) {
    return binder_.fail(ErrorCode::kSyntaxError, expr, "FINAL cannot be used in DEFINE");
  }
  const bool outer = std::exchange(final_, expr.final);
  auto bound = bind_call(call, site);
  final_ = outer;
  return bound;
}

// --- navigation ---

/// FIRST(value [, offset]), LAST(value [, offset])
absl::StatusOr<MatchValue> MatchBinder::bind_logical(const sql::FunctionCall& call, const Site& site) {
  const bool first = call.name.back() == "first";
  if (call.arguments.empty())
    return binder_.fail(ErrorCode::kSyntaxError, call, call.name.back(), "() needs an argument");
  TROUPE_ASSIGN_OR_RETURN(MatchValue value, bind_navigated(*call.arguments[0], first ? "FIRST" : "LAST", site));
  value.first = first;
  value.final = final_;
  TROUPE_ASSIGN_OR_RETURN(value.logical, bind_offset(call, site));
  return value;
}

/// PREV(value [, offset]), NEXT(...): from the last row, or from where FIRST or LAST leads.
absl::StatusOr<MatchValue> MatchBinder::bind_physical(const sql::FunctionCall& call, const Site& site) {
  const bool backward = call.name.back() == "prev";
  if (call.arguments.empty())
    return binder_.fail(ErrorCode::kSyntaxError, call, call.name.back(), "() needs an argument");
  const sql::Expr* from = call.arguments[0];
  const auto* semantics = from->as<sql::RowSemanticsExpr>();
  if (semantics != nullptr) from = semantics->argument;
  const sql::FunctionCall* inner = as_call_of(*from, "first");
  if (inner == nullptr) inner = as_call_of(*from, "last");
  absl::StatusOr<MatchValue> value;
  if (inner == nullptr) {
    value = bind_navigated(*call.arguments[0], backward ? "PREV" : "NEXT", site);
  } else {
    if (semantics != nullptr && semantics->final && in_define_) {
      return binder_.fail(ErrorCode::kSyntaxError, *semantics, "FINAL cannot be used in DEFINE");
    }
    const bool outer = std::exchange(final_, semantics != nullptr && semantics->final);
    value = bind_logical(*inner, site);
    final_ = outer;
  }
  if (!value.ok()) return value;
  value->backward = backward;
  TROUPE_ASSIGN_OR_RETURN(value->physical, bind_offset(call, site));
  if (!value->physical) value->physical = make_constant(Type{oid::kInt8}, Value::of(int64_t{1}));
  return value;
}

/// What navigation leads to: an expression over the row's columns, or its variable.
absl::StatusOr<MatchValue> MatchBinder::bind_navigated(const sql::Expr& expr, std::string_view of, const Site& site) {
  MatchValue value;
  if (const sql::FunctionCall* classifier = as_call_of(expr, "classifier")) {
    value.kind = MatchValue::Kind::kClassifier;
    value.type = Type{oid::kText};
    TROUPE_ASSIGN_OR_RETURN(value.variables, bind_classifier(*classifier));
    return value;
  }
  Argument argument;
  argument.of = of;
  argument_ = &argument;
  auto bound = binder_.bind(expr, site);
  argument_ = nullptr;
  if (!bound.ok()) return bound.status();
  if (!argument.has_columns) {
    return binder_.fail(ErrorCode::kSyntaxError, expr, "the argument of ", of,
                        " must have a column or be CLASSIFIER()");
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr settled, binder_.settle(*std::move(bound)));
  value.variables = std::move(argument.variables);
  value.type = settled->type;
  value.row_value = add_row_value(std::move(settled));
  return value;
}

/// The second argument; null when there is none.
absl::StatusOr<ExprPtr> MatchBinder::bind_offset(const sql::FunctionCall& call, const Site& site) {
  if (call.arguments.size() < 2) return nullptr;
  const sql::Expr& expr = *call.arguments[1];
  if (call.arguments.size() > 2) return binder_.fail(ErrorCode::kSyntaxError, *call.arguments[2], "too many arguments");
  Site outside = site;
  outside.match = nullptr;
  outside.scope = &input_;
  TROUPE_ASSIGN_OR_RETURN(ExprPtr offset, binder_.bind(expr, outside));
  auto bound = binder_.coerce(std::move(offset), Type{oid::kInt8}, CastContext::kImplicit);
  if (!bound.ok()) return binder_.at(bound.status(), expr);
  bool varies = has_subquery(**bound) || volatility_of(**bound) == Volatility::kVolatile;
  visit_expr(**bound, [&](const Expr& part) { varies = varies || part.is_column(); });
  if (varies) {
    return binder_.fail(ErrorCode::kSyntaxError, expr, "the offset of ", call.name.back(), "() must be a constant");
  }
  return bound;
}

/// The variables of CLASSIFIER(u); none of CLASSIFIER().
absl::StatusOr<MatchBinder::Variables> MatchBinder::bind_classifier(const sql::FunctionCall& call) const {
  if (call.arguments.empty()) return Variables{};
  const auto* column = call.arguments[0]->as<sql::ColumnRef>();
  if (call.arguments.size() > 1 || column == nullptr || column->star || column->name.size() != 1) {
    return binder_.fail(ErrorCode::kSyntaxError, call, "the argument of CLASSIFIER must be a pattern variable");
  }
  return variables_of(column->name[0], *column);
}

// --- aggregates ---

absl::StatusOr<ExprPtr> MatchBinder::bind_aggregate(const sql::FunctionCall& call, const Site& site) {
  if (argument_ != nullptr) {
    return argument_->of == "an aggregate"
               ? binder_.fail(ErrorCode::kGroupingError, call, "aggregate function calls cannot be nested")
               : binder_.fail(ErrorCode::kGroupingError, call,
                              "aggregate functions are not allowed in the argument of ", argument_->of);
  }
  Argument argument;
  argument.of = "an aggregate";
  argument_ = &argument;
  auto value = make_aggregate(call, site, &argument);
  argument_ = nullptr;
  if (!value.ok()) return value.status();
  return add_value(*std::move(value), call);
}

absl::StatusOr<MatchValue> MatchBinder::make_aggregate(const sql::FunctionCall& call, const Site& site,
                                                       Argument* argument) {
  sql::FunctionCall counted = call;
  ExprList args;
  const auto* star = call.arguments.size() == 1 ? call.arguments[0]->as<sql::ColumnRef>() : nullptr;
  if (star != nullptr && star->star && star->name.size() == 1) {  // count(a.*)
    TROUPE_ASSIGN_OR_RETURN(const Variables variables, variables_of(star->name[0], *star));
    TROUPE_RETURN_IF_ERROR(note_variables(variables, *star));
    counted.arguments = {};
    counted.star = true;
  }
  for (const sql::Expr* expr : counted.arguments) {
    if (const sql::FunctionCall* classifier = as_call_of(*expr, "classifier")) {
      TROUPE_ASSIGN_OR_RETURN(const Variables variables, bind_classifier(*classifier));
      TROUPE_RETURN_IF_ERROR(note_variables(variables, *classifier));
      args.push_back(make_column(Type{oid::kText}, 0, classifier_relation_));
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr arg, binder_.bind(*expr, site));
    args.push_back(std::move(arg));
  }
  TROUPE_ASSIGN_OR_RETURN(const AggregateCall bound,
                          binder_.make_aggregate_call(counted, call.name.back(), std::move(args), site));
  if (bound.distinct || !bound.order.empty()) {
    return with_hint(binder_.fail(ErrorCode::kFeatureNotSupported, call, bound.distinct ? "DISTINCT" : "ORDER BY",
                                  " in an aggregate over the rows of a match is not supported"),
                     "The rows come in the order of the match; array_agg() and a query over it can do the rest.");
  }
  auto aggregate = std::make_shared<MatchAggregate>();
  aggregate->call = bound.aggregate;
  for (const ExprPtr& arg : bound.args) {
    TROUPE_ASSIGN_OR_RETURN(const uint32_t taken, aggregate_argument(arg, call));
    aggregate->args.push_back(taken);
  }
  if (bound.filter) aggregate->filter = add_row_value(bound.filter);
  MatchValue value;
  value.kind = MatchValue::Kind::kAggregate;
  value.final = final_;
  value.variables = argument->variables;
  value.type = bound.aggregate.result;
  value.aggregate = std::move(aggregate);
  return value;
}

absl::StatusOr<uint32_t> MatchBinder::aggregate_argument(const ExprPtr& arg, const sql::Node& node) {
  if (arg->is_column() && arg->relation == classifier_relation_) return MatchAggregate::kClassifier;
  bool has_classifier = false;
  visit_expr(*arg, [&](const Expr& part) {
    has_classifier = has_classifier || (part.is_column() && part.relation == classifier_relation_);
  });
  if (has_classifier) return binder_.refuse(node, "an aggregate of a value made from CLASSIFIER()");
  return add_row_value(arg);
}

// --- numbering ---

uint32_t MatchBinder::add_row_value(ExprPtr value) {
  for (uint32_t i = 0; i < spec_->row_values.size(); ++i) {
    if (equal(spec_->row_values[i], value)) return i;
  }
  spec_->row_values.push_back(std::move(value));
  return static_cast<uint32_t>(spec_->row_values.size() - 1);
}

ExprPtr MatchBinder::add_value(MatchValue value, const sql::Node& node) {
  const Type type = value.type;
  spec_->values.push_back(std::move(value));
  auto column = std::make_shared<Expr>();
  column->kind = ExprKind::kColumn;
  column->type = type;
  column->index = static_cast<uint32_t>(spec_->values.size() - 1);
  column->relation = spec_->values_relation;
  column->position = node.position + 1;
  return column;
}

}  // namespace troupe
