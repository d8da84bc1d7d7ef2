#include "actors/webhook/http_caller.hpp"

#include <deque>
#include <map>
#include <thread>

#include <pthread.h>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/host_name_verification.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

using asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr size_t kReadBytes = 16 * 1024;
constexpr size_t kIdleMax = 16;  ///< connections kept to one place
constexpr std::chrono::seconds kIdleTime{20};

/// To one place; without TLS the layer below is used.
struct Connection {
  Connection(asio::io_context& io, asio::ssl::context& tls_context, bool with_tls)
      : resolver{io}, stream{io, tls_context}, tls{with_tls} {}

  /// Whatever waits for it ends with an error.
  void close() {
    asio::error_code ignored;
    resolver.cancel();
    stream.lowest_layer().close(ignored);
  }

  tcp::resolver resolver;
  asio::ssl::stream<tcp::socket> stream;
  const bool tls;
  bool used = false;  ///< it has served a request before
  Clock::time_point idle_since{};
};
using ConnectionPtr = std::shared_ptr<Connection>;

/// As people know it: OpenSSL's own words are in a certificate's failure.
std::string words_of(const asio::error_code& code, const Connection& connection) {
  if (connection.tls) {
    const long verified = SSL_get_verify_result(const_cast<Connection&>(connection).stream.native_handle());
    if (verified != X509_V_OK) return cat("the certificate is refused: ", X509_verify_cert_error_string(verified));
  }
  return code.message();
}

}  // namespace

struct HttpCaller::Loop {
  Loop() : tls{asio::ssl::context::tls_client} {
    asio::error_code ignored;
    tls.set_default_verify_paths(ignored);
    tls.set_verify_mode(asio::ssl::verify_peer, ignored);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    thread = std::thread([this] {
      pthread_setname_np(pthread_self(), "webhooks");
      io.run();
    });
  }
  ~Loop() {
    io.stop();
    thread.join();
  }

  asio::awaitable<void> serve(HttpCall call, Done done);
  asio::awaitable<void> open(Connection& connection, const HttpUrl& url, std::string* problem);
  asio::awaitable<void> exchange(Connection& connection, const HttpCall& call, HttpAnswerReader& reader,
                                 std::string* problem);
  ConnectionPtr take_idle(const HttpUrl& url);
  void keep(const HttpUrl& url, ConnectionPtr connection);

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::ssl::context tls;
  std::map<std::string, std::deque<ConnectionPtr>> idle;
  std::thread thread;
};

ConnectionPtr HttpCaller::Loop::take_idle(const HttpUrl& url) {
  const auto at = idle.find(url.origin());
  if (at == idle.end()) return nullptr;
  std::deque<ConnectionPtr>& kept = at->second;
  while (!kept.empty() && Clock::now() - kept.front()->idle_since > kIdleTime) kept.pop_front();
  if (kept.empty()) {
    idle.erase(at);
    return nullptr;
  }
  ConnectionPtr newest = std::move(kept.back());
  kept.pop_back();
  return newest;
}

void HttpCaller::Loop::keep(const HttpUrl& url, ConnectionPtr connection) {
  connection->used = true;
  connection->idle_since = Clock::now();
  std::deque<ConnectionPtr>& kept = idle[url.origin()];
  kept.push_back(std::move(connection));
  if (kept.size() > kIdleMax) kept.pop_front();
}

asio::awaitable<void> HttpCaller::Loop::open(Connection& connection, const HttpUrl& url, std::string* problem) {
  asio::error_code code;
  const tcp::resolver::results_type places = co_await connection.resolver.async_resolve(
      url.host, cat(url.port), asio::redirect_error(asio::use_awaitable, code));
  if (code) {
    *problem = cat("the host \"", url.host, "\" is not found: ", code.message());
    co_return;
  }
  code = asio::error::host_not_found;
  for (const auto& place : places) {
    asio::error_code ignored;
    connection.stream.next_layer().close(ignored);
    co_await connection.stream.next_layer().async_connect(place.endpoint(),
                                                          asio::redirect_error(asio::use_awaitable, code));
    if (!code || code == asio::error::operation_aborted) break;
  }
  if (code) {
    *problem = cat("connecting to ", url.authority(), ": ", code.message());
    co_return;
  }
  asio::error_code ignored;
  connection.stream.next_layer().set_option(tcp::no_delay(true), ignored);
  if (!url.tls) co_return;
  SSL_set_tlsext_host_name(connection.stream.native_handle(), url.host.c_str());
  connection.stream.set_verify_callback(asio::ssl::host_name_verification(url.host), ignored);
  co_await connection.stream.async_handshake(asio::ssl::stream_base::client,
                                             asio::redirect_error(asio::use_awaitable, code));
  if (code) *problem = cat("TLS with ", url.authority(), ": ", words_of(code, connection));
}

asio::awaitable<void> HttpCaller::Loop::exchange(Connection& connection, const HttpCall& call, HttpAnswerReader& reader,
                                                 std::string* problem) {
  asio::error_code code;
  if (connection.tls) {
    co_await asio::async_write(connection.stream, asio::buffer(call.text),
                               asio::redirect_error(asio::use_awaitable, code));
  } else {
    co_await asio::async_write(connection.stream.next_layer(), asio::buffer(call.text),
                               asio::redirect_error(asio::use_awaitable, code));
  }
  if (code) {
    *problem = cat("sending: ", code.message());
    co_return;
  }
  std::string room(kReadBytes, '\0');
  while (!reader.done()) {
    size_t size = 0;
    if (connection.tls) {
      size = co_await connection.stream.async_read_some(asio::buffer(room),
                                                        asio::redirect_error(asio::use_awaitable, code));
    } else {
      size = co_await connection.stream.next_layer().async_read_some(asio::buffer(room),
                                                                     asio::redirect_error(asio::use_awaitable, code));
    }
    if (code) {
      reader.end();
      if (!reader.done()) *problem = cat("waiting for the answer: ", code.message());
      co_return;
    }
    if (!reader.read(std::string_view(room).substr(0, size))) {
      *problem = cat("the answer is no HTTP: ", reader.error());
      co_return;
    }
  }
}

asio::awaitable<void> HttpCaller::Loop::serve(HttpCall call, Done done) {
  HttpOutcome outcome;
  const auto timed_out = std::make_shared<bool>(false);
  const auto at_hand = std::make_shared<ConnectionPtr>();
  asio::steady_timer timer(io);
  timer.expires_after(std::chrono::microseconds(call.timeout_us));
  timer.async_wait([timed_out, at_hand](const asio::error_code& cancelled) {
    if (cancelled) return;
    *timed_out = true;
    if (*at_hand) (*at_hand)->close();
  });
  // A kept connection may have been closed at the other end: then another one is opened.
  for (bool again = true; again && !*timed_out;) {
    outcome = HttpOutcome();
    HttpAnswerReader reader;
    ConnectionPtr connection = take_idle(call.url);
    const bool kept = connection != nullptr;
    if (!kept) connection = std::make_shared<Connection>(io, tls, call.url.tls);
    *at_hand = connection;
    if (!kept) co_await open(*connection, call.url, &outcome.error);
    if (outcome.error.empty()) co_await exchange(*connection, call, reader, &outcome.error);
    *at_hand = nullptr;
    again = kept && !outcome.error.empty();
    if (!outcome.error.empty()) continue;
    outcome.answer = reader.answer();
    if (outcome.answer.keep_alive && !*timed_out) keep(call.url, std::move(connection));
  }
  timer.cancel();
  if (*timed_out && outcome.answer.status == 0)
    outcome.error = cat("no answer within ", call.timeout_us / 1'000, " ms");
  done(outcome);
}

HttpCaller::HttpCaller() : loop_{std::make_unique<Loop>()} {}
HttpCaller::~HttpCaller() = default;

void HttpCaller::call(HttpCall call, Done done) {
  asio::post(loop_->io, [this, call = std::move(call), done = std::move(done)]() mutable {
    asio::co_spawn(loop_->io, loop_->serve(std::move(call), std::move(done)), asio::detached);
  });
}

}  // namespace troupe
