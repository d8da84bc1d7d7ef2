#pragma once
/// Oids and tree ids are handed out in blocks, and none comes twice: the log still speaks of what was dropped. So they
/// end one day, and then there are none, instead of the first ones again.
#include <atomic>
#include <optional>

#include "storage/base/ids.hpp"

namespace troupe {

/// A plan counts on from the end of its block before it is told that there are no more, so some are left above.
inline constexpr Oid kOidsEnd = 0xFFFF'0000;
/// Below what checkpoints call the trees of spilled writes (storage/partition/partition_store.cpp).
inline constexpr TreeId kTreesEnd = 0xEFFF'0000;

/// `count` in a row; nothing when there are not as many before `end`.
inline std::optional<uint32_t> take_block(std::atomic<uint32_t>& next, uint32_t count, uint32_t end) {
  uint32_t first = next.load();
  do {
    if (first > end || count > end - first) return std::nullopt;
  } while (!next.compare_exchange_weak(first, first + count));
  return first;
}

}  // namespace troupe
