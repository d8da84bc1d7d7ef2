#pragma once
/// Who may come in, from where, and how they show who they are: what PostgreSQL keeps in pg_hba.conf. Rules are looked
/// at in their order and the first that fits decides; whom none fits is not let in.
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/security/ip_network.hpp"

namespace troupe {

enum class AccessMethod : uint8_t {
  kScram,  ///< a password, by SCRAM-SHA-256
  kCert,   ///< a certificate of an authority that we know, with the role's name
  kPeer,   ///< on the unix socket: the operating system's user has the role's name
  kTrust,
  kReject
};
std::string_view to_string(AccessMethod method);
std::optional<AccessMethod> parse_access_method(std::string_view text);

struct AccessRule {
  bool local = false;     ///< the unix socket
  bool anywhere = false;  ///< any address
  std::vector<IpNetwork> networks;
  std::optional<bool> tls;  ///< only with, or only without it
  /// Names; "all"; "+group" for whoever is a member of it.
  std::vector<std::string> roles = {"all"};
  /// Names; "all"; "sameuser"; "samerole" for whoever is a member of the role of that name.
  std::vector<std::string> databases = {"all"};
  AccessMethod method = AccessMethod::kReject;
  std::string written_at;  ///< file and line; empty: it is a default
};

/// Somebody at the door.
struct AccessRequest {
  std::string role;
  std::string database;
  std::optional<IpAddress> address;  ///< none: on the unix socket
  bool tls = false;
};

/// Whether the role of the request, which need not exist, is a member of `group`.
using IsMember = std::function<bool(std::string_view group)>;

/// Null: none fits.
const AccessRule* first_match(std::span<const AccessRule> rules, const AccessRequest& request,
                              const IsMember& is_member);

/// What counts when none are written: this machine is trusted, others need TLS and a password.
std::vector<AccessRule> default_access_rules();
/// 127.0.0.0/8 and ::1.
std::vector<IpNetwork> loopback_networks();

}  // namespace troupe
