#pragma once
/// The statements that keep one stage of a continuous view: from its query to SQL over what has changed in what it
/// reads.
///
/// What is kept of a stage is a table in the schema pg_continuous, whose rows are:
///   kRows   k, i, c1 ... cn        k tells a row from others (a digest of it), i its copies from each other
///   kSums   k, n, s1 ..., m1 ..., c1 ... cn   k tells the group, n counts its rows, s and m are its sums and counts
///   kKeys   k, i, c1 ... cn        k tells the key, i its rows from each other
/// where c1 ... cn are the stage's columns.
///
/// What has changed is in relations that only whoever runs the statements knows: continuous_delta_<stage>_<place>, one
/// for each place where the query reads a table, with the rows that came (weight 1) and went (weight -1); and
/// continuous_change_<stage>, with what the statement change() found. Only the tables' new state is read: with D of the
/// changes,
///   D(A join B) = DA join B + A join DB - DA join DB, and so on for more tables.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/continuous_shape.hpp"
#include "runtime/plan/planner.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"
#include "storage/column/value.hpp"

namespace troupe {

using ValueRows = std::vector<std::vector<Value>>;

/// What a stage reads: a table, or an earlier stage.
struct ContinuousInput {
  std::string name;  ///< as SQL
  std::vector<SystemColumn> columns;
  std::vector<size_t> key;  ///< of the columns: rows with the same are made anew together
  /// What a delta relation has: these columns, and the weight.
  std::shared_ptr<ValueRows> changes = std::make_shared<ValueRows>();
};

class ContinuousStage {
 public:
  struct Column {
    std::string name;
    Type type;
  };
  enum class RowsOf : uint8_t {
    kAll,
    kGone,   ///< kRows: weight below 0
    kCame,   ///< kRows: weight above 0, a row for each copy, numbered
    kWhole,  ///< kKeys: no part of the key is null
    kWithNull,
  };
  /// One statement that brings what change() found into the stage's rows, which are in `rows_` meanwhile.
  struct Step {
    RowsOf rows = RowsOf::kAll;
    std::string sql;
  };
  /// Whom it is made for.
  struct Setting {
    size_t number = 1;
    std::string rows;  ///< the table's name
    Oid owner = kNoOid;
    const PlanContext* context = nullptr;
    std::function<absl::StatusOr<uint32_t>(const sql::TableRef&)> input;  ///< the place of what is read in `inputs`
    std::vector<ContinuousInput>* inputs = nullptr;
  };

  /// `query`: as continuous_stages writes them. Errors: 0A000 with what stands in the way; those of binding it.
  static absl::StatusOr<std::shared_ptr<ContinuousStage>> make(const std::string& query, const Setting& setting);
  /// Its rows are in another table than it was made for.
  void keep_in(std::string rows);

  ContinuousShape::Kind kind() const { return shape_.kind; }
  /// Of the table with its rows; the first `key_columns` are its primary key, the first `hidden` none of its own.
  const std::vector<Column>& state() const { return state_; }
  size_t key_columns() const { return shape_.kind == ContinuousShape::Kind::kSums ? 1 : 2; }
  size_t hidden() const { return state_.size() - columns_.size(); }
  const std::vector<Type>& columns() const { return columns_; }
  /// Sums and counts at the end of what change() finds.
  size_t sums() const { return shape_.kind == ContinuousShape::Kind::kSums ? hidden() - 2 : 0; }
  /// All is computed anew whenever something changes.
  bool is_whole() const { return shape_.kind == ContinuousShape::Kind::kKeys && keys_.empty(); }
  const std::string& rows() const { return rows_name_; }
  /// Makes its rows from nothing: INSERT.
  const std::string& fill() const { return fill_; }
  /// What the changes of the inputs in `touched` (a bit each) come to. Its columns are those of `change`; the weight is
  /// the last. Empty: nothing needs to be asked, the whole stage is computed anew.
  std::string change(uint64_t touched) const;
  /// The inputs that it reads, a bit each.
  uint64_t reads() const;
  const std::vector<Step>& steps() const { return steps_; }
  /// Its rows that what was found is about, as they are.
  const std::string& affected() const { return affected_; }

  /// Adds the relations that the statements may read.
  void add_relations(SystemTables* all) const;
  ValueRows& found() const { return *change_rows_; }
  const std::string& query() const { return text_; }

 private:
  struct Names;
  struct Place {
    const sql::TableRef* ref = nullptr;
    uint32_t input = 0;
    size_t part = 0;
    bool in_from = true;
    bool anchor = false;
  };
  ContinuousStage() = default;

  absl::Status read(const Setting& setting);
  absl::Status check_query(const Setting& setting);
  absl::Status find_keys(const Setting& setting);
  absl::Status find_types(const Setting& setting);
  absl::Status check_keys() const;
  void write_statements();
  absl::Status check_statements(const Setting& setting);

  std::string delta_name(size_t place) const;
  std::string change_name() const;
  std::string column_name(const Place& place, size_t column) const;
  size_t first_place(size_t part) const;
  sql::NameTexts names_with(uint64_t deltas) const;
  std::vector<std::string> source_columns(const ContinuousPart& part) const;
  std::string part_source(size_t part, uint64_t deltas, bool weighted, const std::string& columns) const;
  std::string source() const;
  std::string weighted_source(uint64_t touched) const;
  bool are_touched(uint64_t places, uint64_t touched) const;
  std::string affected_keys(uint64_t touched) const;
  std::string keys_of_from(uint64_t deltas) const;
  std::string keys_of_subquery(const ContinuousSubquery& subquery, uint64_t deltas) const;
  std::string from_text(uint64_t deltas, sql::List<const sql::FromItem*> more) const;
  std::string from_with_change(const std::function<std::string(size_t)>& is_key,
                               std::vector<std::string>* conditions) const;
  const sql::FromItem* with_deltas(const sql::FromItem& item, uint64_t deltas) const;
  bool has_delta(const sql::FromItem& item, uint64_t deltas) const;
  std::vector<std::string> anchor_conditions() const;
  std::string key_of(std::string_view prefix) const;
  std::string sums_of(bool weighted) const;
  std::string fill_of_sums() const;
  std::string by_keys(bool of_change, bool nulls) const;
  void write_row_steps();
  void write_sum_steps();
  void write_key_steps();
  std::string visible(size_t column, const Names& names) const;
  std::string joined(std::string_view prefix, std::string_view name, size_t count) const;

  std::string text_, rows_name_;
  size_t number_ = 1;
  std::vector<ContinuousInput>* inputs_ = nullptr;
  sql::ParsedSqlPtr parsed_;
  ContinuousShape shape_;
  std::vector<Place> places_;      ///< through all parts
  std::vector<Type> columns_;      ///< the stage's
  std::vector<std::string> keys_;  ///< as SQL over what FROM reads
  std::vector<Type> key_types_;
  std::vector<Type> sum_types_;  ///< of the sums' arguments
  std::vector<Column> state_, change_;
  std::string fill_, affected_;
  std::vector<Step> steps_;
  std::shared_ptr<ValueRows> change_rows_ = std::make_shared<ValueRows>();
  mutable sql::Arena arena_{nullptr, 0};
};

/// The columns that a query has.
absl::StatusOr<std::vector<ContinuousStage::Column>> continuous_columns(std::string_view text, Oid owner,
                                                                        const PlanContext& context);
/// Whether equal values of the type can be told by a text.
bool is_continuous_key(Type type);

}  // namespace troupe
