#pragma once
/// `node.meta`: what is fixed when a data directory is made, and whether the making was finished.
#include <cstdint>
#include <string>

#include "actors/node/config.hpp"
#include "runtime/security/secret_source.hpp"
#include "storage/file/file_system.hpp"

namespace troupe {

struct NodeMeta {
  uint32_t partitions = 0;  ///< fixed
  uint64_t boot = 0;        ///< grows with every start
  bool formed = false;      ///< every file was made: one that is missing from now on is lost
  std::string secret;       ///< fixed; what nobody outside can know (make_unknown_role_verifier())
};

/// Reads, or makes, `directory`/node.meta and counts the boot. Errors: kDataCorrupted (damaged, or missing beside files
/// that it belongs to); kObjectNotInPrerequisiteState when the configuration wants another number of partitions than
/// the directory was made with.
absl::StatusOr<NodeMeta> open_node_meta(FileSystem& files, const NodeConfig& config, uint32_t wanted_partitions,
                                        bool partitions_given, const SecretSource& secrets);
absl::Status write_node_meta(FileSystem& files, const NodeConfig& config, const NodeMeta& meta);

}  // namespace troupe
