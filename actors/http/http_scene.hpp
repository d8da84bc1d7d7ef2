#pragma once
/// One request and how it is answered: what an exchange sees of its connection.
/// Owner: an HttpConnection, for one exchange after the other.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <caf/execution_unit.hpp>

#include "actors/http/http_front.hpp"
#include "actors/session/local_client.hpp"
#include "runtime/http/http_request.hpp"
#include "runtime/http/http_response.hpp"
#include "runtime/protocol/backend_message.hpp"

namespace troupe {

struct HttpScene {
  NodeContext& node;
  HttpFront& front;
  caf::execution_unit& unit;
  std::function<void()> wake;  ///< from any thread: the connection's next turn is wanted
  OutputBuffer& out;
  LocalPeer peer;  ///< whom the connection comes from

  // Of the request under way.
  HttpRequest request = {};
  std::vector<std::pair<std::string, std::string>> shared_headers = {};  ///< for pages of others
  bool closes = false;                                                   ///< the connection ends with the answer

  int64_t now_us() const { return node.services.clock.monotonic_us(); }
  const NodeConfig& config() const { return node.services.config; }

  HttpResponse response(int status) const;
  void respond(const HttpResponse& response);
  void respond_json(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {});
  /// What `report` says, as {"error": {...}} with the status that fits it.
  void respond_error(const ServerReport& report);
  void respond_error(int status, std::string_view sqlstate, std::string_view message, std::string_view hint = {});

  /// Who asks: by a password, which the session will ask for, or by a token. nullopt: it was answered with 401.
  std::optional<LocalLogin> identify();
  /// The token that the request shows.
  std::optional<std::string> access_token() const;
};

/// {"sqlstate": ..., "severity": ..., "message": ...} and what else there is.
void append_report_json(const ServerReport& report, std::string* out);
int status_of(const ServerReport& report);

}  // namespace troupe
