#include "runtime/security/tls_channel.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>

#include "runtime/security/openssl_memory.hpp"
#include "storage/base/check.hpp"

namespace troupe {

/// What OpenSSL reads from and writes to: the channel's two buffers, without another copy in between.
struct TlsChannel::Wire {
  static int read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    ReceiveBuffer& in = static_cast<TlsChannel*>(BIO_get_data(bio))->in_;
    const std::string_view unread = in.unread();
    if (unread.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t taken = std::min(unread.size(), static_cast<size_t>(size));
    std::memcpy(to, unread.data(), taken);
    in.consume(taken);
    return static_cast<int>(taken);
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    static_cast<TlsChannel*>(BIO_get_data(bio))->out_.append({from, static_cast<size_t>(size)});
    return size;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers");
      TROUPE_CHECK(method != nullptr && BIO_meth_set_read(method, read) == 1 &&
                   BIO_meth_set_write(method, write) == 1 && BIO_meth_set_ctrl(method, control) == 1);
      return method;
    }();
    return made;
  }
};

void TlsChannel::SslFree::operator()(ssl_st* connection) const { SSL_free(connection); }

TlsChannel::TlsChannel(ssl_ctx_st* context) : ssl_{SSL_new(context)} {
  BIO* const wire = BIO_new(Wire::method());
  TROUPE_CHECK(ssl_ != nullptr && wire != nullptr);
  BIO_set_data(wire, this);
  BIO_set_init(wire, 1);
  SSL_set_bio(ssl_.get(), wire, wire);
  SSL_set_accept_state(ssl_.get());
}

TlsChannel::~TlsChannel() = default;

absl::StatusOr<size_t> TlsChannel::read(std::span<char> room) {
  if (ended_ || broken_) return 0;
  ERR_clear_error();
  size_t size = 0;
  const int done = SSL_read_ex(ssl_.get(), room.data(), room.size(), &size);
  if (done == 1) return size;
  switch (SSL_get_error(ssl_.get(), done)) {
    case SSL_ERROR_WANT_READ: return 0;
    case SSL_ERROR_ZERO_RETURN: ended_ = true; return 0;
    default: break;
  }
  broken_ = true;
  const char* const what = handshake_done() ? "TLS connection" : "TLS handshake";
  return error(ErrorCode::kProtocolViolation, error_fields(tls_error(what)).message);
}

bool TlsChannel::write(std::string_view plain) {
  if (broken_ || !handshake_done()) return false;
  if (plain.empty()) return true;
  ERR_clear_error();
  size_t written = 0;
  broken_ = SSL_write_ex(ssl_.get(), plain.data(), plain.size(), &written) != 1;
  TROUPE_CHECK(broken_ || written == plain.size());
  ERR_clear_error();
  return !broken_;
}

void TlsChannel::shut_down() {
  if (broken_ || !handshake_done()) return;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool TlsChannel::handshake_done() const { return SSL_is_init_finished(ssl_.get()) == 1; }

namespace {

std::string name_of(const X509_NAME* name) {
  char* const line = X509_NAME_oneline(name, nullptr, 0);
  const std::string text = line == nullptr ? "" : line;
  OPENSSL_free(line);
  return text;
}

/// Empty when there is none, or when a byte in it would end a name early somewhere.
std::string common_name(const X509_NAME* name) {
  const int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (at < 0) return "";
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
  if (size < 0) return "";
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  return text.find('\0') == std::string::npos ? text : "";
}

std::string decimal(const ASN1_INTEGER* serial) {
  const std::unique_ptr<BIGNUM, OpenSslFree<BN_free>> number(ASN1_INTEGER_to_BN(serial, nullptr));
  char* const digits = number == nullptr ? nullptr : BN_bn2dec(number.get());
  const std::string text = digits == nullptr ? "" : digits;
  OPENSSL_free(digits);
  return text;
}

}  // namespace

TlsFacts TlsChannel::facts() const {
  TlsFacts facts;
  facts.version = SSL_get_version(ssl_.get());
  facts.cipher = SSL_get_cipher_name(ssl_.get());
  facts.bits = SSL_get_cipher_bits(ssl_.get(), nullptr);
  const CertificatePointer certificate(SSL_get1_peer_certificate(ssl_.get()));
  if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return facts;
  facts.client_name = common_name(X509_get_subject_name(certificate.get()));
  facts.client_dn = name_of(X509_get_subject_name(certificate.get()));
  facts.client_serial = decimal(X509_get0_serialNumber(certificate.get()));
  facts.issuer_dn = name_of(X509_get_issuer_name(certificate.get()));
  return facts;
}

}  // namespace troupe
