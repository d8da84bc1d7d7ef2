#include "runtime/plan/table_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "runtime/types/type.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {
namespace {

/// Wider values are counted, but kept neither as common values nor as bounds.
constexpr size_t kValueBytesMax = 256;
/// Above this part of the rows being different, the number of different values is thought to grow with the table.
constexpr double kGrowingFraction = 0.1;
/// A common value stands out when it is more frequent than the others' average by so many standard deviations.
constexpr double kSignificantDeviations = 2.0;

struct Run {
  size_t first = 0;  ///< of the sorted values
  size_t count = 0;
};

/// json and its like have no order.
bool is_ordered(Oid type) { return type != oid::kJson && type != oid::kXml; }

class ColumnSample {
 public:
  ColumnSample(const ColumnDef& column, const Vector& values, uint32_t rows, double table_rows, uint32_t target)
      : column_{column}, values_{values}, rows_{rows}, table_rows_{table_rows}, target_{target} {}

  ColumnStatistics gather() {
    result_.attnum = column_.attnum;
    collect();
    result_.null_fraction = rows_ == 0 ? 0 : static_cast<double>(nulls_) / rows_;
    if (nulls_ == rows_) {
      result_.average_width = column_.physical == Physical::kVarlen ? 0 : width(column_.physical);
      return result_;
    }
    if (!is_ordered(column_.type)) return result_;
    sort();
    find_runs();
    estimate_distinct();
    keep_common_values();
    keep_histogram();
    correlate();
    return result_;
  }

 private:
  double known() const { return static_cast<double>(keys_.size() + wide_); }

  void collect() {
    const KeyColumn key{.kind = compare_kind(column_.type, column_.physical)};
    double bytes = 0;
    for (uint32_t row = 0; row < rows_; ++row) {
      if (values_.is_null(row)) {
        ++nulls_;
        continue;
      }
      const size_t size = column_.physical == Physical::kVarlen ? values_.string(row).size() : width(column_.physical);
      bytes += static_cast<double>(size);
      if (size > kValueBytesMax) {
        ++wide_;
        continue;
      }
      encode_key_column(key, values_, row, &keys_.emplace_back());
    }
    if (rows_ > nulls_) result_.average_width = bytes / (rows_ - nulls_);
  }

  void sort() {
    order_.resize(keys_.size());
    std::iota(order_.begin(), order_.end(), 0u);
    std::stable_sort(order_.begin(), order_.end(), [this](uint32_t a, uint32_t b) { return keys_[a] < keys_[b]; });
  }
  const std::string& sorted(size_t i) const { return keys_[order_[i]]; }

  void find_runs() {
    for (size_t i = 0; i < order_.size(); ++i) {
      if (i > 0 && sorted(i) == sorted(i - 1)) {
        ++runs_.back().count;
      } else {
        runs_.push_back({i, 1});
      }
    }
    repeated_ = static_cast<size_t>(
        std::count_if(runs_.begin(), runs_.end(), [](const Run& run) { return run.count > 1; }));
  }

  /// Wide values are thought to differ from each other.
  void estimate_distinct() {
    const double sample = known(), different = static_cast<double>(runs_.size() + wide_);
    const double once = different - static_cast<double>(repeated_);
    if (repeated_ == 0) {
      result_.distinct = -(1.0 - result_.null_fraction);
      return;
    }
    double distinct = different;
    if (once > 0 && table_rows_ > rows_) {
      const double table = table_rows_ * (1.0 - result_.null_fraction);
      distinct = sample * different / ((sample - once) + once * sample / table);
      distinct = std::floor(std::clamp(distinct, different, table) + 0.5);
    } else if (once == 0 || table_rows_ <= rows_) {
      distinct = different;
    }
    result_.distinct = distinct > kGrowingFraction * table_rows_ ? -distinct / table_rows_ : distinct;
  }

  void keep_common_values() {
    std::vector<Run> candidates;
    for (const Run& run : runs_) {
      if (run.count > 1) candidates.push_back(run);
    }
    std::stable_sort(candidates.begin(), candidates.end(), [](const Run& a, const Run& b) { return a.count > b.count; });
    if (candidates.size() > target_) candidates.resize(target_);
    // All values there are, each more than once in the sample: the list is complete.
    const bool complete =
        repeated_ == runs_.size() && wide_ == 0 && result_.distinct > 0 && runs_.size() <= target_;
    const size_t kept = complete ? candidates.size() : significant(candidates);
    for (size_t i = 0; i < kept; ++i) {
      result_.common_values.push_back(sorted(candidates[i].first));
      result_.common_frequencies.push_back(static_cast<double>(candidates[i].count) / rows_);
      is_common_.push_back(candidates[i].first);
    }
    std::sort(is_common_.begin(), is_common_.end());
  }

  /// How many of the candidates are more frequent than what is left would be on average, beyond chance
  /// (analyze_mcv_list).
  size_t significant(const std::vector<Run>& candidates) const {
    const double all = table_rows_, sample = rows_;
    if (sample >= all || all <= 1.0) return candidates.size();
    const double distinct = result_.distinct < 0 ? -result_.distinct * all : result_.distinct;
    double sum = 0;
    for (size_t i = 0; i + 1 < candidates.size(); ++i) sum += static_cast<double>(candidates[i].count);
    size_t kept = candidates.size();
    for (; kept > 0; --kept) {
      const double rest = std::clamp(1.0 - sum / sample - result_.null_fraction, 0.0, 1.0);
      const double others = std::max(1.0, distinct - static_cast<double>(kept - 1));
      const double occurrences = all * rest / others;
      const double variance = sample * occurrences * (all - occurrences) * (all - sample) / (all * all * (all - 1));
      const double bound = sample * rest / others + kSignificantDeviations * std::sqrt(std::max(variance, 0.0)) + 0.5;
      if (static_cast<double>(candidates[kept - 1].count) > bound) break;
      if (kept >= 2) sum -= static_cast<double>(candidates[kept - 2].count);
    }
    return kept;
  }

  void keep_histogram() {
    std::vector<size_t> others;  // places in the sorted order
    size_t different = 0;
    for (const Run& run : runs_) {
      if (std::binary_search(is_common_.begin(), is_common_.end(), run.first)) continue;
      ++different;
      for (size_t i = 0; i < run.count; ++i) others.push_back(run.first + i);
    }
    const size_t bounds = std::min<size_t>(different, target_ + 1);
    if (bounds < 2) return;
    for (size_t i = 0; i < bounds; ++i) {
      result_.histogram.push_back(sorted(others[i * (others.size() - 1) / (bounds - 1)]));
    }
  }

  /// Between the order of the values and that of the rows.
  void correlate() {
    const auto count = static_cast<double>(order_.size());
    if (order_.size() < 2 || runs_.size() < 2) {
      result_.correlation = order_.size() < 2 ? 0 : 1;
      return;
    }
    double products = 0;
    for (size_t i = 0; i < order_.size(); ++i) products += static_cast<double>(i) * static_cast<double>(order_[i]);
    const double sum = count * (count - 1) / 2, squares = count * (count - 1) * (2 * count - 1) / 6;
    result_.correlation = (count * products - sum * sum) / (count * squares - sum * sum);
  }

  const ColumnDef& column_;
  const Vector& values_;
  uint32_t rows_;
  double table_rows_;
  uint32_t target_;
  ColumnStatistics result_;
  std::vector<std::string> keys_;  ///< of values that are neither null nor wide, in the rows' order
  std::vector<uint32_t> order_;    ///< places in keys_, by value
  std::vector<Run> runs_;          ///< equal values, by value
  std::vector<size_t> is_common_;  ///< `first` of the runs that are common values
  size_t repeated_ = 0;
  uint32_t nulls_ = 0, wide_ = 0;
};

}  // namespace

TableStatistics gather_statistics(const TableDef& table, const TableSample& sample, uint32_t target,
                                  int64_t now_us) {
  TableStatistics statistics;
  statistics.row_count = sample.table_rows;
  statistics.size_bytes = sample.table_rows * sample.row_bytes;
  statistics.analyzed_at_us = now_us;
  if (sample.rows.rows == 0) return statistics;
  size_t at = 0;
  for (const ColumnDef& column : table.columns) {
    if (column.dropped) continue;
    ColumnSample values(column, sample.rows.columns[at++], sample.rows.rows, sample.table_rows, target);
    statistics.columns.push_back(values.gather());
  }
  return statistics;
}

}  // namespace troupe
