/// CREATE TABLE ... (LIKE source INCLUDING ...): columns first; when the table is there, constraints and indexes.
#include "runtime/plan/ddl_like.hpp"

#include <algorithm>

#include "runtime/plan/ddl_partition.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/catalog/partition_tree.hpp"

namespace troupe {
namespace {

bool includes(const sql::LikeTable& like, uint32_t option) { return (like.options & option) != 0; }

absl::Status check_kind(const ObjectDef& object, std::string_view name) {
  if (object.kind == ObjectKind::table || object.kind == ObjectKind::view) return absl::OkStatus();
  return with_detail(
      error(ErrorCode::kWrongObjectType, "relation \"", name, "\" is invalid in LIKE clause"),
      cat("This operation is not supported for ", object.kind == ObjectKind::index ? "indexes" : "sequences", "."));
}

/// A table, a view or a composite type. Errors: 42P01, 42809, 42501.
absl::StatusOr<const ObjectDef*> find_source(const sql::LikeTable& like, DdlBuilder& ddl) {
  const sql::TableRef& ref = *like.table;
  TROUPE_RETURN_IF_ERROR(ddl.check_database(ref, ref.catalog, ref.schema, ref.name));
  const ObjectDef* object = ddl.find_named(ref.schema, ref.name);
  if (object == nullptr) {
    std::vector<std::string_view> name{ref.name};
    if (!ref.schema.empty()) name.insert(name.begin(), ref.schema);
    const TypeDef* type = ddl.binder().find_own_type(sql::Name(name.data(), name.size()));
    if (type != nullptr && type->type_kind == TypeKind::composite) {
      TROUPE_RETURN_IF_ERROR(ddl_check_right(*type, kUsage, ddl));
      return type;
    }
    const auto missing = ddl.require_relation(ref, ObjectKind::table);
    return ddl.at(missing.status(), ref);
  }
  TROUPE_RETURN_IF_ERROR(ddl.at(check_kind(*object, ref.name), ref));
  TROUPE_RETURN_IF_ERROR(ddl_check_right(*object, kSelect, ddl));
  return object;
}

const std::vector<ColumnDef>& source_columns(const ObjectDef& source) {
  switch (source.kind) {
    case ObjectKind::table: return static_cast<const TableDef&>(source).columns;
    case ObjectKind::view: return static_cast<const ViewDef&>(source).columns;
    default: return static_cast<const TypeDef&>(source).attributes;
  }
}

/// The default of a serial column, which takes its values from the source's sequence.
std::string nextval_text(const SequenceDef& sequence, const DdlBuilder& ddl) {
  const std::string name =
      cat(sql::quote_identifier(ddl.find(sequence.schema)->name), ".", sql::quote_identifier(sequence.name));
  return cat("nextval(", sql::quote_literal(name), "::regclass)");
}

void copy_identity(const ColumnDef& from, const TableDef& table, ColumnDef* column, DdlBuilder& ddl) {
  const auto& source = static_cast<const SequenceDef&>(*ddl.find(from.owned_sequence));
  auto own = ddl_owned_sequence(table, *column, ddl);
  auto sequence = std::make_shared<SequenceDef>(source);
  sequence->oid = own->oid;
  sequence->schema = own->schema;
  sequence->owner = own->owner;
  sequence->name = own->name;
  sequence->owner_table = own->owner_table;
  sequence->owner_column = own->owner_column;
  sequence->acl = {};
  sequence->comment.clear();
  column->identity = from.identity;
  column->owned_sequence = sequence->oid;
  ddl_put_sequence(std::move(sequence), ddl);
}

ColumnDef copy_column(const sql::LikeTable& like, const ColumnDef& from, const TableDef& table, DdlBuilder& ddl) {
  ColumnDef column = from;
  column.attnum = static_cast<int16_t>(table.columns.size() + 1);
  column.acl = {};
  column.missing = Value();
  column.owned_sequence = kNoOid;
  column.identity = IdentityKind::none;
  column.inherited = column.from_parent = false;
  if (!includes(like, from.generated_stored ? sql::kLikeGenerated : sql::kLikeDefaults)) {
    column.default_sql.clear();
    column.generated_stored = false;
  }
  if (from.owned_sequence != kNoOid && from.identity == IdentityKind::none && includes(like, sql::kLikeDefaults)) {
    column.default_sql = nextval_text(static_cast<const SequenceDef&>(*ddl.find(from.owned_sequence)), ddl);
  }
  if (from.identity != IdentityKind::none && includes(like, sql::kLikeIdentity)) {
    copy_identity(from, table, &column, ddl);
  }
  if (!includes(like, sql::kLikeComments)) column.comment.clear();
  return column;
}

absl::Status copy_checks(const TableDef& source, TableDef* table, DdlBuilder& ddl) {
  for (const ConstraintDef& from : source.constraints) {
    if (from.kind != ConstraintKind::check) continue;
    if (table->find_constraint(from.name) != nullptr) {
      return error(ErrorCode::kDuplicateObject, "constraint \"", from.name, "\" for relation \"", table->name,
                   "\" already exists");
    }
    ConstraintDef check = from;
    check.oid = ddl.new_oid();
    check.columns = same_columns(from.columns, source, *table);
    check.not_valid = false;
    check.parent = kNoOid;
    check.from_parent = false;
    table->constraints.push_back(std::move(check));
  }
  return absl::OkStatus();
}

absl::Status copy_indexes(const sql::LikeTable& like, const TableDef& source, TableDef* table, DdlBuilder& ddl) {
  for (const Oid oid : source.indexes) {
    const auto& from = static_cast<const IndexDef&>(*ddl.find(oid));
    const std::shared_ptr<IndexDef> index = ddl_copy_index(from, source, *table, ddl);
    if (includes(like, sql::kLikeComments)) index->comment = from.comment;
    TROUPE_RETURN_IF_ERROR(ddl_add_copied_index(index, from, source, table, /*is_new=*/true, ddl));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LikeSource> ddl_like_columns(const sql::LikeTable& like, TableDef* table, DdlBuilder& ddl) {
  TROUPE_ASSIGN_OR_RETURN(const ObjectDef* source, find_source(like, ddl));
  for (const ColumnDef& from : source_columns(*source)) {
    if (from.dropped) continue;
    if (table->find_column(from.name) != nullptr) {
      return error(ErrorCode::kDuplicateColumn, "column \"", from.name, "\" specified more than once");
    }
    table->columns.push_back(copy_column(like, from, *table, ddl));
  }
  return LikeSource{&like, source->oid};
}

absl::Status ddl_like_parts(const LikeSource& like, TableDef* table, DdlBuilder& ddl) {
  const auto* found = dynamic_cast<const TableDef*>(ddl.find(like.source));
  if (found == nullptr) return absl::OkStatus();
  const TableDef source = *found;
  if (includes(*like.clause, sql::kLikeConstraints)) TROUPE_RETURN_IF_ERROR(copy_checks(source, table, ddl));
  if (!includes(*like.clause, sql::kLikeIndexes)) return absl::OkStatus();
  return copy_indexes(*like.clause, source, table, ddl);
}

}  // namespace troupe
