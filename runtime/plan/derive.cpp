/// Conditions that follow from others: with them a relation has fewer rows before it is joined.
#include <algorithm>
#include <utility>

#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

bool speaks_only_of(const Expr& expr, uint32_t relation) {
  std::vector<uint32_t> mentioned;
  collect_relations(expr, &mentioned);
  return !mentioned.empty() &&
         std::all_of(mentioned.begin(), mentioned.end(), [&](uint32_t other) { return other == relation; });
}

/// What each arm of an OR asks of one relation; null when an arm asks nothing of it.
ExprPtr restriction(const std::vector<ExprList>& arms, uint32_t relation) {
  ExprList parts;
  for (const ExprList& arm : arms) {
    ExprList of_relation;
    std::copy_if(arm.begin(), arm.end(), std::back_inserter(of_relation), [&](const ExprPtr& part) {
      return speaks_only_of(*part, relation) && volatility_of(*part) != Volatility::kVolatile && !has_subquery(*part);
    });
    if (of_relation.empty()) return nullptr;
    parts.push_back(make_and(std::move(of_relation)));
  }
  return make_or(std::move(parts));
}

}  // namespace

void derive_constants(ExprList* conditions, const EvalContext& context) {
  const auto is_value = [](const Expr& e) {
    return e.is_constant() || e.kind == ExprKind::kParameter || e.kind == ExprKind::kSlot;
  };
  for (size_t i = 0; i < conditions->size(); ++i) {
    const ExprPtr known = (*conditions)[i];
    if (!is_equality(*known)) continue;
    const bool value_right = is_value(known->arg(1)) && known->arg(0).is_column();
    if (!value_right) continue;
    for (size_t j = 0; j < conditions->size(); ++j) {
      const ExprPtr link = (*conditions)[j];
      if (!is_equality(*link) || link->call.function != known->call.function) continue;
      if (!link->arg(0).is_column() || !link->arg(1).is_column()) continue;
      for (size_t side = 0; side < 2; ++side) {
        if (!equal(link->arg(side), known->arg(0))) continue;
        const auto derived = make_operator("=", link->args[1 - side], known->args[1], context);
        if (!derived.ok()) continue;
        if (!is_among(*derived, *conditions)) conditions->push_back(*derived);
      }
    }
  }
}

/// (a.x = 1 AND b.y = 2) OR (a.x = 3 AND b.y = 4) makes a.x = 1 OR a.x = 3, and the same for b.
void derive_restrictions(const std::vector<uint32_t>& relations, ExprList* conditions) {
  const size_t given = conditions->size();
  for (size_t i = 0; i < given; ++i) {
    const ExprPtr condition = (*conditions)[i];
    if (condition->kind != ExprKind::kOr) continue;
    std::vector<uint32_t> mentioned;
    collect_relations(*condition, &mentioned);
    std::sort(mentioned.begin(), mentioned.end());
    mentioned.erase(std::unique(mentioned.begin(), mentioned.end()), mentioned.end());
    if (mentioned.size() < 2) continue;
    std::vector<ExprList> arms(condition->args.size());
    for (size_t arm = 0; arm < arms.size(); ++arm) split_and(condition->args[arm], &arms[arm]);
    for (const uint32_t relation : mentioned) {
      if (!std::binary_search(relations.begin(), relations.end(), relation)) continue;
      const ExprPtr derived = restriction(arms, relation);
      if (derived != nullptr && !is_among(derived, *conditions)) conditions->push_back(derived);
    }
  }
}

}  // namespace troupe
