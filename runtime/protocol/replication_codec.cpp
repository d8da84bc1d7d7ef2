#include "runtime/protocol/replication_codec.hpp"

namespace troupe::replication {
namespace {

template <typename Number>
void append_number(Number number, std::string* out) {
  for (int shift = static_cast<int>(8 * sizeof number) - 8; shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(static_cast<uint64_t>(number) >> shift));
  }
}

void append_text(std::string_view text, std::string* out) {
  out->append(text.substr(0, text.find('\0')));
  out->push_back('\0');
}

/// What is in pg_catalog goes without its name.
void append_schema(std::string_view schema, std::string* out) {
  append_text(schema == "pg_catalog" ? std::string_view() : schema, out);
}

}  // namespace

void append_begin(const BeginMessage& begin, std::string* out) {
  out->push_back('B');
  append_number(begin.final_lsn, out);
  append_number(wire_time(begin.committed_at_us), out);
  append_number(begin.xid, out);
}

void append_commit(const CommitMessage& commit, std::string* out) {
  out->push_back('C');
  out->push_back('\0');  // flags, of which there are none
  append_number(commit.commit_lsn, out);
  append_number(commit.end_lsn, out);
  append_number(wire_time(commit.committed_at_us), out);
}

void append_relation(const RelationMessage& relation, std::string* out) {
  out->push_back('R');
  append_number(relation.relation, out);
  append_schema(relation.schema, out);
  append_text(relation.name, out);
  out->push_back(relation.identity);
  append_number(static_cast<uint16_t>(relation.columns.size()), out);
  for (const RelationColumn& column : relation.columns) {
    out->push_back(column.key ? '\1' : '\0');
    append_text(column.name, out);
    append_number(column.type, out);
    append_number(static_cast<uint32_t>(column.typmod), out);
  }
}

void append_type(Oid type, std::string_view schema, std::string_view name, std::string* out) {
  out->push_back('Y');
  append_number(type, out);
  append_schema(schema, out);
  append_text(name, out);
}

void append_insert(Oid relation, std::string_view tuple, std::string* out) {
  out->push_back('I');
  append_number(relation, out);
  out->push_back('N');
  out->append(tuple);
}

void append_update(Oid relation, char before_kind, std::string_view before, std::string_view after, std::string* out) {
  out->push_back('U');
  append_number(relation, out);
  if (!before.empty()) {
    out->push_back(before_kind);
    out->append(before);
  }
  out->push_back('N');
  out->append(after);
}

void append_delete(Oid relation, char before_kind, std::string_view before, std::string* out) {
  out->push_back('D');
  append_number(relation, out);
  out->push_back(before_kind);
  out->append(before);
}

void append_truncate(const std::vector<Oid>& relations, std::string* out) {
  out->push_back('T');
  append_number(static_cast<uint32_t>(relations.size()), out);
  out->push_back('\0');  // every table that CASCADE took along is in the list
  for (const Oid relation : relations) append_number(relation, out);
}

void TupleWriter::wire_u16(uint16_t v) { append_number(v, out_); }

void TupleWriter::begin(bool binary) {
  out_->push_back(binary ? 'b' : 't');
  length_at_ = out_->size();
  out_->append(4, '\0');
}

void TupleWriter::end() {
  const auto length = static_cast<uint32_t>(out_->size() - length_at_ - 4);
  wire::store_u32(out_->data() + length_at_, length);
}

void append_data_header(uint64_t lsn, int64_t now_us, std::string* out) {
  out->push_back('w');
  append_number(lsn, out);
  append_number(lsn, out);
  append_number(wire_time(now_us), out);
}

void append_keepalive(uint64_t end_lsn, int64_t now_us, bool reply_wanted, std::string* out) {
  out->push_back('k');
  append_number(end_lsn, out);
  append_number(wire_time(now_us), out);
  out->push_back(reply_wanted ? '\1' : '\0');
}

std::optional<StandbyStatus> parse_standby_status(std::string_view data, bool* malformed) {
  constexpr size_t kStatusBytes = 1 + 4 * 8 + 1;
  *malformed = data.empty() || (data[0] != 'h' && (data[0] != 'r' || data.size() < kStatusBytes));
  if (*malformed || data[0] == 'h') return std::nullopt;
  const auto number = [&](size_t at) {
    return uint64_t{wire::load_u32(data.data() + at)} << 32 | wire::load_u32(data.data() + at + 4);
  };
  return StandbyStatus{number(1), number(9), number(17), data[kStatusBytes - 1] != '\0'};
}

}  // namespace troupe::replication
