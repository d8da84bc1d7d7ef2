#pragma once
/// Triggers, rules, policies, extensions, publications, subscriptions, databases, and the rarely created kinds.
#include "runtime/sql/ast_ddl.hpp"

namespace troupe::sql {

enum class CastContext : uint8_t { kExplicit, kAssignment, kImplicit };
struct CreateCastStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateCast;
  const TypeName* source = nullptr;
  const TypeName* target = nullptr;
  const ObjectRef* function = nullptr;  ///< null: WITHOUT FUNCTION or WITH INOUT
  bool inout = false;
  CastContext context = CastContext::kExplicit;
};

enum class TriggerTiming : uint8_t { kBefore, kAfter, kInsteadOf };
enum TriggerEvent : uint32_t { kTriggerInsert = 1, kTriggerUpdate = 2, kTriggerDelete = 4, kTriggerTruncate = 8 };
struct TriggerTransition {
  bool is_new = false;
  bool is_table = false;
  std::string_view name;
};
struct CreateTriggerStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateTrigger;
  bool replace = false;
  bool constraint = false;
  std::string_view name;
  TriggerTiming timing{};
  uint32_t events = 0;                   ///< TriggerEvent bits
  List<std::string_view> columns;        ///< UPDATE OF …
  const TableRef* table = nullptr;
  const TableRef* referenced = nullptr;  ///< constraint triggers: FROM t
  List<TriggerTransition> transitions;
  bool for_each_row = false;
  const Expr* when = nullptr;
  Name function;
  List<std::string_view> arguments;
  bool deferrable = false;
  bool initially_deferred = false;
};
struct CreateEventTriggerStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateEventTrigger;
  std::string_view name;
  std::string_view event;
  List<const Option*> filters;  ///< WHEN tag IN (…): NameList
  Name function;
};
struct AlterEventTriggerStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterEventTrigger;
  std::string_view name;
  std::string_view state;  ///< enable, enable replica, enable always, disable
};
struct CreateRuleStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateRule;
  bool replace = false;
  std::string_view name;
  std::string_view event;  ///< select, update, delete, insert
  const TableRef* table = nullptr;
  const Expr* where = nullptr;
  bool instead = false;
  List<const Statement*> actions;  ///< empty: NOTHING
};
struct CreatePolicyStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreatePolicy;
  std::string_view name;
  const TableRef* table = nullptr;
  bool permissive = true;
  std::string_view command;  ///< all, select, insert, update, delete
  List<const RoleName*> roles;
  const Expr* using_expression = nullptr;
  const Expr* check = nullptr;
};
struct AlterPolicyStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterPolicy;
  std::string_view name;
  const TableRef* table = nullptr;
  List<const RoleName*> roles;
  const Expr* using_expression = nullptr;
  const Expr* check = nullptr;
};

struct CreateExtensionStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateExtension;
  std::string_view name;
  bool if_not_exists = false;
  List<const Option*> options;  ///< schema, new_version, cascade
};
struct AlterExtensionStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterExtension;
  std::string_view name;
  std::string_view new_version;  ///< UPDATE TO …; empty: the default
};
struct AlterExtensionContentsStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterExtensionContents;
  std::string_view name;
  bool add = false;
  const ObjectRef* object = nullptr;
};

enum class PublicationObjectType : uint8_t { kTable, kTablesInSchema, kTablesInCurrentSchema };
struct PublicationObject : Node {
  static constexpr auto kKind = NodeKind::kPublicationObject;
  PublicationObjectType type{};
  const TableRef* table = nullptr;
  std::string_view schema;
  List<std::string_view> columns;
  const Expr* where = nullptr;
};
struct CreatePublicationStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreatePublication;
  std::string_view name;
  bool all_tables = false;
  List<const PublicationObject*> objects;
  List<const Option*> options;
};
struct AlterPublicationStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterPublication;
  enum class Action : uint8_t { kOptions, kAdd, kSet, kDrop };
  std::string_view name;
  Action action{};
  List<const PublicationObject*> objects;
  List<const Option*> options;
};
struct CreateSubscriptionStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateSubscription;
  std::string_view name;
  std::string_view connection;
  List<std::string_view> publications;
  List<const Option*> options;
};
struct AlterSubscriptionStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterSubscription;
  enum class Action : uint8_t {
    kOptions, kConnection, kRefresh, kAddPublication, kDropPublication, kSetPublication, kEnable, kDisable, kSkip,
  };
  std::string_view name;
  Action action{};
  std::string_view connection;
  List<std::string_view> publications;
  List<const Option*> options;
};

struct CreateDatabaseStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateDatabase;
  std::string_view name;
  List<const Option*> options;  ///< value null: DEFAULT
};
struct SetStatement;  // ast_utility.hpp
struct AlterDatabaseStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterDatabase;
  std::string_view name;
  List<const Option*> options;  ///< `refresh_collation_version` for that form
  const SetStatement* setting = nullptr;
};
struct DropDatabaseStatement : Statement {
  static constexpr auto kKind = NodeKind::kDropDatabase;
  std::string_view name;
  bool if_exists = false;
  List<const Option*> options;  ///< force
};
struct CreateTablespaceStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateTablespace;
  std::string_view name;
  const RoleName* owner = nullptr;
  std::string_view location;
  List<const Option*> options;
};
struct DropTablespaceStatement : Statement {
  static constexpr auto kKind = NodeKind::kDropTablespace;
  std::string_view name;
  bool if_exists = false;
};

}  // namespace troupe::sql
