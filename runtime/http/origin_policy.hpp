#pragma once
/// Whose web pages may speak to this node through somebody's browser. A browser sends what any page asks it to, also to
/// machines that only its user can reach, so a request shows two things: under which name the browser knows this
/// machine (against names of others that lead here, "DNS rebinding"), and which page asks.
#include <string>
#include <string_view>
#include <vector>

#include "runtime/http/http_request.hpp"

namespace troupe {

class OriginPolicy {
 public:
  enum class Verdict : uint8_t {
    kSame,         ///< no browser, or a page of this node
    kAllowed,      ///< a page of others that the configuration names
    kUnknownHost,  ///< under a name that is not this machine's
    kForeign,      ///< a page of somebody else
  };

  /// Both lists with commas. Behind TLS a certificate shows the name, so host names are not looked at.
  OriginPolicy(std::string_view host_names, std::string_view allowed_origins, bool tls);

  Verdict judge(const HttpRequest& request) const;

 private:
  bool is_our_name(std::string_view host) const;

  std::vector<std::string> host_names_;
  std::vector<std::string> allowed_origins_;
  bool tls_;
};

}  // namespace troupe
