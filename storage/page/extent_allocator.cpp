#include "storage/page/extent_allocator.hpp"

#include <algorithm>

#include "storage/base/bytes.hpp"
#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// A free extent of this size is worth filling page by page; smaller ones are for exact needs.
constexpr uint64_t kRunGrains = 256 * 1024 / kGrainBytes;

}  // namespace

Extent ExtentAllocator::allocate(uint64_t count) {
  TROUPE_CHECK(count > 0 && count <= kGrainsPerPageMax);
  if (run_.count < count && !take_run(count)) {
    // Best fit: the smallest hole that is large enough.
    if (const auto hole = by_size_.lower_bound({count, 0}); hole != by_size_.end()) {
      const Extent found{hole->second, hole->first};
      erase_free(found);
      if (found.count > count) insert_free({found.first + count, found.count - count});
      return {found.first, count};
    }
    grow(count);
  }
  const Extent taken{run_.first, count};
  run_ = {run_.first + count, run_.count - count};
  if (run_.count == 0) run_ = {};  // it is nowhere: an extent may come to lie across the place
  return taken;
}

/// Makes the largest hole the run, if it is long.
bool ExtentAllocator::take_run(uint64_t count) {
  if (by_size_.empty()) return false;
  const auto [size, first] = *by_size_.rbegin();
  if (size < std::max(count, kRunGrains)) return false;
  erase_free({first, size});
  const Extent rest = run_;
  run_ = {first, size};
  if (rest.count > 0) release(rest);
  return true;
}

void ExtentAllocator::grow(uint64_t count) {
  if (run_.count > 0 && run_.end() == end_) {
    const uint64_t more = std::max(count - run_.count, growth_grains_);
    run_.count += more;
    end_ += more;
    return;
  }
  const Extent rest = run_;
  const uint64_t more = std::max(count, growth_grains_);
  run_ = {end_, more};
  end_ += more;
  if (rest.count > 0) release(rest);
}

void ExtentAllocator::release(Extent extent) {
  TROUPE_CHECK(extent.count > 0 && extent.first >= start_ && extent.end() <= end_);
  TROUPE_CHECK(extent.end() <= run_.first || extent.first >= run_.end());
  auto next = by_offset_.lower_bound(extent.first);
  TROUPE_CHECK(next == by_offset_.end() || extent.end() <= next->first);
  if (next != by_offset_.begin()) {
    const auto previous = std::prev(next);
    const Extent left{previous->first, previous->second};
    TROUPE_CHECK(left.end() <= extent.first);
    if (left.end() == extent.first) {
      erase_free(left);
      extent = {left.first, left.count + extent.count};
      next = by_offset_.lower_bound(extent.first);
    }
  }
  if (next != by_offset_.end() && next->first == extent.end()) {
    const Extent right{next->first, next->second};
    erase_free(right);
    extent.count += right.count;
  }
  insert_free(extent);
}

std::vector<Extent> ExtentAllocator::take_holes(uint64_t count) {
  if (const Extent run = std::exchange(run_, {}); run.count > 0) release(run);
  std::vector<Extent> holes;
  for (auto at = by_size_.lower_bound({count, 0}); at != by_size_.end(); ++at) {
    if (hollow_.insert(at->second).second) holes.push_back({at->second, at->first});
  }
  return holes;
}

void ExtentAllocator::insert_free(Extent extent) {
  by_offset_.emplace(extent.first, extent.count);
  by_size_.emplace(extent.count, extent.first);
  free_grains_ += extent.count;
}

void ExtentAllocator::erase_free(Extent extent) {
  by_offset_.erase(extent.first);
  by_size_.erase({extent.count, extent.first});
  hollow_.erase(extent.first);
  free_grains_ -= extent.count;
}

std::string ExtentAllocator::encode() const {
  ExtentAllocator whole = *this;
  if (const Extent run = std::exchange(whole.run_, {}); run.count > 0) whole.release(run);
  std::string out;
  ByteWriter writer(&out);
  writer.varint(start_);
  writer.varint(end_);
  writer.varint(whole.by_offset_.size());
  uint64_t at = start_;
  for (const auto& [first, count] : whole.by_offset_) {
    writer.varint(first - at);
    writer.varint(count);
    at = first + count;
  }
  return out;
}

absl::StatusOr<ExtentAllocator> ExtentAllocator::decode(std::string_view bytes, uint64_t growth_grains) {
  ByteReader reader(bytes);
  const uint64_t start = reader.varint();
  const uint64_t end = reader.varint();
  ExtentAllocator allocator(start, end, growth_grains);
  uint64_t at = start;
  for (uint64_t left = reader.varint(); left > 0 && reader.ok(); --left) {
    const uint64_t first = at + reader.varint();
    const uint64_t count = reader.varint();
    if (first < at || count == 0 || first > end || count > end - first) {
      return error(ErrorCode::kDataCorrupted, "free map: extent ", first, "+", count, " lies outside grains ", start,
                   " to ", end);
    }
    allocator.release({first, count});
    at = first + count;
  }
  if (!reader.ok() || start > end) return error(ErrorCode::kDataCorrupted, "free map: cut short");
  return allocator;
}

void ExtentAllocator::check_invariants() const {
  TROUPE_CHECK(by_offset_.size() == by_size_.size());
  uint64_t at = start_;
  uint64_t total = 0;
  bool touching = false;
  for (const auto& [first, count] : by_offset_) {
    TROUPE_CHECK(first >= at && count > 0 && by_size_.contains({count, first}));
    TROUPE_CHECK(!touching || first > at);  // coalesced
    touching = true;
    at = first + count;
    total += count;
    TROUPE_CHECK(at <= run_.first || first >= run_.end());
  }
  for (const uint64_t first : hollow_) TROUPE_CHECK(by_offset_.contains(first));
  TROUPE_CHECK(at <= end_ && total == free_grains_ && run_.end() <= end_);
}

}  // namespace troupe
