#include "runtime/security/access_rule.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace troupe {
namespace {

constexpr std::array<std::pair<AccessMethod, std::string_view>, 5> kMethods = {{{AccessMethod::kScram, "scram"},
                                                                                {AccessMethod::kCert, "cert"},
                                                                                {AccessMethod::kPeer, "peer"},
                                                                                {AccessMethod::kTrust, "trust"},
                                                                                {AccessMethod::kReject, "reject"}}};

bool fits_place(const AccessRule& rule, const AccessRequest& request) {
  if (!request.address) return rule.local;
  if (rule.tls && *rule.tls != request.tls) return false;
  return rule.anywhere || std::any_of(rule.networks.begin(), rule.networks.end(),
                                      [&](const IpNetwork& network) { return network.contains(*request.address); });
}

bool fits_role(const AccessRule& rule, const AccessRequest& request, const IsMember& is_member) {
  return std::any_of(rule.roles.begin(), rule.roles.end(), [&](const std::string& name) {
    if (name.starts_with('+')) return is_member(std::string_view(name).substr(1));
    return name == "all" || name == request.role;
  });
}

bool fits_database(const AccessRule& rule, const AccessRequest& request, const IsMember& is_member) {
  return std::any_of(rule.databases.begin(), rule.databases.end(), [&](const std::string& name) {
    if (name == "sameuser") return request.database == request.role;
    if (name == "samerole") return is_member(request.database);
    return name == "all" || name == request.database;
  });
}

}  // namespace

std::string_view to_string(AccessMethod method) {
  const auto* known = std::find_if(kMethods.begin(), kMethods.end(), [&](const auto& m) { return m.first == method; });
  return known->second;
}

std::optional<AccessMethod> parse_access_method(std::string_view text) {
  const auto* known = std::find_if(kMethods.begin(), kMethods.end(), [&](const auto& m) { return m.second == text; });
  return known == kMethods.end() ? std::nullopt : std::optional(known->first);
}

const AccessRule* first_match(std::span<const AccessRule> rules, const AccessRequest& request,
                              const IsMember& is_member) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const AccessRule& rule) {
    return fits_place(rule, request) && fits_database(rule, request, is_member) && fits_role(rule, request, is_member);
  });
  return found == rules.end() ? nullptr : &*found;
}

std::vector<IpNetwork> loopback_networks() { return {*IpNetwork::parse("127.0.0.0/8"), *IpNetwork::parse("::1")}; }

std::vector<AccessRule> default_access_rules() {
  AccessRule here;
  here.local = true;
  here.networks = loopback_networks();
  here.method = AccessMethod::kTrust;
  AccessRule elsewhere;
  elsewhere.anywhere = true;
  elsewhere.tls = true;
  elsewhere.method = AccessMethod::kScram;
  return {here, elsewhere};
}

}  // namespace troupe
