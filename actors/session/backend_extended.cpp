/// The extended protocol: Parse, Bind, Describe, Execute, Close, Sync.
#include "actors/session/backend.hpp"
#include "runtime/protocol/parameter_context.hpp"
#include "runtime/types/binary_io.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

absl::Status no_such_statement(std::string_view name) {
  if (name.empty()) return error(ErrorCode::kInvalidSqlStatementName, "unnamed prepared statement does not exist");
  return error(ErrorCode::kInvalidSqlStatementName, "prepared statement \"", name, "\" does not exist");
}

absl::Status check_formats(const FormatCodes& formats, size_t count, std::string_view what, std::string_view message) {
  if (formats.size() > 1 && formats.size() != count) {
    return error(ErrorCode::kProtocolViolation, "bind message has ", formats.size(), " ", what, " formats but ", message,
                 " has ", count, " ", what == "parameter" ? "parameters" : "columns");
  }
  for (size_t i = 0; i < formats.size(); ++i) {
    const int16_t code = formats.of(i);
    if (code != 0 && code != 1) return error(ErrorCode::kInvalidParameterValue, "unsupported format code: ", code);
  }
  return absl::OkStatus();
}

}  // namespace

std::shared_ptr<Prepared> Backend::find_prepared(std::string_view name) const {
  if (name.empty()) return unnamed_;
  const auto it = prepared_.find(name);
  return it == prepared_.end() ? nullptr : it->second;
}

absl::Status Backend::on_parse(const ParseMessage& message) {
  begin_clock(message.sql);
  auto parsed = sql::parse_statement(message.sql);
  if (!parsed.ok()) return parsed.status();
  auto prepared = std::make_shared<Prepared>();
  prepared->name = std::string(message.statement);
  prepared->told = true;
  tell_of_cut_names(**parsed);
  prepared->parsed = *std::move(parsed);
  prepared->prepared_us = services_.clock.wall_us();
  const auto statements = prepared->parsed->statements();
  if (!statements.empty()) prepared->raw = &statements[0];
  for (size_t i = 0; i < message.types.size(); ++i) {
    const Oid type = message.types[i];
    if (type != 0 && find_type(type) == nullptr) {
      return with_hint(error(ErrorCode::kUndefinedObject, "type with OID ", type, " of parameter $", i + 1, " does not exist"),
                       "Leave the parameter's type to the server (OID 0), or declare it as text and cast it.");
    }
    prepared->declared.push_back(Type{type == 0 ? oid::kUnknown : type});
  }
  if (!message.statement.empty() && prepared_.contains(message.statement)) {
    return error(ErrorCode::kDuplicatePreparedStatement, "prepared statement \"", message.statement,
                 "\" already exists");
  }
  if (prepared->raw != nullptr) {
    if (!ends_transaction(*prepared->raw->node)) TROUPE_RETURN_IF_ERROR(transaction_.state().check_usable());
    TROUPE_RETURN_IF_ERROR(plan_prepared(*prepared));
  }
  if (message.statement.empty()) {
    unnamed_ = std::move(prepared);
  } else {
    prepared_.emplace(prepared->name, prepared);
  }
  writer_.parse_complete();
  return absl::OkStatus();
}

absl::Status Backend::on_bind(const BindMessage& message) {
  const std::shared_ptr<Prepared> prepared = find_prepared(message.statement);
  if (prepared == nullptr) return no_such_statement(message.statement);
  if (prepared->raw != nullptr && !ends_transaction(*prepared->raw->node)) {
    TROUPE_RETURN_IF_ERROR(transaction_.state().check_usable());
  }
  if (!message.portal.empty() && portals_.contains(message.portal)) {
    return error(ErrorCode::kDuplicateCursor, "cursor \"", message.portal, "\" already exists");
  }
  if (prepared->raw != nullptr) TROUPE_RETURN_IF_ERROR(plan_prepared(*prepared));
  const std::vector<Type>& types = parameter_types(*prepared);
  if (message.parameters.size() != types.size()) {
    return error(ErrorCode::kProtocolViolation, "bind message supplies ", message.parameters.size(),
                 " parameters, but prepared statement \"", message.statement, "\" requires ", types.size());
  }
  TROUPE_RETURN_IF_ERROR(check_formats(message.parameter_formats, types.size(), "parameter", "the statement"));
  auto portal = std::make_unique<Portal>();
  portal->name = std::string(message.portal);
  portal->prepared = prepared;
  portal->plan = prepared->plan;
  portal->parameters.reserve(types.size());
  size_t i = 0;
  for (auto it = message.parameters.begin(); it != message.parameters.end(); ++it, ++i) {
    const int16_t format = message.parameter_formats.of(i);
    auto value = bind_parameter(types[i], *it, format, i);
    if (!value.ok()) return with_parameter_context(value.status(), message.portal, i, format == 0);
    portal->parameters.push_back(*std::move(value));
  }
  const size_t columns = portal->plan == nullptr ? 0 : portal->plan->columns.size();
  if (columns > 0) {
    TROUPE_RETURN_IF_ERROR(check_formats(message.result_formats, columns, "result", "query"));
  }
  for (size_t k = 0; k < message.result_formats.size(); ++k) {
    portal->result_formats.push_back(message.result_formats.of(k));
  }
  if (message.portal.empty()) {
    if (unnamed_portal_ != nullptr) let_go(*unnamed_portal_);
    unnamed_portal_ = std::move(portal);
  } else {
    portals_.emplace(portal->name, std::move(portal));
  }
  writer_.bind_complete();
  return absl::OkStatus();
}

absl::StatusOr<Value> Backend::bind_parameter(Type type, std::optional<std::string_view> bytes, int16_t format,
                                              size_t index) {
  if (!bytes) return Value::null(physical_of(type));
  auto value = format == 1 ? receive_binary(type, *bytes, eval_) : parse_text(type, *bytes, eval_);
  constexpr std::string_view kLeftOver = "incorrect binary data format";
  if (!value.ok() && format == 1 && value.status().message() == absl_view(kLeftOver)) {
    return error(error_code(value.status()), kLeftOver, " in bind parameter ", index + 1);
  }
  return value;
}

Portal* Backend::find_portal(std::string_view name) const {
  if (name.empty()) return unnamed_portal_.get();
  const auto it = portals_.find(name);
  return it == portals_.end() ? nullptr : it->second.get();
}

/// Before a portal is dropped: nobody needs its snapshot any more.
void Backend::let_go(const Portal& portal) {
  if (portal.suspended) --suspended_portals_;
}

absl::Status Backend::on_describe(const DescribeMessage& message) {
  if (message.target == 'S') {
    const std::shared_ptr<Prepared> prepared = find_prepared(message.name);
    if (prepared == nullptr) return no_such_statement(message.name);
    const absl::Status usable = transaction_.state().check_usable();
    if (!usable.ok() && !result_columns(*prepared).empty()) return usable;
    if (usable.ok() && prepared->raw != nullptr) TROUPE_RETURN_IF_ERROR(plan_prepared(*prepared));
    std::vector<Oid> types;
    for (const Type& type : parameter_types(*prepared)) types.push_back(type.oid);
    writer_.parameter_description(types);
    send_columns(result_columns(*prepared), {});
    return absl::OkStatus();
  }
  const Portal* portal = find_portal(message.name);
  if (portal == nullptr) {
    return error(ErrorCode::kInvalidCursorName, "portal \"", message.name, "\" does not exist");
  }
  send_columns(portal->plan != nullptr ? portal->plan->columns : result_columns(*portal->prepared),
               portal->result_formats);
  return absl::OkStatus();
}

Task<absl::Status> Backend::on_execute(const ExecuteMessage& message) {
  Portal* portal = find_portal(message.portal);
  if (portal == nullptr) {
    co_return error(ErrorCode::kInvalidCursorName, "portal \"", message.portal, "\" does not exist");
  }
  if (portal->prepared->raw == nullptr) {
    writer_.empty_query_response();
    co_return absl::OkStatus();
  }
  record_->statements_in_flight.store(++pipelined_, std::memory_order_relaxed);
  if (pipelined_ > services_.config.statements_in_flight_max) {
    co_return with_hint(error(ErrorCode::kProgramLimitExceeded, "more than ", services_.config.statements_in_flight_max,
                              " statements in one pipeline (limits.statements_in_flight_max)"),
                        "Send a Sync now and then.");
  }
  // COMMIT ends the portal that runs it; its syntax tree must outlive it.
  const std::shared_ptr<Prepared> prepared = portal->prepared;
  begin_clock(prepared->text());
  bool suspended = false;
  auto running = run_portal(*portal, message.rows_max > 0 ? message.rows_max : 0, &suspended);
  const absl::Status status = co_await running;
  if (status.ok() && suspended) writer_.portal_suspended();
  co_return status;
}

absl::Status Backend::on_close(const CloseMessage& message) {
  if (message.target == 'S') {
    if (message.name.empty()) {
      unnamed_ = nullptr;
    } else if (const auto it = prepared_.find(message.name); it != prepared_.end()) {
      prepared_.erase(it);
    }
  } else if (message.name.empty()) {
    if (unnamed_portal_ != nullptr) let_go(*unnamed_portal_);
    unnamed_portal_ = nullptr;
  } else if (const auto it = portals_.find(message.name); it != portals_.end()) {
    let_go(*it->second);
    portals_.erase(it);
  }
  writer_.close_complete();
  return absl::OkStatus();
}

/// Ends the transaction of statements outside a block.
Task<void> Backend::on_sync() {
  if (!transaction_.state().in_block() && transaction_.state().status() != Transaction::Status::kIdle) {
    auto ending = end_transaction(transaction_.state().status() == Transaction::Status::kActive);
    const absl::Status status = co_await ending;
    if (!status.ok()) send_error(status);
  }
  if (may_notify()) {
    auto delivering = deliver_notifications();
    co_await delivering;
  }
  finish_sync();
}

/// The same when there is nothing to wait for: in a block, or after statements that only read.
bool Backend::sync_at_once() {
  if (!transaction_.state().in_block() && transaction_.state().status() != Transaction::Status::kIdle) {
    if (transaction_.state().status() != Transaction::Status::kActive || !end_reading_transaction()) return false;
  }
  if (may_notify()) return false;
  finish_sync();
  return true;
}

void Backend::finish_sync() {
  skip_to_sync_ = false;
  pipelined_ = 0;
  record_->statements_in_flight.store(0, std::memory_order_relaxed);
  if (!transaction_.state().in_block()) drop_portals_of_transaction();
  report_parameters();
  ready_for_query();
}

}  // namespace troupe
