#pragma once
/// GET /v1/ws: a WebSocket with JSON messages, over which a client has as many subscriptions as it likes, and is a
/// member of consumer groups (docs/http.md). Each sends no more events than its client has granted; one that has run
/// out of them waits, the others go on.
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "actors/http/group_consumer.hpp"
#include "actors/http/http_exchange.hpp"
#include "actors/http/http_scene.hpp"
#include "actors/http/subscriber.hpp"
#include "runtime/http/web_socket.hpp"

namespace troupe {

class WebSocketExchange final : public HttpExchange, private WebSocketEvents {
 public:
  WebSocketExchange(HttpScene& scene, LocalLogin login);
  ~WebSocketExchange() override;

  void run() override;
  bool takes_bytes() const override { return !done_; }
  void on_bytes(std::string_view bytes) override;
  void hold_back(bool full) override;
  void on_tick() override;
  bool done() const override { return done_ || socket_.ended(); }

 private:
  class Flow;
  class Subscription;
  class Membership;

  bool shake_hands();
  void on_text(std::string_view text) override;
  bool take_credit(const std::string& id, const nlohmann::json& message, std::optional<uint64_t>* credit);
  void subscribe(const std::string& id, const nlohmann::json& message);
  void consume(const std::string& id, const nlohmann::json& message);
  void answer(const std::string& id, const nlohmann::json& message, bool rejects);
  void say(std::string_view type, std::string_view id, std::string_view rest = {});
  void refuse(std::string_view id, std::string_view sqlstate, std::string_view message);
  void refuse(std::string_view id, const absl::Status& why);
  void forget_failed();

  HttpScene& scene_;
  const LocalLogin login_;
  WebSocket socket_;
  std::map<std::string, std::unique_ptr<Flow>, std::less<>> flows_;
  int64_t pinged_us_ = 0;
  bool held_back_ = false;
  bool done_ = false;
};

}  // namespace troupe
