#include "actors/http/http_front.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerS = 1'000'000;

}  // namespace

HttpFront::HttpFront(const NodeConfig& config)
    : origins_{config.http_host_names, config.http_allowed_origins, !config.tls_certificate_file.empty()},
      connections_max_{config.connections_max / 2 + 1},
      tokens_{config.http_tokens_max, config.http_token_lifetime_s * kUsPerS} {}

}  // namespace troupe
