/// CREATE VIEW and CREATE SCHEMA.
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/view_target.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {

absl::Status ddl_create_view(const sql::CreateViewStatement& create, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const Oid schema, ddl.schema_for(*create.view, create.persistence));
  auto view = std::make_shared<ViewDef>();
  if (const ObjectDef* existing = ddl.find_relation(schema, create.view->name)) {
    if (!create.replace) {
      return error(ErrorCode::kDuplicateTable, "relation \"", create.view->name,
                      "\" already exists");
    }
    if (existing->kind != ObjectKind::view) {
      return error(ErrorCode::kWrongObjectType, "\"", create.view->name, "\" is not a view");
    }
    TROUPE_RETURN_IF_ERROR(ddl_check_owner(*existing, ddl));
    *view = static_cast<const ViewDef&>(*existing);
  } else {
    view->oid = ddl.new_oid();
    view->schema = schema;
    view->owner = ddl.context().role;
    view->name = create.view->name;
  }
  NamesFound names;
  ddl.binder().names_found = &names;
  ddl.binder().inlines = false;
  auto bound = ddl.binder().bind_select(*create.query, nullptr);
  ddl.binder().names_found = nullptr;
  names.functions = ddl.binder().functions_found;
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, std::move(bound));
  TROUPE_RETURN_IF_ERROR(ddl.binder().finish_parameters());
  if (!ddl.binder().parameters.empty()) {
    return error(ErrorCode::kUndefinedParameter, "there is no parameter $1");
  }
  if (create.columns.size() > query->targets.size()) {
    return error(ErrorCode::kSyntaxError, "CREATE VIEW specifies more column names than columns");
  }
  std::vector<ColumnDef> columns;
  for (size_t i = 0; i < query->targets.size(); ++i) {
    const BoundTarget& target = query->targets[i];
    ColumnDef column;
    column.attnum = static_cast<int16_t>(i + 1);
    column.name = i < create.columns.size() ? std::string(create.columns[i]) : target.name;
    TROUPE_RETURN_IF_ERROR(ddl_check_stored(column.name, target.value->type));
    column.type = target.value->type.oid;
    column.typmod = target.value->type.typmod;
    column.physical = type_info(column.type).physical;
    for (const ColumnDef& other : columns) {
      if (other.name == column.name) {
        return error(ErrorCode::kDuplicateColumn, "column \"", column.name, "\" specified more than once");
      }
    }
    // OR REPLACE may add columns at the end, and change nothing else.
    if (i < view->columns.size() && (view->columns[i].name != column.name || view->columns[i].type != column.type)) {
      return error(ErrorCode::kInvalidTableDefinition, "cannot change name or data type of view column \"",
                      view->columns[i].name, "\"");
    }
    columns.push_back(std::move(column));
  }
  if (columns.size() < view->columns.size()) {
    return error(ErrorCode::kInvalidTableDefinition, "cannot drop columns from view");
  }
  for (size_t i = 0; i < view->columns.size(); ++i) columns[i].default_sql = view->columns[i].default_sql;
  view->columns = std::move(columns);
  describe_changes(*create.query, *query, view.get());
  TROUPE_RETURN_IF_ERROR(ddl_view_options(create, *query, view.get()));
  view->query_sql = ddl_stored_text(*create.query, names, ddl.context());
  view->depends_on.clear();
  for (const PlanDependency& dependency : ddl.binder().dependencies) {
    if (dependency.oid == view->oid) {
      return error(ErrorCode::kInvalidTableDefinition, "infinite recursion detected in rules for relation \"",
                      view->name, "\"");
    }
    view->depends_on.push_back(dependency.oid);
  }
  ddl.put(std::move(view));
  return absl::OkStatus();
}

std::string ddl_stored_text(const sql::SelectStatement& query, const NamesFound& names, const PlanContext& context) {
  std::string text = stored_text(query, names, *context.catalog);
  const auto parsed = sql::parse_statement(text);
  if (parsed.ok()) {
    Binder again(context);
    const auto* select = (*parsed)->statements()[0].node->as<sql::SelectStatement>();
    if (select != nullptr && again.bind_select(*select, nullptr).ok()) return text;
  }
  // Two relations of one name, say, whose columns only * can tell apart.
  return sql::to_sql(query);
}

absl::Status ddl_create_schema(const sql::CreateSchemaStatement& create, DdlBuilder& ddl) {
  std::string_view name = create.name;
  Oid owner = ddl.context().role;
  if (create.authorization != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(owner, ddl_role(*create.authorization, ddl));
    if (name.empty()) name = ddl.catalog().find(owner)->name;
  }
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*ddl.find(ddl.catalog().database()), kCreate, ddl));
  TROUPE_RETURN_IF_ERROR(ddl_check_may_give(owner, ddl));
  if (name.starts_with("pg_")) {
    return with_detail(error(ErrorCode::kReservedName, "unacceptable schema name \"", name, "\""),
                       "The prefix \"pg_\" is reserved for system schemas.");
  }
  if (ddl.catalog().find_schema(name) != nullptr) {
    if (create.if_not_exists) {
      ddl.notice(ErrorCode::kDuplicateSchema, cat("schema \"", name, "\" already exists, skipping"));
      return absl::OkStatus();
    }
    return error(ErrorCode::kDuplicateSchema, "schema \"", name, "\" already exists");
  }
  auto schema = std::make_shared<SchemaDef>();
  schema->oid = ddl.new_oid();
  schema->owner = owner;
  schema->database = ddl.catalog().database();
  schema->name = name;
  ddl.put(std::move(schema));
  return absl::OkStatus();
}

}  // namespace troupe
