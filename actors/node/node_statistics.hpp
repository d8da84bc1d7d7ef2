#pragma once
/// What a node's parts publish about themselves, as rows of sys.limits and sys.partitions.
#include <string>
#include <vector>

#include "actors/node/node_context.hpp"

namespace troupe {

/// How much of the limit is used now. Of a limit that holds for each session, transaction or partition: by the one that
/// uses most.
uint64_t limit_used(const NodeContext& node, const std::string& limit);

std::vector<PartitionInfo> partition_rows(const NodeContext& node);
/// Of a table's rows or an index, in all partitions.
uint64_t tree_bytes(const NodeContext& node, TreeId tree);

}  // namespace troupe
