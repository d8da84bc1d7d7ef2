#include "actors/session/replication.hpp"

namespace troupe {

bool Replication::begin(const CommitFrame& record) {
  const schema::CommitHead& head = *record->head();
  if (head.scn() <= through_ || head.part() < behind_) return false;
  record_ = record;
  if (head.part() == 0 && pass_ == EncoderPass::kRemovals) encoder_.begin(head);
  return true;
}

bool Replication::end_record() {
  const schema::CommitHead& head = *record_->head();
  const bool last = head.parts() != 0;
  ++behind_;
  if (!last) return false;
  behind_ = 0;
  if (pass_ == EncoderPass::kRemovals) {
    pass_ = EncoderPass::kAdditions;
    rewound_ = head.parts() > 1;
    return true;
  }
  pass_ = EncoderPass::kRemovals;
  through_ = head.scn();
  return false;
}

void Replication::finished(Scn through, uint32_t behind) {
  if (rewound_) {
    rewound_ = false;
    return;
  }
  if (through > through_) through_ = through;
  behind_ = behind;
}

void Replication::heard(const replication::StandbyStatus& status, Scn durable, int64_t now_us) {
  status_ = status;
  heard_us_ = reply_us_ = now_us;
  waits_for_reply = false;
  if (status.flushed != kNoLsn) confirmed_ = std::max(confirmed_, std::min(scn_before(status.flushed), durable));
  if (status.reply_wanted) keepalive_wanted = true;
}

SlotProgress Replication::progress() const {
  SlotProgress progress;
  progress.sent = sent_;
  progress.written = status_.written;
  progress.flushed = status_.flushed;
  progress.replayed = status_.applied;
  progress.reply_us = reply_us_;
  progress.streaming = caught_up;
  return progress;
}

}  // namespace troupe
