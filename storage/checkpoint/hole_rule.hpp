#pragma once
/// Which free space of a data file goes back to the volume after a checkpoint. What is soon written again stays the
/// file's, because a hole costs more than it saves then: 64 MB, an eighth of the file, or what two checkpoints like
/// this one write, and every extent below 1 MB. When the disk is full all goes back.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "storage/file/file_system.hpp"
#include "storage/page/page_address.hpp"

namespace troupe {

inline constexpr uint64_t kKeptFreeBytes = 64u << 20;
inline constexpr uint64_t kKeptFreePart = 8;
inline constexpr uint64_t kLargeHoleBytes = 1u << 20;

/// Grains from which on a free extent is made a hole; nothing: none is.
inline std::optional<uint64_t> smallest_hole(uint64_t free_grains, uint64_t end_grains, uint64_t written_bytes,
                                             bool disk_full) {
  if (disk_full) return kHoleBytes / kGrainBytes;
  const uint64_t kept =
      std::max({kKeptFreeBytes / kGrainBytes, end_grains / kKeptFreePart, 2 * written_bytes / kGrainBytes});
  if (free_grains <= kept) return std::nullopt;
  return kLargeHoleBytes / kGrainBytes;
}

}  // namespace troupe
