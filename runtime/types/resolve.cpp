#include "runtime/types/resolve.hpp"

#include <algorithm>
#include <optional>

#include "runtime/types/candidates.hpp"
#include "runtime/types/cast.hpp"
#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

std::vector<Candidate> candidates_of(std::span<const Function* const> functions) {
  std::vector<Candidate> out;
  for (const Function* f : functions) out.push_back({f->arguments, f->result, f->variadic, f});
  return out;
}

std::vector<Candidate> aggregates_named(std::string_view name) {
  std::vector<Candidate> out;
  for (const Aggregate& a : all_aggregates()) {
    if (a.name == name) out.push_back({a.arguments, a.result, false, &a});
  }
  return out;
}

absl::Status no_function(std::string_view name, std::span<const Type> arguments, bool ambiguous) {
  if (ambiguous) {
    return with_hint(error(ErrorCode::kAmbiguousFunction, "function ", describe_call(name, arguments), " is not unique"),
                     "Could not choose a best candidate function. You might need to add explicit type casts.");
  }
  return with_hint(error(ErrorCode::kUndefinedFunction, "function ", describe_call(name, arguments), " does not exist"),
                   "No function matches the given name and argument types. You might need to add explicit type casts.");
}

std::string describe_operator(std::string_view symbol, std::span<const Type> arguments) {
  if (arguments.size() == 1) return cat(symbol, " ", format_type(arguments[0].oid));
  return cat(format_type(arguments[0].oid), " ", symbol, " ", format_type(arguments[1].oid));
}

absl::Status no_operator(std::string_view symbol, std::span<const Type> arguments, bool ambiguous) {
  if (ambiguous) {
    return with_hint(error(ErrorCode::kAmbiguousFunction, "operator is not unique: ", describe_operator(symbol, arguments)),
                     "Could not choose a best candidate operator. You might need to add explicit type casts.");
  }
  return with_hint(error(ErrorCode::kUndefinedFunction, "operator does not exist: ", describe_operator(symbol, arguments)),
                   arguments.size() == 1
                       ? "No operator matches the given name and argument type. You might need to add an explicit type cast."
                       : "No operator matches the given name and argument types. You might need to add explicit type casts.");
}

absl::Status undetermined() {
  return error(ErrorCode::kDatatypeMismatch, "could not determine polymorphic type because input has type unknown");
}

absl::StatusOr<FunctionMatch> bound(const Chosen& chosen) {
  if (chosen.undetermined) return undetermined();
  return FunctionMatch{static_cast<const Function*>(chosen.candidate->source), chosen.arguments, chosen.result};
}

}  // namespace

std::string describe_call(std::string_view name, std::span<const Type> arguments) {
  std::string out = cat(name, "(");
  for (size_t i = 0; i < arguments.size(); ++i) out += cat(i == 0 ? "" : ", ", format_type(arguments[i].oid));
  return out + ")";
}

absl::StatusOr<FunctionMatch> resolve_function(std::string_view name, std::span<const Type> arguments) {
  const auto candidates = candidates_of(function_registry().functions(name));
  bool ambiguous = false;
  const auto chosen = choose_candidate(candidates, arguments, false, &ambiguous);
  if (!chosen) return no_function(name, arguments, ambiguous);
  return bound(*chosen);
}

absl::StatusOr<FunctionMatch> resolve_operator(std::string_view symbol, std::span<const Type> arguments) {
  std::string_view wanted = symbol == "!=" ? std::string_view("<>") : symbol;
  const auto candidates = candidates_of(function_registry().operators(wanted));
  bool ambiguous = false;
  const auto chosen = choose_candidate(candidates, arguments, true, &ambiguous);
  if (!chosen) return no_operator(symbol, arguments, ambiguous);
  return bound(*chosen);
}

absl::StatusOr<BoundAggregate> resolve_aggregate(std::string_view name, std::span<const Type> arguments) {
  const auto candidates = aggregates_named(name);
  bool ambiguous = false;
  const auto chosen = choose_candidate(candidates, arguments, false, &ambiguous);
  if (!chosen) return no_function(name, arguments, ambiguous);
  if (chosen->undetermined) return undetermined();
  return BoundAggregate{static_cast<const Aggregate*>(chosen->candidate->source), chosen->arguments, chosen->result};
}

bool is_aggregate(std::string_view name) { return !aggregates_named(name).empty(); }
bool is_function(std::string_view name) { return !function_registry().functions(name).empty(); }

absl::StatusOr<Type> select_common_type(std::span<const Type> types, std::string_view what) {
  TROUPE_CHECK(!types.empty());
  // All alike, modifier and all.
  if (types[0].oid != oid::kUnknown &&
      std::all_of(types.begin(), types.end(), [&](const Type& t) { return t.oid == types[0].oid; })) {
    const bool same_modifier = std::all_of(types.begin(), types.end(), [&](const Type& t) { return t == types[0]; });
    return same_modifier ? types[0] : Type{types[0].oid};
  }
  Oid common = oid::kUnknown;
  for (const Type& t : types) {
    if (t.oid == oid::kUnknown || t.oid == common) continue;
    if (common == oid::kUnknown) {
      common = t.oid;
      continue;
    }
    const TypeInfo& old_type = type_info(common);
    const TypeInfo& new_type = type_info(t.oid);
    if (old_type.category != new_type.category) {
      return error(ErrorCode::kDatatypeMismatch, what, " types ", format_type(common), " and ", format_type(t.oid),
                   " cannot be matched");
    }
    if (!old_type.preferred && can_cast(common, t.oid, CastContext::kImplicit) &&
        !can_cast(t.oid, common, CastContext::kImplicit)) {
      common = t.oid;
    }
  }
  if (common == oid::kUnknown) common = oid::kText;
  for (const Type& t : types) {
    if (!can_cast(t.oid, common, CastContext::kImplicit)) {
      return error(ErrorCode::kCannotCoerce, what, " could not convert type ", format_type(t.oid), " to ", format_type(common));
    }
  }
  return Type{common};
}

}  // namespace troupe
