#pragma once
/// Packed changes: what a commit record carries, one change after the other, and what subscribers and replicas read.
/// One change: tree (varint), partition (u16), op (u8), flags (u8), then key, before and after as far as the flags
/// say, each with its length as a varint. Only changes of a row have a key.
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/bytes.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

enum class ChangeOp : uint8_t {
  kPut = 1,
  kErase = 2,
  kDropTree = 3,
  kTruncate = 4,  ///< for subscribers: the table whose rows are in `tree` from this commit on was emptied
  kBulk = 5       ///< for subscribers: rows of `tree` that were written in bulk; `after` is a BulkRun
};
/// Trees are changed by it.
inline bool changes_row(ChangeOp op) { return op == ChangeOp::kPut || op == ChangeOp::kErase; }

/// The row images are the rows as the caller staged them. Views into the packed bytes.
struct Change {
  TreeId tree = 0;
  PartitionId partition = 0;
  ChangeOp op = ChangeOp::kPut;
  bool has_before = false;  ///< false: the key had no row
  bool has_after = false;
  std::string_view key;
  std::string_view before;
  std::string_view after;
};

class ChangeWriter {
 public:
  explicit ChangeWriter(std::string* out) : out_{out} {}

  void append(const Change& change) {
    out_.varint(change.tree);
    out_.u16(change.partition);
    out_.u8(static_cast<uint8_t>(change.op));
    out_.u8(static_cast<uint8_t>((change.has_before ? kBefore : 0) | (change.has_after ? kAfter : 0)));
    if (changes_row(change.op)) out_.bytes(change.key);
    if (change.has_before) out_.bytes(change.before);
    if (change.has_after) out_.bytes(change.after);
    ++count_;
  }
  uint32_t count() const { return count_; }

 private:
  friend class ChangeReader;
  static constexpr uint8_t kBefore = 1;
  static constexpr uint8_t kAfter = 2;
  ByteWriter out_;
  uint32_t count_ = 0;
};

/// `while (reader.next(&change)) ...; if (!reader.ok()) ...`
class ChangeReader {
 public:
  explicit ChangeReader(std::string_view changes) : in_{changes} {}

  /// False at the end, and when the bytes are no changes: then ok() is false too.
  bool next(Change* change) {
    if (in_.at_end() || !ok_) return false;
    change->tree = static_cast<TreeId>(in_.varint());
    change->partition = in_.u16();
    const uint8_t op = in_.u8();
    const uint8_t flags = in_.u8();
    change->op = static_cast<ChangeOp>(op);
    change->has_before = (flags & ChangeWriter::kBefore) != 0;
    change->has_after = (flags & ChangeWriter::kAfter) != 0;
    change->key = changes_row(change->op) ? in_.bytes() : std::string_view{};
    change->before = change->has_before ? in_.bytes() : std::string_view{};
    change->after = change->has_after ? in_.bytes() : std::string_view{};
    ok_ = in_.ok() && op >= 1 && op <= 5 && flags <= 3;
    return ok_;
  }
  bool ok() const { return ok_; }
  /// Bytes not read yet.
  size_t remaining() const { return in_.remaining(); }
  absl::Status status() const {
    return ok_ ? absl::OkStatus() : error(ErrorCode::kDataCorrupted, "a commit's packed changes are malformed");
  }

 private:
  ByteReader in_;
  bool ok_ = true;
};

/// Where the log has the rows that one transaction wrote in bulk into one tree: in its bulk records
/// (storage/log/bulk_record.hpp) `record` and the following, of which the first is at `position`.
struct BulkRun {
  uint64_t position = 0;
  uint32_t record = 0;
  uint64_t rows = 0;
};

inline std::string encode_bulk_run(const BulkRun& run) {
  std::string bytes;
  ByteWriter out(&bytes);
  out.varint(run.position);
  out.varint(run.record);
  out.varint(run.rows);
  return bytes;
}

/// Errors: kDataCorrupted.
inline absl::StatusOr<BulkRun> decode_bulk_run(std::string_view bytes) {
  ByteReader in(bytes);
  BulkRun run;
  run.position = in.varint();
  run.record = static_cast<uint32_t>(in.varint());
  run.rows = in.varint();
  if (!in.ok()) return error(ErrorCode::kDataCorrupted, "a commit's bulk run is malformed");
  return run;
}

}  // namespace troupe
