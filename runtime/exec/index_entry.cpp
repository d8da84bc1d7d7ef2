#include "runtime/exec/index_entry.hpp"

#include "storage/base/bytes.hpp"

namespace troupe {

std::string make_row_locator(PartitionId partition, std::string_view key) {
  std::string locator;
  ByteWriter(&locator).u16(partition);
  locator.append(key);
  return locator;
}

std::string local_entry_value(size_t prefix_size) {
  std::string value;
  ByteWriter(&value).varint(prefix_size);
  return value;
}

absl::StatusOr<std::string_view> row_key_of_entry(std::string_view entry_key, std::string_view entry_value) {
  ByteReader in(entry_value);
  const uint64_t prefix = in.varint();
  if (!in.ok() || prefix > entry_key.size()) {
    return error(ErrorCode::kIndexCorrupted, "an index entry of ", entry_key.size(), " bytes has a key of ", prefix);
  }
  return entry_key.substr(prefix);
}

std::string global_entry_value(uint64_t row_hash, std::string_view row_key) {
  std::string value;
  ByteWriter(&value).u64(row_hash);
  value.append(row_key);
  return value;
}

absl::StatusOr<GlobalEntry> read_global_entry(std::string_view value) {
  ByteReader in(value);
  GlobalEntry entry;
  entry.row_hash = in.u64();
  entry.row_key = in.rest();
  if (!in.ok()) return error(ErrorCode::kIndexCorrupted, "a unique index entry of ", value.size(), " bytes");
  return entry;
}

}  // namespace troupe
