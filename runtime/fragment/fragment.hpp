#pragma once
/// Fragment: a definition made ready to run on stored rows. Immutable, shared by everything that runs it. It computes;
/// where rows come from and go to is PartitionEngine's.
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "runtime/exec/aggregator.hpp"
#include "runtime/exec/fragment_spec.hpp"
#include "runtime/exec/program.hpp"
#include "runtime/exec/row_check.hpp"

namespace troupe {

class RowLayout;

class Fragment {
 public:
  Fragment();
  ~Fragment();
  /// Errors: 0A000 for what no partition evaluates (sequences).
  static absl::StatusOr<std::shared_ptr<const Fragment>> compile(FragmentSpec spec);

  const FragmentSpec& spec() const { return spec_; }
  const RowLayout& layout() const { return *layout_; }
  bool has_filter() const { return static_cast<bool>(filter_); }
  bool aggregates() const { return aggregation_ != nullptr; }
  const CompiledAggregation& aggregation() const { return *aggregation_; }
  std::span<const Type> output_types() const { return output_types_; }

  /// The columns that expressions use, of stored rows, then the extras: what the functions below run on.
  struct Columns {
    std::vector<Vector> vectors;
    uint32_t rows = 0;
  };
  /// Decodes `rows` and keeps those that pass the filter; `selection` says which. Strings point into the rows.
  absl::Status decode_filtered(std::span<const std::string_view> rows, FragmentParams& params, Columns* columns,
                               std::vector<uint32_t>* selection) const;
  /// Decodes `rows`, with row i's extras from extras[i] (packed; none when empty).
  absl::Status decode(std::span<const std::string_view> rows, std::span<const std::string_view> extras,
                      Columns* columns) const;
  absl::Status evaluate_filter(const Columns& columns, FragmentParams& params, std::vector<uint32_t>* selection) const;
  absl::Status evaluate_output(const Columns& columns, FragmentParams& params, Batch* out) const;
  /// A watched column of decoded rows.
  const Vector& watched(size_t i, const Columns& columns) const { return columns.vectors[watched_[i]]; }
  absl::Status aggregate(const Columns& columns, FragmentParams& params, Aggregator* aggregator) const;
  /// The sort keys of rows that evaluate_output() made.
  absl::Status evaluate_order(const Batch& output, FragmentParams& params, std::vector<Vector>* keys) const;
  std::vector<KeyColumn> order_columns() const;

  /// The new version of each row: `rows` with the assignments done, generated columns included.
  absl::Status assign(std::span<const std::string_view> rows, const Columns& columns, FragmentParams& params,
                      std::vector<std::string>* changed) const;
  /// NOT NULL and CHECK of new rows. Errors: 23502, 23514.
  absl::Status check(const Columns& columns, std::span<const std::string_view> rows, FragmentParams& params) const;

  /// The key columns of index `i` for every row; present[row] is false where the predicate leaves it out.
  struct IndexKeys {
    std::vector<Vector> values;
    std::vector<bool> present;  ///< empty: all
    bool has(uint32_t row) const { return present.empty() || present[row]; }
  };
  absl::Status evaluate_index(size_t i, const Columns& columns, FragmentParams& params, IndexKeys* keys) const;
  /// The entry's key for a row; `row_key` follows in local ones, and in global ones with a null.
  std::string index_key(size_t i, const IndexKeys& keys, uint32_t row, std::string_view row_key,
                        size_t* prefix_size) const;
  /// The distribution hash of a global entry.
  uint64_t index_hash(size_t i, const IndexKeys& keys, uint32_t row) const;
  /// The distribution hash of a stored row.
  uint64_t row_hash(std::string_view row, std::string_view row_key) const;

 private:
  class Compiler;
  EvalInput input(const Columns& columns, FragmentParams& params) const;
  absl::Status assign_to(std::span<const uint32_t> assigned, const std::vector<Program>& programs,
                         std::span<const std::string_view> rows, const Columns& columns, FragmentParams& params,
                         std::vector<std::string>* changed) const;

  FragmentSpec spec_;
  std::unique_ptr<const RowLayout> layout_;
  std::unique_ptr<const RowLayout> extras_layout_;
  std::vector<uint32_t> columns_;         ///< layout columns that any expression uses, ascending
  /// Some of columns_: their positions there, and which layout columns they are.
  struct Part {
    std::vector<uint32_t> places;
    std::vector<uint32_t> columns;
    void add(uint32_t place, uint32_t column) {
      places.push_back(place);
      columns.push_back(column);
    }
  };
  Part filter_columns_;  ///< those that the filter uses
  Part other_columns_;
  Program filter_;
  std::vector<Program> output_;
  bool plain_output_ = false;  ///< output_ is columns only
  std::vector<Type> output_types_;
  std::unique_ptr<CompiledAggregation> aggregation_;
  std::vector<Program> order_;
  std::vector<uint32_t> assigned_;        ///< layout columns, ascending
  std::vector<Program> assignments_;
  std::vector<uint32_t> regenerated_;     ///< the same of generated columns
  std::vector<Program> generated_;
  RowCheck check_;
  std::vector<uint32_t> watched_;         ///< places in columns_
  struct Index {
    std::vector<Program> values;
    Program predicate;
    std::vector<CompareKind> kinds;
  };
  std::vector<Index> indexes_;
};

}  // namespace troupe
