#pragma once
/// What a publisher says in PostgreSQL's logical replication: the frames in CopyData and pgoutput's messages in them
/// (protocol version 1, and version 2 as far as transactions are told whole). The bytes come from another machine:
/// whatever is cut off or does not fit is an error. Views end with the bytes.
/// Source: PostgreSQL 15, "Logical Replication Message Formats" and "Streaming Replication Protocol".
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/protocol/replication_codec.hpp"
#include "storage/base/error.hpp"

namespace troupe::replication {

// --- frames ---

struct DataFrame {
  uint64_t start_lsn = 0;  ///< of the message; 0: it has no place of its own
  uint64_t end_lsn = 0;    ///< how far the publisher's log reached when it was sent
  int64_t sent_at_us = 0;  ///< since 1970
  std::string_view message;
};
struct Keepalive {
  uint64_t end_lsn = 0;
  int64_t sent_at_us = 0;
  bool reply_wanted = false;
};
absl::StatusOr<std::variant<DataFrame, Keepalive>> decode_frame(std::string_view data);

/// What a subscriber answers: what of the publisher's log it has written, flushed and applied.
void append_standby_status(const StandbyStatus& status, int64_t now_us, std::string* out);

// --- pgoutput ---

struct TupleValue {
  enum class Kind : uint8_t { kNull, kUnchanged, kText, kBinary };
  Kind kind = Kind::kNull;
  std::string_view bytes;

  bool unchanged() const { return kind == Kind::kUnchanged; }
};
using Tuple = std::vector<TupleValue>;

struct InsertMessage {
  Oid relation = 0;
  Tuple after;
};
struct UpdateMessage {
  Oid relation = 0;
  char before_kind = 0;  ///< K: the old key, O: the whole old row, 0: the key is what it was
  Tuple before;
  Tuple after;
};
struct DeleteMessage {
  Oid relation = 0;
  char before_kind = 0;  ///< K or O
  Tuple before;
};
struct TruncateMessage {
  std::vector<Oid> relations;
  bool cascade = false;
  bool restart_identity = false;
};
/// Messages that are of no concern to whoever applies changes: ORIGIN, TYPE, logical messages.
struct OtherMessage {
  char type = 0;
};
using Message = std::variant<BeginMessage, CommitMessage, RelationMessage, InsertMessage, UpdateMessage, DeleteMessage,
                             TruncateMessage, OtherMessage>;
/// Errors: 08P01.
absl::StatusOr<Message> decode_message(std::string_view bytes);

}  // namespace troupe::replication
