#pragma once
/// One subscription of an HTTP client: a session that runs SUBSCRIBE, and its rows as changes.
/// Owner: an exchange.
#include <optional>
#include <string>
#include <string_view>

#include "actors/http/http_scene.hpp"
#include "actors/session/local_client.hpp"

namespace troupe {

/// A row of SUBSCRIBE.
struct StreamedChange {
  std::string_view token;
  std::string_view scn;
  std::string_view xid;
  std::string_view table;
  std::string_view op;
  TextValue before;  ///< JSON
  TextValue after;

  /// {"op": ..., "table": ..., "scn": ..., "xid": ..., "token": ..., "before": ..., "after": ...} without its braces.
  void append_fields(std::string* out) const;
};

/// What is subscribed to, as SQL has it behind SUBSCRIBE TO, and from where.
struct SubscribeTarget {
  std::string text;
  std::string from;     ///< a resume token; empty: from now on
  bool tables = false;  ///< whose tokens are positions in the log, so that even "now" has one
};

/// From inside Subscriber::run() only. After on_failed() nothing comes any more.
class SubscriberEvents {
 public:
  virtual ~SubscriberEvents() = default;
  /// Changes after the token will come; empty: where that is, the first change says.
  virtual void on_subscribed(std::string_view token) = 0;
  virtual void on_change(const StreamedChange& change) = 0;
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
  void tell_subscribed();

  SubscriberEvents& events_;
  HttpScene& scene_;
  LocalClient client_;
  std::string from_;
  bool accepted_ = false;
  bool told_ = false;
  bool failed_ = false;
};

/// Of ?table=a&table=b, or ?target=..., and ?from=... or Last-Event-ID.
SubscribeTarget subscribe_target_of(const HttpRequest& request);

}  // namespace troupe
