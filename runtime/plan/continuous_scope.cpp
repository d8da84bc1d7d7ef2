#include "runtime/plan/continuous_scope.hpp"

#include <algorithm>

#include "runtime/sql/children.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {

std::optional<ContinuousScope::Found> ContinuousScope::find(const sql::ColumnRef& ref) const {
  if (ref.star || ref.name.empty()) return std::nullopt;
  const std::string_view column = ref.name.back();
  const bool bare = ref.name.size() == 1;
  if (const auto at = merged.find(column); bare && at != merged.end()) return Found{nullptr, 0, at->second, this};
  for (const ContinuousSource& source : sources) {
    if (!bare && source.name != ref.name[ref.name.size() - 2]) continue;
    const auto at = std::find(source.columns.begin(), source.columns.end(), column);
    if (at != source.columns.end()) {
      return Found{&source, static_cast<size_t>(at - source.columns.begin()), nullptr, this};
    }
    if (!bare) return std::nullopt;
  }
  return outer == nullptr ? std::nullopt : outer->find(ref);
}

bool ContinuousScope::is_row(const sql::ColumnRef& ref) const {
  if (ref.star) return true;
  if (ref.name.size() != 1 || find(ref)) return false;
  const auto named = [&](const ContinuousSource& source) { return source.name == ref.name[0]; };
  return std::any_of(sources.begin(), sources.end(), named) || (outer != nullptr && outer->is_row(ref));
}

void visit_syntax(const sql::Node& node, const std::function<bool(const sql::Node&)>& enter) {
  if (!enter(node)) return;
  sql::for_each_child(node, [&](const sql::Node& child) { visit_syntax(child, enter); });
}

namespace {

bool has(const sql::Node& node, const std::function<bool(const sql::Node&)>& wanted) {
  bool found = false;
  visit_syntax(node, [&](const sql::Node& inner) {
    found = found || wanted(inner);
    const auto* subquery = inner.as<sql::SubqueryExpr>();
    if (subquery != nullptr && subquery->test != nullptr) found = found || has(*subquery->test, wanted);
    return !found && subquery == nullptr && !inner.is<sql::SubqueryRef>();
  });
  return found;
}

}  // namespace

bool has_subquery(const sql::Node& node) {
  return has(node, [](const sql::Node& inner) { return inner.is<sql::SubqueryExpr>(); });
}

bool has_aggregate(const sql::Node& node) {
  return has(node, [](const sql::Node& inner) {
    const auto* call = inner.as<sql::FunctionCall>();
    return inner.is<sql::GroupingExpr>() ||
           (call != nullptr && call->over == nullptr && is_aggregate(call->name.back()));
  });
}

bool has_window_call(const sql::Node& node) {
  return has(node, [](const sql::Node& inner) {
    const auto* call = inner.as<sql::FunctionCall>();
    return call != nullptr && call->over != nullptr;
  });
}

}  // namespace troupe
