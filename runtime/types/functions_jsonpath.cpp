#include "runtime/types/jsonpath_run.hpp"
#include "runtime/types/kernel.hpp"

/// jsonb_path_exists, _match, _query_array, _query_first, their _tz forms, @? and @@.
namespace troupe {
namespace {

using View = std::string_view;

absl::StatusOr<std::optional<std::string>> query_first(const PathCall& call, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const auto found, run_jsonpath(call, context));
  if (!found || found->empty()) return std::nullopt;
  return std::optional(json_of(found->front()));
}

absl::StatusOr<std::optional<std::string>> query_array(const PathCall& call, EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const auto found, run_jsonpath(call, context));
  std::string out = "[";
  if (found) {
    for (const PathItem& item : *found) out += cat(out.size() > 1 ? ", " : "", json_of(item));
  }
  return std::optional(out + "]");
}

/// With vars and silent left out, too.
template <auto F, bool WithZone>
void add(Registrar& to, std::string_view name, Oid result) {
  const Volatility volatility = WithZone ? Volatility::kStable : Volatility::kImmutable;
  const std::string full = cat(name, WithZone ? "_tz" : "");
  to.function<[](EvalContext& c, View json, View path) {
    return F({json, path, "{}", false, WithZone}, c);
  }>(full, {oid::kJsonb, oid::kJsonpath}, result, volatility);
  to.function<[](EvalContext& c, View json, View path, View vars) {
    return F({json, path, vars, false, WithZone}, c);
  }>(full, {oid::kJsonb, oid::kJsonpath, oid::kJsonb}, result, volatility);
  to.function<[](EvalContext& c, View json, View path, View vars, bool silent) {
    return F({json, path, vars, silent, WithZone}, c);
  }>(full, {oid::kJsonb, oid::kJsonpath, oid::kJsonb, oid::kBool}, result, volatility);
}
template <auto F>
void add_both(Registrar& to, std::string_view name, Oid result) {
  add<F, false>(to, name, result);
  add<F, true>(to, name, result);
}

}  // namespace

void register_jsonpath(Registrar& to) {
  add_both<jsonpath_exists>(to, "jsonb_path_exists", oid::kBool);
  add_both<jsonpath_match>(to, "jsonb_path_match", oid::kBool);
  add_both<query_array>(to, "jsonb_path_query_array", oid::kJsonb);
  add_both<query_first>(to, "jsonb_path_query_first", oid::kJsonb);
  to.op_and_function<[](EvalContext& c, View json, View path) {
    return jsonpath_exists({json, path, "{}", true}, c);
  }>("@?", "jsonb_path_exists_opr", {oid::kJsonb, oid::kJsonpath}, oid::kBool);
  to.op_and_function<[](EvalContext& c, View json, View path) {
    return jsonpath_match({json, path, "{}", true}, c);
  }>("@@", "jsonb_path_match_opr", {oid::kJsonb, oid::kJsonpath}, oid::kBool);
}

}  // namespace troupe
