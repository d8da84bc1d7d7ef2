#pragma once
/// What both ends of a link share: the events their user set and the connection of the moment.
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "runtime/link/link_connection.hpp"

namespace troupe {

class LinkUse {
 public:
  LinkUse(asio::io_context& context, std::string peer_name) : context_{context}, peer_name_{std::move(peer_name)} {}

  absl::Status send(LinkKind kind, FrameBytes frame) {
    return connected() ? connection_->send(kind, std::move(frame)) : down();
  }
  void request(LinkKind kind, FrameBytes frame, uint32_t deadline_ms, PeerLink::Reply reply) {
    if (connected()) return connection_->request(kind, std::move(frame), deadline_ms, std::move(reply));
    asio::post(context_, [reply = std::move(reply), status = down()] { reply(status); });
  }
  bool connected() const { return connection_ != nullptr && connection_->open(); }
  uint64_t incarnation() const { return connected() ? connection_->incarnation() : 0; }
  const std::string& peer_name() const { return peer_name_; }
  const std::shared_ptr<LinkEvents>& events() const { return events_; }
  asio::io_context& context() const { return context_; }

  void use(std::shared_ptr<LinkConnection> connection) { connection_ = std::move(connection); }
  void close(std::string_view why) {
    if (const auto connection = std::exchange(connection_, nullptr)) {
      connection->close(error(ErrorCode::kConnectionFailure, why));
    }
  }

 private:
  absl::Status down() const { return error(ErrorCode::kConnectionFailure, "the link to ", peer_name_, " is down"); }

  asio::io_context& context_;
  std::string peer_name_;
  std::shared_ptr<LinkEvents> events_ = std::make_shared<LinkEvents>();
  std::shared_ptr<LinkConnection> connection_;
};

/// PeerLink by a LinkUse, for either end.
template <typename Base>
class EstablishedLink : public Base {
 public:
  EstablishedLink(asio::io_context& context, std::string peer_name) : use_{context, std::move(peer_name)} {}

  absl::Status send(LinkKind kind, FrameBytes frame) override { return use_.send(kind, std::move(frame)); }
  void request(LinkKind kind, FrameBytes frame, uint32_t deadline_ms, PeerLink::Reply reply) override {
    use_.request(kind, std::move(frame), deadline_ms, std::move(reply));
  }
  bool connected() const override { return use_.connected(); }
  const std::string& peer_name() const override { return use_.peer_name(); }
  uint64_t incarnation() const override { return use_.incarnation(); }
  void on_incoming(PeerLink::Handler handler) override { use_.events()->incoming = std::move(handler); }
  void on_state(std::function<void(const absl::Status&)> handler) override {
    use_.events()->state = std::move(handler);
  }
  void on_writable(std::function<void()> handler) override { use_.events()->writable = std::move(handler); }

 protected:
  LinkUse use_;
};

}  // namespace troupe
