#pragma once
/// What nodes say to each other over a link, by number. A number is never used twice.
#include "runtime/link/peer_link.hpp"

namespace troupe {

/// Request: schemas/read.fbs Read, its head naming the partition. Reply: ReadResult.
inline constexpr LinkKind kReadPartition = 1;

}  // namespace troupe
