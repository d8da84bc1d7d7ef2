#pragma once
/// The end that answers: accepts, checks certificate and name, and hands each proven peer's link out. Such a link
/// lives for one connection; when the peer dials again, a new one is handed out and an older one of the same peer ends.
#include <asio/io_context.hpp>

#include "runtime/link/link_options.hpp"
#include "runtime/link/peer_link.hpp"

namespace troupe {

class LinkListener {
 public:
  /// May refuse a peer by its (proven) name.
  using Admit = std::function<bool(const std::string& peer_name)>;
  /// Sets the link's handlers; the owner keeps it as long as it wants to use it.
  using Accept = std::function<void(std::shared_ptr<PeerLink> link)>;

  /// Port 0: any free one. Errors: kIoError when the address cannot be bound.
  static absl::StatusOr<std::shared_ptr<LinkListener>> create(asio::io_context& context, const LinkOptions& options,
                                                              const LinkIdentity& identity, const std::string& address,
                                                              uint16_t port, Admit admit, Accept accept);
  virtual ~LinkListener() = default;

  virtual uint16_t port() const = 0;
  /// Ends every link that was handed out, too.
  virtual void stop() = 0;
  virtual uint64_t refused() const = 0;  ///< connections that did not prove who they are
};

}  // namespace troupe
