#include "actors/node/front_door.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "runtime/security/scram.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// As PostgreSQL has it: a key is its owner's, or root's and then of a group that may read it.
absl::Status check_key_file(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return error(ErrorCode::kUndefinedFile, "there is no private key file ", path);
  const mode_t others = about.st_uid == 0 && ::geteuid() != 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
  if ((about.st_mode & others) == 0) return absl::OkStatus();
  return with_hint(error(ErrorCode::kInvalidParameterValue, "private key file ", path, " has group or world access"),
                   cat("chmod 600 ", path));
}

bool has_superuser_with_password(const Catalog& catalog) {
  const auto roles = catalog.objects(ObjectKind::role);
  return std::any_of(roles.begin(), roles.end(), [](const ObjectPtr& object) {
    const auto& role = static_cast<const RoleDef&>(*object);
    return role.superuser && role.can_login && parse_scram_verifier(role.password).ok();
  });
}

}  // namespace

absl::StatusOr<std::vector<IpAddress>> listen_addresses(std::string_view key, const std::string& value) {
  std::vector<IpAddress> addresses;
  for (const absl::string_view piece : absl::StrSplit(value, ',')) {
    const std::string text(absl::StripAsciiWhitespace(piece));
    if (text == "*") {
      addresses.push_back(*IpAddress::parse("0.0.0.0"));
      addresses.push_back(*IpAddress::parse("::"));
    } else if (const auto address = IpAddress::parse(text == "localhost" ? "127.0.0.1" : text)) {
      addresses.push_back(*address);
    } else {
      return with_hint(
          error(ErrorCode::kInvalidParameterValue, key, ": \"", text, "\" is no address"),
          "Use addresses in numbers, with commas between them, \"localhost\", or \"*\" for all of this machine.");
    }
  }
  return addresses;
}

absl::StatusOr<std::shared_ptr<const ClientFacingTls>> load_client_facing_tls(FileSystem& files,
                                                                              const NodeConfig& config) {
  if (config.tls_certificate_file.empty() && config.tls_private_key_file.empty() && config.tls_authority_file.empty()) {
    return nullptr;
  }
  if (config.tls_certificate_file.empty() || config.tls_private_key_file.empty()) {
    return error(ErrorCode::kInvalidParameterValue, "[tls] needs both certificate_file and private_key_file");
  }
  TlsIdentity identity;
  TROUPE_ASSIGN_OR_RETURN(identity.certificate_pem, read_file(files, config.tls_certificate_file));
  TROUPE_RETURN_IF_ERROR(check_key_file(config.tls_private_key_file));
  TROUPE_ASSIGN_OR_RETURN(identity.private_key_pem, read_file(files, config.tls_private_key_file));
  std::string authority;
  if (!config.tls_authority_file.empty()) {
    TROUPE_ASSIGN_OR_RETURN(authority, read_file(files, config.tls_authority_file));
  }
  auto tls = std::make_shared<ClientFacingTls>();
  auto context = make_client_facing_tls_context(identity, authority);
  if (!context.ok()) return annotate(context.status(), "[tls]");
  tls->context = *std::move(context);
  // A certificate that is signed without a hash has no end point: then nothing can be bound to it.
  tls->end_point = tls_server_end_point(identity.certificate_pem).value_or("");
  return tls;
}

namespace {

absl::StatusOr<bool> is_for_this_machine(std::string_view key, const std::string& value) {
  TROUPE_ASSIGN_OR_RETURN(const auto addresses, listen_addresses(key, value));
  return std::all_of(addresses.begin(), addresses.end(), [](const IpAddress& a) { return a.is_loopback(); });
}

}  // namespace

absl::Status check_front_door(const NodeConfig& config, const Catalog& catalog) {
  TROUPE_ASSIGN_OR_RETURN(const bool sql_is_local, is_for_this_machine("node.listen_address", config.listen_address));
  TROUPE_ASSIGN_OR_RETURN(const bool http_is_local,
                          is_for_this_machine("http.listen_address", config.http_listen_address));
  if (sql_is_local && (http_is_local || config.http_port == 0)) return absl::OkStatus();
  const std::string& address = sql_is_local ? config.http_listen_address : config.listen_address;
  const auto refuse = [&](std::string_view missing, std::string hint) {
    return with_hint(
        error(ErrorCode::kObjectNotInPrerequisiteState, "listening on ", address, " is refused: ", missing),
        std::move(hint));
  };
  if (config.tls_certificate_file.empty()) {
    return refuse("there is no certificate, and passwords and data would go over the network in the clear",
                  "Set certificate_file and private_key_file under [tls] in the configuration.");
  }
  if (has_superuser_with_password(catalog)) return absl::OkStatus();
  return refuse("no superuser has a password",
                "Start the node on 127.0.0.1 and give one: ALTER ROLE postgres PASSWORD '...'.");
}

}  // namespace troupe
