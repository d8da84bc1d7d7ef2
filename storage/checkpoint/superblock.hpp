#pragma once
/// The two fixed slots at the start of a data file. A checkpoint becomes the current one when its superblock is durable
/// in one of them; a torn write leaves the other. Then it is written to the other too: later damage to one of them
/// loses nothing, and does not bring back an older checkpoint.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/file/file_system.hpp"
#include "storage/page/page_address.hpp"

namespace troupe {

/// The caller's: log position, formats, whatever recovery needs next to the SCN.
using CheckpointMetadata = std::array<uint8_t, 64>;

inline constexpr uint64_t kSuperblockBytes = 4096;
inline constexpr uint64_t kDataStartBytes = 2 * kSuperblockBytes;

struct Superblock {
  uint64_t sequence = 0;  ///< of the checkpoint, from 1
  PartitionId partition = 0;
  Scn covered_scn = kNoScn;  ///< every commit up to here is in the pages
  PageAddress directory;
  PageAddress free_map;
  uint64_t file_grains = 0;
  CheckpointMetadata metadata{};

  /// Of the slot that is written first, and of the other.
  uint64_t first_offset() const { return (sequence % 2) * kSuperblockBytes; }
  uint64_t second_offset() const { return kSuperblockBytes - first_offset(); }
};

std::string encode_superblock(const Superblock& superblock);
/// Errors: kDataCorrupted (bad magic, version or checksum).
absl::StatusOr<Superblock> decode_superblock(std::string_view bytes, std::string_view path);
/// The valid one with the higher sequence. Errors: kDataCorrupted when neither slot is valid.
absl::StatusOr<Superblock> read_superblock(const File& file);
/// Both slots hold the newest superblock afterwards. Returns what was wrong with a slot that was not valid; empty:
/// none.
absl::StatusOr<std::string> repair_superblocks(File& file);

}  // namespace troupe
