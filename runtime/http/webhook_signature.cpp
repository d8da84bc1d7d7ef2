#include "runtime/http/webhook_signature.hpp"

#include <array>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "runtime/security/scram.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr size_t kKeyBytesMin = 24;
constexpr size_t kKeyBytesMax = 64;

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

}  // namespace

absl::StatusOr<std::string> webhook_key(std::string_view secret) {
  if (secret.starts_with(kPrefix)) {
    auto key = base64_decode(secret.substr(kPrefix.size()));
    if (key.ok() && key->size() >= kKeyBytesMin && key->size() <= kKeyBytesMax) return key;
  }
  return with_hint(error(ErrorCode::kInvalidParameterValue, "invalid secret of a webhook"),
                   cat("Give \"whsec_\" and ", kKeyBytesMin, " to ", kKeyBytesMax,
                       " random bytes in base64: echo whsec_$(openssl rand -base64 32)."));
}

std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id, int64_t timestamp_s,
                              std::string_view body) {
  const std::string signed_text = cat(id, ".", timestamp_s, ".", body);
  std::string header;
  for (const std::string& key : keys) {
    header += cat(header.empty() ? "v1," : " v1,", base64_encode(hmac_sha256(key, signed_text)));
  }
  return header;
}

}  // namespace troupe
