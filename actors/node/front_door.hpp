#pragma once
/// What has to be there before anybody from elsewhere may knock: addresses to listen on, TLS, a superuser with a
/// password.
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/node/config.hpp"
#include "runtime/security/password_attempts.hpp"
#include "runtime/security/tls_context.hpp"
#include "storage/catalog/catalog.hpp"
#include "storage/file/file_system.hpp"

namespace troupe {

/// What sessions that let somebody in share. Owner: the node; safe from any thread.
class FrontDoor {
 public:
  /// Set before the first session.
  std::shared_ptr<const ClientFacingTls> tls;  ///< null: without
  std::string unknown_role_secret;             ///< NodeMeta::secret

  /// PasswordAttempts, for all sessions.
  template <typename Use>
  auto with_attempts(Use use) {
    const std::lock_guard lock(mutex_);
    return use(attempts_);
  }

 private:
  std::mutex mutex_;
  PasswordAttempts attempts_;
};

/// The value of node.listen_address or http.listen_address, `key`, taken apart: addresses in numbers; "localhost" is
/// 127.0.0.1, "*" every address of either kind. Errors: kInvalidParameterValue.
absl::StatusOr<std::vector<IpAddress>> listen_addresses(std::string_view key, const std::string& value);

/// Reads the files of [tls]; null when there are none. Errors: kUndefinedFile; kInvalidParameterValue with what is
/// wrong with them, such as a private key that others may read.
absl::StatusOr<std::shared_ptr<const ClientFacingTls>> load_client_facing_tls(FileSystem& files,
                                                                              const NodeConfig& config);

/// An address that others can reach is listened on only with a certificate and a superuser who has a password.
/// Errors: kObjectNotInPrerequisiteState with what is missing.
absl::Status check_front_door(const NodeConfig& config, const Catalog& catalog);

}  // namespace troupe
