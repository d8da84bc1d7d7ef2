#pragma once
/// GET /v1/subscribe: a subscription as an event stream (WHATWG HTML, "Server-sent events"). The stream ends with the
/// connection; a client goes on behind the last event it has seen.
#include "actors/http/http_exchange.hpp"
#include "actors/http/http_scene.hpp"
#include "actors/http/subscriber.hpp"

namespace troupe {

class EventStreamExchange final : public HttpExchange, private SubscriberEvents {
 public:
  EventStreamExchange(HttpScene& scene, const LocalLogin& login);

  void run() override { subscriber_.run(); }
  void hold_back(bool full) override;
  void on_tick() override;
  bool done() const override { return done_; }

 private:
  void on_subscribed(std::string_view token) override;
  void on_change(const StreamedChange& change) override;
  void on_progress(std::string_view token) override;
  void on_failed(const ServerReport& report) override;

  HttpScene& scene_;
  Subscriber subscriber_;
  std::string json_;
  int64_t written_us_ = 0;
  bool streaming_ = false;
  bool held_back_ = false;
  bool done_ = false;
};

}  // namespace troupe
