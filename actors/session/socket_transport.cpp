#include "actors/session/socket_transport.hpp"

#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace troupe {
namespace {
/// Reads of one turn; then the cell's others have theirs.
constexpr int kReadsPerTurn = 8;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
}  // namespace

SocketTransport::SocketTransport(int socket, Cell& cell, CellChoice choice, std::string peer_name)
    : socket_{socket}, cell_{&cell}, choice_{choice}, peer_name_{std::move(peer_name)} {
  cell_->sockets().clients().fetch_add(1, std::memory_order_relaxed);
}

/// A started one is closed by its session, and may outlive its cell then.
SocketTransport::~SocketTransport() {
  if (socket_ >= 0) close_socket();
}

void SocketTransport::start(TransportEvents* events) {
  events_ = events;
  enter();
}

std::string SocketTransport::peer_user() const {
  ucred peer{};
  socklen_t size = sizeof peer;
  constexpr auto kNobody = static_cast<uid_t>(-1);  // over the network
  if (::getsockopt(socket_, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid == kNobody) return "";
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> room(16 * 1024);
  if (::getpwuid_r(peer.uid, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) return "";
  return entry.pw_name;
}

void SocketTransport::pause_reading(bool paused) {
  paused_ = paused;
  if (!paused_) read_while_wanted();
}

/// Goes to the cell on whose core the client runs, when it has been there for a while. True: it went.
bool SocketTransport::moves() {
  if (!core_vote_.due() || paused_ || queued_ || !unsent_.empty() || hung_up_) return false;
  const int core = client_core(socket_);
  if (core < 0 || !core_vote_.elsewhere(core == cell_->sockets().core())) return false;
  Cell* const target = choice_.better(*cell_, core);
  if (target == nullptr || !events_->at_rest()) return false;
  core_vote_.moved();
  readable_ = false;
  cell_->sockets().remove(std::exchange(registered_, 0), socket_);
  cell_->sockets().clients().fetch_sub(1, std::memory_order_relaxed);
  cell_ = target;
  cell_->sockets().clients().fetch_add(1, std::memory_order_relaxed);
  events_->move_to(*target);
  return true;
}

/// What there is to read is told here once more.
void SocketTransport::arrive() {
  if (socket_ >= 0) enter();
}

void SocketTransport::enter() {
  const auto registered = cell_->sockets().add(socket_, this);
  if (registered.ok()) {
    registered_ = *registered;
  } else {
    close();
  }
}

void SocketTransport::on_ready(bool readable, bool writable, bool hung_up) {
  const auto self = shared_from_this();
  readable_ = readable_ || readable || hung_up;
  hung_up_ = hung_up_ || hung_up;
  if (readable_ && moves()) return;
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
  const std::string_view bytes = buffer.pending();
  if (socket_ < 0 || bytes.empty()) {
    buffer.consume(bytes.size());
    return true;
  }
  if (queued_) cell_->sockets().sends().run();
  if (unsent_.empty() && bytes.size() <= SendBatch::kBytesMax) {
    queued_ = true;
    cell_->sockets().sends().add(socket_, bytes, this);
  } else if (unsent_.empty()) {
    on_sent(write_some(bytes), bytes);
  } else {
    unsent_.append(bytes);
  }
  buffer.consume(bytes.size());
  return unsent_.empty();
}

/// What the socket took of the bytes, or -1: the peer is gone. The read side reports the loss, so that a session hears
/// of it once and not from inside its own call.
void SocketTransport::on_sent(ssize_t size, std::string_view bytes) {
  queued_ = false;
  if (socket_ < 0) return;
  if (size < 0) {
    ::shutdown(socket_, SHUT_RDWR);
  } else if (static_cast<size_t>(size) < bytes.size()) {
    unsent_.append(bytes.substr(static_cast<size_t>(size)));
    want_writable(true);
  }
}

void SocketTransport::want_writable(bool wanted) {
  wants_writable_ = wanted;
  cell_->sockets().want_writable(registered_, socket_, wanted);
}

void SocketTransport::write_rest() {
  const ssize_t size = write_some(unsent_.pending());
  if (size < 0) {
    close();
    return;
  }
  unsent_.consume(static_cast<size_t>(size));
  if (!unsent_.empty()) return;  // told again when there is room
  unsent_.trim();
  want_writable(false);
  events_->on_sent();
}

void SocketTransport::close_socket() {
  cell_->sockets().clients().fetch_sub(1, std::memory_order_relaxed);
  ::close(socket_);
  socket_ = -1;
}

void SocketTransport::close() {
  if (socket_ < 0) return;
  if (queued_) cell_->sockets().sends().run();
  if (registered_ != 0) cell_->sockets().remove(registered_, socket_);
  registered_ = 0;
  close_socket();
  if (events_ != nullptr) std::exchange(events_, nullptr)->on_closed();
}

}  // namespace troupe
