#include "actors/http/http_scene.hpp"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

constexpr std::string_view kTokenCookie = "troupe_token";
constexpr std::string_view kJson = "application/json";

std::string http_date(int64_t wall_us) {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::FromUnixMicros(wall_us), absl::UTCTimeZone());
}

}  // namespace

HttpResponse HttpScene::response(int status) const {
  HttpResponse response;
  response.status = status;
  response.headers = shared_headers;
  response.headers.emplace_back("Date", http_date(node.services.clock.wall_us()));
  response.keep_alive = request.keep_alive && !closes;
  response.head_only = request.method == "HEAD";
  return response;
}

void HttpScene::respond(const HttpResponse& response) {
  closes = !response.keep_alive;
  append_response(response, &out);
}

void HttpScene::respond_json(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers) {
  HttpResponse answer = response(status);
  answer.content_type = kJson;
  answer.body = std::move(body);
  answer.headers.emplace_back("Cache-Control", "no-store");
  answer.headers.insert(answer.headers.end(), headers.begin(), headers.end());
  respond(answer);
}

void append_report_json(const ServerReport& report, std::string* out) {
  const char* separator = "{";
  const auto field = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    *out += separator;
    append_json_string(name, out);
    *out += ": ";
    append_json_string(value, out);
    separator = ", ";
  };
  field("severity", report.severity);
  field("sqlstate", report.sqlstate);
  field("message", report.message);
  field("detail", report.detail);
  field("hint", report.hint);
  field("where", report.where);
  field("schema", report.schema);
  field("table", report.table);
  field("column", report.column);
  field("data_type", report.data_type);
  field("constraint", report.constraint);
  if (report.position > 0) *out += cat(separator, "\"position\": ", report.position);
  *out += "}";
}

int status_of(const ServerReport& report) {
  const std::string_view state = report.sqlstate;
  if (state.starts_with("28")) return state == "28P01" ? 401 : 403;
  if (state == "42501") return 403;
  if (state == "42P01" || state == "3D000" || state == "42704") return 404;
  if (state == "53300" || state.starts_with("57P0") || state == "08006") return 503;
  if (state.starts_with("XX") || state.starts_with("58") || state.starts_with("53")) return 500;
  return 400;
}

void HttpScene::respond_error(const ServerReport& report) {
  std::string body = "{\"error\": ";
  append_report_json(report, &body);
  body += "}\n";
  const int status = status_of(report);
  std::vector<std::pair<std::string, std::string>> headers;
  if (status == 401) headers.emplace_back("WWW-Authenticate", access_token() ? "Bearer" : "Basic realm=\"troupe\"");
  respond_json(status, std::move(body), std::move(headers));
}

void HttpScene::respond_error(int status, std::string_view sqlstate, std::string_view message, std::string_view hint) {
  ServerReport report;
  report.severity = "ERROR";
  report.sqlstate = sqlstate;
  report.message = message;
  report.hint = hint;
  std::string body = "{\"error\": ";
  append_report_json(report, &body);
  respond_json(status, body + "}\n");
}

std::optional<std::string> HttpScene::access_token() const {
  if (const auto authorization = request.header("Authorization")) {
    if (const auto bearer = parse_bearer(*authorization)) return std::string(*bearer);
  }
  if (const auto parameter = request.parameter("access_token")) return std::string(*parameter);
  return request.cookie(kTokenCookie);
}

std::optional<LocalLogin> HttpScene::identify() {
  const auto database = request.parameter("database");
  const auto authorization = request.header("Authorization");
  LocalLogin login;
  login.application_name = "http";
  login.peer = peer;
  if (const auto basic = authorization ? parse_basic(*authorization) : std::nullopt) {
    login.user = basic->first;
    login.password = basic->second;
    login.database = database ? std::string(*database) : login.user;
    return login;
  }
  ServerReport report;
  report.severity = "ERROR";
  report.sqlstate = "28P01";
  if (const auto token = access_token()) {
    const auto holder = front.with_tokens([&](auto& tokens) { return tokens.find(*token, now_us()); });
    const CatalogPtr catalog = node.services.catalog.get();
    const RoleDef* role = holder ? catalog->find_role(holder->role) : nullptr;
    if (role != nullptr && role->oid == holder->role_oid && role->password == holder->verifier) {
      login.user = holder->role;
      login.database = holder->database;
      login.peer.known = known_by_password(holder->role);
      return login;
    }
    report.message = "the access token is not known, or no longer good";
    report.hint = "POST /v1/session gives another one.";
  } else {
    report.message = "who asks is not known";
    report.hint = "Send a user and a password (HTTP Basic), or an access token, which POST /v1/session gives.";
  }
  respond_error(report);
  return std::nullopt;
}

}  // namespace troupe
