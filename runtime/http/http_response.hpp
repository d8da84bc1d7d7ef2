#pragma once
/// HTTP/1.1 responses as bytes: whole ones, and the heads of those whose body goes on (event streams, WebSockets).
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/protocol/output_buffer.hpp"

namespace troupe {

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;  ///< empty: there is no body
  std::string body;
  bool keep_alive = true;
  bool head_only = false;  ///< the answer to HEAD: as if there were a body
};

void append_response(const HttpResponse& response, OutputBuffer* out);
/// Without a length: the body ends with the connection.
void append_endless_head(const HttpResponse& response, OutputBuffer* out);
/// 101: what follows is WebSocket frames.
void append_web_socket_head(std::string_view accept, OutputBuffer* out);
void append_continue(OutputBuffer* out);

/// "Not Found".
std::string_view http_reason(int status);

/// A piece of an event stream (WHATWG HTML, "Server-sent events"). `data` may have line ends.
void append_server_sent_event(std::string_view id, std::string_view event, std::string_view data, OutputBuffer* out);
/// Where the client goes on from, without an event.
void append_server_sent_id(std::string_view id, OutputBuffer* out);
/// What a client ignores: that somebody is still there.
void append_server_sent_comment(OutputBuffer* out);

}  // namespace troupe
