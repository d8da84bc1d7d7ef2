#pragma once
/// The log's bytes on disk, and why its end can be found after a crash.
///
/// A position is a byte offset into the one endless log; segment files hold equal slices of it, each beginning with
/// its own header sector. A frame never spans two segments. A frame is 32 bytes of header and its payload, and starts
/// at a multiple of 8. Little endian.
///
/// BATCHES. Frames are written in batches: one batch is written and synced before a byte of the next one is written.
/// Each frame carries the position at which its batch starts. So a valid frame proves that every byte of the log
/// before its batch_start was durable at the moment it was written.
///
/// THE END. Recovery reads frames until one at position P is bad. If any valid frame anywhere behind P has a
/// batch_start > P, then P was durable once and has been damaged since: kDataCorrupted, nothing is skipped. If there is
/// none, P belongs to the last batch, which may have been half written: its tail is cut at P. What cannot be told
/// apart is damage inside the very last synced batch; so the owner appends a mark when the log falls idle and at a
/// clean stop, which moves the last batch's records out of doubt, and recovery may be told how far the log is known to
/// be durable (from a checkpoint).
///
/// CUTTING. Frames behind the cut may be intact (sectors are written in any order) and would come back to life once new
/// frames fill the gap before them. They are overwritten with zeros, newest batch first with a sync between batches, so
/// that a crash in the middle never leaves a valid frame whose batch_start lies behind a hole.
///
/// DOUBT. Bytes of the last batch may be readable and yet not be on the disk: the process died before its sync, or the
/// sync failed (the kernel then calls the pages clean). Recovery writes [last batch_start, end) again and syncs it
/// before anybody acts on it.
///
/// SECTORS. A batch is padded to whole sectors, so no two batches share one: a write that is torn, or a sector that
/// becomes unreadable because power failed while it was written, cannot touch an earlier batch. (The kernel may write
/// a whole 4 KiB page; what it repeats there are identical bytes.)
///
/// RECYCLING. A released segment is renamed to a spare, gets a new header, is synced, and only then becomes a segment
/// again under its new name. Its old frames cannot pass: a frame holds its own position, and its checksum is seeded
/// with the log's id and the segment's first position.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

/// 0 is inside the first segment's header, so it never names a record.
using LogPosition = uint64_t;

inline constexpr uint32_t kLogSectorBytes = 512;
inline constexpr uint32_t kFrameHeaderBytes = 32;
inline constexpr uint32_t kFrameAlignment = 8;
inline constexpr uint32_t kSegmentHeaderBytes = kLogSectorBytes;
inline constexpr uint64_t kSegmentBytesMax = 1ull << 30;

enum class LogRecordKind : uint8_t {
  commit = 1,       ///< schema::Commit: a whole transaction, or the last part of one
  commit_part = 2,  ///< schema::Commit: its commit follows, with nothing but parts of it in between
  checkpoint = 3,   ///< schema::CheckpointMark
  mark = 4,         ///< empty: takes what is before it out of doubt
  closed = 5,       ///< empty: a mark of a clean stop
  padding = 6,      ///< its payload is to be skipped and not covered by the checksum
  bulk = 7          ///< schema::Bulk: rows of a transaction that has not committed yet, for subscribers
};

/// Bits of FrameHeader::flags.
inline constexpr uint8_t kFrameContinues = 1;  ///< not the first record of its transaction

/// As it lies on the disk.
struct FrameHeader {
  uint32_t crc;           ///< of the other 28 bytes and the payload, seeded with the segment's identity
  uint32_t length;        ///< of the payload
  LogPosition position;   ///< of this frame
  uint32_t batch_offset;  ///< position - batch_start
  LogRecordKind kind;
  uint8_t flags;
  uint16_t reserved;
  Scn scn;  ///< of the commit; otherwise of the last commit before
};
static_assert(sizeof(FrameHeader) == kFrameHeaderBytes);

/// One slice of the log.
struct SegmentId {
  uint64_t log_id = 0;      ///< random, drawn when the log is made
  LogPosition first = 0;    ///< of its header sector
  uint64_t size_bytes = 0;  ///< header included

  LogPosition begin() const { return first + kSegmentHeaderBytes; }
  LogPosition end() const { return first + size_bytes; }
  /// What its frames' checksums are seeded with.
  uint32_t crc_seed() const;
  bool operator==(const SegmentId&) const = default;
};

/// Bytes that a frame with `length` bytes of payload takes.
inline uint64_t frame_bytes(uint64_t length) {
  return (kFrameHeaderBytes + length + kFrameAlignment - 1) / kFrameAlignment * kFrameAlignment;
}
/// Whether a frame with an empty payload fits between `position` and the segment's end. What is left is unused.
inline bool has_room(const SegmentId& segment, LogPosition position) {
  return position + kFrameHeaderBytes <= segment.end();
}
/// Where the padding of a batch that ends at `position` ends; `position` itself when it needs none.
LogPosition padded_end(LogPosition position);

/// Fills in the checksum.
void seal_frame(FrameHeader* header, std::string_view payload, uint32_t crc_seed);
/// Nothing, or why `bytes` (from the frame's position to the end of the segment or more) hold no valid frame there.
std::optional<std::string> check_frame(std::string_view bytes, LogPosition position, const SegmentId& segment,
                                       FrameHeader* header);
/// The same for the header alone, which does not prove that the payload is whole.
std::optional<std::string> check_frame_header(std::string_view bytes, LogPosition position, const SegmentId& segment,
                                              FrameHeader* header);
std::string_view kind_name(LogRecordKind kind);

/// A whole sector.
std::string encode_segment_header(const SegmentId& segment);
/// `path` for the message. Errors: kDataCorrupted.
absl::StatusOr<SegmentId> decode_segment_header(std::string_view sector, const std::string& path);

/// "log-<16 hex digits of the first position>.seg"
std::string segment_name(LogPosition first);
std::optional<LogPosition> parse_segment_name(std::string_view name);
/// "spare-<n>.seg": preallocated, of no content.
std::string spare_name(uint64_t n);
std::optional<uint64_t> parse_spare_name(std::string_view name);

}  // namespace troupe
