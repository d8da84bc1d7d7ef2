#pragma once
/// What a consumer group's member has read of the log and not yet been given. It stays between CONSUMEs: who goes on
/// where he was reads nothing twice. It asks nobody for anything: its owner hands it the log's records.
/// Owner: one backend.
#include <memory>
#include <string>
#include <vector>

#include "actors/session/subscription.hpp"
#include "actors/stream/changes.hpp"
#include "runtime/stream/group_share.hpp"
#include "runtime/stream/stream_teller.hpp"

namespace troupe {

/// An event that is kept.
struct KeptEvent {
  StreamToken token;
  TxnId xid = kNoTxn;
  int64_t committed_at_us = 0;
  uint32_t partition = 0;
  RowOp op = RowOp::kInsert;
  std::string table, schema;
  std::optional<std::string> key, before, after;
  std::string error;  ///< it cannot be delivered at all
  int32_t delivery = 1;

  size_t bytes() const;
};
KeptEvent keep(const RowEvent& event, const schema::CommitHead& head);

class GroupReader {
 public:
  GroupReader(std::shared_ptr<const StreamDef> stream, CatalogPtr catalog, EvalContext& context, uint32_t partitions);

  const StreamDef& stream() const { return *stream_; }
  Subscription& subscription() { return *subscription_; }

  /// From here on these are read. False: it has gone further than one of them is, and is to begin again.
  bool read(const std::vector<GroupReading>& readings);
  /// Begins again, at the oldest of those.
  void rewind(const std::vector<GroupReading>& readings);
  /// What it has looked at.
  StreamToken position() const { return position_; }
  void at(StreamToken position) { position_ = position; }
  /// Up to where the partition has been read: up to its event where it is to be read alone, and had one.
  StreamToken read_through(uint32_t partition) const;
  /// The event is the reader's.
  void take(const KeptEvent& event);

  // Records that are still to be read, and bulk records.
  std::shared_ptr<Changes> changes;
  size_t next_record = 0;
  bool in_record = false;
  uint32_t behind = 0;
  std::shared_ptr<Changes> bulk;
  size_t bulk_next = 0;

 private:
  struct Part {
    bool wanted = false;
    bool alone = false;
    bool has_event = false;
    StreamToken after;  ///< what comes behind it is read,
    StreamToken until;  ///< up to here
    StreamToken last;   ///< its last event
  };
  bool wants(uint32_t partition, uint64_t number) const;

  std::shared_ptr<const StreamDef> stream_;
  CatalogPtr catalog_;
  EvalContext& context_;
  std::vector<Part> parts_;
  std::unique_ptr<StreamTeller> teller_;
  std::unique_ptr<Subscription> subscription_;
  StreamToken position_;
};

}  // namespace troupe
