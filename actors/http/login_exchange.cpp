#include "actors/http/login_exchange.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

constexpr size_t kTokenBytes = 32;

/// Base64 for URLs (RFC 4648, section 5), without padding.
std::string url_text(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::string cookie(std::string_view token, uint32_t lifetime_s, bool secure) {
  return cat("troupe_token=", token, "; Path=/v1; Max-Age=", lifetime_s, "; HttpOnly; SameSite=Strict",
             secure ? "; Secure" : "");
}

}  // namespace

LoginExchange::LoginExchange(HttpScene& scene, const LocalLogin& login)
    : scene_{scene}, client_{*this, scene.wake}, user_{login.user}, database_{login.database} {
  client_.connect(scene.node, scene.unit, login);
}

void LoginExchange::on_ready(char) {
  if (std::exchange(done_, true)) return;
  const CatalogPtr catalog = scene_.node.services.catalog.get();
  const RoleDef* role = catalog->find_role(user_);
  if (role == nullptr) return scene_.respond_error(403, "28000", "the role was dropped at the same time");
  const std::string token = url_text(scene_.node.services.secrets(kTokenBytes));
  const TokenHolder holder{user_, role->oid, role->password, database_};
  scene_.front.with_tokens([&](auto& tokens) { tokens.add(token, holder, scene_.now_us()); });
  const uint32_t lifetime_s = scene_.config().http_token_lifetime_s;
  std::string body = "{\"token\": ";
  append_json_string(token, &body);
  body += cat(", \"expires_in\": ", lifetime_s, ", \"user\": ");
  append_json_string(user_, &body);
  body += ", \"database\": ";
  append_json_string(database_, &body);
  scene_.respond_json(200, body + "}\n", {{"Set-Cookie", cookie(token, lifetime_s, scene_.peer.tls != nullptr)}});
}

void LoginExchange::on_error(const ServerReport& report) {
  if (!std::exchange(done_, true)) scene_.respond_error(report);
}

void LoginExchange::on_closed() {
  if (!std::exchange(done_, true)) scene_.respond_error(503, "08006", "the session has ended");
}

void end_token(HttpScene& scene) {
  if (const auto token = scene.access_token()) {
    scene.front.with_tokens([&](auto& tokens) { tokens.remove(*token); });
  }
  HttpResponse response = scene.response(204);
  response.headers.emplace_back("Set-Cookie", cookie("", 0, scene.peer.tls != nullptr));
  scene.respond(response);
}

}  // namespace troupe
