#include "runtime/protocol/replication_decoder.hpp"

namespace troupe::replication {
namespace {

constexpr int64_t kUsFrom1970To2000 = -wire_time(0);

/// Big-endian bytes. It never runs past its end: it turns not ok() and answers zeros.
class WireReader {
 public:
  explicit WireReader(std::string_view in) : in_{in} {}

  uint8_t u8() {
    const std::string_view bytes = raw(1);
    return bytes.empty() ? 0 : static_cast<uint8_t>(bytes[0]);
  }
  uint16_t u16() {
    const std::string_view bytes = raw(2);
    return bytes.empty() ? 0 : wire::load_u16(bytes.data());
  }
  uint32_t u32() {
    const std::string_view bytes = raw(4);
    return bytes.empty() ? 0 : wire::load_u32(bytes.data());
  }
  uint64_t u64() {
    const uint64_t high = u32();
    return high << 32 | u32();
  }
  int64_t time() { return static_cast<int64_t>(u64()) + kUsFrom1970To2000; }
  /// Up to a NUL.
  std::string_view text() {
    const size_t end = in_.find('\0');
    if (end == std::string_view::npos) {
      ok_ = false;
      return {};
    }
    const std::string_view found = in_.substr(0, end);
    in_.remove_prefix(end + 1);
    return found;
  }
  std::string_view raw(size_t size) {
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const std::string_view found = in_.substr(0, size);
    in_.remove_prefix(size);
    return found;
  }
  std::string_view rest() { return raw(in_.size()); }
  bool ok() const { return ok_; }
  /// All of it was read, and nothing is left.
  bool complete() const { return ok_ && in_.empty(); }
  void fail() { ok_ = false; }

 private:
  std::string_view in_;
  bool ok_ = true;
};

Tuple read_tuple(WireReader& in) {
  const uint16_t columns = in.u16();
  Tuple tuple;
  for (uint16_t i = 0; i < columns && in.ok(); ++i) {
    TupleValue& value = tuple.emplace_back();
    switch (in.u8()) {
      case 'n': value.kind = TupleValue::Kind::kNull; break;
      case 'u': value.kind = TupleValue::Kind::kUnchanged; break;
      case 't':
        value.kind = TupleValue::Kind::kText;
        value.bytes = in.raw(in.u32());
        break;
      case 'b':
        value.kind = TupleValue::Kind::kBinary;
        value.bytes = in.raw(in.u32());
        break;
      default: in.fail();
    }
  }
  return tuple;
}

RelationMessage read_relation(WireReader& in) {
  RelationMessage relation;
  relation.relation = in.u32();
  relation.schema = in.text();
  if (relation.schema.empty()) relation.schema = "pg_catalog";
  relation.name = in.text();
  relation.identity = static_cast<char>(in.u8());
  const uint16_t columns = in.u16();
  for (uint16_t i = 0; i < columns && in.ok(); ++i) {
    RelationColumn& column = relation.columns.emplace_back();
    column.key = (in.u8() & 1) != 0;
    column.name = in.text();
    column.type = in.u32();
    column.typmod = static_cast<int32_t>(in.u32());
  }
  return relation;
}

UpdateMessage read_update(WireReader& in) {
  UpdateMessage update;
  update.relation = in.u32();
  uint8_t kind = in.u8();
  if (kind == 'K' || kind == 'O') {
    update.before_kind = static_cast<char>(kind);
    update.before = read_tuple(in);
    kind = in.u8();
  }
  if (kind != 'N') in.fail();
  update.after = read_tuple(in);
  return update;
}

TruncateMessage read_truncate(WireReader& in) {
  TruncateMessage truncate;
  const uint32_t count = in.u32();
  const uint8_t flags = in.u8();
  truncate.cascade = (flags & 1) != 0;
  truncate.restart_identity = (flags & 2) != 0;
  for (uint32_t i = 0; i < count && in.ok(); ++i) truncate.relations.push_back(in.u32());
  return truncate;
}

absl::StatusOr<Message> checked(const WireReader& in, char type, Message message) {
  if (in.complete()) return message;
  return error(ErrorCode::kProtocolViolation, "malformed logical replication message of type \"", std::string(1, type),
               "\"");
}

}  // namespace

absl::StatusOr<std::variant<DataFrame, Keepalive>> decode_frame(std::string_view data) {
  WireReader in(data);
  const auto type = static_cast<char>(in.u8());
  if (type == 'w') {
    DataFrame frame;
    frame.start_lsn = in.u64();
    frame.end_lsn = in.u64();
    frame.sent_at_us = in.time();
    frame.message = in.rest();
    if (in.ok()) return frame;
  } else if (type == 'k') {
    Keepalive keepalive;
    keepalive.end_lsn = in.u64();
    keepalive.sent_at_us = in.time();
    keepalive.reply_wanted = in.u8() != 0;
    if (in.ok()) return keepalive;
  }
  return error(ErrorCode::kProtocolViolation, "malformed replication frame");
}

void append_standby_status(const StandbyStatus& status, int64_t now_us, std::string* out) {
  const auto put = [out](uint64_t value) {
    char bytes[8];
    wire::store_u64(bytes, value);
    out->append(bytes, sizeof bytes);
  };
  out->push_back('r');
  put(status.written);
  put(status.flushed);
  put(status.applied);
  put(static_cast<uint64_t>(wire_time(now_us)));
  out->push_back(status.reply_wanted ? '\1' : '\0');
}

absl::StatusOr<Message> decode_message(std::string_view bytes) {
  WireReader in(bytes);
  const auto type = static_cast<char>(in.u8());
  switch (type) {
    case 'B': {
      BeginMessage begin;
      begin.final_lsn = in.u64();
      begin.committed_at_us = in.time();
      begin.xid = in.u32();
      return checked(in, type, begin);
    }
    case 'C': {
      CommitMessage commit;
      if (in.u8() != 0) in.fail();
      commit.commit_lsn = in.u64();
      commit.end_lsn = in.u64();
      commit.committed_at_us = in.time();
      return checked(in, type, commit);
    }
    case 'R': {
      RelationMessage relation = read_relation(in);
      return checked(in, type, std::move(relation));
    }
    case 'I': {
      InsertMessage insert;
      insert.relation = in.u32();
      if (in.u8() != 'N') in.fail();
      insert.after = read_tuple(in);
      return checked(in, type, std::move(insert));
    }
    case 'U': {
      UpdateMessage update = read_update(in);
      return checked(in, type, std::move(update));
    }
    case 'D': {
      DeleteMessage gone;
      gone.relation = in.u32();
      gone.before_kind = static_cast<char>(in.u8());
      if (gone.before_kind != 'K' && gone.before_kind != 'O') in.fail();
      gone.before = read_tuple(in);
      return checked(in, type, std::move(gone));
    }
    case 'T': {
      TruncateMessage truncate = read_truncate(in);
      return checked(in, type, std::move(truncate));
    }
    case 'O':
    case 'Y':
    case 'M': return OtherMessage{type};
    default:
      return error(ErrorCode::kProtocolViolation, "invalid logical replication message type \"",
                   std::string(1, type == 0 ? '?' : type), "\"");
  }
}

}  // namespace troupe::replication
