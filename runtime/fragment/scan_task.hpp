#pragma once
/// One scan of a partition's tree under way: fetches rows and hands them to its FragmentScan. Private to
/// PartitionEngine. It keeps no place in the tree but a key, so the tree may change between slices; its snapshot makes
/// sure that it does not notice.
#include <deque>
#include <memory>
#include <string>

#include "runtime/fragment/fragment_scan.hpp"
#include "runtime/fragment/partition_engine.hpp"
#include "storage/conflict/read_set.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

class ScanTask {
 public:
  /// Errors: kDataCorrupted for a malformed question.
  static absl::StatusOr<std::unique_ptr<ScanTask>> begin(const ReadFrame& question, PartitionId partition,
                                                         std::shared_ptr<const Fragment> fragment,
                                                         const EngineLimits& limits);
  /// Works for one slice.
  ReadOutcome run(PartitionStore& store);

 private:
  struct IndexEntry {
    std::string position;
    std::string row_key;
  };
  ScanTask() = default;
  ReadResultFrame finish(bool more);
  absl::Status fetch(PartitionStore& store, FoundRows* found, MissingPages* missing);
  absl::Status fetch_entries(PartitionStore& store, MissingPages* missing);
  absl::Status fetch_rows_of_entries(PartitionStore& store, FoundRows* found, MissingPages* missing);

  ReadFrame question_;
  uint32_t slice_visits_ = 0;
  std::unique_ptr<FragmentScan> scan_;
  bool over_index_ = false;
  ReadView view_;
  ScanCursor cursor_;
  bool at_end_ = false;             ///< the range has no more entries
  std::deque<IndexEntry> entries_;  ///< found in the index, their rows not yet read
  size_t rows_read_ = 0;            ///< of entries_
  ScanBatch batch_;
  std::unique_ptr<ReadSet> rows_looked_at_;  ///< SERIALIZABLE, by an index
};

}  // namespace troupe
