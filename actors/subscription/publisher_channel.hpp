#pragma once
/// Between a session and its connection to another server (publisher_link.hpp), which is on a thread of its own: what
/// is asked, and what came. Bounded: while kWindowBytes have come and were not taken, nothing more is read. Safe from
/// any thread; one session asks, one connection answers.
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

struct PublisherCommand {
  enum class Kind : uint8_t {
    kConnect,  ///< text: conninfo, as libpq has it; name: what the publisher sees of us
    kExecute,  ///< one answer, with its rows
    kCopy,     ///< COPY TO STDOUT: answers with data until one is the last
    kFollow,   ///< START_REPLICATION: answers with data until an error
    kSay,      ///< CopyData, while it follows
  };
  Kind kind = Kind::kExecute;
  std::string text;
  std::string name;
};

struct PublisherAnswer {
  using Row = std::vector<std::optional<std::string>>;

  absl::Status status;
  std::vector<Row> rows;
  std::vector<std::string> data;  ///< pieces of CopyData, whole
  bool last = true;               ///< nothing more comes of this command
};

class PublisherChannel {
 public:
  static constexpr size_t kWindowBytes = 4 << 20;

  /// `tell` is called, on any thread, when an answer has come.
  explicit PublisherChannel(std::function<void()> tell);
  ~PublisherChannel();
  PublisherChannel(const PublisherChannel&) = delete;
  PublisherChannel& operator=(const PublisherChannel&) = delete;

  // The session.
  void ask(PublisherCommand command);
  /// Nothing: not yet.
  std::optional<PublisherAnswer> take();
  /// The connection is given up.
  void close();

  // The connection.
  std::optional<PublisherCommand> next();
  void answer(PublisherAnswer answer);
  bool full() const;
  bool closed() const;
  /// Becomes readable when there is something to do for the connection.
  int wake_descriptor() const { return wake_; }
  void slept();

 private:
  void wake() const;

  const std::function<void()> tell_;
  const int wake_;
  mutable std::mutex mutex_;
  std::deque<PublisherCommand> commands_;
  std::deque<PublisherAnswer> answers_;
  size_t bytes_ = 0;  ///< of answers
  bool closed_ = false;
};
using PublisherChannelPtr = std::shared_ptr<PublisherChannel>;

/// Who makes connections to other servers, told to sessions that want one.
class PublisherLinks {
 public:
  /// Those of the node whose services these are.
  static PublisherLinks& of_node(const void* services);

  /// Nobody: there are none (any more).
  void serve(std::function<void(const PublisherChannelPtr&)> open);
  /// False: nobody makes connections now.
  bool open(const PublisherChannelPtr& channel);

 private:
  std::mutex mutex_;
  std::function<void(const PublisherChannelPtr&)> open_;
};

}  // namespace troupe
