#pragma once
/// Which keys a scan asks for: lookup keys with the partition each lies in, or a range of keys.
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "runtime/exec/operator.hpp"

namespace troupe {

/// Key bytes of a row (or a global index entry) and its distribution hash.
struct LookupKey {
  std::string key;
  uint64_t hash = 0;
};

struct KeyRangeBytes {
  std::string lower;
  std::string upper;  ///< exclusive; empty: to the end
};

class CompiledAccess {
 public:
  static absl::StatusOr<CompiledAccess> compile(const Access& access, const TableDef& table);

  AccessKind kind() const { return kind_; }
  /// Through an index whose entries are spread by their own key: entries first, then rows.
  bool through_global_index() const { return index_ != nullptr && index_->global(); }
  bool through_local_index() const { return index_ != nullptr && !index_->global() && !index_->keys_rows(); }
  const IndexDef* index() const { return index_.get(); }

  /// The lookup's keys; a key with a null is left out, equal ones count once. `in` has one row.
  absl::Status lookup_keys(const EvalInput& in, std::vector<LookupKey>* keys) const;
  /// kLookup with one key, for every row of `in`: its columns, to be turned into a key by row_key().
  absl::Status lookup_columns(const EvalInput& in, std::vector<Vector>* columns) const;
  /// False when the row's key has a null.
  bool row_key(std::span<const Vector> columns, uint32_t row, LookupKey* key) const;
  /// kRange, kFull: nothing when no key can match. `in` has one row.
  absl::StatusOr<std::optional<KeyRangeBytes>> range(const EvalInput& in) const;
  /// As range(), for an access by several values of the leading columns too: they do not overlap.
  absl::StatusOr<std::vector<KeyRangeBytes>> ranges(const EvalInput& in) const;

 private:
  absl::Status array_keys(const EvalInput& in, std::vector<LookupKey>* keys) const;
  absl::Status apply_bounds(const EvalInput& in, KeyRangeBytes* range, bool* empty) const;
  LookupKey make_key(std::span<const Value> values) const;

  AccessKind kind_ = AccessKind::kFull;
  IndexPtr index_;
  std::vector<KeyColumn> columns_;
  std::vector<CompareKind> kinds_;
  std::vector<std::vector<Program>> keys_;
  Program key_array_;
  std::vector<Program> prefix_;
  Program lower_, upper_;
  bool lower_inclusive_ = true;
  bool upper_inclusive_ = true;
};

/// The key and hash of a table's row from its key columns. The table has a primary key.
LookupKey primary_key_of(const TableShape& shape, std::span<const Value> key_values);
/// The same of a row without one.
LookupKey hidden_key_of(uint64_t row_id);

}  // namespace troupe
