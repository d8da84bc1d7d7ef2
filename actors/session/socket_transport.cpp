#include "actors/session/socket_transport.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace troupe {

SocketTransport::SocketTransport(ClientSocket socket, std::string peer_name)
    : socket_{std::move(socket)}, peer_name_{std::move(peer_name)} {
  std::error_code ignored;
  socket_.native_non_blocking(true, ignored);
}

void SocketTransport::start(TransportEvents* events) {
  events_ = events;
  wait_readable();
}

void SocketTransport::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused_) wait_readable();
}

void SocketTransport::wait_readable() {
  if (reading_ || paused_ || closed_) return;
  reading_ = true;
  socket_.async_wait(ClientSocket::wait_read, [self = shared_from_this()](const std::error_code& problem) {
    self->reading_ = false;
    if (self->closed_) return;
    if (problem) {
      self->lost();
    } else {
      self->on_readable();
    }
  });
}

void SocketTransport::on_readable() {
  const std::span<char> room = events_->read_room();
  const ssize_t size = ::recv(socket_.native_handle(), room.data(), room.size(), 0);
  if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) {
    lost();
    return;
  }
  if (size > 0) events_->on_received(static_cast<size_t>(size));
  wait_readable();
}

ssize_t SocketTransport::write_some(std::string_view bytes) {
  const ssize_t size = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return size;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

bool SocketTransport::send(OutputBuffer& buffer) {
  if (closed_ || buffer.empty()) {
    buffer.consume(buffer.size());
    return true;
  }
  const ssize_t size = write_some(buffer.pending());
  if (size < 0) {
    // The read side reports the loss, so that a session hears of it once and not from inside its own call.
    buffer.consume(buffer.size());
    ::shutdown(socket_.native_handle(), SHUT_RDWR);
    return true;
  }
  buffer.consume(static_cast<size_t>(size));
  if (buffer.empty()) return true;
  unsent_ = buffer.take();
  unsent_at_ = 0;
  wait_writable();
  return false;
}

void SocketTransport::wait_writable() {
  socket_.async_wait(ClientSocket::wait_write, [self = shared_from_this()](const std::error_code& problem) {
    if (self->closed_) return;
    if (problem) {
      self->lost();
    } else {
      self->on_writable();
    }
  });
}

void SocketTransport::on_writable() {
  const ssize_t size = write_some(unsent_.view().substr(unsent_at_));
  if (size < 0) {
    lost();
    return;
  }
  unsent_at_ += static_cast<size_t>(size);
  if (unsent_at_ < unsent_.view().size()) {
    wait_writable();
    return;
  }
  unsent_ = OutputChunk();
  events_->on_sent();
}

void SocketTransport::close() {
  if (closed_) return;
  closed_ = true;
  std::error_code ignored;
  socket_.close(ignored);
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
}

void SocketTransport::lost() { close(); }

}  // namespace troupe
