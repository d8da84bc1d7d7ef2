#pragma once
/// A request whose answer takes time: a login, an event stream, a WebSocket, a query.
/// Owner: an HttpConnection, on its cell. Nothing here is called from inside another call to it.
#include <string_view>

namespace troupe {

class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  /// Something has come for one of its sessions.
  virtual void run() = 0;
  /// Whether what the client sends is part of this exchange; else it is the next request.
  virtual bool takes_bytes() const { return false; }
  virtual void on_bytes(std::string_view) {}
  /// The connection is full, or no longer: nothing more is to be written until then.
  virtual void hold_back(bool) {}
  /// Now and then.
  virtual void on_tick() {}
  /// It is answered.
  virtual bool done() const = 0;
};

}  // namespace troupe
