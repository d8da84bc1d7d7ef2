#include "runtime/security/tls_context.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "runtime/security/openssl_memory.hpp"

namespace troupe {
namespace {

absl::Status use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  const auto certificates = read_certificates(identity.certificate_pem);
  if (certificates.empty()) return tls_error("the certificate is not valid PEM");
  const auto key = read_private_key(identity.private_key_pem);
  if (key == nullptr) return tls_error("the private key is not valid PEM");
  if (SSL_CTX_use_certificate(context, certificates[0].get()) != 1) return tls_error("the certificate cannot be used");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return tls_error("the private key does not belong to the certificate");
  }
  for (size_t i = 1; i < certificates.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1) return tls_error("the certificate's chain");
  }
  return absl::OkStatus();
}

absl::StatusOr<SslContext> make_context(const TlsIdentity& identity, int version_min) {
  SslContext context(SSL_CTX_new(TLS_method()));
  if (context == nullptr) return tls_error("no TLS context");
  SSL_CTX_set_min_proto_version(context.get(), version_min);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
  // An idle connection keeps no record buffers.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  TROUPE_RETURN_IF_ERROR(use_identity(context.get(), identity));
  return context;
}

}  // namespace

void SslContextFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

absl::StatusOr<SslContext> make_node_tls_context(const TlsIdentity& identity, const std::string& authority_pem) {
  TROUPE_ASSIGN_OR_RETURN(SslContext context, make_context(identity, TLS1_3_VERSION));
  const auto authority = read_certificate(authority_pem);
  if (authority == nullptr) return tls_error("the authority's certificate is not valid PEM");
  X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

absl::StatusOr<SslContext> make_client_facing_tls_context(const TlsIdentity& identity,
                                                          const std::string& authority_pem) {
  TROUPE_ASSIGN_OR_RETURN(SslContext context, make_context(identity, TLS1_2_VERSION));
  if (authority_pem.empty()) return context;
  const auto authorities = read_certificates(authority_pem);
  if (authorities.empty()) return tls_error("the authority's certificate is not valid PEM");
  for (const CertificatePointer& authority : authorities) {
    // So that clients know which of their certificates to show.
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(context.get(), authority.get()) != 1) {
      return tls_error("the authority's certificate cannot be used");
    }
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, nullptr);
  return context;
}

absl::StatusOr<std::string> tls_server_end_point(const std::string& certificate_pem) {
  const CertificatePointer certificate = read_certificate(certificate_pem);
  if (certificate == nullptr) return tls_error("the certificate is not valid PEM");
  int hash = NID_undef;
  if (X509_get_signature_info(certificate.get(), &hash, nullptr, nullptr, nullptr) != 1 || hash == NID_undef) {
    return tls_error("the certificate is signed without a hash");
  }
  // RFC 5929: hashes that are too weak for this are replaced.
  const EVP_MD* digest = hash == NID_md5 || hash == NID_sha1 ? EVP_sha256() : EVP_get_digestbynid(hash);
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (digest == nullptr || X509_digest(certificate.get(), digest, bytes, &size) != 1) {
    return tls_error("hashing the certificate");
  }
  return std::string(reinterpret_cast<const char*>(bytes), size);
}

bool peer_certificate_names(ssl_st* connection, const std::string& name) {
  if (name.empty() || name.find('\0') != std::string::npos) return false;
  const CertificatePointer certificate(SSL_get1_peer_certificate(connection));
  if (certificate == nullptr || SSL_get_verify_result(connection) != X509_V_OK) return false;
  constexpr unsigned kExact = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  return X509_check_host(certificate.get(), name.data(), name.size(), kExact, nullptr) == 1;
}

}  // namespace troupe
