#pragma once
/// A member of a consumer group over a WebSocket: a session that CONSUMEs as many events as the client has granted, and
/// another one that acknowledges and rejects what the client says it has done, or cannot do. What is not acknowledged
/// when the client goes is delivered again.
/// Owner: a WebSocket exchange.
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "actors/http/http_scene.hpp"
#include "actors/http/streamed_change.hpp"
#include "actors/session/local_client.hpp"

namespace troupe {

struct GroupTarget {
  std::string stream;  ///< names as in SQL
  std::string group;
  std::string member;  ///< empty: the session
};
struct GroupAnswer {
  bool rejects = false;
  std::string batch;
  std::string upto;    ///< empty: all of it
  std::string reason;  ///< of a rejection,
  std::string after;   ///< and the pause before it is delivered again: an interval
  std::optional<int64_t> partition;
};

/// From inside GroupConsumer::run() only. After on_failed() nothing comes any more.
class GroupConsumerEvents {
 public:
  virtual ~GroupConsumerEvents() = default;
  virtual void on_joined() = 0;
  virtual void on_consumed(const StreamedChange& change) = 0;
  /// The transaction of the answer has committed; or why not.
  virtual void on_answered(const GroupAnswer& answer, const ServerReport* problem) = 0;
  virtual void on_failed(const ServerReport& report) = 0;
};

class GroupConsumer final {
 public:
  GroupConsumer(GroupConsumerEvents& events, HttpScene& scene);

  /// Errors: 22023, 22021.
  absl::Status start(const LocalLogin& login, GroupTarget target);
  void run();
  void pause(bool paused);
  /// It may deliver so many events more.
  void grant(uint64_t events);
  absl::Status answer(GroupAnswer answer);

 private:
  struct Reader final : LocalClientEvents {
    explicit Reader(GroupConsumer& owner) : consumer{owner} {}
    void on_ready(char) override;
    void on_columns(std::span<const ColumnDescriptor>) override { consumer.accepted_ = true; }
    void on_row(const DataRow& row) override;
    void on_error(const ServerReport& report) override { consumer.fail(report); }
    void on_closed() override { consumer.on_closed(); }
    GroupConsumer& consumer;
    bool logged_in = false;
  };
  struct Teller final : LocalClientEvents {
    explicit Teller(GroupConsumer& owner) : consumer{owner} {}
    void on_ready(char) override;
    void on_error(const ServerReport& report) override;
    void on_closed() override { consumer.on_closed(); }
    GroupConsumer& consumer;
    std::optional<ServerReport> problem;
    bool logged_in = false;
  };

  void consume();
  void tell_joined();
  void fail(const ServerReport& report);
  void on_closed();

  GroupConsumerEvents& events_;
  HttpScene& scene_;
  Reader reader_events_{*this};
  Teller teller_events_{*this};
  LocalClient reader_, teller_;
  GroupTarget target_;
  std::deque<GroupAnswer> answers_;  ///< on their way
  uint64_t credit_ = 0;
  bool consuming_ = false;
  bool accepted_ = false;
  bool joined_ = false;
  bool paused_ = false;
  bool failed_ = false;
};

}  // namespace troupe
