#pragma once
/// Functions and procedures as definitions change them. Sources: ddl_function (CREATE, ALTER), ddl_function_find,
/// ddl_function_body (what it does, looked at as PostgreSQL looks at it), ddl_function_use (which definitions call
/// one).
#include <string>
#include <vector>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/ddl_binder.hpp"
#include "runtime/sql/ast_routine.hpp"

namespace troupe {

absl::Status ddl_create_function(const sql::CreateFunctionStatement& create, DdlBuilder& ddl);
absl::Status ddl_alter_function(const sql::AlterFunctionStatement& alter, DdlBuilder& ddl);
absl::Status ddl_rename_function(const sql::RenameStatement& rename, DdlBuilder& ddl);
absl::Status ddl_move_function(const sql::AlterSchemaStatement& alter, DdlBuilder& ddl);
absl::Status ddl_own_function(const sql::AlterOwnerStatement& alter, DdlBuilder& ddl);

bool is_routine(sql::ObjectKind kind);
absl::Status ddl_create_aggregate(const sql::DefineStatement& create, DdlBuilder& ddl);
/// What `f` or `f(integer)` names. Null with if_exists (a notice is added). Errors: 42883, 42725, 42809.
absl::StatusOr<const FunctionDef*> ddl_find_function(const sql::ObjectRef& ref, bool if_exists, DdlBuilder& ddl);

/// "f(integer,text)", as what depends on what is told.
std::string ddl_function_name(const FunctionDef& function);
/// The function's text: statements to run, and how a standard body is shown.
absl::Status ddl_read_body(const sql::CreateFunctionStatement& create, FunctionDef* function, DdlBuilder& ddl);
/// Errors: what is wrong with its statements; 42P13 when they do not return what it is to return.
absl::Status ddl_check_body(const FunctionDef& function, DdlBuilder& ddl);

/// An expression as it is kept: users' functions in it with their schemas.
std::string ddl_expression_text(const sql::Expr& expr, const DdlBuilder& ddl);
/// Whether an expression of the table's columns is immutable: users' functions that are marked so are taken at their
/// word.
absl::StatusOr<bool> ddl_is_immutable(const sql::Expr& expr, const std::shared_ptr<BoundRelation>& relation,
                                      Clause clause, const DdlBuilder& ddl);

/// Where a table or domain keeps an expression that calls a function.
struct FunctionUse {
  enum class Kind : uint8_t { kDefault, kGenerated, kCheck, kIndex };
  Kind kind = Kind::kDefault;
  ObjectPtr object;    ///< table, domain or index
  int16_t attnum = 0;  ///< of a column
  std::string name;    ///< of a constraint
};
std::vector<FunctionUse> ddl_uses_of_function(const FunctionDef& function, const DdlBuilder& ddl);
/// "constraint c on table t"
std::string ddl_describe_use(const FunctionUse& use, const DdlBuilder& ddl);
absl::Status ddl_drop_use(const FunctionUse& use, DdlBuilder& ddl);
/// A relation, or a schema, has a new name, which standard bodies mention. Errors: 0A000 where tables' definitions call
/// functions of the schema.
absl::Status ddl_rename_in_functions(const NewName& renamed, DdlBuilder& ddl);
/// Whether it takes or returns values of the type.
bool ddl_function_has_type(const FunctionDef& function, const TypeDef& type);
/// Functions that take or return the object's rows or values, or whose standard body uses it.
std::vector<FunctionPtr> ddl_functions_of(const ObjectDef& object, const DdlBuilder& ddl);

}  // namespace troupe
