#include "runtime/link/link_frame.hpp"

#include "storage/base/bytes.hpp"

namespace troupe {
namespace {

constexpr std::string_view kMagic = "TLNK";
constexpr uint8_t kVersion = 1;
constexpr uint8_t kFlagCompressed = 1;

}  // namespace

void append_link_header(const LinkHeader& header, std::string* out) {
  ByteWriter writer(out);
  writer.u32(header.size);
  writer.u32(header.raw_size);
  writer.u8(static_cast<uint8_t>(header.type));
  writer.u8(header.compressed ? kFlagCompressed : 0);
  writer.u16(header.kind);
  writer.u32(header.deadline_ms);
  writer.u64(header.correlation);
  writer.u64(header.incarnation);
  writer.u64(header.credit);
}

absl::StatusOr<LinkHeader> read_link_header(std::string_view bytes) {
  ByteReader reader(bytes);
  LinkHeader header;
  header.size = reader.u32();
  header.raw_size = reader.u32();
  const uint8_t type = reader.u8();
  const uint8_t flags = reader.u8();
  header.kind = reader.u16();
  header.deadline_ms = reader.u32();
  header.correlation = reader.u64();
  header.incarnation = reader.u64();
  header.credit = reader.u64();
  if (type < static_cast<uint8_t>(LinkFrameType::kHello) || type > static_cast<uint8_t>(LinkFrameType::kHeartbeat) ||
      flags > kFlagCompressed) {
    return error(ErrorCode::kProtocolViolation, "unknown frame type ", type, " on a link");
  }
  header.type = static_cast<LinkFrameType>(type);
  header.compressed = flags == kFlagCompressed;
  if (header.compressed ? header.size >= header.raw_size : header.size != header.raw_size) {
    return error(ErrorCode::kProtocolViolation, "a frame's sizes contradict each other");
  }
  return header;
}

std::string LinkHello::encode() const {
  std::string bytes(kMagic);
  ByteWriter writer(&bytes);
  writer.u8(kVersion);
  writer.bytes(node_name);
  writer.u64(node_incarnation);
  writer.u64(connection_incarnation);
  writer.u64(window_bytes);
  writer.u64(frame_bytes_max);
  return bytes;
}

absl::StatusOr<LinkHello> LinkHello::decode(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.raw(kMagic.size()) != kMagic) return error(ErrorCode::kProtocolViolation, "the peer does not speak link");
  if (const uint8_t version = reader.u8(); version != kVersion) {
    return error(ErrorCode::kProtocolViolation, "the peer speaks version ", version, " of link, this node ", kVersion);
  }
  LinkHello hello;
  hello.node_name = std::string(reader.bytes());
  hello.node_incarnation = reader.u64();
  hello.connection_incarnation = reader.u64();
  hello.window_bytes = reader.u64();
  hello.frame_bytes_max = reader.u64();
  if (!reader.ok() || hello.node_name.empty() || hello.window_bytes == 0) {
    return error(ErrorCode::kProtocolViolation, "the peer's hello is not valid");
  }
  return hello;
}

}  // namespace troupe
