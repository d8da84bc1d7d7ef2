#include "storage/log/recovery_point.hpp"

#include <optional>

#include "storage/base/bytes.hpp"
#include "storage/base/crc32c.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

std::string path_in(const std::string& data_directory) { return join_path(data_directory, "recovery.point"); }

constexpr size_t kNumbersBytes = 3 * sizeof(uint64_t);

/// Nothing: it is damaged.
std::optional<RecoveryPoint> decode(std::string_view bytes) {
  if (bytes.size() != kNumbersBytes + sizeof(uint32_t)) return std::nullopt;
  ByteReader reader(bytes);
  RecoveryPoint point;
  point.scn = reader.u64();
  point.position = reader.u64();
  point.reached = reader.u64();
  if (reader.u32() != crc32c(bytes.substr(0, kNumbersBytes))) return std::nullopt;
  return point;
}

}  // namespace

absl::StatusOr<RecoveryPoint> read_recovery_point(FileSystem& files, const std::string& data_directory) {
  const std::string path = path_in(data_directory);
  TROUPE_ASSIGN_OR_RETURN(const bool there, files.exists(path));
  if (!there) return RecoveryPoint{};
  TROUPE_ASSIGN_OR_RETURN(const std::string bytes, read_file(files, path));
  if (const auto point = decode(bytes)) return *point;
  RecoveryPoint unknown;
  unknown.problem = cat(path, " is damaged; the log was read from its beginning instead");
  return unknown;
}

absl::Status write_recovery_point(FileSystem& files, const std::string& data_directory, const RecoveryPoint& point) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.u64(point.scn);
  out.u64(point.position);
  out.u64(point.reached);
  out.u32(crc32c(bytes));
  const std::string path = path_in(data_directory);
  const absl::Status replaced = replace_file(files, path, bytes);
  if (error_code(replaced) != ErrorCode::kDiskFull) return replaced;
  TROUPE_ASSIGN_OR_RETURN(const auto file, files.open(path, {.write = true, .create = true}));
  TROUPE_RETURN_IF_ERROR(file->write(0, bytes));
  return file->sync();
}

}  // namespace troupe
