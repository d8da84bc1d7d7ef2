#pragma once
/// Building and reading the messages of schemas/read.fbs and schemas/write.fbs. Every vector that is empty is left
/// out; a point read costs one small allocation (its frame).
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/exec/data_access.hpp"
#include "storage/base/bytes.hpp"

namespace troupe {

/// A question to a partition. The head's numbers are set with its mutate_...() functions.
struct ReadParts {
  schema::ReadHead head;
  std::string_view definition;
  std::string_view params;
  std::string_view keys;
  std::string_view resume;
};
ReadFrame build_read(const ReadParts& parts);

struct ReadResultParts {
  schema::ReadResultHead head;
  std::string_view batch;
  std::span<const uint32_t> ordinals;
  std::string_view resume;
  std::string_view keys;
  std::string_view error;
  uint64_t entries = 0;
  std::string_view rows_read;
};
ReadResultFrame build_read_result(const ReadResultParts& parts);
/// Status failed, with the error.
ReadResultFrame failed_read(const schema::ReadHead& question, const absl::Status& status);

struct WriteParts {
  schema::WriteHead head;
  std::string_view definition;
  std::string_view params;
  std::string_view keys;
  std::string_view rows;
  std::string_view skip;
  uint64_t moved_scn = 0;
  uint32_t moved_command = 0;
};
WriteFrame build_write(const WriteParts& parts);
/// The same question with the keys left alone whose skip byte is 1 (as many bytes as keys): what a lock shard forwards
/// when SKIP LOCKED found some of them locked.
WriteFrame with_skipped(const WriteFrame& question, std::string_view skip);

struct WriteResultParts {
  schema::WriteResultHead head;
  std::string_view outcomes;
  std::string_view returning;
  std::string_view unique_changes;
  std::string_view existing;
  std::string_view redo;
  std::string_view error;
  std::string_view moved;
};
WriteResultFrame build_write_result(const WriteResultParts& parts);
/// Status failed, with the error: also the lock shard's answer to a deadlock, a lock timeout or NOWAIT.
WriteResultFrame failed_write(const schema::WriteHead& question, const absl::Status& status);

/// A flag's bit in a head's flags.
constexpr uint8_t bit(schema::ReadFlag flag) { return static_cast<uint8_t>(flag); }
constexpr uint8_t bit(schema::WriteFlag flag) { return static_cast<uint8_t>(flag); }
inline bool has_flag(const schema::ReadHead& head, schema::ReadFlag flag) { return (head.flags() & bit(flag)) != 0; }
inline bool has_flag(const schema::WriteHead& head, schema::WriteFlag flag) { return (head.flags() & bit(flag)) != 0; }

/// Byte strings one after the other, each with its length as varint: keys, rows, existing.
/// `for (PackedStrings list(bytes); list.next(&key);) ...`; ok() is false after malformed bytes.
class PackedStrings {
 public:
  explicit PackedStrings(std::string_view bytes) : in_{bytes} {}
  bool next(std::string_view* item) {
    if (in_.at_end()) return false;
    *item = in_.bytes();
    return in_.ok();
  }
  bool ok() const { return in_.ok(); }

 private:
  ByteReader in_;
};
inline void append_packed(std::string_view item, std::string* out) { ByteWriter(out).bytes(item); }

/// The keys a write locks, in the order the session gave them.
inline PackedStrings keys_of(const schema::Write& write) { return PackedStrings(bytes_view(write.keys())); }

/// An entry of a global unique index that has to change because its row did. The session erases `old_key` and puts
/// `new_key` -> the row's key, each in the partition its hash says; either may be absent.
struct UniqueChange {
  uint32_t key_ordinal = 0;  ///< of the question's key whose row changed
  TreeId index = 0;
  bool has_old = false;
  bool has_new = false;
  uint64_t row_hash = 0;  ///< distribution hash of the row, for the new entry's value
  uint64_t old_hash = 0;  ///< distribution hash of the entry
  uint64_t new_hash = 0;
  std::string_view old_key;
  std::string_view new_key;
};
void append_unique_change(const UniqueChange& change, std::string* out);
/// False at the end and on malformed bytes (then !in->ok()).
bool next_unique_change(ByteReader* in, UniqueChange* change);

/// A row that has another key now: ask for it there, with the time it got it.
struct MovedKey {
  uint32_t key_ordinal = 0;
  uint64_t scn = 0;
  uint32_t command = 0;
  std::string_view place;  ///< global_entry_value()
};
void append_moved_key(const MovedKey& moved, std::string* out);
/// As next_unique_change().
bool next_moved_key(ByteReader* in, MovedKey* moved);

}  // namespace troupe
