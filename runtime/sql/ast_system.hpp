#pragma once
/// The extensibility corner: languages, conversions, operator classes, foreign data, text search.
#include "runtime/sql/ast_ddl.hpp"

namespace troupe::sql {

struct CreateLanguageStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateLanguage;
  bool replace = false;
  bool trusted = false;
  std::string_view name;
  Name handler;
  Name inline_handler;
  Name validator;
};
struct CreateConversionStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateConversion;
  bool is_default = false;
  Name name;
  std::string_view source;
  std::string_view target;
  Name function;
};
struct CreateTransformStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateTransform;
  bool replace = false;
  const TypeName* type = nullptr;
  std::string_view language;
  const ObjectRef* from_sql = nullptr;
  const ObjectRef* to_sql = nullptr;
};
struct CreateAccessMethodStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateAccessMethod;
  std::string_view name;
  bool index = false;  ///< else TABLE
  Name handler;
};

/// OPERATOR 1 < (a, b) [FOR SEARCH | FOR ORDER BY f], FUNCTION 1 (a, b) f(a, b), STORAGE t
struct OperatorClassItem : Node {
  static constexpr auto kKind = NodeKind::kOperatorClassItem;
  enum class Type : uint8_t { kOperator, kFunction, kStorage };
  Type type{};
  int32_t number = 0;
  const ObjectRef* object = nullptr;  ///< operator or function; null in ALTER … DROP
  Name order_family;
  List<const TypeName*> types;  ///< the argument types in parentheses; kStorage: one
};
struct CreateOperatorClassStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateOperatorClass;
  Name name;
  bool is_default = false;
  const TypeName* type = nullptr;
  std::string_view access_method;
  Name family;
  List<const OperatorClassItem*> items;
};
struct CreateOperatorFamilyStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateOperatorFamily;
  Name name;
  std::string_view access_method;
};
struct AlterOperatorFamilyStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterOperatorFamily;
  Name name;
  std::string_view access_method;
  bool drop = false;
  List<const OperatorClassItem*> items;
};

struct AlterTextSearchStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterTextSearch;
  enum class Action : uint8_t { kOptions, kAddMapping, kAlterMapping, kReplaceDictionary, kDropMapping };
  ObjectKind object{};  ///< dictionary or configuration
  Name name;
  Action action{};
  bool if_exists = false;
  List<std::string_view> tokens;
  List<Name> dictionaries;  ///< kReplaceDictionary: old, new
  List<const Option*> options;
};

/// CREATE and ALTER of FOREIGN DATA WRAPPER, SERVER and USER MAPPING, and DROP USER MAPPING.
struct ForeignStatement : Statement {
  static constexpr auto kKind = NodeKind::kForeign;
  enum class Verb : uint8_t { kCreate, kAlter, kDrop };
  Verb verb{};
  ObjectKind object{};
  bool if_exists = false;
  bool if_not_exists = false;
  std::string_view name;  ///< wrapper or server; of a mapping: the server
  const RoleName* user = nullptr;
  std::string_view wrapper;
  std::string_view server_type;
  std::string_view version;
  bool has_version = false;
  List<const Option*> functions;  ///< handler, validator: NameList; null for NO …
  List<const Option*> options;
};
struct ImportForeignStatement : Statement {
  static constexpr auto kKind = NodeKind::kImportForeign;
  enum class Selection : uint8_t { kAll, kLimitTo, kExcept };
  std::string_view remote_schema;
  Selection selection{};
  List<const TableRef*> tables;
  std::string_view server;
  std::string_view local_schema;
  List<const Option*> options;
};

}  // namespace troupe::sql
