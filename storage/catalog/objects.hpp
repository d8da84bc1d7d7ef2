#pragma once
/// What the catalog knows about each object. Definitions are immutable once they are in a Catalog and are shared by
/// pointer; a change makes a copy. Expressions are kept as SQL text and bound when they are used.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/base/ids.hpp"
#include "storage/catalog/acl.hpp"
#include "storage/catalog/names.hpp"
#include "storage/catalog/partitioning.hpp"
#include "storage/catalog/policy.hpp"
#include "storage/catalog/statistics.hpp"
#include "storage/column/key_codec.hpp"
#include "storage/column/row_codec.hpp"

namespace troupe {

/// On disk as a number: append only.
enum class ObjectKind : uint8_t {
  schema = 1, table, index, sequence, view, type, role, database, function, publication, stream,
};

/// What every object has. Derived definitions add the rest and nothing else derives from it.
struct ObjectDef {
  explicit ObjectDef(ObjectKind object_kind) : kind{object_kind} {}
  virtual ~ObjectDef() = default;
  ObjectDef(const ObjectDef&) = default;
  ObjectDef& operator=(const ObjectDef&) = default;

  ObjectKind kind;
  Oid oid = kNoOid;
  Oid schema = kNoOid;  ///< kNoOid for objects outside schemas
  Oid owner = kBootstrapRole;
  std::string name;
  std::string comment;
  Acl acl;
  /// Where it is; kNoOid: in all databases (roles, databases, the system's schemas). Encoded with schemas and
  /// publications only: the snapshot gives it to what is in schemas.
  Oid database = kNoOid;
  /// The commit that gave the object this shape; a cached plan is good while its objects' versions stay.
  /// Not encoded: the snapshot that holds the object sets it.
  Scn version = kNoScn;

  NameClass name_class() const;
  /// By which it is told from all others of its class and scope: of a function with its arguments' types.
  const std::string& unique_name() const;
  /// Its name differs from all others of its class in there: the schema, of a schema or publication the database.
  Oid name_scope() const {
    return kind == ObjectKind::schema || kind == ObjectKind::publication ? database : schema;
  }
};
using ObjectPtr = std::shared_ptr<const ObjectDef>;
using Options = std::vector<std::pair<std::string, std::string>>;

/// An empty definition of the kind; null for a number that is no kind.
std::shared_ptr<ObjectDef> make_object(ObjectKind kind);
/// A copy of the whole definition, to be changed.
std::shared_ptr<ObjectDef> copy_object(const ObjectDef& object);

/// ALTER DEFAULT PRIVILEGES: what objects of a kind have as their rights when `role` makes them.
struct DefaultAcl {
  Oid oid = kNoOid;
  Oid role = kNoOid;
  uint8_t object_type = 0;  ///< pg_default_acl's letter: r, S, f, T, n
  Acl acl;
};

struct SchemaDef final : ObjectDef {
  SchemaDef() : ObjectDef(ObjectKind::schema) { database = kDefaultDatabase; }

  std::vector<DefaultAcl> default_acls;  ///< of objects in it
};

enum class IdentityKind : uint8_t { none = 0, always = 1, by_default = 2 };

struct ColumnDef {
  int16_t attnum = 0;  ///< 1-based, never used twice; the row holds the column at attnum - 1
  std::string name;
  Oid type = kNoOid;    ///< of a domain its base type
  Oid domain = kNoOid;  ///< that it was declared as
  int32_t typmod = -1;
  Physical physical = Physical::kVarlen;  ///< the type's, so that rows are read without a type registry
  Oid collation = kNoOid;
  bool not_null = false;
  bool dropped = false;  ///< stays as a hole, so that rows written before keep their layout
  IdentityKind identity = IdentityKind::none;
  bool generated_stored = false;  ///< default_sql is the generation expression
  std::string default_sql;        ///< empty: no default
  /// What rows written before the column was added read as.
  Value missing;
  Oid owned_sequence = kNoOid;  ///< serial or identity
  std::string comment;
  Acl acl;
  // Of a partition's column.
  bool inherited = false;   ///< the partitioned table has it
  bool from_parent = false; ///< and only for that is it here: pg_attribute.attislocal is false
};

enum class ConstraintKind : uint8_t {
  primary_key = 1, unique = 2, check = 3, not_null = 4, foreign_key = 5, exclusion = 6
};

/// What becomes of rows when the row that they refer to goes or gets another key.
enum class KeyAction : uint8_t { no_action = 0, restrict_now = 1, cascade = 2, set_null = 3, set_default = 4 };

/// What only a foreign key has.
struct ForeignKeyDef {
  Oid table = kNoOid;                     ///< referenced; kNoOid: this is no foreign key
  std::vector<int16_t> columns;           ///< of it, parallel to ConstraintDef::columns
  Oid index = kNoOid;                     ///< unique, over these columns
  bool match_full = false;
  KeyAction on_update = KeyAction::no_action;
  KeyAction on_delete = KeyAction::no_action;
  std::vector<int16_t> on_delete_columns;  ///< which ON DELETE SET NULL or DEFAULT sets; empty: all
};

struct ConstraintDef {
  Oid oid = kNoOid;
  ConstraintKind kind = ConstraintKind::check;
  std::string name;
  std::vector<int16_t> columns;  ///< attnums
  std::string check_sql;         ///< of a check; of an exclusion its operators, with spaces between
  Oid index = kNoOid;            ///< of a primary key, unique constraint or exclusion
  ForeignKeyDef foreign;
  bool deferrable = false;
  bool initially_deferred = false;
  bool not_valid = false;  ///< rows that were there before have not been looked at
  // Of a partition's constraint.
  Oid parent = kNoOid;       ///< the partitioned table's constraint that this one is for; kNoOid: none
  bool from_parent = false;  ///< and it is here for nothing else: it goes when that goes

  /// Rows are compared with each other when the statement, or the transaction, is done.
  bool compares_rows_afterwards() const {
    return kind == ConstraintKind::exclusion ||
           (deferrable && (kind == ConstraintKind::primary_key || kind == ConstraintKind::unique));
  }
};

/// Of an exclusion, by its index's elements.
std::vector<std::string_view> exclusion_operators(const ConstraintDef& exclusion);

/// What storage needs to know of a table's rows; derived from the definition.
struct TableShape {
  RowLayout layout;                   ///< all columns by position (attnum - 1), dropped ones included
  std::vector<Value> missing;         ///< by position; null where a row that lacks the column reads null
  std::vector<uint32_t> key;          ///< row positions of the primary key; empty: hidden row id
  std::vector<KeyColumn> key_columns; ///< parallel to key
  std::vector<CompareKind> key_kinds; ///< parallel to key, for hash_key()
};

/// The same of an index. Its tree's key: index columns, then (non-unique, or a null among them) the row's key.
struct IndexShape {
  std::vector<uint32_t> columns;       ///< row positions; kIndexExpression
  std::vector<KeyColumn> key_columns;
  std::vector<CompareKind> key_kinds;
};

/// By what replication names a row that is changed or deleted. In order: the primary key, nothing, the whole row, the
/// columns of TableDef::replica_index.
enum class ReplicaIdentity : uint8_t { primary_key = 0, nothing = 1, full = 2, index = 3 };

/// What COMMIT does to a temporary table.
enum class OnCommit : uint8_t { preserve_rows = 0, delete_rows = 1, drop = 2 };

struct TableDef final : ObjectDef {
  TableDef() : ObjectDef(ObjectKind::table) {}

  TreeId tree = 0;
  std::vector<ColumnDef> columns;  ///< columns[attnum - 1], dropped ones included
  /// Attnums of the primary key in key order; empty: rows are keyed by a hidden 8-byte row id.
  std::vector<int16_t> primary_key;
  std::vector<ConstraintDef> constraints;
  std::vector<Oid> indexes;  ///< in order of creation; the primary key's first where there is one
  Options options;
  bool unlogged = false;
  std::vector<Oid> referenced_by;  ///< tables with foreign keys that refer to this one, itself included; ascending
  bool temporary = false;          ///< its session's; in that session's own schema
  OnCommit on_commit = OnCommit::preserve_rows;
  std::string query_sql;                              ///< of a materialized view: what its rows are made by; else empty
  std::vector<Oid> depends_on;                        ///< relations that it reads
  bool populated = true;                              ///< of a materialized view: it has been filled, and may be read
  PartitionKeyDef partition_key;     ///< of a partitioned table, which has no rows of its own and no tree
  std::vector<Oid> partitions;       ///< of a partitioned table, in the order they came
  Oid partition_of = kNoOid;         ///< the partitioned table that this is a part of
  PartitionBoundDef bound;           ///< which of its rows
  std::shared_ptr<const TableStatistics> statistics;  ///< null before the first ANALYZE
  bool row_security = false;                          ///< policies decide; without one, nobody but the owner sees a row
  bool force_row_security = false;                    ///< they decide for the owner, too
  std::vector<PolicyDef> policies;
  ReplicaIdentity replica_identity = ReplicaIdentity::primary_key;
  Oid replica_index = kNoOid;

  /// Not encoded; set by the snapshot that holds the definition, and so never null there.
  std::shared_ptr<const TableShape> shape;
  /// The runtime's fast table lock. Opaque here, not encoded, and handed on from a definition to its successor.
  std::shared_ptr<void> gate;

  const ColumnDef& column(int16_t attnum) const { return columns[static_cast<size_t>(attnum - 1)]; }
  /// By name, dropped ones excluded; null when there is none.
  const ColumnDef* find_column(std::string_view column_name) const;
  const ConstraintDef* find_constraint(std::string_view constraint_name) const;
  const PolicyDef* find_policy(std::string_view policy_name) const;
  /// The primary key's index, kNoOid without one.
  Oid primary_key_index() const;
  size_t live_columns() const;
  bool is_materialized_view() const { return !query_sql.empty(); }
  bool is_partitioned() const { return partition_key.method != PartitionMethod::none; }
  bool is_partition() const { return partition_of != kNoOid; }
};

std::shared_ptr<const TableShape> make_shape(const TableDef& table);

struct IndexColumn {
  int16_t attnum = 0;  ///< 0: an expression, in expression_sql
  bool descending = false;
  bool nulls_first = false;
  std::string expression_sql;
  // Of an expression: what its values are, and what the index calls the column.
  Oid type = kNoOid;
  int32_t typmod = -1;
  Physical physical = Physical::kVarlen;
  std::string name;
};

struct IndexDef final : ObjectDef {
  IndexDef() : ObjectDef(ObjectKind::index) {}

  Oid table = kNoOid;
  /// 0 where keys_rows(): the table's own tree is the index.
  TreeId tree = 0;
  bool unique = false;
  bool primary = false;
  bool constraint = false;  ///< made for a UNIQUE, PRIMARY KEY or EXCLUDE constraint
  /// Not yet built: writers maintain it, readers must not use it.
  bool building = false;
  bool deferrable = false;  ///< unique when the statement or transaction is done: has entries as one that is not unique
  bool exclusion = false;   ///< made for EXCLUDE
  std::string method = "btree";
  std::vector<IndexColumn> columns;
  std::string predicate_sql;  ///< of a partial index
  std::vector<int16_t> included;  ///< INCLUDE: columns that are told of, and read from the row
  bool nulls_not_distinct = false;  ///< unique: rows with nulls are in each other's way too
  Options options;
  Oid parent = kNoOid;      ///< the partitioned table's index that this partition's is a part of
  bool incomplete = false;  ///< a partitioned table's (ON ONLY): not every partition has its part yet

  /// Not encoded; set by the snapshot that holds the definition, and so never null there.
  std::shared_ptr<const IndexShape> shape;

  /// Spread by its own key; otherwise it lies in the same partition as the row.
  bool global() const { return unique && !primary && !deferrable; }
  /// The rows of the table are kept by this key.
  bool keys_rows() const { return primary && !deferrable; }
  /// It is not just of columns of all rows: who reads or writes entries needs its bound expressions (IndexTerms).
  bool has_terms() const;
};
/// In IndexShape::columns, in the place of an expression: no column's position.
inline constexpr uint32_t kIndexExpression = UINT32_MAX - 1;

/// `table` is the one it indexes.
std::shared_ptr<const IndexShape> make_shape(const IndexDef& index, const TableDef& table);

struct SequenceDef final : ObjectDef {
  SequenceDef() : ObjectDef(ObjectKind::sequence) {}

  Oid type = 20;  ///< int8, int4 (23) or int2 (21)
  int64_t start = 1;
  int64_t increment = 1;
  int64_t minimum = 1;
  int64_t maximum = INT64_MAX;
  int64_t cache = 1;
  bool cycle = false;
  Oid owner_table = kNoOid;  ///< dropped with this column
  int16_t owner_column = 0;
};

struct ViewDef final : ObjectDef {
  ViewDef() : ObjectDef(ObjectKind::view) {}

  std::string query_sql;
  std::vector<ColumnDef> columns;  ///< names and types when the view was made
  std::vector<Oid> depends_on;     ///< relations its query reads
  Options options;                 ///< check_option, security_barrier, security_invoker
  /// The table or view that changes when the view's rows do; none: it is not updatable by itself.
  Oid changes = kNoOid;
  std::vector<int16_t> changes_columns;  ///< of that relation, by the view's columns; 0: an expression

  /// Empty: none.
  std::string_view option(std::string_view name) const {
    for (const auto& [key, value] : options) {
      if (key == name) return value;
    }
    return {};
  }
};

/// What a view, materialized or not, is made by and what it reads; null for anything else.
struct ViewText {
  std::string_view query_sql;
  const std::vector<Oid>* depends_on = nullptr;
};
std::optional<ViewText> view_text(const ObjectDef& object);
bool is_materialized_view(const ObjectDef& object);

/// A shell is a name only (CREATE TYPE t;), so far. On disk as a number: append only.
enum class TypeKind : uint8_t { enumeration = 1, domain = 2, composite = 3, shell = 4, range = 5 };

/// A user's type; the built-in ones are in runtime/types.
struct TypeDef final : ObjectDef {
  TypeDef() : ObjectDef(ObjectKind::type) {}

  TypeKind type_kind = TypeKind::enumeration;
  std::vector<std::string> labels;  ///< of an enumeration, in order
  Oid base = kNoOid;                ///< of a domain; a range's subtype
  int32_t base_typmod = -1;
  bool not_null = false;
  std::string default_sql;
  std::vector<ConstraintDef> checks;
  Oid array_type = kNoOid;
  /// Of labels, parallel: what a value is stored as, and so how values are ordered.
  std::vector<int64_t> label_values;
  std::vector<Oid> label_oids;
  std::vector<ColumnDef> attributes;  ///< of a composite type; dropped ones stay
  Oid relation = kNoOid;              ///< under which pg_class and pg_attribute have a composite type
  // Of a range.
  Oid multirange_type = kNoOid;
  Oid multirange_array = kNoOid;
  std::string multirange_name;
  std::string subtype_diff;  ///< a function's name, kept to be told
};

/// That a role is a member of another.
struct Membership {
  Oid role = kNoOid;
  bool admin = false;  ///< may pass it on
  Oid grantor = kNoOid;
};

struct RoleDef final : ObjectDef {
  RoleDef() : ObjectDef(ObjectKind::role) {}

  bool superuser = false;
  bool can_login = false;
  bool create_role = false;
  bool create_database = false;
  bool inherit = true;
  bool replication = false;
  int32_t connection_limit = -1;
  std::string password;  ///< SCRAM verifier; empty: none
  std::vector<Membership> member_of;
  bool bypass_row_security = false;
  std::string valid_until;  ///< a timestamptz; empty: for ever
  Options settings;         ///< ALTER ROLE ... SET, for every database
};

/// ALTER ROLE ... IN DATABASE ... SET.
struct RoleSettings {
  Oid role = kNoOid;
  Options settings;
};

struct DatabaseDef final : ObjectDef {
  DatabaseDef() : ObjectDef(ObjectKind::database) {}

  std::string encoding = "UTF8";
  std::string collation = "C.UTF-8";
  int32_t connection_limit = -1;
  Options options;  ///< ALTER DATABASE ... SET: parameters of its sessions
  bool is_template = false;
  bool allow_connections = true;
  std::vector<RoleSettings> role_settings;
  std::vector<DefaultAcl> default_acls;  ///< of objects in whatever schema of it, and of its schemas
};

}  // namespace troupe
