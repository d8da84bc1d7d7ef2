/// GENERATED ... AS IDENTITY: in CREATE TABLE, and ALTER COLUMN's ADD, SET and DROP of it.
#include "runtime/plan/ddl_binder.hpp"

namespace troupe {
namespace {

const sql::Option* find_option(sql::List<const sql::Option*> options, std::string_view name) {
  for (const sql::Option* option : options) {
    if (option->name == name) return option;
  }
  return nullptr;
}

/// SEQUENCE NAME [schema.]name, as pg_dump writes it.
absl::Status name_sequence(const sql::Constraint& constraint, SequenceDef* sequence, DdlBuilder& ddl) {
  const sql::Option* option = find_option(constraint.options, "sequence_name");
  if (option == nullptr) return absl::OkStatus();
  const auto& names = option->value->to<sql::NameList>().names;
  if (names.size() > 1) {
    TROUPE_ASSIGN_OR_RETURN(sequence->schema, ddl.schema_for(names[names.size() - 2], constraint));
  }
  sequence->name = names.back();
  if (ddl.find_relation(sequence->schema, sequence->name) == nullptr) return absl::OkStatus();
  return error(ErrorCode::kDuplicateTable, "relation \"", sequence->name, "\" already exists");
}

absl::Status wrong_state(const ColumnDef& column, const TableDef& table, std::string_view what) {
  return error(ErrorCode::kObjectNotInPrerequisiteState, "column \"", column.name, "\" of relation \"", table.name,
               "\" ", what);
}

absl::Status check_type(const ColumnDef& column) {
  if (column.type == oid::kInt2 || column.type == oid::kInt4 || column.type == oid::kInt8) return absl::OkStatus();
  return error(ErrorCode::kInvalidParameterValue, "identity column type must be smallint, integer, or bigint");
}

absl::Status add_identity(const sql::AlterTableAction& action, TableDef* table, ColumnDef* column, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_type(*column));
  if (!column->not_null) return wrong_state(*column, *table, "must be declared NOT NULL before identity can be added");
  if (column->identity != IdentityKind::none) return wrong_state(*column, *table, "is already an identity column");
  if (!column->default_sql.empty() || column->owned_sequence != kNoOid) {
    return wrong_state(*column, *table, "already has a default value");
  }
  return ddl_make_identity(*action.constraint, *table, column, ddl);
}

absl::Status set_identity(const sql::AlterTableAction& action, const TableDef& table, ColumnDef* column,
                          DdlBuilder& ddl) {
  if (column->identity == IdentityKind::none) return wrong_state(*column, table, "is not an identity column");
  if (const sql::Option* generated = find_option(action.options, "generated")) {
    const bool always = generated->value->to<sql::Literal>().text == "always";
    column->identity = always ? IdentityKind::always : IdentityKind::by_default;
  }
  auto sequence = std::make_shared<SequenceDef>(static_cast<const SequenceDef&>(*ddl.find(column->owned_sequence)));
  return ddl_change_sequence(action.options, std::move(sequence), ddl);
}

absl::Status drop_identity(const sql::AlterTableAction& action, const TableDef& table, ColumnDef* column,
                           DdlBuilder& ddl) {
  if (column->identity == IdentityKind::none) {
    const absl::Status missing = wrong_state(*column, table, "is not an identity column");
    if (!action.if_exists) return missing;
    ddl.notice(ErrorCode::kOk, cat(missing.message(), ", skipping"));
    return absl::OkStatus();
  }
  ddl.act(DdlAction::Kind::kDropSequence).sequence = column->owned_sequence;
  ddl.drop(column->owned_sequence);
  column->owned_sequence = kNoOid;
  column->identity = IdentityKind::none;
  return absl::OkStatus();
}

}  // namespace

absl::Status ddl_make_identity(const sql::Constraint& constraint, const TableDef& table, ColumnDef* column,
                               DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(check_type(*column));
  column->identity = constraint.identity_always ? IdentityKind::always : IdentityKind::by_default;
  column->not_null = true;
  auto sequence = ddl_owned_sequence(table, *column, ddl);
  TROUPE_RETURN_IF_ERROR(name_sequence(constraint, sequence.get(), ddl));
  std::optional<int64_t> restart;
  TROUPE_RETURN_IF_ERROR(ddl_sequence_options(constraint.options, true, sequence.get(), ddl, &restart));
  column->owned_sequence = sequence->oid;
  ddl_put_sequence(std::move(sequence), ddl);
  return absl::OkStatus();
}

absl::Status ddl_alter_identity(const sql::AlterTableAction& action, TableDef* table, ColumnDef* column,
                                DdlBuilder& ddl) {
  switch (action.action) {
    case sql::AlterAction::kAddIdentity: return add_identity(action, table, column, ddl);
    case sql::AlterAction::kSetIdentity: return set_identity(action, *table, column, ddl);
    default: return drop_identity(action, *table, column, ddl);
  }
}

}  // namespace troupe
