#include "runtime/security/scram.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>

#include "runtime/security/saslprep.hpp"

namespace troupe {
namespace {

constexpr int kIterationsMax = 1'000'000;
constexpr std::string_view kBindingType = "tls-server-end-point";

std::string_view bytes_of(const ScramKey& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }

ScramKey hmac(std::string_view key, std::string_view text) {
  ScramKey out;
  unsigned size = out.size();
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &size);
  return out;
}

ScramKey sha256(std::string_view text) {
  ScramKey out;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return out;
}

ScramKey salted_password(std::string_view written, std::string_view salt, int iterations) {
  const std::string password = prepared_password(written);
  ScramKey out;
  PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()),
                    reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()), iterations,
                    EVP_sha256(), static_cast<int>(out.size()), out.data());
  return out;
}

bool same(const ScramKey& a, const ScramKey& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

bool read_key(std::string_view text, ScramKey* key) {
  const auto bytes = base64_decode(text);
  if (!bytes.ok() || bytes->size() != key->size()) return false;
  std::copy(bytes->begin(), bytes->end(), key->begin());
  return true;
}

/// The text before `separator`, which is removed with it; all of it when there is none.
std::string_view take_until(std::string_view* text, char separator) {
  const size_t size = std::min(text->find(separator), text->size());
  const std::string_view taken = text->substr(0, size);
  text->remove_prefix(std::min(size + 1, text->size()));
  return taken;
}

absl::Status malformed(std::string_view detail) {
  return with_detail(error(ErrorCode::kProtocolViolation, "malformed SCRAM message"), std::string(detail));
}

/// The value of `name=value`, the next attribute of a message.
absl::StatusOr<std::string_view> take_attribute(std::string_view* message, char name) {
  const std::string_view attribute = take_until(message, ',');
  if (attribute.size() < 2 || attribute[0] != name || attribute[1] != '=') {
    return malformed(cat("Expected attribute \"", std::string_view(&name, 1), "\"."));
  }
  return attribute.substr(2);
}

}  // namespace

std::string ScramVerifier::to_string() const {
  return cat(kScramMechanism, "$", iterations, ":", base64_encode(salt), "$", base64_encode(bytes_of(stored_key)), ":",
             base64_encode(bytes_of(server_key)));
}

ScramVerifier make_scram_verifier(std::string_view password, std::string_view salt, int iterations) {
  const ScramKey salted = salted_password(password, salt, iterations);
  ScramVerifier verifier;
  verifier.iterations = iterations;
  verifier.salt = std::string(salt);
  verifier.stored_key = sha256(bytes_of(hmac(bytes_of(salted), "Client Key")));
  verifier.server_key = hmac(bytes_of(salted), "Server Key");
  return verifier;
}

absl::StatusOr<ScramVerifier> parse_scram_verifier(std::string_view text) {
  const auto bad = [] { return error(ErrorCode::kInvalidPassword, "invalid SCRAM verifier"); };
  ScramVerifier verifier;
  if (take_until(&text, '$') != kScramMechanism) return bad();
  const std::string_view iterations = take_until(&text, ':');
  const auto [end, failed] =
      std::from_chars(iterations.data(), iterations.data() + iterations.size(), verifier.iterations);
  if (failed != std::errc() || end != iterations.data() + iterations.size() || verifier.iterations < 1 ||
      verifier.iterations > kIterationsMax) {
    return bad();
  }
  auto salt = base64_decode(take_until(&text, '$'));
  if (!salt.ok() || salt->empty()) return bad();
  verifier.salt = *std::move(salt);
  if (!read_key(take_until(&text, ':'), &verifier.stored_key) || !read_key(text, &verifier.server_key)) return bad();
  return verifier;
}

bool scram_password_matches(const ScramVerifier& verifier, std::string_view password) {
  return same(make_scram_verifier(password, verifier.salt, verifier.iterations).server_key, verifier.server_key);
}

ScramVerifier make_unknown_role_verifier(std::string_view role, std::string_view server_secret) {
  ScramVerifier verifier;
  // The same salt each time a name is tried, as a role that exists would show.
  verifier.salt = std::string(bytes_of(hmac(server_secret, role)).substr(0, kScramSaltBytes));
  // Nobody knows a preimage of a stored key that is itself a keyed hash.
  verifier.stored_key = hmac(server_secret, cat("stored key of ", role));
  verifier.server_key = hmac(server_secret, cat("server key of ", role));
  return verifier;
}

ScramServer::ScramServer(ScramVerifier verifier, std::string_view nonce, ScramBinding binding)
    : verifier_{std::move(verifier)}, binding_{std::move(binding)}, server_nonce_{nonce} {}

absl::Status ScramServer::check_binding_flag(std::string_view flag) const {
  if (flag.starts_with("p=")) {
    if (!binding_.chosen) {
      return malformed(
          "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding "
          "data.");
    }
    if (flag.substr(2) == kBindingType) return absl::OkStatus();
    return error(ErrorCode::kProtocolViolation, "unsupported SCRAM channel-binding type \"", flag.substr(2), "\"");
  }
  if (flag != "n" && flag != "y") return malformed("Unexpected channel-binding flag.");
  if (binding_.chosen) {
    return malformed(
        "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.");
  }
  if (flag == "n" || !binding_.offered) return absl::OkStatus();
  return with_detail(error(ErrorCode::kInvalidAuthorization, "SCRAM channel binding negotiation error"),
                     "The client supports SCRAM channel binding but thinks the server does not.  However, this server "
                     "does support channel binding.");
}

absl::StatusOr<std::string> ScramServer::server_first(std::string_view client_first) {
  std::string_view rest = client_first;
  TROUPE_RETURN_IF_ERROR(check_binding_flag(take_until(&rest, ',')));
  const std::string_view authorization = take_until(&rest, ',');
  if (!authorization.empty()) {
    return error(ErrorCode::kFeatureNotSupported, "client uses authorization identity, but it is not supported");
  }
  gs2_header_ = std::string(client_first.substr(0, client_first.size() - rest.size()));
  client_first_bare_ = std::string(rest);
  if (rest.starts_with("m=")) {
    return error(ErrorCode::kFeatureNotSupported, "client requires an unsupported SCRAM extension");
  }
  // The name is the startup packet's; what stands here is ignored, as in PostgreSQL.
  TROUPE_RETURN_IF_ERROR(take_attribute(&rest, 'n').status());
  TROUPE_ASSIGN_OR_RETURN(const std::string_view nonce, take_attribute(&rest, 'r'));
  if (nonce.empty() || nonce.size() > 1024) return malformed("The nonce is empty or too long.");
  full_nonce_ = cat(nonce, server_nonce_);
  server_first_ = cat("r=", full_nonce_, ",s=", base64_encode(verifier_.salt), ",i=", verifier_.iterations);
  return server_first_;
}

absl::StatusOr<std::string> ScramServer::server_final(std::string_view client_final) {
  std::string_view rest = client_final;
  TROUPE_ASSIGN_OR_RETURN(const std::string_view binding, take_attribute(&rest, 'c'));
  if (binding != base64_encode(cat(gs2_header_, binding_.chosen ? binding_.endpoint : ""))) {
    if (binding_.chosen) return error(ErrorCode::kInvalidAuthorization, "SCRAM channel binding check failed");
    return error(ErrorCode::kProtocolViolation, "unexpected SCRAM channel-binding attribute in client-final-message");
  }
  TROUPE_ASSIGN_OR_RETURN(const std::string_view nonce, take_attribute(&rest, 'r'));
  if (full_nonce_.empty() || nonce != full_nonce_) {
    return with_detail(error(ErrorCode::kProtocolViolation, "invalid SCRAM response"), "Nonce does not match.");
  }
  // Extensions may stand between; the proof is last and not part of what is signed.
  const size_t proof_at = client_final.rfind(",p=");
  if (proof_at == std::string_view::npos) return malformed("Expected attribute \"p\".");
  ScramKey proof;
  if (!read_key(client_final.substr(proof_at + 3), &proof))
    return malformed("Malformed proof in client-final-message.");

  const std::string signed_text = cat(client_first_bare_, ",", server_first_, ",", client_final.substr(0, proof_at));
  const ScramKey signature = hmac(bytes_of(verifier_.stored_key), signed_text);
  ScramKey client_key;
  for (size_t i = 0; i < client_key.size(); ++i) client_key[i] = proof[i] ^ signature[i];
  if (!same(sha256(bytes_of(client_key)), verifier_.stored_key)) {
    return error(ErrorCode::kInvalidPassword, "password authentication failed");
  }
  return cat("v=", base64_encode(bytes_of(hmac(bytes_of(verifier_.server_key), signed_text))));
}

namespace {

constexpr std::string_view kNoBinding = "n,,";

std::string client_first_bare(std::string_view nonce) { return cat("n=,r=", nonce); }

}  // namespace

std::string ScramClient::client_first() const { return cat(kNoBinding, client_first_bare(nonce_)); }

absl::StatusOr<std::string> ScramClient::client_final(std::string_view server_first) const {
  std::string_view rest = server_first;
  TROUPE_ASSIGN_OR_RETURN(const std::string_view nonce, take_attribute(&rest, 'r'));
  TROUPE_ASSIGN_OR_RETURN(const std::string_view salt_text, take_attribute(&rest, 's'));
  TROUPE_ASSIGN_OR_RETURN(const std::string_view iterations_text, take_attribute(&rest, 'i'));
  TROUPE_ASSIGN_OR_RETURN(const std::string salt, base64_decode(salt_text));
  int iterations = 0;
  std::from_chars(iterations_text.data(), iterations_text.data() + iterations_text.size(), iterations);
  if (iterations < 1 || iterations > kIterationsMax || !nonce.starts_with(nonce_)) {
    return malformed("The server's first message is not for this client.");
  }
  const std::string unsigned_final = cat("c=", base64_encode(kNoBinding), ",r=", nonce);
  const ScramKey client_key = hmac(bytes_of(salted_password(password_, salt, iterations)), "Client Key");
  const std::string signed_text = cat(client_first_bare(nonce_), ",", server_first, ",", unsigned_final);
  ScramKey proof = hmac(bytes_of(sha256(bytes_of(client_key))), signed_text);
  for (size_t i = 0; i < proof.size(); ++i) proof[i] ^= client_key[i];
  return cat(unsigned_final, ",p=", base64_encode(bytes_of(proof)));
}

}  // namespace troupe
