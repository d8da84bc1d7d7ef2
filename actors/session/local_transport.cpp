#include "actors/session/local_transport.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe {

// --- the client's end ---

void LocalPipe::write(OutputBuffer& bytes) {
  if (!client_gone_ && !session_gone()) incoming_.append(bytes.pending());
  bytes.consume(bytes.size());
  deliver();
}

void LocalPipe::read_up_to(size_t unread) {
  unread_ = unread;
  if (!session_waits_ || outgoing_.size() + unread_ >= kWindowBytes) return;
  session_waits_ = false;
  if (events_ != nullptr) events_->on_sent();
}

void LocalPipe::hang_up() {
  client_gone_ = true;
  if (events_ != nullptr) close();
}

void LocalPipe::wake() {
  if (!woken_.exchange(true, std::memory_order_acq_rel)) wake_();
}

// --- the session's end ---

void LocalPipe::start(TransportEvents* events) {
  events_ = events;
  if (client_gone_) return close();
  deliver();
}

void LocalPipe::pause_reading(bool paused) {
  paused_ = paused;
  deliver();
}

/// What is delivered may make the session pause, send or close.
void LocalPipe::deliver() {
  if (delivering_) return;  // the loop below goes on
  delivering_ = true;
  while (events_ != nullptr && !paused_ && !incoming_.empty()) {
    const std::span<char> room = events_->read_room();
    const size_t size = std::min(room.size(), incoming_.size());
    std::memcpy(room.data(), incoming_.pending().data(), size);
    incoming_.consume(size);
    events_->on_received(size);
  }
  delivering_ = false;
}

bool LocalPipe::send(OutputBuffer& buffer) {
  const bool lost = client_gone_ || events_ == nullptr;  // as a socket that is shut down: the read side tells
  if (!lost && !buffer.empty()) {
    outgoing_.append(buffer.pending());
    wake();
  }
  buffer.consume(buffer.size());
  session_waits_ = !lost && outgoing_.size() + unread_ >= kWindowBytes;
  return !session_waits_;
}

void LocalPipe::close() {
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
  session_is_gone();
}

void LocalPipe::session_is_gone() {
  if (!session_gone_.exchange(true, std::memory_order_acq_rel)) wake();
}

}  // namespace troupe
