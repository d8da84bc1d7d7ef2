#pragma once
/// HTTP/1.1 requests from a byte stream, without a socket. The parsing is Boost.Beast's; limits, statuses and what a
/// request means to us are here.
/// Owner: one connection.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

struct HttpLimits {
  uint32_t header_bytes_max = 16 * 1024;  ///< the request line and all headers
  uint32_t body_bytes_max = 1 << 20;
};

struct HttpRequest {
  std::string method;
  std::string path;                                        ///< decoded
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in the order written
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;
  bool http_1_0 = false;

  /// Case does not matter; the first one of several.
  std::optional<std::string_view> header(std::string_view name) const;
  std::optional<std::string_view> parameter(std::string_view name) const;
  std::vector<std::string_view> parameters(std::string_view name) const;
  /// Whether a header with commas between its words has this one, in any case: Connection, Upgrade.
  bool header_has(std::string_view name, std::string_view word) const;
  std::optional<std::string> cookie(std::string_view name) const;
};

class HttpReader {
 public:
  enum class Step : uint8_t {
    kNeedMore,
    kContinue,  ///< the client waits for "100 Continue" before it sends the body
    kRequest,
    kError,  ///< the stream cannot be followed any further: answer error_status() and close
  };

  explicit HttpReader(HttpLimits limits);
  ~HttpReader();

  /// Takes what it has used from the front of `bytes`, which has to begin with what was left of it the last time.
  Step read(std::string_view* bytes, HttpRequest* request);
  int error_status() const { return error_status_; }
  const std::string& error() const { return error_; }
  /// Part of a request has come.
  bool in_request() const { return in_request_; }

 private:
  struct Parser;
  Step fail(int status, std::string what);
  Step finish(HttpRequest* request);

  const HttpLimits limits_;
  std::unique_ptr<Parser> parser_;
  bool in_request_ = false;
  bool continued_ = false;
  int error_status_ = 0;
  std::string error_;
};

/// "a%20b" and, in a query, "a+b"; nullopt: a % without two digits behind it.
std::optional<std::string> percent_decode(std::string_view text, bool in_query);

/// "Basic ...": a name and a password. nullopt: it is nothing of the kind.
std::optional<std::pair<std::string, std::string>> parse_basic(std::string_view authorization);
/// "Bearer ...".
std::optional<std::string_view> parse_bearer(std::string_view authorization);

}  // namespace troupe
