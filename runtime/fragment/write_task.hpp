#pragma once
/// One write of a partition under way: looks at the newest versions of its keys, has the fragment compute, and stages
/// the changes all together, so that a missing page or an error leaves nothing behind. Private to PartitionEngine.
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "runtime/fragment/fragment_write.hpp"
#include "runtime/fragment/held_rows.hpp"
#include "runtime/fragment/partition_engine.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

/// An answer whose changes are staged.
struct StagedWrite {
  schema::WriteResultHead head;
  std::string outcomes;
  std::string returning;
  std::string unique_changes;
  std::string existing;
  std::vector<TreeChange> changes;
  std::string moved;
};

/// Stages a write. Errors: its status, nothing staged (23505 with the conflict in *failed_head).
class WriteStager {
 public:
  WriteStager(PartitionStore& store, const WriteFrame& question, HeldVersions* held, schema::WriteResultHead* head);

  using Result = std::variant<std::unique_ptr<StagedWrite>, PageFault, absl::Status>;
  /// insert, update, remove, lock
  Result stage_rows(const Fragment& fragment);
  /// put, erase
  Result stage_raw();
  /// bulk, from key number *done on.
  Result stage_bulk(uint32_t* done);

 private:
  struct Key {
    std::string_view key;
    std::string_view row;
    bool skipped = false;
    bool repeated = false;  ///< an earlier key of this question is the same
  };
  absl::Status read_keys();
  /// The newest version of key `i`, and of those before it: *held has them when a page is missing.
  LatestResult look(uint32_t i);
  absl::Status judge_insert(const Fragment& fragment, uint32_t ordinal, const LatestRow& latest, bool* is_target);
  absl::Status judge_existing(const Fragment& fragment, uint32_t ordinal, const LatestRow& latest, bool* is_target,
                              PageFault* fault);
  /// Where the row went that the asker saw under this key, if it has another one now.
  std::optional<MovedRows::Move> moved(const Fragment& fragment, uint32_t ordinal, const LatestRow& latest) const;
  absl::Status judge_absent(const Fragment& fragment, uint32_t ordinal);
  absl::Status conflict(uint32_t ordinal);
  void note(uint32_t ordinal, schema::WriteOutcome outcome);
  absl::Status stage(const std::vector<TreeChange>& changes);
  std::unique_ptr<StagedWrite> answer();

  PartitionStore& store_;
  const WriteFrame& question_;
  const schema::WriteHead& asked_;
  HeldVersions& held_;
  schema::WriteResultHead* head_;
  std::vector<Key> keys_;
  std::vector<LatestRow> looked_;  ///< by key
  std::string outcomes_;
  std::string existing_;
  std::string moved_;
  WrittenRows written_;
};

}  // namespace troupe
