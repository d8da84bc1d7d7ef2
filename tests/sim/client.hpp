#pragma once
/// A client of the simulated node, for scripts that are coroutines. Name what is awaited (runtime/exec/task.hpp):
///   auto asking = client.query("SELECT 1");
///   const Reply reply = co_await asking;
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exec/data_access.hpp"
#include "runtime/exec/task.hpp"
#include "tests/sim/wire_client.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

class Client {
 public:
  Client(World& world, std::string name);
  ~Client();

  /// Tries until the node takes the connection. False: not within `patience_us`.
  Task<bool> connect(int64_t patience_us = kForever);
  bool connected() const { return connection_ != nullptr; }
  /// Several statements may be in one text; it is one message of the simple protocol.
  Task<Reply> query(std::string sql);
  /// With $1, $2 ...: by the extended protocol.
  Task<Reply> query(std::string sql, std::vector<std::string> parameters);
  /// Rows are handed over as they come. Ends when the statement does, or the connection, or by disconnect().
  Task<Reply> follow(std::string sql, std::function<void(Row)> on_row);
  Task<void> pause(int64_t us);
  /// Without a word.
  void disconnect();
  /// As a well-behaved client does.
  void leave();

  const std::string& name() const { return name_; }
  World& world() { return world_; }
  Random& random() { return world_.seeds().work; }
  /// Since when the client waits for an answer; 0: it does not.
  int64_t waits_since_us() const { return waits_since_us_; }
  const std::string& asked() const { return asked_; }

  static constexpr int64_t kForever = INT64_MAX / 4;

 private:
  Task<Reply> ask(std::string bytes, std::string_view what);
  void received(std::string_view bytes);
  void lost();

  World& world_;
  const std::string name_;
  std::shared_ptr<Connection> connection_;
  ReplyReader reader_;
  ReplySignal answered_;
  int64_t waits_since_us_ = 0;
  std::string asked_;
  /// Timers of pauses hold a weak reference: the client may be gone by then.
  std::shared_ptr<ReplySignal> woken_ = std::make_shared<ReplySignal>();
};

}  // namespace troupe::sim
