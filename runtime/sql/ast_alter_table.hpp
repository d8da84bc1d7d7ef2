#pragma once
/// ALTER TABLE and its kin (index, view, materialized view, sequence, foreign table, type): a list of actions.
#include "runtime/sql/ast_table.hpp"

namespace troupe::sql {

struct RoleName;  // ast_role.hpp

enum class AlterAction : uint8_t {
  kAddColumn,            // column, if_not_exists
  kDropColumn,           // name, if_exists, behavior
  kSetDefault,           // name, expression
  kDropDefault,          // name
  kSetNotNull,           // name
  kDropNotNull,          // name
  kDropExpression,       // name, if_exists
  kSetStatistics,        // name or number, value
  kSetColumnOptions,     // name, options
  kResetColumnOptions,   // name, options
  kSetStorage,           // name, text
  kSetCompression,       // name, text
  kAddIdentity,          // name, constraint
  kSetIdentity,          // name, options (generated, restart, sequence options)
  kDropIdentity,         // name, if_exists
  kAlterType,            // name, column (type, collation), expression = USING
  kColumnForeignOptions, // name, options
  kAddConstraint,        // constraint
  kAlterConstraint,      // constraint (name, deferrability)
  kValidateConstraint,   // name
  kDropConstraint,       // name, if_exists, behavior
  kSetWithoutOids, kSetLogged, kSetUnlogged,
  kClusterOn,            // name
  kSetWithoutCluster,
  kInherit, kNoInherit,  // table
  kOfType,               // type
  kNotOfType,
  kOwnerTo,              // role
  kSetTablespace,        // name
  kSetOptions, kResetOptions,  // options
  kReplicaIdentity,      // text: default, full, nothing, index; name of the index
  kEnableTrigger, kEnableAlwaysTrigger, kEnableReplicaTrigger, kDisableTrigger,  // name; empty with text all or user
  kEnableRule, kEnableAlwaysRule, kEnableReplicaRule, kDisableRule,              // name
  kEnableRowSecurity, kDisableRowSecurity, kForceRowSecurity, kNoForceRowSecurity,
  kForeignOptions,       // options
  kSetAccessMethod,      // name
  kAttachPartition,      // table, bound
  kDetachPartition,      // table, concurrently
  kDetachPartitionFinalize,  // table
  kAddAttribute, kDropAttribute, kAlterAttribute,  // composite types: as the column actions, with behavior
};

struct AlterTableAction : Node {
  static constexpr auto kKind = NodeKind::kAlterTableAction;
  AlterAction action{};
  bool if_exists = false;
  bool if_not_exists = false;
  bool concurrently = false;
  DropBehavior behavior = DropBehavior::kRestrict;
  int32_t number = 0;  ///< kSetStatistics of an index's column
  int32_t value = 0;
  std::string_view name;
  std::string_view text;
  const ColumnDefinition* column = nullptr;
  const Constraint* constraint = nullptr;
  const Expr* expression = nullptr;
  const TypeName* type = nullptr;
  const TableRef* table = nullptr;
  const PartitionBound* bound = nullptr;
  const RoleName* role = nullptr;
  List<const Option*> options;
};

/// With `all_in_tablespace`, ALTER TABLE ALL IN TABLESPACE x [OWNED BY …] SET TABLESPACE y.
struct AlterTableStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterTable;
  ObjectKind object = ObjectKind::kTable;  ///< kType for composite types
  bool if_exists = false;
  const TableRef* table = nullptr;
  List<const AlterTableAction*> actions;
  std::string_view all_in_tablespace;
  List<const RoleName*> owned_by;
  std::string_view new_tablespace;
  bool no_wait = false;
};

}  // namespace troupe::sql
