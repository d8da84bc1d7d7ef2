#pragma once
/// What foreign keys, exclusions and deferrable keys have to look at: rows that statements changed become events, which
/// are run when the statement is done, or, deferred, at the end of the transaction.
/// Owner: one backend.
#include <deque>
#include <string>
#include <vector>

#include "runtime/exec/key_changes.hpp"
#include "storage/base/ids.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

/// Rows that one constraint has to look at.
struct KeyEvent {
  enum class Kind : uint8_t {
    kReferring,  ///< new referring rows: what they refer to must be there
    kDeleted,    ///< referred rows are gone
    kMoved,      ///< referred rows have other keys
    kCompared,   ///< new rows, which must not be like others
  };
  Kind kind = Kind::kReferring;
  Oid changed = kNoOid;  ///< the table whose rows these are
  Oid table = kNoOid;    ///< that the constraint is on
  Oid constraint = kNoOid;
  Batch before;  ///< kDeleted, kMoved: the old keys, in the order of the foreign key's columns
  Batch after;   ///< kReferring: what the rows refer to; kMoved: the new keys; kCompared: the constraint's columns
  /// Nothing can have happened to the rows since: a key that is not there needs no second look.
  bool first_hand = false;
  CommandId command = 0;  ///< that changed the rows
  CommandId done = 0;     ///< deferred, and looked at by this command already (SET CONSTRAINTS)
};

/// A constraint by its oid, as the catalog has it now; null key: it is gone.
struct FoundKey {
  std::shared_ptr<const TableDef> table;
  const ConstraintDef* key = nullptr;
  Oid referred = kNoOid;  ///< the partition of the referred table that rows are changed in, or that is detached
};
FoundKey find_key(const Catalog& catalog, Oid table, Oid constraint);
/// By the constraint alone.
FoundKey find_key(const Catalog& catalog, Oid constraint);

class KeyEvents {
 public:
  KeyChanges& changes() { return changes_; }
  bool has_changes() const { return !changes_.list.empty(); }
  void forget_changes() { changes_.list.clear(); }

  /// Turns the changes into events: those for now go to `queue`, the others are kept.
  void take(const Catalog& catalog, CommandId command, bool statement, std::deque<KeyEvent>* queue);
  bool has_deferred() const { return !deferred_.empty(); }
  /// Rows of the table wait to be looked at.
  bool has_deferred_of(Oid table) const;
  /// Those that wait, of constraints that are `wanted` now; they count as looked at from `command` on.
  std::deque<KeyEvent> take_deferred(const Catalog& catalog, CommandId command, bool all);

  /// What foreign keys would have looked at in the end.
  void forget_deferred_references() {
    std::erase_if(deferred_, [](const KeyEvent& event) { return event.kind != KeyEvent::Kind::kCompared; });
  }

  /// SET CONSTRAINTS. kNoOid: all that are deferrable.
  void set_deferred(Oid constraint, bool deferred, CommandId command);
  bool is_deferred(const ConstraintDef& key) const;

  /// Commands from `command` on never were.
  void rollback_to(CommandId command);
  void clear();

 private:
  struct Setting {
    Oid constraint = kNoOid;
    bool deferred = false;
    CommandId command = 0;
  };
  void add(KeyEvent event, bool deferred, std::deque<KeyEvent>* queue);

  KeyChanges changes_;
  std::deque<KeyEvent> deferred_;
  std::vector<Setting> settings_;  ///< the last that fits counts
};

/// Rows with a null among them are left out; those that differ from all before stay. `rows` says which they are.
struct DistinctKeys {
  std::vector<uint32_t> rows;
  Batch keys;
};
DistinctKeys distinct_keys(const Batch& keys);

}  // namespace troupe
