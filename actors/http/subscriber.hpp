#pragma once
/// One subscription of an HTTP client: a session that runs SUBSCRIBE, and its rows as changes.
/// Owner: an exchange.
#include <optional>
#include <string>
#include <string_view>

#include "actors/http/http_scene.hpp"
#include "actors/http/streamed_change.hpp"
#include "actors/session/local_client.hpp"

namespace troupe {

/// What is subscribed to, as SQL has it behind SUBSCRIBE TO, and from where.
struct SubscribeTarget {
  std::string text;
  std::string from;           ///< a resume token; empty: from now on
  bool tables = false;        ///< whose tokens are positions in the log, so that even "now" has one
  bool stream = false;        ///< it is STREAM s
  bool snapshot = false;      ///< of a stream: first the rows that there are
  bool transactions = false;  ///< of a stream: where each begins and ends is told, too

  void name_stream(std::string_view name);
  /// `text` is of whatever kind.
  void name_anything(std::string_view what);
};

/// From inside Subscriber::run() only. After on_failed() nothing comes any more.
class SubscriberEvents {
 public:
  virtual ~SubscriberEvents() = default;
  /// Changes after the token will come; empty: where that is, is told when the rows that there are have come.
  virtual void on_subscribed(std::string_view token) = 0;
  virtual void on_change(const StreamedChange& change) = 0;
  /// Everything up to the token has been told.
  virtual void on_progress(std::string_view token) = 0;
  virtual void on_failed(const ServerReport& report) = 0;
};

class Subscriber final : private LocalClientEvents {
 public:
  Subscriber(SubscriberEvents& events, HttpScene& scene) : events_{events}, scene_{scene}, client_{*this, scene.wake} {}

  /// Errors: why the target or the token cannot be meant.
  absl::Status start(const LocalLogin& login, SubscribeTarget target);
  void run();
  void pause(bool paused) { client_.pause(paused); }

 private:
  void on_ready(char) override {}
  void on_columns(std::span<const ColumnDescriptor>) override { accepted_ = true; }
  void on_row(const DataRow& row) override;
  void on_error(const ServerReport& report) override;
  void on_closed() override;
  std::string statement(const SubscribeTarget& target) const;
  void tell_subscribed(std::string_view token);

  SubscriberEvents& events_;
  HttpScene& scene_;
  LocalClient client_;
  std::string from_;
  bool of_stream_ = false;
  bool accepted_ = false;
  bool told_ = false;
  bool failed_ = false;
};

/// Of ?table=a&table=b, ?stream=s or ?target=..., and ?from=... or Last-Event-ID.
SubscribeTarget subscribe_target_of(const HttpRequest& request);
/// A token goes into a statement's text, so it is only what tokens are made of.
bool may_be_token(std::string_view text);

}  // namespace troupe
