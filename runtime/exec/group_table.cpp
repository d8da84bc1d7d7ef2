#include "runtime/exec/group_table.hpp"

#include "storage/column/hash.hpp"

namespace troupe {

namespace {
constexpr size_t kFirstSlots = 64;
}

GroupTable::GroupTable(std::vector<CompareKind> kinds) : kinds_{std::move(kinds)} { clear(); }

void GroupTable::clear() {
  keys_.clear();
  keys_.resize(kinds_.size());
  for (size_t c = 0; c < kinds_.size(); ++c) keys_[c].reset_empty(physical_of(kinds_[c]), 16);
  group_hashes_.clear();
  slots_.assign(kFirstSlots, {});
  size_ = 0;
}

void GroupTable::hash(std::span<const Vector> keys, uint32_t rows) const {
  hashes_.resize(rows);
  if (kinds_.empty()) std::fill(hashes_.begin(), hashes_.end(), 0);
  for (size_t c = 0; c < kinds_.size(); ++c) hash_column(kinds_[c], keys[c], rows, c > 0, hashes_.data());
}

bool GroupTable::same(std::span<const Vector> keys, uint32_t row, uint32_t group) const {
  for (size_t c = 0; c < kinds_.size(); ++c) {
    const bool null = keys[c].is_null(row);
    if (null != keys_[c].is_null(group)) return false;
    if (!null && !equal_values(kinds_[c], keys[c], row, keys_[c], group)) return false;
  }
  return true;
}

uint32_t GroupTable::add(std::span<const Vector> keys, uint32_t row) {
  for (size_t c = 0; c < kinds_.size(); ++c) keys_[c].append_from(keys[c], row);
  group_hashes_.push_back(static_cast<uint32_t>(hashes_[row]));
  return size_++;
}

void GroupTable::grow() {
  const size_t wanted = slots_.size() * 2;
  slots_.assign(wanted, {});
  for (uint32_t group = 0; group < size_; ++group) {
    size_t at = group_hashes_[group] & (wanted - 1);
    while (slots_[at].group != kNone) at = (at + 1) & (wanted - 1);
    slots_[at] = {group_hashes_[group], group};
  }
}

void GroupTable::assign(std::span<const Vector> keys, uint32_t rows, uint32_t* groups) {
  hash(keys, rows);
  for (uint32_t row = 0; row < rows; ++row) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    const auto hash = static_cast<uint32_t>(hashes_[row]);
    const size_t mask = slots_.size() - 1;
    size_t at = hash & mask;
    while (slots_[at].group != kNone && (slots_[at].hash != hash || !same(keys, row, slots_[at].group))) {
      at = (at + 1) & mask;
    }
    if (slots_[at].group == kNone) slots_[at] = {hash, add(keys, row)};
    groups[row] = slots_[at].group;
  }
}

void GroupTable::find(std::span<const Vector> keys, uint32_t rows, uint32_t* groups) const {
  hash(keys, rows);
  const size_t mask = slots_.size() - 1;
  for (uint32_t row = 0; row < rows; ++row) {
    const auto hash = static_cast<uint32_t>(hashes_[row]);
    size_t at = hash & mask;
    while (slots_[at].group != kNone && (slots_[at].hash != hash || !same(keys, row, slots_[at].group))) {
      at = (at + 1) & mask;
    }
    groups[row] = slots_[at].group;
  }
}

size_t GroupTable::memory_bytes() const {
  size_t bytes = slots_.capacity() * sizeof(Slot) + group_hashes_.capacity() * 4;
  for (const Vector& key : keys_) bytes += key.memory_bytes();
  return bytes;
}

}  // namespace troupe
