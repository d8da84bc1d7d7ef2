#pragma once
/// What waits to be written to a peer, and how much of it the peer's window allows. Replies go first and are not held
/// back by the window: the peer asked for them and takes them at once.
/// Invariants: in_flight_bytes <= window; queued message bytes <= window (one more frame is refused).
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

#include "runtime/link/link_frame.hpp"
#include "storage/base/frame.hpp"

namespace troupe {

struct OutgoingFrame {
  LinkHeader header;
  FrameBytes payload;

  /// What it counts against a window.
  uint64_t charge() const { return kLinkHeaderBytes + payload.size(); }
};

class SendQueue {
 public:
  SendQueue(uint64_t window_bytes, uint64_t reply_bytes_max)
      : window_bytes_{window_bytes}, reply_bytes_max_{reply_bytes_max} {}

  /// False when the queue is full; from then on take_became_writable() is true once, when half of it is free.
  bool push(OutgoingFrame frame);
  /// False when the network has taken too few of the replies before.
  bool push_reply(OutgoingFrame frame);
  /// Error replies are small and as many as the requests of the peer's window.
  void push_error_reply(OutgoingFrame frame) { replies_.push_back(std::move(frame)); }

  /// The next frame that may be written.
  std::optional<OutgoingFrame> pop();
  /// The peer gave credit back. False when it is more than was sent.
  bool credited(uint64_t bytes);
  bool take_became_writable();

  bool ready() const;
  uint64_t queued_bytes() const { return message_bytes_ + reply_bytes_; }
  uint64_t in_flight_bytes() const { return in_flight_bytes_; }
  void check_invariants() const;

 private:
  std::deque<OutgoingFrame> messages_;
  std::deque<OutgoingFrame> replies_;
  uint64_t message_bytes_ = 0;
  uint64_t reply_bytes_ = 0;
  uint64_t in_flight_bytes_ = 0;
  uint64_t window_bytes_;
  uint64_t reply_bytes_max_;
  bool refused_ = false;
};

}  // namespace troupe
