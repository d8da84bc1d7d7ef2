/// What a condition says of one column, for the sieve of an Interest.
#include <limits>

#include "runtime/plan/estimate.hpp"
#include "runtime/stream/followed_rows.hpp"

namespace troupe {
namespace {

bool is_integer(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }
bool is_text(Oid type) { return type == oid::kText || type == oid::kVarchar; }

/// Types of which values are equal exactly when their bytes are.
bool equal_as_bytes(Oid type) {
  switch (type) {
    case oid::kBool:
    case oid::kInt2:
    case oid::kInt4:
    case oid::kInt8:
    case oid::kOid:
    case oid::kText:
    case oid::kVarchar:
    case oid::kBytea:
    case oid::kUuid:
    case oid::kDate:
    case oid::kTimestamp:
    case oid::kTimestamptz: return true;
    default: return false;
  }
}
/// Types whose order is that of the integers that they are.
bool ordered_as_integer(Oid type) {
  return is_integer(type) || type == oid::kDate || type == oid::kTimestamp || type == oid::kTimestamptz;
}
/// Whether a value of the one type can stand for one of the other.
bool same_values(Oid column, Oid value) {
  return column == value || (is_integer(column) && is_integer(value)) || (is_text(column) && is_text(value));
}

std::optional<Value> known_value(const ExprPtr& expr, EvalContext& context) {
  const auto program = Program::compile(expr);
  if (!program.ok()) return std::nullopt;
  EvalInput in;
  in.rows = 1;
  in.context = &context;
  auto value = program->run_once(in);
  if (!value.ok() || value->is_null()) return std::nullopt;
  return *std::move(value);
}

std::optional<int64_t> as_integer(const Value& value) {
  switch (value.kind()) {
    case Physical::kInt16: return value.get<int16_t>();
    case Physical::kInt32: return value.get<int32_t>();
    case Physical::kInt64: return value.get<int64_t>();
    default: return std::nullopt;
  }
}

template <typename T>
std::optional<std::string> integer_bytes(int64_t value) {
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return std::nullopt;
  const T narrow = static_cast<T>(value);
  return std::string(reinterpret_cast<const char*>(&narrow), sizeof narrow);
}

/// The value as a row's bytes have it; nothing: no row can have it.
std::optional<std::string> row_bytes(const Value& value, Physical column) {
  if (column == Physical::kVarlen) return value.string();
  if (value.kind() == column) return std::string(static_cast<const char*>(value.raw()), width(column));
  const auto integer = as_integer(value);
  if (!integer) return std::nullopt;
  if (column == Physical::kInt16) return integer_bytes<int16_t>(*integer);
  if (column == Physical::kInt32) return integer_bytes<int32_t>(*integer);
  return integer_bytes<int64_t>(*integer);
}

/// column IN (values), each of them a constant.
std::optional<ColumnSieve> sieve_of_list(const Expr& in, const TableDef& table) {
  if (in.kind != ExprKind::kInList || in.negated) return std::nullopt;
  const Expr* column = match_column(in.arg(0), 0);
  if (column == nullptr || column->index >= table.columns.size() || !equal_as_bytes(column->type.oid)) return std::nullopt;
  ColumnSieve sieve;
  sieve.column = column->index;
  for (size_t i = 1; i < in.args.size(); ++i) {
    const Expr& item = in.arg(i);
    if (!item.is_constant() || !same_values(column->type.oid, item.type.oid)) return std::nullopt;
    if (item.value.is_null()) continue;
    auto bytes = row_bytes(item.value, table.columns[column->index].physical);
    if (bytes) sieve.values.push_back(*std::move(bytes));
  }
  if (sieve.values.empty()) return std::nullopt;
  return sieve;
}

}  // namespace

std::optional<ColumnSieve> sieve_of(const ExprPtr& condition, const TableDef& table, EvalContext& context) {
  ExprList conjuncts;
  split_and(condition, &conjuncts);
  std::map<uint32_t, ColumnSieve> ranges;
  for (const ExprPtr& conjunct : conjuncts) {
    if (auto sieve = sieve_of_list(*conjunct, table)) return sieve;
    const auto comparison = match_comparison(*conjunct, 0);
    if (!comparison || comparison->column >= table.columns.size()) continue;
    const Oid type = comparison->column_type.oid;
    if (!same_values(type, comparison->value->type.oid)) continue;
    const auto value = known_value(comparison->value, context);
    if (!value) continue;
    if (comparison->comparison == Comparison::kEqual && equal_as_bytes(type)) {
      auto bytes = row_bytes(*value, table.columns[comparison->column].physical);
      if (bytes) return ColumnSieve{comparison->column, {*std::move(bytes)}, 0, 0};
    }
    const auto integer = ordered_as_integer(type) ? as_integer(*value) : std::nullopt;
    if (!integer) continue;
    constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();
    ColumnSieve& range = ranges.try_emplace(comparison->column, ColumnSieve{comparison->column, {}, kLeast, kMost})
                             .first->second;
    switch (comparison->comparison) {
      case Comparison::kLess: range.high = std::min(range.high, *integer == kLeast ? kLeast : *integer - 1); break;
      case Comparison::kLessEqual: range.high = std::min(range.high, *integer); break;
      case Comparison::kGreater: range.low = std::max(range.low, *integer == kMost ? kMost : *integer + 1); break;
      case Comparison::kGreaterEqual: range.low = std::max(range.low, *integer); break;
      default: break;
    }
    if (range.low == kLeast && range.high == kMost) ranges.erase(comparison->column);
  }
  // Two ends hold back more than one.
  const ColumnSieve* best = nullptr;
  for (const auto& [column, range] : ranges) {
    const auto ends = [](const ColumnSieve& sieve) { return (sieve.low != INT64_MIN) + (sieve.high != INT64_MAX); };
    if (best == nullptr || ends(range) > ends(*best)) best = &range;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace troupe
