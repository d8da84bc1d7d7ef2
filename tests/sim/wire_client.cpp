#include "tests/sim/wire_client.hpp"

#include "runtime/protocol/wire.hpp"

namespace troupe::sim {
namespace {

constexpr uint32_t kProtocolVersion3 = wire::kProtocolMajor << 16;

void put_u16(std::string* out, uint16_t v) {
  char bytes[2];
  wire::store_u16(bytes, v);
  out->append(bytes, sizeof bytes);
}
void put_u32(std::string* out, uint32_t v) {
  char bytes[4];
  wire::store_u32(bytes, v);
  out->append(bytes, sizeof bytes);
}
void put_text(std::string* out, std::string_view text) {
  out->append(text);
  out->push_back('\0');
}
std::string framed(char type, std::string_view body) {
  std::string message(1, type);
  put_u32(&message, static_cast<uint32_t>(body.size()) + wire::kLengthBytes);
  return message.append(body);
}

}  // namespace

std::string startup_message(std::string_view application) {
  std::string body;
  put_u32(&body, kProtocolVersion3);
  for (const std::string_view text :
       {std::string_view("user"), std::string_view("postgres"), std::string_view("application_name"), application}) {
    put_text(&body, text);
  }
  body.push_back('\0');
  std::string message;
  put_u32(&message, static_cast<uint32_t>(body.size()) + wire::kLengthBytes);
  return message + body;
}

std::string query_message(std::string_view sql) {
  std::string body;
  put_text(&body, sql);
  return framed('Q', body);
}

std::string extended_messages(std::string_view sql, const std::vector<std::string>& parameters) {
  std::string parse;
  put_text(&parse, "");
  put_text(&parse, sql);
  put_u16(&parse, 0);
  std::string bind;
  put_text(&bind, "");
  put_text(&bind, "");
  put_u16(&bind, 0);
  put_u16(&bind, static_cast<uint16_t>(parameters.size()));
  for (const std::string& parameter : parameters) {
    put_u32(&bind, static_cast<uint32_t>(parameter.size()));
    bind.append(parameter);
  }
  put_u16(&bind, 0);
  std::string execute;
  put_text(&execute, "");
  put_u32(&execute, 0);
  return framed('P', parse) + framed('B', bind) + framed('E', execute) + framed('S', "");
}

std::string terminate_message() { return framed('X', ""); }

bool ReplyReader::next() {
  while (!ready_ && malformed_.empty() && buffer_.size() >= wire::kHeaderBytes) {
    const uint32_t length = wire::load_u32(buffer_.data() + 1);
    if (length < wire::kLengthBytes) {
      malformed_ = "a message is shorter than its own length";
      break;
    }
    if (buffer_.size() < 1 + length) break;
    const std::string body = buffer_.substr(wire::kHeaderBytes, length - wire::kLengthBytes);
    const char type = buffer_[0];
    buffer_.erase(0, 1 + length);
    handle(type, body);
  }
  return ready_;
}

Reply ReplyReader::take() {
  ready_ = false;
  return std::exchange(reply_, Reply{});
}

void ReplyReader::handle(char type, std::string_view body) {
  switch (type) {
    case 'Z':
      reply_.transaction = body.empty() ? '?' : body[0];
      ready_ = true;
      return;
    case 'E': return take_error(body);
    case 'D': return take_row(body);
    case 'C': reply_.tag = body.substr(0, body.find('\0')); return;
    case 'R':
    case 'S':
    case 'K':
    case 'T':
    case 'N':
    case '1':
    case '2':
    case '3':
    case 'n':
    case 't':
    case 'I': return;
    default: malformed_ = std::string("unexpected message type '") + type + "'";
  }
}

void ReplyReader::take_error(std::string_view body) {
  while (!body.empty() && body[0] != '\0') {
    const char field = body[0];
    const size_t end = body.find('\0', 1);
    if (end == std::string_view::npos) break;
    const std::string value(body.substr(1, end - 1));
    if (field == 'C') reply_.code = value;
    if (field == 'M') reply_.message = value;
    if (field == 'D') reply_.detail = value;
    if (field == 'V' && value != "ERROR") reply_.fatal = true;
    body.remove_prefix(end + 1);
  }
}

void ReplyReader::take_row(std::string_view body) {
  Row row;
  const uint16_t columns = wire::load_u16(body.data());
  body.remove_prefix(2);
  for (uint16_t i = 0; i < columns; ++i) {
    const uint32_t size = wire::load_u32(body.data());
    body.remove_prefix(4);
    if (size == UINT32_MAX) {
      row.emplace_back();
      continue;
    }
    row.emplace_back(std::string(body.substr(0, size)));
    body.remove_prefix(size);
  }
  if (on_row) {
    on_row(std::move(row));
  } else {
    reply_.rows.push_back(std::move(row));
  }
}

}  // namespace troupe::sim
