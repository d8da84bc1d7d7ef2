#include "actors/node/config_access.hpp"

#include "storage/base/text.hpp"

namespace troupe {
namespace {

std::string place_of(const toml::node& node, const std::string& path) {
  return cat(path, ":", static_cast<uint64_t>(node.source().begin.line));
}

template <typename... Pieces>
absl::Status refuse(const std::string& place, const Pieces&... pieces) {
  return error(ErrorCode::kInvalidParameterValue, place, ": ", pieces...);
}

/// A string, or a list of them.
absl::StatusOr<std::vector<std::string>> read_names(const std::string& name, const toml::node& value,
                                                    const std::string& place) {
  if (value.is_string()) return std::vector{value.as_string()->get()};
  std::vector<std::string> names;
  if (value.is_array()) {
    for (const toml::node& one : *value.as_array()) {
      if (one.is_string()) names.push_back(one.as_string()->get());
    }
  }
  const bool all_read = value.is_array() && names.size() == value.as_array()->size() && !names.empty();
  if (!all_read) return refuse(place, "access.", name, " must be a string, or a list of strings");
  return names;
}

absl::Status read_network(const std::string& text, const std::string& place, AccessRule* rule) {
  if (text == "local") {
    rule->local = true;
  } else if (text == "all") {
    rule->anywhere = true;
  } else if (text == "loopback") {
    const auto loopback = loopback_networks();
    rule->networks.insert(rule->networks.end(), loopback.begin(), loopback.end());
  } else if (const auto network = IpNetwork::parse(text)) {
    rule->networks.push_back(*network);
  } else {
    return with_hint(refuse(place, "access.network \"", text, "\" is no network"),
                     "Use \"local\" for the unix socket, \"loopback\", \"all\", an address, or a network such as "
                     "\"10.0.0.0/8\" without bits behind its prefix.");
  }
  return absl::OkStatus();
}

absl::Status read_method(const toml::node& value, const std::string& place, AccessRule* rule) {
  const std::string text = value.is_string() ? value.as_string()->get() : "";
  const auto method = parse_access_method(text);
  if (!method) {
    return with_hint(refuse(place, "access.method \"", text, "\" is not known"),
                     "Use scram, cert, peer, trust or reject.");
  }
  rule->method = *method;
  return absl::OkStatus();
}

absl::Status read_key(const std::string& name, const toml::node& value, const std::string& place, AccessRule* rule) {
  if (name == "method") return read_method(value, place, rule);
  if (name == "tls") {
    if (!value.is_boolean()) return refuse(place, "access.tls must be true or false");
    rule->tls = value.as_boolean()->get();
    return absl::OkStatus();
  }
  if (name != "network" && name != "role" && name != "database") {
    return with_hint(error(ErrorCode::kUndefinedObject, place, ": unknown configuration key \"access.", name, "\""),
                     "An access rule has network, role, database, tls and method.");
  }
  TROUPE_ASSIGN_OR_RETURN(const auto names, read_names(name, value, place));
  if (name == "role") rule->roles = names;
  if (name == "database") rule->databases = names;
  if (name != "network") return absl::OkStatus();
  for (const std::string& text : names) TROUPE_RETURN_IF_ERROR(read_network(text, place, rule));
  return absl::OkStatus();
}

/// What would never fit, or lets in others than whoever wrote it meant.
absl::Status check_rule(const toml::table& table, AccessRule* rule) {
  const std::string& place = rule->written_at;
  if (!table.contains("method")) return refuse(place, "an access rule needs a method");
  const bool remote = rule->anywhere || !rule->networks.empty();
  if (!remote && !rule->local) return refuse(place, "an access rule needs a network");
  if (rule->local && rule->tls) return refuse(place, "there is no TLS on the unix socket");
  if (rule->method == AccessMethod::kPeer && remote) {
    return refuse(place, "method peer is for the unix socket only: network = \"local\"");
  }
  if (rule->method == AccessMethod::kCert) {
    if (rule->local || rule->tls == false) return refuse(place, "method cert needs TLS");
    rule->tls = true;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<AccessRule>> read_access_rules(const toml::node& rules, const std::string& path) {
  if (!rules.is_array_of_tables()) {
    return error(ErrorCode::kSyntaxError, place_of(rules, path), ": access rules are written under [[access]]");
  }
  std::vector<AccessRule> read;
  for (const toml::node& element : *rules.as_array()) {
    const toml::table& table = *element.as_table();
    AccessRule rule;
    rule.written_at = place_of(element, path);
    for (const auto& [name, value] : table) {
      TROUPE_RETURN_IF_ERROR(read_key(std::string(name.str()), value, place_of(value, path), &rule));
    }
    TROUPE_RETURN_IF_ERROR(check_rule(table, &rule));
    read.push_back(std::move(rule));
  }
  return read;
}

}  // namespace troupe
