/// Statements that the session runs from their syntax trees: settings, prepared statements, cursors, maintenance.
#include <bit>

#include "actors/session/backend.hpp"
#include "actors/session/event_writer.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/settings/parameter.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

absl::Status refused(std::string_view what, std::string_view hint) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, what, " is not supported"), std::string(hint));
}

/// SET TIME ZONE INTERVAL '-08:00': hours east of Greenwich, which a zone's name in POSIX's manner has west of it.
std::string zone_of_interval(std::string_view text) {
  const bool west = text.starts_with('-');
  if (west || text.starts_with('+')) text.remove_prefix(1);
  const std::string hours = cat(text.find(':') == 1 || text.size() == 1 ? "0" : "", text);
  return cat("<", west ? "-" : "+", hours, ">", west ? "+" : "-", hours);
}

}  // namespace

std::vector<std::string> set_values(sql::ExprList values) {
  std::vector<std::string> texts;
  for (const sql::Expr* value : values) {
    if (const auto* interval = value->as<sql::CastExpr>()) {
      const auto* text = interval->argument->as<sql::Literal>();
      if (text != nullptr) texts.push_back(zone_of_interval(text->text));
      continue;
    }
    const auto* literal = value->as<sql::Literal>();
    if (literal == nullptr) continue;
    switch (literal->type) {
      case sql::LiteralType::kBoolean: texts.push_back(literal->integer != 0 ? "true" : "false"); break;
      case sql::LiteralType::kInt4:
      case sql::LiteralType::kInt8: texts.push_back(std::to_string(literal->integer)); break;
      default: texts.emplace_back(literal->text);
    }
  }
  return texts;
}

/// Leaves portal.tag.
Task<absl::Status> Backend::run_utility(Portal& portal) {
  const sql::Statement& statement = *portal.prepared->raw->node;
  portal.started = true;
  using sql::NodeKind;
  switch (statement.kind) {
    case NodeKind::kSet: co_return run_set(statement.to<sql::SetStatement>(), &portal.tag);
    case NodeKind::kShow: co_return run_show(statement.to<sql::ShowStatement>(), portal);
    case NodeKind::kPrepare: co_return run_prepare(statement.to<sql::PrepareStatement>(), portal);
    case NodeKind::kDeallocate: co_return run_deallocate(statement.to<sql::DeallocateStatement>(), &portal.tag);
    case NodeKind::kClose: co_return run_close(statement.to<sql::CloseStatement>(), &portal.tag);
    case NodeKind::kDiscard: {
      const auto& discard = statement.to<sql::DiscardStatement>();
      const absl::Status status = run_discard(discard, &portal.tag);
      using Target = sql::DiscardStatement::Target;
      const bool drops = discard.target == Target::kAll || discard.target == Target::kTemporary;
      const SchemaDef* temporary = temporary_schema();
      if (!status.ok() || !drops || temporary == nullptr) co_return status;
      auto dropping = drop_schemas({temporary->name});
      co_return co_await dropping;
    }
    case NodeKind::kExecute: {
      auto running = run_execute(statement.to<sql::ExecuteStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kDeclareCursor: {
      auto running = run_declare(statement.to<sql::DeclareCursorStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kFetch: {
      auto running = run_fetch(statement.to<sql::FetchStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kCopy: {
      auto running = run_copy(statement.to<sql::CopyStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kSubscribe: {
      auto running = run_subscribe(statement.to<sql::SubscribeStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kSubscribeStream: {
      auto running = run_subscribe_stream(statement.to<sql::SubscribeStreamStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kConsume: {
      auto running = run_consume(statement.to<sql::ConsumeStatement>(), portal);
      co_return co_await running;
    }
    case NodeKind::kAcknowledge: {
      auto running = run_acknowledge(statement.to<sql::AcknowledgeStatement>(), &portal.tag);
      co_return co_await running;
    }
    case NodeKind::kListen:
    case NodeKind::kUnlisten:
    case NodeKind::kNotify: co_return run_listen_or_notify(statement, &portal.tag);
    case NodeKind::kSetConstraints: {
      portal.tag = "SET CONSTRAINTS";
      if (!transaction_.state().in_block()) {
        send_notice(error(ErrorCode::kNoActiveSqlTransaction, "SET CONSTRAINTS can only be used in transaction blocks"),
                    Severity::kWarning);
      }
      auto setting = keys_.set_constraints(statement.to<sql::SetConstraintsStatement>());
      co_return co_await setting;
    }
    case NodeKind::kVacuum: {
      auto running = run_vacuum(statement.to<sql::VacuumStatement>(), &portal.tag);
      co_return co_await running;
    }
    case NodeKind::kLockTable: {
      auto running = run_lock_table(statement.to<sql::LockTableStatement>(), &portal.tag);
      co_return co_await running;
    }
    case NodeKind::kCheckpoint: {
      if (!has_rights_of(*transaction_.catalog(), role_, kCheckpointRole)) {
        co_return error(ErrorCode::kInsufficientPrivilege,
                        "must be superuser or have privileges of pg_checkpoint to do CHECKPOINT");
      }
      auto running = run_checkpoint();
      portal.tag = "CHECKPOINT";
      co_return co_await running;
    }
    case NodeKind::kAlterDatabase: {
      auto running = run_database_setting(statement.to<sql::AlterDatabaseStatement>(), &portal.tag);
      co_return co_await running;
    }
    case NodeKind::kAlterRoleSet: {
      auto running = run_role_setting(statement.to<sql::AlterRoleSetStatement>(), &portal.tag);
      co_return co_await running;
    }
    case NodeKind::kCreateSubscription:
    case NodeKind::kAlterSubscription:
    case NodeKind::kDrop:
    case NodeKind::kRename:
    case NodeKind::kAlterOwner: {
      auto running = run_subscription_statement(statement, &portal.tag);
      co_return co_await running;
    }
    default: co_return refuse_utility(statement, &portal.tag);
  }
}

/// They count when the transaction commits.
absl::Status Backend::run_listen_or_notify(const sql::Statement& statement, std::string* tag) {
  SessionNotifications& notifications = transaction_.notifications();
  if (const auto* notify = statement.as<sql::NotifyStatement>()) {
    *tag = "NOTIFY";
    return notifications.notify(notify->channel, notify->payload);
  }
  if (const auto* listen = statement.as<sql::ListenStatement>()) {
    *tag = "LISTEN";
    return notifications.listen(listen->channel);
  }
  *tag = "UNLISTEN";
  const auto& unlisten = statement.to<sql::UnlistenStatement>();
  if (unlisten.channel.empty()) {
    notifications.unlisten_all();
  } else {
    notifications.unlisten(unlisten.channel);
  }
  return absl::OkStatus();
}

absl::Status Backend::refuse_utility(const sql::Statement& statement, std::string* tag) {
  using sql::NodeKind;
  switch (statement.kind) {
    case NodeKind::kReindex: *tag = "REINDEX"; return check_reindex(statement.to<sql::ReindexStatement>());
    case NodeKind::kCluster: return refused("CLUSTER", "Rows are kept in the order of their primary key.");
    case NodeKind::kLoad: return refused("LOAD", "There are no loadable modules.");
    case NodeKind::kAlterSystem: return refused("ALTER SYSTEM", "Change the node's TOML file and restart it.");
    default: return refused("procedural code", "Send the statements one by one.");
  }
}

/// Indexes are never bloated here: what is named must be there, that is all.
absl::Status Backend::check_reindex(const sql::ReindexStatement& statement) {
  using Target = sql::ReindexStatement::Target;
  const Catalog& catalog = *transaction_.catalog();
  const ObjectDef* named = nullptr;
  switch (statement.target) {
    case Target::kTable: {
      TROUPE_ASSIGN_OR_RETURN(named, find_table(*statement.relation));
      break;
    }
    case Target::kIndex: {
      TROUPE_ASSIGN_OR_RETURN(named, find_relation(*statement.relation, ObjectKind::index));
      break;
    }
    case Target::kSchema:
      named = catalog.find_schema(statement.name);
      if (named != nullptr) break;
      return error(ErrorCode::kInvalidSchemaName, "schema \"", statement.name, "\" does not exist");
    default:
      named = catalog.find(catalog.database());
      if (statement.name.empty() || statement.name == database_) break;
      return error(ErrorCode::kFeatureNotSupported, "can only reindex the currently open database");
  }
  return check_owner(catalog, role_, *named);
}

// --- settings ---

absl::Status Backend::run_set(const sql::SetStatement& statement, std::string* tag) {
  using Action = sql::SetStatement::Action;
  *tag = statement.action == Action::kReset || statement.action == Action::kResetAll ? "RESET" : "SET";
  SetOptions options;
  options.scope = statement.local ? SetScope::kLocal : SetScope::kSession;
  options.query_ran = transaction_.state().snapshot() != kNoScn;
  options.superuser = is_superuser(*transaction_.catalog(), role_);
  if (statement.local && !transaction_.state().in_block()) {
    send_notice(error(ErrorCode::kNoActiveSqlTransaction, "SET LOCAL can only be used in transaction blocks"),
                Severity::kWarning);
  }
  switch (statement.action) {
    case Action::kSet: {
      TROUPE_ASSIGN_OR_RETURN(const std::string value,
                              SessionParameters::flatten(statement.name, set_values(statement.values)));
      TROUPE_RETURN_IF_ERROR(set_parameter(statement.name, value, options.scope));
      return follow_setting(statement.name);
    }
    case Action::kDefault:
    case Action::kReset:
      TROUPE_RETURN_IF_ERROR(parameters_.reset(statement.name, options));
      if (statement.name == "session_authorization") TROUPE_RETURN_IF_ERROR(parameters_.reset("role", options));
      return follow_setting(statement.name);
    case Action::kResetAll: parameters_.reset_all(); return absl::OkStatus();
    case Action::kFromCurrent: return absl::OkStatus();
    case Action::kTransaction: {
      TROUPE_ASSIGN_OR_RETURN(const auto modes, modes_of(statement.modes, transaction_.state().modes()));
      if (!transaction_.state().in_block()) {
        send_notice(error(ErrorCode::kNoActiveSqlTransaction, "SET TRANSACTION can only be used in transaction blocks"),
                    Severity::kWarning);
        return absl::OkStatus();
      }
      TROUPE_RETURN_IF_ERROR(transaction_.state().set_modes(modes));
      return show_modes(modes);
    }
    case Action::kSessionCharacteristics: return set_characteristics(statement, options);
    case Action::kTransactionSnapshot:
      if (!transaction_.state().in_block()) {
        send_notice(error(ErrorCode::kNoActiveSqlTransaction, "SET TRANSACTION can only be used in transaction blocks"),
                    Severity::kWarning);
      }
      return transaction_.import_snapshot(set_values(statement.values).front(), database_oid());
  }
  return absl::OkStatus();
}

absl::Status Backend::set_characteristics(const sql::SetStatement& statement, const SetOptions& options) {
  TROUPE_ASSIGN_OR_RETURN(const auto modes, modes_of(statement.modes, parameters_.snapshot().new_transaction));
  TROUPE_RETURN_IF_ERROR(
      parameters_.set("default_transaction_isolation", isolation_name(modes.isolation), options));
  TROUPE_RETURN_IF_ERROR(
      parameters_.set("default_transaction_read_only", modes.read_only ? "on" : "off", options));
  return parameters_.set("default_transaction_deferrable", modes.deferrable ? "on" : "off", options);
}

/// Some parameters are more than a value.
absl::Status Backend::follow_setting(std::string_view name) {
  if (name == "role" || name == "session_authorization") follow_roles();
  const SettingsSnapshot& settings = parameters_.snapshot();
  if (name.starts_with("transaction_") && transaction_.state().in_block()) {
    return transaction_.state().set_modes(settings.transaction);
  }
  if (name == "seed") {
    const std::string text(parameters_.value(parameter_id(*find_parameter(name))));
    const double seed = std::strtod(text.c_str(), nullptr);
    random_ = Random(std::bit_cast<uint64_t>(seed));
  }
  if (name == "application_name") {
    const std::string shown = parameters_.show(name).value_or("");
    record_->edit([&](SessionRecord::Text& text) { text.application_name = shown; });
  }
  return absl::OkStatus();
}

void Backend::report_parameters() {
  parameters_.take_reports(
      [this](std::string_view name, std::string_view value) { writer_.parameter_status(name, value); });
}

absl::Status Backend::run_show(const sql::ShowStatement& statement, Portal& portal) {
  portal.tag = "SHOW";
  const auto columns = show_columns(statement);
  if (statement.name != "all") {
    if (const auto known = parameters_.show(statement.name); !known.ok()) return known.status();
  }
  if (portal.describe_first) send_columns(columns, portal.result_formats);
  if (statement.name == "all") {
    for (const ShownParameter& row : parameters_.show_all()) {
      writer_.begin_row(3);
      writer_.field(row.name);
      writer_.field(row.setting);
      writer_.field(row.description);
      writer_.end_row();
    }
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(const std::string value, parameters_.show(statement.name));
  writer_.begin_row(1);
  writer_.field(value);
  writer_.end_row();
  return absl::OkStatus();
}

std::vector<OutputColumn> Backend::show_columns(const sql::ShowStatement& statement) const {
  const auto text = [](std::string name) { return OutputColumn{std::move(name), Type{oid::kText}, kNoOid, 0}; };
  if (statement.name == "all") return {text("name"), text("setting"), text("description")};
  const ParameterInfo* known = find_parameter(statement.name);
  return {text(std::string(known != nullptr ? known->name : statement.name))};
}

/// What Describe says of a statement without a plan.
std::vector<OutputColumn> Backend::result_columns(const Prepared& prepared) const {
  if (prepared.plan != nullptr) return prepared.plan->columns;
  if (prepared.raw == nullptr) return {};
  if (const auto* show = prepared.raw->node->as<sql::ShowStatement>()) return show_columns(*show);
  if (const auto* execute = prepared.raw->node->as<sql::ExecuteStatement>()) {
    const auto target = find_prepared(execute->name);
    return target == nullptr ? std::vector<OutputColumn>{} : result_columns(*target);
  }
  if (const auto* fetch = prepared.raw->node->as<sql::FetchStatement>()) {
    const Portal* cursor = fetch->move ? nullptr : find_portal(fetch->cursor);
    return cursor == nullptr || cursor->plan == nullptr ? std::vector<OutputColumn>{} : cursor->plan->columns;
  }
  if (prepared.raw->node->is<sql::SubscribeStatement>()) return subscribe_columns();
  if (prepared.raw->node->is<sql::SubscribeStreamStatement>()) return event_columns(false);
  if (prepared.raw->node->is<sql::ConsumeStatement>()) return event_columns(true);
  return {};
}

// --- prepared statements ---

absl::Status Backend::run_prepare(const sql::PrepareStatement& statement, Portal& portal) {
  if (prepared_.contains(statement.name)) {
    return error(ErrorCode::kDuplicatePreparedStatement, "prepared statement \"", statement.name, "\" already exists");
  }
  const std::string_view text = portal.prepared->parsed->text();
  auto prepared = std::make_shared<Prepared>();
  prepared->name = std::string(statement.name);
  prepared->told = prepared->by_sql = true;
  prepared->source = std::string(text);
  prepared->prepared_us = eval_.statement_us;
  TROUPE_ASSIGN_OR_RETURN(prepared->parsed, sql::parse_statement(text.substr(
                                                statement.query_begin, statement.query_end - statement.query_begin)));
  prepared->raw = &prepared->parsed->statements()[0];
  PlanContext planning;
  planning.catalog = transaction_.catalog();
  planning.eval = &eval_;
  planning.text = text;
  planning.search_path = resolve_search_path();
  planning.role = role_;
  planning.session_role = session_role_;
  Binder binder(planning);
  for (const sql::TypeName* type : statement.types) {
    TROUPE_ASSIGN_OR_RETURN(const Type declared, binder.bind_type(*type));
    prepared->declared.push_back(Type{declared.oid});
  }
  TROUPE_RETURN_IF_ERROR(plan_prepared(*prepared));
  prepared_.emplace(prepared->name, prepared);
  portal.tag = "PREPARE";
  return absl::OkStatus();
}

absl::Status Backend::run_deallocate(const sql::DeallocateStatement& statement, std::string* tag) {
  if (statement.name.empty()) {
    prepared_.clear();
    *tag = "DEALLOCATE ALL";
    return absl::OkStatus();
  }
  *tag = "DEALLOCATE";
  const auto it = prepared_.find(statement.name);
  if (it == prepared_.end()) {
    return error(ErrorCode::kInvalidSqlStatementName, "prepared statement \"", statement.name, "\" does not exist");
  }
  prepared_.erase(it);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<Prepared>> Backend::find_executed(const sql::ExecuteStatement& statement) const {
  std::shared_ptr<Prepared> prepared = find_prepared(statement.name);
  if (prepared == nullptr || prepared->raw == nullptr) {
    return error(ErrorCode::kInvalidSqlStatementName, "prepared statement \"", statement.name, "\" does not exist");
  }
  return prepared;
}

absl::StatusOr<std::vector<Value>> Backend::evaluate_arguments(const sql::ExecuteStatement& statement,
                                                               const std::vector<Type>& types) {
  if (statement.arguments.size() != types.size()) {
    return with_detail(
        error(ErrorCode::kSyntaxError, "wrong number of parameters for prepared statement \"", statement.name, "\""),
        cat("Expected ", types.size(), " parameters but got ", statement.arguments.size(), "."));
  }
  std::vector<Value> values;
  for (size_t i = 0; i < types.size(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(Value value, evaluate_constant(*statement.arguments[i], types[i]));
    values.push_back(std::move(value));
  }
  return values;
}

Task<absl::Status> Backend::run_execute(const sql::ExecuteStatement& statement, Portal& portal) {
  const auto executed = find_executed(statement);
  if (!executed.ok()) co_return executed.status();
  const std::shared_ptr<Prepared>& prepared = *executed;
  if (const absl::Status planned = plan_prepared(*prepared); !planned.ok()) co_return planned;
  auto values = evaluate_arguments(statement, parameter_types(*prepared));
  if (!values.ok()) co_return values.status();
  Portal inner;
  inner.prepared = prepared;
  inner.describe_first = portal.describe_first;
  inner.result_formats = portal.result_formats;
  inner.parameters = *std::move(values);
  bool suspended = false;
  if (is_utility(*prepared->raw->node)) {
    auto running = run_utility(inner);
    const absl::Status status = co_await running;
    portal.tag = inner.tag;
    co_return status;
  }
  auto running = run_planned(inner, 0, &suspended);
  const absl::Status status = co_await running;
  portal.tag = inner.tag;
  co_return status.ok() ? status : with_schema(status, inner);
}

/// The value of an expression without columns.
absl::StatusOr<Value> Backend::evaluate_constant(const sql::Expr& expr, Type type) {
  const std::string text = cat("SELECT CAST(", sql::to_sql(expr), " AS ", format_type(type), ")");
  TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_statement(text));
  PlanContext context;
  context.catalog = transaction_.catalog();
  context.system_tables = &services_.system_tables;
  context.eval = &eval_;
  context.text = text;
  TROUPE_ASSIGN_OR_RETURN(const auto plan, plan_statement(*parsed->statements()[0].node, context));
  const auto* project = plan->root->as<ProjectPlan>();
  const auto* values = plan->root->as<ValuesPlan>();
  const ExprPtr bound = project != nullptr && project->values.size() == 1      ? project->values[0]
                        : values != nullptr && values->rows.size() == 1 ? values->rows[0][0]
                                                                               : nullptr;
  if (bound == nullptr) return error(ErrorCode::kFeatureNotSupported, "EXECUTE parameters must be simple expressions");
  TROUPE_ASSIGN_OR_RETURN(const Program program, Program::compile(bound));
  EvalInput input;
  input.rows = 1;
  input.context = &eval_;
  return program.run_once(input);
}

absl::Status Backend::run_discard(const sql::DiscardStatement& statement, std::string* tag) {
  using Target = sql::DiscardStatement::Target;
  switch (statement.target) {
    case Target::kAll:
      if (transaction_.state().in_block()) {
        return error(ErrorCode::kActiveSqlTransaction, "DISCARD ALL cannot run inside a transaction block");
      }
      portals_.clear();
      prepared_.clear();
      sequences_.forget_all();
      batches_.clear();
      transaction_.advisory_locks().unlock_all();
      transaction_.notifications().unlisten_all();
      parameters_.reset_all();
      for (const std::string_view name : {"session_authorization", "role"}) {
        TROUPE_RETURN_IF_ERROR(parameters_.reset(name, SetOptions{}));
      }
      follow_roles();
      *tag = "DISCARD ALL";
      return absl::OkStatus();
    case Target::kSequences:
      sequences_.forget_all();
      *tag = "DISCARD SEQUENCES";
      return absl::OkStatus();
    case Target::kPlans:
      for (auto& [name, prepared] : prepared_) prepared->plan = nullptr;
      *tag = "DISCARD PLANS";
      return absl::OkStatus();
    case Target::kTemporary: *tag = "DISCARD TEMP"; return absl::OkStatus();  // dropped by run_utility()
  }
  return absl::OkStatus();
}

}  // namespace troupe
