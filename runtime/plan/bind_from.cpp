/// FROM: tables, views, CTEs, subqueries, functions and joins.
#include <algorithm>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/continuous_program.hpp"
#include "runtime/plan/definition_notes.hpp"
#include "runtime/plan/table_function.hpp"
#include "runtime/plan/view_target.hpp"
#include "runtime/types/resolve.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

/// A view inside a view inside ...: deeper than this can only be a cycle.
constexpr int kViewDepthMax = 100;

/// Columns of a relation that the catalog names: a view's are its own, not those of the tables under it.
std::vector<ColumnOrigin> origins_in(Oid relation, size_t columns) {
  std::vector<ColumnOrigin> origins;
  for (size_t i = 0; i < columns; ++i) origins.push_back({relation, static_cast<int16_t>(i + 1)});
  return origins;
}

/// A function that PostgreSQL shows through a view; here the view is all there is. Empty: it is none of them.
std::string_view view_of_function(std::string_view function) {
  constexpr std::pair<std::string_view, std::string_view> kViews[] = {
      {"pg_timezone_names", "pg_timezone_names"},
      {"pg_timezone_abbrevs", "pg_timezone_abbrevs"},
      {"pg_show_all_settings", "pg_settings"},
      {"pg_prepared_statement", "pg_prepared_statements"},
      {"pg_cursor", "pg_cursors"},
      {"pg_lock_status", "pg_locks"},
  };
  for (const auto& [name, view] : kViews) {
    if (name == function) return view;
  }
  return {};
}

std::vector<ColumnOrigin> origins_of(const std::vector<BoundTarget>& targets) {
  std::vector<ColumnOrigin> origins;
  for (const BoundTarget& target : targets) origins.push_back(target.origin);
  return origins;
}

}  // namespace

namespace {

/// The names by which an item's columns can be qualified.
void collect_names(const FromNames& item, std::vector<const FromNames*>* out) {
  if (!item.alias.empty()) {
    out->push_back(&item);
    return;
  }
  if (item.relation) return;
  if (item.using_names) out->push_back(item.using_names.get());
  collect_names(*item.left, out);
  collect_names(*item.right, out);
}

/// Errors: 42712 when both have an item of one name.
absl::Status check_names_differ(const FromNames& left, const FromNames& right) {
  std::vector<const FromNames*> names, others;
  collect_names(left, &names);
  collect_names(right, &others);
  for (const FromNames* name : names) {
    for (const FromNames* other : others) {
      const bool other_table = !name->schema.empty() && !other->schema.empty() && name->schema != other->schema;
      if (name->alias != other->alias || other_table) continue;
      return error(ErrorCode::kDuplicateAlias, "table name \"", name->alias, "\" specified more than once");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Binder::bind_from(sql::List<const sql::FromItem*> items, Scope* scope, BoundQuery* query) {
  for (const sql::FromItem* item : items) {
    TROUPE_ASSIGN_OR_RETURN(FromItem bound, bind_from_item(*item, scope, query));
    for (const auto& other : scope->items) TROUPE_RETURN_IF_ERROR(check_names_differ(*other, *bound.names));
    scope->items.push_back(std::move(bound.names));
    query->from.push_back(std::move(bound.tree));
  }
  return absl::OkStatus();
}

absl::StatusOr<Binder::FromItem> Binder::bind_from_item(const sql::FromItem& item, Scope* scope, BoundQuery* query) {
  const auto bind_it = [&]() -> absl::StatusOr<FromItem> {
    switch (item.kind) {
      case sql::NodeKind::kTableRef: return bind_table(item.to<sql::TableRef>(), scope, query);
      case sql::NodeKind::kSubqueryRef: return bind_subquery_ref(item.to<sql::SubqueryRef>(), scope, query);
      case sql::NodeKind::kFunctionRef: return bind_function_ref(item.to<sql::FunctionRef>(), scope, query);
      case sql::NodeKind::kMatchRecognize: return bind_match(item.to<sql::MatchRecognize>(), scope, query);
      case sql::NodeKind::kJoin: return bind_join(item.to<sql::JoinExpr>(), scope, query);
      default: return refuse(item, "this kind of FROM item");
    }
  };
  auto bound = bind_it();
  if (DefinitionNotes* notes = NotesScope::current(); notes != nullptr && bound.ok())
    notes->items[&item] = bound->names;
  return bound;
}

Binder::FromItem Binder::leaf(std::shared_ptr<BoundRelation> relation, std::string_view alias, BoundQuery* query) {
  relation->number = relations++;
  relation->alias = alias;
  query->relations.push_back(relation->number);
  FromItem item;
  item.tree = std::make_shared<FromTree>();
  item.tree->relation = relation;
  item.names = std::make_shared<FromNames>();
  item.names->alias = alias;
  item.names->relation = std::move(relation);
  return item;
}

absl::Status Binder::rename_columns(BoundRelation* relation, const sql::Alias* alias) {
  if (alias == nullptr || alias->columns.empty()) return absl::OkStatus();
  std::vector<std::string> names;
  size_t used = 0;
  for (uint32_t i = 0; i < relation->size(); ++i) {
    const bool renamed = relation->visible(i) && used < alias->columns.size();
    names.emplace_back(renamed ? alias->columns[used++] : relation->name_of(i));
  }
  if (used < alias->columns.size()) {
    return error(ErrorCode::kInvalidColumnReference, "table \"", alias->name, "\" has ", used,
                 " columns available but ", alias->columns.size(), " columns specified");
  }
  relation->names = std::move(names);
  return absl::OkStatus();
}

namespace {

absl::Status not_populated(const TableDef& view) {
  return with_hint(
      error(ErrorCode::kObjectNotInPrerequisiteState, "materialized view \"", view.name, "\" has not been populated"),
      "Use the REFRESH MATERIALIZED VIEW command.");
}

/// A continuous view is read as a view: of the rows that are kept of it, or of its query.
std::shared_ptr<const ViewDef> as_view(const TableDef& continuous, const PlanContext& context) {
  auto view = std::make_shared<ViewDef>();
  static_cast<ObjectDef&>(*view) = continuous;
  view->kind = ObjectKind::view;
  const TableDef* rows = continuous_rows(continuous.oid, *context.catalog);
  const bool kept = rows != nullptr && reads_kept_rows(*rows, context);
  view->query_sql = kept ? ContinuousProgram::read_text(continuous) : continuous.query_sql;
  view->columns = continuous.columns;
  return view;
}

}  // namespace

absl::StatusOr<Binder::FromItem> Binder::bind_table(const sql::TableRef& ref, Scope*, BoundQuery* query) {
  if (ref.schema.empty()) {
    for (size_t i = cte_names_.size(); i-- > 0;) {
      if (cte_names_[i].name != ref.name) continue;
      return ref.sample != nullptr ? bind_sample(ref, {}, query) : bind_cte_ref(cte_names_[i], ref, query);
    }
  }
  auto named = find_relation(ref);
  if (!named.ok() && ref.schema.empty() && std::ranges::find(later_ctes_, ref.name) != later_ctes_.end()) {
    return with_hint(with_detail(named.status(), cat("There is a WITH item named \"", ref.name,
                                                     "\", but it cannot be referenced from this part of the query.")),
                     "Use WITH RECURSIVE, or re-order the WITH items to remove forward references.");
  }
  if (!named.ok() && ref.name == "dual" && ref.schema.empty()) return bind_dual_ref(ref, query);
  TROUPE_ASSIGN_OR_RETURN(RelationName found, std::move(named));
  if (found.table && !found.table->populated && unreadable.ok()) unreadable = not_populated(*found.table);
  if (ref.sample != nullptr) return bind_sample(ref, std::move(found), query);
  if (found.table && is_continuous(*found.table)) return bind_view(as_view(*found.table, context_), ref, query);
  if (found.view) return bind_view(found.view, ref, query);
  auto relation = std::make_shared<BoundRelation>();
  if (found.table) {
    relation->table = std::move(found.table);
    relation->only = ref.only;
  } else {
    relation->kind = BoundRelation::Kind::kSystem;
    relation->system = std::move(found.system);
    for (const SystemColumn& column : relation->system->columns) {
      relation->names.push_back(column.name);
      relation->types.push_back(column.type);
    }
    relation->origins = origins_in(relation->system->oid, relation->types.size());
  }
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  FromItem item = leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : ref.name, query);
  const BoundRelation& read = *item.names->relation;
  if (read.table) {
    if (names_found != nullptr) names_found->numbers[read.number] = read.table->oid;
    item.names->relation->reader = rights.role();
    TROUPE_RETURN_IF_ERROR(secure_reading(item.names->relation, PolicyCommand::select));
  }
  if (read.system && read.system->oid < kFirstUserOid) {
    rights.want_system(read.system->name);
  } else {
    rights.want(read.number, read.table ? read.table->oid : read.system->oid, kSelect);
  }
  if (ref.alias == nullptr) item.names->schema = schema_of(read);
  return item;
}

std::string_view Binder::schema_of(const BoundRelation& relation) const {
  const Oid oid = relation.table ? relation.table->schema : relation.system->schema;
  const SchemaDef* schema = catalog().find_as<SchemaDef>(oid);
  return schema != nullptr ? std::string_view(schema->name) : std::string_view("pg_catalog");
}

absl::StatusOr<QueryPtr> Binder::bind_stored_query(std::string_view text, Oid owner,
                                                   const sql::SelectStatement** written) {
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(text));
  kept_.push_back(parsed);
  // The view's text knows nothing of the statement's WITH names and has positions of its own.
  std::vector<CteName> outer_names;
  outer_names.swap(cte_names_);
  const bool outer_foreign = std::exchange(foreign_text_, true);
  ++view_depth_;
  const Oid reader = rights.act_as(owner);
  const auto& select = parsed->statements()[0].node->to<sql::SelectStatement>();
  if (written != nullptr) *written = &select;
  auto bound = bind_select(select, nullptr);
  rights.act_as(reader);
  --view_depth_;
  foreign_text_ = outer_foreign;
  cte_names_.swap(outer_names);
  return bound;
}

absl::StatusOr<std::shared_ptr<BoundModify>> Binder::bind_refresh(std::string_view text, const TableDef& view) {
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(text));
  kept_.push_back(parsed);
  foreign_text_ = true;
  refreshed_ = view.oid;
  rights.act_as(view.owner);
  return bind_insert(parsed->statements()[0].node->to<sql::InsertStatement>());
}

absl::StatusOr<Binder::FromItem> Binder::bind_view(const std::shared_ptr<const ViewDef>& def, const sql::TableRef& ref,
                                                   BoundQuery* query) {
  const ViewDef& view = *def;
  if (view_depth_ >= kViewDepthMax) {
    return fail(ErrorCode::kInvalidTableDefinition, ref, "infinite recursion detected in rules for relation \"",
                view.name, "\"");
  }
  const bool invoker = parse_switch(view.option("security_invoker")).value_or(false);
  const uint32_t number = relations++;  // before those it reads: whose rights are missing is told in this order
  const sql::SelectStatement* select = nullptr;
  auto bound = bind_stored_query(view.query_sql, invoker ? rights.user() : view.owner, &select);
  if (!bound.ok()) return bound.status();
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  relation->query = *std::move(bound);
  relation->view = def;
  relation->view_text = select;
  // SELECT * shows what there was when the view was made.
  const size_t width = std::min(relation->query->targets.size(), view.columns.size());
  for (size_t i = 0; i < width; ++i) {
    relation->names.push_back(view.columns[i].name);
    relation->types.push_back(relation->query->targets[i].value->type);
  }
  relation->origins = origins_in(view.oid, relation->types.size());
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  FromItem item = leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : ref.name, query);
  item.names->relation->number = query->relations.back() = number;
  if (names_found != nullptr) names_found->numbers[number] = view.oid;
  rights.want(number, view.oid, kSelect);
  if (ref.alias == nullptr) item.names->schema = ref.schema;
  return item;
}

/// Oracle's table of one row.
absl::StatusOr<Binder::FromItem> Binder::bind_dual_ref(const sql::TableRef& ref, BoundQuery* query) {
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  TROUPE_ASSIGN_OR_RETURN(relation->query, bind_dual());
  relation->names.push_back("dummy");
  relation->types.push_back(relation->query->targets[0].value->type);
  relation->origins = origins_of(relation->query->targets);
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  return leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : ref.name, query);
}

absl::StatusOr<Binder::FromItem> Binder::bind_cte_ref(CteName name, const sql::TableRef& ref, BoundQuery* query) {
  auto relation = std::make_shared<BoundRelation>();
  relation->names = ctes[name.cte].names;
  relation->types = ctes[name.cte].types;
  if (name.work_table) {
    relation->kind = BoundRelation::Kind::kWorkTable;
    relation->cte = *name.work_table;
    work_table_reads_.push_back(*name.work_table);
  } else if (name.anew != nullptr) {
    relation->kind = BoundRelation::Kind::kSubquery;
    TROUPE_ASSIGN_OR_RETURN(relation->query, bind_cte_anew(name));
    relation->origins = origins_of(relation->query->targets);
  } else {
    BoundCte& cte = ctes[name.cte];
    relation->kind = BoundRelation::Kind::kCte;
    relation->cte = name.cte;
    relation->origins = origins_of(cte.query->targets);
    if (cte.query->modify && cte.query->targets.empty()) {
      return fail(ErrorCode::kFeatureNotSupported, ref, "WITH query \"", cte.name,
                  "\" does not have a RETURNING clause");
    }
    ++cte.references;
  }
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  return leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : ref.name, query);
}

absl::StatusOr<Binder::FromItem> Binder::bind_subquery_ref(const sql::SubqueryRef& ref, Scope* scope,
                                                           BoundQuery* query) {
  TROUPE_ASSIGN_OR_RETURN(QueryPtr bound, bind_select(*ref.query, ref.lateral ? scope : scope->outer));
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kSubquery;
  relation->lateral = ref.lateral;
  for (const BoundTarget& target : bound->targets) {
    relation->names.push_back(target.name);
    relation->types.push_back(target.value->type);
  }
  relation->origins = origins_of(bound->targets);
  relation->query = std::move(bound);
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  return leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : std::string_view(), query);
}

absl::StatusOr<Binder::FromItem> Binder::bind_view_function(std::string_view view, const sql::FunctionCall& call,
                                                            const sql::Alias* alias, BoundQuery* query) {
  sql::TableRef ref;
  ref.position = call.position;
  ref.schema = "pg_catalog";
  ref.name = view;
  sql::Alias named_alias;
  named_alias.name = call.name.back();
  ref.alias = alias != nullptr ? alias : &named_alias;
  TROUPE_ASSIGN_OR_RETURN(FromItem item, bind_table(ref, nullptr, query));
  item.names->relation->origins.clear();
  return item;
}

namespace {

/// unnest() of composite values gives their fields.
void expand_composite(FunctionScanPlan::Call* call, BoundRelation* relation) {
  const UserType* type = find_user_type(call->columns[0].oid);
  call->expands = true;
  call->columns.clear();
  for (const Attribute& attribute : type->attributes) {
    if (attribute.dropped) continue;
    call->columns.push_back(attribute.type);
    relation->names.push_back(attribute.name);
    relation->types.push_back(attribute.type);
  }
}

}  // namespace

absl::StatusOr<Binder::FromItem> Binder::bind_function_ref(const sql::FunctionRef& ref, Scope* scope,
                                                           BoundQuery* query) {
  if (ref.functions.size() == 1 && !ref.ordinality) {
    const auto* only = ref.functions[0].call->as<sql::FunctionCall>();
    const std::string_view view = only == nullptr ? std::string_view() : view_of_function(only->name.back());
    if (!view.empty() && only->arguments.empty()) return bind_view_function(view, *only, ref.alias, query);
  }
  for (const sql::TableFunction& item : ref.functions) {
    const auto* call = item.call->as<sql::FunctionCall>();
    if (call == nullptr || functions_named(call->name).empty()) continue;
    if (ref.functions.size() > 1) return bind_rows_from(ref, scope, query);
    TROUPE_ASSIGN_OR_RETURN(FromItem user, bind_user_function_ref(ref, scope, query));
    if (user.tree != nullptr) return user;
  }
  auto relation = std::make_shared<BoundRelation>();
  relation->kind = BoundRelation::Kind::kFunction;
  relation->lateral = true;  // a function in FROM may always look to its left
  relation->ordinality = ref.ordinality;
  const Site site{scope, query, Clause::kFromFunction, false};
  std::string_view default_alias;
  for (const sql::TableFunction& item : ref.functions) {
    const auto* call = item.call->as<sql::FunctionCall>();
    const std::string_view name = call != nullptr ? call->name.back() : std::string_view("value");
    if (default_alias.empty()) default_alias = name;
    if (!item.columns.empty()) {
      TROUPE_RETURN_IF_ERROR(bind_record_function(item, ref, site, relation.get()));
      continue;
    }
    if (record_function(name) != nullptr) {
      return fail(ErrorCode::kSyntaxError, *item.call,
                  "a column definition list is required for functions returning \"record\"");
    }
    const bool lone = ref.functions.size() == 1 && ref.alias != nullptr;
    if (call == nullptr || !is_table_function(name)) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind(*item.call, site));
      TROUPE_ASSIGN_OR_RETURN(value, settle(std::move(value)));
      if (is_composite_type(value->type.oid)) {
        FunctionScanPlan::Call row{nullptr, {value->type}, {value->type}, {value}};
        expand_composite(&row, relation.get());
        relation->calls.push_back(std::move(row));
        continue;
      }
      relation->names.emplace_back(lone ? ref.alias->name : name);
      relation->types.push_back(value->type);
      relation->calls.push_back({nullptr, {value->type}, {value->type}, {value}});
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(ExprList args, bind_arguments(*call, site));
    std::vector<ExprList> calls;
    if (name == "unnest" && args.size() > 1) {
      for (ExprPtr& arg : args) calls.push_back({std::move(arg)});
    } else {
      calls.push_back(std::move(args));
    }
    for (ExprList& one : calls) {
      TROUPE_ASSIGN_OR_RETURN(FunctionScanPlan::Call bound, bind_table_function(*call, std::move(one)));
      if (bound.columns.size() == 1 && is_composite_type(bound.columns[0].oid)) {
        expand_composite(&bound, relation.get());
        relation->calls.push_back(std::move(bound));
        continue;
      }
      for (size_t i = 0; i < bound.columns.size(); ++i) {
        const bool named = i < bound.function->column_names.size();
        relation->names.emplace_back(named                      ? std::string_view(bound.function->column_names[i])
                                     : lone && calls.size() == 1 ? ref.alias->name
                                                                 : name);
        relation->types.push_back(bound.columns[i]);
      }
      relation->calls.push_back(std::move(bound));
    }
  }
  if (ref.ordinality) {
    relation->names.emplace_back("ordinality");
    relation->types.push_back(Type{oid::kInt8});
  }
  if (absl::Status status = rename_columns(relation.get(), ref.alias); !status.ok()) return at(status, ref);
  return leaf(std::move(relation), ref.alias != nullptr ? ref.alias->name : default_alias, query);
}

namespace {

JoinKind kind_of(sql::JoinType type) {
  switch (type) {
    case sql::JoinType::kLeft: return JoinKind::kLeft;
    case sql::JoinType::kRight: return JoinKind::kRight;
    case sql::JoinType::kFull: return JoinKind::kFull;
    default: return JoinKind::kInner;
  }
}

/// The names that both sides of a NATURAL join have, in the left's order.
std::vector<std::string_view> common_names(const FromNames& left, const FromNames& right) {
  std::vector<NamedColumn> left_columns, right_columns;
  expand_star(left, &left_columns);
  expand_star(right, &right_columns);
  std::vector<std::string_view> names;
  for (const NamedColumn& column : left_columns) {
    const bool common = std::any_of(right_columns.begin(), right_columns.end(),
                                    [&](const NamedColumn& other) { return other.name == column.name; });
    if (common) names.push_back(column.name);
  }
  return names;
}

}  // namespace

absl::Status Binder::merge_columns(const sql::JoinExpr& join, JoinKind kind, FromItem* item, ExprList* conditions) {
  std::vector<std::string_view> names(join.using_columns.begin(), join.using_columns.end());
  if (join.natural) names = common_names(*item->names->left, *item->names->right);
  for (const std::string_view name : names) {
    ExprPtr sides[2];
    const FromNames* places[] = {item->names->left.get(), item->names->right.get()};
    for (size_t i = 0; i < 2; ++i) {
      const std::string_view side = i == 0 ? "left" : "right";
      const LookupResult found = find_column(*places[i], name, &sides[i]);
      if (found == LookupResult::kNotFound) {
        return error(ErrorCode::kUndefinedColumn, "column \"", name,
                     "\" specified in USING clause does not exist in ", side, " table");
      }
      if (found == LookupResult::kAmbiguous) {
        return error(ErrorCode::kAmbiguousColumn, "common column name \"", name, "\" appears more than once in ", side,
                     " table");
      }
    }
    for (const ExprPtr& side : sides) rights.read(*side);
    TROUPE_ASSIGN_OR_RETURN(ExprPtr same, operate("=", sides[0], sides[1], join));
    conditions->push_back(std::move(same));
    const Type types[] = {sides[0]->type, sides[1]->type};
    auto common = select_common_type(types, "JOIN/USING");
    if (!common.ok()) return at(common.status(), join);
    for (ExprPtr& side : sides) {
      TROUPE_ASSIGN_OR_RETURN(side, coerce(std::move(side), *common, CastContext::kImplicit));
    }
    ExprPtr merged = kind == JoinKind::kRight ? sides[1] : sides[0];
    if (kind == JoinKind::kFull) {
      auto either = std::make_shared<Expr>();
      either->kind = ExprKind::kCoalesce;
      either->type = *common;
      either->args = {sides[0], sides[1]};
      merged = std::move(either);
    }
    item->names->merged.push_back({name, std::move(merged)});
  }
  return absl::OkStatus();
}

absl::StatusOr<Binder::FromItem> Binder::bind_join(const sql::JoinExpr& join, Scope* scope, BoundQuery* query) {
  TROUPE_ASSIGN_OR_RETURN(FromItem left, bind_from_item(*join.left, scope, query));
  scope->items.push_back(left.names);  // what is LATERAL on the right may look at it
  auto bound_right = bind_from_item(*join.right, scope, query);
  scope->items.pop_back();
  if (!bound_right.ok()) return bound_right.status();
  FromItem right = *std::move(bound_right);
  const JoinKind kind = kind_of(join.type);
  FromItem item;
  item.tree = std::make_shared<FromTree>();
  item.tree->join = kind;
  item.tree->left = left.tree;
  item.tree->right = right.tree;
  TROUPE_RETURN_IF_ERROR(check_names_differ(*left.names, *right.names));
  item.names = std::make_shared<FromNames>();
  item.names->left = left.names;
  item.names->right = right.names;
  ExprList conditions;
  if (join.natural || !join.using_columns.empty()) {
    TROUPE_RETURN_IF_ERROR(merge_columns(join, kind, &item, &conditions));
  } else if (join.on != nullptr) {
    Scope on;
    on.outer = scope->outer;
    on.items = {item.names};
    TROUPE_ASSIGN_OR_RETURN(ExprPtr condition, bind_condition(*join.on, Site{&on, query, Clause::kJoin, false},
                                                              "JOIN/ON"));
    conditions.push_back(std::move(condition));
  }
  if (!conditions.empty()) item.tree->condition = make_and(std::move(conditions));
  if (!join.using_alias.empty()) {
    item.names->using_names = std::make_shared<FromNames>();
    item.names->using_names->alias = join.using_alias;
    item.names->using_names->columns = item.names->merged;
  }
  if (join.alias != nullptr) {
    expand_star(*item.names, &item.names->columns);
    for (size_t i = 0; i < join.alias->columns.size() && i < item.names->columns.size(); ++i) {
      item.names->columns[i].name = join.alias->columns[i];
    }
    item.names->alias = join.alias->name;
  }
  return item;
}

}  // namespace troupe
