#include "runtime/protocol/backend_message.hpp"

#include <charconv>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

std::string_view take_text(std::string_view* rest) {
  const size_t end = rest->find('\0');
  TROUPE_CHECK(end != std::string_view::npos);
  const std::string_view text = rest->substr(0, end);
  rest->remove_prefix(end + 1);
  return text;
}

uint32_t take_u32(std::string_view* rest) {
  TROUPE_CHECK(rest->size() >= 4);
  const uint32_t value = wire::load_u32(rest->data());
  rest->remove_prefix(4);
  return value;
}

uint16_t take_u16(std::string_view* rest) {
  TROUPE_CHECK(rest->size() >= 2);
  const uint16_t value = wire::load_u16(rest->data());
  rest->remove_prefix(2);
  return value;
}

}  // namespace

void BackendReader::take(OutputBuffer& written) {
  drop_given_out();
  if (buffer_.empty()) {
    std::swap(buffer_, written);
    return;
  }
  buffer_.append(written.pending());
  written.consume(written.size());
}

bool BackendReader::next(BackendMessage* message) {
  drop_given_out();
  const std::string_view bytes = buffer_.pending();
  if (bytes.size() < wire::kHeaderBytes) return false;
  const size_t size = 1 + size_t{wire::load_u32(bytes.data() + 1)};
  TROUPE_CHECK(size >= wire::kHeaderBytes);
  if (bytes.size() < size) return false;
  message->type = bytes[0];
  message->body = bytes.substr(wire::kHeaderBytes, size - wire::kHeaderBytes);
  given_out_ = size;
  return true;
}

DataRow parse_data_row(std::string_view body) {
  const uint16_t columns = take_u16(&body);
  return {body.data(), columns};
}

std::vector<ColumnDescriptor> parse_row_description(std::string_view body) {
  std::vector<ColumnDescriptor> columns(take_u16(&body));
  for (ColumnDescriptor& column : columns) {
    column.name = take_text(&body);
    column.table = take_u32(&body);
    column.attribute = static_cast<int16_t>(take_u16(&body));
    column.type = take_u32(&body);
    column.type_length = static_cast<int16_t>(take_u16(&body));
    column.type_modifier = static_cast<int32_t>(take_u32(&body));
    column.format = static_cast<int16_t>(take_u16(&body));
  }
  return columns;
}

ServerReport parse_report(std::string_view body) {
  ServerReport report;
  while (!body.empty() && body[0] != '\0') {
    const char field = body[0];
    body.remove_prefix(1);
    const std::string_view text = take_text(&body);
    switch (field) {
      case 'V': report.severity = text; break;
      case 'C': report.sqlstate = text; break;
      case 'M': report.message = text; break;
      case 'D': report.detail = text; break;
      case 'H': report.hint = text; break;
      case 'W': report.where = text; break;
      case 'P': std::from_chars(text.data(), text.data() + text.size(), report.position); break;
      case 's': report.schema = text; break;
      case 't': report.table = text; break;
      case 'c': report.column = text; break;
      case 'd': report.data_type = text; break;
      case 'n': report.constraint = text; break;
      default: break;
    }
  }
  return report;
}

}  // namespace troupe
