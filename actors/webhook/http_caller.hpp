#pragma once
/// HTTP(S) requests that the node makes, on a thread of their own that is an Asio loop: names are resolved, connections
/// opened, TLS spoken there, so that nothing of it stands in front of a statement. A connection is kept for the next
/// request to the same place.
/// Owner: whoever starts the senders; call() from any thread.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "runtime/http/http_answer.hpp"
#include "runtime/http/http_url.hpp"

namespace troupe {

struct HttpCall {
  HttpUrl url;
  std::string text;  ///< the request's bytes
  int64_t timeout_us = 0;
};
struct HttpOutcome {
  HttpAnswer answer;  ///< status 0: there was none
  std::string error;  ///< why not
};

class HttpCaller {
 public:
  /// `done` comes from the loop's thread, once, unless the caller goes before.
  using Done = std::function<void(const HttpOutcome&)>;

  HttpCaller();
  ~HttpCaller();
  HttpCaller(const HttpCaller&) = delete;
  HttpCaller& operator=(const HttpCaller&) = delete;

  void call(HttpCall call, Done done);

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace troupe
