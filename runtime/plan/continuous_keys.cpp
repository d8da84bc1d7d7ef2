/// A stage's texts: kKeys, whose rows are made anew for the keys that a change belongs to.
#include <algorithm>

#include "runtime/plan/continuous_scope.hpp"
#include "runtime/plan/continuous_stage.hpp"
#include "runtime/plan/continuous_text.hpp"
#include "storage/base/text.hpp"

namespace troupe {

using sql::SelectStatement;

namespace {

constexpr size_t kSelectWord = std::string_view("SELECT").size();

std::string and_of(const std::vector<std::string>& conditions) {
  std::string text;
  for (const std::string& condition : conditions) text += cat(text.empty() ? "" : " AND ", condition);
  return text;
}

std::string where_of(const std::vector<std::string>& conditions) {
  return conditions.empty() ? std::string() : cat(" WHERE ", and_of(conditions));
}

bool aggregates(const SelectStatement& query) {
  return !query.group_by.empty() || query.having != nullptr ||
         std::any_of(query.targets.begin(), query.targets.end(),
                     [](const sql::Target* target) { return has_aggregate(*target->value); });
}

}  // namespace

bool ContinuousStage::has_delta(const sql::FromItem& item, uint64_t deltas) const {
  if (const auto* join = item.as<sql::JoinExpr>())
    return has_delta(*join->left, deltas) || has_delta(*join->right, deltas);
  for (size_t place = 0; place < places_.size(); ++place) {
    if (places_[place].ref == &item) return ((deltas >> place) & 1) != 0;
  }
  return false;
}

/// A table that a join may leave out changes something only where it joins with a row that came or went.
const sql::FromItem* ContinuousStage::with_deltas(const sql::FromItem& item, uint64_t deltas) const {
  const auto* join = item.as<sql::JoinExpr>();
  if (join == nullptr) return &item;
  auto* copy = arena_.make<sql::JoinExpr>(*join);
  copy->left = with_deltas(*join->left, deltas);
  copy->right = with_deltas(*join->right, deltas);
  const bool left = join->type == sql::JoinType::kLeft && has_delta(*join->right, deltas);
  const bool right = join->type == sql::JoinType::kRight && has_delta(*join->left, deltas);
  if (left || right) copy->type = sql::JoinType::kInner;
  return copy;
}

/// The conditions that are of anchors alone: where they do not hold there is no row, before and after.
std::vector<std::string> ContinuousStage::anchor_conditions() const {
  std::vector<std::string> conditions;
  for (const sql::Expr* condition : conditions_of(shape_.parts[0].query->where)) {
    bool of_anchors = true;
    visit_syntax(*condition, [&](const sql::Node& node) {
      const auto* column = node.as<sql::ColumnRef>();
      const auto named = [&](const Place& place) {
        return place.anchor && column->name.size() == 2 && place.ref->alias->name == column->name[0];
      };
      if (column != nullptr) of_anchors = of_anchors && std::any_of(places_.begin(), places_.end(), named);
      of_anchors = of_anchors && !node.is<sql::SubqueryExpr>();
      return of_anchors;
    });
    if (of_anchors) conditions.push_back(sql::to_sql(*condition));
  }
  return conditions;
}

/// " FROM ..." of the stage's query, and of `more`.
std::string ContinuousStage::from_text(uint64_t deltas, sql::List<const sql::FromItem*> more) const {
  SelectStatement from;
  from.kind = SelectStatement::kKind;
  std::vector<const sql::FromItem*> items;
  for (const sql::FromItem* item : shape_.parts[0].query->from) items.push_back(with_deltas(*item, deltas));
  items.insert(items.end(), more.begin(), more.end());
  from.from = {items.data(), items.size()};
  return sql::to_sql(from, names_with(deltas)).substr(kSelectWord);
}

std::string ContinuousStage::keys_of_from(uint64_t deltas) const {
  const SelectStatement& query = *shape_.parts[0].query;
  std::vector<std::string> conditions;
  if (shape_.anchored) {
    conditions = anchor_conditions();
  } else if (query.where != nullptr) {
    conditions.push_back(sql::to_sql(*query.where));
  }
  return cat("SELECT ", continuous_list(source_columns(shape_.parts[0])), from_text(deltas, {}), where_of(conditions));
}

/// The keys of rows of which the subquery may say something else now that something changed in it: as if it were
/// joined.
std::string ContinuousStage::keys_of_subquery(const ContinuousSubquery& subquery, uint64_t deltas) const {
  const sql::SubqueryExpr& expr = *subquery.expr;
  std::vector<std::string> conditions = anchor_conditions();
  if (expr.query->where != nullptr) conditions.push_back(sql::to_sql(*expr.query->where));
  const std::string head =
      cat("SELECT ", continuous_list(source_columns(shape_.parts[0])), from_text(deltas, expr.query->from));
  const auto with = [&](const std::string& condition) {
    std::vector<std::string> all = conditions;
    all.push_back(condition);
    return cat(head, where_of(all));
  };
  const bool compared = expr.test != nullptr && !aggregates(*expr.query) && expr.query->targets.size() == 1;
  if (!compared) return cat(head, where_of(conditions));
  const std::string test = cat("(", sql::to_sql(*expr.test), ")");
  const std::string value = cat("(", sql::to_sql(*expr.query->targets[0]->value), ")");
  const bool equals = expr.type == sql::SubqueryType::kIn || (expr.type == sql::SubqueryType::kAny && expr.op == "=");
  if (!equals) {
    const bool all = expr.type == sql::SubqueryType::kAll;
    return with(cat("((", test, " ", expr.op, " ", value, ") IS NOT ", all ? "TRUE)" : "FALSE)"));
  }
  const std::string equal = with(cat(test, " = ", value));
  if (subquery.filters) return equal;
  return cat(equal, " UNION ALL ", with(cat(test, " IS NULL")), " UNION ALL ", with(cat(value, " IS NULL")));
}

/// The keys that the changes of these inputs belong to. Which tables of FROM have changed is looked at in all ways, so
/// that rows are found that are gone from several of them.
std::string ContinuousStage::affected_keys(uint64_t touched) const {
  if (keys_.empty()) return {};
  const ContinuousPart& part = shape_.parts[0];
  std::string rows;
  const auto add = [&](size_t first, size_t count, const auto& keys) {
    for (uint64_t chosen = 1; chosen < (uint64_t{1} << count); ++chosen) {
      const uint64_t deltas = chosen << first;
      if (are_touched(deltas, touched)) rows += cat(rows.empty() ? "" : " UNION ALL ", keys(deltas));
    }
  };
  add(0, part.in_from, [&](uint64_t deltas) { return keys_of_from(deltas); });
  for (const ContinuousSubquery& subquery : part.subqueries) {
    add(subquery.first, subquery.count, [&](uint64_t deltas) { return keys_of_subquery(subquery, deltas); });
  }
  // They are joined with the tables themselves, whose columns may have any name.
  std::string named;
  for (size_t i = 1; i <= keys_.size(); ++i) named += cat(", q.g", i, " AS __g", i);
  return cat("SELECT DISTINCT ", key_of("q."), " AS __k", named, " FROM (", rows, ") AS q");
}

/// The query's rows with their keys. `of_change`: of the keys that were found; `nulls`: which may have some.
std::string ContinuousStage::by_keys(bool of_change, bool nulls) const {
  const SelectStatement& query = *shape_.parts[0].query;
  const sql::NameTexts names = names_with(0);
  std::string fields;
  for (size_t i = 0; i < keys_.size(); ++i) {
    fields += cat(i == 0 ? "" : ", ", continuous_key_text(key_types_[i], keys_[i]));
  }
  std::string columns = cat(continuous_digest(fields), " AS k");
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns += cat(", (", sql::to_sql(*query.targets[i]->value, names), ") AS c", i + 1);
  }
  std::string head;
  for (const sql::Expr* expr : query.distinct_on)
    head += cat(head.empty() ? "DISTINCT ON (" : ", ", sql::to_sql(*expr));
  if (query.distinct) head = head.empty() ? "DISTINCT " : cat(head, ") ");
  std::vector<std::string> conditions;
  if (query.where != nullptr) conditions.push_back(sql::to_sql(*query.where, names));
  const auto is_key = [&](size_t i) {
    return cat(keys_[i], nulls ? " IS NOT DISTINCT FROM " : " = ", "__d.__g", i + 1);
  };
  std::string from;
  if (of_change && shape_.anchored) {
    from = from_with_change(is_key, &conditions);
  } else {
    SelectStatement only;
    only.kind = SelectStatement::kKind;
    only.from = query.from;
    from = sql::to_sql(only, names).substr(kSelectWord);
    if (of_change) from += cat(", pg_catalog.", change_name(), " AS __d");
    for (size_t i = 0; of_change && i < keys_.size(); ++i) conditions.push_back(is_key(i));
  }
  SelectStatement tail = query;
  tail.targets = {};
  tail.from = {};
  tail.where = nullptr;
  tail.distinct = false;
  const bool sorts = query.limit != nullptr || query.offset != nullptr || !query.distinct_on.empty();
  tail.distinct_on = {};
  if (!sorts) tail.order_by = {};
  const std::string number = shape_.single ? std::string("1::pg_catalog.int8")
                                           : cat("pg_catalog.row_number() OVER (PARTITION BY r.k ORDER BY ROW(",
                                                 joined("r.", "c", columns_.size()), ")::pg_catalog.text)");
  return cat("SELECT r.k, ", number, " AS i, ", joined("r.", "c", columns_.size()), " FROM (SELECT ", head, columns,
             from, where_of(conditions), sql::to_sql(tail, names).substr(kSelectWord), ") AS r");
}

/// The change stands beside the first anchor, so that what is joined with it is looked up.
std::string ContinuousStage::from_with_change(const std::function<std::string(size_t)>& is_key,
                                              std::vector<std::string>* conditions) const {
  const auto anchor = std::find_if(places_.begin(), places_.end(), [](const Place& place) { return place.anchor; });
  const size_t width = (*inputs_)[anchor->input].key.size();
  std::vector<std::string> on;
  for (size_t i = 0; i < keys_.size(); ++i) (i < width ? on : *conditions).push_back(is_key(i));
  const auto text = [&](const std::vector<const sql::FromItem*>& items) {
    SelectStatement from;
    from.kind = SelectStatement::kKind;
    from.from = {items.data(), items.size()};
    return sql::to_sql(from, names_with(0)).substr(kSelectWord);
  };
  const std::string table = text({anchor->ref}).substr(std::string_view(" FROM ").size());
  const auto parsed =
      sql::parse_statement(cat("SELECT FROM pg_catalog.", change_name(), " AS __d JOIN ", table, " ON ", and_of(on)));
  TROUPE_CHECK(parsed.ok());
  const sql::FromItem* beside = (*parsed)->statements()[0].node->to<SelectStatement>().from[0];
  const std::function<const sql::FromItem*(const sql::FromItem&)> placed =
      [&](const sql::FromItem& item) -> const sql::FromItem* {
    if (&item == anchor->ref) return beside;
    const auto* join = item.as<sql::JoinExpr>();
    if (join == nullptr) return &item;
    auto* copy = arena_.make<sql::JoinExpr>(*join);
    copy->left = placed(*join->left);
    copy->right = placed(*join->right);
    return copy;
  };
  std::vector<const sql::FromItem*> items;
  for (const sql::FromItem* item : shape_.parts[0].query->from) items.push_back(placed(*item));
  return text(items);
}

void ContinuousStage::write_key_steps() {
  fill_ = by_keys(false, false);
  const std::string insert = cat("INSERT INTO ", rows_name_, " (k, i, ", joined("", "c", columns_.size()), ") ");
  if (keys_.empty()) {
    steps_.push_back({RowsOf::kAll, cat("DELETE FROM ", rows_name_)});
    steps_.push_back({RowsOf::kAll, cat(insert, fill_)});
    return;
  }
  steps_.push_back({RowsOf::kAll, cat("DELETE FROM ", rows_name_, " AS o USING pg_catalog.", change_name(),
                                      " AS d WHERE o.k = d.__k")});
  steps_.push_back({RowsOf::kWhole, cat(insert, by_keys(true, false))});
  steps_.push_back({RowsOf::kWithNull, cat(insert, by_keys(true, true))});
}

}  // namespace troupe
