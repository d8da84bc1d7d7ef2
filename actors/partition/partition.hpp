#pragma once
/// The actor of one partition: takes questions, commits and checkpoints in order and runs them on the engine. What
/// misses a page waits for the page reader; what takes long goes on in turns.
/// Invariant: commits are applied in SCN order, and nothing that came after a commit overtakes it.
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "actors/node/node_context.hpp"
#include "actors/partition/dead_commands.hpp"
#include "actors/partition/page_io.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/heir.hpp"
#include "runtime/fragment/partition_engine.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

/// What outlives the actor.
struct PartitionState {
  PartitionState(PartitionId id, std::shared_ptr<PartitionStore> opened, Scn applied_scn)
      : store{std::move(opened)}, engine{id, *store}, applied{applied_scn} {}
  ~PartitionState();

  /// Shared with the page reader, which reads its file while the store may be replaced.
  std::shared_ptr<PartitionStore> store;
  PartitionEngine engine;
  /// Everything up to it that concerns this partition is applied.
  Scn applied;
  /// The newest commit it was sent: the next one must follow on it.
  Scn last_commit = kNoScn;
  /// The one that is being written.
  CheckpointRunPtr checkpoint;
};

class Partition final : public ActorOf<PartitionActor::base> {
 public:
  Partition(caf::actor_config& config, ActorSeat seat, NodeContext& node, PartitionId id);
  ~Partition() override;
  behavior_type make_behavior() override;
  const char* name() const override { return "partition"; }
  void on_exit() override {
    directory_.clear();
    checkpoint_sent_to_ = nullptr;
  }

 private:
  struct ReadJob {
    ReadTask task;
    caf::strong_actor_ptr asker;
  };
  struct WriteJob {
    WriteTask task;
    caf::strong_actor_ptr asker;
    bool waited_for_room = false;  ///< before it could spill
  };
  struct PrepareJob {
    TxnId txn;
    caf::strong_actor_ptr asker;
    uint32_t piece = 0;  ///< the next of its redo
    bool begun = false;
  };
  struct ApplyJob {
    CommitRequestPtr commit;
    size_t record = 0;  ///< records before it are applied
  };
  using Job = std::variant<ReadJob, WriteJob, PrepareJob, ApplyJob>;
  enum class Progress : uint8_t { kDone, kAgain, kWaits };

  /// Runs `job`, or puts it behind a commit that waits for a page.
  void submit(Job job);
  void run(Job job);
  void go_on(Job job);
  void half_applied(const Job& job);
  void run_backlog();
  Progress step(Job& job);
  Progress step(ReadJob& job);
  Progress step(WriteJob& job);
  Progress step(PrepareJob& job);
  Progress step(ApplyJob& job);
  std::optional<Progress> spill(WriteJob& job);
  PageProof page_proof() const;
  bool load_at_hand(PageAddress address);
  bool load_at_hand(const MissingPages& missing);
  Progress wait_for(const PageFault& fault);
  Progress wait_for_room();
  void go_on_with_room();
  /// Whether `job` may be run though a commit is half applied.
  bool sees_older(const Job& job) const;
  void on_rejoined(Scn last);
  bool requested(PageAddress address) const;
  void request_page(PageAddress address);
  void request_pages_again();
  void abandon_tree(TreeId tree);
  void drop_writes(TxnId txn, CommandId command);
  void drop_writes(const std::function<bool(const schema::WriteHead&)>& unwanted);
  void on_apply(const CommitRequestPtr& commit, Scn previous);
  bool forgets_missed() const;
  void on_page(const LoadedPagePtr& page);
  void fail(Job& job, const absl::Status& status);
  void begin_checkpoint(Scn scn, uint64_t round);
  void send_checkpoint();
  void watch_checkpoint();
  void end_checkpoint(const CheckpointRunPtr& run);
  void collect_garbage();
  void measure_trees();
  void want_turn();
  void on_turn();
  bool others_wait();

  NodeContext& node_;
  const PartitionId id_;
  AddressView directory_;
  Heir<PartitionState>& heir_;
  Heir<PartitionState>::Claim state_;

  struct Parked {
    Job job;
    PageAddress waits_for;
  };
  std::vector<Parked> parked_;
  std::vector<LoadedPagePtr> requested_;  ///< one for each page; an answer that is none of them is a late one
  size_t next_reader_ = 0;
  PageAddress missing_;        ///< of the step that just answered kWaits
  bool no_room_ = false;       ///< it waits for a checkpoint instead
  bool apply_waits_ = false;   ///< an ApplyJob is parked or without room: what must see it queues in backlog_
  Scn applying_ = kNoScn;      ///< its commit
  std::vector<Job> without_room_;  ///< until a checkpoint has ended
  std::deque<Job> backlog_;
  std::deque<Job> sliced_;     ///< unfinished, run on in turns
  bool turn_wanted_ = false;
  PageWriterActor checkpoint_sent_to_;  ///< only compared
  DeadCommands dead_;
  std::vector<TreeId> unmeasured_;      ///< trees whose sizes are to be published
  bool rejoining_ = false;     ///< commits are missing, or may be; the transaction manager will send them and say so
};

}  // namespace troupe
