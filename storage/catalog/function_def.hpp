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

/// A function that an aggregate calls: a user's, or one of the system's by its name.
struct SupportFunction {
  Oid function = kNoOid;
  std::string name;  ///< of the system's
  bool is_given() const { return function != kNoOid || !name.empty(); }
};

/// What only an aggregate has. Of moving aggregates, combine and serial functions it is only kept, to be told.
struct AggregateDef {
  Oid state = kNoOid;  ///< kNoOid: this is no aggregate
  SupportFunction transition;
  SupportFunction final_function;
  bool final_extra = false;  ///< it takes nulls in the places of the arguments, too
  bool has_initial = false;
  std::string initial;  ///< the state before the first row, as text
  SupportFunction combine, serial, deserial;
  Oid moving_state = kNoOid;
  SupportFunction moving, inverse, moving_final;
  bool moving_final_extra = false;
  bool has_moving_initial = false;
  std::string moving_initial;
  std::string final_modify = "r", moving_final_modify = "r";  ///< pg_aggregate's letters
  std::string sort_operator;
  int64_t state_bytes = 0, moving_state_bytes = 0;
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
  AggregateDef aggregate;       ///< it has no body then

  bool is_aggregate() const { return aggregate.state != kNoOid; }
  /// Of the arguments by which it is told from others of its name.
  std::vector<Oid> input_types() const;
  /// OUT, INOUT and TABLE arguments, in order.
  std::vector<const ArgumentDef*> outputs() const;
  const ArgumentDef* variadic() const;
  size_t defaults() const;
  void update_signature();
};

}  // namespace troupe
