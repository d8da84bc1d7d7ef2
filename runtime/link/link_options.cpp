#include "runtime/link/link_options.hpp"

#include "runtime/link/link_frame.hpp"

namespace troupe {

absl::Status LinkOptions::validate() const {
  const auto bad = [](std::string_view what) { return error(ErrorCode::kInvalidParameterValue, what); };
  if (window_bytes < 64 * 1024) return bad("link.window_bytes must be at least 64 KiB");
  if (frame_bytes_max + kLinkHeaderBytes > window_bytes / 8 * 7) {
    return bad("link.frame_bytes_max must be at most 7/8 of link.window_bytes");
  }
  if (frame_bytes_max > UINT32_MAX) return bad("link.frame_bytes_max must be below 4 GiB");
  if (heartbeat_interval_ms == 0 || heartbeat_timeout_ms < 2 * heartbeat_interval_ms) {
    return bad("link.heartbeat_timeout_ms must be at least twice link.heartbeat_interval_ms");
  }
  if (handshake_timeout_ms == 0) return bad("link.handshake_timeout_ms must not be 0");
  if (backoff_min_ms == 0 || backoff_max_ms < backoff_min_ms) {
    return bad("link.backoff_max_ms must be at least link.backoff_min_ms, which must not be 0");
  }
  return absl::OkStatus();
}

}  // namespace troupe
