#pragma once
/// OpenSSL's objects as owning pointers, PEM in and out, and its errors as ours.
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

template <auto Free>
struct OpenSslFree {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPointer = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using CertificatePointer = std::unique_ptr<X509, OpenSslFree<X509_free>>;

/// nullptr when the text is not one.
CertificatePointer read_certificate(const std::string& pem);
/// Every certificate in the text, in its order; empty when one of them is damaged, or there is none.
std::vector<CertificatePointer> read_certificates(const std::string& pem);
KeyPointer read_private_key(const std::string& pem);
std::string write_certificate(X509* certificate);
std::string write_private_key(EVP_PKEY* key);

/// `what`, and the reason that OpenSSL gives; empties its error queue.
absl::Status tls_error(std::string_view what);

}  // namespace troupe
