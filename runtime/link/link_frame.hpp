#pragma once
/// What travels on a link: a header of fixed size, then the payload. Little endian.
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

enum class LinkFrameType : uint8_t {
  kHello = 1,  ///< once from either side, before anything else
  kMessage,
  kRequest,
  kReply,
  kErrorReply,  ///< payload: encode_error()
  kHeartbeat,   ///< nothing but its header, whose credit counts
};

struct LinkHeader {
  uint32_t size = 0;      ///< of the payload as it travels
  uint32_t raw_size = 0;  ///< of the payload unpacked
  LinkFrameType type = LinkFrameType::kHeartbeat;
  bool compressed = false;  ///< one lz4 block
  uint16_t kind = 0;
  uint32_t deadline_ms = 0;
  uint64_t correlation = 0;
  uint64_t incarnation = 0;  ///< of the connection; a frame with another one is an error
  uint64_t credit = 0;       ///< bytes of the receiver's window that are free again
};

inline constexpr size_t kLinkHeaderBytes = 40;

void append_link_header(const LinkHeader& header, std::string* out);
/// `bytes` holds kLinkHeaderBytes. Errors: kProtocolViolation for an unknown type or sizes that contradict.
absl::StatusOr<LinkHeader> read_link_header(std::string_view bytes);

/// Who is speaking and what it takes.
struct LinkHello {
  std::string node_name;
  uint64_t node_incarnation = 0;
  uint64_t connection_incarnation = 0;  ///< the accepting side's choice; 0 from the dialing side
  uint64_t window_bytes = 0;
  uint64_t frame_bytes_max = 0;

  static constexpr size_t kBytesMax = 512;
  std::string encode() const;
  static absl::StatusOr<LinkHello> decode(std::string_view bytes);
};

}  // namespace troupe
