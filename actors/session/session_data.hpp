#pragma once
/// How a session's SQL reaches the partitions: reads as messages to the partition, writes to its lock shard. Each
/// request has a number; its answer completes the slot that waits for it, unless a restarted actor swallowed it.
/// Owner: one session; everything happens on its cell.
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "actors/session/read_tracker.hpp"
#include "actors/session/session_host.hpp"
#include "runtime/exec/data_access.hpp"
#include "runtime/exec/written_redo.hpp"

namespace troupe {

class SessionData final : public DataAccess {
 public:
  explicit SessionData(SessionHost& host) : host_{host} {}

  uint16_t partition_count() const override;
  PartitionId partition_of(uint64_t distribution_hash) const override;
  void start_read(PartitionId partition, ReadFrame frame, ReadSlot* slot) override;
  void start_write(PartitionId partition, WriteFrame frame, WriteSlot* slot) override;
  void abandon_read(ReadSlot* slot) override;
  void abandon_write(WriteSlot* slot) override;
  void start_yield(ReplySignal* signal) override;
  void cancel_yield(ReplySignal* signal) override;
  absl::Status check_cancelled() override { return cancelled_; }

  /// Reads of the tree see it as of that SCN, whatever the statement's snapshot is, until read_at_snapshot().
  void read_as_of(TreeId tree, Scn scn) { as_of_.emplace_back(tree, scn); }
  void read_at_snapshot() { as_of_.clear(); }

  // From the session's mailbox. Each may run the statement on.
  void on_read_result(ReadResultFrame frame);
  void on_write_result(WriteResultFrame frame);
  void on_turn();
  /// The partition's (lock shard's) requests from before `incarnation` are lost.
  void on_lost(bool lock_shard, uint32_t index, uint64_t incarnation);

  /// Ends everything that is waited for with `status`, and whatever the running statement starts from here on.
  void cancel(absl::Status status);
  void begin_statement() { cancelled_ = absl::OkStatus(); }

  /// Partitions whose lock shard a write of the transaction was sent to, and those that may hold its writes.
  uint64_t participants() const { return participants_; }
  void add_participant(PartitionId partition) { participants_ |= uint64_t{1} << partition; }
  /// The transaction is over.
  void forget_writes() {
    participants_ = 0;
    redo_.clear();
  }
  /// Of a SERIALIZABLE transaction; null as long as the session has had none.
  ReadTracker* tracker() { return tracker_.get(); }
  ReadTracker& make_tracker(uint32_t ranges_max, PlantedBug planted) {
    if (tracker_ == nullptr) tracker_ = std::make_unique<ReadTracker>(ranges_max, planted);
    return *tracker_;
  }
  WrittenRedo& redo() { return redo_; }
  /// A write went out whose answer is still waited for; those of cancelled statements do not count.
  bool has_writes_under_way() const { return !writes_.empty(); }

 private:
  template <typename Slot>
  struct Waiting {
    uint64_t request;
    Slot* slot;
    PartitionId partition;
    bool through_lock_shard;
    bool brings_redo;
    uint64_t incarnation;
  };
  template <typename Slot>
  static Slot* take(std::vector<Waiting<Slot>>& waiting, uint64_t request, bool* brings_redo = nullptr);

  SessionHost& host_;
  std::vector<std::pair<TreeId, Scn>> as_of_;
  uint64_t next_request_ = 1;
  uint64_t participants_ = 0;
  WrittenRedo redo_;
  std::unique_ptr<ReadTracker> tracker_;
  std::vector<Waiting<ReadSlot>> reads_;
  std::vector<Waiting<WriteSlot>> writes_;
  std::vector<ReplySignal*> yields_;
  absl::Status cancelled_;
};

}  // namespace troupe
