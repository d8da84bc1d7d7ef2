#pragma once
/// The syntax tree's base: what the parser says about a text, before any name is looked up. Nodes are immutable,
/// live in the arena of their ParsedSql (parser.hpp) and know the byte offset of their first token.
///
///   if (const auto* select = statement->as<SelectStatement>()) ...
///   switch (node->kind) { case NodeKind::kColumnRef: bind(node->to<ColumnRef>()); ... }
///
/// Families: ast_expr.hpp, ast_select.hpp, ast_match.hpp, ast_dml.hpp, ast_table.hpp, ast_ddl.hpp, ast_routine.hpp,
/// ast_role.hpp, ast_utility.hpp; ast_all.hpp includes them.
#include <cstdint>
#include <string_view>

#include "runtime/sql/arena.hpp"
#include "storage/base/check.hpp"

namespace troupe::sql {

enum class NodeKind : uint16_t {
  // ast_expr.hpp
  kColumnRef, kParameter, kLiteral, kIndirection, kOperator, kBoolean, kFunctionCall, kNamedArgument, kValueFunction,
  kCast, kCollate, kRow, kArray, kSubquery, kAnyAll, kInList, kBetween, kLike, kNullTest, kBooleanTest,
  kDistinctTest, kNullIf, kCoalesce, kGreatestLeast, kCase, kGrouping, kDefault, kCurrentOf, kPrior, kTypeName,
  kSortItem, kWindow, kRowSemantics,
  // ast_select.hpp
  kSelect, kTarget, kWith, kCommonTable, kTableRef, kSubqueryRef, kFunctionRef, kJoin, kGroupingSet, kLocking,
  // ast_match.hpp
  kMatchRecognize, kPattern, kMatchMeasure, kMatchSubset, kMatchDefinition,
  // ast_dml.hpp
  kInsert, kUpdate, kDelete, kMerge, kMergeWhen, kAssignment, kOnConflict, kTruncate, kCopy,
  // ast_table.hpp
  kCreateTable, kCreateTableAs, kColumnDefinition, kConstraint, kLikeTable, kPartitionBy, kPartitionBound,
  kAlterTable, kAlterTableAction, kCreateIndex, kIndexElement, kCreateView, kCreateStatistics, kRefreshView,
  // ast_ddl.hpp
  kOption, kNameList, kObjectRef, kDrop, kRename, kAlterSchema, kAlterOwner, kAlterDepends, kComment, kSecurityLabel,
  kCreateSchema, kCreateSequence, kAlterSequence, kCreateEnum, kAlterEnum, kCreateComposite, kCreateRange,
  kCreateDomain, kAlterDomain, kDefine, kAlterOptions, kCreateCast, kCreateTrigger, kCreateEventTrigger,
  kAlterEventTrigger, kCreateRule, kCreatePolicy, kAlterPolicy, kCreateExtension, kAlterExtension,
  kAlterExtensionContents, kCreatePublication, kAlterPublication, kPublicationObject, kCreateSubscription,
  kAlterSubscription, kCreateDatabase, kAlterDatabase, kDropDatabase, kCreateTablespace, kDropTablespace,
  kCreateLanguage, kCreateConversion, kCreateTransform, kCreateAccessMethod, kCreateOperatorClass,
  kCreateOperatorFamily, kAlterOperatorFamily, kOperatorClassItem, kAlterTextSearch, kForeign, kImportForeign,
  // ast_routine.hpp
  kCreateFunction, kFunctionParameter, kAlterFunction, kReturn, kSqlBody, kDo, kCall,
  // ast_role.hpp
  kCreateRole, kAlterRole, kAlterRoleSet, kDropRole, kRoleName, kGrant, kGrantRole, kAlterDefaultPrivileges,
  kReassignOwned, kDropOwned, kPrivilege,
  // ast_utility.hpp
  kTransaction, kSet, kShow, kPrepare, kExecute, kDeallocate, kDeclareCursor, kFetch, kClose, kExplain, kVacuum,
  kVacuumTarget, kReindex, kCluster, kLockTable, kListen, kNotify, kUnlisten, kDiscard, kCheckpoint, kLoad,
  kSetConstraints, kAlterSystem, kSubscribe,
  // ast_stream.hpp
  kCreateStream, kStreamedTable, kAlterStream, kConsumerGroup, kSubscribeStream, kConsume, kAcknowledge,
};

struct Node {
  NodeKind kind{};
  uint32_t position = 0;  ///< byte offset in the text; character_position() (parser.hpp) makes it PostgreSQL's

  template <typename T>
  bool is() const {
    return kind == T::kKind;
  }
  /// This node as a T, or null when it is something else.
  template <typename T>
  const T* as() const {
    return is<T>() ? static_cast<const T*>(this) : nullptr;
  }
  /// This node, which must be a T.
  template <typename T>
  const T& to() const {
    TROUPE_CHECK(is<T>());
    return *static_cast<const T*>(this);
  }
};

/// Anything with a value.
struct Expr : Node {};
/// Anything a client may send.
struct Statement : Node {};
/// Anything in FROM: TableRef, SubqueryRef, FunctionRef, Join, MatchRecognize.
struct FromItem : Node {};

using ExprList = List<const Expr*>;

/// CASCADE or RESTRICT; PostgreSQL's default is RESTRICT.
enum class DropBehavior : uint8_t { kRestrict, kCascade };

/// What a statement is about (DROP, COMMENT, ALTER … RENAME, GRANT, …).
enum class ObjectKind : uint8_t {
  kTable, kForeignTable, kView, kMaterializedView, kIndex, kSequence, kColumn, kTableConstraint, kDomainConstraint,
  kAttribute, kSchema, kDatabase, kTablespace, kRole, kFunction, kProcedure, kRoutine, kAggregate, kOperator,
  kOperatorClass, kOperatorFamily, kType, kDomain, kCollation, kConversion, kCast, kTransform, kLanguage,
  kExtension, kEventTrigger, kTrigger, kRule, kPolicy, kPublication, kSubscription, kStatistics, kAccessMethod,
  kForeignDataWrapper, kForeignServer, kUserMapping, kTextSearchParser, kTextSearchDictionary,
  kTextSearchTemplate, kTextSearchConfiguration, kLargeObject, kParameter, kStream,
};

}  // namespace troupe::sql
