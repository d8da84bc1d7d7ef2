#include "actors/session/group_rows.hpp"

#include "runtime/types/datetime.hpp"
#include "storage/base/text.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

const Type kInt4{oid::kInt4}, kInt8{oid::kInt8}, kText{oid::kText};
const Type kInt4s{1007}, kInt8s{1016}, kTexts{1009};

Value array_of(Type element, const std::vector<Value>& values) {
  return Value::text(pack_array(element.oid, type_info(element.oid).physical, values));
}

/// One array a column.
template <typename Row>
class Columns {
 public:
  explicit Columns(const std::vector<Row>& rows) : rows_{rows} {}

  template <typename Of>
  Value operator()(Type element, const Of& of) const {
    std::vector<Value> values;
    for (const Row& row : rows_) values.push_back(of(row));
    return array_of(element, values);
  }

 private:
  const std::vector<Row>& rows_;
};

Value text_or_null(const std::optional<std::string>& text) {
  return text ? Value::text(*text) : Value::null(Physical::kVarlen);
}
Value text_or_null(const std::string& text) {
  return text.empty() ? Value::null(Physical::kVarlen) : Value::text(text);
}
Value number(uint64_t value) { return Value::of(static_cast<int64_t>(value)); }

}  // namespace

const InternalStatement& group_partitions_statement() {
  static const auto* statement = new InternalStatement{
      "SELECT partition, scn, event, sent_scn, sent_event, careful_scn, careful_event, member, batch, deadline_us, "
      "deliveries, error, careful_deliveries FROM sys.stream_partitions WHERE group_id = $1 ORDER BY partition",
      {kInt8}};
  return *statement;
}

const InternalStatement& group_members_statement() {
  static const auto* statement =
      new InternalStatement{"SELECT member, seen_us FROM sys.stream_members WHERE group_id = $1", {kInt8}};
  return *statement;
}

const InternalStatement& lock_partitions_statement() {
  static const auto* statement = new InternalStatement{
      "SELECT partition, scn, event, sent_scn, sent_event, careful_scn, careful_event, member, batch, deadline_us, "
      "deliveries, error, careful_deliveries FROM sys.stream_partitions WHERE group_id = $1 AND partition = ANY($2) "
      "FOR NO KEY UPDATE SKIP LOCKED",
      {kInt8, kInt4s}};
  return *statement;
}

const InternalStatement& claim_statement() {
  static const auto* statement = new InternalStatement{
      "UPDATE sys.stream_partitions p SET scn = v.scn, event = v.event, sent_scn = v.sent_scn, "
      "sent_event = v.sent_event, careful_scn = v.careful_scn, careful_event = v.careful_event, member = v.member, "
      "batch = v.batch, deadline_us = v.deadline_us, deliveries = v.deliveries, error = v.error, parts = $13, "
      "careful_deliveries = v.careful_deliveries "
      "FROM pg_catalog.unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $14, $15) AS v(number, scn, event, "
      "sent_scn, sent_event, careful_scn, careful_event, member, batch, deadline_us, deliveries, error, "
      "careful_deliveries) WHERE p.group_id = $1 AND p.partition = v.number",
      {kInt8, kInt4s, kInt8s, kInt8s, kInt8s, kInt8s, kInt8s, kInt8s, kTexts, kInt8s, kInt8s, kInt4s, kInt4, kTexts,
       kInt4s}};
  return *statement;
}

/// Of a group that is being dropped nobody becomes a member: its partitions stay until the member is durable, so that
/// who drops them finds him.
const InternalStatement& seen_statement() {
  static const auto* statement = new InternalStatement{
      "INSERT INTO sys.stream_members (group_id, member, seen_us) "
      "SELECT $1, $2, $3 FROM sys.stream_partitions WHERE group_id = $1 AND partition = 0 FOR KEY SHARE SKIP LOCKED "
      "ON CONFLICT (group_id, member) DO UPDATE SET seen_us = excluded.seen_us",
      {kInt8, kText, kInt8}};
  return *statement;
}

const InternalStatement& release_statement() {
  static const auto* statement = new InternalStatement{
      "UPDATE sys.stream_partitions SET member = NULL, deadline_us = 0 WHERE group_id = $1 AND partition = ANY($2)",
      {kInt8, kInt4s}};
  return *statement;
}

const InternalStatement& leave_statement() {
  static const auto* statement =
      new InternalStatement{"DELETE FROM sys.stream_members WHERE group_id = $1 AND member = $2", {kInt8, kText}};
  return *statement;
}

const InternalStatement& forget_members_statement() {
  static const auto* statement =
      new InternalStatement{"DELETE FROM sys.stream_members WHERE group_id = $1 AND seen_us < $2", {kInt8, kInt8}};
  return *statement;
}

const InternalStatement& count_letters_statement() {
  static const auto* statement =
      new InternalStatement{"SELECT count(*) FROM sys.stream_letters WHERE group_id = $1", {kInt8}};
  return *statement;
}

const InternalStatement& bury_statement() {
  static const auto* statement = new InternalStatement{
      "INSERT INTO sys.stream_letters (group_id, token, xid, committed_at, table_name, op, key, before, after, "
      "deliveries, error, dead_at) "
      "SELECT $1, v.token, v.xid, v.committed_at, v.table_name, v.op, v.key::json, v.before::json, v.after::json, "
      "v.deliveries, v.error, $11 "
      "FROM pg_catalog.unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $12) AS v(token, xid, committed_at, table_name, op, "
      "key, before, after, deliveries, error) ON CONFLICT (group_id, token) DO NOTHING",
      {kInt8, kTexts, kInt8s, Type{1185}, kTexts, kTexts, kTexts, kTexts, kTexts, kInt4s, Type{oid::kTimestamptz},
       kTexts}};
  return *statement;
}

const InternalStatement& acknowledge_statement() {
  static const auto* statement = new InternalStatement{
      "UPDATE sys.stream_partitions SET "
      "scn = CASE WHEN (sent_scn, sent_event) <= ($3, $4) THEN sent_scn "
      "WHEN (scn, event) >= ($3, $4) THEN scn ELSE $3 END, "
      "event = CASE WHEN (sent_scn, sent_event) <= ($3, $4) THEN sent_event "
      "WHEN (scn, event) >= ($3, $4) THEN event ELSE $4 END, "
      "deliveries = CASE WHEN (sent_scn, sent_event) <= ($3, $4) THEN 0 ELSE deliveries END, "
      "deadline_us = CASE WHEN (scn, event) >= ($3, $4) THEN deadline_us ELSE $6 END, error = NULL "
      "WHERE group_id = $1 AND batch = $2 AND ($5 < 0 OR partition = $5) RETURNING parts",
      {kInt8, kInt8, kInt8, kInt8, kInt4, kInt8}};
  return *statement;
}

const InternalStatement& reject_statement() {
  static const auto* statement = new InternalStatement{
      "UPDATE sys.stream_partitions SET deadline_us = $7, "
      "error = CASE WHEN (scn, event) >= ($3, $4) THEN error ELSE $6 END, "
      "sent_scn = CASE WHEN (sent_scn, sent_event) <= ($3, $4) THEN sent_scn "
      "WHEN (scn, event) >= ($3, $4) THEN scn ELSE $3 END, "
      "sent_event = CASE WHEN (sent_scn, sent_event) <= ($3, $4) THEN sent_event "
      "WHEN (scn, event) >= ($3, $4) THEN event ELSE $4 END "
      "WHERE group_id = $1 AND batch = $2 AND ($5 < 0 OR partition = $5) AND (sent_scn, sent_event) > (scn, event) "
      "RETURNING parts",
      {kInt8, kInt8, kInt8, kInt8, kInt4, kText, kInt8}};
  return *statement;
}

std::vector<GroupPartition> partitions_of(const std::vector<Batch>& rows) {
  std::vector<GroupPartition> partitions;
  for (const Batch& batch : rows) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      const auto int8 = [&](size_t column) { return batch.columns[column].get<int64_t>(row); };
      const auto token = [&](size_t column) {
        return StreamToken{static_cast<Scn>(int8(column)), static_cast<uint64_t>(int8(column + 1))};
      };
      const auto text = [&](size_t column) {
        return batch.columns[column].is_null(row) ? std::string() : std::string(batch.columns[column].string(row));
      };
      GroupPartition one;
      one.number = static_cast<uint32_t>(batch.columns[0].get<int32_t>(row));
      one.acknowledged = token(1);
      one.sent = token(3);
      one.careful = token(5);
      one.member = text(7);
      one.batch = int8(8);
      one.deadline_us = int8(9);
      one.deliveries = batch.columns[10].get<int32_t>(row);
      one.error = text(11);
      one.careful_deliveries = batch.columns[12].get<int32_t>(row);
      partitions.push_back(std::move(one));
    }
  }
  return partitions;
}

std::vector<GroupMember> members_of(const std::vector<Batch>& rows) {
  std::vector<GroupMember> members;
  for (const Batch& batch : rows) {
    for (uint32_t row = 0; row < batch.rows; ++row) {
      members.push_back({std::string(batch.columns[0].string(row)), batch.columns[1].get<int64_t>(row)});
    }
  }
  return members;
}

Value numbers_value(const std::vector<GroupPartition>& partitions) {
  return Columns(partitions)(kInt4, [](const auto& p) { return Value::of(static_cast<int32_t>(p.number)); });
}

std::vector<Value> claim_values(int64_t group, const std::vector<GroupPartition>& partitions, int64_t parts) {
  const Columns column(partitions);
  return {Value::of(group),
          numbers_value(partitions),
          column(kInt8, [](const auto& p) { return number(p.acknowledged.scn); }),
          column(kInt8, [](const auto& p) { return number(p.acknowledged.event); }),
          column(kInt8, [](const auto& p) { return number(p.sent.scn); }),
          column(kInt8, [](const auto& p) { return number(p.sent.event); }),
          column(kInt8, [](const auto& p) { return number(p.careful.scn); }),
          column(kInt8, [](const auto& p) { return number(p.careful.event); }),
          column(kText, [](const auto& p) { return text_or_null(p.member); }),
          column(kInt8, [](const auto& p) { return Value::of(p.batch); }),
          column(kInt8, [](const auto& p) { return Value::of(p.deadline_us); }),
          column(kInt4, [](const auto& p) { return Value::of(p.deliveries); }),
          Value::of(static_cast<int32_t>(parts)),
          column(kText, [](const auto& p) { return text_or_null(p.error); }),
          column(kInt4, [](const auto& p) { return Value::of(p.careful_deliveries); })};
}

std::vector<Value> letter_values(int64_t group, const std::vector<KeptEvent>& letters,
                                 const std::vector<std::string>& errors, int64_t now_us) {
  const Columns column(letters);
  std::vector<Value> why;
  for (const std::string& error : errors) why.push_back(text_or_null(error));
  return {Value::of(group),
          column(kText,
                 [](const KeptEvent& e) {
                   std::string token;
                   append_token(e.token, &token);
                   return Value::text(std::move(token));
                 }),
          column(kInt8, [](const KeptEvent& e) { return number(e.xid); }),
          column(Type{oid::kTimestamptz},
                 [](const KeptEvent& e) { return Value::of(timestamp_of_unix_us(e.committed_at_us)); }),
          column(kText, [](const KeptEvent& e) { return Value::text(e.table); }),
          column(kText, [](const KeptEvent& e) { return Value::text(std::string(row_op_name(e.op))); }),
          column(kText, [](const KeptEvent& e) { return text_or_null(e.key); }),
          column(kText, [](const KeptEvent& e) { return text_or_null(e.before); }),
          column(kText, [](const KeptEvent& e) { return text_or_null(e.after); }),
          column(kInt4, [](const KeptEvent& e) { return Value::of(e.delivery); }),
          Value::of(timestamp_of_unix_us(now_us)),
          array_of(kText, why)};
}

}  // namespace troupe
