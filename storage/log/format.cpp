#include "storage/log/format.hpp"

#include <charconv>
#include <cstring>

#include "absl/strings/str_format.h"
#include "storage/base/bytes.hpp"
#include "storage/base/crc32c.hpp"

namespace troupe {
namespace {

constexpr std::string_view kMagic = "TROUPLOG";
constexpr uint32_t kVersion = 1;
constexpr size_t kSegmentFieldsBytes = 8 + 4 + 4 + 3 * 8;
constexpr size_t kCrcBytes = sizeof(uint32_t);

uint32_t frame_crc(const FrameHeader& header, std::string_view payload, uint32_t seed) {
  const std::string_view bytes(reinterpret_cast<const char*>(&header), sizeof header);
  const uint32_t crc = crc32c(bytes.substr(kCrcBytes), seed);
  return header.kind == LogRecordKind::padding ? crc : crc32c(payload, crc);
}

std::optional<uint64_t> parse_name(std::string_view name, std::string_view prefix) {
  constexpr std::string_view kSuffix = ".seg";
  if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
  if (name.size() != 16 || problem != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

uint32_t SegmentId::crc_seed() const {
  const uint64_t words[2] = {log_id, first};
  return crc32c({reinterpret_cast<const char*>(words), sizeof words});
}

LogPosition padded_end(LogPosition position) {
  const auto round_up = [](LogPosition p) { return (p + kLogSectorBytes - 1) / kLogSectorBytes * kLogSectorBytes; };
  const LogPosition end = round_up(position);
  if (end == position) return position;
  // The padding is a frame of its own and needs room for its header.
  return end - position >= kFrameHeaderBytes ? end : end + kLogSectorBytes;
}

void seal_frame(FrameHeader* header, std::string_view payload, uint32_t crc_seed) {
  header->crc = frame_crc(*header, payload, crc_seed);
}

std::optional<std::string> check_frame_header(std::string_view bytes, LogPosition position, const SegmentId& segment,
                                              FrameHeader* header) {
  if (bytes.size() < kFrameHeaderBytes) return "the file ends inside a frame header";
  std::memcpy(static_cast<void*>(header), bytes.data(), kFrameHeaderBytes);
  if (header->position != position) return cat("no frame header of this position, but of ", header->position);
  const auto kind = static_cast<uint8_t>(header->kind);
  if (kind < 1 || kind > static_cast<uint8_t>(LogRecordKind::bulk)) return cat("unknown record kind ", kind);
  if (frame_bytes(header->length) > segment.end() - position)
    return cat("its ", header->length, " bytes leave the segment");
  if (header->batch_offset > position) return cat("its batch starts before the log");
  return std::nullopt;
}

std::optional<std::string> check_frame(std::string_view bytes, LogPosition position, const SegmentId& segment,
                                       FrameHeader* header) {
  if (auto problem = check_frame_header(bytes, position, segment, header)) return problem;
  const bool padding = header->kind == LogRecordKind::padding;
  if (!padding && bytes.size() < kFrameHeaderBytes + header->length) return "the file ends inside the record";
  const std::string_view payload = padding ? std::string_view{} : bytes.substr(kFrameHeaderBytes, header->length);
  const uint32_t actual = frame_crc(*header, payload, segment.crc_seed());
  if (actual == header->crc) return std::nullopt;
  return absl::StrFormat("checksum %08x, expected %08x", actual, header->crc);
}

std::string_view kind_name(LogRecordKind kind) {
  switch (kind) {
    case LogRecordKind::commit: return "commit";
    case LogRecordKind::commit_part: return "commit part";
    case LogRecordKind::checkpoint: return "checkpoint";
    case LogRecordKind::mark: return "mark";
    case LogRecordKind::closed: return "closed";
    case LogRecordKind::padding: return "padding";
    case LogRecordKind::bulk: return "bulk";
  }
  return "unknown";
}

std::string encode_segment_header(const SegmentId& segment) {
  std::string sector;
  sector.reserve(kSegmentHeaderBytes);
  ByteWriter out(&sector);
  out.raw(kMagic.data(), kMagic.size());
  out.u32(kVersion);
  out.u32(kSegmentHeaderBytes);
  out.u64(segment.log_id);
  out.u64(segment.first);
  out.u64(segment.size_bytes);
  out.u32(crc32c(sector));
  sector.resize(kSegmentHeaderBytes, '\0');
  return sector;
}

absl::StatusOr<SegmentId> decode_segment_header(std::string_view sector, const std::string& path) {
  const auto refuse = [&](const auto&... why) {
    return with_hint(error(ErrorCode::kDataCorrupted, "log segment \"", path, "\" at offset 0: ", why...),
                     "Look at it with \"troupe inspect log\"; restore from the newest backup if it is damaged.");
  };
  if (sector.size() < kSegmentHeaderBytes) return refuse("the file ends inside its header");
  ByteReader in(sector);
  if (in.raw(kMagic.size()) != kMagic) return refuse("it does not begin as a log segment");
  if (const uint32_t version = in.u32(); version != kVersion) {
    return refuse("format version ", version, ", this program knows ", kVersion);
  }
  in.u32();
  SegmentId segment;
  segment.log_id = in.u64();
  segment.first = in.u64();
  segment.size_bytes = in.u64();
  if (in.u32() != crc32c(sector.substr(0, kSegmentFieldsBytes))) return refuse("the header's checksum is wrong");
  if (segment.size_bytes <= kSegmentHeaderBytes || segment.size_bytes > kSegmentBytesMax ||
      segment.size_bytes % kLogSectorBytes != 0 || segment.first % kLogSectorBytes != 0) {
    return refuse("a segment of ", segment.size_bytes, " bytes at ", segment.first, " is impossible");
  }
  return segment;
}

std::string segment_name(LogPosition first) { return absl::StrFormat("log-%016x.seg", first); }
std::optional<LogPosition> parse_segment_name(std::string_view name) { return parse_name(name, "log-"); }
std::string spare_name(uint64_t n) { return absl::StrFormat("spare-%016x.seg", n); }
std::optional<uint64_t> parse_spare_name(std::string_view name) { return parse_name(name, "spare-"); }

}  // namespace troupe
