#pragma once
/// Sorts rows by normalised keys (storage/column/key_codec.hpp): one memcmp a comparison, most decided by the first
/// eight bytes. Equal keys keep their order.
#include <string>
#include <vector>

#include "runtime/exec/memory_budget.hpp"
#include "runtime/exec/row_store.hpp"
#include "storage/column/key_codec.hpp"

namespace troupe {

class Sorter {
 public:
  /// `keep_first`: only so many rows of the result are wanted (top-n); 0: all.
  Sorter(std::span<const Type> types, std::vector<KeyColumn> keys, MemoryBudget* budget, uint64_t keep_first = 0);

  /// `keys`: one vector per key column. Errors: 53200.
  absl::Status add(const Batch& batch, std::span<const Vector> keys);
  /// After the last add().
  void sort();
  uint32_t size() const { return static_cast<uint32_t>(entries_.size()); }
  /// Rows [from, from + count) in order, less at the end.
  Batch take(uint32_t from, uint32_t count) const;
  /// The sort key of the row at `position`: equal keys are equal rows.
  std::string_view key_at(uint32_t position) const { return key(entries_[position]); }

 private:
  struct Entry {
    uint64_t prefix;  ///< the key's first bytes, big endian
    uint64_t offset;  ///< of the key in keys_bytes_
    uint32_t size;
    uint32_t row;
  };
  std::string_view key(const Entry& entry) const { return {key_bytes_.data() + entry.offset, entry.size}; }
  bool before(const Entry& a, const Entry& b) const;
  /// Drops what cannot be among the first keep_first_ rows.
  void shrink();

  std::vector<Type> types_;
  std::vector<KeyColumn> key_columns_;
  uint64_t keep_first_;
  MemoryShare memory_;
  RowStore rows_;
  std::string key_bytes_;
  std::vector<Entry> entries_;
};

}  // namespace troupe
