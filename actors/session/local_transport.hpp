#pragma once
/// The byte stream between a session and a client in this process (local_client.hpp): no socket, no system call. What
/// is said is bounded at either end, as by a socket's buffers: a session whose client does not read waits, and a
/// session that is busy is not spoken to. Owner: both ends, on the session's cell; only the last of the session's end
/// may go on another thread, and `wake` is called on any.
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "actors/session/transport.hpp"
#include "runtime/security/tls_facts.hpp"

namespace troupe {

/// What a session is to know of its client.
struct LocalPeer {
  /// "[local]", or "address:port" of somebody far away for whom this client speaks: access rules look at it.
  std::string name = "[local]";
  std::shared_ptr<const TlsFacts> tls;       ///< of the connection to them; null: without
  std::shared_ptr<const KnownClient> known;  ///< null: the session asks who it is
};

class LocalPipe {
 public:
  /// Sent and not yet read by the client; with more the session waits.
  static constexpr size_t kWindowBytes = 64 * 1024;

  LocalPipe(LocalPeer peer, std::function<void()> wake) : peer_{std::move(peer)}, wake_{std::move(wake)} {}

  // The client's end.
  /// Takes all of it.
  void write(OutputBuffer& bytes);
  OutputBuffer& outgoing() { return outgoing_; }
  /// The client has read so far that there are `unread` bytes at its end.
  void read_up_to(size_t unread);
  /// As a connection that is lost: what the session is doing is cancelled.
  void hang_up();
  bool session_gone() const { return session_gone_.load(std::memory_order_acquire); }
  /// Whoever was woken looks now: what comes next wakes it again.
  void awake() { woken_.store(false, std::memory_order_release); }
  void wake();

  // The session's end.
  void start(TransportEvents* events);
  void tell(TransportEvents* events) { events_ = events; }
  void pause_reading(bool paused);
  bool send(OutputBuffer& buffer);
  void close();
  void session_is_gone();
  const LocalPeer& peer() const { return peer_; }

 private:
  void deliver();

  const LocalPeer peer_;
  const std::function<void()> wake_;
  TransportEvents* events_ = nullptr;
  OutputBuffer incoming_;  ///< to the session
  OutputBuffer outgoing_;  ///< to the client
  size_t unread_ = 0;      ///< of what the client has taken
  bool paused_ = false;
  bool delivering_ = false;
  bool session_waits_ = false;  ///< for its send to be taken
  bool client_gone_ = false;
  std::atomic<bool> session_gone_{false};
  std::atomic<bool> woken_{false};
};

/// What the session holds: when nobody does any more (it was never started), the client hears that it is gone.
class LocalTransport final : public Transport {
 public:
  explicit LocalTransport(std::shared_ptr<LocalPipe> pipe) : pipe_{std::move(pipe)} {}
  ~LocalTransport() override { pipe_->session_is_gone(); }
  void start(TransportEvents* events) override { pipe_->start(events); }
  void tell(TransportEvents* events) override { pipe_->tell(events); }
  void pause_reading(bool paused) override { pipe_->pause_reading(paused); }
  bool send(OutputBuffer& buffer) override { return pipe_->send(buffer); }
  void close() override { pipe_->close(); }
  std::string peer_name() const override { return pipe_->peer().name; }
  const TlsFacts* tls() const override { return pipe_->peer().tls.get(); }
  const KnownClient* known_client() const override { return pipe_->peer().known.get(); }

 private:
  std::shared_ptr<LocalPipe> pipe_;
};

}  // namespace troupe
