#pragma once
/// The bytes of PostgreSQL's logical replication: pgoutput's messages (protocol versions 1 to 4 as far as transactions
/// are told whole), the frames around them in CopyData, and what the subscriber answers.
/// Source: PostgreSQL 15, "Logical Replication Message Formats" and "Streaming Replication Protocol".
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/protocol/wire.hpp"
#include "storage/base/ids.hpp"

namespace troupe::replication {

/// Microseconds since 2000-01-01 of those since 1970-01-01.
constexpr int64_t wire_time(int64_t unix_us) { return unix_us - 946'684'800'000'000; }

// --- pgoutput ---

struct BeginMessage {
  uint64_t final_lsn = 0;
  int64_t committed_at_us = 0;  ///< since 1970
  uint32_t xid = 0;
};
struct CommitMessage {
  uint64_t commit_lsn = 0, end_lsn = 0;
  int64_t committed_at_us = 0;
};
struct RelationColumn {
  bool key = false;
  std::string name;
  Oid type = 0;
  int32_t typmod = -1;
};
struct RelationMessage {
  Oid relation = 0;
  std::string schema, name;
  char identity = 'd';
  std::vector<RelationColumn> columns;
};

void append_begin(const BeginMessage& begin, std::string* out);
void append_commit(const CommitMessage& commit, std::string* out);
void append_relation(const RelationMessage& relation, std::string* out);
void append_type(Oid type, std::string_view schema, std::string_view name, std::string* out);
/// `tuple`: as TupleWriter made it. `before`: empty or a tuple, of which `before_kind` is K or O.
void append_insert(Oid relation, std::string_view tuple, std::string* out);
void append_update(Oid relation, char before_kind, std::string_view before, std::string_view after, std::string* out);
void append_delete(Oid relation, char before_kind, std::string_view before, std::string* out);
void append_truncate(const std::vector<Oid>& relations, std::string* out);

/// A row's values, one call per column.
class TupleWriter {
 public:
  TupleWriter(uint16_t columns, std::string* out) : out_{out} { wire_u16(columns); }
  void null() { out_->push_back('n'); }
  /// Appends to the string between begin() and end().
  void begin(bool binary);
  void end();

 private:
  void wire_u16(uint16_t v);

  std::string* out_;
  size_t length_at_ = 0;
};

// --- frames in CopyData ---

/// What goes before each pgoutput message.
void append_data_header(uint64_t lsn, int64_t now_us, std::string* out);
void append_keepalive(uint64_t end_lsn, int64_t now_us, bool reply_wanted, std::string* out);

struct StandbyStatus {
  uint64_t written = 0, flushed = 0, applied = 0;
  bool reply_wanted = false;
};
/// Nothing: hot standby feedback, or what is malformed (`malformed` says which).
std::optional<StandbyStatus> parse_standby_status(std::string_view data, bool* malformed);

}  // namespace troupe::replication
