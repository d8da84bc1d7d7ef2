#include "storage/conflict/read_set.hpp"

#include <algorithm>
#include <utility>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

bool ends_before(std::string_view upper, std::string_view key) { return !upper.empty() && upper < key; }

/// `range` takes in what `next` covers and what is between them.
void absorb(ReadRange* range, ReadRange& next) {
  if (range->upper.empty()) return;
  if (next.upper.empty() || range->upper < next.upper) range->upper = std::move(next.upper);
}

}  // namespace

void ReadSet::add_key(TreePart part, std::string_view key, uint32_t statement) {
  std::vector<ReadRange>& ranges = parts_[part];
  // Whoever reads a row often does so several times running.
  if (!ranges.empty() && ranges.back().lower == key) return;
  ranges.push_back({std::string(key), key_after(key), statement});
  ++ranges_;
  bytes_ += 2 * key.size() + 1;
  if (too_large()) shrink();
}

void ReadSet::add_range(TreePart part, std::string_view lower, std::string_view upper, uint32_t statement) {
  if (!upper.empty() && upper <= lower) return;
  std::vector<ReadRange>& ranges = parts_[part];
  if (!ranges.empty() && !ranges.back().upper.empty()) {
    // A scan's next answer goes on where the last one ended, at the one end or the other.
    ReadRange& last = ranges.back();
    if (last.upper == lower) {
      bytes_ += upper.size() - last.upper.size();
      last.upper = upper;
      return;
    }
    if (!upper.empty() && last.lower == upper) {
      bytes_ += lower.size() - last.lower.size();
      last.lower = lower;
      return;
    }
  }
  ranges.push_back({std::string(lower), std::string(upper), statement});
  ++ranges_;
  bytes_ += lower.size() + upper.size();
  if (too_large()) shrink();
}

void ReadSet::clear() {
  parts_.clear();
  ranges_ = 0;
  bytes_ = 0;
}

void ReadSet::shrink() {
  merge_overlaps();
  // Half of it, so that this is not done again at once.
  uint64_t before = UINT64_MAX;
  while ((2 * ranges_ > ranges_max_ || 2 * bytes_ > kRangeBytes * ranges_max_) && ranges_ < before) {
    before = ranges_;
    merge_neighbours();
  }
}

void ReadSet::merge_overlaps() {
  for (auto& [part, ranges] : parts_) {
    if (ranges.size() < 2) continue;
    std::sort(ranges.begin(), ranges.end(), [](const ReadRange& a, const ReadRange& b) { return a.lower < b.lower; });
    size_t last = 0;
    for (size_t i = 1; i < ranges.size(); ++i) {
      if (ends_before(ranges[last].upper, ranges[i].lower)) {
        if (++last != i) ranges[last] = std::move(ranges[i]);
      } else {
        absorb(&ranges[last], ranges[i]);
      }
    }
    ranges.resize(last + 1);
  }
  count();
}

/// Every two neighbours become one.
void ReadSet::merge_neighbours() {
  for (auto& [part, ranges] : parts_) {
    size_t kept = 0;
    for (size_t i = 0; i < ranges.size(); i += 2, ++kept) {
      if (i + 1 < ranges.size()) absorb(&ranges[i], ranges[i + 1]);
      if (kept != i) ranges[kept] = std::move(ranges[i]);
    }
    ranges.resize(kept);
  }
  count();
}

void ReadSet::count() {
  ranges_ = 0;
  bytes_ = 0;
  for (const auto& [part, ranges] : parts_) {
    ranges_ += ranges.size();
    for (const ReadRange& range : ranges) bytes_ += range.lower.size() + range.upper.size();
  }
}

std::vector<PartReads> ReadSet::take() {
  merge_overlaps();
  std::vector<PartReads> reads;
  reads.reserve(parts_.size());
  for (auto& [part, ranges] : parts_) reads.push_back({part, std::move(ranges)});
  clear();
  return reads;
}

void ReadSet::check_invariants() const {
  uint64_t ranges = 0;
  uint64_t bytes = 0;
  for (const auto& [part, list] : parts_) {
    TROUPE_CHECK(!list.empty());
    for (const ReadRange& range : list) {
      TROUPE_CHECK(range.upper.empty() || range.lower < range.upper);
      bytes += range.lower.size() + range.upper.size();
    }
    ranges += list.size();
  }
  TROUPE_CHECK(ranges == ranges_ && bytes == bytes_);
}

}  // namespace troupe
