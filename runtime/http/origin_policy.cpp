#include "runtime/http/origin_policy.hpp"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "runtime/security/ip_network.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const absl::string_view piece : absl::StrSplit(absl_view(text), ',')) {
    const absl::string_view word = absl::StripAsciiWhitespace(piece);
    if (!word.empty()) words.push_back(absl::AsciiStrToLower(word));
  }
  return words;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), absl::AsciiStrToLower(absl_view(word))) != words.end();
}

/// "name:80", "[::1]:80" without the port.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.rfind(':'));
}

}  // namespace

OriginPolicy::OriginPolicy(std::string_view host_names, std::string_view allowed_origins, bool tls)
    : host_names_{words_of(host_names)}, allowed_origins_{words_of(allowed_origins)}, tls_{tls} {}

bool OriginPolicy::is_our_name(std::string_view host) const {
  const std::string_view name = without_port(host);
  return IpAddress::parse(std::string(name)).has_value() || absl::EqualsIgnoreCase(absl_view(name), "localhost") ||
         contains(host_names_, name);
}

OriginPolicy::Verdict OriginPolicy::judge(const HttpRequest& request) const {
  const std::string_view host = request.header("Host").value_or("");
  if (!tls_ && !host.empty() && !is_our_name(host)) return Verdict::kUnknownHost;
  const auto origin = request.header("Origin");
  if (!origin) return Verdict::kSame;
  if (absl::EqualsIgnoreCase(absl_view(*origin), cat(tls_ ? "https://" : "http://", host))) return Verdict::kSame;
  return contains(allowed_origins_, *origin) ? Verdict::kAllowed : Verdict::kForeign;
}

}  // namespace troupe
