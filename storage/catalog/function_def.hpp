#pragma once
/// A function or procedure that a user has written in SQL.
#include <string>
#include <vector>

#include "storage/base/error.hpp"
#include "storage/catalog/objects.hpp"

namespace troupe {

/// 42P13.
inline constexpr ErrorCode kInvalidFunctionDefinition{pack_sqlstate("42P13")};

/// pg_proc.proargmodes' letters.
enum class ArgumentMode : uint8_t { in = 'i', out = 'o', in_out = 'b', variadic = 'v', table = 't' };

/// pg_proc's letters, too.
enum class FunctionVolatility : uint8_t { immutable = 'i', stable = 's', volatile_ = 'v' };
enum class FunctionParallel : uint8_t { safe = 's', restricted = 'r', unsafe = 'u' };

struct ArgumentDef {
  ArgumentMode mode = ArgumentMode::in;
  std::string name;  ///< empty: none
  Oid type = kNoOid;
  std::string default_sql;  ///< empty: none
  Oid domain = kNoOid;      ///< that it was declared as

  /// A caller gives it; of a procedure also the others are given.
  bool is_input() const { return mode != ArgumentMode::out && mode != ArgumentMode::table; }
};

struct FunctionDef final : ObjectDef {
  FunctionDef() : ObjectDef(ObjectKind::function) {}

  bool procedure = false;
  std::vector<ArgumentDef> arguments;
  Oid result = kNoOid;  ///< of a procedure without OUT arguments: void
  Oid result_domain = kNoOid;
  bool returns_set = false;
  bool strict = false;
  bool security_definer = false;
  bool leakproof = false;
  FunctionVolatility volatility = FunctionVolatility::volatile_;
  FunctionParallel parallel = FunctionParallel::unsafe;
  double cost = 100;
  double rows = 0;   ///< 0: does not return a set
  Options settings;  ///< its SET clauses
  std::string body;      ///< AS '...'
  std::string sql_body;  ///< RETURN or BEGIN ATOMIC: `body` has the standard body's queries, names written out
  std::vector<Oid> depends_on;  ///< what a standard body uses
  std::vector<Oid> path;        ///< in which a standard body looks names up
  Oid result_relation = kNoOid;  ///< whose rows it returns
  std::string signature;        ///< name and input types: no two in a schema have the same; set by update_signature()

  /// Of the arguments by which it is told from others of its name.
  std::vector<Oid> input_types() const;
  /// OUT, INOUT and TABLE arguments, in order.
  std::vector<const ArgumentDef*> outputs() const;
  const ArgumentDef* variadic() const;
  size_t defaults() const;
  void update_signature();
};

}  // namespace troupe
