#include "actors/http/web_socket_exchange.hpp"

#include <nlohmann/json.hpp>

#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerS = 1'000'000;
constexpr size_t kIdBytesMax = 100;

/// A member that is a text; nullopt: it is missing or something else.
std::optional<std::string> text_of(const nlohmann::json& message, const char* name) {
  const auto found = message.find(name);
  if (found == message.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool is_on(const nlohmann::json& message, const char* name) {
  const auto found = message.find(name);
  return found != message.end() && found->is_boolean() && found->get<bool>();
}

SubscribeTarget target_of(const nlohmann::json& message) {
  SubscribeTarget target;
  const auto tables = message.find("tables");
  if (tables != message.end() && tables->is_array()) {
    for (const nlohmann::json& table : *tables) {
      if (!table.is_string()) return {};
      target.text += cat(target.text.empty() ? "" : ", ", table.get<std::string>());
    }
    target.tables = true;
  } else if (const auto stream = text_of(message, "stream")) {
    target.name_stream(*stream);
  } else {
    target.name_anything(text_of(message, "target").value_or(""));
  }
  target.from = text_of(message, "from").value_or("");
  target.snapshot = target.from.empty() && is_on(message, "snapshot");
  target.transactions = is_on(message, "transactions");
  return target;
}

std::string token_member(std::string_view token) {
  std::string member = ", \"token\": ";
  if (token.empty()) return member + "null";
  append_json_string(token, &member);
  return member;
}

}  // namespace

/// What the client has begun under an id of its own.
class WebSocketExchange::Flow {
 public:
  virtual ~Flow() = default;
  virtual void run() = 0;
  virtual void grant(uint64_t events) = 0;
  /// After the connection has become full, or no longer is.
  virtual void follow() = 0;
  virtual bool failed() const = 0;
  /// Errors: 22023.
  virtual absl::Status answer(GroupAnswer) {
    return error(ErrorCode::kInvalidParameterValue, "there is no consumer group with this id");
  }
};

/// One of the client's subscriptions, and how many events it may still send.
class WebSocketExchange::Subscription final : public Flow, private SubscriberEvents {
 public:
  Subscription(WebSocketExchange& exchange, std::string id, std::optional<uint64_t> credit)
      : exchange_{exchange}, id_{std::move(id)}, credit_{credit}, subscriber_{*this, exchange.scene_} {
    follow();
  }

  absl::Status start(const LocalLogin& login, SubscribeTarget target) {
    return subscriber_.start(login, std::move(target));
  }
  void run() override { subscriber_.run(); }
  void grant(uint64_t events) override {
    if (credit_) credit_ = *credit_ > UINT64_MAX - events ? UINT64_MAX : *credit_ + events;
    follow();
  }
  void follow() override {
    const bool waits = exchange_.held_back_ || (subscribed_ && credit_ == 0);
    if (std::exchange(paused_, waits) != waits) subscriber_.pause(waits);
  }
  bool failed() const override { return failed_; }

 private:
  void on_subscribed(std::string_view token) override {
    subscribed_ = true;
    exchange_.say("subscribed", id_, token_member(token));
    follow();
  }
  void on_progress(std::string_view token) override { exchange_.say("progress", id_, token_member(token)); }
  void on_change(const StreamedChange& change) override {
    json_ = ", ";
    change.append_fields(&json_);
    exchange_.say("event", id_, json_);
    if (credit_ && *credit_ > 0) --*credit_;
    follow();
  }
  void on_failed(const ServerReport& report) override {
    failed_ = true;
    json_ = ", \"error\": ";
    append_report_json(report, &json_);
    exchange_.say("error", id_, json_);
  }

  WebSocketExchange& exchange_;
  const std::string id_;
  std::optional<uint64_t> credit_;  ///< none: as many as the connection takes
  Subscriber subscriber_;
  std::string json_;
  bool subscribed_ = false;
  bool paused_ = false;
  bool failed_ = false;
};

/// The client is a member of a consumer group.
class WebSocketExchange::Membership final : public Flow, private GroupConsumerEvents {
 public:
  Membership(WebSocketExchange& exchange, std::string id)
      : exchange_{exchange}, id_{std::move(id)}, consumer_{*this, exchange.scene_} {
    follow();
  }

  absl::Status start(const LocalLogin& login, GroupTarget target) { return consumer_.start(login, std::move(target)); }
  void run() override { consumer_.run(); }
  void grant(uint64_t events) override { consumer_.grant(events); }
  void follow() override { consumer_.pause(exchange_.held_back_); }
  bool failed() const override { return failed_; }
  absl::Status answer(GroupAnswer answer) override { return consumer_.answer(std::move(answer)); }

 private:
  void on_joined() override { exchange_.say("consuming", id_); }
  void on_consumed(const StreamedChange& change) override {
    json_ = ", ";
    change.append_fields(&json_);
    exchange_.say("event", id_, json_);
  }
  void on_answered(const GroupAnswer& answer, const ServerReport* problem) override {
    json_ = ", \"batch\": ";
    append_json_string(answer.batch, &json_);
    if (answer.partition) json_ += cat(", \"partition\": ", *answer.partition);
    if (problem != nullptr) {
      json_ += ", \"error\": ";
      append_report_json(*problem, &json_);
    }
    const std::string_view done = answer.rejects ? "rejected" : "acknowledged";
    exchange_.say(problem != nullptr ? std::string_view("refused") : done, id_, json_);
  }
  void on_failed(const ServerReport& report) override {
    failed_ = true;
    json_ = ", \"error\": ";
    append_report_json(report, &json_);
    exchange_.say("error", id_, json_);
  }

  WebSocketExchange& exchange_;
  const std::string id_;
  GroupConsumer consumer_;
  std::string json_;
  bool failed_ = false;
};

WebSocketExchange::WebSocketExchange(HttpScene& scene, LocalLogin login)
    : scene_{scene},
      login_{std::move(login)},
      socket_{*this, scene.config().http_message_bytes_max, scene.out},
      pinged_us_{scene.now_us()} {
  done_ = !shake_hands();
}

WebSocketExchange::~WebSocketExchange() = default;

bool WebSocketExchange::shake_hands() {
  const HttpRequest& request = scene_.request;
  if (!request.header_has("Upgrade", "websocket") || !request.header_has("Connection", "upgrade") || request.http_1_0) {
    scene_.shared_headers.emplace_back("Upgrade", "websocket");
    scene_.respond_error(426, "08P01", "this is for WebSockets");
    return false;
  }
  if (request.header("Sec-WebSocket-Version") != "13") {
    scene_.shared_headers.emplace_back("Sec-WebSocket-Version", "13");
    scene_.respond_error(426, "08P01", "this version of WebSockets is not spoken");
    return false;
  }
  const auto accept = web_socket_accept(request.header("Sec-WebSocket-Key").value_or(""));
  if (!accept) {
    scene_.respond_error(400, "08P01", "malformed Sec-WebSocket-Key");
    return false;
  }
  append_web_socket_head(*accept, &scene_.out);
  scene_.closes = true;
  return true;
}

void WebSocketExchange::run() {
  for (auto& [id, flow] : flows_) flow->run();
  forget_failed();
}

void WebSocketExchange::forget_failed() {
  std::erase_if(flows_, [](const auto& entry) { return entry.second->failed(); });
}

void WebSocketExchange::on_bytes(std::string_view bytes) {
  socket_.receive(bytes);
  if (socket_.closing()) flows_.clear();
}

void WebSocketExchange::hold_back(bool full) {
  if (std::exchange(held_back_, full) == full) return;
  for (auto& [id, flow] : flows_) flow->follow();
}

/// Whoever did not answer the last ping is gone.
void WebSocketExchange::on_tick() {
  if (done() || held_back_ || scene_.now_us() - pinged_us_ < scene_.config().http_heartbeat_s * kUsPerS) return;
  if (!socket_.heard() || socket_.closing()) {
    done_ = true;
    return;
  }
  pinged_us_ = scene_.now_us();
  socket_.ping();
}

void WebSocketExchange::say(std::string_view type, std::string_view id, std::string_view rest) {
  std::string text = "{\"type\": ";
  append_json_string(type, &text);
  if (!id.empty()) {
    text += ", \"id\": ";
    append_json_string(id, &text);
  }
  text += rest;
  socket_.send_text(text + "}");
}

void WebSocketExchange::refuse(std::string_view id, std::string_view sqlstate, std::string_view message) {
  ServerReport report;
  report.severity = "ERROR";
  report.sqlstate = sqlstate;
  report.message = message;
  std::string rest = ", \"error\": ";
  append_report_json(report, &rest);
  say("error", id, rest);
}

void WebSocketExchange::on_text(std::string_view text) {
  const nlohmann::json message = nlohmann::json::parse(text, nullptr, false);
  if (message.is_discarded() || !message.is_object()) {
    return socket_.close(WebSocketClose::kPolicyViolation, "messages are JSON objects");
  }
  const std::string type = text_of(message, "type").value_or("");
  const std::string id = text_of(message, "id").value_or("");
  if (type == "ping") return say("pong", id);
  if (id.empty() || id.size() > kIdBytesMax) return refuse("", "22023", "\"id\" must be a text of 1 to 100 bytes");
  const auto known = flows_.find(id);
  if (type == "subscribe" || type == "consume") {
    if (known != flows_.end()) return refuse(id, "42710", "there is a subscription with this id");
    return type == "consume" ? consume(id, message) : subscribe(id, message);
  }
  if (type == "acknowledge" || type == "reject") return answer(id, message, type == "reject");
  if (type == "unsubscribe") {
    flows_.erase(id);
    return say("unsubscribed", id);
  }
  if (type != "credit")
    return refuse(id, "22023", "\"type\" must be subscribe, consume, acknowledge, reject, unsubscribe, credit or ping");
  const auto events = message.find("events");
  if (events == message.end() || !events->is_number_unsigned()) {
    return refuse(id, "22023", "\"events\" must be a number of events");
  }
  if (known != flows_.end()) known->second->grant(events->get<uint64_t>());
}

/// False: it was refused.
bool WebSocketExchange::take_credit(const std::string& id, const nlohmann::json& message,
                                    std::optional<uint64_t>* credit) {
  if (flows_.size() >= scene_.config().http_subscriptions_max) {
    refuse(id, "54000", cat("http.subscriptions_max is ", scene_.config().http_subscriptions_max));
    return false;
  }
  const auto given = message.find("credit");
  if (given == message.end() || given->is_null()) return true;
  if (!given->is_number_unsigned()) {
    refuse(id, "22023", "\"credit\" must be a number of events");
    return false;
  }
  *credit = given->get<uint64_t>();
  return true;
}

void WebSocketExchange::refuse(std::string_view id, const absl::Status& why) {
  const ErrorFields fields = error_fields(why);
  refuse(id, unpack_sqlstate(static_cast<uint32_t>(fields.code)), fields.message);
}

void WebSocketExchange::subscribe(const std::string& id, const nlohmann::json& message) {
  std::optional<uint64_t> credit;
  if (!take_credit(id, message, &credit)) return;
  auto subscription = std::make_unique<Subscription>(*this, id, credit);
  if (const absl::Status started = subscription->start(login_, target_of(message)); !started.ok()) {
    return refuse(id, started);
  }
  flows_.emplace(id, std::move(subscription));
}

/// Without credit nothing is delivered: what is, is the member's until its time is over.
void WebSocketExchange::consume(const std::string& id, const nlohmann::json& message) {
  std::optional<uint64_t> credit;
  if (!take_credit(id, message, &credit)) return;
  GroupTarget target{text_of(message, "stream").value_or(""), text_of(message, "group").value_or(""),
                     text_of(message, "member").value_or("")};
  auto membership = std::make_unique<Membership>(*this, id);
  if (const absl::Status started = membership->start(login_, std::move(target)); !started.ok()) {
    return refuse(id, started);
  }
  if (credit) membership->grant(*credit);
  flows_.emplace(id, std::move(membership));
}

void WebSocketExchange::answer(const std::string& id, const nlohmann::json& message, bool rejects) {
  const auto known = flows_.find(id);
  if (known == flows_.end()) return refuse(id, "22023", "there is no consumer group with this id");
  GroupAnswer answer;
  answer.rejects = rejects;
  answer.batch = text_of(message, "batch").value_or("");
  answer.upto = text_of(message, "upto").value_or("");
  answer.reason = rejects ? text_of(message, "reason").value_or("") : "";
  answer.after = rejects ? text_of(message, "after").value_or("") : "";
  if (const auto partition = message.find("partition"); partition != message.end()) {
    if (!partition->is_number_unsigned() || partition->get<uint64_t>() > INT32_MAX) {
      return refuse(id, "22023", "\"partition\" must be what the event's partition is");
    }
    answer.partition = partition->get<int64_t>();
  }
  if (const absl::Status said = known->second->answer(std::move(answer)); !said.ok()) refuse(id, said);
}

}  // namespace troupe
