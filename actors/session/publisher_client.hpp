#pragma once
/// What a session says to the publisher of a subscription and hears from it: a connection to another server
/// (actors/subscription/publisher_link.hpp) whose answers its coroutine waits for.
#include <optional>
#include <string>

#include "actors/subscription/publisher_channel.hpp"
#include "runtime/exec/task.hpp"

namespace troupe {

class Backend;

class PublisherClient {
 public:
  explicit PublisherClient(Backend& backend);
  /// Gives the connection up.
  ~PublisherClient();

  /// `name`: what the publisher sees of us. Errors: 08006, with libpq's words.
  Task<absl::Status> connect(std::string conninfo, std::string name);
  /// A statement or replication command, and its rows.
  Task<absl::StatusOr<PublisherAnswer>> execute(std::string text);
  /// COPY TO STDOUT, START_REPLICATION: what comes is had by receive() and take().
  void copy(std::string text);
  void follow(std::string text);
  void say(std::string data);

  /// What has come next. Errors: the session's statement was cancelled.
  Task<absl::StatusOr<PublisherAnswer>> receive();
  std::optional<PublisherAnswer> take() { return channel_->take(); }

 private:
  Backend& backend_;
  PublisherChannelPtr channel_;
};

}  // namespace troupe
