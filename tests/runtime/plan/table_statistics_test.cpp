#include "runtime/plan/table_statistics.hpp"

#include <catch2/catch.hpp>

#include "runtime/types/type.hpp"
#include "storage/column/key_codec.hpp"

using namespace troupe;

namespace {

/// A table of one integer column, of which `values` (nothing: a null) are a sample.
ColumnStatistics statistics_of(const std::vector<std::optional<int32_t>>& values, double table_rows,
                               uint32_t target = kStatisticsTarget) {
  TableDef table;
  ColumnDef column;
  column.attnum = 1;
  column.type = oid::kInt4;
  column.physical = Physical::kInt32;
  table.columns.push_back(column);
  TableSample sample;
  sample.table_rows = table_rows;
  sample.row_bytes = 20;
  Vector& rows = sample.rows.columns.emplace_back();
  rows.reset_empty(Physical::kInt32);
  for (const auto& value : values) {
    if (value) {
      rows.append(*value);
    } else {
      rows.append_null();
    }
  }
  sample.rows.rows = static_cast<uint32_t>(values.size());
  const TableStatistics statistics = gather_statistics(table, sample, target, 7);
  CHECK(statistics.row_count == table_rows);
  CHECK(statistics.size_bytes == table_rows * 20);
  CHECK(statistics.analyzed_at_us == 7);
  REQUIRE(statistics.columns.size() == 1);
  return statistics.columns[0];
}

std::vector<int32_t> decoded(const std::vector<std::string>& keys) {
  std::vector<int32_t> values;
  for (const std::string& key : keys) {
    std::string_view rest = key;
    values.push_back(decode_key_column({.kind = CompareKind::kInt32}, &rest)->get<int32_t>());
  }
  return values;
}

std::vector<std::optional<int32_t>> numbers(int32_t from, int32_t to) {
  std::vector<std::optional<int32_t>> values;
  for (int32_t i = from; i <= to; ++i) values.push_back(i);
  return values;
}

}  // namespace

TEST_CASE("values that never repeat are thought to grow with the table", "[statistics]") {
  const ColumnStatistics s = statistics_of(numbers(1, 1000), 50000);
  CHECK(s.distinct == -1);
  CHECK(s.null_fraction == 0);
  CHECK(s.common_values.empty());
  CHECK(s.correlation == Approx(1));
  const std::vector<int32_t> bounds = decoded(s.histogram);
  REQUIRE(bounds.size() == kStatisticsTarget + 1);
  CHECK(bounds.front() == 1);
  CHECK(bounds[50] == 500);
  CHECK(bounds.back() == 1000);
}

TEST_CASE("a few values that cover everything are all common ones", "[statistics]") {
  std::vector<std::optional<int32_t>> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i % 10 == 0 ? std::nullopt : std::optional(i % 3));
  const ColumnStatistics s = statistics_of(values, 1000);
  CHECK(s.distinct == 3);
  CHECK(s.null_fraction == Approx(0.1));
  CHECK(s.average_width == 4);
  REQUIRE(s.common_values.size() == 3);
  CHECK(s.common_frequencies[0] + s.common_frequencies[1] + s.common_frequencies[2] == Approx(0.9));
  CHECK(s.histogram.empty());
}

TEST_CASE("one value that stands out of many is common, the others make a histogram", "[statistics]") {
  std::vector<std::optional<int32_t>> values = numbers(1, 500);
  for (int i = 0; i < 500; ++i) values.push_back(-7);
  const ColumnStatistics s = statistics_of(values, 1000000);
  CHECK(decoded(s.common_values) == std::vector<int32_t>{-7});
  CHECK(s.common_frequencies[0] == Approx(0.5));
  CHECK(decoded(s.histogram).front() == 1);
  CHECK(decoded(s.histogram).back() == 500);
}

TEST_CASE("the number of different values is estimated from how many were seen once", "[statistics]") {
  // 10,000 rows of 1,000 values: a sample of 1,000 rows sees about 632 of them, 368 once.
  std::vector<std::optional<int32_t>> values;
  uint64_t state = 1;
  for (int i = 0; i < 1000; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    values.push_back(static_cast<int32_t>((state >> 33) % 1000));
  }
  const ColumnStatistics s = statistics_of(values, 10000);
  const double distinct = s.distinct > 0 ? s.distinct : -s.distinct * 10000;
  CHECK(distinct > 700);
  CHECK(distinct < 1400);
}

TEST_CASE("the target limits what is kept", "[statistics]") {
  const ColumnStatistics s = statistics_of(numbers(1, 1000), 1000, 4);
  CHECK(s.histogram.size() == 5);
}

TEST_CASE("of nulls alone there is nothing to know but that", "[statistics]") {
  const ColumnStatistics s = statistics_of({std::nullopt, std::nullopt}, 2);
  CHECK(s.null_fraction == 1);
  CHECK(s.distinct == 0);
  CHECK(s.common_values.empty());
  CHECK(s.histogram.empty());
}
