/// WITH.
#include "runtime/plan/binder.hpp"
#include "runtime/plan/search_cycle.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

/// Whether a FROM clause anywhere in `select` mentions the name: only then is a WITH RECURSIVE query recursive.
bool mentions(const sql::SelectStatement& select, std::string_view name);

bool mentions(const sql::FromItem& item, std::string_view name) {
  switch (item.kind) {
    case sql::NodeKind::kTableRef: {
      const auto& table = item.to<sql::TableRef>();
      return table.schema.empty() && table.name == name;
    }
    case sql::NodeKind::kSubqueryRef: return mentions(*item.to<sql::SubqueryRef>().query, name);
    case sql::NodeKind::kMatchRecognize: return mentions(*item.to<sql::MatchRecognize>().input, name);
    case sql::NodeKind::kJoin: {
      const auto& join = item.to<sql::JoinExpr>();
      return mentions(*join.left, name) || mentions(*join.right, name);
    }
    default: return false;
  }
}

bool mentions(const sql::SelectStatement& select, std::string_view name) {
  for (const sql::FromItem* item : select.from) {
    if (mentions(*item, name)) return true;
  }
  return (select.left != nullptr && mentions(*select.left, name)) ||
         (select.right != nullptr && mentions(*select.right, name));
}

}  // namespace

absl::Status Binder::bind_with(const sql::WithClause& with, const Scope* outer) {
  for (const sql::CommonTable* table : with.tables) {
    for (const sql::CommonTable* other : with.tables) {
      if (other != table && other->name == table->name && other->position < table->position) {
        return fail(ErrorCode::kDuplicateAlias, *table, "WITH query name \"", table->name,
                    "\" specified more than once");
      }
    }
    const auto* select = table->query->as<sql::SelectStatement>();
    const bool recursive = with.recursive && select != nullptr && mentions(*select, table->name);
    if (table->search != nullptr || table->cycle != nullptr) {
      if (!recursive) return fail(ErrorCode::kSyntaxError, *table, "WITH query is not recursive");
      TROUPE_RETURN_IF_ERROR(bind_search_cycle(*table, outer));
      continue;
    }
    if (recursive) {
      TROUPE_RETURN_IF_ERROR(bind_recursive(*table, outer, 0));
      continue;
    }
    BoundCte cte;
    cte.first_relation = relations;
    TROUPE_ASSIGN_OR_RETURN(cte.query, bind_cte_query(*table, outer));
    cte.end_relation = relations;
    cte.materialized = table->materialized == sql::Materialization::kAlways;
    cte.not_materialized = table->materialized == sql::Materialization::kNever;
    TROUPE_RETURN_IF_ERROR(name_cte_columns(*table, &cte));
    cte_names_.push_back({table->name, static_cast<uint32_t>(ctes.size()), std::nullopt});
    ctes.push_back(std::move(cte));
  }
  return absl::OkStatus();
}

/// Bound once only to learn the columns, then with those that SEARCH and CYCLE add.
absl::Status Binder::bind_search_cycle(const sql::CommonTable& table, const Scope* outer) {
  const auto& select = table.query->to<sql::SelectStatement>();
  if (select.operation != sql::SetOperation::kUnion) return bind_recursive(table, outer, 0);  // which refuses it
  BoundCte first;
  TROUPE_ASSIGN_OR_RETURN(first.query, bind_for_columns(*select.left, outer));
  TROUPE_RETURN_IF_ERROR(name_cte_columns(table, &first));
  auto text = search_cycle_text(table, first.names);
  if (!text.ok()) return at(text.status(), table);
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(*text));
  kept_.push_back(parsed);
  const bool outer_foreign = std::exchange(foreign_text_, true);
  const absl::Status bound = bind_with(*parsed->statements()[0].node->to<sql::SelectStatement>().with, outer);
  foreign_text_ = outer_foreign;
  return bound;
}

absl::Status Binder::name_cte_columns(const sql::CommonTable& table, BoundCte* cte) {
  cte->name = table.name;
  if (table.columns.size() > cte->query->targets.size()) {
    return fail(ErrorCode::kInvalidColumnReference, table, "WITH query \"", table.name, "\" has ",
                cte->query->targets.size(), " columns available but ", table.columns.size(), " columns specified");
  }
  for (size_t i = 0; i < cte->query->targets.size(); ++i) {
    const BoundTarget& target = cte->query->targets[i];
    cte->names.emplace_back(i < table.columns.size() ? table.columns[i] : std::string_view(target.name));
    cte->types.push_back(target.value->type);
  }
  return absl::OkStatus();
}

absl::StatusOr<QueryPtr> Binder::bind_cte_query(const sql::CommonTable& table, const Scope* outer) {
  if (const auto* select = table.query->as<sql::SelectStatement>()) return bind_select(*select, outer);
  std::shared_ptr<BoundModify> modify;
  if (const auto* insert = table.query->as<sql::InsertStatement>()) {
    TROUPE_ASSIGN_OR_RETURN(modify, bind_insert(*insert));
  } else if (const auto* update = table.query->as<sql::UpdateStatement>()) {
    TROUPE_ASSIGN_OR_RETURN(modify, bind_update(*update));
  } else if (const auto* remove = table.query->as<sql::DeleteStatement>()) {
    TROUPE_ASSIGN_OR_RETURN(modify, bind_delete(*remove));
  } else if (table.query->kind == sql::NodeKind::kMerge) {
    return fail(ErrorCode::kFeatureNotSupported, table, "MERGE not supported in WITH query");
  } else {
    return refuse(table, "this kind of statement in WITH");
  }
  auto query = std::make_shared<BoundQuery>();
  query->targets = modify->returning;
  query->modify = std::move(modify);
  return query;
}

absl::Status Binder::bind_recursive(const sql::CommonTable& table, const Scope* outer, uint32_t) {
  const auto& select = table.query->to<sql::SelectStatement>();
  if (select.operation != sql::SetOperation::kUnion || mentions(*select.left, table.name)) {
    return fail(ErrorCode::kInvalidRecursion, table, "recursive query \"", table.name,
                "\" does not have the form non-recursive-term UNION [ALL] recursive-term");
  }
  if (!select.order_by.empty()) return refuse(table, "ORDER BY in a recursive query");
  if (select.limit != nullptr || select.offset != nullptr) return refuse(table, "LIMIT in a recursive query");
  auto query = std::make_shared<BoundQuery>();
  query->operation = SetOperationKind::kUnion;
  query->all = select.all;
  query->recursive = true;
  query->work_table = work_tables++;
  query->set_relation = relations++;
  query->relations = {query->set_relation};
  TROUPE_ASSIGN_OR_RETURN(query->left, bind_select(*select.left, outer));
  for (uint32_t i = 0; i < query->left->targets.size(); ++i) {
    const BoundTarget& target = query->left->targets[i];
    query->targets.push_back({make_column(target.value->type, i, query->set_relation), target.name});
  }
  BoundCte cte;
  cte.query = query;
  TROUPE_RETURN_IF_ERROR(name_cte_columns(table, &cte));
  const auto number = static_cast<uint32_t>(ctes.size());
  ctes.push_back(std::move(cte));
  cte_names_.push_back({table.name, number, query->work_table});
  TROUPE_ASSIGN_OR_RETURN(query->right, bind_select(*select.right, outer, true));
  // Names bound inside the recursive part are gone again; ours is the last.
  cte_names_.back().work_table.reset();
  if (query->right->targets.size() != query->targets.size()) {
    return fail(ErrorCode::kSyntaxError, *select.right, "each UNION query must have the same number of columns");
  }
  for (size_t i = 0; i < query->targets.size(); ++i) {
    const Type type = query->targets[i].value->type;
    ExprPtr& value = query->right->targets[i].value;
    const Type actual = value->type;
    auto cast = coerce(std::move(value), type, CastContext::kImplicit);
    if (!cast.ok()) {
      return fail(ErrorCode::kDatatypeMismatch, *select.left, "recursive query \"", table.name, "\" column ", i + 1,
                  " has type ", format_type(type), " in non-recursive term but type ", format_type(actual),
                  " overall");
    }
    value = *std::move(cast);
  }
  return absl::OkStatus();
}

}  // namespace troupe
