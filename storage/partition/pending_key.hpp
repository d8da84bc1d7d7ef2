#pragma once
/// What one transaction wrote under one key: an entry per command, so that a statement sees what came before it and a
/// savepoint can be gone back to.
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "storage/base/ids.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {

struct PendingEntry {
  CommandId command = 0;
  ChangeOp op = ChangeOp::kPut;
  std::string_view row;
};

/// A key's entries, ascending by command.
struct PendingKey {
  absl::InlinedVector<PendingEntry, 1> entries;
  bool written_once = true;  ///< staged a single time, even by one command

  /// The newest of a command below `command`; nullptr: none.
  const PendingEntry* visible_to(CommandId command) const {
    for (size_t i = entries.size(); i-- > 0;) {
      if (entries[i].command < command) return &entries[i];
    }
    return nullptr;
  }
  /// Replaces what the same command wrote.
  void put(const PendingEntry& entry) {
    // Nearly always the end; a function called by a statement stages under a higher command than what follows it.
    size_t place = entries.size();
    while (place > 0 && entries[place - 1].command >= entry.command) --place;
    if (place == entries.size() || entries[place].command != entry.command) {
      entries.insert(entries.begin() + static_cast<ptrdiff_t>(place), PendingEntry{});
    }
    entries[place] = entry;
  }
  /// Lays the entries that are in memory over these, which are spilled; nullptr: there are none.
  void merge(const PendingKey* in_memory) {
    if (in_memory == nullptr) return;
    written_once = false;
    for (const PendingEntry& entry : in_memory->entries) put(entry);
  }
};

}  // namespace troupe
