#include "runtime/protocol/backend_writer.hpp"

namespace troupe {

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::kError: return "ERROR";
    case Severity::kFatal: return "FATAL";
    case Severity::kPanic: return "PANIC";
    case Severity::kWarning: return "WARNING";
    case Severity::kNotice: return "NOTICE";
    case Severity::kInfo: return "INFO";
    case Severity::kLog: return "LOG";
    case Severity::kDebug: return "DEBUG";
  }
  return "ERROR";
}

size_t BackendWriter::begin(char type) {
  char* at = out_.reserve(wire::kHeaderBytes);
  const size_t mark = out_.mark();
  at[0] = type;
  out_.commit(wire::kHeaderBytes);
  return mark;
}

void BackendWriter::empty_message(char type) {
  char* at = out_.reserve(wire::kHeaderBytes);
  at[0] = type;
  wire::store_u32(at + 1, wire::kLengthBytes);
  out_.commit(wire::kHeaderBytes);
}

void BackendWriter::append_u16(uint16_t v) {
  wire::store_u16(out_.reserve(2), v);
  out_.commit(2);
}

void BackendWriter::append_u32(uint32_t v) {
  wire::store_u32(out_.reserve(4), v);
  out_.commit(4);
}

void BackendWriter::append_string(std::string_view text) {
  out_.append(text.substr(0, text.find('\0')));
  out_.push_back('\0');
}

void BackendWriter::authentication(uint32_t code, std::string_view data) {
  const size_t mark = begin('R');
  append_u32(code);
  out_.append(data);
  patch_length(mark);
}

void BackendWriter::authentication_md5_password(uint32_t salt) {
  const size_t mark = begin('R');
  append_u32(5);
  append_u32(salt);
  patch_length(mark);
}

void BackendWriter::authentication_sasl(std::span<const std::string_view> mechanisms) {
  const size_t mark = begin('R');
  append_u32(10);
  for (const std::string_view mechanism : mechanisms) append_string(mechanism);
  out_.push_back('\0');
  patch_length(mark);
}

void BackendWriter::negotiate_protocol_version(uint32_t newest_minor,
                                               std::span<const std::string_view> unknown_options) {
  const size_t mark = begin('v');
  append_u32((wire::kProtocolMajor << 16) | newest_minor);
  append_u32(static_cast<uint32_t>(unknown_options.size()));
  for (const std::string_view option : unknown_options) append_string(option);
  patch_length(mark);
}

void BackendWriter::parameter_status(std::string_view name, std::string_view value) {
  const size_t mark = begin('S');
  append_string(name);
  append_string(value);
  patch_length(mark);
}

void BackendWriter::backend_key_data(int32_t process_id, int32_t secret_key) {
  const size_t mark = begin('K');
  append_u32(static_cast<uint32_t>(process_id));
  append_u32(static_cast<uint32_t>(secret_key));
  patch_length(mark);
}

void BackendWriter::ready_for_query(TransactionStatus status) {
  char* at = out_.reserve(wire::kHeaderBytes + 1);
  at[0] = 'Z';
  wire::store_u32(at + 1, wire::kLengthBytes + 1);
  at[wire::kHeaderBytes] = static_cast<char>(status);
  out_.commit(wire::kHeaderBytes + 1);
}

void BackendWriter::row_description(std::span<const ColumnDescriptor> columns) {
  const size_t mark = begin('T');
  append_u16(static_cast<uint16_t>(columns.size()));
  for (const ColumnDescriptor& column : columns) {
    append_string(column.name);
    char* at = out_.reserve(18);
    wire::store_u32(at, column.table);
    wire::store_u16(at + 4, static_cast<uint16_t>(column.attribute));
    wire::store_u32(at + 6, column.type);
    wire::store_u16(at + 10, static_cast<uint16_t>(column.type_length));
    wire::store_u32(at + 12, static_cast<uint32_t>(column.type_modifier));
    wire::store_u16(at + 16, static_cast<uint16_t>(column.format));
    out_.commit(18);
  }
  patch_length(mark);
}

void BackendWriter::command_complete(std::string_view tag) {
  const size_t mark = begin('C');
  append_string(tag);
  patch_length(mark);
}

void BackendWriter::command_complete(std::string_view tag, uint64_t rows) {
  const size_t mark = begin('C');
  out_.append(tag);
  char* at = out_.reserve(21);
  char* end = std::to_chars(at, at + 20, rows).ptr;
  *end++ = '\0';
  out_.commit(static_cast<size_t>(end - at));
  patch_length(mark);
}

void BackendWriter::parameter_description(std::span<const Oid> types) {
  const size_t mark = begin('t');
  append_u16(static_cast<uint16_t>(types.size()));
  for (const Oid type : types) append_u32(type);
  patch_length(mark);
}

void BackendWriter::report(char type, const ErrorFields& fields, Severity severity, std::string_view routine) {
  const size_t mark = begin(type);
  const auto put = [this](char field, std::string_view text) {
    if (text.empty()) return;
    out_.push_back(field);
    append_string(text);
  };
  put('S', severity_name(severity));
  put('V', severity_name(severity));
  put('C', unpack_sqlstate(static_cast<uint32_t>(fields.code)));
  // M must be there, even when nobody had words.
  put('M', fields.message.empty() ? std::string_view("(no message)") : std::string_view(fields.message));
  put('D', fields.detail);
  put('H', fields.hint);
  if (fields.position > 0) put('P', std::to_string(fields.position));
  put('W', fields.where);
  put('s', fields.schema);
  put('t', fields.table);
  put('c', fields.column);
  put('d', fields.data_type);
  put('n', fields.constraint);
  put('R', routine);
  out_.push_back('\0');
  patch_length(mark);
}

void BackendWriter::notification_response(int32_t process_id, std::string_view channel, std::string_view payload) {
  const size_t mark = begin('A');
  append_u32(static_cast<uint32_t>(process_id));
  append_string(channel);
  append_string(payload);
  patch_length(mark);
}

void BackendWriter::copy_response(char type, bool binary, uint16_t columns) {
  const size_t mark = begin(type);
  out_.push_back(binary ? '\1' : '\0');
  append_u16(columns);
  for (uint16_t i = 0; i < columns; ++i) append_u16(binary ? 1 : 0);
  patch_length(mark);
}

void BackendWriter::copy_data(std::string_view data) {
  const size_t mark = begin('d');
  out_.append(data);
  patch_length(mark);
}

}  // namespace troupe
