#pragma once
/// One client's side of the server: the protocol, its prepared statements and portals, its transaction. Pure: it sends
/// through a SessionHost and hears from it, and reads and writes through a Transport, so that a test or the simulator
/// can be both.
/// Owner: one session actor; everything happens on its cell. The life of a backend is one coroutine (serve()), which
/// waits for input or for answers; at most one statement runs at a time.
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/services.hpp"
#include "actors/session/portal.hpp"
#include "actors/session/sequence_cache.hpp"
#include "actors/session/session_data.hpp"
#include "actors/session/session_host.hpp"
#include "actors/session/session_transaction.hpp"
#include "actors/session/transport.hpp"
#include "runtime/exec/task.hpp"
#include "runtime/protocol/backend_writer.hpp"
#include "runtime/protocol/frontend_reader.hpp"
#include "runtime/settings/session_settings.hpp"

namespace troupe {

class Backend final : public TransportEvents {
 public:
  Backend(NodeServices& services, SessionHost& host, std::shared_ptr<Transport> transport, SessionInfoPtr info);
  ~Backend() override;

  /// Begins to serve. After every call into a backend, ask failed().
  void start();

  // From the transport.
  std::span<char> read_room() override { return reader_.prepare(); }
  void on_received(size_t size) override;
  void on_sent() override;
  void on_closed() override;

  // From the host.
  void on_read_result(ReadResultFrame frame) { data_.on_read_result(std::move(frame)); }
  void on_write_result(WriteResultFrame frame) { data_.on_write_result(std::move(frame)); }
  void on_prepared(TxnId txn, PartitionId partition, FrameBytes redo, const std::string& error);
  void on_committed(TxnId txn, Scn scn, const std::string& error);
  void on_granted(uint64_t request, const std::string& error);
  void on_sequence(uint64_t request, int64_t first, uint32_t count, const std::string& error);
  void on_turn() { data_.on_turn(); }
  void on_lost(LostPart part, uint32_t index, uint64_t incarnation);
  /// Ends the running statement, if there is one.
  void on_cancel(const std::string& encoded_error);
  /// Ends the session with a FATAL error.
  void on_end(const std::string& encoded_error);
  /// Once in a while: timeouts.
  void on_tick(int64_t now_us);

  /// What ended the coroutine abnormally (a failed CHECK), to be thrown where the actor's supervisor learns of it.
  std::exception_ptr failed();
  bool over() const { return serve_.done(); }

 private:
  enum class Flow : uint8_t { kContinue, kEnd };

  // backend.cpp: the connection's life.
  Task<void> serve();
  Task<Flow> start_up();
  Task<Flow> accept_start_up(const StartupMessage& startup);
  void greet();
  Task<Flow> handle(FrontendMessage& message);
  /// The next message, after flushing; false when the client is gone.
  Task<bool> next_message(FrontendMessage* message);
  Task<void> flush();
  Task<void> flush_if_large();
  void send_error(const absl::Status& status, Severity severity = Severity::kError);
  void send_notice(const absl::Status& status, Severity severity = Severity::kNotice);
  void ready_for_query();
  void clean_up();
  void cancel_other(const CancelRequest& request);

  // backend_simple.cpp: the simple protocol.
  Task<Flow> on_query(std::string_view sql);
  Task<absl::Status> run_simple(const sql::ParsedSqlPtr& parsed, const sql::RawStatement& raw, bool implicit_block);

  // backend_extended.cpp: the extended protocol.
  Task<absl::Status> on_parse(const ParseMessage& message);
  Task<absl::Status> on_bind(const BindMessage& message);
  Task<absl::Status> on_describe(const DescribeMessage& message);
  Task<absl::Status> on_execute(const ExecuteMessage& message);
  absl::Status on_close(const CloseMessage& message);
  Task<absl::Status> on_sync();

  // backend_statement.cpp: from syntax tree to rows.
  absl::StatusOr<StatementPlanPtr> plan_statement(Prepared& prepared);
  Task<absl::Status> describe_prepared(Prepared& prepared);
  Task<absl::Status> run_portal(Portal& portal, int64_t rows_max, bool* suspended);
  Task<absl::Status> run_planned(Portal& portal, int64_t rows_max, bool* suspended);
  Task<absl::Status> begin_statement(const StatementPlan* plan, std::string_view text);
  Task<absl::Status> end_statement(absl::Status status);
  Task<absl::Status> run_explain(Portal& portal);
  void send_row_description(const std::vector<OutputColumn>& columns, const std::vector<bool>& binary);

  // backend_utility.cpp: statements without a plan.
  Task<absl::Status> run_utility(Portal& portal);
  Task<absl::Status> run_transaction_statement(const sql::TransactionStatement& statement, std::string* tag);
  absl::Status run_set(const sql::SetStatement& statement, std::string* tag);
  Task<absl::Status> run_show(const sql::ShowStatement& statement, Portal& portal);
  Task<absl::Status> run_vacuum(const sql::VacuumStatement& statement, std::string* tag);

  // backend_ddl.cpp
  Task<absl::Status> run_ddl(Portal& portal, const StatementPlan& plan);
  Task<absl::Status> perform(const DdlAction& action);

  // backend_copy.cpp
  Task<absl::Status> run_copy(const sql::CopyStatement& statement, std::string_view text, std::string* tag);

  // backend_subscribe.cpp
  Task<absl::Status> run_subscribe(const sql::SubscribeStatement& statement);

  NodeServices& services_;
  SessionHost& host_;
  std::shared_ptr<Transport> transport_;
  SessionInfoPtr info_;

  FrontendReader reader_;
  BackendWriter writer_;
  ReplySignal input_;   ///< bytes came, the client went, or the session is to end
  ReplySignal sent_;
  bool sending_ = false;
  bool closed_ = false;
  bool skip_to_sync_ = false;
  bool executing_ = false;
  absl::Status end_reason_;  ///< not OK: leave as soon as possible

  SessionData data_;
  SequenceCache sequences_;
  SessionTransaction transaction_;
  SessionSettingsStack settings_;
  EvalContext eval_;
  Random random_;

  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> prepared_;
  std::shared_ptr<Prepared> unnamed_;
  std::map<std::string, std::unique_ptr<Portal>, std::less<>> portals_;

  Task<void> serve_;
};

}  // namespace troupe
