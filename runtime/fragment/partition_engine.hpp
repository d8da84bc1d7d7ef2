#pragma once
/// PartitionEngine: answers the questions of schemas/read.fbs and schemas/write.fbs about one partition, on top of its
/// PartitionStore. It keeps the fragments it was told; the store keeps the data.
/// Owner: one partition actor; calls never overlap and none blocks. A call works for about 200 us at most; what takes
/// longer is a task that the actor runs again, with other messages in between.
///
/// Protocol for both kinds of task: run() until it answers a frame. After a PageFault, load the page, install() it in
/// the store and run() the same task again; after Unfinished, run() it again when others had their turn.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/exec/messages.hpp"
#include "runtime/fragment/engine_limits.hpp"
#include "runtime/fragment/fragment_cache.hpp"
#include "storage/page/page_address.hpp"

namespace troupe {

class PartitionStore;
struct TreeChange;

/// The page that is missing, and those that will be missing next: request all, wait for the first.
struct MissingPages {
  PageFault fault;
  std::vector<PageAddress> ahead;
};
struct Unfinished {};
using ReadOutcome = std::variant<ReadResultFrame, MissingPages, Unfinished>;
using WriteOutcomeFrame = std::variant<WriteResultFrame, MissingPages, Unfinished>;

/// One question under way. Destroying it forgets it.
class ReadTask {
 public:
  explicit ReadTask(ReadFrame question);
  ReadTask(ReadTask&&) noexcept;
  ReadTask& operator=(ReadTask&&) noexcept;
  ~ReadTask();
  const ReadFrame& question() const { return question_; }

 private:
  friend class PartitionEngine;
  ReadFrame question_;
  std::unique_ptr<class ScanTask> scan_;     ///< once a scan has begun
  std::unique_ptr<struct HeldLookup> held_;  ///< once a lookup missed a page
};

class WriteTask {
 public:
  explicit WriteTask(WriteFrame question);
  WriteTask(WriteTask&&) noexcept;
  WriteTask& operator=(WriteTask&&) noexcept;
  ~WriteTask();
  const WriteFrame& question() const { return question_; }

 private:
  friend class PartitionEngine;
  WriteFrame question_;
  std::unique_ptr<struct StagedWrite> staged_;  ///< staged, but its redo waits for a page
  std::unique_ptr<class HeldVersions> held_;    ///< once it missed a page
  uint32_t bulk_done_ = 0;                      ///< keys of a bulk write that are in the tree
};

class PartitionEngine {
 public:
  PartitionEngine(PartitionId id, PartitionStore& store, EngineLimits limits = {});
  ~PartitionEngine();

  ReadOutcome run(ReadTask& task);
  WriteOutcomeFrame run(WriteTask& task);

  /// After a restart of the store.
  void clear_fragments() { fragments_.clear(); }

 private:
  absl::StatusOr<std::shared_ptr<const Fragment>> fragment_of(uint64_t id, std::string_view definition);
  static bool is_point(const schema::Read& question, const Fragment* fragment);
  ReadOutcome run_point(const ReadFrame& question, const Fragment& fragment);
  ReadResultFrame answer_point(const schema::Read& question, const Fragment& fragment,
                               std::optional<std::string_view> row);
  /// Keys that divide a tree, and its size: what ANALYZE samples by.
  ReadResultFrame divide(const schema::ReadHead& head) const;
  ReadOutcome run_lookup(ReadTask& task, std::shared_ptr<const Fragment> fragment);
  PageFault prepare(TxnId txn, const std::vector<TreeChange>& changes, std::string* redo, bool* alone);
  WriteOutcomeFrame finish(WriteTask& task);

  PartitionId id_;
  PartitionStore& store_;
  EngineLimits limits_;
  FragmentCache fragments_;
  // Reused by answer_point().
  std::vector<uint32_t> selection_;
  std::string encoded_;
};

}  // namespace troupe
