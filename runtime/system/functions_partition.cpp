/// pg_get_partkeydef(), pg_partition_tree() and their kin.
#include "runtime/plan/partition_text.hpp"
#include "runtime/system/rows_cursor.hpp"
#include "runtime/system/session_function.hpp"

namespace troupe {
namespace {

OptionalText partition_key_def(SystemSession& session, int64_t relation) {
  const TableDef* table = session.catalog()->find_table(static_cast<Oid>(relation));
  if (table == nullptr || !table->is_partitioned()) return std::nullopt;
  return partition_key_text(*table);
}

OptionalText partition_constraint_def(SystemSession& session, int64_t relation) {
  const TableDef* table = session.catalog()->find_table(static_cast<Oid>(relation));
  if (table == nullptr || !table->is_partition()) return std::nullopt;
  const EvalContext context;
  std::string text = partition_constraint_text(*table, *session.catalog(), context);
  return text.empty() ? std::nullopt : OptionalText(std::move(text));
}

/// Tables and indexes alike: what this one is a part of, and what is a part of it.
Oid parent_of(const Catalog& catalog, Oid relation) {
  if (const TableDef* table = catalog.find_table(relation)) return table->partition_of;
  const IndexDef* index = catalog.find_index(relation);
  return index != nullptr ? index->parent : kNoOid;
}

std::vector<Oid> parts_of(const Catalog& catalog, Oid relation) {
  if (const TableDef* table = catalog.find_table(relation)) return table->partitions;
  std::vector<Oid> parts;
  const IndexDef* index = catalog.find_index(relation);
  const TableDef* table = index != nullptr ? catalog.find_table(index->table) : nullptr;
  for (const Oid partition : table != nullptr ? table->partitions : std::vector<Oid>{}) {
    const TableDef* part_table = catalog.find_table(partition);
    for (const Oid oid : part_table != nullptr ? part_table->indexes : std::vector<Oid>{}) {
      const IndexDef* part = catalog.find_index(oid);
      if (part != nullptr && part->parent == relation) parts.push_back(oid);
    }
  }
  return parts;
}

bool is_partitioned(const Catalog& catalog, Oid relation) {
  const IndexDef* index = catalog.find_index(relation);
  const TableDef* table = catalog.find_table(index != nullptr ? index->table : relation);
  return table != nullptr && table->is_partitioned();
}

bool is_in_a_tree(const Catalog& catalog, Oid relation) {
  return is_partitioned(catalog, relation) || parent_of(catalog, relation) != kNoOid;
}

std::optional<int64_t> partition_root(SystemSession& session, int64_t relation) {
  const Catalog& catalog = *session.catalog();
  Oid root = static_cast<Oid>(relation);
  if (!is_in_a_tree(catalog, root)) return std::nullopt;
  while (const Oid parent = parent_of(catalog, root)) root = parent;
  return int64_t{root};
}

const Catalog* catalog_of(const EvalContext& context) {
  return context.extension == nullptr ? nullptr : static_cast<SystemSession*>(context.extension)->catalog().get();
}

void start_rows(std::initializer_list<Physical> kinds, Batch* rows) {
  for (const Physical kind : kinds) rows->columns.emplace_back().reset_empty(kind);
}

OpenedCursor open_ancestors(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  Batch rows;
  start_rows({Physical::kInt64}, &rows);
  const Catalog* catalog = catalog_of(context);
  const auto relation = static_cast<Oid>(args[0].get<int64_t>());
  if (catalog == nullptr || !is_in_a_tree(*catalog, relation)) return std::make_unique<RowsCursor>(std::move(rows));
  for (Oid at = relation; at != kNoOid; at = parent_of(*catalog, at)) {
    rows.columns[0].append(int64_t{at});
    ++rows.rows;
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

/// Level by level, as PostgreSQL finds them.
OpenedCursor open_tree(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  Batch rows;
  start_rows({Physical::kInt64, Physical::kInt64, Physical::kBool, Physical::kInt32}, &rows);
  const Catalog* catalog = catalog_of(context);
  const auto root = static_cast<Oid>(args[0].get<int64_t>());
  std::vector<std::pair<Oid, int32_t>> found;
  if (catalog != nullptr && is_in_a_tree(*catalog, root)) found.emplace_back(root, 0);
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [relation, level] = found[i];
    rows.columns[0].append(int64_t{relation});
    const Oid parent = parent_of(*catalog, relation);
    if (parent == kNoOid)
      rows.columns[1].append_null();
    else
      rows.columns[1].append(int64_t{parent});
    rows.columns[2].append(!is_partitioned(*catalog, relation));
    rows.columns[3].append(level);
    ++rows.rows;
    for (const Oid part : parts_of(*catalog, relation)) found.emplace_back(part, level + 1);
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

}  // namespace

void register_partition_functions(SessionFunctions& to) {
  using namespace oid;
  to.add<partition_key_def>("pg_get_partkeydef", {kOid}, kText);
  to.add<partition_constraint_def>("pg_get_partition_constraintdef", {kOid}, kText);
  to.add<partition_root>("pg_partition_root", {kRegclass}, kRegclass);
}

void register_partition_table_functions() {
  using namespace oid;
  add_table_function({.name = "pg_partition_ancestors",
                      .arguments = {kRegclass},
                      .column_names = {"relid"},
                      .columns = {kRegclass},
                      .rows = 1,
                      .open = open_ancestors});
  add_table_function({.name = "pg_partition_tree",
                      .arguments = {kRegclass},
                      .column_names = {"relid", "parentrelid", "isleaf", "level"},
                      .columns = {kRegclass, kRegclass, kBool, kInt4},
                      .rows = 10,
                      .open = open_tree});
}

}  // namespace troupe
