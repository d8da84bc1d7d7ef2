#pragma once
/// Signatures as the Standard Webhooks specification has them (version 1.0.0): HMAC-SHA256 over "id.timestamp.body".
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

/// The key of a secret "whsec_<base64 of 24 to 64 bytes>". Errors: 22023, without the secret in them.
absl::StatusOr<std::string> webhook_key(std::string_view secret);

/// The header webhook-signature: "v1,<base64>", one for each key, with spaces between them.
std::string webhook_signature(const std::vector<std::string>& keys, std::string_view id, int64_t timestamp_s,
                              std::string_view body);

}  // namespace troupe
