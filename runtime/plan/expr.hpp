#pragma once
/// Bound expressions: names looked up, types known, casts explicit. Immutable and shared between plans, executions
/// and threads. The executor compiles them; they are pure (no subquery is left in a finished plan).
///
/// In a finished plan, columns are positions in the node's input row. Between binding and planning a column is
/// (relation, attribute), with relations numbered through the whole statement, so that an expression that mentions a
/// relation of an outer query is correlated and nothing else has to say so.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/types/aggregate.hpp"
#include "runtime/types/cast.hpp"
#include "runtime/types/function.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/error.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// Travels in messages as a number: append only.
enum class ExprKind : uint8_t {
  kConstant = 1,  ///< value, of `type`
  kColumn,        ///< index: position in the input row (while planning: attribute of `relation`)
  kParameter,     ///< index: $1 is 0
  kSlot,          ///< index: a value that another part of the plan sets before this one runs
  kCall,          ///< call.function over args, which have the types of call.arguments already
  kCast,          ///< cast applied to args[0]
  kAnd,           ///< two or more args, three-valued
  kOr,
  kNot,
  kNullTest,      ///< args[0] IS [NOT] NULL; of a row: all fields
  kBooleanTest,   ///< args[0] IS [NOT] TRUE/FALSE/UNKNOWN: `truth`
  kDistinctTest,  ///< args[0] IS [NOT] DISTINCT FROM args[1]; call is the equality
  kCase,          ///< condition, result, condition, result, ..., else: an odd number of args
  kCoalesce,
  kNullIf,        ///< null when call (equality over both args, cast[...] done) is true, else args[0]
  kGreatest,      ///< nulls are left out; by the type's own order
  kLeast,
  kInList,        ///< args[0] [NOT] IN (args[1..]); call is the equality; hashed: all items are constants
  kArrayCompare,  ///< args[0] call ANY (args[1]), or ALL when all_of
  kArray,         ///< args are elements, or with `nested` arrays that become the outer dimension
  kRow,           ///< args are the fields of a record; value: their names (field_names), null for f1, f2 ...
  kSubscript,     ///< args[0][args[1]][args[2]]...
  kSequence,      ///< sequence_op on sequence oid `index`, or (index 0) on the regclass args[0]; setval: then its args
  kNamedSetting,  ///< setting: what current_user, current_schema ... return from EvalContext

  // Only while planning:
  kAggregate = 64,  ///< aggregate
  kWindow,
  kGrouping,        ///< GROUPING(args)
  kSubquery,        ///< subquery
  kDefault,         ///< DEFAULT in VALUES or SET, replaced by the column's default
  kTableFunction,   ///< a set-returning function in a select list: table_function(args), one column
};

enum class Truth : uint8_t { kTrue, kFalse, kUnknown };
enum class SequenceOp : uint8_t { kNext, kCurrent, kLast, kSet };
enum class NamedSetting : uint8_t { kCurrentUser, kSessionUser, kCatalog, kSchema };

struct Expr;
struct BoundSubquery;  // runtime/plan/bound_query.hpp
struct WindowCall;
struct TableFunction;  // runtime/plan/table_function.hpp
using ExprPtr = std::shared_ptr<const Expr>;
using ExprList = std::vector<ExprPtr>;

/// ORDER BY of a query, an aggregate, a window or an ordered scan.
struct SortKey {
  ExprPtr value;
  bool descending = false;
  bool nulls_first = false;
};

struct AggregateCall {
  BoundAggregate aggregate;
  ExprList args;              ///< cast already
  std::vector<SortKey> order; ///< ORDER BY inside the call
  ExprPtr filter;             ///< null: every row
  bool distinct = false;
};

struct Expr {
  ExprKind kind = ExprKind::kConstant;
  bool negated = false;
  bool all_of = false;
  bool hashed = false;
  bool nested = false;
  Truth truth = Truth::kTrue;
  SequenceOp sequence_op = SequenceOp::kNext;
  NamedSetting setting = NamedSetting::kCurrentUser;
  Type type;
  uint32_t index = 0;
  uint32_t relation = 0;   ///< while planning
  uint32_t position = 0;   ///< 1-based character in the statement, for errors; 0: none. Not part of equality
  ExprList args;
  Value value;
  BoundFunction call;
  CastPlan cast;
  std::shared_ptr<const AggregateCall> aggregate;
  std::shared_ptr<const WindowCall> window;
  std::shared_ptr<const BoundSubquery> subquery;
  const TableFunction* table_function = nullptr;

  const Expr& arg(size_t i) const { return *args[i]; }
  bool is_constant() const { return kind == ExprKind::kConstant; }
  bool is_null_constant() const { return kind == ExprKind::kConstant && value.is_null(); }
  bool is_column() const { return kind == ExprKind::kColumn; }
};

// --- making ---

/// A node to be filled in further before anybody else sees it.
std::shared_ptr<Expr> make_expr(ExprKind kind, Type type, ExprList args = {});
ExprPtr make_constant(Type type, Value value);
ExprPtr make_null(Type type);
ExprPtr make_bool(bool value);
ExprPtr make_text(std::string_view text);
ExprPtr make_column(Type type, uint32_t index, uint32_t relation = 0);
ExprPtr make_parameter(Type type, uint32_t index);
ExprPtr make_slot(Type type, uint32_t index);
ExprPtr make_call(BoundFunction call, ExprList args);
/// args flattened: AND of ANDs is one AND. One argument is itself; none is true (AND) or false (OR).
ExprPtr make_and(ExprList args);
ExprPtr make_or(ExprList args);
ExprPtr make_not(ExprPtr arg);
ExprPtr make_null_test(ExprPtr arg, bool negated);
/// `left symbol right` (left null: prefix), resolved by their types, casts inserted. Errors as resolve_operator's.
absl::StatusOr<ExprPtr> make_operator(std::string_view symbol, ExprPtr left, ExprPtr right,
                                      const EvalContext& context);
/// `arg` as `type`; itself when nothing is to be done; unknown constants become constants of the type. Errors: 42846,
/// 22P02 ...
absl::StatusOr<ExprPtr> make_cast(ExprPtr arg, Type type, CastContext cast, const EvalContext& context);

/// A kRow with named fields.
ExprPtr make_record(ExprList fields, std::span<const std::string_view> names);
/// A record's field by its place from 0.
absl::StatusOr<ExprPtr> make_field(const Expr& record, size_t place, Type type);
/// Of a kRow; empty when they have none.
std::vector<std::string_view> field_names(const Expr& row);

std::vector<Type> types_of(const ExprList& exprs);

// --- asking ---

/// Structural; positions do not count.
bool equal(const Expr& a, const Expr& b);
inline bool equal(const ExprPtr& a, const ExprPtr& b) {
  return a == b || (a != nullptr && b != nullptr && equal(*a, *b));
}
/// Whether the list has an equal one.
bool is_among(const ExprPtr& expr, const ExprList& list);
/// A comparison of two for equality, by any type's operator.
bool is_equality(const Expr& expr);
uint64_t hash_expr(const Expr& expr);
/// The least of its parts: a call of random() makes all of it volatile.
Volatility volatility_of(const Expr& expr);
/// The conjuncts of a condition, appended; also those that all arms of an OR have in common.
void split_and(const ExprPtr& condition, ExprList* out);
/// Calls `visit(const Expr&)` for expr and everything under it (not into subqueries), parents first.
template <typename Visit>
void visit_expr(const Expr& expr, Visit&& visit) {
  visit(expr);
  for (const ExprPtr& arg : expr.args) {
    if (arg) visit_expr(*arg, visit);
  }
  if (expr.aggregate) {
    for (const ExprPtr& arg : expr.aggregate->args) visit_expr(*arg, visit);
    for (const SortKey& key : expr.aggregate->order) visit_expr(*key.value, visit);
    if (expr.aggregate->filter) visit_expr(*expr.aggregate->filter, visit);
  }
}
/// A copy in which replace(part) stands for each part for which it is not null, parents first; shares what did not
/// change. Also inside aggregate calls.
template <typename Replace>
ExprPtr replace_expr(const ExprPtr& expr, Replace&& replace);

// --- bytes and text ---

/// For messages: everything but positions. Functions travel by name and argument types.
void encode_expr(const Expr& expr, std::string* out);
/// Errors: kDataCorrupted, 42883 when a function is unknown here.
absl::StatusOr<ExprPtr> decode_expr(std::string_view bytes);
void encode_exprs(std::span<const ExprPtr> exprs, std::string* out);
absl::StatusOr<ExprList> decode_exprs(std::string_view bytes);
void encode_aggregate_call(const AggregateCall& call, std::string* out);
absl::StatusOr<AggregateCall> decode_aggregate_call(std::string_view bytes);

/// As EXPLAIN prints it: `((a + 1) > 10)`. `columns` names the input's columns ($n by itself, columns beyond: #n).
std::string print_expr(const Expr& expr, std::span<const std::string> columns);
std::string print_aggregate(const AggregateCall& call, std::span<const std::string> columns);

template <typename Replace>
ExprPtr replace_expr(const ExprPtr& expr, Replace&& replace) {
  if (expr == nullptr) return nullptr;
  if (ExprPtr other = replace(expr)) return other;
  std::shared_ptr<Expr> copy;
  const auto writable = [&]() -> Expr& {
    if (!copy) copy = std::make_shared<Expr>(*expr);
    return *copy;
  };
  for (size_t i = 0; i < expr->args.size(); ++i) {
    ExprPtr changed = replace_expr(expr->args[i], replace);
    if (changed != expr->args[i]) writable().args[i] = std::move(changed);
  }
  if (expr->aggregate) {
    auto call = std::make_shared<AggregateCall>(*expr->aggregate);
    for (ExprPtr& arg : call->args) arg = replace_expr(arg, replace);
    for (SortKey& key : call->order) key.value = replace_expr(key.value, replace);
    call->filter = replace_expr(call->filter, replace);
    writable().aggregate = std::move(call);
  }
  return copy ? ExprPtr(std::move(copy)) : expr;
}

}  // namespace troupe
