#include "actors/http/event_stream_exchange.hpp"

#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerS = 1'000'000;

}  // namespace

EventStreamExchange::EventStreamExchange(HttpScene& scene, const LocalLogin& login)
    : scene_{scene}, subscriber_{*this, scene} {
  const absl::Status started = subscriber_.start(login, subscribe_target_of(scene.request));
  if (started.ok()) return;
  const ErrorFields fields = error_fields(started);
  scene_.respond_error(400, unpack_sqlstate(static_cast<uint32_t>(fields.code)), fields.message, fields.hint);
  done_ = true;
}

void EventStreamExchange::hold_back(bool full) {
  if (std::exchange(held_back_, full) != full) subscriber_.pause(full);
}

void EventStreamExchange::on_tick() {
  const int64_t heartbeat_us = scene_.config().http_heartbeat_s * kUsPerS;
  if (!streaming_ || held_back_ || scene_.now_us() - written_us_ < heartbeat_us) return;
  append_server_sent_comment(&scene_.out);
  written_us_ = scene_.now_us();
}

void EventStreamExchange::on_subscribed(std::string_view token) {
  HttpResponse head = scene_.response(200);
  head.content_type = "text/event-stream";
  head.headers.emplace_back("Cache-Control", "no-store");
  head.headers.emplace_back("X-Accel-Buffering", "no");  // proxies that collect answers do not
  append_endless_head(head, &scene_.out);
  scene_.closes = streaming_ = true;
  json_ = "{\"token\": ";
  if (token.empty()) {
    json_ += "null";
  } else {
    append_json_string(token, &json_);
  }
  json_ += "}";
  append_server_sent_event(token, "subscribed", json_, &scene_.out);
  written_us_ = scene_.now_us();
}

void EventStreamExchange::on_change(const StreamedChange& change) {
  json_ = "{";
  change.append_fields(&json_);
  json_ += "}";
  append_server_sent_event(change.token, change.op, json_, &scene_.out);
  written_us_ = scene_.now_us();
}

/// An event without data is none, but a browser remembers its id.
void EventStreamExchange::on_progress(std::string_view token) { append_server_sent_id(token, &scene_.out); }

/// Before the stream has begun its status says it.
void EventStreamExchange::on_failed(const ServerReport& report) {
  done_ = true;
  if (!streaming_) return scene_.respond_error(report);
  json_.clear();
  append_report_json(report, &json_);
  append_server_sent_event("", "error", json_, &scene_.out);
}

}  // namespace troupe
