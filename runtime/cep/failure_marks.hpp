#pragma once
/// Which (row, fork) pairs a search has been to: where what follows does not depend on the rows before, having been
/// there without a match means that there is none. One bit each, in pages that come when they are used.
#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

namespace troupe {

class FailureMarks {
 public:
  explicit FailureMarks(uint32_t forks) : forks_{forks} {}

  /// False when it was there already.
  bool set(uint64_t row, uint32_t fork) {
    const uint64_t page = row / kPageRows;
    if (page < first_page_) return true;
    while (page - first_page_ >= pages_.size()) pages_.emplace_back();
    std::vector<uint64_t>& bits = pages_[page - first_page_];
    if (bits.empty()) bits.resize(words());
    const uint64_t bit = (row % kPageRows) * forks_ + fork;
    const uint64_t mask = uint64_t{1} << (bit % 64);
    if ((bits[bit / 64] & mask) != 0) return false;
    bits[bit / 64] |= mask;
    return true;
  }
  /// Forgets rows [from, to).
  void clear(uint64_t from, uint64_t to) {
    from = std::max(from, first_page_ * kPageRows);
    while (from < to) {
      const uint64_t page = from / kPageRows;
      if (page - first_page_ >= pages_.size()) return;
      const uint64_t end = std::min(to, (page + 1) * kPageRows);
      std::vector<uint64_t>& bits = pages_[page - first_page_];
      if (!bits.empty()) clear_bits(bits, from % kPageRows * forks_, (from % kPageRows + end - from) * forks_);
      from = end;
    }
  }
  /// Rows before `row` are not asked about again.
  void drop_before(uint64_t row) {
    while (!pages_.empty() && first_page_ < row / kPageRows) {
      pages_.pop_front();
      ++first_page_;
    }
    if (pages_.empty()) first_page_ = std::max(first_page_, row / kPageRows);
  }
  void reset() {
    pages_.clear();
    first_page_ = 0;
  }
  size_t memory_bytes() const { return pages_.size() * words() * sizeof(uint64_t); }

 private:
  static constexpr uint64_t kPageRows = 1024;
  static void clear_bits(std::vector<uint64_t>& bits, uint64_t from, uint64_t to) {
    while (from < to) {
      const uint64_t end = std::min(to, from / 64 * 64 + 64);
      const uint64_t ones = end - from == 64 ? ~uint64_t{0} : ((uint64_t{1} << (end - from)) - 1) << (from % 64);
      bits[from / 64] &= ~ones;
      from = end;
    }
  }
  size_t words() const { return (kPageRows * forks_ + 63) / 64; }

  uint32_t forks_;
  uint64_t first_page_ = 0;
  std::deque<std::vector<uint64_t>> pages_;
};

}  // namespace troupe
