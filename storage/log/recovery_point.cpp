#include "storage/log/recovery_point.hpp"

#include "storage/base/bytes.hpp"
#include "storage/base/crc32c.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

std::string path_in(const std::string& data_directory) { return join_path(data_directory, "recovery.point"); }

}  // namespace

absl::StatusOr<RecoveryPoint> read_recovery_point(FileSystem& files, const std::string& data_directory) {
  const std::string path = path_in(data_directory);
  TROUPE_ASSIGN_OR_RETURN(const bool there, files.exists(path));
  if (!there) return RecoveryPoint{};
  TROUPE_ASSIGN_OR_RETURN(const std::string bytes, read_file(files, path));
  ByteReader reader(bytes);
  RecoveryPoint point;
  point.scn = reader.u64();
  point.position = reader.u64();
  point.reached = reader.u64();
  const uint32_t crc = reader.u32();
  if (reader.ok() && crc == crc32c(std::string_view(bytes).substr(0, bytes.size() - sizeof crc))) return point;
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
