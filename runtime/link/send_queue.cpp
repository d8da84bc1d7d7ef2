#include "runtime/link/send_queue.hpp"

#include <utility>

#include "storage/base/check.hpp"

namespace troupe {

bool SendQueue::push(OutgoingFrame frame) {
  if (message_bytes_ + frame.charge() > window_bytes_) {
    refused_ = true;
    return false;
  }
  message_bytes_ += frame.charge();
  messages_.push_back(std::move(frame));
  return true;
}

bool SendQueue::push_reply(OutgoingFrame frame) {
  // A single reply always fits, so that a limit below a frame's size blocks nobody.
  if (reply_bytes_ > 0 && reply_bytes_ + frame.charge() > reply_bytes_max_) return false;
  reply_bytes_ += frame.charge();
  replies_.push_back(std::move(frame));
  return true;
}

bool SendQueue::ready() const {
  return !replies_.empty() || (!messages_.empty() && in_flight_bytes_ + messages_.front().charge() <= window_bytes_);
}

std::optional<OutgoingFrame> SendQueue::pop() {
  if (!ready()) return std::nullopt;
  std::deque<OutgoingFrame>& from = replies_.empty() ? messages_ : replies_;
  OutgoingFrame frame = std::move(from.front());
  from.pop_front();
  if (frame.header.type == LinkFrameType::kReply) {
    reply_bytes_ -= frame.charge();
  } else if (frame.header.type != LinkFrameType::kErrorReply) {
    message_bytes_ -= frame.charge();
    in_flight_bytes_ += frame.charge();
  }
  return frame;
}

bool SendQueue::credited(uint64_t bytes) {
  if (bytes > in_flight_bytes_) return false;
  in_flight_bytes_ -= bytes;
  return true;
}

bool SendQueue::take_became_writable() {
  return refused_ && message_bytes_ <= window_bytes_ / 2 && std::exchange(refused_, false);
}

void SendQueue::check_invariants() const {
  TROUPE_CHECK(in_flight_bytes_ <= window_bytes_);
  TROUPE_CHECK(message_bytes_ <= window_bytes_);
  uint64_t bytes = 0;
  for (const OutgoingFrame& frame : messages_) bytes += frame.charge();
  TROUPE_CHECK(bytes == message_bytes_);
}

}  // namespace troupe
