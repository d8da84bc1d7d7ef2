#include "runtime/exec/write_conflict.hpp"

#include "storage/base/bytes.hpp"

namespace troupe {
namespace {

constexpr absl::string_view kPayload = "troupe/write-conflict";

}  // namespace

absl::Status with_write_conflict(absl::Status status, TreeId tree, std::string_view key) {
  std::string payload;
  ByteWriter writer(&payload);
  writer.varint(tree);
  writer.bytes(key);
  status.SetPayload(kPayload, absl::Cord(payload));
  return status;
}

std::optional<WriteConflict> write_conflict_of(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayload);
  if (!payload) return std::nullopt;
  const std::string bytes(*payload);
  ByteReader reader(bytes);
  WriteConflict conflict;
  conflict.tree = static_cast<TreeId>(reader.varint());
  conflict.key = std::string(reader.bytes());
  return conflict;
}

}  // namespace troupe
