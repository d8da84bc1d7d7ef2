#pragma once
/// What ANALYZE found out about a table. Values are kept as key_codec bytes of one ascending column, so that they
/// compare without knowing their type.
#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

struct ColumnStatistics {
  int16_t attnum = 0;
  double null_fraction = 0;
  double average_width = 8;
  /// Number of different values; negative: minus the fraction of rows (-1 = all different), as in pg_stats.
  double distinct = 0;
  std::vector<std::string> common_values;
  std::vector<double> common_frequencies;  ///< fraction of all rows, parallel to common_values
  /// Bounds of buckets with equal numbers of the other values, ascending: first = minimum, last = maximum.
  std::vector<std::string> histogram;
  double correlation = 0;
};

struct TableStatistics {
  double row_count = 0;
  double size_bytes = 0;
  int64_t analyzed_at_us = 0;
  std::vector<ColumnStatistics> columns;  ///< by attnum; columns without statistics are left out

  const ColumnStatistics* find(int16_t attnum) const {
    for (const ColumnStatistics& column : columns) {
      if (column.attnum == attnum) return &column;
    }
    return nullptr;
  }
};

}  // namespace troupe
