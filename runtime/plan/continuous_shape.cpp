#include "runtime/plan/continuous_shape.hpp"

#include <algorithm>

#include "runtime/sql/deparse.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/base/text.hpp"

namespace troupe {

absl::Status cannot_be_continuous(std::string_view reason) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, "a continuous view cannot be kept of ", reason),
                   "Without WITH (continuous) it is kept by REFRESH MATERIALIZED VIEW.");
}

bool same_expression(const sql::Expr& a, const sql::Expr& b) {
  const auto* left = a.as<sql::ColumnRef>();
  const auto* right = b.as<sql::ColumnRef>();
  if (left != nullptr && right != nullptr && (left->name.size() == 1 || right->name.size() == 1)) {
    return !left->star && !right->star && left->name.back() == right->name.back();
  }
  return sql::to_sql(a) == sql::to_sql(b);
}

namespace {

using sql::SelectStatement;

/// Aggregates whose result does not depend on the order of the rows.
constexpr std::string_view kKnownAggregates[] = {
    "count",  "sum",     "avg",    "min",        "max",         "bool_and", "bool_or", "every",   "bit_and",
    "bit_or", "bit_xor", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"};

/// Looks at everything that an expression or a query is made of: the deparser comes by all of it.
class ShapeReader {
 public:
  explicit ShapeReader(const HasColumn& has_column) : has_column_{has_column} {}

  absl::StatusOr<ContinuousShape> read(const SelectStatement& query) {
    if (query.with != nullptr) return cannot_be_continuous("WITH queries");
    if (query.limit != nullptr || query.offset != nullptr) return cannot_be_continuous("LIMIT and OFFSET");
    if (!query.locking.empty()) return cannot_be_continuous("FOR UPDATE");
    TROUPE_RETURN_IF_ERROR(add(query, true));
    shape_.kind = shape_.distinct ? ContinuousShape::Kind::kSums : ContinuousShape::Kind::kRows;
    if (shape_.aggregated) TROUPE_RETURN_IF_ERROR(read_groups(*shape_.parts[0].query));
    return std::move(shape_);
  }

 private:
  absl::Status add(const SelectStatement& query, bool top) {
    using sql::SetOperation;
    if (query.operation == SetOperation::kIntersect) return cannot_be_continuous("INTERSECT");
    if (query.operation == SetOperation::kExcept) return cannot_be_continuous("EXCEPT");
    if (query.operation == SetOperation::kNone) return add_part(query);
    const bool tail = query.limit != nullptr || query.with != nullptr || !query.locking.empty();
    if (!top && tail) return cannot_be_continuous("WITH and LIMIT inside UNION");
    if (!query.all && top) shape_.distinct = true;
    // (a UNION b) UNION ALL c is neither all the rows nor those that differ.
    if (!query.all && !shape_.distinct) return cannot_be_continuous("UNION inside UNION ALL");
    united_ = true;
    TROUPE_RETURN_IF_ERROR(add(*query.left, false));
    return add(*query.right, false);
  }

  absl::Status add_part(const SelectStatement& query) {
    if (query.is_values) return cannot_be_continuous("VALUES");
    if (query.from.empty()) return cannot_be_continuous("a query that reads no table");
    if (query.targets.empty()) return cannot_be_continuous("a query without columns");
    if (!query.distinct_on.empty()) return cannot_be_continuous("DISTINCT ON");
    if (query.connect_by != nullptr) return cannot_be_continuous("CONNECT BY");
    if (query.limit != nullptr || query.offset != nullptr) return cannot_be_continuous("LIMIT and OFFSET");
    if (!query.windows.empty()) return cannot_be_continuous("window functions");
    ContinuousPart part;
    part.query = &query;
    for (const sql::FromItem* item : query.from) TROUPE_RETURN_IF_ERROR(add_from(*item, &part));
    if (part.tables.empty()) return cannot_be_continuous("a query that reads no table");
    TROUPE_RETURN_IF_ERROR(look_at(query));
    const bool aggregated = aggregates_ || !query.group_by.empty() || query.having != nullptr;
    if (aggregated && united_) return cannot_be_continuous("UNION of grouped queries");
    if (aggregated && query.distinct) return cannot_be_continuous("DISTINCT of a grouped query");
    if (query.distinct && united_ && !shape_.distinct) return cannot_be_continuous("DISTINCT inside UNION ALL");
    shape_.distinct = shape_.distinct || query.distinct;
    shape_.aggregated = aggregated;
    shape_.parts.push_back(std::move(part));
    return absl::OkStatus();
  }

  absl::Status add_from(const sql::FromItem& item, ContinuousPart* part) {
    if (const auto* table = item.as<sql::TableRef>()) {
      if (table->sample != nullptr) return cannot_be_continuous("TABLESAMPLE");
      part->tables.push_back(table);
      return absl::OkStatus();
    }
    if (item.is<sql::FunctionRef>()) return absl::OkStatus();
    if (const auto* join = item.as<sql::JoinExpr>()) {
      if (join->type != sql::JoinType::kInner && join->type != sql::JoinType::kCross) {
        return cannot_be_continuous("outer joins");
      }
      if (join->alias != nullptr) return cannot_be_continuous("joins that have a name");
      TROUPE_RETURN_IF_ERROR(add_from(*join->left, part));
      return add_from(*join->right, part);
    }
    if (item.is<sql::SubqueryRef>()) return cannot_be_continuous("subqueries in FROM");
    return cannot_be_continuous("MATCH_RECOGNIZE");
  }

  absl::Status look_at(const SelectStatement& query) {
    absl::Status status;
    aggregates_ = false;
    sql::NameTexts texts;
    texts.expression = [&](const sql::Expr& expr) -> std::optional<std::string> {
      if (status.ok()) status = look_at(expr);
      // Nothing of a subquery is of interest: it is refused.
      return expr.is<sql::SubqueryExpr>() ? std::optional<std::string>("NULL") : std::nullopt;
    };
    sql::to_sql(query, texts);
    return status;
  }

  absl::Status look_at(const sql::Expr& expr) {
    if (expr.is<sql::SubqueryExpr>()) return cannot_be_continuous("subqueries in expressions");
    if (expr.is<sql::GroupingExpr>()) return cannot_be_continuous("GROUPING");
    const auto* call = expr.as<sql::FunctionCall>();
    if (call == nullptr) return absl::OkStatus();
    if (call->over != nullptr) return cannot_be_continuous("window functions");
    if (!is_aggregate(call->name.back())) return absl::OkStatus();
    aggregates_ = true;
    const std::string_view name = call->name.back();
    if (std::find(std::begin(kKnownAggregates), std::end(kKnownAggregates), name) == std::end(kKnownAggregates)) {
      return cannot_be_continuous(cat(name, "(), which depends on the order of the rows"));
    }
    return absl::OkStatus();
  }

  absl::Status read_groups(const SelectStatement& query) {
    shape_.kind = ContinuousShape::Kind::kGroups;
    for (const sql::GroupingSet* set : query.group_by) {
      if (set->type != sql::GroupingSet::Type::kSimple) return cannot_be_continuous("GROUPING SETS, ROLLUP or CUBE");
      for (const sql::Expr* expr : set->expressions) shape_.groups.push_back(meant_by(*expr, query));
    }
    if (query.having == nullptr && are_sums(query)) shape_.kind = ContinuousShape::Kind::kSums;
    return absl::OkStatus();
  }

  /// GROUP BY 2, and GROUP BY the name of a column of the result unless a table has one of that name.
  const sql::Expr* meant_by(const sql::Expr& expr, const SelectStatement& query) const {
    const auto* number = expr.as<sql::Literal>();
    if (number != nullptr && number->type == sql::LiteralType::kInt4) {
      const auto index = static_cast<size_t>(number->integer - 1);
      if (index < query.targets.size()) return query.targets[index]->value;
    }
    const auto* name = expr.as<sql::ColumnRef>();
    if (name == nullptr || name->name.size() != 1) return &expr;
    for (const sql::TableRef* table : shape_.parts[0].tables) {
      if (has_column_(*table, name->name[0])) return &expr;
    }
    for (const sql::Target* target : query.targets) {
      if (!target->alias.empty() && target->alias == name->name[0]) return target->value;
    }
    return &expr;
  }

  /// All that the targets are made of is groups, sums, and what is the same for every row.
  bool are_sums(const SelectStatement& query) {
    bool sums = true;
    sql::NameTexts texts;
    texts.expression = [&](const sql::Expr& expr) -> std::optional<std::string> {
      for (const sql::Expr* group : shape_.groups) {
        if (same_expression(*group, expr)) return "";
      }
      const auto* call = expr.as<sql::FunctionCall>();
      if (call == nullptr || !is_aggregate(call->name.back())) return std::nullopt;
      sums = sums && add_sum(*call);
      return "";
    };
    texts.column = [&](const sql::ColumnRef&) -> std::optional<std::string> {
      sums = false;
      return "";
    };
    for (const sql::Target* target : query.targets) sql::to_sql(*target->value, texts);
    return sums;
  }

  bool add_sum(const sql::FunctionCall& call) {
    const std::string_view name = call.name.back();
    const bool known = name == "count" || name == "sum" || name == "avg";
    const bool plain = !call.distinct && call.order_by.empty() && !call.variadic && !call.within_group;
    if (!known || !plain || (!call.star && call.arguments.size() != 1)) return false;
    using Kind = ContinuousAggregate::Kind;
    shape_.sums.push_back({name == "count" ? Kind::kCount : name == "sum" ? Kind::kSum : Kind::kAverage, &call});
    return true;
  }

  const HasColumn& has_column_;
  ContinuousShape shape_;
  bool united_ = false;
  bool aggregates_ = false;  ///< the part that was looked at has some
};

}  // namespace

absl::StatusOr<ContinuousShape> continuous_shape(const sql::SelectStatement& query, const HasColumn& has_column) {
  return ShapeReader(has_column).read(query);
}

}  // namespace troupe
