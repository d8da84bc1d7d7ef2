#pragma once
/// Numbers the distinct keys it is shown: 0, 1, 2 ... in order of appearance. Nulls are equal to each other.
/// (Open addressing with linear probing; the stored hash is compared first.)
#include <cstdint>
#include <span>
#include <vector>

#include "storage/column/compare_kind.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

class GroupTable {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit GroupTable(std::vector<CompareKind> kinds);

  /// groups[i] = the number of row i's key, a new one when it is new.
  void assign(std::span<const Vector> keys, uint32_t rows, uint32_t* groups);
  /// As assign(), but an unknown key is kNone and stays unknown.
  void find(std::span<const Vector> keys, uint32_t rows, uint32_t* groups) const;

  uint32_t size() const { return size_; }
  /// The key column of all groups, by group number.
  const Vector& key(size_t column) const { return keys_[column]; }
  size_t memory_bytes() const;
  void clear();

 private:
  struct Slot {
    uint32_t hash = 0;
    uint32_t group = kNone;
  };
  void hash(std::span<const Vector> keys, uint32_t rows) const;
  bool same(std::span<const Vector> keys, uint32_t row, uint32_t group) const;
  uint32_t add(std::span<const Vector> keys, uint32_t row);
  void grow();

  std::vector<CompareKind> kinds_;
  std::vector<Vector> keys_;
  std::vector<uint32_t> group_hashes_;
  std::vector<Slot> slots_;
  uint32_t size_ = 0;
  mutable std::vector<uint64_t> hashes_;  ///< of the rows at hand
};

}  // namespace troupe
