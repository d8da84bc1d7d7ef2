// Queries.
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/deparser.hpp"

namespace troupe::sql {

void Deparser::alias(const Alias* alias) {
  if (alias == nullptr) return;
  write(" AS ");
  identifier(alias->name);
  if (alias->columns.empty()) return;
  write("(");
  list(alias->columns, [this](std::string_view name) { identifier(name); });
  write(")");
}

void Deparser::common_table(const CommonTable& table) {
  identifier(table.name);
  if (!table.columns.empty()) {
    write("(");
    list(table.columns, [this](std::string_view name) { identifier(name); });
    write(")");
  }
  write(" AS ");
  if (table.materialized == Materialization::kAlways) write("MATERIALIZED ");
  if (table.materialized == Materialization::kNever) write("NOT MATERIALIZED ");
  write("(");
  if (const auto* query = table.query->as<SelectStatement>()) select(*query);
  else data_modifying(*table.query);
  write(")");
  const auto names = [this](List<std::string_view> columns) {
    list(columns, [this](std::string_view name) { identifier(name); });
  };
  if (const SearchClause* search = table.search) {
    write(search->breadth_first ? " SEARCH BREADTH FIRST BY " : " SEARCH DEPTH FIRST BY ");
    names(search->columns);
    write(" SET ");
    identifier(search->sequence_column);
  }
  if (const CycleClause* cycle = table.cycle) {
    write(" CYCLE ");
    names(cycle->columns);
    write(" SET ");
    identifier(cycle->mark_column);
    if (cycle->mark_value != nullptr) {
      write(" TO ");
      expr(*cycle->mark_value);
      write(" DEFAULT ");
      expr(*cycle->mark_default);
    }
    write(" USING ");
    identifier(cycle->path_column);
  }
}

void Deparser::with(const WithClause& with) {
  write(with.recursive ? "WITH RECURSIVE " : "WITH ");
  list(with.tables, [this](const CommonTable* table) { common_table(*table); });
  write(" ");
}

void Deparser::target(const Target& target) {
  expr(*target.value);
  const auto alias = target.alias.empty() && texts_ != nullptr && texts_->alias
                         ? texts_->alias(target)
                         : std::optional<std::string>(target.alias);
  if (!alias || alias->empty()) return;
  write(" AS ");
  identifier(*alias);
}

void Deparser::grouping_set(const GroupingSet& set) {
  switch (set.type) {
    case GroupingSet::Type::kEmpty: return write("()");
    case GroupingSet::Type::kSimple: return exprs(set.expressions);
    case GroupingSet::Type::kRollup:
    case GroupingSet::Type::kCube:
      write(set.type == GroupingSet::Type::kCube ? "CUBE(" : "ROLLUP(");
      exprs(set.expressions);
      return write(")");
    case GroupingSet::Type::kSets:
      write("GROUPING SETS (");
      list(set.sets, [this](const GroupingSet* inner) { grouping_set(*inner); });
      return write(")");
  }
}

void Deparser::connect_by(const ConnectBy& clause) {
  if (clause.start_with != nullptr) {
    write(" START WITH ");
    expr(*clause.start_with);
  }
  write(clause.no_cycle ? " CONNECT BY NOCYCLE " : " CONNECT BY ");
  expr(*clause.condition);
}

void Deparser::plain_select(const SelectStatement& query) {
  write("SELECT");
  if (query.distinct) write(" DISTINCT");
  if (!query.distinct_on.empty()) {
    write(" ON (");
    exprs(query.distinct_on);
    write(")");
  }
  if (!query.targets.empty()) write(" ");
  list(query.targets, [this](const Target* item) { target(*item); });
  if (!query.from.empty()) write(" FROM ");
  list(query.from, [this](const FromItem* item) { from_item(*item); });
  const auto clause = [this](std::string_view word, const Expr* value) {
    if (value == nullptr) return;
    write(word);
    expr(*value);
  };
  clause(" WHERE ", query.where);
  if (query.connect_by != nullptr) connect_by(*query.connect_by);
  if (!query.group_by.empty()) write(query.group_distinct ? " GROUP BY DISTINCT " : " GROUP BY ");
  list(query.group_by, [this](const GroupingSet* set) { grouping_set(*set); });
  clause(" HAVING ", query.having);
  if (!query.windows.empty()) write(" WINDOW ");
  list(query.windows, [this](const WindowDefinition* item) {
    identifier(item->name);
    write(" AS ");
    window(*item);
  });
}

// A side of a set operation: in parentheses where its own clauses would otherwise go to the whole.
void Deparser::set_operand(const SelectStatement& query) {
  const bool bare = query.operation == SetOperation::kNone && query.with == nullptr && query.order_by.empty() &&
                    query.limit == nullptr && query.offset == nullptr && query.locking.empty();
  if (!bare) write("(");
  select(query);
  if (!bare) write(")");
}

void Deparser::locking(const LockingClause& clause) {
  constexpr std::string_view kWords[] = {" FOR KEY SHARE", " FOR SHARE", " FOR NO KEY UPDATE", " FOR UPDATE"};
  write(kWords[static_cast<size_t>(clause.strength)]);
  if (!clause.tables.empty()) write(" OF ");
  list(clause.tables, [this](const TableRef* table) { table_ref(*table); });
  if (clause.wait == LockWait::kNoWait) write(" NOWAIT");
  if (clause.wait == LockWait::kSkipLocked) write(" SKIP LOCKED");
}

void Deparser::tail(const SelectStatement& query) {
  if (!query.order_by.empty()) {
    write(" ");
    order_by(query.order_by);
  }
  if (query.offset != nullptr) {
    write(" OFFSET ");
    expr(*query.offset);
  }
  if (query.limit != nullptr && query.with_ties) {
    write(" FETCH FIRST (");
    expr(*query.limit);
    write(") ROWS WITH TIES");
  } else if (query.limit != nullptr) {
    const auto* literal = query.limit->as<Literal>();
    const bool all = literal != nullptr && literal->type == LiteralType::kNull;
    write(all ? " LIMIT ALL" : " LIMIT ");
    if (!all) expr(*query.limit);
  }
  for (const LockingClause* clause : query.locking) locking(*clause);
}

void Deparser::select(const SelectStatement& query) {
  if (query.with != nullptr) with(*query.with);
  if (query.operation != SetOperation::kNone) {
    constexpr std::string_view kWords[] = {"", " UNION ", " INTERSECT ", " EXCEPT "};
    set_operand(*query.left);
    write(kWords[static_cast<size_t>(query.operation)]);
    if (query.all) write("ALL ");
    set_operand(*query.right);
  } else if (query.is_values) {
    write("VALUES ");
    list(query.values, [this](ExprList row) {
      write("(");
      exprs(row);
      write(")");
    });
  } else {
    plain_select(query);
  }
  tail(query);
}

std::string to_sql(const SelectStatement& query, const NameTexts& texts) {
  Deparser out(texts);
  out.select(query);
  return out.take();
}

std::string to_sql(const SelectStatement& query) {
  Deparser out;
  out.select(query);
  return out.take();
}

}  // namespace troupe::sql
