#pragma once
/// Free space of one data file. Extents by offset (to coalesce) and by size (to choose). Pages of one checkpoint come
/// out of long runs one after the other, so that neighbours in key order are neighbours on disk and writes are large.
/// Deterministic. Owner: the partition, or its checkpoint job while one runs.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "storage/base/error.hpp"
#include "storage/page/page_address.hpp"

namespace troupe {

class ExtentAllocator {
 public:
  /// [start, end) grains exist and are all used; the file grows by at least `growth_grains`.
  ExtentAllocator(uint64_t start, uint64_t end, uint64_t growth_grains)
      : start_{start}, end_{end}, growth_grains_{growth_grains} {}

  Extent allocate(uint64_t count);
  /// Coalesces. The extent must be in use.
  void release(Extent extent);

  /// The free extents of at least `count` grains that it has not told of before, or that were used since. From then on
  /// they count as told of; whoever asks gives their room back to the volume.
  std::vector<Extent> take_holes(uint64_t count);

  uint64_t free_grains() const { return free_grains_ + run_.count; }
  uint64_t start() const { return start_; }
  uint64_t end() const { return end_; }  ///< the file's size in grains

  /// Everything that is free, for the checkpoint's free map; and back.
  std::string encode() const;
  static absl::StatusOr<ExtentAllocator> decode(std::string_view bytes, uint64_t growth_grains);

  void check_invariants() const;

 private:
  void insert_free(Extent extent);
  void erase_free(Extent extent);
  bool take_run(uint64_t count);
  void grow(uint64_t count);

  uint64_t start_;
  uint64_t end_;
  uint64_t growth_grains_;
  uint64_t free_grains_ = 0;  ///< in the two maps
  Extent run_;                ///< where the next pages go; free too
  absl::btree_map<uint64_t, uint64_t> by_offset_;
  absl::btree_set<std::pair<uint64_t, uint64_t>> by_size_;  ///< (count, first)
  absl::btree_set<uint64_t> hollow_;                        ///< firsts of free extents that take_holes() told of
};

}  // namespace troupe
