/// FROM of a query whose stages are found: what each relation is, and how columns and subqueries are written.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/continuous_shape.hpp"
#include "runtime/plan/continuous_stages.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/continuous.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {

using sql::SelectStatement;

absl::StatusOr<ContinuousStages::Block> ContinuousStages::open(const SelectStatement& query, const Env* env,
                                                               const ContinuousScope* outer) {
  Block block;
  block.query = query;
  block.query.with = nullptr;
  block.env = env;
  block.scope.outer = outer;
  std::vector<const sql::FromItem*> items;
  for (const sql::FromItem* item : query.from) {
    TROUPE_ASSIGN_OR_RETURN(items.emplace_back(), open_item(*item, &block));
  }
  block.query.from = list(items);
  block.aggregate = !query.group_by.empty() || query.having != nullptr;
  for (const sql::Target* target : query.targets) {
    block.subquery = block.subquery || has_subquery(*target->value);
    block.aggregate = block.aggregate || has_aggregate(*target->value);
    block.window = block.window || has_window_call(*target->value);
  }
  for (const sql::Expr* condition : {query.where, query.having}) {
    block.subquery = block.subquery || (condition != nullptr && has_subquery(*condition));
  }
  return block;
}

absl::StatusOr<const sql::FromItem*> ContinuousStages::open_item(const sql::FromItem& item, Block* block) {
  if (const auto* table = item.as<sql::TableRef>()) return open_table(*table, block);
  if (const auto* join = item.as<sql::JoinExpr>()) return open_join(*join, block);
  if (const auto* subquery = item.as<sql::SubqueryRef>()) {
    if (subquery->lateral) return cannot_be_continuous("LATERAL subqueries");
    TROUPE_ASSIGN_OR_RETURN(const Stage* stage, stage_in_from(subquery, *subquery->query, block->env, {}));
    return add_stage_source(*stage, subquery->alias->name, subquery->alias, block);
  }
  const auto* function = item.as<sql::FunctionRef>();
  if (function == nullptr) return cannot_be_continuous("MATCH_RECOGNIZE");
  if (block->scope.outer != nullptr) return cannot_be_continuous("functions in FROM of subqueries in expressions");
  ContinuousSource source;  // its columns keep their names
  source.name = source.alias = function->alias == nullptr ? std::string() : std::string(function->alias->name);
  block->scope.sources.push_back(std::move(source));
  return function;
}

absl::StatusOr<const sql::FromItem*> ContinuousStages::open_table(const sql::TableRef& ref, Block* block) {
  if (ref.sample != nullptr) return cannot_be_continuous("TABLESAMPLE");
  const std::string_view name = ref.alias != nullptr ? ref.alias->name : ref.name;
  if (ref.schema.empty()) {
    TROUPE_ASSIGN_OR_RETURN(const Stage* stage, find_common(ref.name, block->env));
    return add_stage_source(*stage, name, ref.alias, block);
  }
  const Catalog& catalog = *context_.catalog;
  const SchemaDef* schema = catalog.find_schema(ref.schema);
  const ObjectDef* object = schema == nullptr ? nullptr : catalog.find_relation(schema->oid, ref.name);
  const auto refuse = [&](std::string_view what) { return cannot_be_continuous(cat(what, " (\"", ref.name, "\")")); };
  if (object == nullptr) return refuse("a system relation");
  Names columns;
  const auto add_columns = [&](const std::vector<ColumnDef>& of) {
    for (const ColumnDef& column : of) columns.push_back(column.name);
  };
  if (object->kind == ObjectKind::view) {
    const auto& view = static_cast<const ViewDef&>(*object);
    add_columns(view.columns);
    TROUPE_ASSIGN_OR_RETURN(const Stage* stage, stage_of_view(view.oid, view.query_sql, columns));
    return add_stage_source(*stage, name, ref.alias, block);
  }
  if (object->kind != ObjectKind::table) return refuse("what is no table");
  const auto& table = static_cast<const TableDef&>(*object);
  if (is_continuous(table)) {
    add_columns(table.columns);
    TROUPE_ASSIGN_OR_RETURN(const Stage* stage, stage_of_view(table.oid, table.query_sql, columns));
    return add_stage_source(*stage, name, ref.alias, block);
  }
  if (!views_inside_.empty() && rights_on(catalog, owner_, table, kSelect) == 0) {
    return refuse("a view of a table that the owner may not read");
  }
  TROUPE_RETURN_IF_ERROR(add_table_source(table, ref, block));
  const ContinuousSource& source = block->scope.sources.back();
  const bool renamed = ref.alias != nullptr && !ref.alias->columns.empty();
  return table_ref(ref.schema, ref.name, source, renamed ? source.columns : Names());
}

absl::Status ContinuousStages::add_table_source(const TableDef& table, const sql::TableRef& ref, Block* block) {
  ContinuousSource source;
  source.name = ref.alias != nullptr ? ref.alias->name : ref.name;
  source.alias = block->scope.outer == nullptr ? source.name : cat("__q", ++aliases_);
  std::vector<int16_t> attnums;
  for (const ColumnDef& column : table.columns) {
    if (column.dropped) continue;
    source.columns.push_back(column.name);
    source.types.push_back(Type{column.type, column.typmod});
    attnums.push_back(column.attnum);
  }
  for (size_t i = 0; ref.alias != nullptr && i < ref.alias->columns.size() && i < source.columns.size(); ++i) {
    source.columns[i] = ref.alias->columns[i];
  }
  for (const int16_t part : table.primary_key) {
    const auto at = std::find(attnums.begin(), attnums.end(), part) - attnums.begin();
    source.key.push_back(source.columns[static_cast<size_t>(at)]);
  }
  block->scope.sources.push_back(std::move(source));
  return absl::OkStatus();
}

const sql::FromItem* ContinuousStages::add_stage_source(const Stage& stage, std::string_view name,
                                                        const sql::Alias* alias, Block* block) {
  ContinuousSource source;
  source.name = name;
  source.alias = block->scope.outer == nullptr ? source.name : cat("__q", ++aliases_);
  source.columns = stage.names;
  source.types = stage.info.types;
  for (size_t i = 0; alias != nullptr && i < alias->columns.size() && i < source.columns.size(); ++i) {
    source.columns[i] = alias->columns[i];
  }
  Names all;
  for (size_t i = 0; i < stage.info.hidden; ++i) all.push_back(cat("__h", ++aliases_));
  all.insert(all.end(), source.columns.begin(), source.columns.end());
  const sql::TableRef* ref = table_ref({}, keep(cat(kStagePrefix, stage.info.number)), source, all);
  block->scope.sources.push_back(std::move(source));
  return ref;
}

const sql::TableRef* ContinuousStages::table_ref(std::string_view schema, std::string_view name,
                                                 const ContinuousSource& source, const Names& columns) {
  auto* ref = arena_.make<sql::TableRef>();
  ref->kind = sql::TableRef::kKind;
  ref->schema = keep(std::string(schema));
  ref->name = keep(std::string(name));
  auto* alias = arena_.make<sql::Alias>();
  alias->name = keep(source.alias);
  std::vector<std::string_view> names;
  for (const std::string& column : columns) names.push_back(keep(column));
  alias->columns = list(names);
  ref->alias = alias;
  return ref;
}

const sql::Expr* ContinuousStages::column_of(const std::string& relation, const std::string& column) {
  auto* ref = arena_.make<sql::ColumnRef>();
  ref->kind = sql::ColumnRef::kKind;
  ref->name = list(std::vector<std::string_view>{keep(relation), keep(column)});
  return ref;
}

namespace {

/// The column of that name of one side of a join: in what USING has merged already, or in the side's relations.
struct Side {
  const ContinuousScope& scope;
  size_t first = 0, end = 0;
  const ContinuousSource* source_of(const std::string& column) const {
    for (size_t i = first; i < end; ++i) {
      const auto& columns = scope.sources[i].columns;
      if (std::find(columns.begin(), columns.end(), column) != columns.end()) return &scope.sources[i];
    }
    return nullptr;
  }
};

}  // namespace

absl::StatusOr<const sql::FromItem*> ContinuousStages::open_join(const sql::JoinExpr& join, Block* block) {
  if (join.alias != nullptr || !join.using_alias.empty()) return cannot_be_continuous("joins that have a name");
  if (join.on != nullptr && has_subquery(*join.on)) return cannot_be_continuous("subqueries in join conditions");
  auto* copy = arena_.make<sql::JoinExpr>(join);
  ContinuousScope& scope = block->scope;
  const size_t first = scope.sources.size();
  TROUPE_ASSIGN_OR_RETURN(copy->left, open_item(*join.left, block));
  const size_t middle = scope.sources.size();
  auto merged_left = scope.merged;
  scope.merged.clear();
  TROUPE_ASSIGN_OR_RETURN(copy->right, open_item(*join.right, block));
  const auto merged_right = std::exchange(scope.merged, std::move(merged_left));
  const bool outer = join.type == sql::JoinType::kLeft || join.type == sql::JoinType::kRight;
  block->full_join = block->full_join || join.type == sql::JoinType::kFull;
  block->outer_join = block->outer_join || outer || join.type == sql::JoinType::kFull;
  if (!join.natural && join.using_columns.empty()) {
    scope.merged.insert(merged_right.begin(), merged_right.end());
    return copy;
  }
  const Side left{scope, first, middle}, right{scope, middle, scope.sources.size()};
  Names names;
  for (const std::string_view name : join.using_columns) names.emplace_back(name);
  for (size_t i = first; join.natural && i < middle; ++i) {
    for (const std::string& column : scope.sources[i].columns) {
      if (right.source_of(column) != nullptr && !column.starts_with("__h")) names.push_back(column);
    }
  }
  const auto column_in = [&](const Side& side, const auto& merged, const std::string& name) -> const sql::Expr* {
    if (const auto at = merged.find(name); at != merged.end()) return at->second;
    const ContinuousSource* source = side.source_of(name);
    return source == nullptr ? nullptr : column_of(source->name, name);
  };
  std::vector<const sql::Expr*> conditions;
  const auto known = scope.merged;
  for (const std::string& name : names) {
    const sql::Expr* a = column_in(left, known, name);
    const sql::Expr* b = column_in(right, merged_right, name);
    if (a == nullptr || b == nullptr) return cannot_be_continuous(cat("USING (", name, ")"));
    auto* equal = arena_.make<sql::OperatorExpr>();
    equal->kind = sql::OperatorExpr::kKind;
    equal->op = "=";
    equal->left = a;
    equal->right = b;
    conditions.push_back(equal);
    auto* either = arena_.make<sql::CoalesceExpr>();
    either->kind = sql::CoalesceExpr::kKind;
    either->arguments = list(std::vector<const sql::Expr*>{a, b});
    const bool full = join.type == sql::JoinType::kFull;
    scope.merged[name] = full ? either : join.type == sql::JoinType::kRight ? b : a;
  }
  for (const auto& [name, value] : merged_right) scope.merged.emplace(name, value);
  copy->natural = false;
  copy->using_columns = {};
  if (conditions.empty()) return cannot_be_continuous("NATURAL joins without a common column");
  auto* all = arena_.make<sql::BooleanExpr>();
  all->kind = sql::BooleanExpr::kKind;
  all->op = sql::BooleanOp::kAnd;
  all->arguments = list(conditions);
  copy->on = conditions.size() == 1 ? conditions[0] : all;
  return copy;
}

// --- stages that FROM reads ---

absl::StatusOr<const ContinuousStages::Stage*> ContinuousStages::find_common(std::string_view name, const Env* env) {
  for (; env != nullptr; env = env->outer) {
    for (size_t i = env->count; env->with != nullptr && i-- > 0;) {
      const sql::CommonTable& table = *env->with->tables[i];
      if (table.name != name) continue;
      const auto* query = table.query->as<SelectStatement>();
      if (query == nullptr) return cannot_be_continuous("WITH of statements that change something");
      if (table.search != nullptr || table.cycle != nullptr) return cannot_be_continuous("WITH RECURSIVE");
      const Env before{env->outer, env->with, i};
      return stage_in_from(&table, *query, &before, table.columns);
    }
    if (env->with == nullptr || !env->with->recursive) continue;
    for (const sql::CommonTable* table : env->with->tables) {
      if (table->name == name) return cannot_be_continuous("WITH RECURSIVE");
    }
  }
  return cannot_be_continuous(cat("a system relation (\"", name, "\")"));
}

absl::StatusOr<const ContinuousStages::Stage*> ContinuousStages::stage_in_from(const sql::Node* node,
                                                                               const SelectStatement& query,
                                                                               const Env* env,
                                                                               sql::List<std::string_view> columns) {
  if (const auto at = from_stages_.find(node); at != from_stages_.end()) return &at->second;
  TROUPE_ASSIGN_OR_RETURN(Written written, write(query, env));
  TROUPE_ASSIGN_OR_RETURN(Stage stage, stage_of(std::move(written)));
  for (size_t i = 0; i < columns.size() && i < stage.names.size(); ++i) stage.names[i] = columns[i];
  return &from_stages_.emplace(node, std::move(stage)).first->second;
}

absl::StatusOr<const ContinuousStages::Stage*> ContinuousStages::stage_of_view(Oid view, std::string_view text,
                                                                               const Names& columns) {
  if (const auto at = view_stages_.find(view); at != view_stages_.end()) return &at->second;
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(text));
  views_read_.push_back(parsed);
  const auto* query = parsed->statements()[0].node->as<SelectStatement>();
  if (query == nullptr) return cannot_be_continuous("a view that is no query");
  views_inside_.push_back(view);
  TROUPE_ASSIGN_OR_RETURN(Written written, write(*query, nullptr));
  views_inside_.pop_back();
  TROUPE_ASSIGN_OR_RETURN(Stage stage, stage_of(std::move(written)));
  for (size_t i = 0; i < columns.size() && i < stage.names.size(); ++i) stage.names[i] = columns[i];
  return &view_stages_.emplace(view, std::move(stage)).first->second;
}

// --- texts ---

void ContinuousStages::fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
}

absl::Status ContinuousStages::take_status() { return std::exchange(status_, absl::OkStatus()); }

sql::NameTexts ContinuousStages::texts(const ContinuousScope& scope, const Env* env, Replace replace) {
  sql::NameTexts names;
  names.expression = [this, &scope, env, replace = std::move(replace)](const sql::Expr& expr) {
    if (replace) {
      if (auto text = replace(expr)) return text;
    }
    const auto* subquery = expr.as<sql::SubqueryExpr>();
    return subquery == nullptr ? std::optional<std::string>()
                               : std::optional(subquery_text(*subquery, scope, env, texts(scope, env)));
  };
  names.column = [this, &scope, env](const sql::ColumnRef& ref) -> std::optional<std::string> {
    return column_text(ref, scope, texts(scope, env));
  };
  names.alias = [](const sql::Target& target) { return std::optional(output_name(*target.value)); };
  return names;
}

std::string ContinuousStages::column_text(const sql::ColumnRef& ref, const ContinuousScope& scope,
                                          const sql::NameTexts& names) {
  if (const auto found = scope.find(ref)) {
    if (found->merged != nullptr) return sql::to_sql(*found->merged, names);
    const ContinuousSource& source = *found->source;
    return cat(sql::quote_identifier(source.alias), ".", sql::quote_identifier(source.columns[found->column]));
  }
  if (scope.is_row(ref)) fail(cannot_be_continuous("rows as a whole"));
  return sql::to_sql(ref);
}

std::string ContinuousStages::subquery_text(const sql::SubqueryExpr& expr, const ContinuousScope& scope, const Env* env,
                                            const sql::NameTexts& names) {
  auto query = inner_text(expr, scope, env);
  if (!query.ok()) {
    fail(query.status());
    return "NULL";
  }
  const bool tested = expr.test != nullptr;
  const std::string test = tested ? cat("(", sql::to_sql(*expr.test, names), " ") : std::string();
  const char* end = tested ? "))" : ")";
  const auto any = [&](const char* word) {
    const bool named = !expr.schema.empty();
    return cat(test, named ? "OPERATOR(pg_catalog." : "", expr.op, named ? ")" : "", word, *query, end);
  };
  switch (expr.type) {
    case sql::SubqueryType::kScalar: return cat("(", *query, ")");
    case sql::SubqueryType::kExists: return cat("EXISTS (", *query, ")");
    case sql::SubqueryType::kArray: return cat("ARRAY(", *query, ")");
    case sql::SubqueryType::kIn: return cat(test, expr.negated ? "NOT IN (" : "IN (", *query, end);
    case sql::SubqueryType::kAny: return any(" ANY (");
    case sql::SubqueryType::kAll: return any(" ALL (");
  }
  return {};
}

/// The query of a subquery in an expression: as it is where it only filters; a stage where it needs no outer row.
absl::StatusOr<std::string> ContinuousStages::inner_text(const sql::SubqueryExpr& expr, const ContinuousScope& scope,
                                                         const Env* env) {
  const SelectStatement& query = *expr.query;
  bool simple = query.operation == sql::SetOperation::kNone && query.with == nullptr && !query.is_values &&
                !query.from.empty() && query.distinct_on.empty() && query.windows.empty() && query.locking.empty();
  bool filters = simple && query.group_by.empty() && query.having == nullptr && query.limit == nullptr &&
                 query.offset == nullptr && !query.distinct;
  for (const sql::Target* target : query.targets) {
    simple = simple && !has_subquery(*target->value) && !has_window_call(*target->value);
    filters = filters && simple && !has_aggregate(*target->value);
  }
  simple = simple && (query.where == nullptr || !has_subquery(*query.where)) &&
           (query.having == nullptr || !has_subquery(*query.having));
  if (filters && simple) {
    auto text = inline_text(expr, scope, env);
    if (text.ok() || from_stages_.contains(&expr)) return text;
  }
  const bool alone = from_stages_.contains(&expr) || types_of_(sql::to_sql(query)).ok();
  if (!alone) {
    if (!simple) return cannot_be_continuous("correlated subqueries of more than tables, WHERE and aggregates");
    return inline_text(expr, scope, env);
  }
  TROUPE_ASSIGN_OR_RETURN(const Stage* stage, stage_in_from(&expr, query, env, {}));
  const Written all = all_of(*stage, stage->names);
  return text_of(all);
}

absl::StatusOr<std::string> ContinuousStages::inline_text(const sql::SubqueryExpr& expr, const ContinuousScope& scope,
                                                          const Env* env) {
  TROUPE_ASSIGN_OR_RETURN(Block block, open(*expr.query, env, &scope));
  if (block.outer_join) return cannot_be_continuous("outer joins in correlated subqueries");
  const sql::NameTexts names = texts(block.scope, env);
  const bool exists = expr.type == sql::SubqueryType::kExists;
  const bool ordered = expr.type == sql::SubqueryType::kArray || block.query.limit != nullptr;
  if (ordered && !exists) {
    std::vector<std::string> order, values;
    for (const sql::SortItem* item : block.query.order_by) order.push_back(sql::to_sql(*item->value, names));
    for (const sql::Target* target : block.query.targets) values.push_back(sql::to_sql(*target->value, names));
    if (!is_total(order, values, block, names)) {
      return cannot_be_continuous("subqueries whose ORDER BY leaves rows in no certain order");
    }
  }
  TROUPE_RETURN_IF_ERROR(check_order_of_aggregates(block, names));
  std::string text = sql::to_sql(block.query, names);
  TROUPE_RETURN_IF_ERROR(take_status());
  return text;
}

}  // namespace troupe
