#pragma once
/// The other side of HTTP/1.1: a request that the node makes, and the answer to it, as bytes only. The parsing is
/// Boost.Beast's.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/http/http_url.hpp"

namespace troupe {

/// The bytes of a POST. A header's value ends where a line would.
std::string http_post_text(const HttpUrl& url, const std::vector<std::pair<std::string, std::string>>& headers,
                           std::string_view body);

struct HttpAnswer {
  int status = 0;
  bool keep_alive = false;
  std::optional<int64_t> retry_after_s;  ///< of Retry-After with a number
};

/// Owner: one exchange. Nobody wants the body; more than so much of it is not read to its end.
class HttpAnswerReader {
 public:
  static constexpr uint32_t kHeaderBytesMax = 32 * 1024;
  static constexpr uint32_t kBodyBytesMax = 64 * 1024;

  HttpAnswerReader();
  ~HttpAnswerReader();

  /// Any piece of what came. False: what comes is no HTTP (error()).
  bool read(std::string_view bytes);
  /// The connection has ended: an answer without a length ends with it.
  void end();
  /// The answer is there; it may be reused only if keep_alive.
  bool done() const { return done_; }
  const HttpAnswer& answer() const { return answer_; }
  const std::string& error() const { return error_; }

 private:
  struct Parser;
  void take_head();

  std::unique_ptr<Parser> parser_;
  std::string unparsed_;
  HttpAnswer answer_;
  std::string error_;
  bool done_ = false;
};

}  // namespace troupe
