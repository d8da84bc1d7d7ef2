/// Calls of aggregates that users have made.
#include <algorithm>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/user_aggregate.hpp"
#include "runtime/types/candidates.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

/// What a function whose result follows from its arguments returns for these.
Type result_of(const FunctionDef& function, const ExprList& args) {
  if (!is_polymorphic(function.result)) return Type{function.result};
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(arg->type);
  const std::vector<Oid> declared = function.input_types();
  const Candidate one{declared, function.result, false, nullptr};
  bool ambiguous = false;
  const auto chosen = choose_candidate({&one, 1}, types, false, &ambiguous);
  return chosen ? chosen->result : Type{function.result};
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::call_support(const SupportFunction& support, ExprList args, const sql::Node& node,
                                             const Site& site, bool* strict) {
  if (support.function == kNoOid) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, call_by_name(support.name, std::move(args), node));
    if (strict != nullptr) *strict = value->call.function == nullptr || value->call.function->strict;
    return value;
  }
  const auto found = std::static_pointer_cast<const FunctionDef>(catalog().find_shared(support.function));
  if (found == nullptr) {
    return fail(ErrorCode::kUndefinedFunction, node, "function ", support.function, " does not exist");
  }
  depend_on(*found);
  BoundCallee callee;
  callee.result = result_of(*found, args);
  const std::vector<Oid> declared = found->input_types();
  for (size_t i = 0; i < args.size(); ++i) {
    const Type type = i >= declared.size() || is_polymorphic(declared[i]) ? args[i]->type : Type{declared[i]};
    TROUPE_ASSIGN_OR_RETURN(args[i], coerce(std::move(args[i]), type, CastContext::kImplicit));
    callee.types.push_back(type);
  }
  callee.args = std::move(args);
  if (strict != nullptr) {
    *strict = found->strict;
    auto lenient = std::make_shared<FunctionDef>(*found);
    lenient->strict = false;
    callee.function = std::move(lenient);
  } else {
    callee.function = found;
  }
  return inline_value(callee, site, node);
}

absl::StatusOr<AggregateCall> Binder::make_user_aggregate_call(const sql::FunctionCall& call, const BoundCallee& callee,
                                                               const Site& site) {
  const FunctionDef& function = *callee.function;
  UserAggregate aggregate;
  aggregate.state = callee.outputs[0];
  aggregate.result = aggregate.state.oid;
  const ObjectDef* schema = catalog().find(function.schema);
  aggregate.name = cat(schema == nullptr ? "" : schema->name, ".", function.name);
  const uint32_t relation = relations++;
  ExprList columns{make_column(aggregate.state, 0, relation)};
  for (uint32_t i = 0; i < callee.types.size(); ++i) {
    columns.push_back(make_column(callee.types[i], i + 1, relation));
    aggregate.arguments.push_back(callee.types[i].oid);
  }
  const Site nowhere{nullptr, nullptr, Clause::kArgument, false};
  TROUPE_ASSIGN_OR_RETURN(
      ExprPtr step, call_support(function.aggregate.transition, std::move(columns), call, nowhere, &aggregate.strict));
  TROUPE_ASSIGN_OR_RETURN(step, coerce(std::move(step), aggregate.state, CastContext::kAssignment));
  if (has_subquery(*step)) {
    return with_hint(fail(ErrorCode::kFeatureNotSupported, call, "the transition function of aggregate ", function.name,
                          " reads tables or is not one expression, which is not supported"),
                     "Write it as SELECT with one expression of its arguments.");
  }
  aggregate.transition = replace_expr(step, [&](const ExprPtr& part) -> ExprPtr {
    return part->is_column() && part->relation == relation ? make_column(part->type, part->index) : nullptr;
  });
  aggregate.start = Value::null(physical_of(aggregate.state));
  if (function.aggregate.has_initial) {
    TROUPE_ASSIGN_OR_RETURN(aggregate.start, parse_text(aggregate.state, function.aggregate.initial, eval()));
  }
  AggregateCall bound;
  bound.aggregate = {keep_user_aggregate(std::move(aggregate)), callee.types, callee.outputs[0]};
  bound.args = callee.args;
  bound.distinct = call.distinct;
  Site inside = site;
  inside.clause = Clause::kArgument;
  inside.in_aggregate = true;
  TROUPE_RETURN_IF_ERROR(bind_aggregate_order(call, callee.args, inside, &bound));
  if (call.filter != nullptr) {
    inside.clause = Clause::kFilter;
    TROUPE_ASSIGN_OR_RETURN(bound.filter, bind_condition(*call.filter, inside, "FILTER"));
  }
  return bound;
}

absl::StatusOr<ExprPtr> Binder::bind_user_aggregate(const sql::FunctionCall& call, const BoundCallee& callee,
                                                    const Site& site) {
  const FunctionDef& function = *callee.function;
  if (site.match != nullptr) return refuse(call, "an aggregate of a user in MATCH_RECOGNIZE");
  if (call.within_group) {
    return fail(ErrorCode::kWrongObjectType, call, function.name,
                " is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
  }
  if (call.arguments.empty() && !call.star) {
    return fail(ErrorCode::kWrongObjectType, call, function.name,
                "(*) must be used to call a parameterless aggregate function");
  }
  TROUPE_ASSIGN_OR_RETURN(AggregateCall bound, make_user_aggregate_call(call, callee, site));
  ExprPtr value;
  if (call.over != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(value, bind_window(call, function.name, {}, site, &bound));
  } else {
    TROUPE_ASSIGN_OR_RETURN(value, place_aggregate(std::move(bound), call, site));
  }
  const SupportFunction& final_function = function.aggregate.final_function;
  if (!final_function.is_given()) return value;
  ExprList args{std::move(value)};
  if (function.aggregate.final_extra) {
    for (const Type& type : callee.types) args.push_back(make_null(type));
  }
  return call_support(final_function, std::move(args), call, site, nullptr);
}

}  // namespace troupe
