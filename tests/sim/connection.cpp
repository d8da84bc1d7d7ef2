#include "tests/sim/connection.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::sim {

/// Mostly a local network's; sometimes a lost packet's.
int64_t Connection::latency_us() {
  return static_cast<int64_t>(random_.below(50) == 0 ? random_.below(20'000) : 5 + random_.below(200));
}

// --- client to server ---

void Connection::client_send(std::string_view bytes) {
  if (client_gone_ || server_closed_) return;
  inbound_.append(bytes);
  arm_inbound();
}

void Connection::client_close() {
  if (client_gone_) return;
  client_gone_ = true;
  client_ = {};
  outbound_.clear();
  arm_inbound();
  if (!unsent_.empty()) arm_writable();
}

void Connection::cut() {
  inbound_.clear();
  outbound_.clear();
  const auto self = shared_from_this();
  close();
  tell_client_closed();
}

void Connection::server_died() {
  events_ = nullptr;
  server_closed_ = true;
  inbound_.clear();
  unsent_.clear();
  if (random_.chance(0.5)) outbound_.resize(random_.below(outbound_.size() + 1));
  arm_outbound();
}

void Connection::arm_inbound() {
  if (inbound_armed_ || paused_ || events_ == nullptr || (inbound_.empty() && !client_gone_)) return;
  inbound_armed_ = true;
  timeline_.after(latency_us(), [self = shared_from_this()] {
    self->inbound_armed_ = false;
    self->deliver_inbound();
  });
}

void Connection::deliver_inbound() {
  if (events_ == nullptr || paused_) return;
  if (inbound_.empty()) {
    if (client_gone_) close();
    return;
  }
  const std::span<char> room = events_->read_room();
  size_t size = std::min(room.size(), inbound_.size());
  if (random_.below(8) == 0) size = 1 + random_.below(size);
  std::memcpy(room.data(), inbound_.data(), size);
  inbound_.erase(0, size);
  events_->on_received(size);
  arm_inbound();
}

// --- server to client ---

void Connection::start(TransportEvents* events) {
  events_ = events;
  arm_inbound();
}

void Connection::pause_reading(bool paused) {
  paused_ = paused;
  arm_inbound();
}

bool Connection::send(OutputBuffer& buffer) {
  size_t size = std::min(buffer.size(), room());
  if (client_gone_ || server_closed_)
    size = buffer.size();  // as a socket that is shut down: the read side tells
  else if (random_.below(16) == 0)
    size = random_.below(size + 1);
  if (!client_gone_ && !server_closed_) outbound_.append(buffer.pending().substr(0, size));
  arm_outbound();
  buffer.consume(size);
  if (buffer.empty()) return true;
  unsent_ = buffer.pending();
  buffer.consume(buffer.size());
  arm_writable();
  return false;
}

void Connection::arm_writable() {
  if (writable_armed_) return;
  writable_armed_ = true;
  timeline_.after(latency_us(), [self = shared_from_this()] {
    self->writable_armed_ = false;
    self->write_on();
  });
}

void Connection::write_on() {
  if (events_ == nullptr || unsent_.empty()) return;
  if (client_gone_) {
    unsent_.clear();
    close();
    return;
  }
  const size_t size = std::min(unsent_.size(), room());
  outbound_.append(unsent_, 0, size);
  unsent_.erase(0, size);
  arm_outbound();
  if (unsent_.empty()) {
    events_->on_sent();
  }
  // Otherwise the client's reading makes room.
}

void Connection::arm_outbound() {
  if (outbound_armed_ || client_gone_ || (outbound_.empty() && !server_closed_)) return;
  outbound_armed_ = true;
  timeline_.after(latency_us(), [self = shared_from_this()] {
    self->outbound_armed_ = false;
    self->deliver_outbound();
  });
}

void Connection::deliver_outbound() {
  if (client_gone_) return;
  if (outbound_.empty()) {
    if (server_closed_) tell_client_closed();
    return;
  }
  size_t size = outbound_.size();
  if (random_.below(8) == 0) size = 1 + random_.below(size);
  const std::string bytes = outbound_.substr(0, size);
  outbound_.erase(0, size);
  if (!unsent_.empty()) arm_writable();
  arm_outbound();
  const auto received = client_.received;  // the call may end this end of the connection
  received(bytes);
}

void Connection::close() {
  if (server_closed_) return;
  server_closed_ = true;
  arm_outbound();
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
}

void Connection::tell_client_closed() {
  if (client_gone_) return;
  client_gone_ = true;
  const auto closed = std::move(client_.closed);
  client_ = {};
  if (closed) closed();
}

}  // namespace troupe::sim
