#pragma once
/// DDL statements as DdlPlans: pure functions of the catalog. One source per family of objects: ddl_table, ddl_alter,
/// ddl_index, ddl_sequence, ddl_drop, ddl_rename, ddl_view, ddl_materialized, ddl_policy, ddl_function.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/ddl_plan.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/plan/refusal.hpp"
#include "runtime/sql/ast_all.hpp"

namespace troupe {

/// Null for a statement that is no DDL (the session's business). Errors: PostgreSQL's; 0A000 for DDL that is not there
/// yet.
absl::StatusOr<std::shared_ptr<const DdlPlan>> bind_ddl(const sql::Statement& statement, const PlanContext& context,
                                                        Binder& binder);

class DdlBuilder;

/// What CREATE MATERIALIZED VIEW has beside CREATE TABLE AS.
struct MaterializedQuery {
  const sql::SelectStatement& query;
  const NamesFound& names;
  std::span<const PlanDependency> reads;
  bool with_data = true;
};

/// The table of CREATE TABLE AS or SELECT INTO for a query with these columns.
absl::StatusOr<std::shared_ptr<const DdlPlan>> create_table_as(const sql::IntoClause& into,
                                                               const std::vector<OutputColumn>& columns,
                                                               std::string_view tag, const PlanContext& context,
                                                               const MaterializedQuery* materialized = nullptr);
absl::Status make_materialized(const MaterializedQuery& query, const sql::IntoClause& into, TableDef* view,
                               DdlBuilder& ddl);

/// A view's query as it is kept: its names mean the same for whoever reads it.
std::string ddl_stored_text(const sql::SelectStatement& query, const NamesFound& names, const PlanContext& context);

/// Schemas of temporary objects: this and the number of their session.
inline constexpr std::string_view kTemporarySchemaPrefix = "pg_temp_";
/// Of a path of schemas the first that is not for temporary objects; kNoOid: none.
Oid first_permanent_schema(std::span<const Oid> path, const Catalog& catalog);

/// Whether a relation of that name is there, where CREATE would put it.
bool relation_exists(const sql::TableRef& name, const PlanContext& context);

/// A DDL plan under construction: the catalog as it would be after the changes so far.
class DdlBuilder {
 public:
  DdlBuilder(const PlanContext& context, Binder& binder, std::string_view tag);

  const PlanContext& context() const { return context_; }
  Binder& binder() { return binder_; }
  const Binder& binder() const { return binder_; }
  const Catalog& catalog() const { return *context_.catalog; }
  DdlPlan& plan() { return *plan_; }
  std::shared_ptr<const DdlPlan> finish() { return std::move(plan_); }

  Oid new_oid() { return plan_->counters.next_oid++; }
  TreeId new_tree() { return plan_->counters.next_tree++; }

  /// The object as the statement has left it so far; null when there is none.
  const ObjectDef* find(Oid oid) const;
  const ObjectDef* find_relation(Oid schema, std::string_view name) const;
  /// Along the search path when no schema is given.
  const ObjectDef* find_named(std::string_view schema, std::string_view name) const;
  /// Later changes of an object replace earlier ones.
  void put(std::shared_ptr<const ObjectDef> object);
  void drop(Oid oid);
  /// A copy of a table to be changed and put() back.
  std::shared_ptr<TableDef> edit_table(Oid oid) const;

  void lock(Oid table, bool exclusive = true);
  void notice(ErrorCode code, std::string message, std::string detail = {});
  DdlAction& act(DdlAction::Kind kind);

  /// Where a new object of this name goes. Errors: 3F000, 42939 for a system schema.
  absl::StatusOr<Oid> schema_for(const sql::TableRef& ref) const;
  absl::StatusOr<Oid> schema_for(std::string_view schema, const sql::Node& node) const;
  /// Errors: 0A000 for a name in another database.
  absl::Status check_database(const sql::Node& node, std::string_view database, std::string_view schema,
                              std::string_view name) const;
  /// The same of one that may be temporary: then it goes to the session's own schema. Errors: 42P16.
  absl::StatusOr<Oid> schema_for(const sql::TableRef& ref, sql::Persistence persistence) const;
  /// An existing relation of a kind. Null with if_exists (a notice is added). Errors: 42P01, 42809.
  absl::StatusOr<const ObjectDef*> require_relation(const sql::TableRef& ref, ObjectKind kind, bool if_exists = false);
  absl::StatusOr<const ObjectDef*> require_relation(std::string_view schema, std::string_view name, ObjectKind kind,
                                                    bool if_exists);
  absl::StatusOr<const ObjectDef*> require_materialized_view(std::string_view schema, std::string_view name,
                                                             bool if_exists);
  /// PostgreSQL's ChooseRelationName: table_column_suffix, shortened to 63 bytes, with a number when taken.
  std::string free_name(Oid schema, std::string_view table, std::string_view column, std::string_view suffix) const;

  absl::Status at(absl::Status status, const sql::Node& node) const;
  /// With a position, as PostgreSQL's errors of parse analysis have one; what is found out later has none.
  template <typename... Pieces>
  absl::Status fail_at(ErrorCode code, const sql::Node& node, const Pieces&... pieces) const {
    return at(error(code, pieces...), node);
  }
  absl::Status refuse(const sql::Node& node, std::string_view feature) const {
    return at(not_supported_yet(feature), node);
  }

  /// Sequences that columns of the table owned when the statement began, by oid.
  const std::vector<Oid>& sequences_owned_by(Oid table) const;

 private:
  const PlanContext& context_;
  Binder& binder_;
  mutable std::optional<std::map<Oid, std::vector<Oid>>>
      owned_sequences_;  ///< by table; looked up at the first question
  std::shared_ptr<DdlPlan> plan_ = std::make_shared<DdlPlan>();
};

// --- one function per statement; each adds to the builder ---

absl::Status ddl_create_table(const sql::CreateTableStatement& create, DdlBuilder& ddl);
absl::Status ddl_create_index(const sql::CreateIndexStatement& create, DdlBuilder& ddl);
absl::Status ddl_create_sequence(const sql::CreateSequenceStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_sequence(const sql::AlterSequenceStatement& alter, DdlBuilder& ddl);
absl::Status ddl_create_view(const sql::CreateViewStatement& create, DdlBuilder& ddl);
absl::Status ddl_create_schema(const sql::CreateSchemaStatement& create, DdlBuilder& ddl);
absl::Status ddl_create_database(const sql::CreateDatabaseStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_database(const sql::AlterDatabaseStatement& alter, DdlBuilder& ddl);
absl::Status ddl_rename_database(std::string_view name, std::string_view new_name, DdlBuilder& ddl);
absl::Status ddl_own_database(std::string_view name, const sql::RoleName& owner, DdlBuilder& ddl);
absl::Status ddl_drop_database(const sql::DropDatabaseStatement& drop, DdlBuilder& ddl);
absl::Status ddl_create_shell(const sql::DefineStatement& create, DdlBuilder& ddl);
absl::Status ddl_create_enum(const sql::CreateEnumStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_enum(const sql::AlterEnumStatement& alter, DdlBuilder& ddl);
absl::Status ddl_create_domain(const sql::CreateDomainStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_domain(const sql::AlterDomainStatement& alter, DdlBuilder& ddl);
absl::Status ddl_create_composite(const sql::CreateCompositeStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_composite(const sql::AlterTableStatement& alter, DdlBuilder& ddl);
absl::Status ddl_rename_attribute(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_create_range(const sql::CreateRangeStatement& create, DdlBuilder& ddl);
absl::Status ddl_rename_type(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_alter_owner(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl);
absl::Status ddl_alter_table(const sql::AlterTableStatement& alter, DdlBuilder& ddl);
absl::Status ddl_drop(const sql::DropStatement& drop, DdlBuilder& ddl);
absl::Status ddl_rename(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_truncate(const sql::TruncateStatement& truncate, DdlBuilder& ddl);
absl::Status ddl_comment(const sql::CommentStatement& comment, DdlBuilder& ddl);
/// What REFRESH MATERIALIZED VIEW names, if it may be refreshed that way.
absl::StatusOr<TablePtr> ddl_view_to_refresh(const sql::RefreshViewStatement& refresh, DdlBuilder& ddl);
/// Makes the view empty, to be filled with the rows of its query.
absl::Status ddl_refresh_view(const TableDef& view, bool with_data, DdlBuilder& ddl);
/// CONCURRENTLY: the INSERT that makes the view's rows those of its query, and leaves alone what is right already.
std::string refresh_text(const TableDef& view, const Catalog& catalog);

// --- shared between them ---

/// The table as it is being defined, for what binds expressions of its columns.
std::shared_ptr<BoundRelation> ddl_relation_of(const TableDef& table);
/// A column from its definition: type, NOT NULL, DEFAULT, serial, identity. Table-level parts of its constraints
/// (primary key, unique, check) are appended to `rest`.
struct ColumnConstraint {
  const sql::Constraint* constraint = nullptr;
  std::string_view column;  ///< of a column's own constraint; empty: the table's
  bool only = false;        ///< ALTER TABLE ONLY: not of the table's partitions
};
absl::StatusOr<ColumnDef> ddl_column(const sql::ColumnDefinition& definition, TableDef* table, DdlBuilder& ddl,
                                     std::vector<ColumnConstraint>* rest);
/// PRIMARY KEY, UNIQUE, CHECK onto a table (new ones: no data to look at).
absl::Status ddl_add_constraint(const ColumnConstraint& constraint, TableDef* table, bool is_new, DdlBuilder& ddl);
/// The columns of a new primary key; `before` is the table whose rows may have nulls in them.
void ddl_key_is_not_null(const std::vector<int16_t>& key, const std::shared_ptr<const TableDef>& before, bool is_new,
                         TableDef* table, DdlBuilder& ddl);
// --- types (ddl_type.cpp) ---

/// With its oid and its array's. Errors: 42710.
absl::StatusOr<std::shared_ptr<TypeDef>> ddl_new_type(sql::Name name, TypeKind kind, const sql::Node& node,
                                                      DdlBuilder& ddl);

/// What is declared as a user's type: a column of a table, an attribute of a composite type, or (attnum 0) a domain or
/// range over it.
struct TypeUse {
  ObjectPtr object;
  int16_t attnum = 0;
};
std::vector<TypeUse> ddl_uses_of(const TypeDef& type, const DdlBuilder& ddl);
/// Takes a column out of a table, with the constraints and indexes that it is in.
absl::Status ddl_drop_column(std::string_view name, sql::DropBehavior behavior, TableDef* table, DdlBuilder& ddl);

// --- foreign keys (ddl_foreign_key.cpp) ---

/// FOREIGN KEY onto a table; the referenced one learns of it. With ALTER TABLE the rows are looked at.
absl::Status ddl_add_foreign_key(const ColumnConstraint& constraint, TableDef* table, bool is_new, DdlBuilder& ddl);
/// A partitioned table's foreign key as one of its partition, over these columns of it.
void ddl_inherit_foreign_key(ConstraintDef key, TableDef* table, bool is_new, DdlBuilder& ddl);
/// The rows of the table must satisfy its foreign key, or differ as an exclusion or a deferrable key says.
void ddl_check_constraint(const ConstraintDef& key, const TableDef& table, DdlBuilder& ddl);
/// Foreign keys on or to columns that have other types now must be possible still, and true of the rows.
absl::Status ddl_recheck_foreign_keys(const std::vector<int16_t>& retyped, const TableDef& table, DdlBuilder& ddl);
/// `table` has lost foreign key `key` to another table, which forgets about it unless there is one more.
void ddl_forget_reference(const ConstraintDef& key, const TableDef& table, DdlBuilder& ddl);
/// The same of a table that is being altered, and may refer to itself.
void ddl_forget_reference(const ConstraintDef& key, TableDef* table, DdlBuilder& ddl);
/// A foreign key and the table it is on, as they were when they were found.
struct ForeignKeyRef {
  std::shared_ptr<const TableDef> table;
  ConstraintDef key;
};
/// Foreign keys of other tables that refer to this one, as the statement has left things so far.
std::vector<ForeignKeyRef> ddl_references_to(const TableDef& table, const DdlBuilder& ddl);
/// Whoever changes rows of the tables, or of their partitions, has to plan anew: what refers to them may stand with a
/// table above them.
void ddl_touch_tables(const std::vector<Oid>& tables, DdlBuilder& ddl);
/// Those that refer to a table of which this one is a part, and so to its rows; partitions' own parts of them, too.
std::vector<ForeignKeyRef> ddl_references_above(const TableDef& table, const DdlBuilder& ddl);
void ddl_drop_foreign_key(const ForeignKeyRef& ref, DdlBuilder& ddl);
/// Foreign keys that need a unique index: they go with CASCADE, or it cannot go. `table` is the index's, being altered.
struct FreedIndex {
  Oid index = kNoOid;
  std::string dropped;     ///< "constraint p_pkey on table p"
  std::string depends_on;  ///< "index p_pkey"
  sql::DropBehavior behavior = sql::DropBehavior::kRestrict;
};
absl::Status ddl_free_index(const FreedIndex& freed, TableDef* table, DdlBuilder& ddl);

/// A default as it is kept and shown: a string literal is the value it means, with its type, as in PostgreSQL.
std::string ddl_default_text(const sql::Expr& expr, const ColumnDef& column, const DdlBuilder& ddl);
/// Options of CREATE/ALTER SEQUENCE and of identity columns.
absl::Status ddl_sequence_options(sql::List<const sql::Option*> options, bool is_new, SequenceDef* sequence,
                                  DdlBuilder& ddl, std::optional<int64_t>* restart);
/// Applies options to a changed copy of a sequence and puts it back; RESTART sets its value.
absl::Status ddl_change_sequence(sql::List<const sql::Option*> options, std::shared_ptr<SequenceDef> sequence,
                                 DdlBuilder& ddl);
/// A sequence for a serial or identity column, not yet put().
std::shared_ptr<SequenceDef> ddl_owned_sequence(const TableDef& table, const ColumnDef& column, DdlBuilder& ddl);
void ddl_put_sequence(std::shared_ptr<SequenceDef> sequence, DdlBuilder& ddl);
/// GENERATED ... AS IDENTITY onto a column that has no default.
absl::Status ddl_make_identity(const sql::Constraint& constraint, const TableDef& table, ColumnDef* column,
                               DdlBuilder& ddl);
/// ALTER COLUMN ... ADD, SET and DROP of identity.
absl::Status ddl_alter_identity(const sql::AlterTableAction& action, TableDef* table, ColumnDef* column,
                                DdlBuilder& ddl);
// --- indexes (ddl_index.cpp) ---

/// A column or an expression onto an index, and its name onto `joined`. Errors: 42703, 42704, 42P17.
absl::Status ddl_add_index_part(const sql::IndexElement& element, const std::shared_ptr<BoundRelation>& relation,
                                IndexDef* index, std::string* joined, DdlBuilder& ddl);
absl::Status ddl_set_index_predicate(const sql::Expr& where, const std::shared_ptr<BoundRelation>& relation,
                                     IndexDef* index, DdlBuilder& ddl);
/// Has the index's entries made of the rows of the table; gives it its shape.
absl::Status ddl_build_index(const std::shared_ptr<IndexDef>& index, const TablePtr& table, DdlBuilder& ddl);
/// What the index is of, over layout columns.
absl::StatusOr<IndexTerms> ddl_index_terms(const IndexDef& index, const TableDef& table, DdlBuilder& ddl);
/// Whether the column is in the index, or its expressions or predicate mention it; the latter alone.
absl::StatusOr<bool> ddl_index_uses(const IndexDef& index, const TableDef& table, int16_t attnum, DdlBuilder& ddl);
absl::StatusOr<bool> ddl_index_mentions(const IndexDef& index, const TableDef& table, int16_t attnum, DdlBuilder& ddl);

// --- generated columns (ddl_generated.cpp) ---

/// GENERATED ALWAYS AS onto a new column; ddl_check_generated() looks at the expression when all columns are there.
absl::Status ddl_make_generated(const sql::Constraint& constraint, const TableDef& table, ColumnDef* column,
                                DdlBuilder& ddl);
absl::Status ddl_check_generated(const ColumnConstraint& constraint, const TableDef& table, DdlBuilder& ddl);
/// What the column holds, over layout columns.
absl::StatusOr<ExprPtr> ddl_generated_value(const TableDef& table, const ColumnDef& column, DdlBuilder& ddl);
/// The columns that are generated from this one.
absl::StatusOr<std::vector<int16_t>> ddl_generated_from(const TableDef& table, int16_t attnum, DdlBuilder& ddl);
/// ALTER COLUMN ... DROP EXPRESSION.
absl::Status ddl_drop_expression(const sql::AlterTableAction& action, const TableDef& table, ColumnDef* column,
                                 DdlBuilder& ddl);

absl::Status ddl_set_owner(const sql::RoleName& name, ObjectDef* object, DdlBuilder& ddl);
absl::Status ddl_set_table_owner(const sql::RoleName& name, TableDef* table, DdlBuilder& ddl);
/// A table and everything that goes with it: indexes, owned sequences, trees.
void ddl_drop_table(const TableDef& table, DdlBuilder& ddl);
void ddl_drop_index(const IndexDef& index, DdlBuilder& ddl);
/// Views that read a relation, as the statement has left things so far.
std::vector<ObjectPtr> ddl_views_reading(Oid relation, const DdlBuilder& ddl);
/// Sequences that the column owns, or any of the table's columns (attnum 0), by oid: they go with it.
std::vector<Oid> ddl_sequences_of(const TableDef& table, int16_t attnum, const DdlBuilder& ddl);
void ddl_drop_sequences_of(const TableDef& table, int16_t attnum, DdlBuilder& ddl);
/// Views that read the column; and what becomes of them when it goes. Errors: 2BP01.
absl::StatusOr<std::vector<ObjectPtr>> ddl_views_of_column(const TableDef& table, int16_t attnum,
                                                           const DdlBuilder& ddl);
absl::Status ddl_drop_views_of_column(const ColumnDef& column, sql::DropBehavior behavior, const TableDef& table,
                                      DdlBuilder& ddl);
/// New, empty trees for the table and its indexes; the old ones go when this commits.
void ddl_truncate_table(Oid table, bool restart_identity, DdlBuilder& ddl);
/// Every row of the table must satisfy the condition of its CHECK constraint `name`.
void ddl_check_rows(const std::string& name, const ExprPtr& condition, const TableDef& table, DdlBuilder& ddl);
/// Errors: 42P16 for a type of which no column can be.
absl::Status ddl_check_stored(std::string_view column, Type type);
/// Makes the table's rows hashed and keyed by its new primary key.
absl::Status ddl_rewrite_table(const TableDef& before, TableDef* after, ExprList values, DdlBuilder& ddl);

/// The options of a new view, WITH CHECK OPTION among them. Errors: 22023; 0A000 for a view that cannot be changed.
absl::Status ddl_view_options(const sql::CreateViewStatement& create, const BoundQuery& query, ViewDef* view);
/// Options and column defaults.
absl::Status ddl_alter_view(const sql::AlterTableAction& action, ViewDef* view, DdlBuilder& ddl);

}  // namespace troupe
