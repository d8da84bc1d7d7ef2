#pragma once
/// A client of this node inside this node: what speaks SQL for others (HTTP) or for itself (pipelines). It has a
/// session like any client's, with that one's rights, limits and timeouts: in pg_stat_activity, counted, killable.
///
/// For an actor that is pinned to a cell. The session lives on the same cell, and everything here happens there:
///
///   Pipeline::Pipeline(...) : client_{*this, [self = address()] {          // this: LocalClientEvents
///       if (const auto actor = caf::actor_cast<PipelineActor>(self)) caf::anon_send(actor, turn_atom::value); }} {}
///   ... make_behavior(): [this](turn_atom) { client_.run(); }              // calls back: on_row() ...
///   ... client_.connect(node, *pinned(), {.user = owner, .database = database, .known = as_the_node(owner)});
///   ... client_.execute("SELECT a FROM t WHERE b > $1", {"5"});            // queues; answers come in order
///
/// Nothing is called back outside run(), so there is no surprise in the middle of a handler. What is asked for before
/// on_ready() is said once the session is there. After on_closed() nothing comes any more; connect() begins anew.
/// A client that goes (or whose actor is killed: clear it in on_exit()) ends its session, as a lost connection does.
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <caf/execution_unit.hpp>

#include "actors/node/node_context.hpp"
#include "actors/session/local_transport.hpp"
#include "runtime/protocol/backend_message.hpp"
#include "runtime/protocol/frontend_writer.hpp"
#include "runtime/security/scram.hpp"

namespace troupe {

struct LocalLogin {
  std::string user;
  std::string database;
  std::string application_name;
  std::vector<FrontendWriter::Setting> settings;  ///< further parameters to start with
  std::string password;                           ///< said if the access rules ask for one
  LocalPeer peer;
};

/// The node itself works in the role's name: no rule, no LOGIN and no CONNECT is asked for. Only for what the role has
/// made or asked for, never for somebody who only says that they are it.
inline std::shared_ptr<const KnownClient> as_the_node(std::string role) {
  return std::make_shared<const KnownClient>(KnownClient{std::move(role), true});
}
/// They have shown a password of the role before. The access rules still say whether they may come in.
inline std::shared_ptr<const KnownClient> known_by_password(std::string role) {
  return std::make_shared<const KnownClient>(KnownClient{std::move(role), false});
}

/// What a session answers; from inside LocalClient::run() only. Views end with the call.
class LocalClientEvents {
 public:
  virtual ~LocalClientEvents() = default;
  /// Logged in, or the answer to a query() or execute() is complete. 'I': no transaction, 'T': in one, 'E': in one that
  /// failed.
  virtual void on_ready(char transaction) = 0;
  virtual void on_columns(std::span<const ColumnDescriptor>) {}
  virtual void on_row(const DataRow&) {}
  /// A statement's end: "INSERT 0 5".
  virtual void on_complete(std::string_view) {}
  /// on_ready() follows, or on_closed() when the report ends the session.
  virtual void on_error(const ServerReport& report) = 0;
  virtual void on_notice(const ServerReport&) {}
  virtual void on_closed() = 0;
};

class LocalClient {
 public:
  /// `wake` is called from any thread when there is something to do for run(); see above.
  LocalClient(LocalClientEvents& events, std::function<void()> wake) : events_{events}, wake_{std::move(wake)} {}
  ~LocalClient() { hang_up(); }
  LocalClient(const LocalClient&) = delete;
  LocalClient& operator=(const LocalClient&) = delete;

  /// Begins a session on `unit`, which is the caller's own.
  void connect(NodeContext& node, caf::execution_unit& unit, const LocalLogin& login);
  bool connected() const { return pipe_ != nullptr; }

  /// Statements with semicolons between them, as the simple protocol has it.
  void query(std::string_view sql);
  /// One statement; its columns come before its rows.
  void execute(std::string_view sql, std::span<const TextValue> parameters);
  void execute(std::string_view sql, std::initializer_list<TextValue> parameters) {
    execute(sql, std::span(parameters.begin(), parameters.size()));
  }
  /// Kept under the name until the session ends or forget() is called; on_ready() follows.
  void prepare(std::string_view name, std::string_view sql);
  void execute_prepared(std::string_view name, std::span<const TextValue> parameters);
  void forget(std::string_view name);

  /// Paused, nothing is called back; the session waits once a window is full (LocalPipe::kWindowBytes).
  void pause(bool paused);
  /// Ends the statement that runs, with 57014.
  void cancel();
  /// Ends the session once it has done what was asked for; on_closed() follows.
  void close();
  /// At once; nothing is called back any more. Ends the views of a call back that it is called from.
  void hang_up();

  /// Calls back with what has come. Must not be called from inside a call back, nor may the client be destroyed there.
  void run();

 private:
  void say_all();
  void handle(const BackendMessage& message);
  void handle_authentication(std::string_view body);

  LocalClientEvents& events_;
  const std::function<void()> wake_;
  NodeContext* node_ = nullptr;
  std::shared_ptr<LocalPipe> pipe_;
  FrontendWriter writer_;
  OutputBuffer later_;  ///< asked for before the session was there
  BackendReader reader_;
  std::string password_;
  std::optional<ScramClient> scram_;
  int32_t process_id_ = 0;
  bool logged_in_ = false;
  bool paused_ = false;
};

}  // namespace troupe
