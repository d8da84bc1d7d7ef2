#pragma once
/// What the publisher answers a subscriber.
#include <vector>

#include "actors/node/commit_request.hpp"
#include "runtime/stream/interest.hpp"
#include "storage/log/bulk_record.hpp"
#include "storage/log/format.hpp"

namespace troupe {

/// What a subscriber wants next. It stands in the answer: whoever asks twice, because the publisher that was asked is
/// gone perhaps, may be answered twice, and must not take an answer for that to a later question.
struct ChangesQuestion {
  Scn after = kNoScn;        ///< commits behind this one,
  uint32_t record = 0;       ///< and so many records of the next; of bulk: the first record
  TxnId bulk_of = kNoTxn;    ///< instead: what this transaction wrote in bulk,
  LogPosition position = 0;  ///< from here on in the log
  InterestPtr interest;      ///< only such commits; null: all
  bool operator==(const ChangesQuestion&) const = default;
};

/// Commits in SCN order, of those that are of interest. The last one may be there in part: its next records come with the next answer.
struct Changes {
  ChangesQuestion question;
  std::vector<CommitFrame> records;
  Scn through = kNoScn;         ///< every commit up to it is in here or was before
  uint32_t records_behind = 0;  ///< and so many records of the commit behind it
  /// Instead: bulk records of one transaction, and where to go on.
  std::vector<BulkFrame> bulk;
  LogPosition resume = 0;
};

}  // namespace troupe
