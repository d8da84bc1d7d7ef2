/// Which relations and columns expressions and queries mention.
#include <algorithm>

#include "runtime/plan/query_planner.hpp"

namespace troupe {

std::vector<Type> types_of(const ExprList& exprs) {
  std::vector<Type> types;
  types.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) types.push_back(expr->type);
  return types;
}

namespace {

bool is_time_type(Oid type) {
  const char category = type_info(type).category;
  return category == 'D' || category == 'T';
}

/// Stable functions look at the clock and the time zone, or else at the catalog.
bool needs_session(const BoundFunction& call) {
  if (call.function->volatility == Volatility::kImmutable) return false;
  if (call.function->volatility == Volatility::kVolatile) return true;
  if (is_time_type(call.result.oid)) return false;
  return std::none_of(call.arguments.begin(), call.arguments.end(),
                      [](const Type& type) { return is_time_type(type.oid); });
}

}  // namespace

bool runs_in_partition(const Expr& expr) {
  bool runs = true;
  visit_expr(expr, [&](const Expr& part) {
    runs = runs && part.kind != ExprKind::kSequence && part.kind != ExprKind::kNamedSetting &&
           !is_reg_type(part.type.oid) && (part.call.function == nullptr || !needs_session(part.call));
  });
  return runs;
}

namespace {

using Visit = std::function<void(const ExprPtr&)>;

void visit_tree(const FromTree& tree, const Visit& visit) {
  if (!tree.relation) {
    visit_tree(*tree.left, visit);
    visit_tree(*tree.right, visit);
    if (tree.condition) visit(tree.condition);
    return;
  }
  const BoundRelation& relation = *tree.relation;
  if (relation.query) visit_query(*relation.query, visit);
  for (const ExprPtr& condition : relation.security) visit(condition);
  for (const auto& call : relation.calls) {
    for (const ExprPtr& arg : call.args) visit(arg);
  }
  for (const ExprList& row : relation.values) {
    for (const ExprPtr& value : row) visit(value);
  }
}

void define_tree(const FromTree& tree, std::vector<uint32_t>* defined, std::vector<uint32_t>* mentioned) {
  if (!tree.relation) {
    define_tree(*tree.left, defined, mentioned);
    define_tree(*tree.right, defined, mentioned);
    return;
  }
  defined->push_back(tree.relation->number);
  if (tree.relation->query) collect_relations(*tree.relation->query, defined, mentioned);
}

}  // namespace

void visit_query(const BoundQuery& query, const Visit& visit) {
  for (const FromPtr& tree : query.from) visit_tree(*tree, visit);
  if (query.left) visit_query(*query.left, visit);
  if (query.right) visit_query(*query.right, visit);
  const auto visit_if = [&](const ExprPtr& expr) {
    if (expr) visit(expr);
  };
  visit_if(query.where);
  if (query.match) query.match->visit_all(visit);
  for (const ExprPtr& group : query.groups) visit(group);
  visit_if(query.having);
  for (const ExprPtr& aggregate : query.hoisted) visit(aggregate);
  for (const WindowSpec& window : query.windows) {
    for (const ExprPtr& value : window.partition_by) visit(value);
    for (const SortKey& key : window.order) visit(key.value);
  }
  for (const BoundTarget& target : query.targets) visit(target.value);
  for (const ExprPtr& on : query.distinct_on) visit(on);
  for (const SortKey& key : query.order) visit(key.value);
  visit_if(query.limit);
  visit_if(query.offset);
}

void collect_relations(const Expr& expr, std::vector<uint32_t>* out) {
  const auto add = [out](uint32_t relation) {
    const auto at = std::lower_bound(out->begin(), out->end(), relation);
    if (at == out->end() || *at != relation) out->insert(at, relation);
  };
  std::vector<uint32_t> results;  // what the conditions of IN and its kin call the rows of their queries
  visit_expr(expr, [&](const Expr& part) {
    if (part.is_column() && std::find(results.begin(), results.end(), part.relation) == results.end()) {
      add(part.relation);
    }
    if (!part.subquery) return;
    results.push_back(part.subquery->relation);
    std::vector<uint32_t> defined, mentioned;
    collect_relations(*part.subquery->query, &defined, &mentioned);
    std::sort(defined.begin(), defined.end());
    for (const uint32_t relation : mentioned) {
      if (!std::binary_search(defined.begin(), defined.end(), relation)) add(relation);
    }
  });
}

void collect_relations(const BoundQuery& query, std::vector<uint32_t>* defined, std::vector<uint32_t>* mentioned) {
  for (const FromPtr& tree : query.from) define_tree(*tree, defined, mentioned);
  if (query.set_relation != 0) defined->push_back(query.set_relation);
  if (query.hoisted_relation != 0) defined->push_back(query.hoisted_relation);
  if (query.match) defined->insert(defined->end(), {query.match->values_relation, query.match->output_relation});
  if (query.left) collect_relations(*query.left, defined, mentioned);
  if (query.right) collect_relations(*query.right, defined, mentioned);
  visit_query(query, [&](const ExprPtr& expr) { collect_relations(*expr, mentioned); });
}

namespace {

const BoundRelation* relation_in(const FromTree& tree, uint32_t number) {
  if (tree.relation) return tree.relation->number == number ? tree.relation.get() : nullptr;
  const BoundRelation* left = relation_in(*tree.left, number);
  return left != nullptr ? left : relation_in(*tree.right, number);
}

}  // namespace

const BoundRelation* relation_in(const BoundQuery& query, uint32_t number) {
  for (const FromPtr& tree : query.from) {
    if (const BoundRelation* found = relation_in(*tree, number)) return found;
  }
  return nullptr;
}

void collect_nullable(const FromTree& tree, bool nullable, std::vector<uint32_t>* out) {
  if (tree.relation) {
    if (nullable) out->push_back(tree.relation->number);
    return;
  }
  const bool full = tree.join == JoinKind::kFull;
  collect_nullable(*tree.left, nullable || full || tree.join == JoinKind::kRight, out);
  collect_nullable(*tree.right, nullable || full || tree.join == JoinKind::kLeft, out);
}

bool has_subquery(const Expr& expr) {
  bool found = false;
  visit_expr(expr, [&](const Expr& part) { found = found || part.subquery != nullptr; });
  return found;
}

bool QueryPlanner::is_correlated(const BoundQuery& query) const {
  std::vector<uint32_t> defined, mentioned;
  collect_relations(query, &defined, &mentioned);
  std::sort(defined.begin(), defined.end());
  return std::any_of(mentioned.begin(), mentioned.end(),
                     [&](uint32_t relation) { return !std::binary_search(defined.begin(), defined.end(), relation); });
}

void QueryPlanner::need(const ExprPtr& expr) {
  if (!expr) return;
  visit_expr(*expr, [&](const Expr& part) {
    if (part.is_column()) {
      std::vector<uint32_t>& columns = needed(part.relation);
      if (std::find(columns.begin(), columns.end(), part.index) == columns.end()) columns.push_back(part.index);
    }
    if (part.subquery) need_query(*part.subquery->query);
  });
}

/// What a query asks of its relations, apart from WHERE: conditions are pushed down first.
void QueryPlanner::need_query(const BoundQuery& query) {
  if (query.modify) return;
  for (const BoundTarget& target : query.targets) need(target.value);
  if (query.match) query.match->visit_all([this](const ExprPtr& expr) { need(expr); });
  for (const ExprPtr& group : query.groups) need(group);
  need(query.having);
  for (const ExprPtr& aggregate : query.hoisted) need(aggregate);
  for (const WindowSpec& window : query.windows) {
    for (const ExprPtr& value : window.partition_by) need(value);
    for (const SortKey& key : window.order) need(key.value);
  }
  for (const ExprPtr& on : query.distinct_on) need(on);
  for (const SortKey& key : query.order) need(key.value);
  need(query.limit);
  need(query.offset);
  // A condition on the only relation is its scan's business, unless a subquery in it looks elsewhere.
  const BoundRelation* only = query.from.size() == 1 ? query.from[0]->relation.get() : nullptr;
  const auto is_local = [only](const ExprPtr& condition) {
    bool local = only != nullptr;
    visit_expr(*condition, [&](const Expr& part) {
      local = local && !part.subquery && (!part.is_column() || part.relation == only->number);
    });
    return local;
  };
  ExprList conditions;
  split_and(query.where, &conditions);
  for (const ExprPtr& condition : conditions) {
    if (!query.locks.empty() || !is_local(condition)) need(condition);
  }
  for (const FromPtr& tree : query.from) need_from(*tree);
  for (const BoundLock& lock : query.locks) {
    needed(lock.relation).push_back(kRowKeyColumn);
    const BoundRelation* locked = relation_in(query, lock.relation);
    const bool partitioned = locked != nullptr && locked->table && locked->table->is_partitioned();
    if (partitioned) needed(lock.relation).push_back(kTableOidColumn);
  }
  if (query.left) need_query(*query.left);
  if (query.right) need_query(*query.right);
}

void QueryPlanner::need_from(const FromTree& tree) {
  if (!tree.relation) {
    need(tree.condition);
    need_from(*tree.left);
    need_from(*tree.right);
    return;
  }
  for (const auto& call : tree.relation->calls) {
    for (const ExprPtr& arg : call.args) need(arg);
  }
  for (const ExprList& row : tree.relation->values) {
    for (const ExprPtr& value : row) need(value);
  }
  for (const ExprPtr& condition : tree.relation->security) need(condition);
  if (tree.relation->query) need_query(*tree.relation->query);
}

}  // namespace troupe
