#include <algorithm>

#include "runtime/exec/row_inserter.hpp"

namespace troupe {
namespace {

/// DO UPDATE's fragment: sees the existing row, then the excluded one.
void describe_conflict_update(const ConflictAction& conflict, FragmentSpec* spec) {
  spec->assignments = conflict.assignments;
  spec->filter = conflict.where;
  spec->check_always = true;
  spec->extras = spec->types;
}

bool contains(const std::vector<IndexPtr>& indexes, const IndexDef& index) {
  return std::any_of(indexes.begin(), indexes.end(), [&](const IndexPtr& each) { return each->oid == index.oid; });
}

FragmentSpec insert_fragment(const TableWrite& write) {
  FragmentSpec spec;
  describe_table(*write.table, &spec);
  spec.output = write.returning;
  spec.key = write.table->shape->key;
  spec.key_kinds = write.table->shape->key_kinds;
  return spec;
}

}  // namespace

void describe_indexes(const TableWrite& write, FragmentSpec* spec) {
  for (size_t i = 0; i < write.indexes.size(); ++i) {
    const IndexDef& index = *write.indexes[i];
    FragmentIndex described;
    described.tree = index.tree;
    described.global = index.global();
    described.nulls_not_distinct = index.nulls_not_distinct;
    described.columns = index.shape->key_columns;
    if (!write.terms.empty()) {
      described.values = write.terms[i].values;
      described.predicate = write.terms[i].predicate;
    }
    if (described.values.empty()) {
      for (const uint32_t column : index.shape->columns) {
        described.values.push_back(make_column(spec->types[column], column));
      }
    }
    spec->indexes.push_back(std::move(described));
  }
}

absl::StatusOr<RowCheck> compile_row_check(const TableWrite& write) {
  RowCheck check;
  check.table = write.table->name;
  for (const uint32_t column : write.not_null) check.not_null.push_back({write.table->columns[column].name, column});
  for (const CheckCondition& condition : write.checks) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(condition.condition));
    check.conditions.push_back({condition.name, std::move(program), condition.of_view, condition.of_partition});
  }
  return check;
}

absl::Status check_rows(const RowCheck& check, const TableDef& table, const Batch& rows, Run& run, uint32_t* failing) {
  if (check.empty()) return absl::OkStatus();
  uint32_t row = 0;
  absl::Status status = check.run(run.input(rows), &row);
  if (status.ok()) return status;
  // Of several rows the first one that fails is told, whatever it fails.
  for (row = 0; row < rows.rows; ++row) {
    uint32_t only = 0;
    absl::Status alone = check.run(run.input(rows.slice(row, 1)), &only);
    if (alone.ok()) continue;
    status = std::move(alone);
    break;
  }
  *failing = row;
  if (!is_about_row(status)) return status;
  std::vector<Value> values;
  std::vector<Type> types;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].dropped) continue;
    values.push_back(rows.columns[c].value(row));
    types.push_back(Type{table.columns[c].type, table.columns[c].typmod});
  }
  return with_detail(std::move(status), failing_row_detail(values, types, *run.context.eval));
}

absl::StatusOr<std::unique_ptr<const InsertSpec>> InsertSpec::compile(const TableWrite& write,
                                                                      const ConflictAction* conflict) {
  auto spec = std::make_unique<InsertSpec>();
  spec->write = &write;
  spec->conflict = conflict;
  const bool updates = conflict != nullptr && conflict->update;
  spec->tells_updates = updates && !write.watched.empty();
  spec->returns_rows = !write.returning.empty() || spec->tells_updates;
  TROUPE_ASSIGN_OR_RETURN(spec->check, compile_row_check(write));
  TROUPE_ASSIGN_OR_RETURN(std::vector<IndexValues> indexes, compile_index_values(write));
  for (IndexValues& values : indexes) {
    const IndexDef& index = *values.index();
    if (!index.global()) continue;
    spec->global_indexes.push_back(std::move(values));
    spec->is_arbiter.push_back(conflict != nullptr && (conflict->any_index || contains(conflict->arbiters, index)));
  }
  spec->key_is_arbiter = conflict != nullptr && (conflict->any_index || conflict->primary_key);
  FragmentSpec insert = insert_fragment(write);
  describe_indexes(write, &insert);
  if (updates && conflict->changes_key) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "ON CONFLICT DO UPDATE cannot change the primary key"),
                     "Change the key with an UPDATE of its own, in the same transaction.");
  }
  if (updates) {
    FragmentSpec update = insert;
    describe_conflict_update(*conflict, &update);
    update.generated = write.generated;
    update.not_null = write.not_null;
    update.checks = write.checks;
    update.watched = write.watched;
    if (conflict->primary_key) {
      insert = std::move(update);
    } else {
      spec->update_call = std::make_unique<FragmentCall>(std::move(update));
    }
  }
  if (!updates || !conflict->primary_key) {
    // New entries of global indexes are the session's own: it has the rows.
    std::erase_if(insert.indexes, [](const FragmentIndex& index) { return index.global; });
  }
  spec->insert_call = std::make_unique<FragmentCall>(std::move(insert));
  return std::unique_ptr<const InsertSpec>(std::move(spec));
}

}  // namespace troupe
