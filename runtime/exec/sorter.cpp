#include "runtime/exec/sorter.hpp"

#include <algorithm>

namespace troupe {

Sorter::Sorter(std::span<const Type> types, std::vector<KeyColumn> keys, MemoryBudget* budget, uint64_t keep_first)
    : types_(types.begin(), types.end()),
      key_columns_{std::move(keys)},
      keep_first_{keep_first},
      memory_{budget},
      rows_(types) {}

absl::Status Sorter::add(const Batch& batch, std::span<const Vector> keys) {
  const uint32_t first_row = rows_.size();
  for (uint32_t row = 0; row < batch.rows; ++row) {
    Entry entry{0, key_bytes_.size(), 0, first_row + row};
    for (size_t c = 0; c < key_columns_.size(); ++c) encode_key_column(key_columns_[c], keys[c], row, &key_bytes_);
    entry.size = static_cast<uint32_t>(key_bytes_.size() - entry.offset);
    uint64_t prefix = 0;
    std::memcpy(&prefix, key_bytes_.data() + entry.offset, std::min<size_t>(entry.size, sizeof prefix));
    entry.prefix = __builtin_bswap64(prefix);
    entries_.push_back(entry);
  }
  rows_.append(batch);
  if (keep_first_ != 0 && entries_.size() > 2 * keep_first_ + kBatchRows) shrink();
  return memory_.hold(rows_.memory_bytes() + key_bytes_.capacity() + entries_.capacity() * sizeof(Entry));
}

bool Sorter::before(const Entry& a, const Entry& b) const {
  if (a.prefix != b.prefix) return a.prefix < b.prefix;
  if (const int order = key(a).compare(key(b)); order != 0) return order < 0;
  return a.row < b.row;
}

void Sorter::sort() {
  std::sort(entries_.begin(), entries_.end(), [this](const Entry& a, const Entry& b) { return before(a, b); });
  if (keep_first_ != 0 && entries_.size() > keep_first_) entries_.resize(keep_first_);
}

void Sorter::shrink() {
  const auto nth = entries_.begin() + static_cast<ptrdiff_t>(keep_first_);
  std::nth_element(entries_.begin(), nth, entries_.end(),
                   [this](const Entry& a, const Entry& b) { return before(a, b); });
  entries_.erase(nth, entries_.end());
  // In arrival order, so that equal keys keep it.
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.row < b.row; });
  std::vector<uint32_t> kept;
  kept.reserve(entries_.size());
  std::string kept_keys;
  for (Entry& entry : entries_) {
    const std::string_view bytes = key(entry);
    entry.offset = kept_keys.size();
    kept_keys.append(bytes);
    kept.push_back(entry.row);
    entry.row = static_cast<uint32_t>(kept.size() - 1);
  }
  RowStore fewer(types_);
  fewer.append(rows_.rows(), kept);
  rows_ = std::move(fewer);
  key_bytes_ = std::move(kept_keys);
}

Batch Sorter::take(uint32_t from, uint32_t count) const {
  std::vector<uint32_t> selection;
  selection.reserve(count);
  for (uint32_t i = from; i < entries_.size() && selection.size() < count; ++i) selection.push_back(entries_[i].row);
  return rows_.rows().gather(selection);
}

}  // namespace troupe
