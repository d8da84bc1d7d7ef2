#include "runtime/plan/continuous_shape.hpp"

#include <algorithm>
#include <optional>

#include "runtime/plan/continuous_scope.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/base/text.hpp"

namespace troupe {

absl::Status cannot_be_continuous(std::string_view reason) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, "a continuous view cannot be kept of ", reason),
                   "Without WITH (continuous) it is kept by REFRESH MATERIALIZED VIEW.");
}

bool same_expression(const sql::Expr& a, const sql::Expr& b) { return sql::to_sql(a) == sql::to_sql(b); }

bool is_order_free(std::string_view aggregate) {
  constexpr std::string_view kKnown[] = {"count",      "sum",         "avg",      "min",     "max",     "bool_and",
                                         "bool_or",    "every",       "bit_and",  "bit_or",  "bit_xor", "stddev",
                                         "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp"};
  return std::find(std::begin(kKnown), std::end(kKnown), aggregate) != std::end(kKnown);
}

bool spells_equals_differently(const Type& type) {
  const bool open = type.oid == oid::kNumeric || type.oid == oid::kBpchar;  // of a given scale or length they do not
  return (open && type.typmod < 0) || type.oid == oid::kFloat4 || type.oid == oid::kFloat8;
}

std::string continuous_cast_name(const Type& type) {
  // Without a length, `character` and `bit` are of one.
  if (type.typmod < 0 && type.oid == oid::kBpchar) return "bpchar";
  if (type.typmod < 0 && type.oid == oid::kBit) return "\"bit\"";
  return format_type(type);
}

std::vector<const sql::Expr*> conditions_of(const sql::Expr* where) {
  std::vector<const sql::Expr*> conditions;
  if (where == nullptr) return conditions;
  const auto* both = where->as<sql::BooleanExpr>();
  if (both == nullptr || both->op != sql::BooleanOp::kAnd) return {where};
  for (const sql::Expr* argument : both->arguments) {
    for (const sql::Expr* condition : conditions_of(argument)) conditions.push_back(condition);
  }
  return conditions;
}

namespace {

using sql::SelectStatement;

class ShapeReader {
 public:
  absl::StatusOr<ContinuousShape> read(const SelectStatement& query) {
    TROUPE_RETURN_IF_ERROR(add(query));
    const SelectStatement& first = *shape_.parts[0].query;
    shape_.kind = shape_.distinct ? ContinuousShape::Kind::kSums : ContinuousShape::Kind::kRows;
    if (shape_.aggregated) {
      read_groups(first);
    } else if (cut_ || !first.distinct_on.empty() || windows_ || shape_.anchored) {
      shape_.kind = ContinuousShape::Kind::kKeys;
      shape_.distinct = false;
      shape_.single = !first.distinct_on.empty();
      if (!cut_ && windows_) shape_.keys = partition_of(first);
      if (!cut_ && !windows_) shape_.keys.assign(first.distinct_on.begin(), first.distinct_on.end());
    }
    return std::move(shape_);
  }

 private:
  absl::Status add(const SelectStatement& query) {
    if (query.operation == sql::SetOperation::kNone) return add_part(query);
    shape_.distinct = shape_.distinct || !query.all;
    TROUPE_RETURN_IF_ERROR(add(*query.left));
    return add(*query.right);
  }

  absl::Status add_part(const SelectStatement& query) {
    ContinuousPart part;
    part.query = &query;
    for (const sql::FromItem* item : query.from) add_from(*item, &part);
    part.in_from = part.tables.size();
    if (part.tables.empty()) return cannot_be_continuous("a query that reads no table");
    bool aggregated = !query.group_by.empty() || query.having != nullptr;
    for (const sql::Target* target : query.targets) {
      aggregated = aggregated || has_aggregate(*target->value);
      windows_ = windows_ || has_window_call(*target->value);
      add_subqueries(*target->value, false, &part);
    }
    for (const sql::Expr* condition : conditions_of(query.where)) {
      add_subqueries(*condition, condition->is<sql::SubqueryExpr>(), &part);
    }
    shape_.anchored = shape_.anchored || !part.subqueries.empty();
    cut_ = cut_ || query.limit != nullptr || query.offset != nullptr;
    shape_.distinct = shape_.distinct || query.distinct;
    shape_.aggregated = aggregated;
    shape_.parts.push_back(std::move(part));
    return absl::OkStatus();
  }

  void add_from(const sql::FromItem& item, ContinuousPart* part) {
    if (const auto* table = item.as<sql::TableRef>()) part->tables.push_back(table);
    const auto* join = item.as<sql::JoinExpr>();
    if (join == nullptr) return;
    const bool inner = join->type == sql::JoinType::kInner || join->type == sql::JoinType::kCross;
    shape_.anchored = shape_.anchored || !inner;
    add_from(*join->left, part);
    add_from(*join->right, part);
  }

  void add_subqueries(const sql::Expr& expr, bool filters, ContinuousPart* part) {
    visit_syntax(expr, [&](const sql::Node& node) {
      const auto* subquery = node.as<sql::SubqueryExpr>();
      if (subquery == nullptr) return true;
      ContinuousSubquery found{subquery, filters && !subquery->negated, part->tables.size(), 0};
      for (const sql::FromItem* item : subquery->query->from) add_from(*item, part);
      found.count = part->tables.size() - found.first;
      part->subqueries.push_back(found);
      return false;
    });
  }

  void read_groups(const SelectStatement& query) {
    shape_.kind = ContinuousShape::Kind::kKeys;
    shape_.single = true;
    for (const sql::GroupingSet* set : query.group_by) {
      shape_.keys.insert(shape_.keys.end(), set->expressions.begin(), set->expressions.end());
    }
    if (query.having == nullptr && are_sums(query)) shape_.kind = ContinuousShape::Kind::kSums;
  }

  /// What all window calls are partitioned by.
  static std::vector<const sql::Expr*> partition_of(const SelectStatement& query) {
    std::optional<std::vector<const sql::Expr*>> common;
    for (const sql::Target* target : query.targets) {
      visit_syntax(*target->value, [&](const sql::Node& node) {
        const auto* call = node.as<sql::FunctionCall>();
        if (call == nullptr || call->over == nullptr) return true;
        const std::vector<const sql::Expr*> keys = partition_of(*call->over, query);
        if (!common) {
          common = keys;
          return true;
        }
        std::erase_if(*common, [&](const sql::Expr* key) {
          return std::none_of(keys.begin(), keys.end(),
                              [&](const sql::Expr* other) { return same_expression(*key, *other); });
        });
        return true;
      });
    }
    return common.value_or(std::vector<const sql::Expr*>());
  }

  static std::vector<const sql::Expr*> partition_of(const sql::WindowDefinition& window, const SelectStatement& query) {
    const std::string_view base = window.reference ? window.name : window.base;
    for (const sql::WindowDefinition* named : query.windows) {
      if (!base.empty() && named->name == base) return partition_of(*named, query);
    }
    return {window.partition_by.begin(), window.partition_by.end()};
  }

  /// All that the targets are made of is groups, sums, and what is the same for every row.
  bool are_sums(const SelectStatement& query) {
    bool sums = true;
    sql::NameTexts texts;
    texts.expression = [&](const sql::Expr& expr) -> std::optional<std::string> {
      for (const sql::Expr* group : shape_.keys) {
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

  ContinuousShape shape_;
  bool windows_ = false;
  bool cut_ = false;
};

}  // namespace

absl::StatusOr<ContinuousShape> continuous_shape(const SelectStatement& query) { return ShapeReader().read(query); }

}  // namespace troupe
