#include "actors/session/socket_transport.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe {
namespace {
/// Reads of one turn; then the cell's others have theirs.
constexpr int kReadsPerTurn = 8;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
}  // namespace

SocketTransport::SocketTransport(int socket, SocketPoller& poller, std::string peer_name)
    : socket_{socket}, poller_{poller}, peer_name_{std::move(peer_name)} {}

SocketTransport::~SocketTransport() {
  if (socket_ >= 0) ::close(socket_);  // never started: a started one is closed by its session
}

void SocketTransport::start(TransportEvents* events) {
  events_ = events;
  const auto registered = poller_.add(socket_, this);
  if (registered.ok()) {
    registered_ = *registered;
  } else {
    close();
  }
}

void SocketTransport::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused_) read_while_wanted();
}

void SocketTransport::on_ready(bool readable, bool writable, bool hung_up) {
  const auto self = shared_from_this();
  readable_ = readable_ || readable || hung_up;
  hung_up_ = hung_up_ || hung_up;
  if (writable && wants_writable_) write_rest();
  read_while_wanted();
}

/// What is received may make the session pause, send or close.
void SocketTransport::read_while_wanted() {
  if (reading_) return;  // the loop below goes on
  reading_ = true;
  const auto self = shared_from_this();
  int reads = 0;
  while (readable_ && !paused_ && socket_ >= 0) {
    if (++reads > kReadsPerTurn) {
      want_writable(wants_writable_);  // told again in the next round
      break;
    }
    const std::span<char> room = events_->read_room();
    const ssize_t size = ::recv(socket_, room.data(), room.size(), 0);
    if (size == 0 || (size < 0 && !would_block())) {
      close();
      break;
    }
    // Less than there was room for: the socket is empty, and the poller tells of what comes next.
    if (size < static_cast<ssize_t>(room.size()) && !(hung_up_ && size > 0)) readable_ = size < 0 && errno == EINTR;
    if (size > 0) events_->on_received(static_cast<size_t>(size));
  }
  reading_ = false;
}

ssize_t SocketTransport::write_some(std::string_view bytes) {
  const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size >= 0) return size;
  return would_block() ? 0 : -1;
}

bool SocketTransport::send(OutputBuffer& buffer) {
  if (socket_ < 0 || buffer.empty()) {
    buffer.consume(buffer.size());
    return true;
  }
  const ssize_t size = write_some(buffer.pending());
  if (size < 0) {
    // The read side reports the loss, so that a session hears of it once and not from inside its own call.
    buffer.consume(buffer.size());
    ::shutdown(socket_, SHUT_RDWR);
    return true;
  }
  buffer.consume(static_cast<size_t>(size));
  if (buffer.empty()) return true;
  unsent_ = buffer.take();
  unsent_at_ = 0;
  want_writable(true);
  return false;
}

void SocketTransport::want_writable(bool wanted) {
  wants_writable_ = wanted;
  poller_.want_writable(registered_, socket_, wanted);
}

void SocketTransport::write_rest() {
  const ssize_t size = write_some(unsent_.view().substr(unsent_at_));
  if (size < 0) {
    close();
    return;
  }
  unsent_at_ += static_cast<size_t>(size);
  if (unsent_at_ < unsent_.view().size()) return;  // told again when there is room
  unsent_ = OutputChunk();
  want_writable(false);
  events_->on_sent();
}

void SocketTransport::close() {
  if (socket_ < 0) return;
  if (registered_ != 0) poller_.remove(registered_, socket_);
  registered_ = 0;
  ::close(socket_);
  socket_ = -1;
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
}

}  // namespace troupe
