/// ROWS FROM (...) with users' functions in it.
#include "runtime/plan/binder.hpp"

namespace troupe {
namespace {

ExprPtr coalesce(const ExprList& values) {
  return values.size() == 1 ? values[0] : make_expr(ExprKind::kCoalesce, values[0]->type, ExprList(values));
}

}  // namespace

absl::StatusOr<Binder::FromItem> Binder::bind_rows_from(const sql::FunctionRef& ref, Scope* scope, BoundQuery* query) {
  auto joined = std::make_shared<BoundQuery>();
  FromPtr tree;
  ExprList numbers;
  for (const sql::TableFunction& function : ref.functions) {
    auto one = std::make_shared<sql::FunctionRef>();
    one->kind = sql::FunctionRef::kKind;
    one->position = ref.position;
    one->functions = sql::List<sql::TableFunction>(&function, 1);
    one->ordinality = one->rows_from = true;
    kept_.push_back(one);
    TROUPE_ASSIGN_OR_RETURN(FromItem item, bind_function_ref(*one, scope, joined.get()));
    const BoundRelation& relation = *item.names->relation;
    const auto width = static_cast<uint32_t>(relation.size()) - 1;
    for (uint32_t i = 0; i < width; ++i) {
      joined->targets.push_back({column_of(relation, i), std::string(relation.name_of(i))});
    }
    const ExprPtr number = column_of(relation, width);
    if (tree == nullptr) {
      tree = item.tree;
    } else {
      auto join = std::make_shared<FromTree>();
      join->join = JoinKind::kFull;
      join->left = tree;
      join->right = item.tree;
      TROUPE_ASSIGN_OR_RETURN(join->condition, operate("=", coalesce(numbers), number, ref));
      tree = std::move(join);
    }
    numbers.push_back(number);
  }
  joined->from.push_back(tree);
  joined->order.push_back({.value = coalesce(numbers)});
  if (ref.ordinality) joined->targets.push_back({coalesce(numbers), "ordinality"});
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  relation->lateral = true;
  for (const BoundTarget& target : joined->targets) {
    relation->names.push_back(target.name);
    relation->types.push_back(target.value->type);
  }
  relation->query = std::move(joined);
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  const auto* first = ref.functions[0].call->as<sql::FunctionCall>();
  const std::string_view name = first != nullptr ? first->name.back() : std::string_view("value");
  return leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : name, query);
}

}  // namespace troupe
