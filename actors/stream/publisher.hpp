#pragma once
/// Hands the log's commits to those who follow it: the newest ones from memory, older ones from the log's files.
/// Detached, because it reads files. A subscriber asks for the next commits when it has room for them; nobody is sent
/// anything unasked, so a slow subscriber costs nothing; and while nobody asks, the log writer does not tell of
/// commits. Who waits for certain rows only is found through an index (runtime/stream/interest.hpp) and not woken by
/// others. Invariant: a subscriber gets every record after the one it names that is of interest, in order, once.
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "actors/node/node_context.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/cell/actor.hpp"
#include "storage/log/log_reader.hpp"

namespace troupe {

class Publisher final : public ActorOf<PublisherActor::base> {
 public:
  Publisher(caf::actor_config& config, ActorSeat seat, NodeContext& node);
  behavior_type make_behavior() override;
  const char* name() const override { return "change_publisher"; }

 private:
  struct Request {
    uint64_t subscription = 0;
    ChangesQuestion question;
    uint64_t bytes_max = 0;
    caf::strong_actor_ptr asker;
    /// Nothing between question.after and here is of interest: so far memory or the log was looked through.
    Scn looked_through = kNoScn;
    uint64_t waiting_since = 0;  ///< bytes_told_ when it began to wait
  };
  /// A subscriber that is behind what memory has.
  struct CatchUp {
    std::unique_ptr<LogReader> reader;
    Scn through = kNoScn;
    uint32_t records_behind = 0;
    std::optional<CommitFrame> unsent;  ///< read already: it would not have fitted
    bool unsent_is_part = false;
  };

  /// Where a subscriber is in the bulk records of a transaction.
  struct BulkReading {
    std::unique_ptr<LogReader> reader;
    LogPosition position = 0;
  };
  struct BulkRequest {
    uint64_t subscription = 0;
    TxnId txn = kNoTxn;
    uint32_t record = 0;
    LogPosition position = 0;
    uint64_t bytes_max = 0;
    caf::strong_actor_ptr asker;
  };

  void follow();
  void unfollow();
  void on_durable(const std::vector<CommitRequestPtr>& commits);
  void on_request(Request request);
  void answer_nothing(Request request);
  void wait(Request request);
  /// Serves those that the newest commits, behind `before`, are for.
  void serve_waiting(Scn before);
  void tell_progress();
  bool serve_from_memory(Request& request);
  void take_newest(const Request& request, Changes& changes) const;
  absl::Status serve_from_log(const Request& request);
  absl::Status position(CatchUp& catch_up, const Request& request);
  absl::StatusOr<bool> read_record(CatchUp& catch_up);
  void on_bulk_request(const BulkRequest& request);
  absl::Status serve_bulk(const BulkRequest& request);
  /// On the disk, or an error of the disk.
  absl::Status save_slots();
  void answer(const caf::strong_actor_ptr& asker, std::shared_ptr<Changes> changes);
  void refuse(const caf::strong_actor_ptr& asker, const ChangesQuestion& question, const absl::Status& status);

  NodeContext& node_;
  LogIndex index_;
  std::deque<CommitRequestPtr> newest_;  ///< every commit after `before_newest_`
  uint64_t newest_bytes_ = 0;
  Scn before_newest_ = kNoScn;
  uint64_t bytes_unasked_ = 0;    ///< of commits since somebody asked for some
  std::unordered_map<uint64_t, Request> waiting_;  ///< for what has not happened yet, by subscription
  InterestIndex interests_;                        ///< of those whose interest is limited
  std::unordered_set<uint64_t> all_wanted_by_;     ///< waiting, and without such a limit
  uint64_t bytes_told_ = 0;      ///< of commits, ever
  uint64_t progress_told_ = 0;   ///< bytes_told_ when tell_progress() looked last
  std::map<uint64_t, CatchUp> catching_up_;
  std::map<uint64_t, BulkReading> reading_bulk_;
  std::optional<uint64_t> slots_saved_;  ///< the version that is on the disk
};

}  // namespace troupe
