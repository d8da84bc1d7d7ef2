#include "runtime/security/certificate.hpp"

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "runtime/security/openssl_memory.hpp"

namespace troupe {
namespace {

bool set_random_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
  bytes[0] &= 0x7F;  // a serial number is positive
  const std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(BN_bin2bn(bytes, sizeof bytes, nullptr));
  return number != nullptr && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

/// Version, serial, validity, subject and key: what every certificate has.
CertificatePointer unsigned_certificate(const CertificateRequest& request, EVP_PKEY* key) {
  CertificatePointer certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  if (!set_random_serial(certificate.get())) return nullptr;
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), request.valid_from_s);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), request.valid_until_s);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(request.name.data()),
                             static_cast<int>(request.name.size()), -1, 0);
  return certificate;
}

/// A comma or colon would begin another alternative name.
bool is_plain_name(const std::string& name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string::npos;
}

absl::Status check_request(const CertificateRequest& request) {
  if (is_plain_name(request.name) && request.valid_from_s < request.valid_until_s) return absl::OkStatus();
  return error(ErrorCode::kInvalidParameterValue, "a certificate needs a host name and a time to be valid");
}

}  // namespace

absl::StatusOr<CertificateAuthority> CertificateAuthority::create(const CertificateRequest& request) {
  TROUPE_RETURN_IF_ERROR(check_request(request));
  const KeyPointer key(EVP_EC_gen("P-256"));
  if (key == nullptr) return tls_error("generating a key");
  const CertificatePointer certificate = unsigned_certificate(request, key.get());
  if (certificate == nullptr) return tls_error("making a certificate");
  X509* const x509 = certificate.get();
  X509_set_issuer_name(x509, X509_get_subject_name(x509));
  if (!add_extension(x509, x509, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(x509, x509, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(x509, x509, NID_subject_key_identifier, "hash") || X509_sign(x509, key.get(), EVP_sha256()) == 0) {
    return tls_error("signing the authority's certificate");
  }
  return CertificateAuthority({write_certificate(x509), write_private_key(key.get())});
}

absl::StatusOr<TlsIdentity> CertificateAuthority::issue(const CertificateRequest& request) const {
  TROUPE_RETURN_IF_ERROR(check_request(request));
  const CertificatePointer issuer = read_certificate(own_.certificate_pem);
  const KeyPointer issuer_key = read_private_key(own_.private_key_pem);
  const KeyPointer key(EVP_EC_gen("P-256"));
  if (issuer == nullptr || issuer_key == nullptr || key == nullptr) return tls_error("preparing a certificate");
  const CertificatePointer certificate = unsigned_certificate(request, key.get());
  if (certificate == nullptr) return tls_error("making a certificate");
  X509* const x509 = certificate.get();
  X509_set_issuer_name(x509, X509_get_subject_name(issuer.get()));
  if (!add_extension(x509, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(x509, issuer.get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(x509, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth") ||
      !add_extension(x509, issuer.get(), NID_subject_alt_name, "DNS:" + request.name) ||
      X509_sign(x509, issuer_key.get(), EVP_sha256()) == 0) {
    return tls_error("signing a certificate");
  }
  return TlsIdentity{write_certificate(x509), write_private_key(key.get())};
}

}  // namespace troupe
