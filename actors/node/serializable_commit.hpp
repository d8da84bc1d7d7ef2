#pragma once
/// What goes with the commit of a SERIALIZABLE transaction, so that the transaction manager can validate it: nothing of
/// what it read may have been written by a commit after its snapshot (docs/decisions/0009).
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/base/ids.hpp"
#include "storage/conflict/read_set.hpp"

namespace troupe {

/// Which statements a transaction ran, for whoever has to explain a conflict.
struct StatementTrail {
  std::vector<std::string> texts;                  ///< the first so many, each cut
  std::vector<std::pair<TreeId, uint32_t>> wrote;  ///< which of them wrote last into a tree
};

/// The write that a transaction did not see though it had read there.
struct ReadConflict {
  TreePart part;
  std::optional<std::string> key;  ///< nothing: some key of the part
  uint32_t statement = 0;          ///< of the reader
  int32_t writer_process_id = 0;   ///< 0: not known any more
  std::string writer_statement;    ///< empty: not known, or of a transaction of another isolation level
};

struct SerializableCommit {
  Scn snapshot = kNoScn;
  std::vector<PartReads> reads;
  std::shared_ptr<const StatementTrail> trail;
  /// Set by the transaction manager: it did not happen.
  std::optional<ReadConflict> conflict;
};

}  // namespace troupe
