#pragma once
#include <string>

namespace troupe {

/// What a TLS connection has agreed upon.
struct TlsFacts {
  std::string version;  ///< "TLSv1.3"
  std::string cipher;
  int bits = 0;
  // Of the client's certificate, which an authority of ours has signed; empty without one.
  std::string client_name;    ///< its common name
  std::string client_dn;      ///< "/CN=anna"
  std::string client_serial;  ///< decimal
  std::string issuer_dn;
};

}  // namespace troupe
