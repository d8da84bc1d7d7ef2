#include "actors/session/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "actors/node/front_door.hpp"
#include "actors/session/session.hpp"
#include "actors/session/socket_transport.hpp"
#include "runtime/protocol/backend_writer.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kRetryUnknown{1};
constexpr std::chrono::milliseconds kRetryAccept{100};
/// Connections beside connections_max, of those who have not logged in yet. From half of it on, for each that comes the
/// one that has been silent longest has to go: whoever only opens connections keeps nobody out.
constexpr size_t kStrangersMax = 256;
/// What the node needs for its files.
constexpr size_t kOwnDescriptors = 512;

/// How many clients may be connected, however far they have come.
size_t sockets_max(const NodeConfig& config) {
  const size_t wanted = config.connections_max + kStrangersMax;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const size_t descriptors = limit.rlim_cur;
  return std::min(wanted, descriptors - std::min(kOwnDescriptors, descriptors / 2));
}

/// Closes the connection; the client may not have said anything yet.
void refuse(int client, const std::string& refusal) {
  std::ignore = ::send(client, refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(client);
}

absl::Status socket_error(const char* what, const std::string& address, const std::string& another) {
  const int code = errno;
  if (code == EADDRINUSE) {
    return with_hint(error(ErrorCode::kObjectInUse, "cannot listen on ", address, ": the address is in use"),
                     cat("Another server is running there; choose another port with ", another, "."));
  }
  return error(ErrorCode::kSystemError, what, " ", address, ": ", std::strerror(code));
}

absl::StatusOr<int> listen_on(int family, const sockaddr* address, socklen_t size, const std::string& name,
                              const std::string& another) {
  const int descriptor = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return socket_error("cannot make a socket for", name, another);
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // What is for IPv4 has a socket of its own.
  if (family == AF_INET6) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(descriptor, address, size) != 0 || ::listen(descriptor, kBacklog) != 0) {
    const absl::Status status = socket_error("cannot listen on", name, another);
    ::close(descriptor);
    return status;
  }
  return descriptor;
}

absl::StatusOr<int> listen_tcp(const IpAddress& address, uint16_t port, const std::string& another) {
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(address.v6 ? AF_INET6 : AF_INET, address.bytes.data(), text, sizeof text);
  const std::string name = cat(text, ":", static_cast<uint32_t>(port));
  if (address.v6) {
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    std::memcpy(&in6.sin6_addr, address.bytes.data(), sizeof in6.sin6_addr);
    return listen_on(AF_INET6, reinterpret_cast<sockaddr*>(&in6), sizeof in6, name, another);
  }
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  std::memcpy(&in.sin_addr, address.bytes.data(), sizeof in.sin_addr);
  return listen_on(AF_INET, reinterpret_cast<sockaddr*>(&in), sizeof in, name, another);
}

bool can_listen_on_v6() {
  const int descriptor = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor >= 0) ::close(descriptor);
  return descriptor >= 0;
}

std::string peer_name(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return cat(text, ":", static_cast<uint32_t>(ntohs(in.sin_port)));
  }
  if (storage.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    ::inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    return cat(text, ":", static_cast<uint32_t>(ntohs(in6.sin6_port)));
  }
  return "[local]";
}

}  // namespace

absl::StatusOr<std::shared_ptr<ListenSockets>> ListenSockets::open(const ListenAddress& at) {
  auto sockets = std::make_shared<ListenSockets>();
  TROUPE_ASSIGN_OR_RETURN(const auto addresses, listen_addresses(at.key, at.value));
  const bool has_v6 = can_listen_on_v6();
  for (const IpAddress& address : addresses) {
    if (address.v6 && !has_v6 && addresses.size() > 1) continue;  // "*" where there is no IPv6
    TROUPE_ASSIGN_OR_RETURN(const int tcp, listen_tcp(address, at.port, at.another));
    sockets->descriptors_.push_back(tcp);
  }
  if (at.unix_socket_directory.empty()) return sockets;
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  const std::string path = cat(at.unix_socket_directory, "/.s.PGSQL.", static_cast<uint32_t>(at.port));
  if (path.size() >= sizeof un.sun_path) return error(ErrorCode::kInvalidParameterValue, path, " is too long a path");
  std::memcpy(un.sun_path, path.c_str(), path.size() + 1);
  ::unlink(path.c_str());
  TROUPE_ASSIGN_OR_RETURN(const int local,
                          listen_on(AF_UNIX, reinterpret_cast<sockaddr*>(&un), sizeof un, path, at.another));
  sockets->descriptors_.push_back(local);
  ::chmod(path.c_str(), 0777);  // who may connect is the directory's business, as with PostgreSQL
  sockets->unix_path_ = path;
  return sockets;
}

ListenSockets::~ListenSockets() {
  for (const int descriptor : descriptors_) ::close(descriptor);
  if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
}

std::string too_many_clients() {
  BackendWriter writer;
  writer.error_response(error_fields(error(ErrorCode::kTooManyConnections, "sorry, too many clients already")),
                        Severity::kFatal);
  return std::string(writer.pending());
}

Listener::Listener(caf::actor_config& config, ActorSeat seat, NodeContext& node, Cell& cell,
                   std::shared_ptr<const ListenPorts> ports, caf::actor_addr supervisor)
    : ActorOf(config, std::move(seat)),
      node_{node},
      cell_{cell},
      ports_{std::move(ports)},
      supervisor_{std::move(supervisor)} {}

Listener::behavior_type Listener::make_behavior() {
  running();
  return {[this](accept_atom) { on_accept(); }};
}

void Listener::on_exit() { doors_.clear(); }

void Listener::on_accept() {
  // It starts its children before its own address is known; a client is not to be told of that.
  const SupervisorActor sessions = node_.directory.get()->sessions;
  if (!sessions || sessions.address() != supervisor_) {
    tell_self_after(kRetryUnknown, accept_atom::value);
    return;
  }
  if (!doors_.empty()) {  // once more, after a time without descriptors
    for (const auto& door : doors_) door->accept_all();
    return;
  }
  for (const ListenPort& port : *ports_) {
    for (const int descriptor : port.sockets->descriptors()) {
      doors_.push_back(std::make_unique<Door>(*this, port, ::dup(descriptor)));
      if (!doors_.back()->open()) throw CheckFailure("the listening socket cannot be watched");
    }
  }
}

bool Listener::Door::open() {
  const auto registered = listener_.cell_.sockets().add_shared(socket_, this);
  if (registered.ok()) registered_ = *registered;
  return registered.ok();
}

Listener::Door::~Door() {
  if (registered_ != 0) listener_.cell_.sockets().remove(registered_, socket_);
  if (socket_ >= 0) ::close(socket_);
}

void Listener::Door::accept_all() {
  while (true) {
    const int client = ::accept4(socket_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client >= 0) {
      listener_.take(port_, client);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR && errno != ECONNABORTED) {
      // No descriptors left, or the like. Those who wait are not told again.
      listener_.tell_self_after(kRetryAccept, accept_atom::value);
      return;
    }
  }
}

/// Whether one more may come in.
bool Listener::has_room() {
  const size_t most = sockets_max(node_.services.config);
  size_t connected = 0;
  for (const Cell* cell : node_.cells) connected += cell->sockets().clients().load(std::memory_order_relaxed);
  if (connected < most - std::min(kStrangersMax / 2, most / 2)) return true;
  if (const SessionRecordPtr stranger = node_.services.sessions.oldest_stranger()) {
    stranger->tell.end(encode_error(error(ErrorCode::kTooManyConnections, "sorry, too many clients already")));
  }
  return connected < most;
}

void Listener::take(const ListenPort& port, int client) {
  if (!has_room()) return refuse(client, port.refusal);
  const CellChoice choice(node_.cells);
  Cell& target = choice.for_new(client_core(client));
  std::string peer = peer_name(client);
  if (peer != "[local]") {
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  }
  auto transport = std::make_shared<SocketTransport>(client, target, choice, std::move(peer));
  ChildSpecPtr child = port.serve(node_, target, std::move(transport));
  if (child == nullptr) return;  // the connection ends with its transport
  context(&cell_);
  tell(node_.directory.get()->sessions, add_child_atom::value, std::move(child));
}

}  // namespace troupe
