#pragma once
/// What all DDL shares (options, object references, DROP, RENAME, …), schemas, sequences and types.
#include "runtime/sql/ast_select.hpp"

namespace troupe::sql {

struct FunctionParameter;  // ast_routine.hpp
struct ColumnDefinition;   // ast_table.hpp
struct Constraint;         // ast_table.hpp

enum class OptionAction : uint8_t { kUnspecified, kSet, kAdd, kDrop };
/// `name = value` in WITH (…), OPTIONS (…), CREATE SEQUENCE, COPY, EXPLAIN, …; always the lower-case option's name.
struct Option : Node {
  static constexpr auto kKind = NodeKind::kOption;
  std::string_view name_space;  ///< toast.autovacuum_enabled
  std::string_view name;
  const Node* value = nullptr;  ///< Literal (a bare word is a kString, TRUE a kBoolean), TypeName, NameList,
                                ///< ColumnRef (star: `*`), or null
  OptionAction action = OptionAction::kUnspecified;
};
/// A list or qualified name as an option's value.
struct NameList : Node {
  static constexpr auto kKind = NodeKind::kNameList;
  Name names;
};

/// An object that a statement speaks about.
struct ObjectRef : Node {
  static constexpr auto kKind = NodeKind::kObjectRef;
  ObjectKind object{};
  Name name;                ///< its name; for members (constraint, trigger, rule, policy) that of the table;
                            ///< for a column: table's name and the column; for a transform: the language
  std::string_view member;  ///< constraint, trigger, rule, policy; the access method of an operator class or family
  bool has_arguments = false;  ///< routines: `f` and `f()` differ
  List<const FunctionParameter*> arguments;
  List<const FunctionParameter*> order_by_arguments;  ///< aggregates: f(a ORDER BY b)
  List<const TypeName*> types;  ///< operator: left (null for prefix), right; cast: source, target; type and domain: one
};

struct DropStatement : Statement {
  static constexpr auto kKind = NodeKind::kDrop;
  ObjectKind object{};
  bool if_exists = false;
  bool concurrently = false;
  DropBehavior behavior = DropBehavior::kRestrict;
  List<const ObjectRef*> objects;
};
/// ALTER x RENAME TO y; `column`/`member` in the reference for parts of a table.
struct RenameStatement : Statement {
  static constexpr auto kKind = NodeKind::kRename;
  ObjectKind object{};           ///< what gets the new name: kColumn, kTableConstraint, kAttribute, … too
  ObjectKind of{};               ///< the relation's kind when a part is renamed (kTable, kView, …)
  const TableRef* relation = nullptr;  ///< of relations and their parts
  const ObjectRef* target = nullptr;   ///< of everything else
  std::string_view part;         ///< the old name of the column, constraint, attribute, trigger, policy or rule
  std::string_view new_name;
  bool if_exists = false;
  DropBehavior behavior = DropBehavior::kRestrict;
};
struct AlterSchemaStatement : Statement {  ///< ALTER x SET SCHEMA y
  static constexpr auto kKind = NodeKind::kAlterSchema;
  ObjectKind object{};
  const TableRef* relation = nullptr;
  const ObjectRef* target = nullptr;
  std::string_view schema;
  bool if_exists = false;
};
struct RoleName;  // ast_role.hpp
struct AlterOwnerStatement : Statement {  ///< ALTER x OWNER TO y, of anything that is not a relation
  static constexpr auto kKind = NodeKind::kAlterOwner;
  const ObjectRef* target = nullptr;
  const RoleName* owner = nullptr;
};
struct AlterDependsStatement : Statement {  ///< ALTER x [NO] DEPENDS ON EXTENSION y
  static constexpr auto kKind = NodeKind::kAlterDepends;
  const ObjectRef* target = nullptr;
  bool remove = false;
  std::string_view extension;
};
struct CommentStatement : Statement {
  static constexpr auto kKind = NodeKind::kComment;
  const ObjectRef* target = nullptr;
  bool is_null = false;
  std::string_view text;
};
struct SecurityLabelStatement : Statement {
  static constexpr auto kKind = NodeKind::kSecurityLabel;
  const ObjectRef* target = nullptr;
  std::string_view provider;
  bool is_null = false;
  std::string_view label;
};

struct CreateSchemaStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateSchema;
  std::string_view name;  ///< empty: the role's
  const RoleName* authorization = nullptr;
  bool if_not_exists = false;
  List<const Statement*> elements;
};

struct CreateSequenceStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateSequence;
  const TableRef* sequence = nullptr;
  Persistence persistence = Persistence::kPermanent;
  bool if_not_exists = false;
  /// as (TypeName), cache, cycle (kBoolean), increment, maxvalue, minvalue (null: NO …), owned_by (NameList),
  /// start, restart, sequence_name.
  List<const Option*> options;
};
struct AlterSequenceStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterSequence;
  const TableRef* sequence = nullptr;
  bool if_exists = false;
  List<const Option*> options;
};

struct CreateEnumStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateEnum;
  Name name;
  List<std::string_view> labels;
};
struct AlterEnumStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterEnum;
  Name name;
  std::string_view old_label;  ///< RENAME VALUE old TO new
  std::string_view new_label;
  bool rename = false;
  bool if_not_exists = false;
  std::string_view neighbour;  ///< BEFORE or AFTER this one
  bool has_neighbour = false;
  bool after = false;
};
struct CreateCompositeStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateComposite;
  Name name;
  List<const ColumnDefinition*> attributes;
};
struct CreateRangeStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateRange;
  Name name;
  List<const Option*> options;
};
struct CreateDomainStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateDomain;
  Name name;
  const TypeName* type = nullptr;
  Name collation;
  List<const Constraint*> constraints;
};
struct AlterDomainStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterDomain;
  enum class Action : uint8_t {
    kSetDefault, kDropDefault, kSetNotNull, kDropNotNull, kAddConstraint, kDropConstraint, kValidateConstraint,
  };
  Name name;
  Action action{};
  const Expr* expression = nullptr;
  const Constraint* constraint = nullptr;
  std::string_view constraint_name;
  bool if_exists = false;
  DropBehavior behavior = DropBehavior::kRestrict;
};

/// CREATE AGGREGATE, OPERATOR, TYPE (base or shell), COLLATION, TEXT SEARCH …: a name and a list of options.
struct DefineStatement : Statement {
  static constexpr auto kKind = NodeKind::kDefine;
  ObjectKind object{};
  bool replace = false;
  bool if_not_exists = false;
  bool old_style = false;  ///< CREATE AGGREGATE name (basetype = …)
  Name name;
  bool star_arguments = false;  ///< aggregate (*)
  List<const FunctionParameter*> arguments;
  List<const FunctionParameter*> order_by_arguments;
  Name from;  ///< CREATE COLLATION x FROM y
  List<const Option*> options;
};
/// ALTER OPERATOR … SET (…), ALTER TYPE … SET (…), ALTER COLLATION … REFRESH VERSION, ALTER STATISTICS … SET
/// STATISTICS, ALTER TABLESPACE … SET/RESET (…): the option's name tells (refresh_version, statistics, …).
struct AlterOptionsStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterOptions;
  const ObjectRef* target = nullptr;
  bool if_exists = false;
  bool reset = false;
  List<const Option*> options;
};

}  // namespace troupe::sql
