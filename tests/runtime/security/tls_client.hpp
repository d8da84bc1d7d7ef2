#pragma once
/// OpenSSL's client, with memory for a wire, for tests of the server's end.
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/security/certificate.hpp"
#include "runtime/security/openssl_memory.hpp"
#include "runtime/security/tls_channel.hpp"
#include "runtime/security/tls_context.hpp"

namespace troupe::tls_test {

constexpr int64_t kFrom = 1'000'000'000;
constexpr int64_t kUntil = 4'000'000'000;

inline CertificateAuthority authority() { return CertificateAuthority::create({"authority", kFrom, kUntil}).value(); }

class TlsClient {
 public:
  TlsClient(const CertificateAuthority& trusted, const TlsIdentity* own, int version)
      : context_{SSL_CTX_new(TLS_method())} {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), read_certificate(trusted.certificate_pem()).get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    if (own != nullptr) {
      SSL_CTX_use_certificate(context_.get(), read_certificate(own->certificate_pem).get());
      SSL_CTX_use_PrivateKey(context_.get(), read_private_key(own->private_key_pem).get());
    }
    ssl_.reset(SSL_new(context_.get()));
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_connect_state(ssl_.get());
  }

  /// Encrypted bytes for the server; empty: none lie ready.
  std::string outgoing(size_t size_max) {
    std::string bytes(size_max, '\0');
    const int size = BIO_read(out_, bytes.data(), static_cast<int>(size_max));
    bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return bytes;
  }
  void incoming(std::string_view encrypted) { BIO_write(in_, encrypted.data(), static_cast<int>(encrypted.size())); }
  /// Begins another handshake, which TLS 1.2 allows and our server refuses with an alert.
  void renegotiate() {
    SSL_renegotiate(ssl_.get());
    SSL_do_handshake(ssl_.get());
  }
  void send(std::string_view plain) { SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())); }
  std::string receive() {
    std::string plain;
    char bytes[4096];
    for (int size = 0; (size = SSL_read(ssl_.get(), bytes, sizeof bytes)) > 0;) {
      plain.append(bytes, static_cast<size_t>(size));
    }
    return plain;
  }
  void shut_down() { SSL_shutdown(ssl_.get()); }

 private:
  SslContext context_;
  std::unique_ptr<SSL, OpenSslFree<SSL_free>> ssl_;
  BIO* in_ = nullptr;
  BIO* out_ = nullptr;
};

/// What lies ready at either end is carried over, `piece` bytes at a time.
inline void carry(TlsClient* client, TlsChannel* server, size_t piece = 4096) {
  for (std::string bytes; !(bytes = client->outgoing(piece)).empty();) {
    for (std::string_view rest = bytes; !rest.empty();) {
      const std::span<char> room = server->prepare();
      const size_t size = std::min(room.size(), rest.size());
      std::memcpy(room.data(), rest.data(), size);
      server->received(size);
      rest.remove_prefix(size);
    }
  }
  client->incoming(server->outgoing().pending());
  server->outgoing().consume(server->outgoing().size());
}

}  // namespace troupe::tls_test
