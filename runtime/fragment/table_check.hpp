#pragma once
/// Checks one table in the stores of all partitions: that every row can be read by the table's definition, lies under
/// its key in its partition, and that each index has exactly the entries that the rows make. Memory does not depend on
/// the table: entries are summed up first, and only where the sums differ each is looked for.
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/fragment/fragment.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/partition/partition_store.hpp"

namespace troupe {

/// What a check says: findings, and how far it is.
struct CheckListener {
  std::function<void(const std::string&)> damaged;
  std::function<void(const std::string&)> progress;
};

class TableCheck {
 public:
  TableCheck(CatalogPtr catalog, TablePtr table, std::vector<PartitionStore*> stores, const CheckListener& listener);

  /// Errors: what makes it impossible to go on. Once.
  absl::Status run();
  uint64_t rows() const { return rows_; }
  size_t indexes() const { return indexes_.size(); }

 private:
  /// An order-independent sum of entries: two that differ have different entries.
  struct Sum {
    uint64_t entries = 0;
    uint64_t hash = 0;
    void add(PartitionId partition, std::string_view key, std::string_view value);
    bool operator==(const Sum&) const = default;
  };
  struct Entry {
    size_t index = 0;
    PartitionId partition = 0;
    std::string key;
    std::string value;
  };
  using OnRows = std::function<absl::Status(PartitionId, const std::vector<ScanRow>&)>;

  absl::Status compile();
  absl::Status scan(TreeId tree, const OnRows& on_rows);
  absl::Status check_rows(PartitionId partition, const std::vector<ScanRow>& rows);
  absl::Status check_place(PartitionId partition, const ScanRow& row);
  absl::Status entries_of(PartitionId partition, std::span<const std::string_view> rows,
                          std::span<const std::string_view> keys, std::vector<Entry>* entries);
  absl::Status compare_index(size_t index);
  absl::Status find_missing_entries(size_t index);
  absl::Status find_stray_entries(size_t index);
  absl::StatusOr<std::string> stray_because(size_t index, PartitionId partition, const ScanRow& entry);
  absl::StatusOr<std::optional<std::string>> read(PartitionId partition, TreeId tree, std::string_view key);
  PartitionId partition_of(uint64_t hash) const { return static_cast<PartitionId>(hash % stores_.size()); }
  std::string name() const;
  void damaged(std::string what);

  CatalogPtr catalog_;
  TablePtr table_;
  std::vector<PartitionStore*> stores_;
  const CheckListener& listener_;
  std::vector<IndexPtr> indexes_;
  std::shared_ptr<const Fragment> fragment_;
  FragmentParams params_;
  std::vector<Sum> of_rows_;  ///< by index: the entries there should be
  uint64_t rows_ = 0;
  uint64_t found_ = 0;
};

}  // namespace troupe
