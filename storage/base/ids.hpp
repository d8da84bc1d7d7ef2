#pragma once
/// Identifiers that every layer shares.
#include <cstdint>

namespace troupe {

/// System change number: one per commit, in log order. 0 means "none".
using Scn = uint64_t;
inline constexpr Scn kNoScn = 0;
/// A version with this SCN is visible to every snapshot: bulk-built trees, which nobody sees before their commit.
inline constexpr Scn kBulkScn = 1;
inline constexpr Scn kFirstScn = 2;
inline constexpr Scn kMaxScn = UINT64_MAX;

/// Unique in a node's life time and across restarts. 0 means "no transaction".
using TxnId = uint64_t;
inline constexpr TxnId kNoTxn = 0;

/// The n-th statement of a transaction, from 1. A statement sees its transaction's writes of smaller command ids.
using CommandId = uint32_t;

/// One tree (a table's rows or one index), in every partition under the same id.
using TreeId = uint32_t;
using PartitionId = uint16_t;

/// PostgreSQL's object id.
using Oid = uint32_t;

}  // namespace troupe
