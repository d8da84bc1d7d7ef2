#pragma once
/// Building the log's payloads.
#include <span>

#include "schemas/log_generated.h"
#include "storage/base/frame.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

struct CommitInfo {
  Scn scn = kNoScn;
  TxnId txn = kNoTxn;
  int64_t committed_at_us = 0;
  uint64_t participants = 0;
  uint32_t part = 0;
  uint32_t parts = 0;
  uint32_t change_count = 0;
  uint32_t flags = 0;
};

/// Changes of several partitions, one after the other, are one transaction's changes.
inline Frame<schema::Commit> build_commit(const CommitInfo& info, std::span<const std::string_view> changes,
                                          std::string_view origin = {}) {
  auto& builder = frame_builder();
  size_t size = 0;
  for (const std::string_view piece : changes) size += piece.size();
  uint8_t* bytes = nullptr;
  const auto packed = builder.CreateUninitializedVector(size, 1, &bytes);
  for (const std::string_view piece : changes) {
    if (!piece.empty()) std::memcpy(bytes, piece.data(), piece.size());
    bytes += piece.size();
  }
  flatbuffers::Offset<flatbuffers::String> from;
  if (!origin.empty()) from = builder.CreateString(origin.data(), origin.size());
  const schema::CommitHead head(info.scn, info.txn, info.committed_at_us, info.participants, info.part, info.parts,
                                info.change_count, info.flags);
  return finish_frame(builder, schema::CreateCommit(builder, &head, packed, from));
}

inline Frame<schema::CheckpointMark> build_checkpoint_mark(Scn scn, uint64_t position, int64_t taken_at_us) {
  auto& builder = frame_builder();
  const schema::CheckpointHead head(scn, position, taken_at_us);
  return finish_frame(builder, schema::CreateCheckpointMark(builder, &head));
}

/// The SCN is drawn last, when the record goes to the log: everything else is built before.
inline void stamp_commit(Frame<schema::Commit>& commit, Scn scn, int64_t committed_at_us) {
  schema::CommitHead* head = commit.mutable_root()->mutable_head();
  head->mutate_scn(scn);
  head->mutate_committed_at_us(committed_at_us);
}

/// CommitHead::participants.
inline uint64_t participant_bit(PartitionId partition) { return 1ull << (partition % 64); }
/// The bits of `partitions` partitions, 64 at most.
inline uint64_t all_participants(size_t partitions) { return partitions >= 64 ? ~0ull : (1ull << partitions) - 1; }

}  // namespace troupe
