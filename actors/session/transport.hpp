#pragma once
/// The byte stream between a session and its client: a socket in a node, a script in the simulator.
/// Everything happens on the session's cell.
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "runtime/protocol/output_buffer.hpp"

namespace troupe {

class Cell;
struct TlsFacts;

/// What the transport tells its session.
class TransportEvents {
 public:
  virtual ~TransportEvents() = default;
  /// Where the next bytes go; asked right before reading.
  virtual std::span<char> read_room() = 0;
  virtual void on_received(size_t size) = 0;
  /// Everything sent so far is with the operating system.
  virtual void on_sent() = 0;
  /// The peer is gone; nothing else comes after this.
  virtual void on_closed() = 0;
  /// Nothing is going on: it may be moved.
  virtual bool at_rest() const = 0;
  /// The session goes on in another cell, where it calls arrive(). After this call the transport, and the session, are
  /// no longer this thread's.
  virtual void move_to(Cell& cell) = 0;
};

/// Who the client is, where the node itself knows it: nobody at the other end of a socket can say so.
struct KnownClient {
  std::string role;
  /// The node works in the role's name. False: somebody who has shown the role's password before.
  bool is_node = false;
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual void start(TransportEvents* events) = 0;
  /// Somebody else is told from now on.
  virtual void tell(TransportEvents* events) = 0;
  /// Reads pause while a session has as much input as it wants; the peer's window fills.
  virtual void pause_reading(bool paused) = 0;
  /// Writes as much as the socket takes at once; when it does not take all, keeps the rest and on_sent() follows later.
  /// Returns true when all is written. Only one send at a time may be unfinished.
  virtual bool send(OutputBuffer& buffer) = 0;
  /// On the new cell.
  virtual void arrive() {}
  /// on_closed() follows; idempotent.
  virtual void close() = 0;
  /// "address:port", or "[local]" on a unix socket.
  virtual std::string peer_name() const = 0;
  /// The operating system's user at the other end, where that is known: on a unix socket.
  virtual std::string peer_user() const { return ""; }
  /// What TLS has agreed upon, once it has; null without TLS.
  virtual const TlsFacts* tls() const { return nullptr; }
  /// Null: it has to show who it is.
  virtual const KnownClient* known_client() const { return nullptr; }
};

}  // namespace troupe
