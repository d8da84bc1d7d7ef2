#pragma once
/// Tables, indexes and views: CREATE and ALTER.
#include "runtime/sql/ast_select.hpp"

namespace troupe::sql {

struct Option;           // ast_ddl.hpp

enum class OnCommit : uint8_t { kDefault, kPreserveRows, kDeleteRows, kDrop };

/// PARTITION BY RANGE (a, lower(b) COLLATE c opclass)
struct IndexElement : Node {
  static constexpr auto kKind = NodeKind::kIndexElement;
  std::string_view column;  ///< a plain column; else `expression`
  const Expr* expression = nullptr;
  Name collation;
  Name operator_class;
  List<const Option*> operator_class_options;
  SortOrder order = SortOrder::kDefault;
  NullsOrder nulls = NullsOrder::kDefault;
  Name exclusion_schema;  ///< EXCLUDE (… WITH op)
  std::string_view exclusion_operator;
};

enum class PartitionStrategy : uint8_t { kRange, kList, kHash };
struct PartitionBy : Node {
  static constexpr auto kKind = NodeKind::kPartitionBy;
  PartitionStrategy strategy{};
  List<const IndexElement*> keys;
};
struct PartitionBound : Node {
  static constexpr auto kKind = NodeKind::kPartitionBound;
  bool is_default = false;
  PartitionStrategy strategy{};
  ExprList values;  ///< IN (…)
  ExprList from;    ///< FROM (…); MINVALUE and MAXVALUE are ColumnRefs of that name
  ExprList to;
  int32_t modulus = 0;
  int32_t remainder = 0;
};

enum class ConstraintType : uint8_t {
  kNull, kNotNull, kDefault, kIdentity, kGenerated, kCheck, kPrimaryKey, kUnique, kExclude, kForeignKey,
};
enum class ReferentialAction : uint8_t { kNoAction, kRestrict, kCascade, kSetNull, kSetDefault };
enum class MatchType : uint8_t { kSimple, kFull, kPartial };
/// Of a column or of a table. DEFERRABLE & co. are folded into the constraint they follow.
struct Constraint : Node {
  static constexpr auto kKind = NodeKind::kConstraint;
  ConstraintType type{};
  std::string_view name;
  bool deferrable = false;
  bool initially_deferred = false;
  bool not_valid = false;
  bool no_inherit = false;
  const Expr* expression = nullptr;         ///< kCheck, kDefault, kGenerated
  bool identity_always = false;             ///< kIdentity: GENERATED ALWAYS, else BY DEFAULT
  List<std::string_view> columns;           ///< key columns, referencing columns; empty on a column's own
  List<std::string_view> include;           ///< INCLUDE (…)
  bool nulls_not_distinct = false;          ///< UNIQUE NULLS NOT DISTINCT
  List<const Option*> options;              ///< WITH (…), or kIdentity's sequence options
  std::string_view index_tablespace;        ///< USING INDEX TABLESPACE
  std::string_view index;                   ///< ALTER TABLE … ADD … USING INDEX
  std::string_view access_method;           ///< kExclude
  List<const IndexElement*> exclusions;     ///< kExclude
  const Expr* where = nullptr;              ///< kExclude
  const TableRef* referenced = nullptr;     ///< kForeignKey
  List<std::string_view> referenced_columns;
  MatchType match = MatchType::kSimple;
  ReferentialAction on_update = ReferentialAction::kNoAction;
  ReferentialAction on_delete = ReferentialAction::kNoAction;
  List<std::string_view> on_delete_columns;  ///< SET NULL (a, b)
};

struct ColumnDefinition : Node {
  static constexpr auto kKind = NodeKind::kColumnDefinition;
  std::string_view name;
  const TypeName* type = nullptr;  ///< null in CREATE TABLE … OF / PARTITION OF (name WITH OPTIONS …)
  Name collation;
  std::string_view compression;
  List<const Constraint*> constraints;
  List<const Option*> foreign_options;
};

enum LikeOption : uint32_t {
  kLikeComments = 1, kLikeCompression = 2, kLikeConstraints = 4, kLikeDefaults = 8, kLikeGenerated = 16,
  kLikeIdentity = 32, kLikeIndexes = 64, kLikeStatistics = 128, kLikeStorage = 256, kLikeAll = 511,
};
struct LikeTable : Node {
  static constexpr auto kKind = NodeKind::kLikeTable;
  const TableRef* table = nullptr;
  uint32_t options = 0;  ///< LikeOption bits
};

/// The target of SELECT INTO, CREATE TABLE AS and CREATE MATERIALIZED VIEW.
struct IntoClause {
  const TableRef* table = nullptr;
  Persistence persistence = Persistence::kPermanent;
  List<std::string_view> columns;
  std::string_view access_method;
  List<const Option*> options;
  OnCommit on_commit = OnCommit::kDefault;
  std::string_view tablespace;
};

struct CreateTableStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateTable;
  const TableRef* table = nullptr;
  Persistence persistence = Persistence::kPermanent;
  bool if_not_exists = false;
  bool foreign = false;
  List<const Node*> elements;  ///< ColumnDefinition, Constraint, LikeTable
  List<const TableRef*> inherits;
  const TableRef* partition_of = nullptr;
  const PartitionBound* bound = nullptr;
  const PartitionBy* partition_by = nullptr;
  const TypeName* of_type = nullptr;
  std::string_view access_method;
  List<const Option*> options;  ///< WITH (…)
  OnCommit on_commit = OnCommit::kDefault;
  std::string_view tablespace;
  std::string_view server;  ///< foreign tables
  List<const Option*> foreign_options;
};
struct CreateTableAsStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateTableAs;
  bool materialized_view = false;
  bool if_not_exists = false;
  bool with_data = true;
  const IntoClause* into = nullptr;
  const Statement* query = nullptr;  ///< SelectStatement or ExecuteStatement
};
struct RefreshViewStatement : Statement {
  static constexpr auto kKind = NodeKind::kRefreshView;
  const TableRef* view = nullptr;
  bool concurrently = false;
  bool with_data = true;
};

enum class CheckOption : uint8_t { kNone, kLocal, kCascaded };
struct CreateViewStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateView;
  const TableRef* view = nullptr;
  Persistence persistence = Persistence::kPermanent;
  bool replace = false;
  bool recursive = false;  ///< query is already the WITH RECURSIVE form
  List<std::string_view> columns;
  List<const Option*> options;
  const SelectStatement* query = nullptr;
  CheckOption check = CheckOption::kNone;
};

struct CreateIndexStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateIndex;
  bool unique = false;
  bool concurrently = false;
  bool if_not_exists = false;
  bool nulls_not_distinct = false;
  std::string_view name;  ///< empty: to be made up
  const TableRef* table = nullptr;
  std::string_view access_method;  ///< empty: btree
  List<const IndexElement*> elements;
  List<const IndexElement*> include;
  List<const Option*> options;
  std::string_view tablespace;
  const Expr* where = nullptr;
};

struct CreateStatisticsStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateStatistics;
  Name name;
  bool if_not_exists = false;
  List<std::string_view> kinds;
  ExprList expressions;  ///< a plain column is a ColumnRef
  List<const FromItem*> from;
};

}  // namespace troupe::sql
