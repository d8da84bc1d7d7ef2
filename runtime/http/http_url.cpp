#include "runtime/http/http_url.hpp"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr uint16_t kHttpPort = 80;
constexpr uint16_t kHttpsPort = 443;
constexpr size_t kUrlBytesMax = 2'000;

absl::Status invalid(std::string_view text, std::string_view why) {
  return with_hint(
      with_detail(error(ErrorCode::kInvalidParameterValue, "invalid URL: \"", text, "\""), std::string(why)),
      "Give one like https://example.org/hooks.");
}

bool is_host_letter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_' || c == ':';
}

}  // namespace

std::string HttpUrl::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : cat("[", host, "]");
  return port == (tls ? kHttpsPort : kHttpPort) ? name : cat(name, ":", port);
}

std::string HttpUrl::origin() const { return cat(tls ? "https://" : "http://", host, ":", port); }

absl::StatusOr<HttpUrl> parse_http_url(std::string_view text) {
  if (text.size() > kUrlBytesMax) return invalid(text.substr(0, 100), "It is too long.");
  // Nothing in it may begin another line of a request.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!plain) return invalid(text, "Spaces and letters beyond ASCII are to be percent-encoded.");
  HttpUrl url;
  std::string_view rest = text;
  const auto scheme = [&](std::string_view name) {
    if (!absl::StartsWithIgnoreCase(absl_view(rest), absl_view(name))) return false;
    rest.remove_prefix(name.size());
    return true;
  };
  url.tls = scheme("https://");
  if (!url.tls && !scheme("http://")) return invalid(text, "It begins with neither https:// nor http://.");
  rest = rest.substr(0, rest.find('#'));
  const size_t path = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view host = rest.substr(0, path);
  url.target = rest.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (host.find('@') != std::string_view::npos) return invalid(text, "A user and a password belong into a header.");
  url.port = url.tls ? kHttpsPort : kHttpPort;
  const bool literal = host.starts_with('[') && host.find(']') != std::string_view::npos;
  const size_t colon = literal ? host.find(':', host.find(']')) : host.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (problem != std::errc() || end != port.data() + port.size() || url.port == 0) {
      return invalid(text, "Its port is none.");
    }
    host = host.substr(0, colon);
  }
  if (literal) host = host.substr(1, host.find(']') - 1);
  if (host.empty() || !std::all_of(host.begin(), host.end(), is_host_letter)) return invalid(text, "Its host is none.");
  url.host = absl::AsciiStrToLower(absl_view(host));
  return url;
}

}  // namespace troupe
