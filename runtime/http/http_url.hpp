#pragma once
/// Where the node itself speaks HTTP to: https://host[:port]/path?query.
#include <cstdint>
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

struct HttpUrl {
  bool tls = false;
  std::string host;  ///< a name, or an address without brackets
  uint16_t port = 0;
  std::string target;  ///< path and query

  /// As the Host header says it.
  std::string authority() const;
  /// Connections to the same one can be shared.
  std::string origin() const;
};

/// Errors: 22023. User and password in it are refused: they would be shown with it.
absl::StatusOr<HttpUrl> parse_http_url(std::string_view text);

}  // namespace troupe
