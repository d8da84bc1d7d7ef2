#pragma once
/// A client's TCP or unix socket on a cell. Reads and writes are plain non-blocking calls; the cell's poller tells when
/// the socket has become ready, and how far that was used up is remembered here.
/// Owner: one session, on its cell's thread; made on the listener's.
#include <memory>

#include "actors/session/cell_choice.hpp"
#include "actors/session/transport.hpp"
#include "runtime/cell/send_batch.hpp"
#include "runtime/cell/socket_poller.hpp"

namespace troupe {

class SocketTransport final : public Transport,
                              public std::enable_shared_from_this<SocketTransport>,
                              private SocketEvents,
                              private SendEvents {
 public:
  /// Takes over `socket`, which must not block.
  SocketTransport(int socket, Cell& cell, CellChoice choice, std::string peer_name);
  ~SocketTransport() override;

  void start(TransportEvents* events) override;
  void tell(TransportEvents* events) override { events_ = events; }
  void pause_reading(bool paused) override;
  bool send(OutputBuffer& buffer) override;
  void arrive() override;
  void close() override;
  std::string peer_name() const override { return peer_name_; }
  std::string peer_user() const override;

 private:
  void on_ready(bool readable, bool writable, bool hung_up) override;
  void on_sent(ssize_t size, std::string_view bytes) override;
  void enter();
  bool moves();
  void read_while_wanted();
  void write_rest();
  void close_socket();
  void want_writable(bool wanted);
  /// Bytes written, or -1 when the peer is gone.
  ssize_t write_some(std::string_view bytes);

  int socket_;
  Cell* cell_;
  CellChoice choice_;
  CoreVote core_vote_;
  SocketPoller::Handle registered_ = 0;
  std::string peer_name_;
  TransportEvents* events_ = nullptr;
  OutputBuffer unsent_;    ///< what the socket did not take
  bool queued_ = false;    ///< in the cell's send batch
  bool readable_ = false;  ///< told, and not read empty since
  bool hung_up_ = false;   ///< nothing more will be told: what is left is read to its end
  bool reading_ = false;   ///< inside read_while_wanted()
  bool paused_ = false;
  bool wants_writable_ = false;
};

}  // namespace troupe
