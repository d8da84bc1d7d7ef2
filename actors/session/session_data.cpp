#include "actors/session/session_data.hpp"

#include <algorithm>

#include "runtime/exec/messages.hpp"

namespace troupe {

uint16_t SessionData::partition_count() const { return host_.partition_count(); }

PartitionId SessionData::partition_of(uint64_t distribution_hash) const {
  return static_cast<PartitionId>(distribution_hash % host_.partition_count());
}

void SessionData::start_read(PartitionId partition, ReadFrame frame, ReadSlot* slot) {
  if (!cancelled_.ok()) {
    slot->complete(cancelled_);
    return;
  }
  slot->request = next_request_++;
  frame.mutable_root()->mutable_head()->mutate_request(slot->request);
  frame.mutable_root()->mutable_head()->mutate_partition(partition);
  for (const auto& [tree, scn] : as_of_) {
    if (frame->head()->tree() == tree) frame.mutable_root()->mutable_head()->mutate_snapshot(scn);
  }
  if (tracker_ && has_flag(*frame->head(), schema::ReadFlag::track_reads)) tracker_->asked(slot->request, frame);
  reads_.push_back({slot->request, slot, partition, false, false, host_.partition_incarnation(partition)});
  host_.send_read(partition, std::move(frame));
}

void SessionData::start_write(PartitionId partition, WriteFrame frame, WriteSlot* slot) {
  if (!cancelled_.ok()) {
    slot->complete(cancelled_);
    return;
  }
  slot->request = next_request_++;
  schema::WriteHead* head = frame.mutable_root()->mutable_head();
  head->mutate_request(slot->request);
  head->mutate_partition(partition);
  const bool bulk = head->kind() == schema::WriteKind::bulk;
  const uint64_t incarnation = bulk ? host_.partition_incarnation(partition) : host_.lock_shard_incarnation(partition);
  writes_.push_back({slot->request, slot, partition, !bulk, redo_.ask(frame), incarnation});
  if (bulk) {
    host_.send_bulk(partition, std::move(frame));
    return;
  }
  if (tracker_ && has_flag(*head, schema::WriteFlag::track_reads)) tracker_->asked(slot->request, frame);
  participants_ |= uint64_t{1} << partition;
  host_.send_write(partition, std::move(frame));
}

template <typename Slot>
Slot* SessionData::take(std::vector<Waiting<Slot>>& waiting, uint64_t request, bool* brings_redo) {
  for (size_t i = 0; i < waiting.size(); ++i) {
    if (waiting[i].request != request) continue;
    Slot* slot = waiting[i].slot;
    if (brings_redo != nullptr) *brings_redo = waiting[i].brings_redo;
    waiting.erase(waiting.begin() + static_cast<ptrdiff_t>(i));
    return slot;
  }
  return nullptr;
}

void SessionData::abandon_read(ReadSlot* slot) {
  take(reads_, slot->request);
  if (tracker_) tracker_->abandoned(slot->request);
}
void SessionData::abandon_write(WriteSlot* slot) {
  take(writes_, slot->request);
  if (tracker_) tracker_->abandoned(slot->request);
}

void SessionData::start_yield(ReplySignal* signal) {
  yields_.push_back(signal);
  host_.send_turn();
}

void SessionData::cancel_yield(ReplySignal* signal) { std::erase(yields_, signal); }

void SessionData::on_turn() {
  if (yields_.empty()) return;
  ReplySignal* signal = yields_.front();
  yields_.erase(yields_.begin());
  signal->raise();
}

void SessionData::on_read_result(ReadResultFrame frame) {
  ReadSlot* slot = take(reads_, frame->head()->request());
  if (slot == nullptr) return;
  if (tracker_) tracker_->answered(frame);
  slot->complete(std::move(frame));
}

void SessionData::on_write_result(WriteResultFrame frame) {
  bool brings_redo = false;
  WriteSlot* slot = take(writes_, frame->head()->request(), &brings_redo);
  if (slot == nullptr) return;
  if (brings_redo) redo_.answered(frame);
  if (tracker_) tracker_->answered(frame);
  slot->complete(std::move(frame));
}

void SessionData::cancel(absl::Status status) {
  cancelled_ = std::move(status);
  // Completing a slot runs the statement, which may abandon others: take one at a time.
  while (!reads_.empty()) {
    ReadSlot* slot = reads_.back().slot;
    reads_.pop_back();
    slot->complete(cancelled_);
  }
  while (!writes_.empty()) {
    WriteSlot* slot = writes_.back().slot;
    writes_.pop_back();
    slot->complete(cancelled_);
  }
}

void SessionData::on_lost(bool lock_shard, uint32_t index, uint64_t incarnation) {
  const auto status = [&] {
    return with_hint(error(ErrorCode::kSerializationFailure, "a part of the server (",
                           lock_shard ? "lock shard " : "partition ", index, ") was restarted during the statement"),
                     "Retry the transaction.");
  };
  const auto is_lost = [&](const auto& waiting) {
    return waiting.partition == index && waiting.through_lock_shard == lock_shard && waiting.incarnation < incarnation;
  };
  // The partition's own restart also loses writes that its lock shard had forwarded.
  const auto is_lost_write = [&](const auto& waiting) {
    return is_lost(waiting) || (!lock_shard && waiting.partition == index);
  };
  while (true) {
    const auto read = std::find_if(reads_.begin(), reads_.end(), is_lost);
    if (read != reads_.end()) {
      ReadSlot* slot = read->slot;
      reads_.erase(read);
      slot->complete(status());
      continue;
    }
    const auto write = std::find_if(writes_.begin(), writes_.end(), is_lost_write);
    if (write == writes_.end()) return;
    WriteSlot* slot = write->slot;
    writes_.erase(write);
    slot->complete(status());
  }
}

}  // namespace troupe
