#include "tests/sim/client.hpp"

#include "storage/base/text.hpp"

namespace troupe::sim {

Client::Client(World& world, std::string name) : world_{world}, name_{std::move(name)} {}

/// Whoever waited here is gone already, so nobody is woken.
Client::~Client() {
  if (connection_ != nullptr) connection_->client_close();
}

Task<bool> Client::connect(int64_t patience_us) {
  const int64_t give_up_us = world_.timeline().now_us() + patience_us;
  while (true) {
    disconnect();  // the word that an earlier connection has ended may still be on its way
    reader_ = ReplyReader{};
    connection_ = world_.connect(name_, {[this](std::string_view bytes) { received(bytes); }, [this] { lost(); }});
    if (connection_ != nullptr) {
      auto greeting = ask(startup_message(name_), "connect");
      const Reply reply = co_await greeting;
      if (reply.ok()) co_return true;
      disconnect();
    }
    if (world_.timeline().now_us() >= give_up_us) co_return false;
    auto pausing = pause(1'000 + static_cast<int64_t>(random().below(20'000)));
    co_await pausing;
  }
}

Task<Reply> Client::query(std::string sql) {
  auto asking = ask(query_message(sql), sql);
  co_return co_await asking;
}

Task<Reply> Client::query(std::string sql, std::vector<std::string> parameters) {
  auto asking = ask(extended_messages(sql, parameters), sql);
  co_return co_await asking;
}

Task<Reply> Client::follow(std::string sql, std::function<void(Row)> on_row) {
  reader_.on_row = std::move(on_row);
  auto asking = ask(query_message(sql), "");
  Reply reply = co_await asking;
  reader_.on_row = nullptr;
  co_return reply;
}

Task<void> Client::pause(int64_t us) {
  world_.timeline().after(us, [weak = std::weak_ptr(woken_)] {
    if (const auto signal = weak.lock()) signal->raise();
  });
  ReplySignal& woken = *woken_;
  co_await woken;
}

void Client::disconnect() {
  if (connection_ == nullptr) return;
  std::exchange(connection_, nullptr)->client_close();
  answered_.raise();
}

void Client::leave() {
  if (connection_ != nullptr) connection_->client_send(terminate_message());
  disconnect();
}

/// `what` is for the report of a client that gets no answer; empty for one that may wait for ever.
Task<Reply> Client::ask(std::string bytes, std::string_view what) {
  Reply reply;
  reply.lost = true;
  if (connection_ == nullptr) co_return reply;
  asked_ = std::string(what);
  waits_since_us_ = what.empty() ? 0 : world_.timeline().now_us();
  world_.trace().add(world_.timeline().now_us(), "ask", 0, cat(name_, ": ", what));
  connection_->client_send(bytes);
  while (connection_ != nullptr && !reader_.next() && reader_.malformed().empty()) co_await answered_;
  waits_since_us_ = 0;
  if (!reader_.malformed().empty()) {
    world_.complain(cat(name_, ": the server's bytes are no protocol: ", reader_.malformed()));
    disconnect();
  }
  // An error may have come before the end.
  const bool whole = reader_.next();
  reply = reader_.take();
  if (!whole) reply.lost = true;
  world_.trace().add(world_.timeline().now_us(), "answer", reply.rows.size(),
                     cat(name_, ": ", reply.lost ? "lost " : "", reply.code, " ", reply.message, " ", reply.tag));
  co_return reply;
}

void Client::received(std::string_view bytes) {
  world_.trace().absorb(bytes);
  reader_.add(bytes);
  answered_.raise();
}

void Client::lost() {
  connection_ = nullptr;
  answered_.raise();
}

}  // namespace troupe::sim
