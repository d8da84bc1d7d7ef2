#pragma once
/// A certificate authority in memory: what tests, and a node that was given no certificate, sign with. P-256 keys.
#include <cstdint>
#include <string>

#include "runtime/security/tls_context.hpp"

namespace troupe {

struct CertificateRequest {
  std::string name;          ///< subject and subject alternative name (DNS)
  int64_t valid_from_s = 0;  ///< Unix seconds
  int64_t valid_until_s = 0;
};

class CertificateAuthority {
 public:
  static absl::StatusOr<CertificateAuthority> create(const CertificateRequest& request);

  /// A certificate that either side of a connection may show.
  absl::StatusOr<TlsIdentity> issue(const CertificateRequest& request) const;
  const std::string& certificate_pem() const { return own_.certificate_pem; }

 private:
  explicit CertificateAuthority(TlsIdentity own) : own_{std::move(own)} {}

  TlsIdentity own_;
};

}  // namespace troupe
