#pragma once
/// One SUBSCRIBE: which tables, how far it is, and the rows its events make. It asks nobody for anything: its owner
/// hands it the log's records in order.
/// Owner: the statement's coroutine.
#include <string>

#include "actors/node/commit_request.hpp"
#include "actors/session/portal.hpp"
#include "runtime/protocol/backend_writer.hpp"
#include "runtime/stream/change_decoder.hpp"
#include "runtime/stream/token.hpp"

namespace troupe {

class Subscription {
 public:
  /// `context` outlives it.
  Subscription(const EvalContext& context, StreamToken from, RowTeller* teller = nullptr)
      : decoder_{context, teller}, position_{from} {}

  /// Follows the table of the newest catalog. When that is newer than where the stream begins, look_back() with what
  /// came between.
  void add(std::shared_ptr<const TableDef> table, const Catalog& catalog);
  /// The same of a partitioned table and its partitions.
  void add_partitioned(const std::shared_ptr<const TableDef>& table, const Catalog& catalog);
  /// Under which oid the log has what the table, or the continuous view, shows.
  static Oid told_as(const TableDef& table, const Catalog& catalog);
  absl::Status look_back(const CommitFrame& record) { return decoder_.look_back(bytes_view(record->changes())); }

  /// The WHERE and the policies are others, or mean something else, than before.
  void forget_interest() { decoder_.forget_interest(); }
  /// Which commits it is to be handed.
  const InterestPtr& interest() {
    if (InterestPtr changed = decoder_.new_interest()) interest_ = std::move(changed);
    return interest_;
  }

  /// Every commit up to this one has been seen whole.
  Scn seen_through() const { return position_.event == 0 ? position_.scn : position_.scn - 1; }
  /// There is nothing left to follow.
  bool ended() const { return decoder_.followed() == 0; }

  /// One record: the next call of next_row() begins with it. False when it was seen before.
  bool begin(const CommitFrame& record);
  /// kEvent: the row of the record's next event was appended. kNeedsBulk: take_bulk() first.
  DecodeStep next_row(const Portal& portal, BackendWriter& out);
  /// The same without a row.
  DecodeStep next(RowEvent* event);
  const absl::Status& status() const { return decoder_.status(); }
  /// Of the record.
  const schema::CommitHead& head() const { return *record_->head(); }
  /// The number of the record's change that was looked at last.
  uint64_t number() const { return decoder_.number(); }

  TxnId txn() const { return record_->head()->txn(); }
  const ChangeDecoder::WantedBulk& wanted_bulk() const { return decoder_.wanted_bulk(); }
  absl::Status take_bulk(const schema::Bulk& bulk) { return decoder_.take_bulk(bulk); }

  /// The wanted record comes at `resume` or later.
  void bulk_goes_on(uint64_t resume) { decoder_.bulk_goes_on(resume); }

  void finished(Scn through);

 private:
  void append_row(const RowEvent& event, const Portal& portal, BackendWriter& out);

  ChangeDecoder decoder_;
  InterestPtr interest_;
  StreamToken position_;  ///< event 0: the whole commit
  CommitFrame record_;
  uint64_t changes_before_ = 0;
  std::string token_;
};

}  // namespace troupe
