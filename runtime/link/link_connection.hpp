#pragma once
/// One established connection to a peer: reads and writes frames, answers for the window, heartbeats and requests.
/// Lives until it is lost or closed, then never again: a new connection is a new object with a new incarnation, so a
/// late reply of an old one meets nobody.
/// Invariant: when lost, every pending request has failed before on_state is told.
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>

#include "runtime/link/link_options.hpp"
#include "runtime/link/peer_link.hpp"
#include "runtime/link/pending_requests.hpp"
#include "runtime/link/send_queue.hpp"

namespace troupe {

using TlsStream = asio::ssl::stream<asio::ip::tcp::socket>;

/// What the user of a link wants to hear; shared by the connections that follow one another.
struct LinkEvents {
  PeerLink::Handler incoming;
  std::function<void(const absl::Status&)> state;
  std::function<void()> writable;
  std::function<void(const absl::Status&)> lost;  // for the link's owner: before state
};

class LinkConnection final : public IncomingOwner, public std::enable_shared_from_this<LinkConnection> {
 public:
  LinkConnection(std::shared_ptr<TlsStream> stream, const LinkOptions& options, LinkHello peer, uint64_t incarnation,
                 std::shared_ptr<LinkEvents> events);

  void start();
  absl::Status send(LinkKind kind, FrameBytes frame);
  void request(LinkKind kind, FrameBytes frame, uint32_t deadline_ms, PeerLink::Reply reply);
  /// Ends it from this side; `why` is what pending requests hear.
  void close(absl::Status why);

  void reply(uint64_t correlation, FrameBytes frame) override;
  void reply_error(uint64_t correlation, const absl::Status& status) override;
  void consumed(uint64_t bytes) override;

  uint64_t incarnation() const { return incarnation_; }
  const LinkHello& peer() const { return peer_; }
  bool open() const { return open_; }

 private:
  int64_t now_ms() const;
  absl::Status check_frame(const FrameBytes& frame) const;
  OutgoingFrame outgoing(LinkFrameType type, LinkKind kind, FrameBytes frame, uint64_t correlation,
                         uint32_t deadline_ms) const;

  // Writing.
  void pump();
  void fill_batch();
  void append_to_batch(OutgoingFrame frame);
  bool compress(OutgoingFrame* frame);
  void on_written(const asio::error_code& failed);

  // Reading.
  void read_more();
  void on_read(size_t size);
  bool parse_one();
  void read_payload();
  absl::Status check_header(const LinkHeader& header);
  absl::StatusOr<FrameBytes> unpack(const LinkHeader& header, std::string_view payload) const;
  void deliver(FrameBytes frame);
  void on_reply(FrameBytes frame);
  void answer(PendingRequests::Request request, absl::StatusOr<FrameBytes> result);

  // Time.
  void arm_heartbeat();
  void on_heartbeat();
  void arm_deadlines();
  void lose(absl::Status why);

  std::shared_ptr<TlsStream> stream_;
  const LinkOptions options_;
  const LinkHello peer_;
  const uint64_t incarnation_;
  std::shared_ptr<LinkEvents> events_;
  PendingRequests pending_;
  SendQueue queue_;
  asio::steady_timer heartbeat_timer_;
  asio::steady_timer deadline_timer_;
  int64_t deadline_armed_ms_ = 0;  // 0: not armed
  int64_t last_heard_ms_ = 0;
  int64_t next_heartbeat_ms_ = 0;
  bool wrote_since_heartbeat_ = false;

  std::string batch_;      // being written
  FrameBytes batch_tail_;  // a large payload, written from where it is
  std::string compressed_;
  bool writing_ = false;
  bool heartbeat_due_ = false;

  std::string received_;  // room, of which received_size_ bytes from parsed_ on are not parsed
  size_t parsed_ = 0;
  size_t received_size_ = 0;
  LinkHeader header_;  // of the frame being received
  bool in_frame_ = false;
  FrameBytes large_;               // its payload as it travels, when it does not fit in received_
  uint64_t unreturned_bytes_ = 0;  // received and not yet credited to the peer
  uint64_t credit_due_bytes_ = 0;  // consumed and not yet credited to the peer
  bool open_ = true;
};

}  // namespace troupe
