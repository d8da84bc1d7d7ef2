#pragma once
/// A connection to another server, by libpq, for one session of this node that subscribes to something there. A thread
/// of its own: names are looked up and files of certificates and passwords read when it connects, which may block; else
/// it waits for its socket and its session only. It ends with its channel.
#include <memory>
#include <string>

#include <libpq-fe.h>

#include "actors/node/node_context.hpp"
#include "actors/subscription/publisher_channel.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/supervisor.hpp"

namespace troupe {

using PublisherLinkActor = caf::typed_actor<
    // To itself: goes on.
    caf::reacts_to<turn_atom>>;

/// Whether libpq can read it. Errors: 42601.
absl::Status check_conninfo(const std::string& conninfo);

class PublisherLink final : public ActorOf<PublisherLinkActor::base> {
 public:
  PublisherLink(caf::actor_config& config, ActorSeat seat, NodeContext& node, PublisherChannelPtr channel);

  behavior_type make_behavior() override;
  const char* name() const override { return "publisher_link"; }
  void on_exit() override;

 private:
  enum class State : uint8_t { kIdle, kConnecting, kExecuting, kCopying, kFollowing };
  /// What a step found.
  enum class Step : uint8_t { kAgain, kReadable, kWritable, kCommand };

  void turn();
  Step step();
  Step begin(const PublisherCommand& command);
  Step connect(const PublisherCommand& command);
  Step go_on_connecting();
  Step execute();
  Step receive();
  Step hear_session();
  void finish_copy();
  void read_result(PGresult* result, PublisherAnswer* answer);
  void answer(PublisherAnswer answer);
  void fail(const absl::Status& status);
  absl::Status failure() const;
  void wait(Step step);

  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  NodeContext& node_;
  const PublisherChannelPtr channel_;
  std::unique_ptr<PGconn, Finish> connection_;
  State state_ = State::kIdle;
  PublisherCommand::Kind kind_ = PublisherCommand::Kind::kExecute;
  PublisherAnswer pending_;  ///< of the statement that runs
  int64_t deadline_us_ = 0;  ///< of connecting, monotonic
  PostgresPollingStatusType polling_ = PGRES_POLLING_WRITING;
};

ChildSpecPtr publisher_link_child(NodeContext& node, PublisherChannelPtr channel);

}  // namespace troupe
