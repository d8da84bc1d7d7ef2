#pragma once
/// Whether a SERIALIZABLE transaction may commit: nothing that it read was written by a commit after its snapshot.
/// Asked in the order in which commits get their SCNs, with nothing in between, so its answer holds for that SCN: all
/// SERIALIZABLE transactions are as if they ran one after the other in SCN order, those that only read at their
/// snapshots' SCNs. Why like this: docs/decisions/0009.
/// Pure. Owner: the transaction manager; it outlives the actor.
#include <cstdint>
#include <deque>
#include <memory>

#include "actors/node/commit_request.hpp"
#include "storage/conflict/conflict_index.hpp"

namespace troupe {

class CommitValidator {
 public:
  explicit CommitValidator(uint64_t bytes_max) : index_{bytes_max} {}

  /// A commit that has its SCN. In SCN order; one that was noted before is passed over.
  void note(const CommitRequest& commit);
  /// Every commit up to it was noted, or is older than what anybody asks for.
  Scn noted() const { return noted_; }
  /// Every commit with an SCN must have been noted that is newer than the snapshot. False: commit.serializable says
  /// what it met. Its reads are gone afterwards.
  bool validate(CommitRequest& commit) const;
  /// No snapshot of a SERIALIZABLE transaction is below it or will be.
  void forget(Scn oldest);
  uint64_t bytes() const { return index_.bytes(); }
  void check_invariants() const { index_.check_invariants(); }

 private:
  struct Writer {
    Scn scn;
    int32_t process_id;
    std::shared_ptr<const StatementTrail> trail;  ///< null: of another isolation level
  };
  void explain(ReadConflict* conflict, Scn scn) const;

  ConflictIndex index_;
  std::deque<Writer> writers_;  ///< by SCN
  Scn noted_ = kNoScn;
};

}  // namespace troupe
