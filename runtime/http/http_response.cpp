#include "runtime/http/http_response.hpp"

#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// A value comes from the configuration or from ourselves; what would begin a new line is cut all the same.
void append_header(std::string_view name, std::string_view value, OutputBuffer* out) {
  out->append(name);
  out->append(": ");
  out->append(value.substr(0, value.find_first_of("\r\n")));
  out->append("\r\n");
}

void append_head(const HttpResponse& response, OutputBuffer* out) {
  out->append(cat("HTTP/1.1 ", response.status, " ", http_reason(response.status), "\r\n"));
  for (const auto& [name, value] : response.headers) append_header(name, value, out);
  if (!response.content_type.empty()) append_header("Content-Type", response.content_type, out);
  append_header("X-Content-Type-Options", "nosniff", out);
}

}  // namespace

std::string_view http_reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

void append_response(const HttpResponse& response, OutputBuffer* out) {
  append_head(response, out);
  if (response.status != 204) append_header("Content-Length", cat(uint64_t{response.body.size()}), out);
  append_header("Connection", response.keep_alive ? "keep-alive" : "close", out);
  out->append("\r\n");
  if (!response.head_only) out->append(response.body);
}

void append_endless_head(const HttpResponse& response, OutputBuffer* out) {
  append_head(response, out);
  append_header("Connection", "close", out);
  out->append("\r\n");
}

void append_web_socket_head(std::string_view accept, OutputBuffer* out) {
  out->append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n");
  append_header("Sec-WebSocket-Accept", accept, out);
  out->append("\r\n");
}

void append_continue(OutputBuffer* out) { out->append("HTTP/1.1 100 Continue\r\n\r\n"); }

void append_server_sent_event(std::string_view id, std::string_view event, std::string_view data, OutputBuffer* out) {
  const auto line = [out](std::string_view name, std::string_view value) {
    out->append(name);
    out->append(value);
    out->push_back('\n');
  };
  if (!id.empty()) line("id: ", id);
  line("event: ", event);
  while (true) {  // of JSON, line ends are white space
    const size_t end = data.find_first_of("\r\n");
    line("data: ", data.substr(0, end));
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  out->push_back('\n');
}

void append_server_sent_id(std::string_view id, OutputBuffer* out) { out->append(cat("id: ", id, "\n\n")); }

void append_server_sent_comment(OutputBuffer* out) { out->append(":\n\n"); }

}  // namespace troupe
