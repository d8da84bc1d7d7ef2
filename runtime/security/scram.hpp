#pragma once
/// SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL speaks it: verifiers in pg_authid's form
/// `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, and the server's half of the exchange. Salts and nonces come in from
/// outside.
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

inline constexpr std::string_view kScramMechanism = "SCRAM-SHA-256";
inline constexpr std::string_view kScramPlusMechanism = "SCRAM-SHA-256-PLUS";
inline constexpr int kScramIterations = 4096;
inline constexpr size_t kScramSaltBytes = 16;
/// Of a nonce, before it is base64.
inline constexpr size_t kScramNonceBytes = 18;
using ScramKey = std::array<uint8_t, 32>;

struct ScramVerifier {
  int iterations = kScramIterations;
  std::string salt;  ///< raw bytes
  ScramKey stored_key{};
  ScramKey server_key{};

  std::string to_string() const;
};

ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt, int iterations = kScramIterations);
/// Errors: kInvalidPassword when `text` is not a verifier.
absl::StatusOr<ScramVerifier> parse_scram_verifier(std::string_view text);
bool scram_password_matches(const ScramVerifier& verifier, std::string_view password);
/// What to run the exchange against for a role that does not exist, so that nobody learns that; always refused.
ScramVerifier make_unknown_role_verifier(std::string_view role, std::string_view server_secret);

/// Whether the exchange is bound to the TLS connection that it runs on, so that nobody in the middle can pass it on.
struct ScramBinding {
  bool offered = false;       ///< the server offered kScramPlusMechanism: there is TLS
  bool chosen = false;        ///< the client took it
  std::string endpoint = {};  ///< tls_server_end_point() of the server's certificate
};

/// One authentication. client-first → server_first(), client-final → server_final().
class ScramServer {
 public:
  /// `nonce`: printable and without a comma, such as base64_encode() of 18 random bytes.
  ScramServer(ScramVerifier verifier, std::string_view nonce, ScramBinding binding = {});

  /// Errors: kProtocolViolation for what is not a SCRAM message, with PostgreSQL's words; kInvalidAuthorization when
  /// somebody has hidden from the client that the server can bind.
  absl::StatusOr<std::string> server_first(std::string_view client_first);
  /// Errors: kInvalidPassword when the proof is wrong; the caller words it for the user. kInvalidAuthorization when the
  /// client has spoken TLS with somebody else.
  absl::StatusOr<std::string> server_final(std::string_view client_final);

 private:
  absl::Status check_binding_flag(std::string_view flag) const;

  ScramVerifier verifier_;
  ScramBinding binding_;
  std::string server_nonce_;
  std::string full_nonce_;
  std::string gs2_header_;
  std::string client_first_bare_;
  std::string server_first_;
};

/// The client's half, without channel binding: for clients in the node that were given a password.
class ScramClient {
 public:
  ScramClient(std::string password, std::string nonce) : password_{std::move(password)}, nonce_{std::move(nonce)} {}

  std::string client_first() const;
  /// Errors: kProtocolViolation.
  absl::StatusOr<std::string> client_final(std::string_view server_first) const;

 private:
  const std::string password_;
  const std::string nonce_;
};

/// Base64 of RFC 4648 with padding.
std::string base64_encode(std::string_view bytes);
absl::StatusOr<std::string> base64_decode(std::string_view text);

}  // namespace troupe
