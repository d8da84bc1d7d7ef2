#include "runtime/link/link_connector.hpp"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include "runtime/link/established_link.hpp"
#include "runtime/link/link_handshake.hpp"
#include "storage/base/random.hpp"

namespace troupe {
namespace {

using asio::ip::tcp;

/// Where `target` is; a literal address needs no resolver.
asio::awaitable<absl::StatusOr<tcp::endpoint>> resolve(const LinkTarget& target,
                                                       const asio::any_io_executor& executor) {
  asio::error_code code;
  const auto address = asio::ip::make_address(target.address, code);
  if (!code) co_return tcp::endpoint(address, target.port);
  tcp::resolver resolver(executor);
  const auto found = co_await resolver.async_resolve(target.address, std::to_string(target.port),
                                                     asio::redirect_error(asio::use_awaitable, code));
  if (code || found.empty()) {
    co_return error(ErrorCode::kConnectionFailure, "the host \"", target.address, "\" is not found: ", code.message());
  }
  co_return found.begin()->endpoint();
}

asio::awaitable<absl::Status> connect(std::shared_ptr<tcp::socket> socket, tcp::endpoint endpoint,
                                      uint32_t timeout_ms) {
  asio::steady_timer timer(socket->get_executor());
  timer.expires_after(std::chrono::milliseconds(timeout_ms));
  timer.async_wait([socket](const asio::error_code& cancelled) {
    asio::error_code ignored;
    if (!cancelled) socket->close(ignored);
  });
  asio::error_code code;
  co_await socket->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, code));
  if (timer.cancel() == 0 && !code) code = asio::error::timed_out;
  if (code) co_return error(ErrorCode::kConnectionFailure, "connecting: ", code.message());
  co_return absl::OkStatus();
}

class DialingLink final : public EstablishedLink<LinkConnector>, public std::enable_shared_from_this<DialingLink> {
 public:
  DialingLink(asio::io_context& context, std::shared_ptr<LinkCredentials> credentials, LinkTarget target)
      : EstablishedLink(context, target.peer_name),
        credentials_{std::move(credentials)},
        target_{std::move(target)},
        retry_timer_{context},
        random_{credentials_->options.seed} {}
  ~DialingLink() override { use_.close("the link was dropped"); }

  void start() override {
    if (std::exchange(started_, true)) return;
    use_.events()->lost = [weak = weak_from_this()](const absl::Status& why) {
      if (const auto self = weak.lock()) self->retry(why);
    };
    dial();
  }
  void stop() override {
    stopped_ = true;
    retry_timer_.cancel();
    use_.close("this node ended the link");
  }
  const absl::Status& last_error() const override { return last_error_; }

 private:
  void dial() {
    if (stopped_) return;
    asio::co_spawn(use_.context(), attempt(weak_from_this(), credentials_, target_, use_.context().get_executor()),
                   asio::detached);
  }

  /// Holds the link weakly while it waits, so that dropping the link ends the dialing.
  static asio::awaitable<void> attempt(std::weak_ptr<DialingLink> weak, std::shared_ptr<LinkCredentials> credentials,
                                       LinkTarget target, asio::any_io_executor executor) {
    auto peer = co_await reach(credentials, target, executor);
    if (const auto self = weak.lock()) self->on_attempt(std::move(peer));
  }

  static asio::awaitable<absl::StatusOr<ProvenPeer>> reach(std::shared_ptr<LinkCredentials> credentials,
                                                           LinkTarget target, asio::any_io_executor executor) {
    auto endpoint = co_await resolve(target, executor);
    if (!endpoint.ok()) co_return endpoint.status();
    auto socket = std::make_shared<tcp::socket>(executor);
    absl::Status status = co_await connect(socket, *endpoint, credentials->options.handshake_timeout_ms);
    if (!status.ok()) co_return status;
    co_return co_await prove_dialed(credentials, std::move(*socket), target.peer_name);
  }

  void on_attempt(absl::StatusOr<ProvenPeer> peer) {
    if (stopped_) return;
    if (!peer.ok()) return retry(peer.status());
    failures_ = 0;
    last_error_ = absl::OkStatus();
    auto connection = std::make_shared<LinkConnection>(peer->stream, credentials_->options, peer->hello,
                                                       peer->incarnation, use_.events());
    use_.use(connection);
    connection->start();
  }

  void retry(const absl::Status& why) {
    last_error_ = why;
    use_.use(nullptr);
    if (stopped_) return;
    const LinkOptions& options = credentials_->options;
    const uint64_t doubled = uint64_t{options.backoff_min_ms} << std::min(failures_++, 20u);
    const uint64_t delay = std::min<uint64_t>(doubled, options.backoff_max_ms);
    // Half of it at random, so that a restarted node is not met by all its peers at once.
    retry_timer_.expires_after(std::chrono::milliseconds(delay / 2 + random_.below(delay / 2 + 1)));
    retry_timer_.async_wait([weak = weak_from_this()](const asio::error_code& cancelled) {
      if (cancelled) return;
      if (const auto self = weak.lock()) self->dial();
    });
  }

  std::shared_ptr<LinkCredentials> credentials_;
  LinkTarget target_;
  asio::steady_timer retry_timer_;
  Random random_;
  absl::Status last_error_;
  unsigned failures_ = 0;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace

absl::StatusOr<std::shared_ptr<LinkConnector>> LinkConnector::create(asio::io_context& context,
                                                                     const LinkOptions& options,
                                                                     const LinkIdentity& identity, LinkTarget target) {
  TROUPE_ASSIGN_OR_RETURN(auto credentials, LinkCredentials::create(identity, options));
  return std::static_pointer_cast<LinkConnector>(
      std::make_shared<DialingLink>(context, std::move(credentials), std::move(target)));
}

}  // namespace troupe
