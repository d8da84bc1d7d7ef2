#include "runtime/plan/continuous_stages.hpp"

#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/continuous_shape.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/base/text.hpp"

namespace troupe {

using sql::SelectStatement;

namespace {

constexpr std::string_view kSelectWord = "SELECT";
const std::string kOver = "__s";  ///< what a stage is called by the one that looks at all of it

bool is_constant(const sql::Expr& expr) {
  bool constant = true;
  visit_syntax(expr, [&](const sql::Node& node) {
    constant = constant && !node.is<sql::ColumnRef>() && !node.is<sql::SubqueryExpr>();
    return constant;
  });
  return constant;
}

bool limits(const SelectStatement& query) {
  const auto* literal = query.limit == nullptr ? nullptr : query.limit->as<sql::Literal>();
  const bool all = literal != nullptr && literal->type == sql::LiteralType::kNull;
  return (query.limit != nullptr && !all) || query.offset != nullptr;
}

/// Which of the select list a number or a name of its own means; nothing: none.
std::optional<size_t> target_meant(const sql::Expr& expr, sql::List<const sql::Target*> targets) {
  const auto* number = expr.as<sql::Literal>();
  if (number != nullptr && number->type == sql::LiteralType::kInt4) return static_cast<size_t>(number->integer - 1);
  const auto* name = expr.as<sql::ColumnRef>();
  if (name == nullptr || name->star || name->name.size() != 1) return std::nullopt;
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::string known =
        targets[i]->alias.empty() ? output_name(*targets[i]->value) : std::string(targets[i]->alias);
    if (known == name->name[0]) return i;
  }
  return std::nullopt;
}

std::vector<std::string> numbered(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(cat("x", i + 1));
  return names;
}

SelectStatement without_tail(SelectStatement query) {
  query.order_by = {};
  query.limit = query.offset = nullptr;
  query.with_ties = false;
  query.distinct = query.distinct && query.distinct_on.empty();
  query.distinct_on = {};
  query.with = nullptr;
  return query;
}

bool contains(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

/// The parts of expressions that a stage below computes.
class ContinuousStages::Leaves {
 public:
  explicit Leaves(ContinuousStages& stages) : stages_{stages} {}

  std::string column(const sql::Expr& expr, const sql::NameTexts& names) {
    const auto [known, added] = indexes_.try_emplace(&expr, 0);
    if (added) {
      const std::string text = sql::to_sql(expr, names);
      const auto at = std::find(texts_.begin(), texts_.end(), text);
      known->second = static_cast<size_t>(at - texts_.begin());
      if (at == texts_.end()) {
        texts_.push_back(text);
        values_.push_back(&expr);
      }
    }
    return cat(kOver, ".x", known->second + 1);
  }

  sql::List<const sql::Target*> targets() {
    std::vector<const sql::Target*> targets;
    for (const sql::Expr* value : values_) {
      auto* target = stages_.arena_.make<sql::Target>();
      target->kind = sql::Target::kKind;
      target->value = value;
      targets.push_back(target);
    }
    if (targets.empty()) {  // rows that are only counted
      auto* one = stages_.arena_.make<sql::Literal>();
      one->kind = sql::Literal::kKind;
      one->type = sql::LiteralType::kInt4;
      one->integer = 1;
      auto* target = stages_.arena_.make<sql::Target>();
      target->kind = sql::Target::kKind;
      target->value = one;
      targets.push_back(target);
    }
    return stages_.list(targets);
  }

 private:
  ContinuousStages& stages_;
  std::map<const sql::Expr*, size_t> indexes_;
  std::vector<std::string> texts_;
  std::vector<const sql::Expr*> values_;
};

absl::Status ContinuousStages::split(const SelectStatement& query) {
  TROUPE_ASSIGN_OR_RETURN(const Written written, write(query, nullptr));
  return make_(text_of(written)).status();
}

std::string ContinuousStages::text_of(const Written& written) {
  if (!written.linear) return written.rest;
  std::string text(kSelectWord);
  for (size_t i = 0; i < written.values.size(); ++i) {
    text += cat(i == 0 ? " " : ", ", written.values[i], " AS ", sql::quote_identifier(written.names[i]));
  }
  return cat(text, written.rest);
}

absl::StatusOr<ContinuousStages::Stage> ContinuousStages::stage_of(Written written) {
  const std::string text = text_of(written);
  return make_stage(text, std::move(written.names));
}

absl::StatusOr<ContinuousStages::Stage> ContinuousStages::make_stage(const std::string& text, Names names) {
  Stage stage;
  TROUPE_ASSIGN_OR_RETURN(stage.info, make_(text));
  stage.names = std::move(names);
  return stage;
}

/// "__stage_1 AS alias(hidden columns, names)"
std::string ContinuousStages::from_stage(const Stage& stage, const std::string& alias, const Names& names) {
  std::string columns;
  for (size_t i = 0; i < stage.info.hidden; ++i) columns += cat(columns.empty() ? "" : ", ", "__h", ++aliases_);
  for (const std::string& name : names) columns += cat(columns.empty() ? "" : ", ", sql::quote_identifier(name));
  return cat(kStagePrefix, stage.info.number, " AS ", alias, "(", columns, ")");
}

ContinuousStages::Written ContinuousStages::all_of(const Stage& stage, const Names& names) {
  const std::string alias = cat("__q", ++aliases_);
  Written all;
  all.names = names;
  all.linear = true;
  for (const std::string& name : numbered(names.size())) all.values.push_back(cat(alias, ".", name));
  all.rest = cat(" FROM ", from_stage(stage, alias, numbered(names.size())));
  return all;
}

// --- what a query comes to ---

absl::StatusOr<ContinuousStages::Written> ContinuousStages::write(const SelectStatement& query, const Env* env) {
  if (!query.locking.empty()) return cannot_be_continuous("FOR UPDATE");
  const Env with{env, query.with, query.with == nullptr ? 0 : query.with->tables.size()};
  if (query.with != nullptr) env = &with;
  if (limits(query)) return write_tail(query, env);
  using sql::SetOperation;
  if (query.operation == SetOperation::kUnion) return write_union(query, env);
  if (query.operation != SetOperation::kNone) return write_difference(query, env);
  return write_block(query, env);
}

absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_block(const SelectStatement& query, const Env* env) {
  if (query.is_values) return cannot_be_continuous("VALUES");
  if (query.from.empty()) return cannot_be_continuous("a query that reads no table");
  if (query.targets.empty()) return cannot_be_continuous("a query without columns");
  if (query.connect_by != nullptr) return cannot_be_continuous("CONNECT BY");
  TROUPE_ASSIGN_OR_RETURN(Block block, open(query, env, nullptr));
  if (!query.distinct_on.empty() || query.distinct) {
    return block.hard() || block.aggregate || block.window ? write_tail(query, env) : write_whole(block);
  }
  if (block.window) return write_windows(block);
  if (block.aggregate) return write_grouped(block);
  return write_rows(block);
}

absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_rows(Block& block) {
  if (block.full_join) return write_full(block);
  const sql::NameTexts names = texts(block.scope, block.env);
  Written rows;
  for (const sql::Target* target : block.query.targets) {
    rows.values.push_back(cat("(", sql::to_sql(*target->value, names), ")"));
    rows.names.push_back(target->alias.empty() ? output_name(*target->value) : std::string(target->alias));
  }
  SelectStatement from = without_tail(block.query);
  from.targets = {};
  rows.rest = sql::to_sql(from, names).substr(kSelectWord.size());
  TROUPE_RETURN_IF_ERROR(take_status());
  rows.linear = true;
  if (!block.hard()) return rows;
  rows.rest = text_of(rows);
  rows.linear = false;
  return rows;
}

namespace {

/// The only FULL JOIN, if it is one of two tables and all there is in FROM.
const sql::JoinExpr* only_full_join(const SelectStatement& query) {
  const auto* join = query.from.size() == 1 ? query.from[0]->as<sql::JoinExpr>() : nullptr;
  const bool tables = join != nullptr && join->left->is<sql::TableRef>() && join->right->is<sql::TableRef>();
  return tables && join->type == sql::JoinType::kFull ? join : nullptr;
}

}  // namespace

/// A FULL JOIN B is A LEFT JOIN B, and the rows of B that join with none of A.
absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_full(Block& block) {
  const sql::JoinExpr* join = only_full_join(block.query);
  if (join == nullptr)
    return cannot_be_continuous("FULL JOIN of more than two tables; join them in a subquery in FROM");
  auto* left = arena_.make<sql::JoinExpr>(*join);
  left->type = sql::JoinType::kLeft;
  Block matched = block;
  matched.full_join = false;
  matched.query.from = list(std::vector<const sql::FromItem*>{left});
  TROUPE_ASSIGN_OR_RETURN(Written first, write_rows(matched));
  Names names = first.names;
  TROUPE_ASSIGN_OR_RETURN(const Stage all, stage_of(std::move(first)));
  // Of A there is nothing in the others.
  const sql::NameTexts columns = texts(block.scope, block.env);
  const ContinuousSource& absent = block.scope.sources[0];
  sql::NameTexts nulls = texts(block.scope, block.env);
  nulls.column = [&](const sql::ColumnRef& ref) -> std::optional<std::string> {
    const auto found = block.scope.find(ref);
    if (found && found->merged != nullptr) return sql::to_sql(*found->merged, nulls);
    if (!found || found->source != &absent) return column_text(ref, block.scope, columns);
    return cat("(NULL::", continuous_cast_name(absent.types[found->column]), ")");
  };
  std::string text(kSelectWord);
  for (size_t i = 0; i < block.query.targets.size(); ++i) {
    text += cat(i == 0 ? " (" : ", (", sql::to_sql(*block.query.targets[i]->value, nulls), ") AS ",
                sql::quote_identifier(names[i]));
  }
  const auto item = [&](const sql::FromItem* of) {
    SelectStatement only;
    only.kind = SelectStatement::kKind;
    only.from = list(std::vector<const sql::FromItem*>{of});
    return sql::to_sql(only, columns).substr(kSelectWord.size());
  };
  text += cat(item(join->right), " WHERE (NOT EXISTS (SELECT", item(join->left), " WHERE ",
              sql::to_sql(*join->on, columns), "))");
  if (block.query.where != nullptr) text += cat(" AND ", sql::to_sql(*block.query.where, nulls));
  TROUPE_RETURN_IF_ERROR(take_status());
  TROUPE_ASSIGN_OR_RETURN(const Stage rest, make_stage(text, names));
  Written both;
  both.names = names;
  both.rest = cat(text_of(all_of(all, names)), " UNION ALL ", text_of(all_of(rest, names)));
  return both;
}

const sql::Expr* ContinuousStages::meant_by(const sql::Expr& expr, const Block& block) const {
  const auto* name = expr.as<sql::ColumnRef>();
  if (name != nullptr && name->name.size() == 1 && block.scope.find(*name)) return &expr;
  const auto target = target_meant(expr, block.query.targets);
  return target && *target < block.query.targets.size() ? block.query.targets[*target]->value : &expr;
}

absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_grouped(Block& block) {
  std::vector<const sql::GroupingSet*> groups;
  for (const sql::GroupingSet* set : block.query.group_by) {
    if (set->type != sql::GroupingSet::Type::kSimple) return cannot_be_continuous("GROUPING SETS, ROLLUP or CUBE");
    auto* copy = arena_.make<sql::GroupingSet>(*set);
    std::vector<const sql::Expr*> meant;
    for (const sql::Expr* expr : set->expressions) meant.push_back(meant_by(*expr, block));
    copy->expressions = list(meant);
    groups.push_back(copy);
  }
  SelectStatement query = without_tail(block.query);
  query.group_by = list(groups);
  const sql::NameTexts names = texts(block.scope, block.env);
  TROUPE_RETURN_IF_ERROR(check_order_of_aggregates(block, names));
  Written grouped;
  for (const sql::Target* target : query.targets) {
    grouped.names.push_back(target->alias.empty() ? output_name(*target->value) : std::string(target->alias));
  }
  if (!block.hard()) {
    grouped.rest = sql::to_sql(query, names);
    TROUPE_RETURN_IF_ERROR(take_status());
    return grouped;
  }
  // The rows that are grouped are a stage of their own.
  SelectStatement inner = without_tail(block.query), upper = query;
  inner.group_by = {};
  inner.having = nullptr;
  upper.where = nullptr;
  TROUPE_ASSIGN_OR_RETURN(grouped.rest, peel(block, upper, inner, [](const sql::Expr& expr) {
                            return expr.is<sql::ColumnRef>() || expr.is<sql::SubqueryExpr>();
                          }));
  return grouped;
}

/// `upper` over a stage that gives what it is made of: `inner` with those columns.
absl::StatusOr<std::string> ContinuousStages::peel(Block& block, SelectStatement upper, SelectStatement inner,
                                                   const std::function<bool(const sql::Expr&)>& is_leaf) {
  Leaves leaves(*this);
  const sql::NameTexts plain = texts(block.scope, block.env);
  const sql::NameTexts names = texts(block.scope, block.env, [&](const sql::Expr& expr) -> std::optional<std::string> {
    if (!is_leaf(expr)) return std::nullopt;
    return leaves.column(expr, plain);
  });
  upper.from = {};
  sql::to_sql(upper, names);
  TROUPE_RETURN_IF_ERROR(take_status());
  inner.targets = leaves.targets();
  TROUPE_ASSIGN_OR_RETURN(Written below, write_opened(block, inner));
  const size_t width = inner.targets.size();
  TROUPE_ASSIGN_OR_RETURN(const Stage stage, stage_of(std::move(below)));
  const std::string from = from_stage(stage, kOver, numbered(width));
  upper.from = list(std::vector<const sql::FromItem*>{named_item(from)});
  return sql::to_sql(upper, names);
}

/// FROM as it is in `block`, of which all is known but what is selected now.
absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_opened(const Block& block,
                                                                         const SelectStatement& query) {
  Block below = block;
  below.query = query;
  below.aggregate = !query.group_by.empty() || query.having != nullptr;
  below.window = !query.windows.empty();
  below.subquery = query.where != nullptr && has_subquery(*query.where);
  for (const sql::Target* target : query.targets) {
    below.aggregate = below.aggregate || has_aggregate(*target->value);
    below.window = below.window || has_window_call(*target->value);
    below.subquery = below.subquery || has_subquery(*target->value);
  }
  if (query.having != nullptr) below.subquery = below.subquery || has_subquery(*query.having);
  if (below.window) return write_windows(below);
  return below.aggregate ? write_grouped(below) : write_rows(below);
}

absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_windows(Block& block) {
  SelectStatement query = without_tail(block.query);
  const sql::NameTexts names = texts(block.scope, block.env);
  std::vector<std::string> groups;
  for (const sql::GroupingSet* set : query.group_by) {
    if (set->type != sql::GroupingSet::Type::kSimple) return cannot_be_continuous("GROUPING SETS, ROLLUP or CUBE");
    for (const sql::Expr* expr : set->expressions) groups.push_back(sql::to_sql(*meant_by(*expr, block), names));
  }
  TROUPE_RETURN_IF_ERROR(check_order_of_windows(block, names, groups));
  Written windows;
  for (const sql::Target* target : query.targets) {
    windows.names.push_back(target->alias.empty() ? output_name(*target->value) : std::string(target->alias));
  }
  if (!block.aggregate && !block.hard()) {
    windows.rest = sql::to_sql(query, names);
    TROUPE_RETURN_IF_ERROR(take_status());
    return windows;
  }
  SelectStatement inner = query, upper = query;
  inner.windows = {};
  upper.where = upper.having = nullptr;
  upper.group_by = {};
  std::vector<const sql::GroupingSet*> sets;  // numbers in it mean the windows' select list
  for (const sql::GroupingSet* set : query.group_by) {
    auto* copy = arena_.make<sql::GroupingSet>(*set);
    std::vector<const sql::Expr*> meant;
    for (const sql::Expr* expr : set->expressions) meant.push_back(meant_by(*expr, block));
    copy->expressions = list(meant);
    sets.push_back(copy);
  }
  inner.group_by = list(sets);
  TROUPE_ASSIGN_OR_RETURN(windows.rest, peel(block, upper, inner, [&](const sql::Expr& expr) {
                            if (expr.is<sql::ColumnRef>() || expr.is<sql::SubqueryExpr>()) return true;
                            const auto* call = expr.as<sql::FunctionCall>();
                            const bool whole = call != nullptr && call->over == nullptr;
                            if (whole && is_aggregate(call->name.back())) return true;
                            return !groups.empty() && !expr.is<sql::Literal>() &&
                                   contains(groups, sql::to_sql(expr, names));
                          }));
  return windows;
}

// --- DISTINCT, DISTINCT ON and LIMIT ---

/// Where the rows come of tables alone: the query as it is, its ORDER BY written out.
absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_whole(Block& block) {
  const sql::NameTexts names = texts(block.scope, block.env);
  SelectStatement query = block.query;
  Written whole;
  std::vector<std::string> order, values;
  for (const sql::Target* target : query.targets) {
    whole.names.push_back(target->alias.empty() ? output_name(*target->value) : std::string(target->alias));
    if (!is_constant(*target->value)) values.push_back(sql::to_sql(*target->value, names));
  }
  const auto written_out = [&](const sql::Expr& expr) {
    const auto target = target_meant(expr, query.targets);
    const sql::Expr* value = target && *target < query.targets.size() ? query.targets[*target]->value : &expr;
    order.push_back(sql::to_sql(*value, names));
    return value;
  };
  std::vector<const sql::Expr*> keys;
  for (const sql::Expr* key : query.distinct_on) keys.push_back(written_out(*key));
  query.distinct_on = list(keys);
  std::vector<const sql::SortItem*> items;
  for (const sql::SortItem* item : query.order_by) {
    auto* copy = arena_.make<sql::SortItem>(*item);
    copy->value = written_out(*item->value);
    items.push_back(copy);
  }
  query.order_by = list(items);
  const bool cut = limits(query);
  if (!cut && keys.empty()) query.order_by = {};
  const bool ties = query.with_ties && query.offset == nullptr;
  if ((cut && !ties) || !keys.empty()) {
    if (!is_total(order, values, block, names)) return order_is_not_total(cut);
  }
  for (const sql::Expr* bound : {query.limit, query.offset}) {
    if (bound != nullptr && has_subquery(*bound)) return cannot_be_continuous("LIMIT of a subquery");
  }
  whole.rest = sql::to_sql(query, names);
  TROUPE_RETURN_IF_ERROR(take_status());
  return whole;
}

absl::Status ContinuousStages::order_is_not_total(bool cut) {
  return cannot_be_continuous(cat(cut ? "LIMIT" : "DISTINCT ON",
                                  " where ORDER BY leaves rows in no certain order; add the tables' keys to it"));
}

/// All else: what is sorted is a stage.
absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_tail(const SelectStatement& query, const Env* env) {
  const bool plain = query.operation == sql::SetOperation::kNone && !query.is_values;
  const bool cut = limits(query);
  for (const sql::Expr* bound : {query.limit, query.offset}) {
    if (bound != nullptr && has_subquery(*bound)) return cannot_be_continuous("LIMIT of a subquery");
  }
  Block block;
  std::vector<const sql::Target*> targets;
  if (plain) {
    TROUPE_ASSIGN_OR_RETURN(block, open(query, env, nullptr));
    if (!block.hard() && !block.aggregate && !block.window) return write_whole(block);
    targets.assign(query.targets.begin(), query.targets.end());
  }
  const SelectStatement* first = &query;
  while (first->operation != sql::SetOperation::kNone) first = first->left;
  const size_t width = first->targets.size();
  const sql::NameTexts names = texts(block.scope, env);
  std::vector<std::string> known;
  for (const sql::Target* target : targets) known.push_back(sql::to_sql(*target->value, names));
  const auto position_of = [&](const sql::Expr& expr) -> absl::StatusOr<size_t> {
    if (const auto meant = target_meant(expr, first->targets); meant && *meant < width) return *meant;
    if (!plain) return cannot_be_continuous("ORDER BY of a set operation by anything but its columns");
    const std::string text = sql::to_sql(expr, names);
    const auto at = static_cast<size_t>(std::find(known.begin(), known.end(), text) - known.begin());
    if (at < known.size()) return at;
    auto* target = arena_.make<sql::Target>();
    target->kind = sql::Target::kKind;
    target->value = &expr;
    targets.push_back(target);
    known.push_back(text);
    return at;
  };
  SelectStatement upper;
  upper.kind = SelectStatement::kKind;
  upper.limit = query.limit;
  upper.offset = query.offset;
  upper.with_ties = query.with_ties;
  const bool on = !query.distinct_on.empty();
  upper.distinct = on || (query.distinct && !cut);
  std::vector<bool> sorted(width);
  const auto column = [&](size_t at) {
    if (at < width) sorted[at] = true;
    return column_of(kOver, cat("x", at + 1));
  };
  std::vector<const sql::Expr*> keys;
  for (const sql::Expr* key : query.distinct_on) {
    TROUPE_ASSIGN_OR_RETURN(const size_t at, position_of(*key));
    keys.push_back(column(at));
  }
  upper.distinct_on = list(keys);
  std::vector<const sql::SortItem*> items;
  std::vector<std::string> order;
  for (const sql::SortItem* item : query.order_by) {
    TROUPE_ASSIGN_OR_RETURN(const size_t at, position_of(*item->value));
    auto* copy = arena_.make<sql::SortItem>(*item);
    copy->value = column(at);
    items.push_back(copy);
    if (at < known.size()) order.push_back(known[at]);
  }
  upper.order_by = upper.distinct && !on ? sql::List<const sql::SortItem*>() : list(items);
  TROUPE_RETURN_IF_ERROR(take_status());
  const bool ties = query.with_ties && query.offset == nullptr;
  bool total = std::find(sorted.begin(), sorted.end(), false) == sorted.end() || (cut && ties && keys.empty());
  if (plain && !total) {
    std::vector<std::string> values;
    for (size_t i = 0; i < width; ++i) {
      if (!is_constant(*query.targets[i]->value)) values.push_back(known[i]);
    }
    total = is_total(order, values, block, names);
  }
  if (!total && (cut || !keys.empty())) return order_is_not_total(cut);

  SelectStatement inner = without_tail(query);
  inner.distinct = query.distinct && cut && !on;
  if (plain) inner.targets = list(targets);
  absl::StatusOr<Written> below = write(inner, env);
  if (!below.ok()) return below.status();
  Written whole;
  whole.names.assign(below->names.begin(), below->names.begin() + static_cast<ptrdiff_t>(width));
  const size_t all = below->names.size();
  TROUPE_ASSIGN_OR_RETURN(const Stage stage, stage_of(*std::move(below)));
  std::vector<const sql::Target*> shown;
  for (size_t i = 0; i < width; ++i) {
    auto* target = arena_.make<sql::Target>();
    target->kind = sql::Target::kKind;
    target->value = column_of(kOver, cat("x", i + 1));
    target->alias = keep(whole.names[i]);
    shown.push_back(target);
  }
  upper.targets = list(shown);
  upper.from = list(std::vector<const sql::FromItem*>{named_item(from_stage(stage, kOver, numbered(all)))});
  whole.rest = sql::to_sql(upper);
  return whole;
}

/// An item of FROM that is a text already.
const sql::FromItem* ContinuousStages::named_item(const std::string& text) {
  const auto parsed = sql::parse_statement(cat("SELECT FROM ", text));
  TROUPE_CHECK(parsed.ok());
  views_read_.push_back(*parsed);
  return (*parsed)->statements()[0].node->to<SelectStatement>().from[0];
}

// --- set operations ---

absl::StatusOr<ContinuousStages::Written> ContinuousStages::operand(const SelectStatement& query, const Env* env) {
  TROUPE_ASSIGN_OR_RETURN(Written written, write(query, env));
  if (written.linear) return written;
  Names names = written.names;
  TROUPE_ASSIGN_OR_RETURN(const Stage stage, stage_of(std::move(written)));
  return all_of(stage, names);
}

absl::Status ContinuousStages::add_operands(const SelectStatement& query, bool distinct, const Env* env,
                                            std::vector<Written>* out) {
  const bool same = query.operation == sql::SetOperation::kUnion && query.with == nullptr && !limits(query) &&
                    (query.all || distinct);
  if (!same) {
    TROUPE_ASSIGN_OR_RETURN(out->emplace_back(), operand(query, env));
    return absl::OkStatus();
  }
  TROUPE_RETURN_IF_ERROR(add_operands(*query.left, distinct, env, out));
  return add_operands(*query.right, distinct, env, out);
}

absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_union(const SelectStatement& query, const Env* env) {
  std::vector<Written> operands;
  const bool distinct = !query.all;
  TROUPE_RETURN_IF_ERROR(add_operands(*query.left, distinct, env, &operands));
  TROUPE_RETURN_IF_ERROR(add_operands(*query.right, distinct, env, &operands));
  Written all, different;
  all.names = operands[0].names;
  for (const Written& part : operands) {
    all.rest += cat(all.rest.empty() ? "" : " UNION ALL ", text_of(part));
    different.rest += cat(different.rest.empty() ? "" : " UNION ", text_of(part));
  }
  if (!distinct) return all;
  different.names = all.names;
  TROUPE_ASSIGN_OR_RETURN(const std::vector<Type> types, types_of_(different.rest));
  if (std::none_of(types.begin(), types.end(), spells_equals_differently)) return different;
  // Which of the equal values is shown is found out anew when one goes: that needs the rows.
  Names names = all.names;
  TROUPE_ASSIGN_OR_RETURN(const Stage stage, stage_of(std::move(all)));
  different.rest = text_of(all_of(stage, names)).replace(0, kSelectWord.size(), "SELECT DISTINCT");
  return different;
}

/// INTERSECT and EXCEPT: how often each row is on the left and on the right.
absl::StatusOr<ContinuousStages::Written> ContinuousStages::write_difference(const SelectStatement& query,
                                                                             const Env* env) {
  TROUPE_ASSIGN_OR_RETURN(const Written left, operand(*query.left, env));
  TROUPE_ASSIGN_OR_RETURN(const Written right, operand(*query.right, env));
  const bool intersect = query.operation == sql::SetOperation::kIntersect;
  TROUPE_ASSIGN_OR_RETURN(const std::vector<Type> types, types_of_(cat(text_of(left), " EXCEPT ", text_of(right))));
  const size_t width = types.size();
  const auto side = [&](const Written& of, const char* counts) {
    std::string text(kSelectWord);
    for (size_t i = 0; i < width; ++i) {
      const bool own = types[i].oid >= kFirstUserOid;  // of which there is no other to become it
      text += cat(i == 0 ? " " : ", ", of.values[i], own ? "" : "::", own ? "" : continuous_cast_name(types[i]),
                  " AS x", i + 1);
    }
    return cat(text, counts, of.rest);
  };
  Names names = numbered(width);
  names.push_back("l");
  names.push_back("r");
  TROUPE_ASSIGN_OR_RETURN(const Stage rows,
                          make_stage(cat(side(left, ", 1 AS l, 0 AS r"), " UNION ALL ", side(right, ", 0, 1")), names));
  std::string columns;
  for (size_t i = 0; i < width; ++i) columns += cat(i == 0 ? "" : ", ", kOver, ".x", i + 1);
  TROUPE_ASSIGN_OR_RETURN(const Stage counts, make_stage(cat("SELECT ", columns, ", pg_catalog.sum(", kOver,
                                                             ".l) AS l, pg_catalog.sum(", kOver, ".r) AS r FROM ",
                                                             from_stage(rows, kOver, names), " GROUP BY ", columns),
                                                         names));
  Written found = all_of(counts, names);
  const std::string l = found.values[width], r = found.values[width + 1];
  found.values.resize(width);
  found.names = left.names;
  if (query.all) {
    found.rest += cat(", pg_catalog.generate_series(1::pg_catalog.int8, ",
                      intersect ? cat("LEAST(", l, ", ", r, ")") : cat(l, " - ", r), ") AS __n", ++aliases_);
  } else {
    found.rest += cat(" WHERE ", l, " > 0 AND ", r, intersect ? " > 0" : " = 0");
  }
  return found;
}

// --- what the order of rows decides ---

bool ContinuousStages::has_keys(const std::vector<std::string>& order, const ContinuousScope& scope) const {
  return std::all_of(scope.sources.begin(), scope.sources.end(), [&](const ContinuousSource& source) {
    const auto sorted = [&](const std::string& column) {
      return contains(order, cat(sql::quote_identifier(source.alias), ".", sql::quote_identifier(column)));
    };
    return !source.key.empty() && std::all_of(source.key.begin(), source.key.end(), sorted);
  });
}

bool ContinuousStages::is_total(const std::vector<std::string>& order, const std::vector<std::string>& values,
                                const Block& block, const sql::NameTexts& names) const {
  const auto sorted = [&](const std::string& value) { return contains(order, value); };
  if (std::all_of(values.begin(), values.end(), sorted)) return true;
  if (!block.aggregate) return has_keys(order, block.scope);
  for (const sql::GroupingSet* set : block.query.group_by) {
    for (const sql::Expr* expr : set->expressions) {
      if (!sorted(sql::to_sql(*meant_by(*expr, block), names))) return false;
    }
  }
  return true;
}

/// string_agg and the like: ORDER BY has to say of all that is put together what comes first.
absl::Status ContinuousStages::check_order_of_aggregates(const Block& block, const sql::NameTexts& names) {
  absl::Status status;
  const auto look = [&](const sql::Node& node) {
    visit_syntax(node, [&](const sql::Node& inner) {
      const auto* call = inner.as<sql::FunctionCall>();
      if (call == nullptr || call->over != nullptr || !is_aggregate(call->name.back())) {
        return !inner.is<sql::SubqueryExpr>();
      }
      if (is_order_free(call->name.back()) || call->within_group) return true;
      std::vector<std::string> order;
      for (const sql::SortItem* item : call->order_by) order.push_back(sql::to_sql(*item->value, names));
      bool total = has_keys(order, block.scope);
      bool covered = !order.empty();
      for (const sql::Expr* argument : call->arguments) {
        covered = covered && (is_constant(*argument) || contains(order, sql::to_sql(*argument, names)));
      }
      total = total || covered;
      if (!total && status.ok()) {
        status = cannot_be_continuous(cat(call->name.back(),
                                          "(), which depends on the order of the rows; add the tables' "
                                          "keys to its ORDER BY"));
      }
      return true;
    });
  };
  for (const sql::Target* target : block.query.targets) look(*target->value);
  if (block.query.having != nullptr) look(*block.query.having);
  return status;
}

namespace {

constexpr std::string_view kOfPeers[] = {"rank", "dense_rank", "percent_rank", "cume_dist"};

/// What a window call's PARTITION BY, ORDER BY and frame are, also where it names a window.
struct WindowMeant {
  std::vector<const sql::Expr*> keys;
  bool by_rows = false;
};

WindowMeant window_meant(const sql::WindowDefinition& window, const SelectStatement& query) {
  WindowMeant meant;
  const std::string_view base = window.reference ? window.name : window.base;
  for (const sql::WindowDefinition* named : query.windows) {
    if (!base.empty() && named->name == base) meant = window_meant(*named, query);
  }
  if (window.reference) return meant;
  for (const sql::Expr* key : window.partition_by) meant.keys.push_back(key);
  for (const sql::SortItem* item : window.order_by) meant.keys.push_back(item->value);
  const auto moves = [](sql::FrameBoundType type) {
    return type != sql::FrameBoundType::kUnboundedPreceding && type != sql::FrameBoundType::kUnboundedFollowing;
  };
  if (window.has_frame && window.unit == sql::FrameUnit::kRows) {
    meant.by_rows = moves(window.start.type) || moves(window.end.type);
  }
  return meant;
}

}  // namespace

absl::Status ContinuousStages::check_order_of_windows(const Block& block, const sql::NameTexts& names,
                                                      const std::vector<std::string>& groups) {
  absl::Status status;
  std::vector<std::string> columns;
  for (const sql::Target* target : block.query.targets) {
    visit_syntax(*target->value, [&](const sql::Node& node) {
      const auto* ref = node.as<sql::ColumnRef>();
      if (ref != nullptr) columns.push_back(sql::to_sql(*ref, names));
      return !node.is<sql::SubqueryExpr>();
    });
  }
  for (const sql::Target* target : block.query.targets) {
    visit_syntax(*target->value, [&](const sql::Node& node) {
      const auto* call = node.as<sql::FunctionCall>();
      if (call == nullptr || call->over == nullptr) return !node.is<sql::SubqueryExpr>();
      const WindowMeant window = window_meant(*call->over, block.query);
      const std::string_view name = call->name.back();
      const bool peers = std::find(std::begin(kOfPeers), std::end(kOfPeers), name) != std::end(kOfPeers);
      const bool sums = is_aggregate(name) && is_order_free(name);
      if (peers || (sums && !window.by_rows)) return true;
      std::vector<std::string> order;
      for (const sql::Expr* key : window.keys) order.push_back(sql::to_sql(*key, names));
      const auto sorted = [&](const std::string& text) { return contains(order, text); };
      const bool total =
          (block.aggregate ? std::all_of(groups.begin(), groups.end(), sorted) : has_keys(order, block.scope)) ||
          (!block.subquery && std::all_of(columns.begin(), columns.end(), sorted));
      if (!total && status.ok()) {
        status = cannot_be_continuous(
            cat(name, "() where ORDER BY leaves rows in no certain order; add the tables' keys to it"));
      }
      return true;
    });
  }
  return status;
}

}  // namespace troupe
