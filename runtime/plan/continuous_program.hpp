#pragma once
/// The statements that keep a continuous view: from its query to SQL over what has changed in its tables.
///
/// What is kept of a view is a table in the schema pg_continuous, whose rows are:
///   kRows    k, i, c1 ... cn        k tells a row from others (a digest of it), i its copies from each other
///   kSums    k, n, s1 ..., m1 ..., c1 ... cn   k tells the group, n counts its rows, s and m are its sums and counts
///   kGroups  k, c1 ... cn
/// where c1 ... cn are the view's columns.
///
/// What has changed is in relations that only whoever runs the statements knows: continuous_delta_1 and so on, one for
/// each place where the query reads a table, with the rows that came (weight 1) and went (weight -1); and
/// continuous_change, with what the statement change() found. Only the tables' new state is read: with D of the
/// changes,
///   D(A join B) = DA join B + A join DB - DA join DB, and so on for more tables.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/continuous_shape.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/sql/parser.hpp"
#include "storage/catalog/continuous.hpp"
#include "storage/column/value.hpp"

namespace troupe {

/// Whether the statement is one of those below: it may change what is kept of views.
bool keeps_views(const PlanContext& context);
/// Whether the rows that are kept of views may be read: whoever runs the statement sees to it that they are those of
/// its snapshot, and has put their schema on the search path. Otherwise views are read as their queries.
bool reads_kept_rows(const TableDef& rows, const PlanContext& context);

using ValueRows = std::vector<std::vector<Value>>;

class ContinuousProgram {
 public:
  struct Column {
    std::string name;
    Type type;
  };
  /// A table that the query reads, once.
  struct Table {
    std::shared_ptr<const TableDef> definition;
    std::vector<uint32_t> columns;  ///< row positions of those that are there
    /// What a delta relation has: these columns, and the weight.
    std::shared_ptr<ValueRows> changes = std::make_shared<ValueRows>();
  };
  enum class RowsOf : uint8_t {
    kAll,
    kGone,   ///< kRows: weight below 0
    kCame,   ///< kRows: weight above 0, a row for each copy, numbered
    kWhole,  ///< kGroups: no part of the group is null
    kWithNull,
  };
  /// One statement that brings what change() found into the view's rows, which are in `rows_` meanwhile.
  struct Step {
    RowsOf rows = RowsOf::kAll;
    std::string sql;
  };

  /// `query`: the view's, as it is kept. Errors: 0A000 with what stands in the way; those of binding it.
  static absl::StatusOr<std::shared_ptr<ContinuousProgram>> make(std::string_view query, Oid owner, Oid view,
                                                                 const PlanContext& context);

  ContinuousShape::Kind kind() const { return shape_.kind; }
  const std::vector<Table>& tables() const { return tables_; }
  /// Of the table with the view's rows; the first `key_columns` are its primary key.
  const std::vector<Column>& state() const { return state_; }
  size_t key_columns() const { return shape_.kind == ContinuousShape::Kind::kRows ? 2 : 1; }
  /// Makes the view's rows from nothing: INSERT.
  const std::string& fill() const { return fill_; }
  /// What the changes of the tables in `touched` (a bit each, of tables()) come to. Its columns are those of `change`;
  /// the weight is the last. Empty: nothing needs to be asked, the whole view is computed anew.
  std::string change(uint64_t touched) const;
  /// Columns of kGroups' groups in what change() finds, after the key.
  size_t group_columns() const { return shape_.groups.size(); }
  const std::vector<Step>& steps() const { return steps_; }
  /// The view's rows as its readers see them.
  static std::string read_text(const TableDef& view);

  /// What the statements may read: `node`'s tables, the deltas and the change.
  SystemTables relations(const SystemTables* node) const;
  ValueRows& found() const { return *change_rows_; }
  /// Changes when what is kept cannot be gone on from.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  struct Names;
  ContinuousProgram() = default;

  absl::Status read(std::string_view query, const PlanContext& context);
  absl::Status find_tables(const PlanContext& context);
  absl::StatusOr<uint32_t> find_table(const sql::TableRef& ref, const PlanContext& context);
  absl::Status check_query(Oid owner, const PlanContext& context);
  absl::Status find_types(Oid owner, const PlanContext& context);
  absl::Status check_keys() const;
  void write_statements(Oid view);
  absl::Status check_statements(Oid owner, const PlanContext& context);
  void write_fingerprint(std::string_view query, const Catalog& catalog);

  std::vector<std::string> source_columns(const ContinuousPart& part) const;
  std::string part_source(size_t part, uint64_t deltas, bool weighted, const std::string& columns) const;
  std::string source(std::string_view prefix) const;
  std::string weighted_source(uint64_t touched) const;
  std::string key_of(std::string_view prefix) const;
  std::string sums_of(bool weighted) const;
  std::string fill_of_sums() const;
  std::string grouped(const std::string& condition) const;
  void write_row_steps(const std::string& rows);
  void write_sum_steps(const std::string& rows);
  void write_group_steps(const std::string& rows);
  std::string visible(size_t column, const Names& names) const;
  std::string joined(std::string_view prefix, std::string_view name, size_t count) const;
  size_t first_occurrence(size_t part) const;

  sql::ParsedSqlPtr parsed_;
  const sql::SelectStatement* query_ = nullptr;
  ContinuousShape shape_;
  std::vector<Table> tables_;
  std::vector<uint32_t> occurrences_;  ///< of which table each TableRef is, through all parts
  std::vector<Type> columns_;          ///< the view's
  std::vector<Type> group_types_;
  std::vector<Type> sum_types_;  ///< of the sums' arguments
  std::vector<Column> state_, change_;
  std::string fill_;
  std::vector<Step> steps_;
  std::shared_ptr<ValueRows> change_rows_ = std::make_shared<ValueRows>();
  std::string fingerprint_;
};

}  // namespace troupe
