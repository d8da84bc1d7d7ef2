#include "actors/session/backend.hpp"

#include "actors/session/group_reader.hpp"

#include "actors/session/replication.hpp"
#include "runtime/protocol/replication_command.hpp"
#include "storage/base/error_routine.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// What authentication_timeout says.
constexpr int64_t kStartUpUs = 60'000'000;
/// How long a client has to read what it is told at the end.
constexpr int64_t kFarewellUs = 3'000'000;
/// Notifications that go out together.
constexpr size_t kNotificationBytes = 64 * 1024;

absl::Status shutting_down() {
  return error(ErrorCode::kAdminShutdown, "terminating connection due to administrator command");
}

}  // namespace

Backend::Backend(NodeServices& services, SessionHost& host, std::shared_ptr<Transport> transport,
                 SessionRecordPtr record)
    : services_{services},
      host_{host},
      transport_{std::move(transport)},
      record_{std::move(record)},
      data_{host},
      sequences_{host},
      transaction_{services, host, data_, *record_},
      parameters_{services.parameter_defaults},
      system_session_{*this},
      random_{static_cast<uint64_t>(services.clock.monotonic_us()) * 0x9E3779B97F4A7C15u ^
              static_cast<uint64_t>(record_->process_id)} {
  eval_.settings = &parameters_.snapshot().values;
  eval_.clock = &services_.clock;
  eval_.random = &random_;
  eval_.interrupt = record_->tell.interrupt.get();
  eval_.extension = static_cast<SystemSession*>(&system_session_);
}

Backend::~Backend() {
  // What the coroutine waits for unregisters itself, so it goes first.
  serve_.reset();
  portals_.clear();
  forget_slot_snapshot();
  if (group_reader_ != nullptr) host_.send_subscription_end();
  group_reader_ = nullptr;
}

void Backend::start(TransportEvents* events) {
  events_ = events;
  starting_ = true;
  services_.sessions.want_ticks(record_, true);
  transport_->start(events);
  serve_ = serve();
  serve_.start();
}

std::exception_ptr Backend::failed() {
  if (!serve_ || !serve_.done()) return nullptr;
  try {
    serve_.result();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

bool Backend::at_rest() const {
  return waits_for_input_ && !executing_ && !sending_ && transaction_.state().status() == Transaction::Status::kIdle &&
         portals_.empty() && !data_.has_writes_under_way();
}

// --- from outside ---

void Backend::on_received(size_t size) {
  reader_.received(size);
  if (replication_ != nullptr) return take_feedback();
  input_.raise();
}

void Backend::on_sent() {
  sending_ = false;
  sent_.raise();
}

void Backend::on_closed() {
  closed_ = true;
  sending_ = false;
  if (executing_) data_.cancel(error(ErrorCode::kConnectionFailure, "the client closed the connection"));
  sent_.raise();
  changed_.raise();
  input_.raise();
}

void Backend::on_cancel(const std::string& encoded_error) {
  if (!executing_) return;
  const absl::Status status = decode_error(encoded_error);
  for (uint64_t left = data_.participants(); data_.has_writes_under_way() && left != 0; left &= left - 1) {
    host_.send_cancel_wait(static_cast<PartitionId>(std::countr_zero(left)), transaction_.state().id(), encoded_error);
  }
  transaction_.cancel(status);
  data_.cancel(status);
  changed_.raise();
  woken_.raise();
  view_signal_.raise();
  publisher_signal_.raise();
}

void Backend::on_end(const std::string& encoded_error) {
  end_reason_ = decode_error(encoded_error);
  on_cancel(encoded_error);
  input_.raise();
  sent_.raise();  // a client that does not read is not waited for
}

void Backend::on_lost(LostPart part, uint32_t index, uint64_t incarnation, bool state_lost) {
  if (part == LostPart::kPublisher) {
    if (replication_ != nullptr) replication_->publisher_lost = true;
    if (save_request_ != 0) host_.send_save_slots(save_request_);
    changed_.raise();
    return;
  }
  if (part == LostPart::kCheckpointer) {
    if (checkpoint_request_ != 0) host_.send_checkpoint(checkpoint_request_);
    return;
  }
  if (part == LostPart::kSequences) {
    sequences_.on_lost();
    return;
  }
  if (part == LostPart::kLogWriter) {
    transaction_.bulk_log().send_again();
    return;
  }
  transaction_.on_lost(part, index, state_lost);
  if (part != LostPart::kTransactionManager) data_.on_lost(part == LostPart::kLockShard, index, incarnation);
}

/// If something is going on, it is told at the end of that.
void Backend::on_notified() {
  if (waits_for_input_ && may_notify()) input_.raise();
}

void Backend::on_tick(int64_t now_us) {
  constexpr int64_t kUsPerMs = 1'000;
  if (sleeps_until_us_ != 0) woken_.raise();
  if (view_request_ != 0) view_signal_.raise();
  publisher_signal_.raise();
  if (sending_) sent_.raise();
  if (replication_ != nullptr) tick_replication(now_us);
  if (changes_until_us_ != 0) {
    changes_ticked_ = true;
    changed_.raise();
  }
  if (starting_) {
    if (now_us - record_->started_us > kStartUpUs) {
      on_end(encode_error(error(ErrorCode::kQueryCanceled, "canceling authentication due to timeout")));
    }
    return;
  }
  transaction_.on_tick();
  transaction_.advisory_locks().on_tick();
  const SettingsSnapshot& settings = parameters_.snapshot();
  const int64_t since = now_us - record_->state_changed_us.load(std::memory_order_relaxed);
  switch (record_->state.load(std::memory_order_relaxed)) {
    case SessionState::kActive:
      if (settings.statement_timeout_ms > 0 && executing_ && statement_timed_ &&
          now_us - eval_.statement_us > settings.statement_timeout_ms * kUsPerMs) {
        statement_timed_ = false;
        on_cancel(encode_error(error(ErrorCode::kQueryCanceled, "canceling statement due to statement timeout")));
      }
      break;
    case SessionState::kIdle:
      if (settings.idle_session_timeout_ms > 0 && since > settings.idle_session_timeout_ms * kUsPerMs) {
        on_end(
            encode_error(error(ErrorCode::kIdleSessionTimeout, "terminating connection due to idle-session timeout")));
      }
      break;
    default:
      if (settings.idle_in_transaction_session_timeout_ms > 0 &&
          since > settings.idle_in_transaction_session_timeout_ms * kUsPerMs) {
        on_end(encode_error(
            error(ErrorCode::kIdleInTransactionTimeout, "terminating connection due to idle-in-transaction timeout")));
      }
  }
}

// --- the connection's life ---

Task<void> Backend::serve() {
  auto starting = start_up();
  Flow flow = co_await starting;
  if (flow == Flow::kContinue) {
    auto dropping = drop_abandoned_temporaries();
    co_await dropping;
  }
  FrontendMessage message;
  while (flow == Flow::kContinue) {
    if (!has_next_message(&message)) {
      auto receiving = next_message(&message);
      const bool received = co_await receiving;
      if (!received) break;
    }
    if (handle_at_once(message, &flow)) continue;
    auto handling = handle(message);
    flow = co_await handling;
  }
  auto leaving = release_memberships();
  co_await leaving;
  auto dropping = drop_own_temporaries();
  co_await dropping;
  clean_up();
  auto flushing = flush_farewell();
  co_await flushing;
  transport_->close();
  host_.finished();
}

void Backend::clean_up() {
  portals_.clear();
  parameters_.rollback();
  transaction_.rollback();
  forget_slot_snapshot();
}

/// Ends early when the session is to end.
Task<void> Backend::flush() {
  while (sending_ && !closed_ && end_reason_.ok()) co_await sent_;
  sending_ = !transport_->send(writer_.buffer());
  while (sending_ && !closed_ && end_reason_.ok()) co_await sent_;
}

/// A session that is to end gives up a client that does not read.
Task<void> Backend::flush_farewell() {
  auto flushing = flush();
  co_await flushing;
  const int64_t until_us = services_.clock.monotonic_us() + kFarewellUs;
  while (sending_ && !closed_) {
    const int64_t left_us = until_us - services_.clock.monotonic_us();
    if (left_us <= 0) break;
    host_.send_tick_after(left_us);
    co_await sent_;
  }
}

/// Whether the next message is here already, so that nothing has to be waited for.
bool Backend::has_next_message(FrontendMessage* message) {
  if (closed_ || !end_reason_.ok()) return false;
  switch (reader_.next(message)) {
    case Received::kMessage: return true;
    case Received::kError: *message = std::monostate{}; return true;
    default: return false;
  }
}

/// Writes what there is if that needs no waiting.
bool Backend::flush_at_once() {
  if (sending_) return false;
  sending_ = !transport_->send(writer_.buffer());
  return !sending_;
}

Task<bool> Backend::next_message(FrontendMessage* message) {
  while (!closed_) {
    if (!end_reason_.ok()) {
      send_error(end_reason_, Severity::kFatal);
      co_return false;
    }
    switch (reader_.next(message)) {
      case Received::kMessage: co_return true;
      case Received::kError: *message = std::monostate{}; co_return true;
      case Received::kFatal: send_error(reader_.error(), Severity::kFatal); co_return false;
      case Received::kNeedMore: break;
    }
    if (may_notify() && !sending_) transaction_.notifications().write(writer_, kNotificationBytes);
    if (!writer_.pending().empty() || sending_) {
      if (flush_at_once()) continue;
      auto flushing = flush();
      co_await flushing;
      continue;
    }
    if (!executing_) trim_when_idle();
    waits_for_input_ = true;
    transport_->pause_reading(false);
    co_await input_;
    waits_for_input_ = false;
    transport_->pause_reading(true);
  }
  co_return false;
}

/// An idle connection keeps little memory; a busy one keeps its buffers.
void Backend::trim_when_idle() {
  constexpr size_t kBusyBytes = 8 * 1024;
  if (reader_.memory_bytes() + writer_.memory_bytes() <= kBusyBytes) return;
  if (++quiet_turns_ < 16) return;
  quiet_turns_ = 0;
  reader_.trim();
  writer_.trim();
}

void Backend::send_error(const absl::Status& status, Severity severity) {
  writer_.error_response(error_fields(status), severity, routine_of(status));
}

void Backend::send_notice(const absl::Status& status, Severity severity) {
  const MessageLevel level = severity == Severity::kWarning ? MessageLevel::kWarning : MessageLevel::kNotice;
  if (level < parameters_.snapshot().client_min_messages) return;
  writer_.notice_response(error_fields(status), severity);
}

void Backend::tell_of_cut_names(const sql::ParsedSql& parsed) {
  for (const sql::CutName& name : parsed.cut_names()) {
    send_notice(error(ErrorCode::kNameTooLong, "identifier \"", name.whole, "\" will be truncated to \"", name.kept, "\""),
                Severity::kNotice);
  }
}

/// Something was said to it, and it is between two transactions.
bool Backend::may_notify() {
  return !executing_ && transaction_.notifications().has_waiting() && !transaction_.state().in_block() &&
         transaction_.state().status() == Transaction::Status::kIdle;
}

/// Whatever has come by now, a piece at a time.
Task<void> Backend::deliver_notifications() {
  SessionNotifications& notifications = transaction_.notifications();
  const uint64_t until = notifications.arrived();
  while (may_notify() && notifications.has_waiting_of(until) && !closed_ && end_reason_.ok()) {
    notifications.write(writer_, kNotificationBytes, until);
    if (writer_.pending().size() < kNotificationBytes) continue;
    auto flushing = flush();
    co_await flushing;
  }
}

void Backend::ready_for_query() {
  const int64_t now = services_.clock.wall_us();
  record_->state_changed_us.store(now, std::memory_order_relaxed);
  const Transaction& transaction = transaction_.state();
  if (!transaction.in_block()) {
    record_->state.store(SessionState::kIdle, std::memory_order_relaxed);
    writer_.ready_for_query(TransactionStatus::kIdle);
  } else if (transaction.status() == Transaction::Status::kFailed) {
    record_->state.store(SessionState::kIdleInFailedTransaction, std::memory_order_relaxed);
    writer_.ready_for_query(TransactionStatus::kFailed);
  } else {
    record_->state.store(SessionState::kIdleInTransaction, std::memory_order_relaxed);
    writer_.ready_for_query(TransactionStatus::kInTransaction);
  }
}

// --- start-up ---

Task<Backend::Flow> Backend::start_up() {
  while (true) {
    FrontendMessage message;
    auto receiving = next_message(&message);
    const bool received = co_await receiving;
    if (!received) co_return Flow::kEnd;
    if (std::holds_alternative<SslRequest>(message) || std::holds_alternative<GssEncRequest>(message)) {
      auto answering = answer_encryption_request(std::holds_alternative<SslRequest>(message));
      const bool goes_on = co_await answering;
      if (!goes_on) co_return Flow::kEnd;
      continue;
    }
    if (const auto* cancel = std::get_if<CancelRequest>(&message)) {
      cancel_other(*cancel);
      co_return Flow::kEnd;
    }
    if (const auto* startup = std::get_if<StartupMessage>(&message)) {
      auto accepting = accept_start_up(*startup);
      co_return co_await accepting;
    }
    send_error(error(ErrorCode::kProtocolViolation, "expected a startup packet"), Severity::kFatal);
    co_return Flow::kEnd;
  }
}

void Backend::cancel_other(const CancelRequest& request) {
  const SessionRecordPtr other = services_.sessions.find(request.process_id);
  if (other == nullptr || other->secret_key != request.secret_key) return;
  other->tell.cancel(encode_error(error(ErrorCode::kQueryCanceled, "canceling statement due to user request")));
}

/// Whoever it is has shown it; what is left is whether that role may enter that database.
absl::Status Backend::begin_session(const StartupMessage& startup, const std::string& user,
                                    const std::string& database) {
  const CatalogPtr catalog = transaction_.catalog();
  const RoleDef* role = catalog->find_role(user);
  if (role == nullptr) return error(ErrorCode::kInvalidAuthorization, "role \"", user, "\" does not exist");
  TROUPE_RETURN_IF_ERROR(check_log_in(*role));
  login_role_ = role->oid;
  if (const auto replication = startup.find("replication")) TROUPE_RETURN_IF_ERROR(begin_replication(*replication));
  TROUPE_RETURN_IF_ERROR(check_room(role->superuser));
  TROUPE_RETURN_IF_ERROR(enter_database(database, *role));
  database_ = database;
  eval_.database = database_;
  log_in(*role);
  writer_.authentication_ok();  // clients take no warning before it
  apply_stored_settings();
  absl::Status status;
  startup.for_each([&](std::string_view name, std::string_view value) {
    if (!status.ok() || name == "user" || name == "database" || name == "replication") return;
    if (name == "options") {
      status = apply_startup_options(value);
    } else if (!name.starts_with("_pq_.")) {
      status = set_parameter(name, value, SetScope::kStartup);
    }
  });
  TROUPE_RETURN_IF_ERROR(status);
  follow_roles();
  greet();
  return absl::OkStatus();
}

/// "-c name=value --name=value" as PGOPTIONS has it; a backslash keeps the next character.
absl::Status Backend::apply_startup_options(std::string_view options) {
  std::vector<std::string> words;
  bool in_word = false;
  for (size_t i = 0; i < options.size(); ++i) {
    if (options[i] == ' ') {
      in_word = false;
      continue;
    }
    if (options[i] == '\\' && i + 1 < options.size()) ++i;
    if (!in_word) words.emplace_back();
    in_word = true;
    words.back().push_back(options[i]);
  }
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    if (word == "-c" && i + 1 < words.size()) {
      word = words[++i];
    } else if (word.starts_with("--")) {
      word = word.substr(2);
    } else if (word.starts_with("-c")) {
      word = word.substr(2);
    } else {
      return error(ErrorCode::kSyntaxError, "invalid command-line argument for server process: ", word);
    }
    const size_t equals = word.find('=');
    if (equals == std::string::npos) return error(ErrorCode::kSyntaxError, "-c ", word, " requires a value");
    std::string name = word.substr(0, equals);
    std::replace(name.begin(), name.end(), '-', '_');
    TROUPE_RETURN_IF_ERROR(set_parameter(name, word.substr(equals + 1), SetScope::kStartup));
  }
  return absl::OkStatus();
}

void Backend::greet() {
  starting_ = false;
  follow_timeouts();
  const std::string peer = transport_->peer_name();
  const size_t colon = peer.rfind(':');
  record_->edit([&](SessionRecord::Text& text) {
    text.user = session_user_;
    text.database = database_;
    text.application_name = parameters_.show("application_name").value_or("");
    text.client_address = colon == std::string::npos ? "" : peer.substr(0, colon);
    text.client_port = colon == std::string::npos ? -1 : std::atoi(peer.c_str() + colon + 1);
    if (const TlsFacts* facts = transport_->tls()) text.tls = *facts;
  });
  parameters_.report_all(
      [this](std::string_view name, std::string_view value) { writer_.parameter_status(name, value); });
  writer_.backend_key_data(record_->process_id, record_->secret_key);
  ready_for_query();
}

// --- messages ---

/// Handles what never waits, without a coroutine; false: it is for handle(). The extended protocol says four messages a
/// statement, and only one of them does something.
bool Backend::handle_at_once(const FrontendMessage& message, Flow* flow) {
  if (replicates_) return false;
  if (const auto* bind = std::get_if<BindMessage>(&message)) {
    if (!skip_to_sync_) *flow = after_extended(on_bind(*bind));
  } else if (const auto* describe = std::get_if<DescribeMessage>(&message)) {
    if (!skip_to_sync_) *flow = after_extended(on_describe(*describe));
  } else if (const auto* parse = std::get_if<ParseMessage>(&message)) {
    if (!skip_to_sync_) *flow = after_extended(on_parse(*parse));
  } else if (const auto* close = std::get_if<CloseMessage>(&message)) {
    if (!skip_to_sync_) *flow = after_extended(on_close(*close));
  } else if (std::holds_alternative<SyncMessage>(message)) {
    return sync_at_once();
  } else {
    return false;
  }
  return true;
}

/// One that fails makes the session skip everything up to Sync.
Backend::Flow Backend::after_extended(const absl::Status& status) {
  executing_ = false;
  record_->tell.interrupt->clear();
  if (!status.ok()) {
    send_error(status);
    fail_transaction();
    skip_to_sync_ = true;
  }
  return end_reason_.ok() ? Flow::kContinue : end_now();
}

Task<Backend::Flow> Backend::handle(FrontendMessage& message) {
  const bool ends_skipping = std::holds_alternative<SyncMessage>(message) || is_malformed_sync(message) ||
                             std::holds_alternative<TerminateMessage>(message);
  if (skip_to_sync_ && !ends_skipping) co_return Flow::kContinue;
  if (std::holds_alternative<TerminateMessage>(message)) co_return Flow::kEnd;
  if (const auto* query = std::get_if<QueryMessage>(&message)) {
    auto running = on_query(query->sql);
    co_return co_await running;
  }
  if (replicates_ && is_extended(message)) {
    co_return after_extended(error(ErrorCode::kProtocolViolation,
                                   "extended query protocol not supported in a replication connection"));
  }
  if (const auto* execute = std::get_if<ExecuteMessage>(&message)) {
    executing_ = true;
    data_.begin_statement();
    record_->tell.interrupt->clear();
    auto running = on_execute(*execute);
    const absl::Status status = co_await running;
    co_return after_extended(status);
  }
  if (std::holds_alternative<SyncMessage>(message)) {
    auto syncing = on_sync();
    co_await syncing;
    co_return Flow::kContinue;
  }
  if (std::holds_alternative<FlushMessage>(message)) {
    auto flushing = flush();
    co_await flushing;
    co_return Flow::kContinue;
  }
  // CopyData & co outside COPY are left over from one that failed.
  if (std::holds_alternative<CopyDataMessage>(message) || std::holds_alternative<CopyDoneMessage>(message) ||
      std::holds_alternative<CopyFailMessage>(message)) {
    co_return Flow::kContinue;
  }
  co_return handle_odd(message);
}

bool Backend::is_extended(const FrontendMessage& message) {
  return std::holds_alternative<ParseMessage>(message) || std::holds_alternative<BindMessage>(message) ||
         std::holds_alternative<DescribeMessage>(message) || std::holds_alternative<ExecuteMessage>(message) ||
         std::holds_alternative<CloseMessage>(message);
}

bool Backend::is_malformed_sync(const FrontendMessage& message) const {
  return std::holds_alternative<std::monostate>(message) && reader_.message_type() == 'S';
}

Backend::Flow Backend::end_now() {
  send_error(end_reason_.ok() ? shutting_down() : end_reason_, Severity::kFatal);
  return Flow::kEnd;
}

/// What no well-behaved client sends here: a malformed message, a function call, a password nobody asked for.
Backend::Flow Backend::handle_odd(const FrontendMessage& message) {
  if (std::holds_alternative<std::monostate>(message)) {
    send_error(reader_.error());
    fail_transaction();
    if (is_malformed_sync(message)) {
      finish_sync();
    } else if (reader_.message_type() == 'Q' || reader_.message_type() == 'F') {
      ready_for_query();
    } else {
      skip_to_sync_ = true;
    }
    return Flow::kContinue;
  }
  if (std::holds_alternative<FunctionCallMessage>(message)) {
    send_error(with_hint(error(ErrorCode::kFeatureNotSupported, "the function call protocol is not supported"),
                         "Call the function in a SELECT."));
    fail_transaction();
    ready_for_query();
    return Flow::kContinue;
  }
  send_error(
      error(ErrorCode::kProtocolViolation, "unexpected message type \"", std::string(1, reader_.message_type()), "\""),
      Severity::kFatal);
  return Flow::kEnd;
}

/// After an error: the block waits for its end, a statement of its own is rolled back.
void Backend::fail_transaction() {
  Transaction& transaction = transaction_.state();
  drop_portals_of_transaction();
  keys_.events().forget_changes();
  if (transaction.in_block()) {
    transaction_.fail();
    return;
  }
  keys_.events().clear();
  parameters_.rollback();
  transaction_.rollback();
}

void Backend::drop_portals_of_transaction() {
  unnamed_portal_ = nullptr;
  std::erase_if(portals_, [](const auto& entry) { return !entry.second->survives; });
  suspended_portals_ = 0;
}

}  // namespace troupe
