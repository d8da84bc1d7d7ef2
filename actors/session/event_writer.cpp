#include "actors/session/event_writer.hpp"

#include "runtime/stream/token.hpp"
#include "runtime/types/datetime.hpp"

namespace troupe {
namespace {

constexpr uint32_t kRowsAtOnce = 64;

}  // namespace

std::vector<OutputColumn> event_columns(bool of_group) {
  const auto column = [](std::string name, Oid type) { return OutputColumn{std::move(name), Type{type}, kNoOid, 0}; };
  std::vector<OutputColumn> columns = {column("token", oid::kText),
                                       column("scn", oid::kInt8),
                                       column("xid", oid::kInt8),
                                       column("committed_at", oid::kTimestamptz),
                                       column("position", oid::kInt8),
                                       column("table", oid::kText),
                                       column("op", oid::kText),
                                       column("key", oid::kJson),
                                       column("before", oid::kJson),
                                       column("after", oid::kJson),
                                       column("schema_version", oid::kText)};
  if (of_group) {
    columns.push_back(column("batch", oid::kText));
    columns.push_back(column("delivery", oid::kInt4));
    columns.push_back(column("partition", oid::kInt4));
  }
  return columns;
}

EventWriter::EventWriter(Portal& portal, BackendWriter& out, const EvalContext& context, bool of_group)
    : portal_{portal}, out_{out} {
  std::vector<Type> types;
  std::vector<bool> binary;
  for (const OutputColumn& column : event_columns(of_group)) {
    batch_.columns.emplace_back().reset_empty(type_info(column.type.oid).physical, kRowsAtOnce);
    binary.push_back(portal.binary(types.size()));
    types.push_back(column.type);
  }
  portal.writer.prepare(types, binary, context);
}

void EventWriter::text(bool present, std::string_view value) {
  Vector& column = batch_.columns[column_++];
  if (present) {
    column.append_string(value);
  } else {
    column.append_null();
  }
}

void EventWriter::begin(std::string_view token, const schema::CommitHead* head) {
  column_ = 0;
  text(!token.empty(), token);
  if (head == nullptr) {
    for (int i = 0; i < 3; ++i) batch_.columns[column_++].append_null();
    return;
  }
  batch_.columns[column_++].append(static_cast<int64_t>(head->scn()));
  batch_.columns[column_++].append(static_cast<int64_t>(head->txn()));
  batch_.columns[column_++].append(timestamp_of_unix_us(head->committed_at_us()));
}

void EventWriter::body(const RowEvent& event, std::string_view op) {
  if (event.number == 0) {
    batch_.columns[column_++].append_null();
  } else {
    batch_.columns[column_++].append(static_cast<int64_t>(event.number));
  }
  text(!event.table.empty(), event.table);
  text(true, op);
  text(event.has_key, event.key);
  text(event.has_before, event.before);
  text(event.has_after, event.after);
  text(!event.schema.empty(), event.schema);
}

void EventWriter::end() {
  ++rows_;
  if (++batch_.rows >= kRowsAtOnce) flush();
}

void EventWriter::flush() {
  if (batch_.rows == 0) return;
  portal_.writer.write(batch_, 0, batch_.rows, out_);
  for (Vector& column : batch_.columns) column.reset_empty(column.kind(), kRowsAtOnce);
  batch_.rows = 0;
}

void EventWriter::write(const RowEvent& event, const schema::CommitHead& head) {
  token_.clear();
  append_token({head.scn(), event.number}, &token_);
  begin(token_, &head);
  body(event, row_op_name(event.op));
  end();
}

void EventWriter::write_snapshot(const RowEvent& event) {
  begin({}, nullptr);
  body(event, "snapshot");
  end();
}

void EventWriter::mark(std::string_view op, std::string_view token, const schema::CommitHead* head) {
  begin(token, head);
  body(RowEvent{}, op);
  end();
}

void EventWriter::write(const KeptEvent& event, std::string_view batch) {
  token_.clear();
  append_token(event.token, &token_);
  column_ = 0;
  text(true, token_);
  batch_.columns[column_++].append(static_cast<int64_t>(event.token.scn));
  batch_.columns[column_++].append(static_cast<int64_t>(event.xid));
  batch_.columns[column_++].append(timestamp_of_unix_us(event.committed_at_us));
  batch_.columns[column_++].append(static_cast<int64_t>(event.token.event));
  text(true, event.table);
  text(true, row_op_name(event.op));
  text(event.key.has_value(), event.key.value_or(""));
  text(event.before.has_value(), event.before.value_or(""));
  text(event.after.has_value(), event.after.value_or(""));
  text(!event.schema.empty(), event.schema);
  text(true, batch);
  batch_.columns[column_++].append(event.delivery);
  batch_.columns[column_++].append(static_cast<int32_t>(event.partition));
  end();
}

}  // namespace troupe
