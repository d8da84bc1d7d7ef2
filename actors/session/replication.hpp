#pragma once
/// One START_REPLICATION: what it tells, how far it is, what the subscriber has said. It asks nobody for anything: the
/// backend hands it the log's records in order and the subscriber's messages as they come.
/// Owner: the statement's coroutine.
#include <string>

#include "actors/node/commit_request.hpp"
#include "runtime/protocol/backend_writer.hpp"
#include "runtime/protocol/replication_codec.hpp"
#include "runtime/stream/pgoutput_encoder.hpp"
#include "runtime/transaction/replication_slots.hpp"

namespace troupe {

class Replication {
 public:
  Replication(std::string slot, Scn from, PgoutputEncoder encoder, int64_t now_us)
      : slot_{std::move(slot)}, through_{from}, encoder_{std::move(encoder)}, heard_us_{now_us} {}

  const std::string& slot() const { return slot_; }
  PgoutputEncoder& encoder() { return encoder_; }

  // --- the place: every commit up to through() was told, and so many records of the next were looked at ---
  Scn through() const { return through_; }
  uint32_t records_behind() const { return behind_; }
  EncoderPass pass() const { return pass_; }
  /// False: it was seen before.
  bool begin(const CommitFrame& record);
  /// The record was told in this pass. True: the commit's records are wanted again, from the first.
  bool end_record();
  /// The commits of an answer, of which `behind` records of the next one were in it too.
  void finished(Scn through, uint32_t behind);
  bool rewound() const { return rewound_; }

  // --- what the subscriber said ---
  void heard(const replication::StandbyStatus& status, Scn durable, int64_t now_us);
  Scn confirmed() const { return confirmed_; }
  SlotProgress progress() const;
  void note_sent(Lsn lsn) { sent_ = std::max(sent_, lsn); }
  Lsn sent() const { return sent_; }

  bool done = false;  ///< it has said CopyDone
  bool keepalive_wanted = false;
  bool asks_for_reply = false;  ///< the keepalive is to be answered
  bool publisher_lost = false;
  bool caught_up = false;
  int64_t saved_us = 0;  ///< when its slot was saved
  absl::Status failure;
  int64_t heard_us() const { return heard_us_; }
  bool waits_for_reply = false;

 private:
  std::string slot_;
  Scn through_;
  uint32_t behind_ = 0;
  PgoutputEncoder encoder_;
  EncoderPass pass_ = EncoderPass::kRemovals;
  bool rewound_ = false;
  CommitFrame record_;

  int64_t heard_us_ = 0;
  Scn confirmed_ = kNoScn;
  Lsn sent_ = kNoLsn;
  replication::StandbyStatus status_;
  int64_t reply_us_ = 0;
};

}  // namespace troupe
