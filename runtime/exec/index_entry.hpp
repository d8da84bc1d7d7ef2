#pragma once
/// How rows are named within a statement, and what index entries look like.
#include <cstring>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

/// How a row is named within a statement (the row key column of a scan): where it lies and its key.
std::string make_row_locator(PartitionId partition, std::string_view key);
inline PartitionId locator_partition(std::string_view locator) {
  PartitionId partition;
  std::memcpy(&partition, locator.data(), sizeof partition);
  return partition;
}
inline std::string_view locator_key(std::string_view locator) { return locator.substr(sizeof(PartitionId)); }

/// A local index's entry: key = the index columns, then the row's key; value = how long the first part is.
std::string local_entry_value(size_t prefix_size);
/// The row key in a local index's entry. Errors: kIndexCorrupted.
absl::StatusOr<std::string_view> row_key_of_entry(std::string_view entry_key, std::string_view entry_value);

/// A global unique index's entry: key = the index columns (then the row's key when one of them is null, for nulls are
/// never equal); value = hash of the row's distribution key, then the row's key.
std::string global_entry_value(uint64_t row_hash, std::string_view row_key);
/// The key of a row that has gone to another table, or to where nobody can follow it.
inline constexpr std::string_view kUnknownPlace;
struct GlobalEntry {
  uint64_t row_hash = 0;
  std::string_view row_key;
};
absl::StatusOr<GlobalEntry> read_global_entry(std::string_view value);

}  // namespace troupe
