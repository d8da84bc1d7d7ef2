#include "actors/session/local_client.hpp"

#include <utility>

#include "actors/session/session.hpp"
#include "runtime/protocol/wire.hpp"

namespace troupe {
namespace {

// Of an Authentication message.
constexpr uint32_t kAuthenticationOk = 0;
constexpr uint32_t kAuthenticationSasl = 10;
constexpr uint32_t kAuthenticationSaslContinue = 11;
constexpr uint32_t kAuthenticationSaslFinal = 12;

}  // namespace

void LocalClient::connect(NodeContext& node, caf::execution_unit& unit, const LocalLogin& login) {
  hang_up();
  node_ = &node;
  password_ = login.password;
  pipe_ = std::make_shared<LocalPipe>(login.peer, wake_);
  std::vector<FrontendWriter::Setting> settings = {{"user", login.user}, {"database", login.database}};
  if (!login.application_name.empty()) settings.emplace_back("application_name", login.application_name);
  settings.insert(settings.end(), login.settings.begin(), login.settings.end());
  FrontendWriter startup;
  startup.startup(settings);
  pipe_->write(startup.buffer());
  caf::anon_send(node.directory.get()->sessions, add_child_atom::value,
                 session_child(node, unit, std::make_shared<LocalTransport>(pipe_)));
}

/// Nothing but authentication may be said before the session knows who this is.
void LocalClient::say_all() {
  if (pipe_ != nullptr && logged_in_) pipe_->write(writer_.buffer());
}

void LocalClient::query(std::string_view sql) {
  writer_.query(sql);
  say_all();
}

void LocalClient::execute(std::string_view sql, std::span<const TextValue> parameters) {
  writer_.parse("", sql);
  writer_.bind("", parameters);
  writer_.describe_portal();
  writer_.execute_portal();
  writer_.sync();
  say_all();
}

void LocalClient::prepare(std::string_view name, std::string_view sql) {
  writer_.parse(name, sql);
  writer_.sync();
  say_all();
}

void LocalClient::execute_prepared(std::string_view name, std::span<const TextValue> parameters) {
  writer_.bind(name, parameters);
  writer_.describe_portal();
  writer_.execute_portal();
  writer_.sync();
  say_all();
}

void LocalClient::forget(std::string_view name) {
  writer_.close_statement(name);
  writer_.sync();
  say_all();
}

void LocalClient::pause(bool paused) {
  paused_ = paused;
  if (!paused_ && pipe_ != nullptr) pipe_->wake();
}

void LocalClient::cancel() {
  if (process_id_ == 0) return;
  if (const SessionRecordPtr session = node_->services.sessions.find(process_id_)) {
    session->tell.cancel(encode_error(error(ErrorCode::kQueryCanceled, "canceling statement due to user request")));
  }
}

void LocalClient::close() {
  if (pipe_ == nullptr) return;
  if (!logged_in_) return pipe_->hang_up();
  writer_.terminate();
  say_all();
}

void LocalClient::hang_up() {
  if (const auto pipe = std::exchange(pipe_, nullptr)) pipe->hang_up();
  writer_ = FrontendWriter();
  reader_ = BackendReader();
  scram_.reset();
  process_id_ = 0;
  logged_in_ = false;
}

// --- what the session says ---

void LocalClient::run() {
  const std::shared_ptr<LocalPipe> pipe = pipe_;
  if (pipe == nullptr) return;
  pipe->awake();
  if (paused_) return;
  const bool last = pipe->session_gone();
  reader_.take(pipe->outgoing());
  BackendMessage message;
  while (pipe == pipe_ && !paused_ && reader_.next(&message)) handle(message);
  if (pipe != pipe_) return;
  pipe->read_up_to(reader_.unread_bytes());
  if (!last || paused_) return;
  hang_up();
  events_.on_closed();
}

void LocalClient::handle(const BackendMessage& message) {
  switch (message.type) {
    case 'R': return handle_authentication(message.body);
    case 'K': process_id_ = static_cast<int32_t>(wire::load_u32(message.body.data())); return;
    case 'Z':
      if (!std::exchange(logged_in_, true)) say_all();
      return events_.on_ready(message.body[0]);
    case 'T': return events_.on_columns(parse_row_description(message.body));
    case 'D': return events_.on_row(parse_data_row(message.body));
    case 'C': return events_.on_complete(message.body.substr(0, message.body.find('\0')));
    case 'I': return events_.on_complete("");
    case 'E': return events_.on_error(parse_report(message.body));
    case 'N': return events_.on_notice(parse_report(message.body));
    case 'G': writer_.copy_fail("there is no input here"); return say_all();
    default: return;  // parameters, the steps of the extended protocol, COPY's output
  }
}

void LocalClient::handle_authentication(std::string_view body) {
  const uint32_t kind = wire::load_u32(body.data());
  body.remove_prefix(4);
  FrontendWriter answer;
  switch (kind) {
    case kAuthenticationSasl:
      scram_.emplace(std::exchange(password_, {}), base64_encode(node_->services.secrets(kScramNonceBytes)));
      answer.sasl_initial_response(kScramMechanism, scram_->client_first());
      break;
    case kAuthenticationSaslContinue: {
      const auto final = scram_->client_final(body);
      TROUPE_CHECK(final.ok());
      answer.sasl_response(*final);
      break;
    }
    case kAuthenticationSaslFinal:
    case kAuthenticationOk: scram_.reset(); return;
    default: TROUPE_CHECK_MSG(false, "a session asks for what only other servers do");
  }
  pipe_->write(answer.buffer());
}

}  // namespace troupe
