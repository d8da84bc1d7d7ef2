#pragma once
/// The end of a link that dials: connects, checks who answers, and connects again with back-off when the link is lost.
#include <asio/io_context.hpp>

#include "runtime/link/link_options.hpp"
#include "runtime/link/peer_link.hpp"

namespace troupe {

struct LinkTarget {
  std::string address;  ///< IPv4, IPv6 or a host name
  uint16_t port = 0;
  std::string peer_name;  ///< whose certificate must answer
};

class LinkConnector : public PeerLink {
 public:
  /// Starts to connect once `start()` is called. Errors: the options' and the certificates'.
  static absl::StatusOr<std::shared_ptr<LinkConnector>> create(asio::io_context& context, const LinkOptions& options,
                                                               const LinkIdentity& identity, LinkTarget target);
  virtual void start() = 0;
  /// For good; pending requests fail.
  virtual void stop() = 0;
  /// Why the last attempt failed; OK while connected.
  virtual const absl::Status& last_error() const = 0;
};

}  // namespace troupe
