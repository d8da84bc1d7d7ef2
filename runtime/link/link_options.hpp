#pragma once
/// A link's limits; config/ has them under [link].
#include <cstdint>
#include <functional>
#include <string>

#include "runtime/security/tls_context.hpp"

namespace troupe {

struct LinkOptions {
  /// Sent and not yet consumed by the peer, per direction; as much again may wait at the sender.
  uint64_t window_bytes = 32u << 20;
  /// At most 7/8 of the window, so that every frame fits in one that is almost open.
  uint64_t frame_bytes_max = 20u << 20;
  /// Replies that the network does not take; a further one becomes an error.
  uint64_t reply_queue_bytes_max = 64u << 20;
  uint32_t requests_max = 65'536;  ///< waiting for an answer
  uint32_t heartbeat_interval_ms = 500;
  /// Nothing at all from the peer for so long: the link is lost.
  uint32_t heartbeat_timeout_ms = 2'000;
  /// TCP, TLS and hello together.
  uint32_t handshake_timeout_ms = 3'000;
  uint32_t handshakes_max = 64;  ///< accepted connections that have not proved who they are
  uint32_t backoff_min_ms = 50;
  uint32_t backoff_max_ms = 2'000;
  /// Frames from here on are sent as lz4 when that is smaller; 0: never.
  uint32_t compress_bytes_min = 4'096;
  uint64_t seed = 1;  ///< of the back-off's jitter

  absl::Status validate() const;
};

/// Who this node is and whom it believes.
struct LinkIdentity {
  std::string node_name;      ///< the certificate must have been issued for it
  uint64_t node_incarnation;  ///< new with each start of the process; never 0
  TlsIdentity tls;
  std::string authority_pem;
};

}  // namespace troupe
