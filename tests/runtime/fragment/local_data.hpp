#pragma once
/// DataAccess over partitions in this process: requests are carried out, and their answers delivered, in an order the
/// seed decides.
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "local_partition.hpp"
#include "runtime/exec/data_access.hpp"
#include "runtime/exec/written_redo.hpp"
#include "storage/base/random.hpp"

namespace troupe {

class LocalData final : public DataAccess {
 public:
  LocalData(uint16_t partitions, uint64_t seed, bool tiny = false, EngineLimits limits = {}) : random_{seed} {
    for (PartitionId id = 0; id < partitions; ++id) {
      partitions_.push_back(std::make_unique<LocalPartition>(id, tiny, limits));
    }
  }

  uint16_t partition_count() const override { return static_cast<uint16_t>(partitions_.size()); }
  PartitionId partition_of(uint64_t hash) const override { return static_cast<PartitionId>(hash % partitions_.size()); }
  LocalPartition& partition(PartitionId id) { return *partitions_[id]; }

  void start_read(PartitionId partition, ReadFrame frame, ReadSlot* slot) override {
    slot->request = ++requests_;
    frame.mutable_root()->mutable_head()->mutate_request(slot->request);
    ++reads;
    under_way_.push_back(
        {slot, [this, partition, frame, slot] { slot->complete(partitions_[partition]->read(frame)); }});
  }
  void start_write(PartitionId partition, WriteFrame frame, WriteSlot* slot) override {
    slot->request = ++requests_;
    frame.mutable_root()->mutable_head()->mutate_request(slot->request);
    ++writes;
    const TxnId txn = frame->head()->txn();
    const bool brings_redo = redo[txn].ask(frame);
    under_way_.push_back({slot, [this, partition, frame, slot, txn, brings_redo] {
                            if (before_write) run_before_write();
                            auto answer = partitions_[partition]->write(frame);
                            if (brings_redo) redo[txn].answered(answer);
                            slot->complete(std::move(answer));
                          }});
  }
  void abandon_read(ReadSlot* slot) override { abandon(slot); }
  void abandon_write(WriteSlot* slot) override { abandon(slot); }
  void start_yield(ReplySignal* signal) override {
    ++yields;
    under_way_.push_back({signal, [signal] { signal->raise(); }});
  }
  void cancel_yield(ReplySignal* signal) override { abandon(signal); }
  absl::Status check_cancelled() override { return cancelled; }

  /// Carries out one request; false when none is under way.
  bool step() {
    if (under_way_.empty()) return false;
    const size_t i = random_.below(under_way_.size());
    auto run = std::move(under_way_[i].run);
    under_way_.erase(under_way_.begin() + static_cast<ptrdiff_t>(i));
    run();
    return true;
  }
  size_t under_way() const { return under_way_.size(); }

  uint64_t reads = 0;
  uint64_t writes = 0;
  uint64_t yields = 0;
  std::map<TxnId, WrittenRedo> redo;
  std::function<void()> before_write;  ///< once, before the next write is carried out
  absl::Status cancelled;

 private:
  struct Request {
    const void* slot;
    std::function<void()> run;
  };
  /// What others do meanwhile: this session's requests wait.
  void run_before_write() {
    std::vector<Request> waiting = std::exchange(under_way_, {});
    std::exchange(before_write, nullptr)();
    under_way_ = std::move(waiting);
  }
  void abandon(const void* slot) {
    std::erase_if(under_way_, [slot](const Request& request) { return request.slot == slot; });
  }

  std::vector<std::unique_ptr<LocalPartition>> partitions_;
  std::vector<Request> under_way_;
  Random random_;
  uint64_t requests_ = 0;
};

}  // namespace troupe
