/// Oracle's ROWNUM in simple forms: WHERE ROWNUM <= n (AND ...) takes so many of FROM's rows, before they are grouped
/// or ordered; in a select list it numbers the rows.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

bool is_rownum(const sql::Expr& expr) {
  const auto* column = expr.as<sql::ColumnRef>();
  return column != nullptr && !column->star && column->name.size() == 1 && column->name[0] == "rownum";
}

/// How many rows satisfy the comparison of ROWNUM, as SQL; empty: it is none. Rows are numbered as they are taken, so
/// that no row is the second before one was the first.
std::string rows_that_satisfy(const sql::Expr& expr) {
  if (const auto* between = expr.as<sql::BetweenExpr>()) {
    if (between->negated || between->symmetric || !is_rownum(*between->argument)) return {};
    return cat("CASE WHEN ", sql::to_sql(*between->low), " <= 1 THEN pg_catalog.floor(", sql::to_sql(*between->high),
               ") ELSE 0 END");
  }
  const auto* compare = expr.as<sql::OperatorExpr>();
  if (compare == nullptr || compare->left == nullptr || compare->right == nullptr) return {};
  const bool turned = is_rownum(*compare->right);
  if (!turned && !is_rownum(*compare->left)) return {};
  const std::string bound = sql::to_sql(turned ? *compare->left : *compare->right);
  std::string_view op = compare->op;
  if (turned) op = op == "<" ? ">" : op == "<=" ? ">=" : op == ">" ? "<" : op == ">=" ? "<=" : op;
  if (op == "<=") return cat("pg_catalog.floor(", bound, ")");
  if (op == "<") return cat("pg_catalog.ceil(", bound, ") - 1");
  if (op == "=") return cat("CASE WHEN ", bound, " = 1 THEN 1 ELSE 0 END");
  if (op == ">=") return cat("CASE WHEN ", bound, " <= 1 THEN NULL ELSE 0 END");
  return op == ">" ? cat("CASE WHEN ", bound, " < 1 THEN NULL ELSE 0 END") : std::string();
}

/// WHERE, apart from what it says of ROWNUM.
struct SplitWhere {
  std::string rows;  ///< empty: it says nothing
  std::vector<const sql::Expr*> rest;
};
SplitWhere split_where(const sql::Expr& where) {
  SplitWhere split;
  const auto* all = where.as<sql::BooleanExpr>();
  const sql::Expr* one = &where;
  const bool several = all != nullptr && all->op == sql::BooleanOp::kAnd;
  for (const sql::Expr* part : several ? all->arguments : sql::ExprList(&one, 1)) {
    const std::string rows = rows_that_satisfy(*part);
    if (rows.empty()) {
      split.rest.push_back(part);
    } else {
      split.rows = split.rows.empty() ? rows : cat("LEAST(", split.rows, ", ", rows, ")");
    }
  }
  return split;
}

/// A statement in the place of the one that is written, and what it is made of.
struct Rewritten {
  sql::SelectStatement statement, inner;
  sql::ParsedSqlPtr limit;
  std::vector<const sql::Expr*> rest;
  sql::BooleanExpr where;
  sql::SubqueryRef rows;
  sql::Alias alias;
  const sql::FromItem* from = nullptr;
};

const sql::Alias* alias_of(const sql::FromItem& item, sql::Alias* named) {
  if (const auto* query = item.as<sql::SubqueryRef>()) return query->alias;
  const auto* table = item.as<sql::TableRef>();
  if (table == nullptr || table->alias != nullptr) return table == nullptr ? nullptr : table->alias;
  named->name = table->name;
  return named;
}

}  // namespace

absl::StatusOr<const sql::SelectStatement*> Binder::without_rownum(const sql::SelectStatement& select,
                                                                   const Scope* outer, const Scope& scope) {
  SplitWhere split = split_where(*select.where);
  ExprPtr column;
  const bool is_column =
      !split.rows.empty() && std::any_of(scope.items.begin(), scope.items.end(), [&](const auto& item) {
        return find_column(*item, "rownum", &column) != LookupResult::kNotFound;
      });
  if (split.rows.empty() || is_column) return &select;
  auto made = std::make_shared<Rewritten>();
  made->where.kind = sql::BooleanExpr::kKind;
  made->rows.kind = sql::SubqueryRef::kKind;
  TROUPE_ASSIGN_OR_RETURN(made->limit, sql::parse_statement(cat("SELECT * LIMIT (", split.rows, ")::bigint")));
  made->rest = std::move(split.rest);
  const sql::Expr* where = made->rest.empty() ? nullptr : made->rest[0];
  if (made->rest.size() > 1) {
    made->where.op = sql::BooleanOp::kAnd;
    made->where.arguments = sql::ExprList(made->rest.data(), made->rest.size());
    where = &made->where;
  }
  const auto& limit = made->limit->statements()[0].node->to<sql::SelectStatement>();
  made->statement = select;
  const sql::Alias* alias = select.from.size() == 1 ? alias_of(*select.from[0], &made->alias) : nullptr;
  if (alias != nullptr) {
    made->inner = limit;
    made->inner.from = select.from;
    made->inner.where = where;
    made->rows.query = &made->inner;
    made->rows.alias = alias;
    made->rows.position = select.from[0]->position;
    made->from = &made->rows;
    made->statement.from = sql::List<const sql::FromItem*>(&made->from, 1);
    made->statement.where = nullptr;
    kept_.push_back(made);
    return &made->statement;
  }
  const bool same_rows = select.order_by.empty() && select.group_by.empty() && select.having == nullptr &&
                         !select.distinct && select.distinct_on.empty() && select.limit == nullptr &&
                         select.offset == nullptr;
  if (!same_rows) return refuse(*select.where, "ROWNUM over several tables in a query that groups or orders");
  made->statement.where = where;
  made->statement.limit = limit.limit;
  kept_.push_back(made);
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr tried, bind_for_columns(made->statement, outer));
  if (tried->aggregated) return refuse(*select.where, "ROWNUM over several tables in a query that groups or orders");
  return &made->statement;
}

absl::StatusOr<ExprPtr> Binder::bind_rownum(const sql::ColumnRef& column, const Site& site) {
  if (site.clause == Clause::kSelect) return bind_text("pg_catalog.row_number() OVER ()", site);
  return with_hint(refuse(column, "ROWNUM here"),
                   "ROWNUM can be selected, and compared in WHERE ROWNUM <= n; use LIMIT or row_number() OVER ().");
}

}  // namespace troupe
