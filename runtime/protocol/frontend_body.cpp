/// The inside of each frontend message. Words and SQLSTATEs are PostgreSQL's (pqformat.c, postgres.c).
#include "runtime/protocol/frontend_reader.hpp"
#include "runtime/protocol/parameter_context.hpp"
#include "storage/base/utf8_check.hpp"

namespace troupe {
namespace {

/// Reads a body from its start; the first thing that is wrong sticks.
class BodyCursor {
 public:
  explicit BodyCursor(std::string_view body) : rest_{body} {}

  std::string_view string() {
    if (!status_.ok()) return {};
    const size_t size = rest_.find('\0');
    if (size == std::string_view::npos) {
      fail("invalid string in message");
      return {};
    }
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    if (auto utf8 = check_utf8(text); !utf8.ok()) status_ = std::move(utf8);
    return text;
  }
  char byte() {
    if (rest_.empty()) {
      fail("no data left in message");
      return 0;
    }
    const char v = rest_[0];
    rest_.remove_prefix(1);
    return v;
  }
  uint16_t u16() {
    const char* at = take(2);
    return at == nullptr ? 0 : wire::load_u16(at);
  }
  int32_t i32() {
    const char* at = take(4);
    return at == nullptr ? 0 : static_cast<int32_t>(wire::load_u32(at));
  }
  /// nullptr when that many bytes are not there.
  const char* take(size_t size) {
    if (!status_.ok()) return nullptr;
    if (rest_.size() < size) {
      fail("insufficient data left in message");
      return nullptr;
    }
    const char* at = rest_.data();
    rest_.remove_prefix(size);
    return at;
  }
  absl::Status finish() {
    if (status_.ok() && !rest_.empty()) fail("invalid message format");
    return std::move(status_);
  }
  bool ok() const { return status_.ok(); }
  const char* position() const { return rest_.data(); }
  template <typename... Pieces>
  void fail(const Pieces&... pieces) {
    if (status_.ok()) status_ = error(ErrorCode::kProtocolViolation, pieces...);
  }
  void fail_with(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  std::string_view rest_;
  absl::Status status_;
};

absl::Status parse_query(std::string_view body, FrontendMessage* message) {
  BodyCursor cursor(body);
  const std::string_view sql = cursor.string();
  *message = QueryMessage{sql};
  return cursor.finish();
}

absl::Status parse_parse(std::string_view body, FrontendMessage* message) {
  BodyCursor cursor(body);
  ParseMessage parse;
  parse.statement = cursor.string();
  parse.sql = cursor.string();
  const uint16_t count = cursor.u16();
  parse.types = ParameterTypes(cursor.take(4 * size_t{count}), count);
  *message = parse;
  return cursor.finish();
}

FormatCodes take_formats(BodyCursor* cursor) {
  const uint16_t count = cursor->u16();
  return {cursor->take(2 * size_t{count}), count};
}

/// Walks the values once, so that nobody has to check them again.
BindParameters take_parameters(BodyCursor* cursor, std::string_view portal, const FormatCodes& formats) {
  const uint16_t count = cursor->u16();
  if (cursor->ok() && formats.size() > 1 && formats.size() != count) {
    cursor->fail("bind message has ", formats.size(), " parameter formats but ", count, " parameters");
  }
  const char* start = cursor->position();
  for (uint16_t i = 0; i < count && cursor->ok(); ++i) {
    const int32_t size = cursor->i32();
    if (size == -1) continue;
    // A negative size, taken as unsigned, is more than any message holds.
    const char* value = cursor->take(static_cast<uint32_t>(size));
    if (value == nullptr || formats.of(i) != 0) continue;
    cursor->fail_with(with_parameter_context(check_utf8({value, static_cast<size_t>(size)}), portal, i, false));
  }
  return {start, count};
}

absl::Status parse_bind(std::string_view body, FrontendMessage* message) {
  BodyCursor cursor(body);
  BindMessage bind;
  bind.portal = cursor.string();
  bind.statement = cursor.string();
  bind.parameter_formats = take_formats(&cursor);
  bind.parameters = take_parameters(&cursor, bind.portal, bind.parameter_formats);
  bind.result_formats = take_formats(&cursor);
  *message = bind;
  return cursor.finish();
}

template <typename Message>
absl::Status parse_target(std::string_view body, std::string_view what, FrontendMessage* message) {
  BodyCursor cursor(body);
  Message parsed;
  parsed.target = cursor.byte();
  parsed.name = cursor.string();
  if (cursor.ok() && parsed.target != 'S' && parsed.target != 'P') {
    cursor.fail("invalid ", what, " message subtype ", static_cast<int>(parsed.target));
  }
  *message = parsed;
  return cursor.finish();
}

absl::Status parse_execute(std::string_view body, FrontendMessage* message) {
  BodyCursor cursor(body);
  const std::string_view portal = cursor.string();
  *message = ExecuteMessage{portal, cursor.i32()};
  return cursor.finish();
}

template <typename Message>
absl::Status parse_empty(std::string_view body, FrontendMessage* message) {
  *message = Message{};
  return BodyCursor(body).finish();
}

absl::Status startup_error(std::string_view text) { return error(ErrorCode::kProtocolViolation, text); }

absl::Status parse_parameters(std::string_view parameters, uint16_t minor, FrontendMessage* message) {
  if (parameters.empty() || parameters.back() != '\0') {
    return startup_error("invalid startup packet layout: expected terminator as last byte");
  }
  size_t at = 0;
  while (parameters[at] != '\0') {
    const size_t value = parameters.find('\0', at) + 1;
    const size_t value_end = parameters.find('\0', value);
    // The last byte ends the list, so a value may not end with it.
    if (value >= parameters.size() - 1 || value_end >= parameters.size() - 1) {
      return startup_error("invalid startup packet layout: expected terminator as last byte");
    }
    at = value_end + 1;
  }
  if (at != parameters.size() - 1) {
    return startup_error("invalid startup packet layout: expected terminator as last byte");
  }
  StartupMessage startup{minor, parameters.substr(0, at)};
  if (startup.find("user").value_or("").empty()) {
    return error(ErrorCode::kInvalidAuthorization, "no PostgreSQL user name specified in startup packet");
  }
  *message = startup;
  absl::Status status;
  startup.for_each([&](std::string_view name, std::string_view value) {
    for (const std::string_view text : {name, value}) {
      if (status.ok()) status = check_utf8(text);
    }
  });
  return status;
}

}  // namespace

absl::Status parse_startup(std::string_view packet, FrontendMessage* message) {
  if (packet.size() < 4) return startup_error("invalid length of startup packet");
  const uint32_t code = wire::load_u32(packet.data());
  switch (code) {
    case wire::kSslRequestCode: *message = SslRequest{}; break;
    case wire::kGssEncRequestCode: *message = GssEncRequest{}; break;
    case wire::kCancelRequestCode:
      if (packet.size() != 12) return startup_error("invalid length of startup packet");
      *message = CancelRequest{static_cast<int32_t>(wire::load_u32(packet.data() + 4)),
                               static_cast<int32_t>(wire::load_u32(packet.data() + 8))};
      return absl::OkStatus();
    default: {
      const uint32_t major = code >> 16;
      if (major == wire::kProtocolMajor) return parse_parameters(packet.substr(4), code & 0xFFFF, message);
      return error(ErrorCode::kFeatureNotSupported, "unsupported frontend protocol ", major, ".", code & 0xFFFF,
                   ": server supports 3.0 to 3.0");
    }
  }
  if (packet.size() != 4) return startup_error("invalid length of startup packet");
  return absl::OkStatus();
}

absl::Status parse_message(char type, std::string_view body, FrontendMessage* message) {
  switch (type) {
    case 'Q': return parse_query(body, message);
    case 'P': return parse_parse(body, message);
    case 'B': return parse_bind(body, message);
    case 'D': return parse_target<DescribeMessage>(body, "DESCRIBE", message);
    case 'C': return parse_target<CloseMessage>(body, "CLOSE", message);
    case 'E': return parse_execute(body, message);
    case 'S': return parse_empty<SyncMessage>(body, message);
    case 'H': return parse_empty<FlushMessage>(body, message);
    case 'X': *message = TerminateMessage{}; return absl::OkStatus();
    case 'd': *message = CopyDataMessage{body}; return absl::OkStatus();
    case 'c': *message = CopyDoneMessage{}; return absl::OkStatus();
    case 'f': {
      BodyCursor cursor(body);
      *message = CopyFailMessage{cursor.string()};
      return cursor.finish();
    }
    case 'p': *message = PasswordMessage{body}; return absl::OkStatus();
    case 'F': *message = FunctionCallMessage{}; return absl::OkStatus();
    default:
      return error(ErrorCode::kProtocolViolation, "invalid frontend message type ",
                   static_cast<int>(static_cast<unsigned char>(type)));
  }
}

std::optional<std::string_view> StartupMessage::find(std::string_view name) const {
  std::optional<std::string_view> found;  // the last one wins, as in PostgreSQL
  for_each([&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
  });
  return found;
}

std::optional<std::string_view> PasswordMessage::password() const {
  const size_t size = body.find('\0');
  if (size == std::string_view::npos || size + 1 != body.size()) return std::nullopt;
  return body.substr(0, size);
}

std::optional<SaslInitialResponse> SaslInitialResponse::parse(std::string_view body) {
  const size_t name = body.find('\0');
  if (name == std::string_view::npos || body.size() - name - 1 < 4) return std::nullopt;
  SaslInitialResponse parsed{body.substr(0, name), std::nullopt};
  const auto size = static_cast<int32_t>(wire::load_u32(body.data() + name + 1));
  const std::string_view rest = body.substr(name + 5);
  if (size == -1) return rest.empty() ? std::optional(parsed) : std::nullopt;
  if (size < 0 || rest.size() != static_cast<size_t>(size)) return std::nullopt;
  parsed.response = rest;
  return parsed;
}

}  // namespace troupe
