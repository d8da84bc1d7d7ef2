#include "runtime/plan/search_cycle.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "runtime/plan/refusal.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"

namespace troupe {
namespace {

using Columns = std::vector<std::string>;

std::string quoted(std::string_view name) { return sql::quote_identifier(name); }

/// ROW(a, b), of columns of `relation`; of no relation: as they are.
std::string row_of(sql::List<std::string_view> names, std::string_view first = {}) {
  std::string out = cat("ROW(", first);
  for (const std::string_view name : names) out += cat(out.back() == '(' ? "" : ", ", quoted(name));
  return out + ")";
}

std::string joined(const Columns& columns) {
  std::string out;
  for (const std::string& column : columns) out += cat(out.empty() ? "" : ", ", quoted(column));
  return out;
}

bool has(std::span<const std::string> columns, std::string_view name) {
  return std::any_of(columns.begin(), columns.end(), [&](const std::string& column) { return column == name; });
}

absl::Status check_columns(sql::List<std::string_view> wanted, std::span<const std::string> columns,
                           std::string_view clause) {
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (!has(columns, wanted[i])) {
      return error(ErrorCode::kSyntaxError, clause, " column \"", wanted[i], "\" not in WITH query column list");
    }
    if (std::find(wanted.begin(), wanted.begin() + i, wanted[i]) != wanted.begin() + i) {
      return error(ErrorCode::kDuplicateColumn, clause, " column \"", wanted[i], "\" specified more than once");
    }
  }
  return absl::OkStatus();
}

absl::Status check_new(std::string_view name, std::span<const std::string> columns, std::string_view what) {
  if (!has(columns, name)) return absl::OkStatus();
  return error(ErrorCode::kSyntaxError, what, " column name \"", name, "\" already used in WITH query column list");
}

/// The table's name in FROM; null unless it is there at the top level.
const sql::TableRef* find_reference(const sql::FromItem& item, std::string_view name) {
  if (const auto* table = item.as<sql::TableRef>()) {
    return table->schema.empty() && table->name == name ? table : nullptr;
  }
  const auto* join = item.as<sql::JoinExpr>();
  if (join == nullptr) return nullptr;
  const sql::TableRef* left = find_reference(*join->left, name);
  return left != nullptr ? left : find_reference(*join->right, name);
}

class Rewriter {
 public:
  Rewriter(const sql::CommonTable& table, std::span<const std::string> columns)
      : table_{table}, columns_(columns.begin(), columns.end()) {}

  absl::StatusOr<std::string> run() {
    TROUPE_RETURN_IF_ERROR(check());
    const auto& query = table_.query->to<sql::SelectStatement>();
    for (const sql::FromItem* item : query.right->from) {
      if (reference_ == nullptr) reference_ = find_reference(*item, table_.name);
    }
    if (reference_ == nullptr) {
      return error(ErrorCode::kFeatureNotSupported,
                   "with a SEARCH or CYCLE clause, the recursive reference to WITH "
                   "query \"",
                   table_.name, "\" must be at the top level of its right-hand SELECT");
    }
    add_columns();
    TROUPE_ASSIGN_OR_RETURN(const std::string step, recursive_part(*query.right));
    Columns all = columns_;
    for (const Added& added : added_) all.push_back(added.name);
    // The depth is nobody's business: who asks for the query's columns is told of all but that.
    const std::string whole = depth_.empty() ? quoted(table_.name) : quoted(cat("*", table_.name, "*"));
    std::string text = cat("WITH RECURSIVE ", whole, " (", joined(all), ") AS (", start(*query.left), " UNION ",
                           query.all ? "ALL " : "", step, ")");
    if (depth_.empty()) return text + " SELECT 1";
    std::erase(all, depth_);
    return cat(text, ", ", quoted(table_.name), " AS (SELECT ", joined(all), " FROM ", whole, ") SELECT 1");
  }

 private:
  /// A column beside the query's own: of the first rows, and of a row that was found from another.
  struct Added {
    std::string name, start, step;
  };

  absl::Status check() {
    const auto& query = table_.query->to<sql::SelectStatement>();
    const auto plain = [](const sql::SelectStatement& select) { return select.operation == sql::SetOperation::kNone; };
    if (!plain(*query.left) || !plain(*query.right) || query.right->is_values) {
      return error(ErrorCode::kFeatureNotSupported, "with a SEARCH or CYCLE clause, the ",
                   plain(*query.left) ? "right" : "left", " side of the UNION must be a SELECT");
    }
    if (const sql::SearchClause* search = table_.search) {
      TROUPE_RETURN_IF_ERROR(check_columns(search->columns, columns_, "search"));
      TROUPE_RETURN_IF_ERROR(check_new(search->sequence_column, columns_, "search sequence"));
    }
    const sql::CycleClause* cycle = table_.cycle;
    if (cycle == nullptr) return absl::OkStatus();
    TROUPE_RETURN_IF_ERROR(check_columns(cycle->columns, columns_, "cycle"));
    TROUPE_RETURN_IF_ERROR(check_new(cycle->mark_column, columns_, "cycle mark"));
    TROUPE_RETURN_IF_ERROR(check_new(cycle->path_column, columns_, "cycle path"));
    if (cycle->mark_column == cycle->path_column) {
      return error(ErrorCode::kSyntaxError, "cycle mark column name and cycle path column name are the same");
    }
    if (table_.search == nullptr) return absl::OkStatus();
    const std::string_view sequence = table_.search->sequence_column;
    if (sequence == cycle->mark_column || sequence == cycle->path_column) {
      return error(ErrorCode::kSyntaxError, "search sequence column name and cycle ",
                   sequence == cycle->mark_column ? "mark" : "path", " column name are the same");
    }
    return absl::OkStatus();
  }

  void add_columns() {
    if (const sql::SearchClause* search = table_.search) {
      const std::string sequence = quoted(search->sequence_column);
      if (search->breadth_first) {
        depth_ = "*DEPTH*";
        const std::string next = cat(quoted(depth_), " + 1");
        added_.push_back({depth_, "0::pg_catalog.int8", next});
        added_.push_back({std::string(search->sequence_column), row_of(search->columns, "0::pg_catalog.int8"),
                          row_of(search->columns, next)});
      } else {
        const std::string row = row_of(search->columns);
        added_.push_back(
            {std::string(search->sequence_column), cat("ARRAY[", row, "]"), cat(sequence, " || ARRAY[", row, "]")});
      }
    }
    if (const sql::CycleClause* cycle = table_.cycle) {
      const std::string path = quoted(cycle->path_column), row = row_of(cycle->columns);
      const std::string value = cycle->mark_value == nullptr ? "true" : sql::to_sql(*cycle->mark_value);
      const std::string otherwise = cycle->mark_default == nullptr ? "false" : sql::to_sql(*cycle->mark_default);
      added_.push_back({std::string(cycle->mark_column), otherwise,
                        cat("CASE WHEN ", row, " = ANY (", path, ") THEN ", value, " ELSE ", otherwise, " END")});
      added_.push_back({std::string(cycle->path_column), cat("ARRAY[", row, "]"), cat(path, " || ARRAY[", row, "]")});
      going_on_ = cat(" WHERE ", quoted(cycle->mark_column), " <> ", value);
    }
  }

  std::string start(const sql::SelectStatement& left) const {
    std::string targets = joined(columns_);
    for (const Added& added : added_) targets += cat(", ", added.start);
    return cat("SELECT ", targets, " FROM (", sql::to_sql(left), ") AS \"*START*\" (", joined(columns_), ")");
  }

  /// The recursive query puts out the added columns of the row that it goes on from, too.
  absl::StatusOr<std::string> recursive_part(const sql::SelectStatement& right) const {
    const std::string alias =
        quoted(reference_->alias != nullptr ? reference_->alias->name : std::string_view(table_.name));
    std::string targets = joined(columns_), names = joined(columns_), more;
    for (const Added& added : added_) {
      targets += cat(", ", added.step);
      names += cat(", ", quoted(added.name));
      more += cat(more.empty() ? "SELECT " : ", ", alias, ".", quoted(added.name));
    }
    TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(more));
    const auto& carried = parsed->statements()[0].node->to<sql::SelectStatement>();
    std::vector<const sql::Target*> all(right.targets.begin(), right.targets.end());
    all.insert(all.end(), carried.targets.begin(), carried.targets.end());
    sql::SelectStatement widened = right;
    widened.targets = {all.data(), all.size()};
    TROUPE_RETURN_IF_ERROR(check_stars(right));
    return cat("SELECT ", targets, " FROM (", sql::to_sql(widened, names_in_step(alias)), ") AS \"*STEP*\" (", names,
               ")", going_on_);
  }

  absl::Status check_stars(const sql::SelectStatement& right) const {
    for (const sql::Target* target : right.targets) {
      const auto* column = target->value->as<sql::ColumnRef>();
      if (column != nullptr && column->star && column->name.empty()) {
        return not_supported_yet("* in the recursive part of a query with SEARCH or CYCLE");
      }
    }
    return absl::OkStatus();
  }

  /// `name.*` means the query's own columns.
  sql::NameTexts names_in_step(const std::string& alias) const {
    sql::NameTexts texts;
    texts.column = [this, alias](const sql::ColumnRef& column) -> std::optional<std::string> {
      if (!column.star || column.name.size() != 1 || quoted(column.name[0]) != alias) return std::nullopt;
      std::string all;
      for (const std::string& one : columns_) all += cat(all.empty() ? "" : ", ", alias, ".", quoted(one));
      return all;
    };
    if (depth_.empty()) return texts;
    texts.table = [this, alias](const sql::TableRef& ref) -> std::optional<std::string> {
      if (&ref != reference_) return std::nullopt;
      const std::string name = quoted(cat("*", table_.name, "*"));
      return ref.alias != nullptr ? name : cat(name, " AS ", alias);
    };
    return texts;
  }

  const sql::CommonTable& table_;
  Columns columns_;
  const sql::TableRef* reference_ = nullptr;
  std::vector<Added> added_;
  std::string depth_;     ///< the hidden column's name; empty: there is none
  std::string going_on_;  ///< from which rows: WHERE ...
};

}  // namespace

absl::StatusOr<std::string> search_cycle_text(const sql::CommonTable& table, std::span<const std::string> columns) {
  return Rewriter(table, columns).run();
}

}  // namespace troupe
