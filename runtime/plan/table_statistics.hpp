#pragma once
/// What ANALYZE concludes from a sample of a table's rows. The estimators are PostgreSQL's (commands/analyze.c): Haas and
/// Stokes' Duj1 for the number of different values, common values kept while they are significantly more frequent
/// than the rest, an equi-depth histogram of the others.
#include <cstdint>

#include "storage/catalog/objects.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// How many common values and histogram buckets are kept by default, and how many rows are sampled for each.
inline constexpr uint32_t kStatisticsTarget = 100;
inline constexpr uint32_t kSampleRowsPerTarget = 300;

struct TableSample {
  Batch rows;             ///< all live columns in layout order; rows in the tree's order
  double table_rows = 0;  ///< how many the table holds
  double row_bytes = 0;   ///< of one row, on average
};

TableStatistics gather_statistics(const TableDef& table, const TableSample& sample, uint32_t target,
                                  int64_t now_us);

}  // namespace troupe
