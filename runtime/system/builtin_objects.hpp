#pragma once
/// Built-in functions, operators, casts and operator classes as catalog objects: what the registries of runtime/types
/// have, under PostgreSQL's oids where it has the same object, under oids from kOwnOids on where it has not.
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/function.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

inline constexpr Oid kOwnOids = 8000;

struct BuiltinFunction {
  Oid oid = 0;
  std::string_view name;
  std::vector<Oid> arguments;
  Oid result = 0;
  char kind = 'f';  ///< prokind: f, a, w
  bool strict = true;
  bool variadic = false;
  Volatility volatility = Volatility::kImmutable;
};
/// By oid: functions, aggregates, window functions and the types' support functions. Made when first asked for, so
/// every registration must be done by then.
std::span<const BuiltinFunction> builtin_functions();
const BuiltinFunction* find_builtin_function(Oid oid);

struct BuiltinOperator {
  Oid oid = 0;
  std::string_view name;
  Oid left = 0, right = 0, result = 0;  ///< left 0: prefix
  Oid function = 0, commutator = 0, negator = 0;
  bool can_merge = false, can_hash = false;
};
std::span<const BuiltinOperator> builtin_operators();
class FunctionRegistry;
/// The functions behind operators, which PostgreSQL lets everybody call by their names, too: int4pl(1, 2). After all others.
void register_operator_functions(FunctionRegistry& registry);

struct OperatorFamily {
  Oid oid = 0, method = 0;
  std::string_view name;
};
std::span<const OperatorFamily> operator_families();

struct OperatorClass {
  Oid oid = 0, method = 0;
  std::string_view name;
  Oid family = 0, type = 0;
  bool is_default = false;
};
std::span<const OperatorClass> operator_classes();
/// What an index of `method` ("btree", "hash") on a column of `type` uses; 0 when there is none.
Oid default_operator_class(std::string_view method, Oid type);
Oid access_method_oid(std::string_view name);
/// That an index on a column of `type` uses for two of its values; 0: none.
Oid operator_of(std::string_view name, Oid type);

struct CastOids {
  Oid source = 0, target = 0, oid = 0, function = 0;
};
std::span<const CastOids> cast_oids();

struct TypeSupport {
  Oid type = 0;
  Oid input = 0, output = 0, receive = 0, send = 0, modin = 0, modout = 0, analyze = 0, subscript = 0;
  char storage = 'p';
  Oid collation = 0;
};
/// Null for a type PostgreSQL does not have.
const TypeSupport* find_type_support(Oid type);

}  // namespace troupe
