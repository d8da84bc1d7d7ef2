#include "actors/http/http_routes.hpp"

#include <algorithm>

#include "actors/http/event_stream_exchange.hpp"
#include "actors/http/live_page.hpp"
#include "actors/http/login_exchange.hpp"
#include "actors/http/query_exchange.hpp"
#include "actors/http/web_socket_exchange.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

using Exchange = std::unique_ptr<HttpExchange>;

/// An exchange for whoever may log in; null: it was answered that nobody knows who asks.
template <typename Made>
Exchange for_known(HttpScene& scene) {
  const auto login = scene.identify();
  if (!login) return nullptr;
  return std::make_unique<Made>(scene, *login);
}

Exchange serve_page(HttpScene& scene, const LivePage& page) {
  HttpResponse response = scene.response(200);
  response.content_type = page.content_type;
  response.body = page.body;
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                                "form-action 'none'; frame-ancestors 'none'; base-uri 'none'");
  scene.respond(response);
  return nullptr;
}

struct Route {
  std::string_view path;
  std::string_view method;
  Exchange (*serve)(HttpScene&);
};

constexpr Route kRoutes[] = {
    {"/", "GET", [](HttpScene& scene) { return serve_page(scene, live_page()); }},
    {"/live.js", "GET", [](HttpScene& scene) { return serve_page(scene, live_script()); }},
    {"/live.css", "GET", [](HttpScene& scene) { return serve_page(scene, live_style()); }},
    {"/v1/session", "POST", for_known<LoginExchange>},
    {"/v1/session", "DELETE",
     [](HttpScene& scene) {
       end_token(scene);
       return Exchange();
     }},
    {"/v1/subscribe", "GET", for_known<EventStreamExchange>},
    {"/v1/ws", "GET", for_known<WebSocketExchange>},
    {"/v1/query", "POST", for_known<QueryExchange>},
};

/// HEAD is GET without a body, for what has an end.
bool fits(const Route& route, const HttpRequest& request) {
  if (route.path != request.path) return false;
  return route.method == request.method || (request.method == "HEAD" && !route.path.starts_with("/v1"));
}

std::string methods_of(std::string_view path) {
  std::string methods;
  for (const Route& route : kRoutes) {
    if (route.path == path) methods += cat(methods.empty() ? "" : ", ", route.method);
  }
  return methods;
}

/// False: the request was refused.
bool let_in(HttpScene& scene) {
  switch (scene.front.origins().judge(scene.request)) {
    case OriginPolicy::Verdict::kSame: return true;
    case OriginPolicy::Verdict::kAllowed:
      scene.shared_headers = {{"Access-Control-Allow-Origin", std::string(*scene.request.header("Origin"))},
                              {"Access-Control-Allow-Credentials", "true"},
                              {"Vary", "Origin"}};
      return true;
    case OriginPolicy::Verdict::kUnknownHost:
      scene.respond_error(421, "28000", "this machine is not known under the name that the request has",
                          "Name it in http.host_names of the node's configuration.");
      return false;
    case OriginPolicy::Verdict::kForeign:
      scene.respond_error(403, "28000", "pages of this origin may not use this node",
                          "Name it in http.allowed_origins of the node's configuration.");
      return false;
  }
  return false;
}

/// What a browser asks before it sends the request of another one's page.
void answer_preflight(HttpScene& scene, const std::string& methods) {
  HttpResponse response = scene.response(204);
  response.headers.emplace_back("Allow", methods);
  response.headers.emplace_back("Access-Control-Allow-Methods", methods);
  response.headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, Last-Event-ID");
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  scene.respond(response);
}

}  // namespace

std::unique_ptr<HttpExchange> answer_request(HttpScene& scene) {
  if (!let_in(scene)) return nullptr;
  const HttpRequest& request = scene.request;
  for (const Route& route : kRoutes) {
    if (fits(route, request)) return route.serve(scene);
  }
  const std::string methods = methods_of(request.path);
  if (methods.empty()) {
    scene.respond_error(404, "42704", "there is nothing under this path");
  } else if (request.method == "OPTIONS") {
    answer_preflight(scene, methods);
  } else {
    scene.shared_headers.emplace_back("Allow", methods);
    scene.respond_error(405, "0A000", "this method is not for this path");
  }
  return nullptr;
}

}  // namespace troupe
