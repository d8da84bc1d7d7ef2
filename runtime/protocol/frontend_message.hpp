#pragma once
/// What a client says, as views into the connection's receive buffer: valid until the reader is asked for more room.
/// The reader has checked every length inside, so walking a message cannot run past its end.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "runtime/protocol/wire.hpp"

namespace troupe {

struct StartupMessage {
  uint16_t minor_version = 0;
  std::string_view pairs;  ///< name\0value\0 ..., without the final terminator

  std::optional<std::string_view> find(std::string_view name) const;
  /// Calls visit(name, value) for each parameter in the order sent.
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::string_view rest = pairs; !rest.empty();) {
      const std::string_view name = take_string(&rest);
      visit(name, take_string(&rest));
    }
  }

 private:
  static std::string_view take_string(std::string_view* rest) {
    const std::string_view text = rest->substr(0, rest->find('\0'));
    rest->remove_prefix(text.size() + 1);
    return text;
  }
};
struct SslRequest {};
struct GssEncRequest {};
struct CancelRequest {
  int32_t process_id = 0;
  int32_t secret_key = 0;
};

/// Big-endian 32-bit object ids.
class ParameterTypes {
 public:
  ParameterTypes() = default;
  ParameterTypes(const char* at, uint16_t count) : at_{at}, count_{count} {}
  uint16_t size() const { return count_; }
  uint32_t operator[](size_t i) const { return wire::load_u32(at_ + 4 * i); }

 private:
  const char* at_ = nullptr;
  uint16_t count_ = 0;
};

/// Bind's format codes: none = all text, one = all of them so, else one for each.
class FormatCodes {
 public:
  FormatCodes() = default;
  FormatCodes(const char* at, uint16_t count) : at_{at}, count_{count} {}
  uint16_t size() const { return count_; }
  /// 0 text, 1 binary; anything else is the session's to refuse (22023, "unsupported format code: %d").
  int16_t of(size_t i) const {
    if (count_ == 0) return 0;
    return static_cast<int16_t>(wire::load_u16(at_ + (count_ == 1 ? 0 : 2 * i)));
  }

 private:
  const char* at_ = nullptr;
  uint16_t count_ = 0;
};

/// Bind's values, read in order: for (auto at = parameters.begin(); ...) or a range-for; nullopt is NULL.
class BindParameters {
 public:
  class Iterator {
   public:
    Iterator(const char* at, uint16_t left) : at_{at}, left_{left} {}
    std::optional<std::string_view> operator*() const {
      const auto size = static_cast<int32_t>(wire::load_u32(at_));
      if (size < 0) return std::nullopt;
      return std::string_view(at_ + 4, static_cast<size_t>(size));
    }
    Iterator& operator++() {
      const auto size = static_cast<int32_t>(wire::load_u32(at_));
      at_ += 4 + (size < 0 ? 0 : size);
      --left_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    const char* at_;
    uint16_t left_;
  };

  BindParameters() = default;
  BindParameters(const char* at, uint16_t count) : at_{at}, count_{count} {}
  uint16_t size() const { return count_; }
  Iterator begin() const { return {at_, count_}; }
  Iterator end() const { return {nullptr, 0}; }

 private:
  const char* at_ = nullptr;
  uint16_t count_ = 0;
};

struct QueryMessage {
  std::string_view sql;
};
struct ParseMessage {
  std::string_view statement;
  std::string_view sql;
  ParameterTypes types;
};
struct BindMessage {
  std::string_view portal;
  std::string_view statement;
  FormatCodes parameter_formats;
  BindParameters parameters;
  FormatCodes result_formats;
};
/// Describe and Close name a statement ('S') or a portal ('P').
struct DescribeMessage {
  char target = 'S';
  std::string_view name;
};
struct CloseMessage {
  char target = 'S';
  std::string_view name;
};
struct ExecuteMessage {
  std::string_view portal;
  int32_t rows_max = 0;  ///< 0 or less: all
};
struct SyncMessage {};
struct FlushMessage {};
struct TerminateMessage {};
/// A large one arrives in several pieces, since COPY's stream does not care where its messages end.
struct CopyDataMessage {
  std::string_view data;
};
struct CopyDoneMessage {};
struct CopyFailMessage {
  std::string_view reason;
};
/// 'p': a password or a SASL message; which one only the authentication under way knows.
struct PasswordMessage {
  std::string_view body;

  /// Cleartext or md5: the string before its terminator; nullopt when it is not one string.
  std::optional<std::string_view> password() const;
};
/// The first 'p' of a SASL authentication.
struct SaslInitialResponse {
  std::string_view mechanism;
  std::optional<std::string_view> response;

  static std::optional<SaslInitialResponse> parse(std::string_view body);
};
/// The fast path (PQfn): recognised, so that the session can refuse it with 0A000.
struct FunctionCallMessage {};

using FrontendMessage = std::variant<std::monostate, StartupMessage, SslRequest, GssEncRequest, CancelRequest,
                                     QueryMessage, ParseMessage, BindMessage, DescribeMessage, ExecuteMessage,
                                     CloseMessage, SyncMessage, FlushMessage, TerminateMessage, CopyDataMessage,
                                     CopyDoneMessage, CopyFailMessage, PasswordMessage, FunctionCallMessage>;

}  // namespace troupe
