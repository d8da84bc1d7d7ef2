#include "runtime/exec/partitioned_insert.hpp"

#include <utility>

#include <algorithm>
#include <map>
#include <numeric>

#include "runtime/exec/row_check.hpp"
#include "runtime/plan/index_terms.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

/// The returned rows of several partitions in the order of the rows they are for.
Batch in_input_order(std::vector<std::pair<Batch, std::vector<uint32_t>>> parts, std::span<const Type> types) {
  RowStore all(types);
  std::vector<uint32_t> ordinals, places;
  for (const auto& [rows, of] : parts) {
    all.append(rows);
    ordinals.insert(ordinals.end(), of.begin(), of.end());
  }
  places.resize(ordinals.size());
  std::iota(places.begin(), places.end(), 0U);
  std::stable_sort(places.begin(), places.end(), [&](uint32_t a, uint32_t b) { return ordinals[a] < ordinals[b]; });
  return all.rows().gather(places);
}

}  // namespace

Batch rows_in_layout(const Batch& rows, const std::vector<uint32_t>& columns, const TableDef& table) {
  Batch out;
  out.rows = rows.rows;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i] != kNoColumn) {
      out.columns.push_back(rows.columns[columns[i]]);
      continue;
    }
    const Type type{table.columns[i].type};
    append_null_columns({&type, 1}, rows.rows, &out.columns);
  }
  return out;
}

absl::StatusOr<std::unique_ptr<const PartitionedInsertSpec>> PartitionedInsertSpec::compile(
    const PartitionedInsert& plan) {
  auto spec = std::make_unique<PartitionedInsertSpec>(plan);
  TROUPE_ASSIGN_OR_RETURN(spec->top_, compile_level(*plan.routing));
  return std::unique_ptr<const PartitionedInsertSpec>(std::move(spec));
}

absl::StatusOr<std::unique_ptr<const PartitionedInsertSpec::Level>> PartitionedInsertSpec::compile_level(
    const RoutingLevel& level) {
  auto compiled = std::make_unique<Level>();
  compiled->plan = &level;
  for (const ExprPtr& key : level.keys) {
    TROUPE_ASSIGN_OR_RETURN(Program program, Program::compile(key));
    compiled->keys.push_back(std::move(program));
  }
  for (const RoutingLevel::Child& child : level.children) {
    compiled->below.emplace_back();
    if (!child.below) continue;
    TROUPE_ASSIGN_OR_RETURN(compiled->below.back(), compile_level(*child.below));
  }
  return std::unique_ptr<const Level>(std::move(compiled));
}

absl::StatusOr<const InsertSpec*> PartitionedInsertSpec::leaf(uint32_t number) const {
  Leaf& leaf = leaves_[number];
  if (!std::exchange(leaf.compiled, true)) {
    const PartitionedInsert::Leaf& plan = plan_.leaves[number];
    auto spec = InsertSpec::compile(plan.write, plan.conflict ? &*plan.conflict : nullptr);
    if (spec.ok())
      leaf.spec = *std::move(spec);
    else
      leaf.status = spec.status();
  }
  TROUPE_RETURN_IF_ERROR(leaf.status);
  return leaf.spec.get();
}

// --- routing ---

absl::Status PartitionedInserter::route(const Batch& rows, std::vector<uint32_t>* leaves) {
  leaves->assign(rows.rows, 0);
  std::vector<uint32_t> ordinals(rows.rows);
  std::iota(ordinals.begin(), ordinals.end(), 0U);
  return route_level(*spec_.top_, rows, ordinals, leaves);
}

absl::Status PartitionedInserter::route_level(const PartitionedInsertSpec::Level& level, const Batch& rows,
                                              const std::vector<uint32_t>& ordinals, std::vector<uint32_t>* leaves) {
  std::vector<Vector> keys(level.keys.size());
  for (size_t i = 0; i < keys.size(); ++i) TROUPE_RETURN_IF_ERROR(level.keys[i].run(run_.input(rows), &keys[i]));
  std::map<size_t, std::vector<uint32_t>> further;  // places in `rows`, by child
  std::vector<Value> key(keys.size());
  for (uint32_t row = 0; row < rows.rows; ++row) {
    for (size_t i = 0; i < keys.size(); ++i) key[i] = keys[i].value(row);
    const int found = level.plan->router->route(key);
    if (found == PartitionRouter::kNone) {
      failed_row_ = ordinals[row];
      return no_partition(level, key);
    }
    const auto child = static_cast<size_t>(found);
    if (level.below[child]) {
      further[child].push_back(row);
    } else {
      (*leaves)[ordinals[row]] = level.plan->children[child].leaf;
    }
  }
  for (const auto& [child, places] : further) {
    std::vector<uint32_t> below;
    for (const uint32_t place : places) below.push_back(ordinals[place]);
    TROUPE_RETURN_IF_ERROR(route_level(*level.below[child], rows.gather(places), below, leaves));
  }
  return absl::OkStatus();
}

absl::Status PartitionedInserter::no_partition(const PartitionedInsertSpec::Level& level,
                                               const std::vector<Value>& key) const {
  const TableDef& table = *level.plan->table;
  std::string names, values;
  for (size_t i = 0; i < key.size(); ++i) {
    const PartitionKeyPart& part = table.partition_key.parts[i];
    names += cat(i == 0 ? "" : ", ", part.attnum > 0 ? sql::quote_identifier(table.column(part.attnum).name)
                                                     : index_expression_text(part.expression_sql));
    values += i == 0 ? "" : ", ";
    if (key[i].is_null())
      values += "null";
    else
      format_text(Type{part.type, part.typmod}, key[i], *run_.context.eval, &values);
  }
  ErrorFields fields;
  fields.code = ErrorCode::kCheckViolation;
  fields.message = cat("no partition of relation \"", table.name, "\" found for row");
  fields.table = table.name;
  fields.detail = cat("Partition key of the failing row contains (", names, ") = (", values, ").");
  return make_error(fields);
}

std::vector<std::pair<uint32_t, std::vector<uint32_t>>> PartitionedInserter::by_leaf(
    const std::vector<uint32_t>& leaves) const {
  std::map<uint32_t, std::vector<uint32_t>> rows;
  for (uint32_t row = 0; row < leaves.size(); ++row) rows[leaves[row]].push_back(row);
  return {std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end())};
}

RowInserter& PartitionedInserter::inserter(uint32_t leaf, const InsertSpec& spec) {
  if (inserters_.size() <= leaf) inserters_.resize(spec_.plan().leaves.size());
  if (inserters_[leaf] == nullptr) inserters_[leaf] = std::make_unique<RowInserter>(run_, spec);
  return *inserters_[leaf];
}

Task<absl::Status> PartitionedInserter::insert(const Batch& rows, uint64_t* affected, std::vector<Batch>* returned) {
  failed_row_ = RowInserter::kNoRow;
  std::vector<uint32_t> leaves;
  absl::Status status = route(rows, &leaves);
  if (!status.ok()) co_return status;
  std::vector<std::pair<Batch, std::vector<uint32_t>>> parts;
  std::span<const Type> returned_types;
  std::vector<Type> types;
  for (const auto& [leaf, ordinals] : by_leaf(leaves)) {
    const PartitionedInsert::Leaf& plan = spec_.plan().leaves[leaf];
    absl::StatusOr<const InsertSpec*> compiled = spec_.leaf(leaf);
    if (!compiled.ok()) co_return compiled.status();
    RowInserter& into = inserter(leaf, **compiled);
    const bool all = ordinals.size() == rows.rows;
    const Batch own = rows_in_layout(all ? rows : rows.gather(ordinals), plan.columns, *plan.write.table);
    std::vector<Batch> put_out;
    auto inserting = into.insert(own, affected, &put_out);
    status = co_await inserting;
    if (!status.ok()) {
      if (into.failed_row() != RowInserter::kNoRow) failed_row_ = ordinals[into.failed_row()];
      co_return shown_as_root(std::move(status), rows);
    }
    for (size_t i = 0; i < put_out.size(); ++i) {
      std::vector<uint32_t> of = into.returned_for()[i];
      for (uint32_t& row : of) row = ordinals[row];
      parts.emplace_back(std::move(put_out[i]), std::move(of));
    }
    if (types.empty()) types = types_of(plan.write.returning);
  }
  returned_types = types;
  if (parts.size() == 1) returned->push_back(std::move(parts[0].first));
  if (parts.size() > 1) returned->push_back(in_input_order(std::move(parts), returned_types));
  co_return absl::OkStatus();
}

absl::Status PartitionedInserter::check(const Batch& rows) {
  failed_row_ = RowInserter::kNoRow;
  std::vector<uint32_t> leaves;
  TROUPE_RETURN_IF_ERROR(route(rows, &leaves));
  for (const auto& [leaf, ordinals] : by_leaf(leaves)) {
    const PartitionedInsert::Leaf& plan = spec_.plan().leaves[leaf];
    TROUPE_ASSIGN_OR_RETURN(const InsertSpec* compiled, spec_.leaf(leaf));
    const Batch own = rows_in_layout(rows.gather(ordinals), plan.columns, *plan.write.table);
    uint32_t failing = RowInserter::kNoRow;
    const absl::Status status = check_rows(compiled->check, *plan.write.table, own, run_, &failing);
    if (failing != RowInserter::kNoRow) failed_row_ = ordinals[failing];
    if (!status.ok()) return shown_as_root(status, rows);
  }
  return absl::OkStatus();
}

absl::Status PartitionedInserter::shown_as_root(absl::Status status, const Batch& rows) const {
  if (failed_row_ == RowInserter::kNoRow || !is_about_row(status)) return status;
  const TableDef& table = *spec_.plan().routing->table;
  std::vector<Value> values;
  std::vector<Type> types;
  for (size_t c = 0; c < table.columns.size(); ++c) {
    if (table.columns[c].dropped) continue;
    values.push_back(rows.columns[c].value(failed_row_));
    types.push_back(Type{table.columns[c].type, table.columns[c].typmod});
  }
  return with_detail(std::move(status), failing_row_detail(values, types, *run_.context.eval));
}

}  // namespace troupe
