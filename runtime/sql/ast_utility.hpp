#pragma once
/// Transactions, settings, prepared statements, cursors, maintenance, notifications, and our SUBSCRIBE.
#include "runtime/sql/ast_ddl.hpp"

namespace troupe::sql {

enum class TransactionVerb : uint8_t {
  kBegin, kStart, kCommit, kRollback, kSavepoint, kRelease, kRollbackTo, kPrepare, kCommitPrepared, kRollbackPrepared,
};
struct TransactionStatement : Statement {
  static constexpr auto kKind = NodeKind::kTransaction;
  TransactionVerb verb{};
  bool chain = false;
  std::string_view name;  ///< savepoint, or global transaction id
  /// transaction_isolation (kString), transaction_read_only, transaction_deferrable (kBoolean)
  List<const Option*> modes;
};

struct SetStatement : Statement {
  static constexpr auto kKind = NodeKind::kSet;
  enum class Action : uint8_t {
    kSet,          ///< name = values
    kDefault,      ///< SET name TO DEFAULT
    kFromCurrent,  ///< SET name FROM CURRENT
    kReset,        ///< RESET name
    kResetAll,
    kTransaction,             ///< SET TRANSACTION: modes
    kTransactionSnapshot,     ///< SET TRANSACTION SNAPSHOT: values[0]
    kSessionCharacteristics,  ///< SET SESSION CHARACTERISTICS AS TRANSACTION: modes
  };
  Action action{};
  bool local = false;
  /// Lower case, parts joined by dots. TIME ZONE is `timezone`, NAMES `client_encoding`, SCHEMA `search_path`, SESSION
  /// AUTHORIZATION `session_authorization`, XML OPTION `xmloption`.
  std::string_view name;
  ExprList values;  ///< Literals; for TIME ZONE INTERVAL a CastExpr
  List<const Option*> modes;
};
struct ShowStatement : Statement {
  static constexpr auto kKind = NodeKind::kShow;
  std::string_view name;  ///< `all` for SHOW ALL
};
/// SET CONSTRAINTS
struct SetConstraintsStatement : Statement {
  static constexpr auto kKind = NodeKind::kSetConstraints;
  List<const TableRef*> constraints;  ///< empty: ALL
  bool deferred = false;
};
struct AlterSystemStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterSystem;
  const SetStatement* setting = nullptr;
};

struct PrepareStatement : Statement {
  static constexpr auto kKind = NodeKind::kPrepare;
  std::string_view name;
  List<const TypeName*> types;
  const Statement* query = nullptr;
  uint32_t query_begin = 0;  ///< the query's text
  uint32_t query_end = 0;
};
struct ExecuteStatement : Statement {
  static constexpr auto kKind = NodeKind::kExecute;
  std::string_view name;
  ExprList arguments;
};
struct DeallocateStatement : Statement {
  static constexpr auto kKind = NodeKind::kDeallocate;
  std::string_view name;  ///< empty: ALL
};

struct DeclareCursorStatement : Statement {
  static constexpr auto kKind = NodeKind::kDeclareCursor;
  enum class Scroll : uint8_t { kDefault, kScroll, kNoScroll };
  std::string_view name;
  bool binary = false;
  bool insensitive = false;
  bool asensitive = false;
  Scroll scroll = Scroll::kDefault;
  bool hold = false;
  const SelectStatement* query = nullptr;
};
enum class FetchDirection : uint8_t { kForward, kBackward, kAbsolute, kRelative };
/// NEXT is forward 1, PRIOR backward 1, FIRST absolute 1, LAST absolute -1, ALL kFetchAll.
struct FetchStatement : Statement {
  static constexpr auto kKind = NodeKind::kFetch;
  static constexpr int64_t kFetchAll = INT64_MAX;
  FetchDirection direction = FetchDirection::kForward;
  int64_t count = 1;
  std::string_view cursor;
  bool move = false;
};
struct CloseStatement : Statement {
  static constexpr auto kKind = NodeKind::kClose;
  std::string_view cursor;  ///< empty: ALL
};

struct ExplainStatement : Statement {
  static constexpr auto kKind = NodeKind::kExplain;
  List<const Option*> options;  ///< EXPLAIN ANALYZE VERBOSE arrives as options without values
  const Statement* query = nullptr;
};

struct VacuumTarget : Node {
  static constexpr auto kKind = NodeKind::kVacuumTarget;
  const TableRef* table = nullptr;
  List<std::string_view> columns;
};
struct VacuumStatement : Statement {
  static constexpr auto kKind = NodeKind::kVacuum;
  bool analyze_only = false;  ///< ANALYZE rather than VACUUM
  List<const Option*> options;
  List<const VacuumTarget*> targets;
};
struct ReindexStatement : Statement {
  static constexpr auto kKind = NodeKind::kReindex;
  enum class Target : uint8_t { kIndex, kTable, kSchema, kSystem, kDatabase };
  Target target{};
  const TableRef* relation = nullptr;
  std::string_view name;  ///< schema or database; may be empty
  List<const Option*> options;  ///< verbose, concurrently, tablespace
};
struct ClusterStatement : Statement {
  static constexpr auto kKind = NodeKind::kCluster;
  const TableRef* table = nullptr;
  std::string_view index;
  List<const Option*> options;
};

enum class LockMode : uint8_t {
  kAccessShare = 1, kRowShare, kRowExclusive, kShareUpdateExclusive, kShare, kShareRowExclusive, kExclusive,
  kAccessExclusive,
};
struct LockTableStatement : Statement {
  static constexpr auto kKind = NodeKind::kLockTable;
  List<const TableRef*> tables;
  LockMode mode = LockMode::kAccessExclusive;
  bool no_wait = false;
};

struct ListenStatement : Statement {
  static constexpr auto kKind = NodeKind::kListen;
  std::string_view channel;
};
struct NotifyStatement : Statement {
  static constexpr auto kKind = NodeKind::kNotify;
  std::string_view channel;
  std::string_view payload;
};
struct UnlistenStatement : Statement {
  static constexpr auto kKind = NodeKind::kUnlisten;
  std::string_view channel;  ///< empty: *
};
struct DiscardStatement : Statement {
  static constexpr auto kKind = NodeKind::kDiscard;
  enum class Target : uint8_t { kAll, kPlans, kSequences, kTemporary };
  Target target{};
};
struct CheckpointStatement : Statement {
  static constexpr auto kKind = NodeKind::kCheckpoint;
};
struct LoadStatement : Statement {
  static constexpr auto kKind = NodeKind::kLoad;
  std::string_view file;
};

/// SUBSCRIBE TO t [, …] [FROM 'token']: the changes of these tables, from a resume token on.
struct SubscribeStatement : Statement {
  static constexpr auto kKind = NodeKind::kSubscribe;
  List<const TableRef*> tables;
  bool has_token = false;
  std::string_view token;
};

}  // namespace troupe::sql
