#pragma once
/// Commits as pgoutput's messages. A commit's record holds what became of each row, not in the order in which its
/// statements changed them; so it is told in two passes, of which the first tells what goes and the second what comes,
/// and a subscriber's unique indexes never meet a value twice.
///   encoder.begin(head);
///   for (pass : {kRemovals, kAdditions}) for each record of the commit:
///     encoder.begin_record(pass, changes); while ((step = encoder.next(sink)) != DecodeStep::kEnd) ...
///   encoder.finish(sink);
/// Invariant: a commit of which nothing is published is not told at all.
/// Owner: one stream.
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/stream/catalog_history.hpp"
#include "runtime/stream/change_decoder.hpp"
#include "runtime/stream/published_tables.hpp"
#include "runtime/transaction/lsn.hpp"

namespace troupe {

struct PgoutputOptions {
  uint32_t protocol_version = 1;
  std::vector<std::string> publications;
  bool binary = false;
};

enum class EncoderPass : uint8_t { kRemovals, kAdditions };

class PgoutputEncoder {
 public:
  /// A whole message and where it is.
  using Sink = std::function<void(Lsn at, std::string_view message)>;

  PgoutputEncoder(PgoutputOptions options, Oid database, CatalogHistory history, EvalContext& context);

  /// Before the first record.
  absl::Status start();

  void begin(const schema::CommitHead& head);
  /// `changes`: of one record, which stay until the last next().
  absl::Status begin_record(EncoderPass pass, std::string_view changes);
  /// kEvent: a change was looked at. kNeedsBulk: as with ChangeDecoder. kEnd: at the end, and on an error.
  DecodeStep next(const Sink& sink);
  const absl::Status& status() const { return status_; }
  const ChangeDecoder::WantedBulk& wanted_bulk() const { return wanted_; }
  absl::Status take_bulk(const schema::Bulk& bulk);
  void bulk_goes_on(uint64_t resume) { wanted_.position = resume; }

  /// The commit is over.
  void finish(const Sink& sink);

 private:
  void row_change(const Change& change, const Sink& sink);
  absl::Status removal(PublishedRows& rows, const Change& change, const Sink& sink);
  absl::Status addition(PublishedRows& rows, const Change& change, const Sink& sink);
  /// What an UPDATE is told as: the filters may make it an INSERT or DELETE, a unique value both.
  enum class Told : uint8_t { kNothing, kInsert, kUpdate, kDelete, kDeleteInsert };
  absl::StatusOr<Told> told_as(const PublishedRows& rows, const Change& change);
  bool moves_unique_value(const PublishedRows& rows, const Change& change) const;
  void begin_bulk(const Change& change);
  void tell_truncated(const Sink& sink);

  void introduce(PublishedRows& rows, const Sink& sink);
  void say(const Sink& sink);
  void say_insert(PublishedRows& rows, std::string_view row, const Sink& sink);
  void say_delete(PublishedRows& rows, std::string_view row, const Sink& sink);
  void say_update(PublishedRows& rows, const Change& change, const Sink& sink);
  enum class TupleOf : uint8_t { kRow, kIdentity };
  absl::Status append_tuple(const PublishedRows& rows, std::string_view row, TupleOf of, std::string* out);
  static bool same_identity(const PublishedRows& rows, std::string_view a, std::string_view b);

  PgoutputOptions options_;
  CatalogHistory history_;
  EvalContext& context_;
  Oid database_;
  PublishedTables tables_;
  std::set<Oid> types_told_;

  // The commit.
  Scn scn_ = kNoScn;
  TxnId txn_ = kNoTxn;
  int64_t committed_at_us_ = 0;
  bool begun_ = false;
  std::set<Oid> truncated_;
  EncoderPass pass_ = EncoderPass::kRemovals;
  uint64_t record_rows_ = 0;  ///< changes of published tables in the record
  bool whole_ = false;        ///< the record is all of the commit

  // The record.
  ChangeReader changes_{{}};
  std::vector<Oid> truncates_;
  absl::Status status_;
  ChangeDecoder::WantedBulk wanted_;
  uint64_t bulk_left_ = 0;
  uint32_t bulk_in_record_ = 0;
  std::string bulk_bytes_;
  ChangeReader bulk_{{}};

  std::string message_, before_, after_;
};

}  // namespace troupe
