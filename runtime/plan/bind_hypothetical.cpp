/// rank(v) WITHIN GROUP (ORDER BY x) and its like: where a row with these values would stand among the rows. Written as
/// counts of the rows that sort before it.
#include "runtime/plan/binder.hpp"
#include "runtime/sql/deparse.hpp"

namespace troupe {
namespace {

/// Whether a row's key sorts before the hypothetical row's, and whether it is the same.
struct KeyTexts {
  std::string before, same;
};

KeyTexts compare_texts(const sql::SortItem& item, const sql::Expr& hypothetical) {
  const std::string key = cat("(", sql::to_sql(*item.value), ")"), value = cat("(", sql::to_sql(hypothetical), ")");
  const bool descending = item.order == sql::SortOrder::kDescending;
  const bool nulls_first = item.nulls == sql::NullsOrder::kFirst ||
                           (item.nulls == sql::NullsOrder::kDefault && descending);
  const std::string nulls = nulls_first ? cat(key, " IS NULL AND ", value, " IS NOT NULL")
                                        : cat(key, " IS NOT NULL AND ", value, " IS NULL");
  return {cat("(COALESCE(", key, descending ? " > " : " < ", value, ", false) OR (", nulls, "))"),
          cat("(", key, " IS NOT DISTINCT FROM ", value, ")")};
}

/// Rows that sort before the hypothetical one: by the first key, or the same there and by the next.
struct RowTexts {
  std::string before, same, keys;
};

RowTexts compare_rows(const sql::FunctionCall& call) {
  RowTexts rows;
  for (size_t i = 0; i < call.order_by.size(); ++i) {
    const KeyTexts key = compare_texts(*call.order_by[i], *call.arguments[i]);
    rows.before += cat(i == 0 ? "" : " OR ", "(", rows.same, i == 0 ? "" : " AND ", key.before, ")");
    rows.same += cat(i == 0 ? "" : " AND ", key.same);
    rows.keys += cat(i == 0 ? "" : ", ", sql::to_sql(*call.order_by[i]->value));
  }
  return rows;
}

std::string hypothetical_text(const sql::FunctionCall& call) {
  const std::string_view name = call.name.back();
  const RowTexts rows = compare_rows(call);
  const std::string and_filter = call.filter == nullptr ? "" : cat(" AND (", sql::to_sql(*call.filter), ")");
  const std::string filter = call.filter == nullptr ? "" : cat(" FILTER (WHERE ", sql::to_sql(*call.filter), ")");
  const std::string before = cat("pg_catalog.count(*) FILTER (WHERE (", rows.before, ")", and_filter, ")");
  if (name == "rank") return cat(before, " + 1");
  if (name == "dense_rank") {
    return cat("pg_catalog.count(DISTINCT ROW(", rows.keys, ")) FILTER (WHERE (", rows.before, ")", and_filter, ") + 1");
  }
  const std::string count = cat("pg_catalog.count(*)", filter);
  if (name == "percent_rank") {
    return cat("CASE WHEN ", count, " = 0 THEN 0 ELSE (", before, ")::pg_catalog.float8 / ", count, " END");
  }
  return cat("(pg_catalog.count(*) FILTER (WHERE ((", rows.before, ") OR (", rows.same, "))", and_filter,
             ") + 1)::pg_catalog.float8 / (", count, " + 1)");
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_hypothetical(const sql::FunctionCall& call, const Site& site) {
  const std::string_view name = call.name.back();
  if (name != "rank" && name != "dense_rank" && name != "percent_rank" && name != "cume_dist") {
    return fail(ErrorCode::kWrongObjectType, call, name,
                " is not an ordered-set aggregate, so it cannot have WITHIN GROUP");
  }
  if (call.arguments.size() != call.order_by.size()) {
    std::string types;
    const auto add_type = [&](const sql::Expr& expr) -> absl::Status {
      TROUPE_ASSIGN_OR_RETURN(const ExprPtr bound, bind(expr, site));
      types += cat(types.empty() ? "" : ", ", format_type(bound->type));
      return absl::OkStatus();
    };
    for (const sql::Expr* argument : call.arguments) TROUPE_RETURN_IF_ERROR(add_type(*argument));
    for (const sql::SortItem* item : call.order_by) TROUPE_RETURN_IF_ERROR(add_type(*item->value));
    return with_hint(fail(ErrorCode::kUndefinedFunction, call, "function ", name, "(", types, ") does not exist"),
                     cat("To use the hypothetical-set aggregate ", name,
                         ", the number of hypothetical direct arguments (here ", call.arguments.size(),
                         ") must match the number of ordering columns (here ", call.order_by.size(), ")."));
  }
  auto bound = bind_text(hypothetical_text(call), site);
  return bound.ok() ? bound : at(bound.status(), call);
}

}  // namespace troupe
