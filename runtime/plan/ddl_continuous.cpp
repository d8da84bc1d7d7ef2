/// CREATE MATERIALIZED VIEW ... WITH (continuous), and REFRESH of one: the tables in which its rows are kept.
#include "runtime/plan/ddl_continuous.hpp"
#include "runtime/plan/continuous_program.hpp"
#include "runtime/plan/view_target.hpp"

namespace troupe {
namespace {

/// Of the database, made with its first continuous view. Everybody may look into it; what is in it is the views'
/// owners'.
Oid schema_of_state(DdlBuilder& ddl) {
  if (const SchemaDef* known = ddl.catalog().find_schema(kContinuousSchema)) return known->oid;
  auto schema = std::make_shared<SchemaDef>();
  schema->oid = ddl.new_oid();
  schema->name = kContinuousSchema;
  schema->database = ddl.catalog().database();
  schema->acl.given = true;
  schema->acl.items.push_back({kBootstrapRole, kBootstrapRole, kUsage | kCreate, 0});
  schema->acl.items.push_back({kNoOid, kBootstrapRole, kUsage, 0});
  const Oid oid = schema->oid;
  ddl.put(std::move(schema));
  return oid;
}

ColumnDef column_of_state(const ContinuousStage::Column& column, size_t number) {
  const TypeInfo& info = type_info(column.type.oid);
  ColumnDef def;
  def.attnum = static_cast<int16_t>(number);
  def.name = column.name;
  def.type = column.type.oid;
  def.typmod = column.type.typmod;
  def.physical = info.physical;
  def.collation = info.is_collatable ? 100 : kNoOid;
  return def;
}

std::shared_ptr<TableDef> new_state_table(std::string name, const std::vector<ContinuousStage::Column>& columns,
                                          Oid schema, const TableDef& view, DdlBuilder& ddl) {
  auto table = std::make_shared<TableDef>();
  table->oid = ddl.new_oid();
  table->schema = schema;
  table->owner = view.owner;
  table->name = std::move(name);
  table->tree = ddl.new_tree();
  ddl.act(DdlAction::Kind::kCreateTree).tree = table->tree;
  for (const auto& column : columns) table->columns.push_back(column_of_state(column, table->columns.size() + 1));
  return table;
}

void add_key(TableDef* table, size_t columns, DdlBuilder& ddl) {
  auto index = std::make_shared<IndexDef>();
  index->oid = ddl.new_oid();
  index->schema = table->schema;
  index->owner = table->owner;
  index->name = table->name + "_pkey";
  index->table = table->oid;
  index->unique = index->primary = index->constraint = true;
  ConstraintDef key;
  key.oid = ddl.new_oid();
  key.kind = ConstraintKind::primary_key;
  key.name = index->name;
  key.index = index->oid;
  for (size_t i = 1; i <= columns; ++i) {
    const auto attnum = static_cast<int16_t>(i);
    table->columns[i - 1].not_null = true;
    table->primary_key.push_back(attnum);
    key.columns.push_back(attnum);
    index->columns.emplace_back().attnum = attnum;
  }
  table->indexes.push_back(index->oid);
  table->constraints.push_back(std::move(key));
  ddl.put(std::move(index));
}

std::string bare(const std::string& qualified) { return qualified.substr(kContinuousSchema.size() + 1); }

}  // namespace

absl::StatusOr<bool> ddl_wants_continuous(sql::List<const sql::Option*> options) {
  bool wanted = false;
  for (const sql::Option* option : options) {
    if (option->name != "continuous") continue;
    const auto* literal = option->value == nullptr ? nullptr : option->value->as<sql::Literal>();
    const auto* word = option->value == nullptr ? nullptr : option->value->as<sql::ColumnRef>();
    const std::string_view text = literal != nullptr ? literal->text
                                  : word != nullptr  ? word->name.back()
                                                     : std::string_view();
    const bool boolean = literal != nullptr && literal->type == sql::LiteralType::kBoolean;
    const auto value = option->value == nullptr ? std::optional(true)
                       : boolean                ? std::optional(literal->integer != 0)
                                                : parse_switch(text);
    if (!value)
      return error(ErrorCode::kInvalidParameterValue, "invalid value for boolean option \"continuous\": ", text);
    wanted = *value;
  }
  return wanted;
}

absl::Status ddl_make_continuous(TableDef* view, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const auto program,
                          ContinuousProgram::make(view->query_sql, view->owner, view->oid, ddl.context()));
  const Oid schema = schema_of_state(ddl);
  for (const auto& stage : program->stages()) {
    for (const ContinuousStage::Column& column : stage->state()) {
      TROUPE_RETURN_IF_ERROR(ddl_check_stored(column.name, column.type));
    }
    auto rows = new_state_table(bare(stage->rows()), stage->state(), schema, *view, ddl);
    add_key(rows.get(), stage->key_columns(), ddl);
    ddl.put(std::move(rows));
  }
  const std::vector<ContinuousStage::Column> place_columns{{"base", Type{oid::kInt8}},
                                                           {"fingerprint", Type{oid::kText}}};
  auto place = new_state_table(bare(continuous_place_name(view->oid)), place_columns, schema, *view, ddl);
  view->options.emplace_back(kContinuousOption, "true");
  ddl.put(std::move(place));
  return absl::OkStatus();
}

absl::Status ddl_check_no_state(const ObjectDef& object, const DdlBuilder& ddl) {
  const bool schema = object.kind == ObjectKind::schema && object.name == kContinuousSchema;
  if (!schema && !is_continuous_state(object, ddl.catalog())) return absl::OkStatus();
  return with_hint(
      error(ErrorCode::kInsufficientPrivilege, "permission denied: \"", object.name, "\" belongs to continuous views"),
      "It goes with the materialized view whose rows are in it.");
}

std::vector<const TableDef*> ddl_continuous_state(const TableDef& view, const DdlBuilder& ddl) {
  std::vector<const TableDef*> state;
  if (!is_continuous(view)) return state;
  const auto add = [&](const TableDef* known) {
    const ObjectDef* found = known == nullptr ? nullptr : ddl.find(known->oid);
    if (found != nullptr) state.push_back(static_cast<const TableDef*>(found));
    return known != nullptr;
  };
  // In the order in which whoever keeps the view locks them.
  for (size_t number = 1; add(continuous_stage(view.oid, number, ddl.catalog()));) ++number;
  add(continuous_rows(view.oid, ddl.catalog()));
  add(continuous_place(view.oid, ddl.catalog()));
  return state;
}

absl::Status ddl_refresh_continuous(const TableDef& view, bool with_data, DdlBuilder& ddl) {
  for (const TableDef* state : ddl_continuous_state(view, ddl)) ddl_truncate_table(state->oid, false, ddl);
  if (view.populated == with_data) return absl::OkStatus();
  auto changed = ddl.edit_table(view.oid);
  changed->populated = with_data;
  ddl.put(std::move(changed));
  return absl::OkStatus();
}

}  // namespace troupe
