#pragma once
/// PostgreSQL's extended hash functions as hash partitioning uses them: rows lie in the partitions where PostgreSQL has
/// them, so that a dump of one restores into the other. (Algorithm: Bob Jenkins' lookup3, as in PostgreSQL's hashfn.c.)
#include <cstdint>
#include <span>
#include <string_view>

#include "runtime/types/type.hpp"
#include "storage/column/value.hpp"

namespace troupe {

uint64_t pg_hash_bytes(std::string_view bytes, uint64_t seed);
uint64_t pg_hash_uint32(uint32_t value, uint64_t seed);

/// Whether values of the type are hashed here as in PostgreSQL.
bool has_partition_hash(Oid type);
/// `value` is of the type and not null; the type has_partition_hash().
uint64_t partition_hash(Oid type, const Value& value);
/// Of a whole key, nulls passed over.
uint64_t partition_hash(std::span<const Oid> types, std::span<const Value> values);

}  // namespace troupe
