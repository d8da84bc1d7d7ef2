#include "runtime/link/link_listener.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>

#include "absl/container/btree_map.h"
#include "runtime/link/established_link.hpp"
#include "runtime/link/link_handshake.hpp"
#include "storage/base/random.hpp"

namespace troupe {
namespace {

using asio::ip::tcp;

class AcceptedLink final : public EstablishedLink<PeerLink> {
 public:
  using EstablishedLink::EstablishedLink;
  ~AcceptedLink() override { use_.close("the link was dropped"); }

  LinkUse& use() { return use_; }
};

class AcceptingListener final : public LinkListener, public std::enable_shared_from_this<AcceptingListener> {
 public:
  AcceptingListener(asio::io_context& context, std::shared_ptr<LinkCredentials> credentials, Admit admit, Accept accept)
      : context_{context},
        acceptor_{context},
        pause_timer_{context},
        credentials_{std::move(credentials)},
        admit_{std::move(admit)},
        accept_{std::move(accept)},
        incarnations_{credentials_->identity.node_incarnation} {}

  absl::Status listen(const std::string& address, uint16_t port) {
    asio::error_code code;
    const auto ip = asio::ip::make_address(address, code);
    if (code) return error(ErrorCode::kInvalidParameterValue, "\"", address, "\" is not an address");
    const tcp::endpoint endpoint(ip, port);
    acceptor_.open(endpoint.protocol(), code);
    if (!code) acceptor_.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code) acceptor_.bind(endpoint, code);
    if (!code) acceptor_.listen(asio::socket_base::max_listen_connections, code);
    if (code) return error(ErrorCode::kIoError, "listening on ", address, " port ", port, ": ", code.message());
    accept_next();
    return absl::OkStatus();
  }

  uint16_t port() const override {
    asio::error_code code;
    return acceptor_.local_endpoint(code).port();
  }
  uint64_t refused() const override { return refused_; }
  void stop() override {
    stopped_ = true;
    asio::error_code ignored;
    acceptor_.close(ignored);
    pause_timer_.cancel();
    for (const auto& [name, weak] : links_) {
      if (const auto link = weak.lock()) link->use().close("this node ended the link");
    }
    links_.clear();
  }

 private:
  void accept_next() {
    acceptor_.async_accept([weak = weak_from_this()](const asio::error_code& code, tcp::socket socket) {
      const auto self = weak.lock();
      if (!self || self->stopped_) return;
      if (code) return self->pause();
      self->on_socket(std::move(socket));
      self->accept_next();
    });
  }

  /// Out of file descriptors, mostly: trying again at once would only burn the processor.
  void pause() {
    constexpr auto kPause = std::chrono::milliseconds(100);
    pause_timer_.expires_after(kPause);
    pause_timer_.async_wait([weak = weak_from_this()](const asio::error_code& cancelled) {
      const auto self = weak.lock();
      if (!cancelled && self && !self->stopped_) self->accept_next();
    });
  }

  void on_socket(tcp::socket socket) {
    if (handshakes_ >= credentials_->options.handshakes_max) {
      ++refused_;
      return;  // closed as it goes
    }
    ++handshakes_;
    const uint64_t incarnation = incarnations_.next() | 1;  // never 0
    asio::co_spawn(context_, prove(weak_from_this(), credentials_, std::move(socket), incarnation, admit_),
                   asio::detached);
  }

  static asio::awaitable<void> prove(std::weak_ptr<AcceptingListener> weak,
                                     std::shared_ptr<LinkCredentials> credentials, tcp::socket socket,
                                     uint64_t incarnation, Admit admit) {
    auto peer = co_await prove_accepted(credentials, std::move(socket), incarnation, admit);
    if (const auto self = weak.lock()) self->on_proven(std::move(peer));
  }

  void on_proven(absl::StatusOr<ProvenPeer> peer) {
    --handshakes_;
    if (stopped_) return;
    if (!peer.ok()) {
      ++refused_;
      return;
    }
    const std::string name = peer->hello.node_name;
    auto link = std::make_shared<AcceptedLink>(context_, name);
    auto connection = std::make_shared<LinkConnection>(peer->stream, credentials_->options, peer->hello,
                                                       peer->incarnation, link->use().events());
    link->use().use(connection);
    if (const auto older = std::exchange(links_[name], link).lock()) older->use().close("the peer connected again");
    accept_(link);
    if (connection->open()) connection->start();
  }

  asio::io_context& context_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_timer_;
  std::shared_ptr<LinkCredentials> credentials_;
  Admit admit_;
  Accept accept_;
  Random incarnations_;
  /// The newest link of each peer; as many as there are nodes.
  absl::btree_map<std::string, std::weak_ptr<AcceptedLink>> links_;
  uint32_t handshakes_ = 0;
  uint64_t refused_ = 0;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<std::shared_ptr<LinkListener>> LinkListener::create(asio::io_context& context,
                                                                   const LinkOptions& options,
                                                                   const LinkIdentity& identity,
                                                                   const std::string& address, uint16_t port,
                                                                   Admit admit, Accept accept) {
  TROUPE_ASSIGN_OR_RETURN(auto credentials, LinkCredentials::create(identity, options));
  auto listener =
      std::make_shared<AcceptingListener>(context, std::move(credentials), std::move(admit), std::move(accept));
  TROUPE_RETURN_IF_ERROR(listener->listen(address, port));
  return std::static_pointer_cast<LinkListener>(std::move(listener));
}

}  // namespace troupe
