#include "actors/session/tls_transport.hpp"

#include <utility>

namespace troupe {

TlsTransport::TlsTransport(std::shared_ptr<Transport> wire, ssl_ctx_st* context,
                           std::function<void(const absl::Status&)> on_failure)
    : wire_{std::move(wire)}, channel_{context}, on_failure_{std::move(on_failure)} {}

void TlsTransport::start(TransportEvents* events) {
  events_ = events;
  wire_->tell(static_cast<TransportEvents*>(this));
}

/// What is decrypted already comes first.
void TlsTransport::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused_) deliver();
  if (!closed_) wire_->pause_reading(paused_ || wire_full_);
}

void TlsTransport::on_received(size_t size) {
  channel_.received(size);
  deliver();
  if (wire_full_ && !closed_) wire_->pause_reading(true);
}

/// What is received may make the session pause, send or close. TLS has answers of its own, so nothing is read from a
/// peer that does not read: they would pile up.
void TlsTransport::deliver() {
  if (delivering_) return;  // the loop below goes on
  delivering_ = true;
  while (!paused_ && !closed_ && !wire_full_) {
    const absl::StatusOr<size_t> size = channel_.read(events_->read_room());
    send_encrypted();  // the handshake's answers, and why it failed
    if (!size.ok() && on_failure_) on_failure_(size.status());
    if (!size.ok() || channel_.ended()) {
      close();
    } else if (*size == 0) {
      break;
    } else {
      events_->on_received(*size);
    }
  }
  delivering_ = false;
}

bool TlsTransport::send(OutputBuffer& buffer) {
  // Without an open channel nobody can be told; the read side reports the loss, as with a socket that is shut down.
  if (!closed_) channel_.write(buffer.pending());
  buffer.consume(buffer.size());
  session_waits_ = !send_encrypted();
  return !session_waits_;
}

/// True when all is written.
bool TlsTransport::send_encrypted() {
  if (!closed_ && !channel_.outgoing().empty()) wire_full_ = !wire_->send(channel_.outgoing());
  return closed_ || !wire_full_;
}

void TlsTransport::on_sent() {
  wire_full_ = false;
  if (std::exchange(session_waits_, false)) events_->on_sent();
  if (!paused_ && !closed_) pause_reading(false);
}

void TlsTransport::close() {
  if (closed_) return;
  channel_.shut_down();
  send_encrypted();
  closed_ = true;
  wire_->close();
}

void TlsTransport::on_closed() {
  closed_ = true;
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
}

const TlsFacts* TlsTransport::tls() const {
  if (!channel_.handshake_done()) return nullptr;
  if (!facts_) facts_ = channel_.facts();
  return &*facts_;
}

}  // namespace troupe
