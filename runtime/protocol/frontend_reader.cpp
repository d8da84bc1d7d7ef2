#include "runtime/protocol/frontend_reader.hpp"

#include <algorithm>

namespace troupe {
namespace {

/// A CopyData that is not whole is handed out from this many bytes on.
constexpr size_t kCopyPieceBytes = 16 * 1024;

}  // namespace

Received FrontendReader::next(FrontendMessage* message) {
  if (failed_) [[unlikely]]
    return Received::kFatal;
  if (phase_ == Phase::kStartup) [[unlikely]]
    return next_startup(message);
  if (copy_left_ > 0) [[unlikely]]
    return next_copy_piece(message);
  const std::string_view unread = buffer_.unread();
  if (unread.empty()) return Received::kNeedMore;
  type_ = unread[0];
  if (phase_ == Phase::kAuthentication && type_ != 'p') [[unlikely]] {
    return fatal(troupe::error(ErrorCode::kProtocolViolation, "expected SASL response, got message type ",
                               static_cast<int>(static_cast<unsigned char>(type_))));
  }
  const uint32_t limit = limit_of(type_);
  if (limit == 0) [[unlikely]] {
    return fatal(troupe::error(ErrorCode::kProtocolViolation, "invalid frontend message type ",
                               static_cast<int>(static_cast<unsigned char>(type_))));
  }
  if (unread.size() < wire::kHeaderBytes) return Received::kNeedMore;
  const uint32_t length = wire::load_u32(unread.data() + 1);
  if (length < wire::kLengthBytes || length > limit) [[unlikely]] {
    return fatal(troupe::error(ErrorCode::kProtocolViolation, "invalid message length"));
  }
  const uint32_t body_size = length - wire::kLengthBytes;
  const std::string_view rest = unread.substr(wire::kHeaderBytes);
  if (rest.size() < body_size) {
    if (type_ != 'd' || rest.size() < kCopyPieceBytes) return Received::kNeedMore;
    buffer_.consume(wire::kHeaderBytes);
    copy_left_ = body_size;
    return next_copy_piece(message);
  }
  buffer_.consume(wire::kHeaderBytes + body_size);
  return parsed(parse_message(type_, rest.substr(0, body_size), message));
}

Received FrontendReader::next_startup(FrontendMessage* message) {
  type_ = 0;
  const std::string_view unread = buffer_.unread();
  if (unread.size() < wire::kLengthBytes) return Received::kNeedMore;
  const uint32_t length = wire::load_u32(unread.data());
  if (length < wire::kLengthBytes + 4 || length - wire::kLengthBytes > limits_.startup_bytes_max) {
    return fatal(troupe::error(ErrorCode::kProtocolViolation, "invalid length of startup packet"));
  }
  if (unread.size() < length) return Received::kNeedMore;
  buffer_.consume(length);
  absl::Status status = parse_startup(unread.substr(wire::kLengthBytes, length - wire::kLengthBytes), message);
  if (!status.ok()) return fatal(std::move(status));
  if (std::holds_alternative<StartupMessage>(*message)) phase_ = Phase::kOpen;
  return Received::kMessage;
}

Received FrontendReader::next_copy_piece(FrontendMessage* message) {
  const std::string_view unread = buffer_.unread();
  if (unread.empty()) return Received::kNeedMore;
  const auto size = static_cast<uint32_t>(std::min<size_t>(unread.size(), copy_left_));
  buffer_.consume(size);
  copy_left_ -= size;
  *message = CopyDataMessage{unread.substr(0, size)};
  return Received::kMessage;
}

uint32_t FrontendReader::limit_of(char type) const {
  switch (type) {
    case 'Q':
    case 'P':
    case 'B':
    case 'F':
    case 'd': return limits_.message_bytes_max;
    case 'D':
    case 'C':
    case 'E':
    case 'S':
    case 'H':
    case 'X':
    case 'c':
    case 'f': return limits_.small_message_bytes_max;
    case 'p': return limits_.authentication_bytes_max;
    default: return 0;
  }
}

Received FrontendReader::fatal(absl::Status error) {
  failed_ = true;
  error_ = std::move(error);
  return Received::kFatal;
}

Received FrontendReader::parsed(absl::Status status) {
  if (status.ok()) [[likely]]
    return Received::kMessage;
  error_ = std::move(status);
  return Received::kError;
}

}  // namespace troupe
