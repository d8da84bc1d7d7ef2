#pragma once
/// Expressions and type names. As in PostgreSQL's raw tree, syntax that is a function in disguise (EXTRACT, TRIM,
/// AT TIME ZONE, …) is a FunctionCall of the pg_catalog function; its `syntax` remembers how it was written.
#include "runtime/sql/ast.hpp"

namespace troupe::sql {

struct SelectStatement;
struct SortItem;
struct WindowDefinition;

/// `numeric(10,2)[]`, `timestamp(3) with time zone`, `setof t.c%type`.
struct TypeName : Node {
  static constexpr auto kKind = NodeKind::kTypeName;
  Name name;  ///< SQL's own spellings are resolved: `int` is pg_catalog.int4, `char(3)` pg_catalog.bpchar
  ExprList modifiers;
  uint32_t interval_fields = 0;  ///< interval … year to month: IntervalField bits; 0 = not restricted
  List<int32_t> array_bounds;    ///< one per dimension, -1 when the size was left open
  bool set_of = false;
  bool of_column = false;  ///< name%TYPE: the last part of name is the column
};

/// Bits of TypeName::interval_fields, those of PostgreSQL's interval typmod.
enum IntervalField : uint32_t {
  kIntervalMonth = 1u << 1, kIntervalYear = 1u << 2, kIntervalDay = 1u << 3, kIntervalHour = 1u << 10,
  kIntervalMinute = 1u << 11, kIntervalSecond = 1u << 12,
};

/// `a`, `t.a`, `s.t.*`, `*`.
struct ColumnRef : Expr {
  static constexpr auto kKind = NodeKind::kColumnRef;
  Name name;          ///< without the star; empty for a bare `*`
  bool star = false;  ///< ends in `.*`, or is `*`
};

/// `$3`
struct Parameter : Expr {
  static constexpr auto kKind = NodeKind::kParameter;
  uint32_t number = 0;
};

enum class LiteralType : uint8_t {
  kNull, kBoolean, kInt4, kInt8, kNumeric,
  kString,  ///< of type unknown until the context says more
  kBits,    ///< B'101' and X'1F': `text` is 'b' or 'x' and the digits
};
struct Literal : Expr {
  static constexpr auto kKind = NodeKind::kLiteral;
  LiteralType type = LiteralType::kNull;
  int64_t integer = 0;    ///< kInt4, kInt8; 1 or 0 for kBoolean
  std::string_view text;  ///< kNumeric, kString (escapes resolved), kBits
};

/// One step of `.name`, `.*`, `[i]` or `[from:to]`.
struct Accessor {
  enum class Kind : uint8_t { kField, kStar, kSubscript, kSlice };
  Kind kind = Kind::kField;
  uint32_t position = 0;
  std::string_view field;
  const Expr* lower = nullptr;  ///< kSlice; null when left open
  const Expr* upper = nullptr;  ///< kSubscript: the index; kSlice: null when left open
};
/// `arr[1][2:3]`, `(row).field`, `f(x).*`; on a column, leading plain names belong to the ColumnRef.
struct Indirection : Expr {
  static constexpr auto kKind = NodeKind::kIndirection;
  const Expr* argument = nullptr;
  List<Accessor> accessors;
};

/// `left op right`, or prefix `op right` (left null); `schema` from OPERATOR(schema.op).
struct OperatorExpr : Expr {
  static constexpr auto kKind = NodeKind::kOperator;
  Name schema;
  std::string_view op;
  const Expr* left = nullptr;
  const Expr* right = nullptr;
};

enum class BooleanOp : uint8_t { kAnd, kOr, kNot };
/// AND and OR are flat: `a AND b AND c` has three arguments. NOT has one.
struct BooleanExpr : Expr {
  static constexpr auto kKind = NodeKind::kBoolean;
  BooleanOp op = BooleanOp::kAnd;
  ExprList arguments;
};

enum class CallSyntax : uint8_t {
  kPlain, kAtTimeZone, kExtract, kOverlay, kPosition, kSubstring, kSubstringSimilar, kTrimBoth, kTrimLeading,
  kTrimTrailing, kNormalize, kIsNormalized, kOverlaps, kCollationFor, kTreat,
};
struct FunctionCall : Expr {
  static constexpr auto kKind = NodeKind::kFunctionCall;
  Name name;
  ExprList arguments;  ///< NamedArgument among them for `name => value`
  List<const SortItem*> order_by;
  const Expr* filter = nullptr;
  const WindowDefinition* over = nullptr;
  CallSyntax syntax = CallSyntax::kPlain;
  bool star = false;          ///< count(*)
  bool distinct = false;      ///< count(DISTINCT x)
  bool variadic = false;      ///< the last argument was marked VARIADIC
  bool within_group = false;  ///< order_by came from WITHIN GROUP (ORDER BY …)
};
struct NamedArgument : Expr {
  static constexpr auto kKind = NodeKind::kNamedArgument;
  std::string_view name;
  const Expr* value = nullptr;
};

enum class ValueFunction : uint8_t {
  kCurrentDate, kCurrentTime, kCurrentTimestamp, kLocalTime, kLocalTimestamp, kCurrentRole, kCurrentUser, kUser,
  kSessionUser, kCurrentCatalog, kCurrentSchema,
};
struct ValueFunctionExpr : Expr {
  static constexpr auto kKind = NodeKind::kValueFunction;
  ValueFunction function{};
  int32_t precision = -1;
};

struct CastExpr : Expr {
  static constexpr auto kKind = NodeKind::kCast;
  const Expr* argument = nullptr;
  const TypeName* type = nullptr;
};
struct CollateExpr : Expr {
  static constexpr auto kKind = NodeKind::kCollate;
  const Expr* argument = nullptr;
  Name collation;
};
struct RowExpr : Expr {
  static constexpr auto kKind = NodeKind::kRow;
  ExprList fields;
  bool explicit_row = false;  ///< written with ROW
};
/// ARRAY[…]; inner brackets of a multi-dimensional one are ArrayExpr too.
struct ArrayExpr : Expr {
  static constexpr auto kKind = NodeKind::kArray;
  ExprList elements;
};

enum class SubqueryType : uint8_t {
  kScalar, kExists, kArray,
  kIn,   ///< test IN (query); `negated` for NOT IN
  kAny,  ///< test op ANY (query)
  kAll,  ///< test op ALL (query)
};
struct SubqueryExpr : Expr {
  static constexpr auto kKind = NodeKind::kSubquery;
  SubqueryType type{};
  bool negated = false;
  Name schema;          ///< of op
  std::string_view op;  ///< kAny, kAll; LIKE arrives as ~~
  const Expr* test = nullptr;
  const SelectStatement* query = nullptr;
};
/// `left op ANY (array)` or ALL.
struct AnyAllExpr : Expr {
  static constexpr auto kKind = NodeKind::kAnyAll;
  bool all = false;
  Name schema;
  std::string_view op;
  const Expr* left = nullptr;
  const Expr* array = nullptr;
};
struct InListExpr : Expr {
  static constexpr auto kKind = NodeKind::kInList;
  bool negated = false;
  const Expr* argument = nullptr;
  ExprList list;
};
struct BetweenExpr : Expr {
  static constexpr auto kKind = NodeKind::kBetween;
  bool negated = false;
  bool symmetric = false;
  const Expr* argument = nullptr;
  const Expr* low = nullptr;
  const Expr* high = nullptr;
};
enum class LikeType : uint8_t { kLike, kILike, kSimilar };
struct LikeExpr : Expr {
  static constexpr auto kKind = NodeKind::kLike;
  LikeType type{};
  bool negated = false;
  const Expr* argument = nullptr;
  const Expr* pattern = nullptr;
  const Expr* escape = nullptr;
};
struct NullTest : Expr {
  static constexpr auto kKind = NodeKind::kNullTest;
  bool negated = false;
  const Expr* argument = nullptr;
};
enum class TruthValue : uint8_t { kTrue, kFalse, kUnknown };
struct BooleanTest : Expr {
  static constexpr auto kKind = NodeKind::kBooleanTest;
  TruthValue value{};
  bool negated = false;
  const Expr* argument = nullptr;
};
struct DistinctTest : Expr {
  static constexpr auto kKind = NodeKind::kDistinctTest;
  bool negated = false;  ///< IS NOT DISTINCT FROM
  const Expr* left = nullptr;
  const Expr* right = nullptr;
};
struct NullIfExpr : Expr {
  static constexpr auto kKind = NodeKind::kNullIf;
  const Expr* left = nullptr;
  const Expr* right = nullptr;
};
struct CoalesceExpr : Expr {
  static constexpr auto kKind = NodeKind::kCoalesce;
  ExprList arguments;
};
struct GreatestLeastExpr : Expr {
  static constexpr auto kKind = NodeKind::kGreatestLeast;
  bool least = false;
  ExprList arguments;
};
struct CaseBranch {
  const Expr* when = nullptr;
  const Expr* then = nullptr;
};
struct CaseExpr : Expr {
  static constexpr auto kKind = NodeKind::kCase;
  const Expr* argument = nullptr;
  List<CaseBranch> branches;
  const Expr* otherwise = nullptr;
};
/// GROUPING(a, b)
struct GroupingExpr : Expr {
  static constexpr auto kKind = NodeKind::kGrouping;
  ExprList arguments;
};
/// DEFAULT where a value may stand.
struct DefaultExpr : Expr {
  static constexpr auto kKind = NodeKind::kDefault;
};
/// WHERE CURRENT OF cursor
struct CurrentOfExpr : Expr {
  static constexpr auto kKind = NodeKind::kCurrentOf;
  std::string_view cursor;
};
/// PRIOR x, inside CONNECT BY only.
struct PriorExpr : Expr {
  static constexpr auto kKind = NodeKind::kPrior;
  const Expr* argument = nullptr;
};

}  // namespace troupe::sql
