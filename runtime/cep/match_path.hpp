#pragma once
/// The rows that a match has so far, or has: one after the other from `first_row`, each with its pattern variable.
#include <cstdint>
#include <span>
#include <vector>

namespace troupe {

class MatchPath {
 public:
  static constexpr uint16_t kExcluded = 0x8000;

  void start(uint64_t row) {
    first_row_ = row;
    labels_.clear();
    unchanged_ = 0;
  }
  void push(uint16_t variable, bool excluded) {
    labels_.push_back(static_cast<uint16_t>(variable | (excluded ? kExcluded : 0)));
  }
  void truncate(size_t size) {
    labels_.resize(size);
    if (size < unchanged_) unchanged_ = size;
  }

  uint64_t first_row() const { return first_row_; }
  uint64_t end_row() const { return first_row_ + labels_.size(); }
  size_t size() const { return labels_.size(); }
  bool empty() const { return labels_.empty(); }
  uint16_t variable(size_t at) const { return labels_[at] & static_cast<uint16_t>(~kExcluded); }
  bool is_excluded(size_t at) const { return (labels_[at] & kExcluded) != 0; }
  size_t memory_bytes() const { return labels_.capacity() * sizeof(uint16_t); }

  /// How much of its beginning is as it was at the last note(): whoever follows the path begins from there.
  size_t unchanged() const { return unchanged_; }
  void note() { unchanged_ = labels_.size(); }

 private:
  uint64_t first_row_ = 0;
  std::vector<uint16_t> labels_;
  size_t unchanged_ = 0;
};

}  // namespace troupe
