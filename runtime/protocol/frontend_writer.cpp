#include "runtime/protocol/frontend_writer.hpp"

#include "runtime/protocol/wire.hpp"

namespace troupe {

size_t FrontendWriter::begin(char type) {
  out_.push_back(type);
  const size_t mark = out_.mark();
  put_u32(0);
  return mark;
}

void FrontendWriter::end(size_t mark) { wire::store_u32(out_.at(mark), static_cast<uint32_t>(out_.mark() - mark)); }

void FrontendWriter::put_u16(uint16_t value) {
  wire::store_u16(out_.reserve(2), value);
  out_.commit(2);
}

void FrontendWriter::put_u32(uint32_t value) {
  wire::store_u32(out_.reserve(4), value);
  out_.commit(4);
}

void FrontendWriter::put_text(std::string_view text) {
  out_.append(text.substr(0, text.find('\0')));
  out_.push_back('\0');
}

void FrontendWriter::startup(std::span<const Setting> settings) {
  const size_t mark = out_.mark();
  put_u32(0);
  put_u32(wire::kProtocolMajor << 16);
  for (const auto& [name, value] : settings) {
    put_text(name);
    put_text(value);
  }
  out_.push_back('\0');
  end(mark);
}

void FrontendWriter::sasl_initial_response(std::string_view mechanism, std::string_view data) {
  const size_t mark = begin('p');
  put_text(mechanism);
  put_u32(static_cast<uint32_t>(data.size()));
  out_.append(data);
  end(mark);
}

void FrontendWriter::sasl_response(std::string_view data) {
  const size_t mark = begin('p');
  out_.append(data);
  end(mark);
}

void FrontendWriter::query(std::string_view sql) {
  const size_t mark = begin('Q');
  put_text(sql);
  end(mark);
}

void FrontendWriter::parse(std::string_view statement, std::string_view sql) {
  const size_t mark = begin('P');
  put_text(statement);
  put_text(sql);
  put_u16(0);  // the server infers the parameters' types
  end(mark);
}

void FrontendWriter::bind(std::string_view statement, std::span<const TextValue> parameters) {
  const size_t mark = begin('B');
  put_text("");
  put_text(statement);
  put_u16(0);  // all text
  put_u16(static_cast<uint16_t>(parameters.size()));
  for (const TextValue& value : parameters) {
    put_u32(value ? static_cast<uint32_t>(value->size()) : UINT32_MAX);
    if (value) out_.append(*value);
  }
  put_u16(0);
  end(mark);
}

void FrontendWriter::describe_portal() {
  const size_t mark = begin('D');
  out_.push_back('P');
  put_text("");
  end(mark);
}

void FrontendWriter::execute_portal() {
  const size_t mark = begin('E');
  put_text("");
  put_u32(0);  // all rows
  end(mark);
}

void FrontendWriter::close_statement(std::string_view statement) {
  const size_t mark = begin('C');
  out_.push_back('S');
  put_text(statement);
  end(mark);
}

void FrontendWriter::copy_fail(std::string_view reason) {
  const size_t mark = begin('f');
  put_text(reason);
  end(mark);
}

void FrontendWriter::sync() { end(begin('S')); }
void FrontendWriter::terminate() { end(begin('X')); }

}  // namespace troupe
