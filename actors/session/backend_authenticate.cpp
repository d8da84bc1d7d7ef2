/// Who a client is, before anything is done for it: TLS, the rule that fits it, and what that rule asks for.
/// A reason is for the node's events only: whoever is refused learns no more than PostgreSQL tells.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/tls_transport.hpp"
#include "runtime/sql/decode.hpp"
#include "runtime/types/datetime.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr std::string_view kLocalPeer = "[local]";

std::string host_of(const Transport& transport) {
  const std::string peer = transport.peer_name();
  return peer.substr(0, peer.rfind(':'));
}

/// Names come from anybody: what breaks a line is not to be written into a log.
std::string printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; }, '?');
  return text;
}

/// Everything was said already, or nobody hears it.
absl::Status nothing_to_say() { return absl::CancelledError(); }

/// What the client wants to speak and the server does not.
void negotiate_protocol(const StartupMessage& startup, BackendWriter* writer) {
  std::vector<std::string_view> unknown;
  startup.for_each([&](std::string_view name, std::string_view) {
    if (name.starts_with("_pq_.")) unknown.push_back(name);
  });
  if (startup.minor_version > 0 || !unknown.empty()) writer->negotiate_protocol_version(0, unknown);
}

absl::Status password_failed(const std::string& user) {
  return error(ErrorCode::kInvalidPassword, "password authentication failed for user \"", user, "\"");
}

bool is_expired(const RoleDef& role, int64_t now_us) {
  if (role.valid_until.empty()) return false;
  const auto until = parse_timestamptz(role.valid_until, EvalContext{});
  return !until.ok() || *until < timestamp_of_unix_us(now_us);
}

}  // namespace

// --- TLS ---

/// False: the connection is to end.
Task<bool> Backend::answer_encryption_request(bool tls) {
  const auto refuse = [this](const absl::Status& status) {
    send_error(status, Severity::kFatal);
    return false;
  };
  if (tls && transport_->tls() != nullptr) {
    co_return refuse(
        error(ErrorCode::kFeatureNotSupported, "unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0"));
  }
  const bool injected = reader_.unread_bytes() != 0;
  const bool accepted =
      tls && !injected && services_.front_door.tls != nullptr && transport_->peer_name() != kLocalPeer;
  writer_.ssl_response(accepted);
  if (injected) {
    co_return refuse(with_detail(error(ErrorCode::kProtocolViolation, "received unencrypted data after ",
                                       tls ? "SSL" : "GSSAPI encryption", " request"),
                                 "This could be either a client-software bug or evidence of an attempted "
                                 "man-in-the-middle attack."));
  }
  if (!accepted) co_return true;
  auto flushing = flush();
  co_await flushing;
  if (reader_.unread_bytes() != 0 || !end_reason_.ok()) co_return false;
  begin_tls();
  co_return true;
}

void Backend::begin_tls() {
  const auto on_failure = [this, host = host_of(*transport_)](const absl::Status& why) {
    services_.events.add("tls", "session", cat("client ", host, ": ", error_fields(why).message));
  };
  auto secured = std::make_shared<TlsTransport>(transport_, services_.front_door.tls->context.get(), on_failure);
  secured->start(events_);
  transport_ = std::move(secured);
}

// --- the rule ---

Task<Backend::Flow> Backend::accept_start_up(const StartupMessage& received) {
  const std::string pairs(received.pairs);  // the client says more before they are needed
  StartupMessage startup = received;
  startup.pairs = pairs;
  negotiate_protocol(startup, &writer_);
  AccessRequest request;
  request.role = sql::cut_name(startup.find("user").value_or(""));
  request.database = sql::cut_name(startup.find("database").value_or(""));
  if (request.database.empty()) request.database = request.role;
  const std::string host = host_of(*transport_);
  request.address = IpAddress::parse(host);
  request.tls = transport_->tls() != nullptr;
  absl::Status status;
  if (!request.address && host != kLocalPeer) {
    status = error(ErrorCode::kConnectionFailure, "the address of the client is not known");
  } else if (request.role.empty()) {
    status = error(ErrorCode::kInvalidAuthorization, "no PostgreSQL user name specified in startup packet");
  } else {
    status = check_room(true);
  }
  if (status.ok()) {
    auto authenticating = authenticate(request);
    status = co_await authenticating;
  }
  if (status.ok()) status = begin_session(startup, request.role, request.database);
  if (status.ok()) co_return Flow::kContinue;
  if (!absl::IsCancelled(status)) send_error(status, Severity::kFatal);
  co_return Flow::kEnd;
}

namespace {

absl::Status no_entry(const AccessRequest& request, const AccessRule* rejecting, const std::string& host) {
  const std::string_view verb = rejecting == nullptr ? "no access rule" : "an access rule rejects connection";
  return with_hint(error(ErrorCode::kInvalidAuthorization, verb, " for host \"", host, "\", user \"", request.role,
                         "\", database \"", request.database, "\", ", request.tls ? "SSL encryption" : "no encryption"),
                   "[[access]] in the node's configuration says who may connect from where.");
}

}  // namespace

/// The node works in some role's name: rules are for those who come from outside.
bool Backend::is_node() const {
  const KnownClient* known = transport_->known_client();
  return known != nullptr && known->is_node;
}

/// Errors: 28000, 28P01, 08P01; nothing_to_say().
Task<absl::Status> Backend::authenticate(const AccessRequest& request) {
  const KnownClient* known = transport_->known_client();
  if (known != nullptr && known->role != request.role) {
    co_return error(ErrorCode::kInvalidAuthorization, "this client is known as \"", known->role, "\" only");
  }
  if (is_node()) co_return absl::OkStatus();
  const CatalogPtr catalog = transaction_.catalog();
  const RoleDef* role = catalog->find_role(request.role);
  const auto is_member = [&](std::string_view name) {
    const RoleDef* group = catalog->find_role(name);
    return role != nullptr && group != nullptr && is_given_member_of(*catalog, role->oid, group->oid);
  };
  const AccessRule* rule = first_match(services_.config.access, request, is_member);
  const std::string host = host_of(*transport_);
  absl::Status status;
  std::string reason;
  switch (rule == nullptr ? AccessMethod::kReject : rule->method) {
    case AccessMethod::kTrust: break;
    case AccessMethod::kReject: status = no_entry(request, rule, host); break;
    case AccessMethod::kPeer: status = check_peer(request.role); break;
    case AccessMethod::kCert: status = check_certificate(request.role, &reason); break;
    case AccessMethod::kScram: {
      if (known != nullptr) break;  // it has shown the password before
      auto checking = check_password(request, &reason);
      status = co_await checking;
    }
  }
  if (status.ok() || absl::IsCancelled(status)) co_return status;
  std::string what = cat(error_fields(status).message, " (from ", host);
  if (rule != nullptr && !rule->written_at.empty()) what += cat(", rule at ", rule->written_at);
  what += reason.empty() ? ")" : cat("): ", reason);
  services_.events.add("authentication", "session", printable(std::move(what)));
  co_return status;
}

absl::Status Backend::check_peer(const std::string& user) const {
  if (transport_->peer_user() == user) return absl::OkStatus();
  return error(ErrorCode::kInvalidAuthorization, "Peer authentication failed for user \"", user, "\"");
}

absl::Status Backend::check_certificate(const std::string& user, std::string* reason) const {
  const TlsFacts* facts = transport_->tls();
  if (facts == nullptr || facts->client_dn.empty()) {
    return error(ErrorCode::kInvalidAuthorization, "connection requires a valid client certificate");
  }
  if (facts->client_name == user) return absl::OkStatus();
  *reason = cat("the certificate is for ", facts->client_dn);
  return error(ErrorCode::kInvalidAuthorization, "certificate authentication failed for user \"", user, "\"");
}

// --- passwords ---

/// A role that cannot log in with a password gets an exchange like any other; it always fails.
ScramVerifier Backend::verifier_of(const std::string& user, std::string* reason) {
  const RoleDef* role = transaction_.catalog()->find_role(user);
  if (role == nullptr) {
    *reason = "the role does not exist";
  } else if (role->password.empty()) {
    *reason = "the role has no password";
  } else if (is_expired(*role, services_.clock.wall_us())) {
    *reason = "the password has expired";
  } else if (auto verifier = parse_scram_verifier(role->password); verifier.ok()) {
    return *std::move(verifier);
  } else {
    *reason = "the password is not kept for SCRAM-SHA-256";
  }
  return make_unknown_role_verifier(user, services_.front_door.unknown_role_secret);
}

Task<absl::StatusOr<std::string>> Backend::receive_sasl() {
  FrontendMessage message;
  auto receiving = next_message(&message);
  const bool received = co_await receiving;
  if (!received) co_return nothing_to_say();
  const auto* answer = std::get_if<PasswordMessage>(&message);
  if (answer == nullptr) co_return reader_.error();
  co_return std::string(answer->body);
}

/// Up to the server's first message, which is sent.
Task<absl::StatusOr<ScramServer>> Backend::begin_scram(const std::string& user, std::string* reason) {
  ScramBinding binding;
  if (transport_->tls() != nullptr) binding.endpoint = services_.front_door.tls->end_point;
  binding.offered = !binding.endpoint.empty();
  const std::string_view mechanisms[] = {kScramPlusMechanism, kScramMechanism};
  writer_.authentication_sasl(std::span(mechanisms).subspan(binding.offered ? 0 : 1));
  auto receiving = receive_sasl();
  auto answer = co_await receiving;
  if (!answer.ok()) co_return answer.status();
  const auto initial = SaslInitialResponse::parse(*answer);
  if (!initial) co_return error(ErrorCode::kProtocolViolation, "invalid SASL initial response");
  binding.chosen = binding.offered && initial->mechanism == kScramPlusMechanism;
  if (!binding.chosen && initial->mechanism != kScramMechanism) {
    co_return error(ErrorCode::kProtocolViolation, "client selected an invalid SASL authentication mechanism");
  }
  std::string client_first(initial->response.value_or(""));
  if (!initial->response) {  // it wants to be asked
    writer_.authentication_sasl_continue("");
    auto asking = receive_sasl();
    answer = co_await asking;
    if (!answer.ok()) co_return answer.status();
    client_first = *answer;
  }
  ScramServer server(verifier_of(user, reason), base64_encode(services_.secrets(kScramNonceBytes)), std::move(binding));
  const auto challenge = server.server_first(client_first);
  if (!challenge.ok()) co_return challenge.status();
  writer_.authentication_sasl_continue(*challenge);
  co_return std::move(server);
}

Task<absl::Status> Backend::check_password(const AccessRequest& request, std::string* reason) {
  reader_.expect_only_authentication(true);
  auto beginning = begin_scram(request.role, reason);
  auto server = co_await beginning;
  if (!server.ok()) co_return server.status();
  auto receiving = receive_sasl();
  const auto client_final = co_await receiving;
  if (!client_final.ok()) co_return client_final.status();

  const PasswordAttempts::Key key(request.address, request.role);
  const auto now_us = [this] { return services_.clock.monotonic_us(); };
  const auto turn_us = services_.front_door.with_attempts([&](auto& all) { return all.enter(key, now_us()); });
  if (!turn_us) {
    *reason = "not looked at: too many attempts";
    co_return with_detail(password_failed(request.role), "There were too many attempts with wrong passwords.");
  }
  auto waiting = wait_until(*turn_us);
  co_await waiting;
  const auto answer = server->server_final(*client_final);
  if (answer.ok()) {
    services_.front_door.with_attempts([&](auto& all) { all.succeeded(key); });
    writer_.authentication_sasl_final(*answer);
    reader_.expect_only_authentication(false);
    co_return absl::OkStatus();
  }
  if (error_code(answer.status()) != ErrorCode::kInvalidPassword) co_return answer.status();
  if (reason->empty()) *reason = "the password does not match";
  const int64_t told_us = services_.front_door.with_attempts([&](auto& all) { return all.failed(key, now_us()); });
  auto hesitating = wait_until(told_us);
  co_await hesitating;
  co_return password_failed(request.role);
}

/// Ends early when the connection does.
Task<void> Backend::wait_until(int64_t monotonic_us) {
  sleeps_until_us_ = monotonic_us;
  while (!closed_ && end_reason_.ok()) {
    const int64_t left_us = monotonic_us - services_.clock.monotonic_us();
    if (left_us <= 0) break;
    host_.send_tick_after(left_us);
    co_await woken_;
  }
  sleeps_until_us_ = 0;
}

}  // namespace troupe
