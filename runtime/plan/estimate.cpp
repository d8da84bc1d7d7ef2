#include "runtime/plan/estimate.hpp"

#include <algorithm>
#include <cmath>

#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

/// PostgreSQL's defaults (selfuncs.h).
constexpr double kDefaultEquality = 0.005;
constexpr double kDefaultRange = 1.0 / 3.0;
constexpr double kDefaultMatch = 0.01;
constexpr double kDefaultRows = 1000;
constexpr double kDefaultDistinct = 200;

double clamp(double fraction) { return std::clamp(fraction, 1e-9, 1.0); }

bool mentions(const Expr& expr, uint32_t relation) {
  bool found = false;
  visit_expr(expr, [&](const Expr& part) {
    found = found || (part.is_column() && part.relation == relation) || part.kind == ExprKind::kSubquery;
  });
  return found;
}

bool is_match_operator(std::string_view name) { return name == "~~" || name == "~~*" || name == "~" || name == "~*"; }

}  // namespace

Comparison mirrored(Comparison comparison) {
  switch (comparison) {
    case Comparison::kLess: return Comparison::kGreater;
    case Comparison::kLessEqual: return Comparison::kGreaterEqual;
    case Comparison::kGreater: return Comparison::kLess;
    case Comparison::kGreaterEqual: return Comparison::kLessEqual;
    default: return comparison;
  }
}

const Expr* match_column(const Expr& expr, uint32_t relation) {
  const Expr* at = &expr;
  while (at->kind == ExprKind::kCast && at->cast.is_noop()) at = at->args[0].get();
  return at->is_column() && at->relation == relation ? at : nullptr;
}

std::optional<ColumnComparison> match_comparison(const Expr& condition, uint32_t relation) {
  if (condition.kind != ExprKind::kCall || condition.args.size() != 2) return std::nullopt;
  const Comparison comparison = condition.call.function->comparison;
  if (comparison == Comparison::kNone) return std::nullopt;
  for (size_t side = 0; side < 2; ++side) {
    const Expr* column = match_column(condition.arg(side), relation);
    if (column == nullptr || is_pseudo_column(column->index)) continue;
    const ExprPtr& value = condition.args[1 - side];
    if (mentions(*value, relation) || volatility_of(*value) == Volatility::kVolatile) continue;
    return ColumnComparison{column->index, column->type, side == 0 ? comparison : mirrored(comparison), value};
  }
  return std::nullopt;
}

double Estimate::row_count(const TableDef& table) const {
  const double live = live_ != nullptr ? live_->row_count(table) : -1;
  if (live >= 0) return std::max(live, 1.0);
  // A table that was empty when it was analyzed may be filled now.
  return table.statistics && table.statistics->row_count > 0 ? table.statistics->row_count : kDefaultRows;
}

double Estimate::distinct_values(const TableDef& table, uint32_t column) const {
  const double rows = row_count(table);
  const auto attnum = static_cast<int16_t>(column + 1);
  if (table.primary_key.size() == 1 && table.primary_key[0] == attnum) return rows;
  const ColumnStatistics* known = table.statistics ? table.statistics->find(attnum) : nullptr;
  if (known != nullptr && known->distinct != 0) {
    return std::max(1.0, known->distinct > 0 ? known->distinct : -known->distinct * rows);
  }
  return std::min(rows, kDefaultDistinct);
}

double Estimate::average_width(const TableDef& table, uint32_t column) const {
  const ColumnDef& def = table.columns[column];
  const ColumnStatistics* known = table.statistics ? table.statistics->find(def.attnum) : nullptr;
  if (known != nullptr) return known->average_width;
  if (def.physical != Physical::kVarlen) return width(def.physical);
  const int32_t length = typmod_length(Type{def.type, def.typmod});
  return length > 0 ? std::min(length, 32) : 32;
}

namespace {

/// The value as ANALYZE keeps it; nothing for what is not known before the run.
std::optional<std::string> key_bytes(const ColumnDef& column, const Expr& value) {
  if (!value.is_constant() || value.value.is_null() || value.value.kind() != column.physical) return std::nullopt;
  std::string key;
  encode_key_column({.kind = compare_kind(column.type, column.physical)}, value.value, &key);
  return key;
}

/// Where `key` lies within [low, high], read as base-256 fractions after their common prefix.
double interpolate(std::string_view low, std::string_view high, std::string_view key) {
  size_t common = 0;
  while (common < low.size() && common < high.size() && low[common] == high[common]) ++common;
  const auto number = [common](std::string_view bytes) {
    double value = 0, unit = 1;
    for (size_t i = common; i < common + 7; ++i) {
      unit /= 256;
      value += (i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0) * unit;
    }
    return value;
  };
  const double span = number(high) - number(low);
  return span <= 0 ? 0.5 : std::clamp((number(key) - number(low)) / span, 0.0, 1.0);
}

/// The fraction of the histogram's values below `key`.
double fraction_below(const std::vector<std::string>& histogram, const std::string& key) {
  const auto above = std::upper_bound(histogram.begin(), histogram.end(), key);
  if (above == histogram.begin()) return 0;
  if (above == histogram.end()) return 1;
  const auto bucket = static_cast<double>(above - histogram.begin() - 1);
  return (bucket + interpolate(*(above - 1), *above, key)) / static_cast<double>(histogram.size() - 1);
}

}  // namespace

double Estimate::equality(const TableDef& table, uint32_t column, const Expr* value) const {
  const ColumnDef& def = table.columns[column];
  const ColumnStatistics* known = table.statistics ? table.statistics->find(def.attnum) : nullptr;
  if (known == nullptr) {
    const bool unique = table.primary_key.size() == 1 && table.primary_key[0] == def.attnum;
    return unique ? 1.0 / row_count(table) : kDefaultEquality;
  }
  const auto key = value != nullptr ? key_bytes(def, *value) : std::nullopt;
  // Which value it will be is not known before the run: one of all.
  if (!key) return clamp((1.0 - known->null_fraction) / distinct_values(table, column));
  double common = 0;
  for (size_t i = 0; i < known->common_values.size(); ++i) {
    if (known->common_values[i] == *key) return known->common_frequencies[i];
    common += known->common_frequencies[i];
  }
  const double rest = std::max(0.0, 1.0 - common - known->null_fraction);
  const double others = distinct_values(table, column) - static_cast<double>(known->common_values.size());
  return clamp(rest / std::max(1.0, others));
}

double Estimate::range(const TableDef& table, uint32_t column, Comparison comparison, const Expr& value) const {
  const ColumnDef& def = table.columns[column];
  const ColumnStatistics* known = table.statistics ? table.statistics->find(def.attnum) : nullptr;
  const auto key = key_bytes(def, value);
  if (known == nullptr || !key || known->histogram.size() < 2) return kDefaultRange;
  double common = 0, common_below = 0;
  for (size_t i = 0; i < known->common_values.size(); ++i) {
    common += known->common_frequencies[i];
    if (known->common_values[i] < *key) common_below += known->common_frequencies[i];
  }
  const double rest = std::max(0.0, 1.0 - common - known->null_fraction);
  const double below = common_below + rest * fraction_below(known->histogram, *key);
  const bool upper = comparison == Comparison::kLess || comparison == Comparison::kLessEqual;
  return clamp(upper ? below : 1.0 - known->null_fraction - below);
}

double Estimate::default_selectivity(const Expr& condition) {
  switch (condition.kind) {
    case ExprKind::kConstant:
      return condition.value.is_null() || !condition.value.get<bool>() ? 0.0 : 1.0;
    case ExprKind::kCall:
      switch (condition.call.function->comparison) {
        case Comparison::kEqual: return kDefaultEquality;
        case Comparison::kNotEqual: return 1.0 - kDefaultEquality;
        case Comparison::kNone: return is_match_operator(condition.call.function->name) ? kDefaultMatch : kDefaultRange;
        default: return kDefaultRange;
      }
    case ExprKind::kNullTest: return condition.negated ? 1.0 - kDefaultEquality : kDefaultEquality;
    case ExprKind::kInList: {
      const double some = std::min(1.0, kDefaultEquality * static_cast<double>(condition.args.size() - 1));
      return condition.negated ? 1.0 - some : some;
    }
    default: return 0.5;
  }
}

double Estimate::selectivity(const BoundRelation& relation, const Expr& condition) const {
  switch (condition.kind) {
    case ExprKind::kAnd: {
      double all = 1;
      for (const ExprPtr& arg : condition.args) all *= selectivity(relation, *arg);
      return clamp(all);
    }
    case ExprKind::kOr: {
      double none = 1;
      for (const ExprPtr& arg : condition.args) none *= 1.0 - selectivity(relation, *arg);
      return clamp(1.0 - none);
    }
    case ExprKind::kNot: return clamp(1.0 - selectivity(relation, condition.arg(0)));
    default: break;
  }
  if (relation.kind != BoundRelation::Kind::kTable) return clamp(default_selectivity(condition));
  const TableDef& table = *relation.table;
  if (condition.kind == ExprKind::kInList) {
    if (const Expr* column = match_column(condition.arg(0), relation.number)) {
      double any = 0;
      for (size_t i = 1; i < condition.args.size(); ++i) any += equality(table, column->index, condition.args[i].get());
      return clamp(condition.negated ? 1.0 - std::min(any, 1.0) : std::min(any, 1.0));
    }
  }
  if (condition.kind == ExprKind::kNullTest) {
    const Expr* column = match_column(condition.arg(0), relation.number);
    const auto* known = column != nullptr && table.statistics && !is_pseudo_column(column->index)
                            ? table.statistics->find(static_cast<int16_t>(column->index + 1))
                            : nullptr;
    if (known != nullptr) return clamp(condition.negated ? 1.0 - known->null_fraction : known->null_fraction);
  }
  const auto comparison = match_comparison(condition, relation.number);
  if (!comparison) return clamp(default_selectivity(condition));
  switch (comparison->comparison) {
    case Comparison::kEqual: return equality(table, comparison->column, comparison->value.get());
    case Comparison::kNotEqual: return clamp(1.0 - equality(table, comparison->column, comparison->value.get()));
    default: return range(table, comparison->column, comparison->comparison, *comparison->value);
  }
}

}  // namespace troupe
