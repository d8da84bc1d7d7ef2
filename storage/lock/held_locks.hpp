#pragma once
/// What one transaction holds in one lock shard, as bytes: a prepared transaction keeps its locks over a restart.
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/bytes.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/lock/lock_modes.hpp"
#include "storage/lock/table_lock_mode.hpp"

namespace troupe {

struct HeldRowLock {
  TreeId tree = 0;
  std::string key;
  RowLockStrength strength = RowLockStrength::kKeyShare;
  bool operator==(const HeldRowLock&) const = default;
};
struct HeldTableLock {
  Oid table = 0;
  TableLockMode mode = TableLockMode::kAccessShare;
  bool operator==(const HeldTableLock&) const = default;
};

struct HeldLocks {
  std::vector<HeldRowLock> rows;
  std::vector<HeldTableLock> tables;
  bool operator==(const HeldLocks&) const = default;
};

inline void encode_table_locks(const std::vector<HeldTableLock>& locks, ByteWriter* out) {
  out->varint(locks.size());
  for (const HeldTableLock& lock : locks) {
    out->varint(lock.table);
    out->u8(static_cast<uint8_t>(lock.mode));
  }
}

inline std::vector<HeldTableLock> decode_table_locks(ByteReader* in) {
  std::vector<HeldTableLock> locks;
  for (uint64_t left = in->varint(); left > 0 && in->ok(); --left) {
    HeldTableLock& lock = locks.emplace_back();
    lock.table = static_cast<Oid>(in->varint());
    lock.mode = static_cast<TableLockMode>(in->u8());
  }
  return locks;
}

inline std::string encode_locks(const HeldLocks& locks) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.varint(locks.rows.size());
  for (const HeldRowLock& lock : locks.rows) {
    out.varint(lock.tree);
    out.bytes(lock.key);
    out.u8(static_cast<uint8_t>(lock.strength));
  }
  encode_table_locks(locks.tables, &out);
  return bytes;
}

/// Errors: kDataCorrupted.
inline absl::StatusOr<HeldLocks> decode_locks(std::string_view bytes) {
  ByteReader in(bytes);
  HeldLocks locks;
  for (uint64_t left = in.varint(); left > 0 && in.ok(); --left) {
    HeldRowLock& lock = locks.rows.emplace_back();
    lock.tree = static_cast<TreeId>(in.varint());
    lock.key = std::string(in.bytes());
    lock.strength = static_cast<RowLockStrength>(in.u8());
  }
  locks.tables = decode_table_locks(&in);
  if (!in.ok()) return error(ErrorCode::kDataCorrupted, "a prepared transaction's locks are malformed");
  return locks;
}

}  // namespace troupe
