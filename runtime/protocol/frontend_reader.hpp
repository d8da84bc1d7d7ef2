#pragma once
/// Takes a client's byte stream apart into messages, without copying and without a socket:
///
///   auto room = reader.prepare();  const size_t n = socket.read_some(room);  reader.received(n);
///   for (;;) switch (reader.next(&message)) { case kMessage: ...; case kNeedMore: return; ... }
///
/// Invariant: after kFatal every call answers kFatal with the same error.
/// Owner: one session.
#include <cstdint>
#include <span>

#include "runtime/protocol/frontend_message.hpp"
#include "runtime/protocol/receive_buffer.hpp"
#include "storage/base/error.hpp"

namespace troupe {

struct FrontendLimits {
  uint32_t startup_bytes_max = 10'000;  ///< behind its length
  /// Query, Parse, Bind, CopyData, FunctionCall; PostgreSQL's own limit.
  uint32_t message_bytes_max = (1u << 30) - 1;
  /// Every other message.
  uint32_t small_message_bytes_max = 10'000;
  uint32_t authentication_bytes_max = 65'535;
};

enum class Received {
  kNeedMore,  ///< no whole message yet
  kMessage,
  /// The message is whole but its inside is wrong: an ERROR as from any failing message of message_type(); the
  /// stream is still in step.
  kError,
  kFatal,  ///< the stream cannot be followed any further: report FATAL and close
};

class FrontendReader {
 public:
  explicit FrontendReader(FrontendLimits limits = {}) : limits_{limits} {}

  /// Ends every view given out so far.
  std::span<char> prepare() { return buffer_.prepare(); }
  void received(size_t size) { buffer_.received(size); }

  /// Until a StartupMessage came out, packets without type byte are expected (several, after a refused SslRequest).
  Received next(FrontendMessage* message);
  /// Whether nothing but 'p' may come, because nobody knows yet who that is: other messages are not even read.
  void expect_only_authentication(bool expected) { phase_ = expected ? Phase::kAuthentication : Phase::kOpen; }

  /// Why next() answered kError or kFatal.
  const absl::Status& error() const { return error_; }
  /// The type byte of the message that next() spoke of last; 0 for a startup packet.
  char message_type() const { return type_; }

  /// Received bytes that next() has not used; must be 0 when TLS starts, or somebody is injecting.
  size_t unread_bytes() const { return buffer_.unread().size(); }
  /// A whole or partial message is waiting; false when a peer may close without being cut off.
  bool in_message() const { return copy_left_ > 0 || unread_bytes() > 0; }
  /// Nothing is going on: keep little memory.
  void trim() { buffer_.trim(); }
  size_t memory_bytes() const { return sizeof *this + buffer_.capacity(); }

 private:
  enum class Phase : uint8_t { kStartup, kAuthentication, kOpen };

  Received next_startup(FrontendMessage* message);
  Received next_copy_piece(FrontendMessage* message);
  /// The most a message of this type may announce; 0 for a type that no client may send.
  uint32_t limit_of(char type) const;
  Received fatal(absl::Status error);
  Received parsed(absl::Status status);

  FrontendLimits limits_;
  ReceiveBuffer buffer_;
  absl::Status error_;
  uint32_t copy_left_ = 0;  ///< of a CopyData that is handed out in pieces
  char type_ = 0;
  Phase phase_ = Phase::kStartup;
  bool failed_ = false;
};

/// The inside of one message; pure, for next() and for fuzzing. Errors: kProtocolViolation with PostgreSQL's words,
/// kCharacterNotInRepertoire for text that is not UTF-8.
absl::Status parse_message(char type, std::string_view body, FrontendMessage* message);
absl::Status parse_startup(std::string_view packet, FrontendMessage* message);

}  // namespace troupe
