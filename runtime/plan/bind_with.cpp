/// WITH.
#include "runtime/plan/binder.hpp"
#include "runtime/plan/search_cycle.hpp"
#include "runtime/plan/with_recursion.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
absl::Status Binder::bind_with(const sql::WithClause& with, const Scope* outer) {
  for (const sql::CommonTable* table : with.tables) {
    for (const sql::CommonTable* other : with.tables) {
      if (other != table && other->name == table->name && other->position < table->position) {
        return fail(ErrorCode::kDuplicateAlias, *table, "WITH query name \"", table->name,
                    "\" specified more than once");
      }
    }
  }
  const auto at_node = [this](absl::Status status, const sql::Node& node) { return at(std::move(status), node); };
  TROUPE_ASSIGN_OR_RETURN(const auto ordered, order_with_queries(with, at_node));
  const size_t later_before = later_ctes_.size();
  for (auto at = ordered.rbegin(); at != ordered.rend(); ++at) later_ctes_.push_back(at->table->name);
  for (const auto& [table, recursive] : ordered) {
    const size_t reads_before = work_table_reads_.size();
    const uint32_t work_tables_before = work_tables;
    TROUPE_RETURN_IF_ERROR(bind_cte(*table, recursive, outer));
    for (size_t i = reads_before; i < work_table_reads_.size(); ++i) {
      if (work_table_reads_[i] < work_tables_before) cte_names_.back().anew = table;
    }
    cte_names_.back().outer = outer;
    later_ctes_.pop_back();
  }
  later_ctes_.resize(later_before);
  return absl::OkStatus();
}

absl::Status Binder::bind_cte(const sql::CommonTable& table, bool recursive, const Scope* outer) {
  if (table.search != nullptr || table.cycle != nullptr) {
    if (!recursive) return fail(ErrorCode::kSyntaxError, table, "WITH query is not recursive");
    return bind_search_cycle(table, outer);
  }
  if (recursive) return bind_recursive(table, outer);
  BoundCte cte;
  cte.first_relation = relations;
  TROUPE_ASSIGN_OR_RETURN(cte.query, bind_cte_query(table, outer));
  cte.end_relation = relations;
  cte.materialized = table.materialized == sql::Materialization::kAlways;
  cte.not_materialized = table.materialized == sql::Materialization::kNever;
  TROUPE_RETURN_IF_ERROR(name_cte_columns(table, &cte));
  cte_names_.push_back({table.name, static_cast<uint32_t>(ctes.size()), std::nullopt});
  ctes.push_back(std::move(cte));
  return absl::OkStatus();
}

/// Among the names that were there when the query was bound first.
absl::StatusOr<QueryPtr> Binder::bind_cte_anew(CteName name) {
  std::vector<CteName> names = cte_names_;
  const auto own = std::ranges::find_if(cte_names_, [&](const CteName& other) { return other.cte == name.cte; });
  cte_names_.erase(own, cte_names_.end());
  const absl::Status bound = bind_cte(*name.anew, ctes[name.cte].query->recursive, name.outer);
  const uint32_t made = bound.ok() ? cte_names_.back().cte : 0;
  cte_names_ = std::move(names);
  TROUPE_RETURN_IF_ERROR(bound);
  return ctes[made].query;
}

/// Bound once only to learn the columns, then with those that SEARCH and CYCLE add.
absl::Status Binder::bind_search_cycle(const sql::CommonTable& table, const Scope* outer) {
  const auto& select = table.query->to<sql::SelectStatement>();
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

absl::Status Binder::bind_recursive(const sql::CommonTable& table, const Scope* outer) {
  const auto& select = table.query->to<sql::SelectStatement>();
  auto query = std::make_shared<BoundQuery>();
  query->operation = SetOperationKind::kUnion;
  query->all = select.all;
  query->recursive = true;
  query->work_table = work_tables++;
  query->set_relation = relations++;
  query->relations = {query->set_relation};
  const auto names_before = static_cast<ptrdiff_t>(cte_names_.size());
  if (select.with != nullptr) TROUPE_RETURN_IF_ERROR(bind_with(*select.with, outer));
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
  // Names bound inside the recursive part are gone again, and so are its own WITH's: ours is the last.
  cte_names_.back().work_table.reset();
  cte_names_.erase(cte_names_.begin() + names_before, cte_names_.end() - 1);
  if (query->right->targets.size() != query->targets.size()) {
    return fail(ErrorCode::kSyntaxError, *select.right, "each UNION query must have the same number of columns");
  }
  for (size_t i = 0; i < query->targets.size(); ++i) {
    const Type type = query->targets[i].value->type;
    ExprPtr& value = query->right->targets[i].value;
    const Type types[] = {type, value->type};
    auto overall = select_common_type(types, "UNION");
    if (!overall.ok()) return at(overall.status(), *select.right);
    overall->typmod = overall->oid == value->type.oid && type.typmod == value->type.typmod ? type.typmod : -1;
    if (*overall != type) {
      return with_hint(
          fail(ErrorCode::kDatatypeMismatch, *select.left, "recursive query \"", table.name, "\" column ", i + 1,
               " has type ", format_type(type), " in non-recursive term but type ", format_type(*overall), " overall"),
          "Cast the output of the non-recursive term to the correct type.");
    }
    TROUPE_ASSIGN_OR_RETURN(value, coerce(std::move(value), type, CastContext::kImplicit));
  }
  return absl::OkStatus();
}

}  // namespace troupe
