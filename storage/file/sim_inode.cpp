#include "storage/file/sim_inode.hpp"

#include <algorithm>

namespace troupe {

std::string SimInode::sector_of(const std::string& bytes, uint64_t sector) const {
  const uint64_t from = sector * kSimSectorBytes;
  std::string result = from < bytes.size() ? bytes.substr(from, kSimSectorBytes) : std::string();
  result.resize(kSimSectorBytes, '\0');
  return result;
}

void SimInode::remember(uint64_t from, uint64_t to) {
  if (from >= to) return;
  for (uint64_t sector = from / kSimSectorBytes; sector <= (to - 1) / kSimSectorBytes; ++sector) {
    pending_[sector].push_back({sector_of(current_, sector), false});
  }
}

void SimInode::write(uint64_t offset, std::string_view data) {
  const uint64_t end = offset + data.size();
  if (end > current_.size()) {
    current_.resize(end, '\0');
    pending_sizes_.push_back(end);
  }
  current_.replace(offset, data.size(), data);
  holes_.erase(holes_.lower_bound(offset / kSimSectorBytes),
               holes_.lower_bound((end + kSimSectorBytes - 1) / kSimSectorBytes));
  remember(offset, end);
}

void SimInode::truncate(uint64_t size) {
  const uint64_t old_size = current_.size();
  current_.resize(size, '\0');
  pending_sizes_.push_back(size);
  if (size < old_size) remember(size, old_size);
  holes_.erase(holes_.lower_bound(size / kSimSectorBytes), holes_.end());
}

uint64_t SimInode::hole_bytes(uint64_t from, uint64_t to) const {
  const auto first = holes_.lower_bound(from / kSimSectorBytes);
  const auto last = holes_.lower_bound((to + kSimSectorBytes - 1) / kSimSectorBytes);
  return static_cast<uint64_t>(std::distance(first, last)) * kSimSectorBytes;
}

void SimInode::punch_hole(uint64_t offset, uint64_t size) {
  const uint64_t end = std::min<uint64_t>(offset + size, current_.size() / kSimSectorBytes * kSimSectorBytes);
  if (offset >= end) return;
  current_.replace(offset, end - offset, end - offset, '\0');
  remember(offset, end);
  for (uint64_t sector = offset / kSimSectorBytes; sector < end / kSimSectorBytes; ++sector) holes_.insert(sector);
}

void SimInode::preallocate(uint64_t size) {
  if (size <= current_.size()) return;
  current_.resize(size, '\0');
  sync();
}

void SimInode::sync() {
  durable_.resize(current_.size(), '\0');
  pending_sizes_.clear();
  for (auto at = pending_.begin(); at != pending_.end();) {
    if (at->second.back().forgotten) {
      ++at;
      continue;
    }
    const uint64_t from = at->first * kSimSectorBytes;
    if (from < durable_.size()) {
      const size_t size = std::min<uint64_t>(kSimSectorBytes, durable_.size() - from);
      durable_.replace(from, size, current_, from, size);
    }
    at = pending_.erase(at);
  }
}

void SimInode::fail_sync() {
  for (auto& [sector, versions] : pending_) {
    for (Version& version : versions) version.forgotten = true;
  }
}

std::string SimInode::surviving_sector(Random& random, Survival survival, uint64_t sector,
                                       const std::vector<Version>& versions) const {
  if (survival == Survival::nothing) return sector_of(durable_, sector);
  if (survival == Survival::everything) return versions.back().bytes;
  const uint64_t chosen = random.below(versions.size() + 1);
  const auto version = [&](uint64_t n) { return n == 0 ? sector_of(durable_, sector) : versions[n - 1].bytes; };
  std::string bytes = version(chosen);
  if (chosen > 0 && random.chance(0.25)) {
    // Torn: the write of this version stopped inside the sector.
    const uint64_t torn_at = random.below(kSimSectorBytes);
    bytes = bytes.substr(0, torn_at) + version(random.below(chosen)).substr(torn_at);
  }
  return bytes;
}

void SimInode::crash(Random& random) {
  if (pending_.empty() && pending_sizes_.empty()) return;
  const auto survival = static_cast<Survival>(std::min<uint64_t>(random.below(4), 2));
  uint64_t size = durable_.size();
  if (survival == Survival::everything && !pending_sizes_.empty()) size = pending_sizes_.back();
  if (survival == Survival::any_version) {
    const uint64_t chosen = random.below(pending_sizes_.size() + 1);
    if (chosen > 0) size = pending_sizes_[chosen - 1];
  }
  std::string survived = durable_;
  survived.resize(size, '\0');
  for (const auto& [sector, versions] : pending_) {
    const std::string bytes = surviving_sector(random, survival, sector, versions);
    const uint64_t from = sector * kSimSectorBytes;
    if (from < size)
      survived.replace(from, std::min<uint64_t>(kSimSectorBytes, size - from), bytes, 0,
                       std::min<uint64_t>(kSimSectorBytes, size - from));
  }
  current_ = survived;
  durable_ = std::move(survived);
  pending_.clear();
  pending_sizes_.clear();
  holes_.clear();
}

void SimInode::flip_bit(uint64_t offset, int bit) {
  const auto mask = static_cast<char>(1 << bit);
  current_[offset] = static_cast<char>(current_[offset] ^ mask);
  if (offset < durable_.size()) durable_[offset] = static_cast<char>(durable_[offset] ^ mask);
}

}  // namespace troupe
