// Feeds arbitrary bytes to what reads an HTTP client's bytes, in pieces: requests and WebSocket frames. The first byte
// chooses which, the second the size of the pieces. Whatever comes, no reader may run past its input, and the messages
// of a WebSocket do not depend on the pieces.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "runtime/http/http_request.hpp"
#include "runtime/http/origin_policy.hpp"
#include "runtime/http/web_socket.hpp"

namespace troupe {
namespace {

void fuzz_requests(std::string_view data, size_t piece) {
  static const OriginPolicy policy("db.example", "https://app.example", false);
  HttpReader reader({.header_bytes_max = 1024, .body_bytes_max = 1024});
  std::string waiting;
  for (size_t at = 0; at < data.size(); at += piece) {
    waiting += data.substr(at, piece);
    while (true) {
      std::string_view unread = waiting;
      HttpRequest request;
      const auto step = reader.read(&unread, &request);
      waiting.erase(0, waiting.size() - unread.size());
      if (step == HttpReader::Step::kError) return;
      if (step != HttpReader::Step::kRequest) break;
      (void)policy.judge(request);
      (void)request.cookie("troupe_token");
      (void)request.header_has("Connection", "upgrade");
      (void)parse_basic(request.header("Authorization").value_or(""));
    }
    if (waiting.size() > 2 * 1024 + piece) std::abort();  // it keeps no more than a request may have
  }
}

struct Server final : private WebSocketEvents {
  OutputBuffer out;
  WebSocket socket{*this, 1000, out};
  std::vector<std::string> texts;

 private:
  void on_text(std::string_view text) override { texts.emplace_back(text); }
};

std::vector<std::string> messages(std::string_view data, size_t piece) {
  Server server;
  for (size_t at = 0; at < data.size(); at += piece) server.socket.receive(data.substr(at, piece));
  return server.texts;
}

}  // namespace
}  // namespace troupe

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  if (size < 2) return 0;
  const std::string_view data(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  const size_t piece = bytes[1] == 0 ? data.size() + 1 : bytes[1];
  if ((bytes[0] & 1) == 0) {
    troupe::fuzz_requests(data, piece);
  } else if (troupe::messages(data, piece) != troupe::messages(data, data.size() + 1)) {
    std::abort();
  }
  return 0;
}
