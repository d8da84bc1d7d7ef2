#include "storage/history/history.hpp"

#include <algorithm>
#include <utility>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// The limit is enforced by dropping one interval: the smaller they are, the less is lost at a time.
constexpr uint64_t kIntervalsMax = 32;
constexpr uint64_t kIntervalBytesMin = 4 * 1024;
constexpr uint64_t kIntervalBytesMax = 4 * 1024 * 1024;
constexpr size_t kBlockBytesMin = 1024;
constexpr size_t kBlockBytesMax = 256 * 1024;
/// What a key costs in an interval's map.
constexpr uint64_t kMapEntryBytes = 40;

}  // namespace

/// One version, followed by its key and row. The chain goes from a key's newest version to older ones.
struct History::Record {
  const Record* older;
  const Record* jump;  ///< far back: the chain's depth halves about every two jumps
  uint32_t depth;
  uint32_t key_size;
  uint64_t row_size;
  Scn scn;
  Scn superseded_at;
  bool deleted;

  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view key() const { return {bytes(), key_size}; }
  std::string_view row() const { return {bytes() + key_size, row_size}; }
};

char* History::Interval::allocate(size_t size) {
  size = (size + 7) & ~size_t{7};
  if (size > block_left) {
    block_left = std::max(size, std::clamp<size_t>(bytes, kBlockBytesMin, kBlockBytesMax));
    blocks.push_back(std::make_unique_for_overwrite<char[]>(block_left));
    block_at = blocks.back().get();
    bytes += block_left;
  }
  block_left -= size;
  return std::exchange(block_at, block_at + size);
}

uint64_t History::interval_bytes() const {
  return std::clamp(bytes_max_ / kIntervalsMax, kIntervalBytesMin, kIntervalBytesMax);
}

void History::add(const Version& version) {
  TROUPE_CHECK(intervals_.empty() || version.superseded_at >= intervals_.back().last);
  if (version.superseded_at <= floor_) return;  // the rest of a commit that alone exceeds the limit
  // One commit's versions stay together: an interval boundary is a boundary between SCNs.
  const bool full = !intervals_.empty() && intervals_.back().bytes >= interval_bytes() &&
                    intervals_.back().last != version.superseded_at;
  if (intervals_.empty() || full) intervals_.emplace_back();
  Interval& interval = intervals_.back();
  const uint64_t bytes_before = interval.bytes;

  auto* record = new (interval.allocate(sizeof(Record) + version.key.size() + version.row.size())) Record;
  char* bytes = reinterpret_cast<char*>(record + 1);
  std::copy(version.key.begin(), version.key.end(), bytes);
  std::copy(version.row.begin(), version.row.end(), bytes + version.key.size());
  record->key_size = static_cast<uint32_t>(version.key.size());
  record->row_size = version.row.size();
  record->scn = version.scn;
  record->superseded_at = version.superseded_at;
  record->deleted = version.deleted;

  const auto [at, is_first] = interval.newest.try_emplace(Key{version.tree, record->key()}, record);
  if (is_first) {
    record->older = record->jump = nullptr;
    record->depth = 0;
    interval.bytes += kMapEntryBytes;
  } else {
    const Record* older = at->second;
    record->older = older;
    record->depth = older->depth + 1;
    const Record* jump = older->jump;
    const bool even =
        jump != nullptr && jump->jump != nullptr && older->depth - jump->depth == jump->depth - jump->jump->depth;
    record->jump = even ? jump->jump : older;
    at->second = record;
  }
  interval.first = std::min(interval.first, version.superseded_at);
  interval.last = version.superseded_at;
  bytes_ += interval.bytes - bytes_before;
  while (bytes_ > bytes_max_) {
    floor_ = std::max(floor_, intervals_.front().last);
    drop_oldest();
  }
}

/// The key's oldest version in the interval that was superseded after `snapshot`.
const History::Record* History::find_in(const Interval& interval, const Key& key, Scn snapshot) const {
  const auto at = interval.newest.find(key);
  if (at == interval.newest.end() || at->second->superseded_at <= snapshot) return nullptr;
  const Record* found = at->second;
  for (;;) {
    if (found->jump != nullptr && found->jump->superseded_at > snapshot) {
      found = found->jump;
    } else if (found->older != nullptr && found->older->superseded_at > snapshot) {
      found = found->older;
    } else {
      return found;
    }
  }
}

History::Lookup History::find(TreeId tree, std::string_view key, Scn snapshot) const {
  if (snapshot < floor_) return {Outcome::kTooOld, {}};
  const auto first = std::partition_point(intervals_.begin(), intervals_.end(),
                                          [&](const Interval& interval) { return interval.last <= snapshot; });
  for (auto interval = first; interval != intervals_.end(); ++interval) {
    const Record* record = find_in(*interval, {tree, key}, snapshot);
    if (record == nullptr) continue;
    // Its first version ever kept may itself be younger than the snapshot: then the key did not exist.
    if (record->scn > snapshot || record->deleted) return {};
    return {Outcome::kFound, {tree, record->key(), record->scn, record->superseded_at, record->deleted, record->row()}};
  }
  return {};
}

void History::set_oldest_snapshot(Scn oldest) {
  while (!intervals_.empty() && intervals_.front().last <= oldest) {
    // The one being filled is worth restarting only when it has grown.
    if (intervals_.size() == 1 && intervals_.front().bytes < interval_bytes() / 2) return;
    drop_oldest();
  }
}

void History::drop_oldest() {
  bytes_ -= intervals_.front().bytes;
  intervals_.pop_front();
}

void History::check_invariants() const {
  uint64_t bytes = 0;
  Scn last = kNoScn;
  for (const Interval& interval : intervals_) {
    TROUPE_CHECK(interval.first > last && interval.first <= interval.last);
    last = interval.last;
    bytes += interval.bytes;
  }
  TROUPE_CHECK(bytes == bytes_);
}

}  // namespace troupe
