#pragma once
/// Checkpoints of one partition, seen from its owner: freeze what changed, hand out the job, take its result in.
/// Writers go on all the while. Invariant: at most one checkpoint runs.
/// Owner: the partition.
#include <memory>
#include <string>
#include <vector>

#include "storage/checkpoint/checkpoint_job.hpp"
#include "storage/file/file_system.hpp"

namespace troupe {

struct DataFileOptions {
  PartitionId partition = 0;
  PageCodec codec = PageCodec::kLz4;
  uint64_t growth_bytes = 8ull << 20;
  bool create = true;
};

/// A data file at its newest checkpoint.
struct OpenedCheckpoint {
  std::unique_ptr<File> file;
  Superblock superblock;
  Directory directory;
  std::shared_ptr<const ExtentAllocator> allocator;
  std::string repaired;  ///< what was wrong with a superblock that its other copy made good; empty: nothing
};

/// Reads the newest valid superblock, the directory and the free map; makes an empty file when there is none.
/// A superblock with one bad copy is written again.
/// Errors: kUndefinedFile (none, and not options.create), kDataCorrupted, the file system's.
absl::StatusOr<OpenedCheckpoint> open_data_file(FileSystem& files, const std::string& path,
                                                const DataFileOptions& options);

struct CheckpointTree {
  TreeId id;
  Tree* tree;
  Scn dropped_at;
  uint64_t tombstones;
};

class Checkpointer {
 public:
  Checkpointer(Pager& pager, TreeReclaimer& reclaimer, File& file, PageCodec codec, const Superblock& superblock,
               std::shared_ptr<const ExtentAllocator> allocator)
      : pager_{pager},
        reclaimer_{reclaimer},
        file_{file},
        codec_{codec},
        superblock_{superblock},
        allocator_{std::move(allocator)} {}

  /// Freezes every dirty page; costs no more than there are such, and copies none. `trees` by ascending id.
  std::unique_ptr<CheckpointJob> begin(Scn covered, const CheckpointMetadata& metadata,
                                       const std::vector<CheckpointTree>& trees, bool disk_full = false);
  /// `trees`: all there are now. Returns result.status; a failed checkpoint leaves its pages dirty, for the next.
  absl::Status finish(CheckpointResult result, const std::vector<Tree*>& trees);

  bool running() const { return running_; }
  const Superblock& superblock() const { return superblock_; }
  const ExtentAllocator& allocator() const { return *allocator_; }

 private:
  uint32_t freeze(ResidentPage& page, std::vector<FrozenPage>* pages);

  Pager& pager_;
  TreeReclaimer& reclaimer_;
  File& file_;
  PageCodec codec_;
  Superblock superblock_;  ///< of the newest durable checkpoint
  std::shared_ptr<const ExtentAllocator> allocator_;
  Pager::Freed freed_;  ///< given to the running job
  bool running_ = false;
};

}  // namespace troupe
