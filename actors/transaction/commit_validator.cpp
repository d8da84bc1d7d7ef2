#include "actors/transaction/commit_validator.hpp"

#include <algorithm>

#include "storage/base/check.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

/// Of a commit with more, the tree parts that it wrote in are kept as wholes: it must not hold up those behind it.
constexpr uint32_t kKeysPerCommitMax = 10'000;
/// Whose commits they were; older ones are not known any more.
constexpr size_t kWritersMax = 10'000;

}  // namespace

void CommitValidator::note(const CommitRequest& commit) {
  if (commit.scn <= noted_) return;
  noted_ = commit.scn;
  uint32_t keys = 0;
  for (const CommitFrame& record : commit.records) {
    ChangeReader reader(bytes_view(record->changes()));
    for (Change change; reader.next(&change);) {
      const TreePart part{change.tree, change.partition};
      if (change.op == ChangeOp::kDropTree) {
        index_.add_part(part, commit.scn);
      } else if (changes_row(change.op)) {
        if (++keys > kKeysPerCommitMax) {
          index_.add_part(part, commit.scn);
        } else {
          index_.add_key(part, change.key, commit.scn);
        }
      }
    }
  }
  writers_.push_back({commit.scn, commit.process_id, commit.serializable ? commit.serializable->trail : nullptr});
  if (writers_.size() > kWritersMax) writers_.pop_front();
}

bool CommitValidator::validate(CommitRequest& commit) const {
  SerializableCommit& asked = *commit.serializable;
  // Let go of here: the request lives on until it is durable and applied, and nobody accounts for its reads.
  const std::vector<PartReads> reads = std::move(asked.reads);
  asked.reads.clear();
  const auto hit = index_.find(reads, asked.snapshot);
  if (!hit) return true;
  ReadConflict conflict;
  conflict.part = hit->part;
  conflict.key = hit->key;
  conflict.statement = hit->statement;
  explain(&conflict, hit->scn);
  asked.conflict = std::move(conflict);
  return false;
}

void CommitValidator::explain(ReadConflict* conflict, Scn scn) const {
  const auto writer = std::lower_bound(writers_.begin(), writers_.end(), scn,
                                       [](const Writer& one, Scn wanted) { return one.scn < wanted; });
  if (writer == writers_.end() || writer->scn != scn) return;
  conflict->writer_process_id = writer->process_id;
  if (writer->trail == nullptr) return;
  for (const auto& [tree, statement] : writer->trail->wrote) {
    if (tree != conflict->part.tree || statement >= writer->trail->texts.size()) continue;
    conflict->writer_statement = writer->trail->texts[statement];
  }
}

void CommitValidator::forget(Scn oldest) {
  index_.forget(oldest);
  while (!writers_.empty() && writers_.front().scn <= oldest) writers_.pop_front();
}

}  // namespace troupe
