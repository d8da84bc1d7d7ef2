/// Who and where the session is, its settings, the server's state, and signals to other sessions.
#include "runtime/plan/bound_query.hpp"
#include "runtime/types/encoding.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/row_writer.hpp"
#include "runtime/system/session_function.hpp"
#include "runtime/types/datetime.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

// --- names ---

std::string version(SystemSession& session) {
  // Drivers read the number after "PostgreSQL".
  return cat("PostgreSQL ", *session.parameters().show("server_version"), " (Troupe ",
             *session.parameters().show("troupe_version"), ") on x86_64-pc-linux-gnu, 64-bit");
}
std::string current_database(SystemSession& session) { return session.database_name(); }
OptionalText current_schema(SystemSession& session) {
  const auto names = search_schema_names(*session.catalog(), *session.parameters().snapshot().search_path,
                                         session.user_name(), /*implicit=*/false);
  return names.empty() ? std::nullopt : OptionalText(names.front());
}
std::string current_schemas(SystemSession& session, bool implicit) {
  return name_array(search_schema_names(*session.catalog(), *session.parameters().snapshot().search_path,
                                        session.user_name(), implicit))
      .string();
}

// --- settings ---

absl::StatusOr<OptionalText> current_setting(SystemSession& session, std::string_view name) {
  TROUPE_ASSIGN_OR_RETURN(std::string value, session.parameters().show(name));
  return OptionalText(std::move(value));
}
absl::StatusOr<OptionalText> current_setting_if_known(SystemSession& session, std::string_view name, bool missing_ok) {
  auto value = session.parameters().show(name);
  if (!value.ok() && missing_ok) return OptionalText();
  if (!value.ok()) return value.status();
  return OptionalText(*std::move(value));
}
absl::StatusOr<std::string> set_config(SystemSession& session, std::string_view name, std::string_view value,
                                       bool local) {
  TROUPE_RETURN_IF_ERROR(session.set_parameter(name, value, local));
  return session.parameters().show(name);
}

// --- encodings ---

std::string encoding_to_char(int32_t encoding) { return std::string(encoding_name(encoding)); }
int32_t char_to_encoding(std::string_view name) { return find_encoding(name).value_or(-1); }
std::string database_encoding(SystemSession&) { return "UTF8"; }
std::string client_encoding(SystemSession& session) { return *session.parameters().show("client_encoding"); }

// --- server ---

int32_t backend_pid(SystemSession& session) { return session.process_id(); }
bool is_in_recovery(SystemSession& session) { return session.in_recovery(); }
int64_t started_at(SystemSession& session) { return timestamp_of_unix_us(session.started_us()); }
int64_t configuration_loaded_at(SystemSession& session) {
  return timestamp_of_unix_us(session.configuration_loaded_us());
}
absl::StatusOr<std::optional<std::string>> inet_bytes(const std::string& address) {
  if (address.empty()) return std::optional<std::string>();
  TROUPE_ASSIGN_OR_RETURN(const Value value, parse_text(Type{oid::kInet}, address, EvalContext{}));
  return std::optional(value.string());
}
absl::StatusOr<std::optional<std::string>> server_address(SystemSession& s) { return inet_bytes(s.server_address()); }
absl::StatusOr<std::optional<std::string>> client_address(SystemSession& s) { return inet_bytes(s.client_address()); }
std::optional<int32_t> unless_zero(int32_t port) { return port == 0 ? std::nullopt : std::optional(port); }
std::optional<int32_t> server_port(SystemSession& session) { return unless_zero(session.server_port()); }
std::optional<int32_t> client_port(SystemSession& session) { return unless_zero(session.client_port()); }
int64_t no_temp_schema(SystemSession&) { return 0; }
bool is_other_temp_schema(SystemSession&, int64_t) { return false; }

// --- transactions ---

absl::StatusOr<int64_t> transaction_id(SystemSession& session) {
  TROUPE_ASSIGN_OR_RETURN(const TxnId id, session.transaction_id());
  return static_cast<int64_t>(id);
}
std::optional<int64_t> transaction_id_if_assigned(SystemSession& session) {
  const auto id = session.transaction_id_if_assigned();
  return id ? std::optional(static_cast<int64_t>(*id)) : std::nullopt;
}

absl::StatusOr<std::string> export_snapshot(SystemSession& session) { return session.export_snapshot(); }

absl::StatusOr<OptionalText> current_row(SystemSession& session, std::string_view cursor, int64_t table) {
  return session.current_row(cursor, static_cast<Oid>(table));
}

// --- signals ---

absl::StatusOr<bool> cancel_backend(SystemSession& session, int32_t process_id) {
  return session.cancel_session(process_id);
}
absl::StatusOr<bool> terminate_backend(SystemSession& session, int32_t process_id) {
  return session.terminate_session(process_id);
}
/// Does not wait for the end of the session: `timeout` is taken as the longest that the caller would wait.
absl::StatusOr<bool> terminate_backend_within(SystemSession& session, int32_t process_id, int64_t) {
  return session.terminate_session(process_id);
}
std::string sleep_for(SystemSession& session, double seconds) {
  session.sleep_for(seconds);
  return {};  // void
}
std::string current_token(SystemSession& session) { return session.current_token(); }
absl::StatusOr<bool> kill_actor(SystemSession& session, int64_t actor) {
  if (!session.is_superuser()) {
    return error(ErrorCode::kInsufficientPrivilege, "must be superuser to kill an actor");
  }
  return session.kill_actor(static_cast<uint64_t>(actor));
}

}  // namespace

void register_session_functions(SessionFunctions& to) {
  using namespace oid;
  to.add<version>("version", {}, kText);
  to.add<current_database>("current_database", {}, kName);
  to.add<current_schema>("current_schema", {}, kName);
  to.add<current_schemas>("current_schemas", {kBool}, kNameArray);
  to.add<current_setting>("current_setting", {kText}, kText);
  to.add<current_setting_if_known>("current_setting", {kText, kBool}, kText);
  to.add<set_config>("set_config", {kText, kText, kBool}, kText, Volatility::kVolatile);
  to.add_pure<encoding_to_char>("pg_encoding_to_char", {kInt4}, kName);
  to.add_pure<char_to_encoding>("pg_char_to_encoding", {kName}, kInt4);
  to.add<database_encoding>("getdatabaseencoding", {}, kName);
  to.add<client_encoding>("pg_client_encoding", {}, kName);
  to.add<backend_pid>("pg_backend_pid", {}, kInt4);
  to.add<is_in_recovery>("pg_is_in_recovery", {}, kBool, Volatility::kVolatile);
  to.add<started_at>("pg_postmaster_start_time", {}, kTimestamptz);
  to.add<configuration_loaded_at>("pg_conf_load_time", {}, kTimestamptz);
  to.add<server_address>("inet_server_addr", {}, kInet);
  to.add<client_address>("inet_client_addr", {}, kInet);
  to.add<server_port>("inet_server_port", {}, kInt4);
  to.add<client_port>("inet_client_port", {}, kInt4);
  to.add<no_temp_schema>("pg_my_temp_schema", {}, kOid);
  to.add<is_other_temp_schema>("pg_is_other_temp_schema", {kOid}, kBool);
  to.add<export_snapshot>("pg_export_snapshot", {}, kText, Volatility::kVolatile);
  to.add<transaction_id>("txid_current", {}, kInt8);
  to.add<transaction_id>("pg_current_xact_id", {}, kXid8);
  to.add<transaction_id_if_assigned>("txid_current_if_assigned", {}, kInt8);
  to.add<transaction_id_if_assigned>("pg_current_xact_id_if_assigned", {}, kXid8);
  to.add<cancel_backend>("pg_cancel_backend", {kInt4}, kBool, Volatility::kVolatile);
  to.add<terminate_backend>("pg_terminate_backend", {kInt4}, kBool, Volatility::kVolatile);
  to.add<terminate_backend_within>("pg_terminate_backend", {kInt4, kInt8}, kBool, Volatility::kVolatile);
  to.add<sleep_for>("pg_sleep", {kFloat8}, oid::kVoid, Volatility::kVolatile);
  to.add<current_row>(kCurrentRowFunction, {kText, kOid}, kBytea, Volatility::kVolatile);
  to.add<kill_actor>("kill_actor", {kInt8}, kBool, Volatility::kVolatile);
  to.add<current_token>("current_token", {}, kText, Volatility::kVolatile);
}

}  // namespace troupe
