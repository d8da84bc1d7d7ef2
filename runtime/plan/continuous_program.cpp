#include "runtime/plan/continuous_program.hpp"

#include <algorithm>
#include <cstdlib>

#include "runtime/plan/continuous_stages.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr size_t kInputsMax = 60;
constexpr size_t kStagesMax = 40;

}  // namespace

bool keeps_views(const PlanContext& context) {
  return context.system_tables != nullptr &&
         context.system_tables->find(kPgCatalogSchema, "continuous_change_1") != nullptr;
}

bool reads_kept_rows(const TableDef& rows, const PlanContext& context) {
  return std::find(context.search_path.begin(), context.search_path.end(), rows.schema) != context.search_path.end();
}

std::string ContinuousProgram::read_text(const TableDef& view) {
  std::string columns;
  for (size_t i = 0; i < view.columns.size(); ++i) columns += cat(i == 0 ? "c" : ", c", i + 1);
  return cat("SELECT ", columns, " FROM ", continuous_rows_name(view.oid));
}

absl::StatusOr<std::shared_ptr<ContinuousProgram>> ContinuousProgram::make(std::string_view query, Oid owner, Oid view,
                                                                           const PlanContext& context) {
  std::shared_ptr<ContinuousProgram> program(new ContinuousProgram());
  PlanContext inner = context;
  if (context.system_tables != nullptr) program->known_ = *context.system_tables;
  inner.system_tables = &program->known_;
  inner.search_path = {kPgCatalogSchema};
  TROUPE_RETURN_IF_ERROR(program->split(query, owner, view, inner));
  program->known_ = {};
  program->write_fingerprint(*context.catalog);
  return program;
}

absl::Status ContinuousProgram::split(std::string_view query, Oid owner, Oid view, const PlanContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(query));
  const auto* select = parsed->statements()[0].node->as<sql::SelectStatement>();
  if (select == nullptr) return cannot_be_continuous("what is no SELECT");
  const auto make = [&](const std::string& text) -> absl::StatusOr<ContinuousStageInfo> {
    if (stages_.size() == kStagesMax) return cannot_be_continuous(cat("more than ", kStagesMax, " stages"));
    if (!stages_.empty()) add_output(*stages_.back(), view, *context.catalog);
    ContinuousStage::Setting setting;
    setting.number = stages_.size() + 1;
    setting.rows = continuous_stage_name(view, setting.number);
    setting.owner = owner;
    setting.context = &context;
    setting.inputs = &inputs_;
    setting.input = [&](const sql::TableRef& ref) { return input_of(ref, *context.catalog); };
    TROUPE_ASSIGN_OR_RETURN(auto made, ContinuousStage::make(text, setting));
    stages_.push_back(std::move(made));
    const ContinuousStage& stage = *stages_.back();
    ContinuousStageInfo info;
    info.number = setting.number;
    info.hidden = stage.hidden();
    info.types = stage.columns();
    return info;
  };
  const auto types_of = [&](const std::string& text) -> absl::StatusOr<std::vector<Type>> {
    if (!stages_.empty() && outputs_.size() < stages_.size()) add_output(*stages_.back(), view, *context.catalog);
    TROUPE_ASSIGN_OR_RETURN(const auto columns, continuous_columns(text, owner, context));
    std::vector<Type> types;
    for (const auto& column : columns) types.push_back(column.type);
    return types;
  };
  TROUPE_RETURN_IF_ERROR(ContinuousStages(context, owner, make, types_of).split(*select));
  stages_.back()->keep_in(continuous_rows_name(view));
  return absl::OkStatus();
}

/// What is read there as one of the inputs.
absl::StatusOr<uint32_t> ContinuousProgram::input_of(const sql::TableRef& ref, const Catalog& catalog) {
  if (ref.schema.empty() && ref.name.starts_with(kStagePrefix)) {
    const auto number = static_cast<size_t>(std::strtoul(ref.name.data() + kStagePrefix.size(), nullptr, 10));
    return outputs_[number - 1];
  }
  const SchemaDef* schema = catalog.find_schema(ref.schema);
  const ObjectDef* object = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, ref.name);
  const auto refuse = [&](std::string_view what) { return cannot_be_continuous(cat(what, " (\"", ref.name, "\")")); };
  if (object == nullptr) return refuse("a system relation");
  if (object->kind != ObjectKind::table) return refuse("what is no table");
  const auto& table = static_cast<const TableDef&>(*object);
  if (table.is_materialized_view()) return refuse("a materialized view that is not continuous; write its query");
  if (table.temporary || table.unlogged) return refuse("a temporary or unlogged table");
  if (table.row_security) return refuse("a table with row-level security");
  if (is_continuous_state(table, catalog)) return refuse("another view's state");
  if (table.is_partitioned() && ref.only) return refuse("ONLY of a partitioned table");
  for (const Table& known : tables_) {
    if (known.definition->oid == table.oid) return known.input;
  }
  if (inputs_.size() == kInputsMax) return cannot_be_continuous(cat("more than ", kInputsMax, " tables and stages"));
  Table found;
  found.definition = std::static_pointer_cast<const TableDef>(catalog.find_shared(table.oid));
  found.input = static_cast<uint32_t>(inputs_.size());
  ContinuousInput input;
  input.name = cat(sql::quote_identifier(ref.schema), ".", sql::quote_identifier(ref.name));
  for (const ColumnDef& column : table.columns) {
    if (column.dropped) continue;
    const Type type{column.type, column.typmod};
    const bool of_key =
        std::find(table.primary_key.begin(), table.primary_key.end(), column.attnum) != table.primary_key.end();
    if (of_key || (table.primary_key.empty() && is_continuous_key(type))) input.key.push_back(input.columns.size());
    input.columns.push_back({column.name, type});
  }
  TROUPE_RETURN_IF_ERROR(add_parts(table, found, catalog, &found.parts));
  inputs_.push_back(std::move(input));
  tables_.push_back(std::move(found));
  return tables_.back().input;
}

absl::Status ContinuousProgram::add_parts(const TableDef& table, const Table& root, const Catalog& catalog,
                                          std::vector<Table::Part>* out) {
  for (const Oid oid : table.partitions) {
    const TableDef* partition = catalog.find_table(oid);
    if (partition == nullptr) return cannot_be_continuous(cat("a partitioned table of which a part is missing"));
    TROUPE_RETURN_IF_ERROR(add_parts(*partition, root, catalog, out));
  }
  if (table.is_partitioned()) return absl::OkStatus();
  if (table.unlogged) return cannot_be_continuous(cat("an unlogged table (\"", table.name, "\")"));
  Table::Part part;
  part.table = std::static_pointer_cast<const TableDef>(catalog.find_shared(table.oid));
  for (const ColumnDef& column : root.definition->columns) {
    if (column.dropped) continue;
    const auto same = [&](const ColumnDef& own) { return !own.dropped && own.name == column.name; };
    const auto at = std::find_if(table.columns.begin(), table.columns.end(), same);
    if (at == table.columns.end()) return cannot_be_continuous("a partition without a column of its table");
    part.columns.push_back(static_cast<uint32_t>(at - table.columns.begin()));
  }
  out->push_back(std::move(part));
  return absl::OkStatus();
}

/// The stage is read by others from now on, as a table; before the view is there, as a relation without rows.
void ContinuousProgram::add_output(const ContinuousStage& stage, Oid view, const Catalog& catalog) {
  const size_t number = outputs_.size() + 1;
  if (number > stages_.size()) return;
  ContinuousInput input;
  const std::string name = cat(kStagePrefix, number);
  const bool there = continuous_stage(view, number, catalog) != nullptr;
  input.name = there ? continuous_stage_name(view, number) : cat("pg_catalog.", name);
  for (const auto& column : stage.state()) input.columns.push_back({column.name, column.type});
  for (size_t i = 0; i < stage.key_columns(); ++i) input.key.push_back(i);
  SystemTable table;
  table.oid = 2;
  table.name = name;
  table.columns = input.columns;
  table.produce = [](const SystemEnvironment&, ValueRows*) { return absl::OkStatus(); };
  known_.add(std::move(table));
  outputs_.push_back(static_cast<uint32_t>(inputs_.size()));
  inputs_.push_back(std::move(input));
}

const ContinuousInput* ContinuousProgram::output(size_t stage) const {
  return stage < outputs_.size() ? &inputs_[outputs_[stage]] : nullptr;
}

uint64_t ContinuousProgram::touched() const {
  uint64_t touched = 0;
  for (size_t i = 0; i < inputs_.size(); ++i) touched |= inputs_[i].changes->empty() ? 0 : uint64_t{1} << i;
  return touched;
}

void ContinuousProgram::write_fingerprint(const Catalog& catalog) {
  fingerprint_ = "2";
  for (const auto& stage : stages_) fingerprint_ += cat(" ", stage->query());
  bool users_types = false;
  for (const Table& table : tables_) {
    for (const Table::Part& part : table.parts) {
      fingerprint_ += cat(" ", part.table->oid, ":", part.table->tree);
      for (const uint32_t column : part.columns) {
        fingerprint_ += cat(",", column, ":", part.table->columns[column].type);
        users_types = users_types || part.table->columns[column].type >= kFirstUserOid;
      }
    }
  }
  if (users_types) fingerprint_ += cat(" types ", catalog.types_version());
}

SystemTables ContinuousProgram::relations(const SystemTables* node) const {
  SystemTables all;
  if (node != nullptr) all = *node;
  for (const auto& stage : stages_) stage->add_relations(&all);
  return all;
}

}  // namespace troupe
