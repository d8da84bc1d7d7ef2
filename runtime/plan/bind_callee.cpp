/// Which of the users' functions a call means, by PostgreSQL's rules: argument names, defaults and VARIADIC first
/// (section 10.3), then the types.
#include <algorithm>
#include <optional>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/types/candidates.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

constexpr std::string_view kAddCasts =
    "No function matches the given name and argument types. You might need to add explicit type casts.";

/// A function that takes this many arguments under these names.
struct Overload {
  FunctionPtr function;          ///< null: one of the system's
  std::vector<Oid> types;        ///< parallel to the call's arguments
  std::vector<uint32_t> places;  ///< parallel: which input argument each is
  bool variadic = false;         ///< the last ones are elements of an array
  uint32_t defaults = 0;
  bool twice = false;  ///< another is just as good
};

std::vector<const ArgumentDef*> inputs_of(const FunctionDef& function) {
  std::vector<const ArgumentDef*> inputs;
  for (const ArgumentDef& argument : function.arguments) {
    // A procedure is called with something in the place of OUT arguments, too.
    const bool given = argument.is_input() || (function.procedure && argument.mode == ArgumentMode::out);
    if (given) inputs.push_back(&argument);
  }
  return inputs;
}

/// Which input each of the call's arguments is; nothing when they do not go together.
std::optional<Overload> match(const sql::FunctionCall& call, const FunctionPtr& function) {
  const std::vector<const ArgumentDef*> inputs = inputs_of(*function);
  const size_t given = call.arguments.size();
  Overload overload{function, {}, {}, false, 0, false};
  const bool expands = function->variadic() != nullptr && !call.variadic && given >= inputs.size();
  if (given > inputs.size() && !expands) return std::nullopt;
  if (call.variadic && (function->variadic() == nullptr || given != inputs.size())) return std::nullopt;
  std::vector<bool> taken(inputs.size(), false);
  for (size_t i = 0; i < given; ++i) {
    const auto* named = call.arguments[i]->as<sql::NamedArgument>();
    size_t place = std::min(i, inputs.size() - 1);
    if (named != nullptr) {
      if (expands) return std::nullopt;
      place = 0;
      while (place < inputs.size() && inputs[place]->name != named->name) ++place;
      if (place == inputs.size() || taken[place]) return std::nullopt;
    }
    const ArgumentDef& argument = *inputs[place];
    Oid type = argument.type;
    if (expands && argument.mode == ArgumentMode::variadic) {
      type = type == oid::kAnyArray             ? oid::kAnyElement
             : type == oid::kAnyCompatibleArray ? oid::kAnyCompatible
                                                : element_type_of(type);
    }
    taken[place] = true;
    overload.types.push_back(type);
    overload.places.push_back(static_cast<uint32_t>(place));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (taken[i]) continue;
    if (inputs[i]->default_sql.empty()) return std::nullopt;
    ++overload.defaults;
  }
  overload.variadic = expands;
  return overload;
}

/// Of two that take the same types the earlier schema's, then the one that needs no array or fewer defaults.
void add_overload(Overload overload, std::vector<Overload>* all) {
  for (Overload& known : *all) {
    if (known.types != overload.types) continue;
    const bool hidden = known.function == nullptr || known.function->schema != overload.function->schema;
    if (hidden || (overload.variadic && !known.variadic)) return;
    if (known.variadic != overload.variadic) {
      known = std::move(overload);
    } else {
      known.twice = true;
    }
    return;
  }
  all->push_back(std::move(overload));
}

std::string describe_arguments(const sql::FunctionCall& call, const ExprList& args) {
  std::string text = cat(call.name.back(), "(");
  if (call.name.size() > 1) text = cat(call.name[call.name.size() - 2], ".", text);
  for (size_t i = 0; i < args.size(); ++i) {
    const auto* named = call.arguments[i]->as<sql::NamedArgument>();
    text += cat(i == 0 ? "" : ", ", named == nullptr ? "" : named->name, named == nullptr ? "" : " => ",
                format_type(args[i]->type.oid));
  }
  return text + ")";
}

Candidate candidate_of(const Overload& overload, Oid result) { return {overload.types, result, false, &overload}; }

/// A type as it is in this call.
Type resolved(const Overload& overload, std::span<const Type> types, Oid declared) {
  if (!is_polymorphic(declared)) return Type{declared};
  bool ambiguous = false;
  const Candidate one = candidate_of(overload, declared);
  const auto chosen = choose_candidate({&one, 1}, types, false, &ambiguous);
  return chosen ? chosen->result : Type{declared};
}

}  // namespace

std::string function_identity(const FunctionDef& function) {
  std::string text = cat(function.name, "(");
  bool first = true;
  for (const Oid type : function.input_types()) {
    text += cat(first ? "" : ", ", format_type(type));
    first = false;
  }
  return text + ")";
}

std::vector<FunctionPtr> Binder::functions_named(sql::Name name) const {
  std::vector<FunctionPtr> found;
  const auto add = [&](Oid schema) {
    const auto functions = catalog().functions(schema, name.back());
    found.insert(found.end(), functions.begin(), functions.end());
  };
  if (name.size() > 1) {
    const SchemaDef* schema = catalog().find_schema(name[name.size() - 2]);
    if (schema != nullptr) add(schema->oid);
    return found;
  }
  for (const Oid schema : search_path_) add(schema);
  return found;
}

/// Null: no function of a user has that name, or one of the system's is meant.
absl::StatusOr<std::shared_ptr<BoundCallee>> Binder::find_callee(const sql::FunctionCall& call, const Site& site,
                                                                 bool procedure) {
  const std::vector<FunctionPtr> functions = functions_named(call.name);
  if (functions.empty() && !procedure) return std::shared_ptr<BoundCallee>();
  TROUPE_RETURN_IF_ERROR(check_argument_names(call.arguments));
  ExprList args;
  const bool aggregates = std::ranges::any_of(functions, [](const FunctionPtr& f) { return f->is_aggregate(); });
  Site inner = site;
  inner.in_aggregate = inner.in_aggregate || (aggregates && call.over == nullptr);
  for (const sql::Expr* argument : call.arguments) {
    const auto* named = argument->as<sql::NamedArgument>();
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(named != nullptr ? *named->value : *argument, inner));
    args.push_back(std::move(value));
  }
  std::vector<Type> types;
  for (const ExprPtr& arg : args) types.push_back(is_untyped_row(*arg) ? Type{oid::kUnknown} : arg->type);  // ROW(1, 2)
  std::vector<Overload> overloads;
  const bool systems_too =
      call.name.size() == 1 && (is_function(call.name.back()) || (!procedure && is_aggregate(call.name.back())));
  if (systems_too) {
    for (const Function* f : function_registry().functions(call.name.back())) {
      if (f->arguments.size() == args.size()) overloads.push_back({nullptr, f->arguments, {}, false, 0, false});
    }
    for (const Aggregate& aggregate : all_aggregates()) {
      if (aggregate.name != call.name.back() || aggregate.arguments.size() != args.size()) continue;
      overloads.push_back({nullptr, aggregate.arguments, {}, false, 0, false});
    }
  }
  for (const FunctionPtr& function : functions) {
    if (auto overload = match(call, function)) add_overload(*std::move(overload), &overloads);
  }
  std::vector<Candidate> candidates;
  for (const Overload& overload : overloads) {
    candidates.push_back(candidate_of(overload, overload.function ? overload.function->result : oid::kInvalid));
  }
  bool ambiguous = false;
  const auto chosen = choose_candidate(candidates, types, false, &ambiguous);
  const std::string called = describe_arguments(call, args);
  const std::string_view kind = procedure ? "procedure" : "function";
  if (!chosen && !ambiguous) {
    if (procedure && systems_too) {
      return with_hint(fail(ErrorCode::kWrongObjectType, call, called, " is not a procedure"),
                       "To call a function, use SELECT.");
    }
    if (systems_too) return std::shared_ptr<BoundCallee>();
    if (procedure) {
      return with_hint(
          fail(ErrorCode::kUndefinedFunction, call, "procedure ", called, " does not exist"),
          "No procedure matches the given name and argument types. You might need to add explicit type casts.");
    }
    return with_hint(fail(ErrorCode::kUndefinedFunction, call, "function ", called, " does not exist"),
                     std::string(kAddCasts));
  }
  const auto* overload = chosen ? static_cast<const Overload*>(chosen->candidate->source) : nullptr;
  if (overload == nullptr || overload->twice) {
    return with_hint(fail(ErrorCode::kAmbiguousFunction, call, kind, " ", called, " is not unique"),
                     cat("Could not choose a best candidate ", kind, ". You might need to add explicit type casts."));
  }
  if (overload->function == nullptr) return std::shared_ptr<BoundCallee>();
  if (overload->function->procedure != procedure) {
    if (!procedure) {
      return with_hint(fail(ErrorCode::kWrongObjectType, call, called, " is a procedure"),
                       "To call a procedure, use CALL.");
    }
    return with_hint(fail(ErrorCode::kWrongObjectType, call, called, " is not a procedure"),
                     "To call a function, use SELECT.");
  }
  if (chosen->undetermined) {
    return fail(ErrorCode::kDatatypeMismatch, call,
                "could not determine polymorphic type because input has type unknown");
  }
  auto callee = std::make_shared<BoundCallee>();
  callee->function = overload->function;
  callee->result = chosen->result;
  for (const ArgumentDef* input : inputs_of(*overload->function)) {
    callee->types.push_back(resolved(*overload, types, input->type));
  }
  for (const ArgumentDef* output : overload->function->outputs()) {
    callee->outputs.push_back(resolved(*overload, types, output->type));
  }
  if (overload->function->is_aggregate()) {
    callee->outputs = {resolved(*overload, types, overload->function->aggregate.state)};
  }
  TROUPE_RETURN_IF_ERROR(bind_callee_arguments(call, overload->places, std::move(args), callee.get()));
  depend_on(*callee->function);
  rights.want_function(*callee->function);
  functions_found[&call] = callee->function->oid;
  return callee;
}

absl::Status Binder::bind_callee_arguments(const sql::FunctionCall& call, const std::vector<uint32_t>& places,
                                           ExprList given, BoundCallee* callee) {
  const std::vector<const ArgumentDef*> inputs = inputs_of(*callee->function);
  callee->args.resize(inputs.size());
  std::vector<ExprList> parts(inputs.size());
  for (size_t i = 0; i < given.size(); ++i) parts[places[i]].push_back(std::move(given[i]));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Type type = callee->types[i];
    ExprPtr value;
    if (parts[i].empty()) {
      TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_expression(inputs[i]->default_sql));
      kept_.push_back(parsed);
      const bool outer = std::exchange(foreign_text_, true);
      auto bound = bind(*parsed, Site{nullptr, nullptr, Clause::kDefault, false});
      if (bound.ok()) bound = coerce(*std::move(bound), type, CastContext::kAssignment);
      foreign_text_ = outer;
      TROUPE_ASSIGN_OR_RETURN(value, std::move(bound));
    } else if (inputs[i]->mode == ArgumentMode::variadic && !call.variadic) {
      ExprList elements;
      for (ExprPtr& part : parts[i]) {
        auto element = coerce(std::move(part), Type{element_type_of(type.oid)}, CastContext::kImplicit);
        if (!element.ok()) return at(element.status(), call);
        elements.push_back(*std::move(element));
      }
      value = make_expr(ExprKind::kArray, type, std::move(elements));
    } else {
      auto bound = coerce(std::move(parts[i][0]), type, CastContext::kImplicit);
      if (!bound.ok()) return at(bound.status(), call);
      value = *std::move(bound);
    }
    if (const auto* domain = catalog().find_as<TypeDef>(inputs[i]->domain)) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr holds, bind_domain_check(*domain, value));
      if (holds != nullptr) {
        TROUPE_ASSIGN_OR_RETURN(value, checked_value(std::move(value), std::move(holds)));
      }
    }
    callee->args[i] = std::move(value);
  }
  // What stands in the place of OUT arguments is not used.
  for (size_t i = inputs.size(); i-- > 0;) {
    if (inputs[i]->is_input()) continue;
    callee->args.erase(callee->args.begin() + static_cast<ptrdiff_t>(i));
    callee->types.erase(callee->types.begin() + static_cast<ptrdiff_t>(i));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<BoundCallee>> Binder::bind_callee(const sql::FunctionCall& call, bool procedure) {
  return find_callee(call, Site{nullptr, nullptr, Clause::kArgument, false}, procedure);
}

}  // namespace troupe
