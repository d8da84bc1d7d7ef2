#pragma once
/// Reads the rows that ANALYZE judges a table by: all of a small one, otherwise runs of rows from places that divide
/// each partition's tree evenly.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/exec/data_access.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/plan/table_statistics.hpp"

namespace troupe {

/// Whose rows are seen, and as of when.
struct SampleView {
  TxnId txn = kNoTxn;
  CommandId command = 0;
  Scn snapshot = kNoScn;
};

class TableSampler {
 public:
  TableSampler(DataAccess& data, SampleView view) : data_{data}, view_{view} {}

  Task<absl::StatusOr<TableSample>> sample(const TableDef& table, uint32_t rows_wanted);

 private:
  /// A partition's share of the table.
  struct Part {
    PartitionId partition = 0;
    uint64_t rows = 0;
    std::vector<std::string> keys;  ///< that divide it evenly
  };

  Task<absl::Status> divide(TreeId tree, PartitionId partition, Part* part);
  Task<absl::Status> read_part(TreeId tree, const Part& part, uint64_t rows_wanted);
  /// Up to `rows_max` rows from `lower` (inclusive) to `upper` (exclusive; empty: to the end).
  Task<absl::Status> read_range(TreeId tree, PartitionId partition, std::string_view lower, std::string_view upper,
                                uint64_t rows_max);
  TableSample finish(const TableDef& table, double table_rows) const;

  DataAccess& data_;
  SampleView view_;
  std::vector<ReadResultFrame> answers_;
  std::vector<std::string_view> rows_;  ///< lie in answers_
  uint64_t bytes_ = 0;
};

}  // namespace troupe
