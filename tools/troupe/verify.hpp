#pragma once
/// troupe inspect verify: proves that a stopped data directory is whole, or says what of it is not. First what lies on
/// the disk: superblocks, pages, free space, the log's records. Then what a start would make of it, done in memory on
/// top of the files: the catalog, every row by its definition, every index against its rows.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "actors/node/config.hpp"
#include "actors/node/node_meta.hpp"
#include "actors/node/recovery_steps.hpp"
#include "runtime/fragment/table_check.hpp"
#include "storage/file/overlay_file_system.hpp"
#include "storage/log/recovery.hpp"
#include "storage/log/recovery_point.hpp"
#include "storage/verify/page_check.hpp"

namespace troupe {

class Verification {
 public:
  /// The caller holds the directory's lock.
  Verification(FileSystem& files, const std::string& directory);

  /// Prints what it looks at and what it finds. How many things are not whole; once.
  uint64_t run();

 private:
  void check_meta();
  void check_data_file(PartitionId partition);
  void check_slots(const File& file);
  void check_log();
  absl::Status check_records(const LogScan& scan);
  absl::Status recover();
  void check_tables();
  void check_system_trees();
  bool noted(const absl::Status& status);
  void damaged(const std::string& what);
  void progress(const std::string& what);

  FileSystem& files_;
  OverlayFileSystem overlay_;
  NodeConfig config_;
  NodeMeta meta_;
  RecoveryPoint point_;
  SystemClock clock_;
  RecoverySteps steps_;
  std::vector<std::unique_ptr<PartitionStore>> stores_;
  CatalogPtr catalog_;
  CheckListener listener_;
  uint64_t found_ = 0;
  std::chrono::steady_clock::time_point said_ = std::chrono::steady_clock::now();
};

}  // namespace troupe
