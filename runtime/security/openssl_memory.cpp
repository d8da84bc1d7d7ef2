#include "runtime/security/openssl_memory.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace troupe {
namespace {

BioPointer reading(const std::string& text) {
  return BioPointer(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

}  // namespace

CertificatePointer read_certificate(const std::string& pem) {
  return CertificatePointer(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

std::vector<CertificatePointer> read_certificates(const std::string& pem) {
  const BioPointer bio = reading(pem);
  std::vector<CertificatePointer> certificates;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(certificate);
  }
  if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
    ERR_clear_error();  // that is how the end looks
  } else {
    certificates.clear();
  }
  return certificates;
}

KeyPointer read_private_key(const std::string& pem) {
  return KeyPointer(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr));
}

std::string write_certificate(X509* certificate) {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return contents(bio.get());
}

std::string write_private_key(EVP_PKEY* key) {
  const BioPointer bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return contents(bio.get());
}

absl::Status tls_error(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) return error(ErrorCode::kInvalidParameterValue, what);
  char reason[256];
  ERR_error_string_n(code, reason, sizeof reason);
  return error(ErrorCode::kInvalidParameterValue, what, ": ", reason);
}

}  // namespace troupe
