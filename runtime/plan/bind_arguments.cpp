/// Arguments by name, and arguments left out: name => value where PostgreSQL names a function's parameters.
#include <algorithm>
#include <array>

#include "runtime/plan/binder.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

constexpr size_t kParametersMax = 7;

/// Those after the first `required` are 0, {} or false when they are left out.
struct NamedFunction {
  std::string_view name;
  size_t required;
  std::array<std::string_view, kParametersMax> parameters;

  size_t size() const {
    return static_cast<size_t>(std::find(parameters.begin(), parameters.end(), "") - parameters.begin());
  }
  size_t find(std::string_view parameter) const {
    return static_cast<size_t>(std::find(parameters.begin(), parameters.end(), parameter) - parameters.begin());
  }
};

constexpr NamedFunction kNamedFunctions[] = {
    {"jsonb_path_exists", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_exists_tz", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_match", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_match_tz", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_query", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_query_array", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_query_array_tz", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_query_first", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_query_first_tz", 2, {"target", "path", "vars", "silent"}},
    {"jsonb_path_query_tz", 2, {"target", "path", "vars", "silent"}},
    {"make_date", 3, {"year", "month", "day"}},
    {"make_interval", 0, {"years", "months", "weeks", "days", "hours", "mins", "secs"}},
    {"make_time", 3, {"hour", "min", "sec"}},
    {"make_timestamp", 6, {"year", "month", "mday", "hour", "min", "sec"}},
    {"make_timestamptz", 6, {"year", "month", "mday", "hour", "min", "sec"}},
    {"pg_terminate_backend", 1, {"pid", "timeout"}},
};

/// Where each argument goes; nothing when they are not the function's.
std::optional<std::vector<size_t>> places_of(const NamedFunction& function, sql::ExprList arguments) {
  std::vector<size_t> places;
  std::array<bool, kParametersMax> given{};
  for (const sql::Expr* argument : arguments) {
    const auto* named = argument->as<sql::NamedArgument>();
    const size_t place = named != nullptr ? function.find(named->name) : places.size();
    if (place >= function.size() || given[place]) return std::nullopt;
    given[place] = true;
    places.push_back(place);
  }
  for (size_t i = 0; i < function.required; ++i) {
    if (!given[i]) return std::nullopt;
  }
  return places;
}

ExprPtr default_of(std::string_view parameter) {
  if (parameter == "vars") return make_constant(Type{oid::kJsonb}, Value::text("{}"));
  if (parameter == "silent") return make_bool(false);
  return make_constant(Type{oid::kInt4}, Value::of(int32_t{0}));
}

bool is_named(const sql::Expr* argument) { return argument->is<sql::NamedArgument>(); }

/// A driver's place for what a procedure call returns (JDBC's `{? = call f(?)}`): it is passed along, and no argument.
bool is_returned_value(const Expr& argument) {
  return argument.kind == ExprKind::kParameter && argument.type.oid == oid::kVoid;
}

}  // namespace

absl::Status Binder::check_argument_names(sql::ExprList arguments) const {
  std::vector<std::string_view> names;
  for (const sql::Expr* argument : arguments) {
    const auto* named = argument->as<sql::NamedArgument>();
    if (named == nullptr) {
      if (names.empty()) continue;
      return fail(ErrorCode::kSyntaxError, *argument, "positional argument cannot follow named argument");
    }
    if (std::find(names.begin(), names.end(), named->name) != names.end()) {
      return fail(ErrorCode::kSyntaxError, *argument, "argument name \"", named->name, "\" used more than once");
    }
    names.push_back(named->name);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExprList> Binder::bind_arguments(const sql::FunctionCall& call, const Site& site) {
  const std::string_view name = call.name.back();
  const bool named = std::any_of(call.arguments.begin(), call.arguments.end(), is_named);
  if (named) TROUPE_RETURN_IF_ERROR(check_argument_names(call.arguments));
  ExprList args;
  args.reserve(call.arguments.size());
  for (const sql::Expr* argument : call.arguments) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr value,
                            bind(is_named(argument) ? *argument->to<sql::NamedArgument>().value : *argument, site));
    args.push_back(std::move(value));
  }
  for (const NamedFunction& function : kNamedFunctions) {
    if (function.name != name) continue;
    const auto places = places_of(function, call.arguments);
    if (!places) continue;
    ExprList all(function.size());
    for (size_t i = 0; i < args.size(); ++i) all[(*places)[i]] = std::move(args[i]);
    for (size_t i = 0; i < all.size(); ++i) {
      if (!all[i]) all[i] = default_of(function.parameters[i]);
    }
    return all;
  }
  if (!named) {
    std::erase_if(args, [](const ExprPtr& argument) { return is_returned_value(*argument); });
    return args;
  }
  std::string text = cat(name, "(");
  for (size_t i = 0; i < args.size(); ++i) {
    const auto* argument = call.arguments[i]->as<sql::NamedArgument>();
    text += cat(i == 0 ? "" : ", ", argument == nullptr ? "" : argument->name, argument == nullptr ? "" : " => ",
                format_type(args[i]->type.oid));
  }
  return with_hint(fail(ErrorCode::kUndefinedFunction, call, "function ", text, ") does not exist"),
                   "No function matches the given name and argument types. You might need to add explicit type casts.");
}

}  // namespace troupe
