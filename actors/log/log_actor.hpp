#pragma once
/// The log writer's actor: detached, because it blocks on the disk. What arrives while a batch is being written and
/// synced makes the next batch.
/// Invariant: durable() is published, and committers are told, only after the sync.
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/heir.hpp"
#include "storage/file/disk_reserve.hpp"
#include "storage/log/log_reader.hpp"
#include "storage/log/log_writer.hpp"
#include "storage/log/recovery_point.hpp"

namespace troupe {

/// What outlives the actor.
struct LogState {
  LogState(FileSystem& files, const std::string& directory, const OpenedLog& opened, const LogOptions& log_options)
      : options{log_options}, appender{opened.tail, log_options}, writer{files, directory, opened, log_options} {}

  LogOptions options;
  LogAppender appender;
  LogWriter writer;
  struct Waiting {
    CommitRequestPtr commit;
    caf::strong_actor_ptr waiter;
  };
  std::deque<Waiting> waiting;  ///< appended and not yet durable, in SCN order
  /// Where batches begin: their first SCN and position, for releasing.
  std::deque<std::pair<Scn, LogPosition>> batches;
  Scn first_unbatched = kNoScn;
  std::optional<LogBatch> unwritten;  ///< the disk is full; only where the actor must not wait for it
  Scn recovered = kNoScn;             ///< the newest commit when the node started
  RecoveryPoint point;                ///< as it was kept last
  uint64_t bytes_since_checkpoint = 0;
};

class LogActor final : public ActorOf<LogWriterActor::base> {
 public:
  LogActor(caf::actor_config& config, ActorSeat seat, NodeContext& node);
  behavior_type make_behavior() override;
  const char* name() const override { return "log_writer"; }
  void on_exit() override;

 private:
  void append(const CommitRequestPtr& commit, const caf::strong_actor_ptr& waiter);
  Scn newest_taken() const;
  void ask_for_missing();
  void append_bulk(const BulkFrame& bulk);
  /// Nothing when the node is fenced or has just been.
  std::optional<LogPosition> queue(LogRecordKind kind, Scn scn, std::string_view payload);
  void want_flush();
  bool gather();
  void flush();
  bool write_queued();
  void prepare();
  void note_full(const absl::Status& status);
  bool lacks_room(const absl::Status& status) const;
  absl::Status write_when_there_is_room(const LogBatch& batch, absl::Status status);
  void tell_durable();
  void on_idle();
  void append_last_mark();
  void release(Scn scn);
  absl::Status keep_point();
  absl::Status tell_lost_slots();
  void show_use();
  void show_failed(const absl::Status& status);
  void give_up(const absl::Status& why);

  NodeContext& node_;
  Heir<LogState>& heir_;
  Heir<LogState>::Claim state_;
  DiskReserve reserve_;
  LogIndex index_;
  uint64_t missing_asked_of_ = 0;  ///< the transaction manager's incarnation
  bool flush_wanted_ = false;
  bool gathered_ = false;    ///< it waited for more, once a batch
  size_t newest_batch_ = 0;  ///< its commits
  bool full_ = false;        ///< the next segment cannot be made
  int64_t retry_at_us_ = 0;  ///< a tick comes then that tries again; 0: none
  bool idle_watch_ = false;
  uint64_t appended_ = 0;
  uint64_t appended_at_idle_ = 0;
};

}  // namespace troupe
