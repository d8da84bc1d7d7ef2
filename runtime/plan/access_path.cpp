/// How a table is read: whole, by key, by a range of keys, or through an index.
#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/plan/index_terms.hpp"
#include "runtime/plan/query_planner.hpp"

namespace troupe {
namespace {

constexpr double kConditionCost = 0.0025;
constexpr double kSeekCost = 0.25;        ///< finding a key in a tree
constexpr double kPartitionCost = 1.0;    ///< asking all partitions rather than one
constexpr double kFetchCost = 0.05;       ///< a row by its key, from a local index
constexpr double kRemoteFetchCost = 0.4;  ///< the same from a global index: the row is elsewhere
constexpr double kByteCost = 1.0 / 8192;
/// An IN list longer than this is not expanded to keys of several columns.
constexpr size_t kKeysMax = 10000;
/// More ranges than this are not worth a message each.
constexpr size_t kRangesMax = 500;

/// What the conditions say about one column.
struct ColumnFact {
  uint32_t column = 0;
  size_t condition = 0;
  Comparison comparison = Comparison::kNone;  ///< kNone: a list of values
  ExprPtr value;
  ExprList list;    ///< IN
  ExprPtr array;    ///< = ANY
};

int64_t integer_of(const Value& value) {
  switch (value.kind()) {
    case Physical::kInt16: return value.get<int16_t>();
    case Physical::kInt32: return value.get<int32_t>();
    default: return value.get<int64_t>();
  }
}

struct IntegerRange {
  int64_t low, high;
};
IntegerRange range_of(Oid type) {
  if (type == oid::kInt2) return {INT16_MIN, INT16_MAX};
  if (type == oid::kInt4) return {INT32_MIN, INT32_MAX};
  return {INT64_MIN, INT64_MAX};
}

Value integer_value(Oid type, int64_t v) {
  if (type == oid::kInt2) return Value::of(static_cast<int16_t>(v));
  if (type == oid::kInt4) return Value::of(static_cast<int32_t>(v));
  return Value::of(v);
}

bool is_signed_integer(Oid type) { return type == oid::kInt2 || type == oid::kInt4 || type == oid::kInt8; }

/// `value` if it fits the column's integer type, else null, which no key equals.
ExprPtr narrowed(const ExprPtr& value, Type type, const EvalContext& context) {
  const IntegerRange range = range_of(type.oid);
  const auto bound = [&](int64_t limit) { return make_constant(value->type, integer_value(value->type.oid, limit)); };
  auto above = make_operator(">=", value, bound(range.low), context);
  auto below = make_operator("<=", value, bound(range.high), context);
  auto cast = make_cast(value, type, CastContext::kAssignment, context);
  if (!above.ok() || !below.ok() || !cast.ok()) return nullptr;
  auto guarded = std::make_shared<Expr>();
  guarded->kind = ExprKind::kCase;
  guarded->type = type;
  guarded->args = {make_and({*above, *below}), *cast, make_null(type)};
  return guarded;
}

}  // namespace

class AccessChooser {
 public:
  AccessChooser(QueryPlanner& planner, const BoundRelation& relation, const ExprList& conditions, const Rel* outer)
      : planner_{planner}, relation_{relation}, table_{*relation.table}, conditions_{conditions}, outer_{outer} {
    rows_ = planner.estimate_.row_count(table_);
    for (size_t i = 0; i < conditions.size(); ++i) learn(conditions[i], i);
  }

  QueryPlanner::TableAccess choose(const std::vector<ColumnId>* order) {
    QueryPlanner::TableAccess best = full_scan();
    if (never_) {
      best.access.kind = AccessKind::kNothing;
      best.rows = 0;
      best.cost = 0;
      return best;
    }
    if (!conditions_.empty() || order != nullptr) consider_all(order, &best);
    return best;
  }

 private:
  using TableAccess = QueryPlanner::TableAccess;

  void consider_all(const std::vector<ColumnId>* order, TableAccess* best) {
    if (!table_.primary_key.empty()) {
      std::vector<uint32_t> key(table_.shape->key);
      consider(nullptr, key, true, order, best);
      // A whole primary key cannot be beaten.
      if (best->whole_key && best->access.keys.size() == 1) return;
    }
    for (const Oid oid : table_.indexes) {
      const IndexDef* index = planner_.context_.catalog->find_index(oid);
      if (index == nullptr || index->keys_rows() || index->building) continue;
      if (index->has_terms()) {
        consider_terms(*index, order, best);
      } else {
        consider(index, index->shape->columns, index->unique && !index->deferrable, order, best);
      }
    }
  }

  /// An index of expressions, or of some rows: its expressions are columns beyond the table's.
  void consider_terms(const IndexDef& index, const std::vector<ColumnId>* order, TableAccess* best) {
    const IndexTerms* terms = planner_.terms_of(relation_.number, relation_.table, index);
    if (terms == nullptr) return;
    predicate_ = terms->predicate;
    if (predicate_ == nullptr || implies(conditions_, predicate_, planner_.binder_eval())) {
      std::vector<uint32_t> columns = index.shape->columns;
      for (size_t i = 0; i < columns.size(); ++i) {
        if (columns[i] == kIndexExpression) columns[i] = column_for(terms->values[i]);
      }
      consider(&index, columns, index.unique && !index.deferrable, order, best);
    }
    predicate_ = nullptr;
  }

  /// The column that stands for an expression in facts.
  uint32_t column_for(const ExprPtr& value) {
    const auto width = static_cast<uint32_t>(table_.columns.size());
    for (size_t i = 0; i < expressions_.size(); ++i) {
      if (equal(expressions_[i], value)) return width + static_cast<uint32_t>(i);
    }
    expressions_.push_back(value);
    const uint32_t column = width + static_cast<uint32_t>(expressions_.size() - 1);
    for (size_t i = 0; i < conditions_.size(); ++i) {
      const ExprPtr replaced = replace_expr(conditions_[i], [&](const ExprPtr& part) -> ExprPtr {
        return equal(part, value) ? make_column(part->type, column, relation_.number) : nullptr;
      });
      if (replaced != conditions_[i]) learn(replaced, i);
    }
    return column;
  }
  Type type_of(uint32_t column) const {
    const size_t width = table_.columns.size();
    return column < width ? relation_.type_of(column) : expressions_[column - width]->type;
  }

  TableAccess full_scan() const {
    TableAccess full;
    full.used.assign(conditions_.size(), false);
    full.rows = rows_ * selectivity_of_rest(full.used);
    const double size = table_.statistics ? table_.statistics->size_bytes : rows_ * 64;
    full.cost = kPartitionCost + size * kByteCost +
                rows_ * (kRowCost + kConditionCost * static_cast<double>(conditions_.size()));
    return full;
  }

  double selectivity_of_rest(const std::vector<bool>& used) const {
    double rest = 1;
    for (size_t i = 0; i < conditions_.size(); ++i) {
      if (!used[i]) rest *= planner_.estimate_.selectivity(relation_, *conditions_[i]);
    }
    return rest;
  }

  /// Known before the scan starts: mentions no relation but those of the outer row, or of queries around.
  bool is_known(const Expr& value) const {
    bool known = true;
    visit_expr(value, [&](const Expr& part) {
      if (part.subquery || part.kind == ExprKind::kAggregate) known = false;
      if (!part.is_column()) return;
      if (outer_ != nullptr && outer_->has({part.relation, part.index})) return;
      known = known && is_outer_query(part);
    });
    return known;
  }
  bool is_outer_query(const Expr& column) const {
    for (const auto* row : planner_.outer_rows_) {
      for (const ColumnId& id : *row->columns) {
        if (id == ColumnId{column.relation, column.index}) return true;
      }
    }
    return false;
  }

  /// The value as one of the column's type; null when it cannot serve as a key.
  ExprPtr as_key(const ExprPtr& value, uint32_t column) {
    const Type type = type_of(column);
    if (value->type.oid == type.oid) return value;
    if (is_signed_integer(value->type.oid) && is_signed_integer(type.oid)) return integer_key(value, type);
    const bool same = compare_kind_of(value->type) == compare_kind_of(type) &&
                      !is_array_type(type.oid) && !is_signed_integer(type.oid);
    return same ? value : nullptr;
  }
  ExprPtr integer_key(const ExprPtr& value, Type type) {
    const EvalContext& eval = planner_.binder_eval();
    if (value->is_constant() && !value->value.is_null()) {
      const int64_t v = integer_of(value->value);
      const IntegerRange range = range_of(type.oid);
      if (v < range.low || v > range.high) return nullptr;
      return make_constant(type, integer_value(type.oid, v));
    }
    const bool widens = width(physical_of(value->type)) < width(physical_of(type));
    if (!widens) return narrowed(value, type, eval);
    auto cast = make_cast(value, type, CastContext::kImplicit, eval);
    return cast.ok() ? *cast : nullptr;
  }

  void learn(const ExprPtr& condition, size_t number) {
    if (condition->is_constant()) {
      never_ = never_ || condition->value.is_null() || !condition->value.get<bool>();
      return;
    }
    if (condition->kind == ExprKind::kInList && !condition->negated) return learn_list(*condition, number);
    if (condition->kind == ExprKind::kArrayCompare && !condition->all_of) return learn_array(*condition, number);
    if (condition->is_column() && condition->relation == relation_.number) {
      facts_.push_back({condition->index, number, Comparison::kEqual, make_bool(true), {}, nullptr});
      return;
    }
    const auto comparison = match_comparison(*condition, relation_.number);
    if (!comparison || comparison->comparison == Comparison::kNotEqual || !is_known(*comparison->value)) return;
    ExprPtr key = as_key(comparison->value, comparison->column);
    if (!key) return;
    facts_.push_back({comparison->column, number, comparison->comparison, std::move(key), {}, nullptr});
  }
  void learn_list(const Expr& in, size_t number) {
    const Expr* column = match_column(in.arg(0), relation_.number);
    if (column == nullptr) return;
    ColumnFact fact{column->index, number, Comparison::kNone, nullptr, {}, nullptr};
    for (size_t i = 1; i < in.args.size(); ++i) {
      if (!is_known(in.arg(i)) || volatility_of(in.arg(i)) == Volatility::kVolatile) return;
      if (in.arg(i).is_null_constant()) continue;
      ExprPtr key = as_key(in.args[i], column->index);
      if (!key) return;
      fact.list.push_back(std::move(key));
    }
    facts_.push_back(std::move(fact));
  }
  void learn_array(const Expr& any, size_t number) {
    if (any.call.function->comparison != Comparison::kEqual) return;
    const Expr* column = match_column(any.arg(0), relation_.number);
    if (column == nullptr || !is_known(any.arg(1)) || volatility_of(any.arg(1)) == Volatility::kVolatile) return;
    const Type type = type_of(column->index);
    const Type element{element_type_of(any.arg(1).type.oid)};
    if (element.oid != type.oid && compare_kind_of(element) != compare_kind_of(type)) return;
    facts_.push_back({column->index, number, Comparison::kNone, nullptr, {}, any.args[1]});
  }

  const ColumnFact* equality_on(uint32_t column) const {
    for (const ColumnFact& fact : facts_) {
      if (fact.column == column && fact.comparison == Comparison::kEqual) return &fact;
    }
    return nullptr;
  }
  const ColumnFact* list_on(uint32_t column) const {
    for (const ColumnFact& fact : facts_) {
      if (fact.column == column && fact.comparison == Comparison::kNone) return &fact;
    }
    return nullptr;
  }

  double fraction(size_t condition) const { return planner_.estimate_.selectivity(relation_, *conditions_[condition]); }

  void consider(const IndexDef* index, const std::vector<uint32_t>& columns, bool unique,
                const std::vector<ColumnId>* order, TableAccess* best) {
    TableAccess path;
    path.used.assign(conditions_.size(), false);
    double fraction_read = 1;
    if (predicate_) fraction_read = take_predicate(&path);
    std::vector<ExprList> keys{{}};
    ExprPtr key_array;
    size_t matched = 0;
    bool expanded = false;
    for (; matched < columns.size(); ++matched) {
      if (const ColumnFact* fact = equality_on(columns[matched])) {
        path.used[fact->condition] = true;
        fraction_read *= fraction(fact->condition);
        for (ExprList& key : keys) key.push_back(fact->value);
        continue;
      }
      // Whole keys are looked up in any order; several ranges have none, and one row's ranges are not worth it.
      const bool may_expand = unique || (outer_ == nullptr && order == nullptr);
      const ColumnFact* list = may_expand ? list_on(columns[matched]) : nullptr;
      if (list == nullptr) break;
      if (list->array) {
        if (matched != 0 || expanded) break;
        key_array = list->array;
      } else if (!expand(*list, &keys)) {
        break;
      }
      expanded = true;
      path.used[list->condition] = true;
      fraction_read *= fraction(list->condition);
      if (key_array) {
        ++matched;
        break;
      }
    }
    const bool whole = unique && matched == columns.size();
    if (expanded && !whole) return consider_ranges(index, std::move(keys), std::move(key_array), fraction_read, path, best);
    if (whole) {
      path.access.kind = keys.empty() ? AccessKind::kNothing : AccessKind::kLookup;
      const double count = key_array ? 10 : static_cast<double>(keys.size());
      path.rows = count;
      path.cost = count * (kSeekCost + (index != nullptr ? kRemoteFetchCost : 0));
      path.one_partition = count == 1 && !key_array;
      path.whole_key = index == nullptr;
      if (key_array) {
        path.access.key_array = key_array;
      } else {
        path.access.keys = std::move(keys);
      }
      path.rows *= selectivity_of_rest(path.used);
    } else {
      path.access.kind = AccessKind::kRange;
      path.access.prefix = std::move(keys[0]);
      if (matched < columns.size()) add_bounds(columns[matched], index, matched, &path, &fraction_read);
      const bool bounded = path.access.lower || path.access.upper;
      const bool ordered = order != nullptr && yields(columns, matched, *order);
      if (matched == 0 && !bounded && !ordered && !predicate_) return;
      if (matched == 0 && !bounded && index == nullptr) path.access.kind = AccessKind::kFull;
      const double read = std::max(1.0, rows_ * fraction_read);
      const double each = index == nullptr ? 0.0 : index->global() ? kRemoteFetchCost : kFetchCost;
      path.cost = kPartitionCost + kSeekCost + read * (kRowCost + each);
      path.rows = read * selectivity_of_rest(path.used);
    }
    if (index != nullptr) {
      path.access.index =
          std::static_pointer_cast<const IndexDef>(planner_.context_.catalog->find_shared(index->oid));
    }
    const double rest = static_cast<double>(std::count(path.used.begin(), path.used.end(), false));
    path.cost += path.rows * kConditionCost * rest;
    if (path.cost < best->cost || (order != nullptr && yields(columns, matched, *order))) *best = std::move(path);
  }

  /// The share of the rows that a partial index has; what it says need not be asked again.
  double take_predicate(TableAccess* path) const {
    ExprList conjuncts;
    split_and(predicate_, &conjuncts);
    double share = 1;
    for (const ExprPtr& conjunct : conjuncts) share *= planner_.estimate_.selectivity(relation_, *conjunct);
    for (size_t i = 0; i < conditions_.size(); ++i) path->used[i] = is_among(conditions_[i], conjuncts);
    return share;
  }

  /// `path` by several values of the leading columns: a range for each.
  void consider_ranges(const IndexDef* index, std::vector<ExprList> keys, ExprPtr key_array, double fraction_read,
                       TableAccess path, TableAccess* best) const {
    if (outer_ != nullptr || (!key_array && keys.size() > kRangesMax)) return;
    path.access.kind = keys.empty() ? AccessKind::kNothing : AccessKind::kRange;
    const double count = key_array ? 10 : static_cast<double>(keys.size());
    const double read = std::max(1.0, rows_ * std::min(fraction_read, 1.0));
    const double each = index == nullptr ? 0.0 : index->global() ? kRemoteFetchCost : kFetchCost;
    path.cost = count * (kPartitionCost + kSeekCost) + read * (kRowCost + each);
    path.rows = read * selectivity_of_rest(path.used);
    if (key_array) {
      path.access.key_array = std::move(key_array);
    } else {
      path.access.keys = std::move(keys);
    }
    if (index != nullptr) {
      path.access.index = std::static_pointer_cast<const IndexDef>(planner_.context_.catalog->find_shared(index->oid));
    }
    if (path.cost < best->cost) *best = std::move(path);
  }

  static bool expand(const ColumnFact& list, std::vector<ExprList>* keys) {
    if (keys->size() * list.list.size() > kKeysMax) return false;
    std::vector<ExprList> product;
    for (const ExprList& key : *keys) {
      for (const ExprPtr& value : list.list) {
        product.push_back(key);
        product.back().push_back(value);
      }
    }
    *keys = std::move(product);
    return true;
  }

  void add_bounds(uint32_t column, const IndexDef*, size_t, TableAccess* path, double* fraction_read) {
    for (const ColumnFact& fact : facts_) {
      if (fact.column != column) continue;
      const bool lower = fact.comparison == Comparison::kGreater || fact.comparison == Comparison::kGreaterEqual;
      const bool upper = fact.comparison == Comparison::kLess || fact.comparison == Comparison::kLessEqual;
      if (!lower && !upper) continue;
      std::optional<KeyBound>& bound = lower ? path->access.lower : path->access.upper;
      if (bound) continue;  // a second one stays a filter
      const bool inclusive =
          fact.comparison == Comparison::kGreaterEqual || fact.comparison == Comparison::kLessEqual;
      bound = KeyBound{fact.value, inclusive};
      path->used[fact.condition] = true;
      *fraction_read *= fraction(fact.condition);
    }
  }

  /// Whether reading by these columns, the first `fixed` being single-valued, gives rows in the wanted order.
  bool yields(const std::vector<uint32_t>& columns, size_t fixed, const std::vector<ColumnId>& order) const {
    size_t at = 0;
    for (const ColumnId& wanted : order) {
      if (wanted.relation != relation_.number) return false;
      bool is_fixed = false;
      for (size_t i = 0; i < fixed; ++i) is_fixed = is_fixed || columns[i] == wanted.index;
      if (is_fixed) continue;
      if (at < fixed) at = fixed;
      if (at >= columns.size() || columns[at] != wanted.index) return false;
      ++at;
    }
    return true;
  }

  QueryPlanner& planner_;
  const BoundRelation& relation_;
  const TableDef& table_;
  const ExprList& conditions_;
  const Rel* outer_;
  std::vector<ColumnFact> facts_;
  ExprList expressions_;  ///< of indexes; in facts columns beyond the table's
  ExprPtr predicate_;     ///< of the index that is being considered
  double rows_ = 0;
  bool never_ = false;
};

QueryPlanner::TableAccess QueryPlanner::choose_access(const BoundRelation& relation, const Conditions& conditions,
                                                      const Rel* outer, const std::vector<ColumnId>* order) {
  return AccessChooser(*this, relation, conditions, outer).choose(order);
}

}  // namespace troupe
