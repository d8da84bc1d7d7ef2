#include "actors/node/node_meta.hpp"

#include "storage/base/bytes.hpp"
#include "storage/base/crc32c.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr uint32_t kMetaMagic = 0x33525054;     // "TPR3"
constexpr uint32_t kFormat2Magic = 0x32525054;  // "TPR2": without a secret
constexpr uint32_t kFormat1Magic = 0x54525045;  // before it was noted whether the directory was finished
constexpr size_t kSecretBytes = 32;
constexpr char kRestoreHint[] = "Restore the data directory from a backup.";

std::string meta_path(const NodeConfig& config) { return join_path(config.data_directory, "node.meta"); }

absl::StatusOr<NodeMeta> read_node_meta(FileSystem& files, const std::string& path) {
  const absl::StatusOr<std::string> bytes = read_file(files, path);
  if (!bytes.ok()) return bytes.status();
  ByteReader reader(*bytes);
  NodeMeta meta;
  const uint32_t magic = reader.u32();
  meta.partitions = reader.u32();
  meta.boot = reader.u64();
  meta.formed = reader.u32() != 0;
  if (magic == kFormat1Magic) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, path, " has format 1; this troupe reads formats 2 and 3"),
                     "Start it with the troupe that made it, and move the data with COPY.");
  }
  if (magic == kMetaMagic) meta.secret = reader.raw(kSecretBytes);
  const size_t checked =
      sizeof magic + sizeof meta.partitions + sizeof meta.boot + sizeof(uint32_t) + meta.secret.size();
  const uint32_t crc = reader.u32();
  const bool known = magic == kMetaMagic || magic == kFormat2Magic;
  if (!reader.ok() || !known || crc != crc32c(std::string_view(*bytes).substr(0, checked))) {
    return with_hint(error(ErrorCode::kDataCorrupted, path, " is damaged"), kRestoreHint);
  }
  return meta;
}

/// It is the first file that is made: no other can be there without it.
absl::Status check_new(FileSystem& files, const NodeConfig& config) {
  TROUPE_ASSIGN_OR_RETURN(const auto names, files.list(config.data_directory));
  for (const std::string& name : names) {
    const bool ours = name == "log" || name == "recovery.point" || (name.starts_with("partition-") && name.ends_with(".data"));
    if (!ours) continue;
    return with_hint(error(ErrorCode::kDataCorrupted, meta_path(config), " is missing, but ",
                           join_path(config.data_directory, name), " is there"),
                     kRestoreHint);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NodeMeta> open_node_meta(FileSystem& files, const NodeConfig& config, uint32_t wanted_partitions,
                                        bool partitions_given, const SecretSource& secrets) {
  NodeMeta meta;
  meta.partitions = wanted_partitions;
  TROUPE_ASSIGN_OR_RETURN(const bool there, files.exists(meta_path(config)));
  if (there) {
    TROUPE_ASSIGN_OR_RETURN(meta, read_node_meta(files, meta_path(config)));
    if (partitions_given && meta.partitions != wanted_partitions) {
      return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "the data directory ", config.data_directory,
                             " was made with ", meta.partitions, " partitions, not ", wanted_partitions),
                       "Leave node.partitions out of the configuration.");
    }
  } else {
    TROUPE_RETURN_IF_ERROR(check_new(files, config));
  }
  if (meta.secret.empty()) meta.secret = secrets(kSecretBytes);
  ++meta.boot;
  TROUPE_RETURN_IF_ERROR(write_node_meta(files, config, meta));
  return meta;
}

absl::Status write_node_meta(FileSystem& files, const NodeConfig& config, const NodeMeta& meta) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.u32(kMetaMagic);
  out.u32(meta.partitions);
  out.u64(meta.boot);
  out.u32(meta.formed ? 1 : 0);
  bytes += meta.secret;
  out.u32(crc32c(bytes));
  return replace_file(files, meta_path(config), bytes);
}

}  // namespace troupe
