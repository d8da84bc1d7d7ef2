#include "actors/http/streamed_change.hpp"

#include <optional>

#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

constexpr size_t kTableColumns = 7;
constexpr size_t kStreamColumns = 11;
constexpr size_t kGroupColumns = 14;

void append_json_or_null(const TextValue& json, std::string* out) { *out += json ? std::string(*json) : "null"; }

}  // namespace

void StreamedChange::append_fields(std::string* out) const {
  const auto number = [&](std::string_view name, std::string_view value) {
    *out += cat(", \"", name, "\": ", value.empty() ? std::string_view("null") : value);
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    *out += cat(", \"", name, "\": ");
    if (value.empty()) {
      *out += "null";
    } else {
      append_json_string(value, out);
    }
  };
  *out += "\"op\": ";
  append_json_string(op, out);
  text("table", table);
  number("scn", scn);
  number("xid", xid);
  text("token", token);
  if (of_stream) {
    text("committed_at", committed_at);
    text("schema_version", schema_version);
    *out += ", \"key\": ";
    append_json_or_null(key, out);
  }
  if (!batch.empty()) {
    text("batch", batch);
    number("delivery", delivery);
    number("partition", partition);
  }
  *out += ", \"before\": ";
  append_json_or_null(before, out);
  *out += ", \"after\": ";
  append_json_or_null(after, out);
}

std::optional<StreamedChange> change_of_table(const DataRow& row) {
  if (row.size() != kTableColumns) return std::nullopt;
  TextValue fields[kTableColumns];
  size_t at = 0;
  for (const auto value : row) fields[at++] = value;
  const auto text = [&](size_t column) { return fields[column].value_or(""); };
  StreamedChange change;
  change.token = text(0);
  change.scn = text(1);
  change.xid = text(2);
  change.table = text(3);
  change.op = text(4);
  change.before = fields[5];
  change.after = fields[6];
  return change;
}

std::optional<StreamedChange> change_of_stream(const DataRow& row) {
  if (row.size() != kStreamColumns && row.size() != kGroupColumns) return std::nullopt;
  TextValue fields[kGroupColumns];
  size_t at = 0;
  for (const auto value : row) fields[at++] = value;
  const auto text = [&](size_t column) { return fields[column].value_or(""); };
  StreamedChange change;
  change.of_stream = true;
  change.token = text(0);
  change.scn = text(1);
  change.xid = text(2);
  change.committed_at = text(3);
  change.table = text(5);
  change.op = text(6);
  change.key = fields[7];
  change.before = fields[8];
  change.after = fields[9];
  change.schema_version = text(10);
  change.batch = text(11);
  change.delivery = text(12);
  change.partition = text(13);
  return change;
}

}  // namespace troupe
