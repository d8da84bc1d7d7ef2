#include "runtime/plan/connect_by.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/plan/refusal.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

constexpr std::string_view kPrior = "\"*prior*\"", kLevel = "\"*level*\"", kOrder = "\"*order*\"", kSeen = "\"*seen*\"";

std::string quoted(std::string_view name) { return sql::quote_identifier(name); }

/// What the only FROM item is called; empty: it has no name of its own.
std::string_view name_of(const sql::FromItem& item) {
  if (const auto* table = item.as<sql::TableRef>()) return table->alias != nullptr ? table->alias->name : table->name;
  if (const auto* subquery = item.as<sql::SubqueryRef>()) return subquery->alias->name;
  return {};
}

bool is_path_call(const sql::Expr& expr) {
  const auto* call = expr.as<sql::FunctionCall>();
  return call != nullptr && call->name.size() == 1 && call->name[0] == "sys_connect_by_path" &&
         call->arguments.size() == 2;
}

class Rewriter {
 public:
  Rewriter(const sql::SelectStatement& select, std::span<const std::string> columns)
      : select_{select}, columns_{columns}, name_{quoted(name_of(*select.from[0]))} {}

  absl::StatusOr<std::string> run() {
    if (select_.connect_by->start_with == nullptr && columns_.empty()) return not_supported_yet("CONNECT BY here");
    TROUPE_ASSIGN_OR_RETURN(const std::string rows, connect_by_source(select_));
    // The rest is written first: it says which paths are wanted.
    TROUPE_ASSIGN_OR_RETURN(const std::string rest, rest_of_query());
    const std::string source = cat("(", rows, ") AS ", name_);
    const std::string condition = condition_text();
    std::string start =
        cat("SELECT ", name_, ".*, 1 AS ", kLevel, ", ARRAY[pg_catalog.row_number() OVER ()] AS ", kOrder);
    std::string step = cat("SELECT ", name_, ".*, ", kPrior, ".", kLevel, " + 1, ", kPrior, ".", kOrder,
                           " || pg_catalog.row_number() OVER ()");
    std::string unseen;
    if (has_prior_) {
      // A row below itself ends the way: with NOCYCLE as Oracle has it, without it there is no end otherwise.
      start += cat(", ARRAY[", row(), "] AS ", kSeen);
      step += cat(", ", kPrior, ".", kSeen, " || ", row());
      unseen = cat(" AND NOT (", row(), " = ANY (", kPrior, ".", kSeen, "))");
    }
    for (size_t i = 0; i < paths_.size(); ++i) {
      start += cat(", ", paths_[i], " AS ", path_name(i));
      step += cat(", ", kPrior, ".", path_name(i), " || ", paths_[i]);
    }
    start += cat(" FROM ", source, where_start());
    step += cat(" FROM \"*tree*\" AS ", kPrior, ", ", source, " WHERE (", condition, ")", unseen);
    return cat("WITH RECURSIVE \"*tree*\" AS (", start, " UNION ALL ", step, ") ", rest);
  }

 private:
  static std::string path_name(size_t i) { return cat("\"*path", i, "*\""); }
  std::string row() const { return cat("ROW(", list_of(name_), ")"); }
  std::string list_of(std::string_view relation) const {
    std::string out;
    for (const std::string& column : columns_) out += cat(out.empty() ? "" : ", ", relation, ".", quoted(column));
    return out;
  }

  /// Columns of `relation`; LEVEL as `level`.
  sql::NameTexts columns_of(std::string relation, std::string level) const {
    sql::NameTexts texts;
    texts.column = [this, relation = std::move(relation),
                    level = std::move(level)](const sql::ColumnRef& column) -> std::optional<std::string> {
      const bool own = column.name.size() == 1 || (column.name.size() == 2 && quoted(column.name[0]) == name_);
      if (column.star) return own || column.name.empty() ? std::optional(list_of(relation)) : std::nullopt;
      if (!own) return std::nullopt;
      if (column.name.size() == 1 && column.name[0] == "level") return level;
      const bool known = std::find(columns_.begin(), columns_.end(), column.name.back()) != columns_.end();
      return known ? std::optional(cat(relation, ".", quoted(column.name.back()))) : std::nullopt;
    };
    return texts;
  }

  std::string condition_text() {
    const std::string level = cat("(", kPrior, ".", kLevel, " + 1)");
    sql::NameTexts texts = columns_of(name_, level);
    texts.expression = [this](const sql::Expr& expr) -> std::optional<std::string> {
      const auto* prior = expr.as<sql::PriorExpr>();
      if (prior == nullptr) return std::nullopt;
      has_prior_ = true;
      return cat("(", sql::to_sql(*prior->argument, columns_of(std::string(kPrior), cat(kPrior, ".", kLevel))), ")");
    };
    return sql::to_sql(*select_.connect_by->condition, texts);
  }

  std::string where_start() const {
    if (select_.connect_by->start_with == nullptr) return {};
    return cat(" WHERE ", sql::to_sql(*select_.connect_by->start_with, columns_of(name_, "1")));
  }

  /// The query around the tree: its rows come in the tree's order.
  absl::StatusOr<std::string> rest_of_query() {
    // OFFSET 0: the order is not given up for the query around it.
    const std::string from = cat("SELECT 1 FROM (SELECT * FROM \"*tree*\" ORDER BY ", kOrder, " OFFSET 0) AS ", name_);
    TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(from));
    sql::SelectStatement rest = select_;
    rest.with = nullptr;
    rest.connect_by = nullptr;
    rest.from = parsed->statements()[0].node->to<sql::SelectStatement>().from;
    sql::NameTexts texts = columns_of(name_, cat(name_, ".", kLevel));
    texts.expression = [this](const sql::Expr& expr) -> std::optional<std::string> {
      if (!is_path_call(expr)) return std::nullopt;
      const auto& call = expr.to<sql::FunctionCall>();
      const sql::NameTexts own = columns_of(name_, "1");
      const std::string path = cat("(", sql::to_sql(*call.arguments[1], own), " || (",
                                   sql::to_sql(*call.arguments[0], own), ")::pg_catalog.text)");
      const auto known = std::find(paths_.begin(), paths_.end(), path);
      const auto number = static_cast<size_t>(known - paths_.begin());
      if (known == paths_.end()) paths_.push_back(path);
      return cat(name_, ".", path_name(number));
    };
    // The tree's own * and names are not the query's.
    const auto own_names = texts.column;
    const sql::FromItem* tree = rest.from[0];
    const auto* inner = tree->as<sql::SubqueryRef>();
    const sql::Expr* star = inner->query->targets[0]->value;
    texts.column = [own_names, star](const sql::ColumnRef& column) -> std::optional<std::string> {
      return &column == star ? std::optional<std::string>("*") : own_names(column);
    };
    return sql::to_sql(rest, texts);
  }

  const sql::SelectStatement& select_;
  std::span<const std::string> columns_;
  const std::string name_;
  std::vector<std::string> paths_;
  bool has_prior_ = false;
};

}  // namespace

absl::StatusOr<std::string> connect_by_source(const sql::SelectStatement& select) {
  if (select.from.size() != 1 || name_of(*select.from[0]).empty()) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "CONNECT BY over more than one table is not supported"),
                     "Put the join into a subquery: FROM (SELECT ... FROM a JOIN b ...) t CONNECT BY ...");
  }
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr star, sql::parse_statement("SELECT *"));
  sql::SelectStatement source;
  source.targets = star->statements()[0].node->to<sql::SelectStatement>().targets;
  source.from = select.from;
  return sql::to_sql(source);
}

absl::StatusOr<std::string> connect_by_text(const sql::SelectStatement& select, std::span<const std::string> columns) {
  return Rewriter(select, columns).run();
}

}  // namespace troupe
