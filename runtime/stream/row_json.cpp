#include "runtime/stream/row_json.hpp"

#include <algorithm>
#include <charconv>

#include "storage/column/json_format.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

void append_int(int64_t number, std::string* out) {
  char digits[20];
  out->append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

/// NaN and Infinity are no numbers in JSON.
bool is_json_number(std::string_view text) {
  const size_t first = !text.empty() && text[0] == '-' ? 1 : 0;
  return first < text.size() && text[first] >= '0' && text[first] <= '9';
}

}  // namespace

RowJson::RowJson(std::shared_ptr<const TableDef> table, const std::vector<int16_t>& columns)
    : table_{std::move(table)} {
  for (uint32_t i = 0; i < table_->columns.size(); ++i) {
    const ColumnDef& def = table_->columns[i];
    if (def.dropped) continue;
    if (!columns.empty() && std::find(columns.begin(), columns.end(), def.attnum) == columns.end()) continue;
    Column column;
    column.position = i;
    column.form = form_of(def.type);
    column.type = Type{def.type, def.typmod};
    column.label = columns_.empty() ? "{" : ",";
    append_json_string(def.name, &column.label);
    column.label.push_back(':');
    columns_.push_back(std::move(column));
  }
}

RowJson::Form RowJson::form_of(Oid type) {
  switch (type) {
    case oid::kBool: return Form::kBool;
    case oid::kInt2: return Form::kInt16;
    case oid::kInt4: return Form::kInt32;
    case oid::kInt8: return Form::kInt64;
    case oid::kText:
    case oid::kVarchar:
    case oid::kBpchar:
    case oid::kName: return Form::kString;
    case oid::kFloat4:
    case oid::kFloat8:
    case oid::kNumeric:
    case oid::kOid: return Form::kNumber;
    default: return Form::kText;
  }
}

absl::Status RowJson::append(std::string_view row, const EvalContext& context, std::string* out) {
  const RowLayout& layout = table_->shape->layout;
  TROUPE_RETURN_IF_ERROR(RowView::verify(layout, row));
  const RowView view(layout, row);
  for (const Column& column : columns_) {
    out->append(column.label);
    if (view.is_missing(column.position)) [[unlikely]] {
      append_formatted(column, table_->shape->missing[column.position], context, out);
    } else if (view.is_null(column.position)) {
      out->append("null");
    } else {
      append_value(column, view, context, out);
    }
  }
  out->append(columns_.empty() ? "{}" : "}");
  return absl::OkStatus();
}

void RowJson::append(std::span<const Value> row, const EvalContext& context, std::string* out) {
  for (const Column& column : columns_) {
    out->append(column.label);
    append_formatted(column, row[column.position], context, out);
  }
  out->append(columns_.empty() ? "{}" : "}");
}

void RowJson::append_value(const Column& column, const RowView& row, const EvalContext& context, std::string* out) {
  switch (column.form) {
    case Form::kBool: out->append(row.get<bool>(column.position) ? "true" : "false"); break;
    case Form::kInt16: append_int(row.get<int16_t>(column.position), out); break;
    case Form::kInt32: append_int(row.get<int32_t>(column.position), out); break;
    case Form::kInt64: append_int(row.get<int64_t>(column.position), out); break;
    case Form::kString: append_json_string(row.string(column.position), out); break;
    case Form::kNumber:
    case Form::kText: append_formatted(column, row.value(column.position, Value()), context, out); break;
  }
}

void RowJson::append_formatted(const Column& column, const Value& value, const EvalContext& context,
                               std::string* out) {
  if (value.is_null()) {
    out->append("null");
    return;
  }
  if (column.form == Form::kBool) {
    out->append(value.get<bool>() ? "true" : "false");
    return;
  }
  scratch_.clear();
  format_text(column.type, value, context, &scratch_);
  const bool is_text = column.form == Form::kString || column.form == Form::kText;
  if (is_text || !is_json_number(scratch_)) {
    append_json_string(scratch_, out);
  } else {
    out->append(scratch_);
  }
}

}  // namespace troupe
