#pragma once
/// Streams, their consumer groups, and what reads from them. None of it is in PostgreSQL.
#include "runtime/sql/ast_ddl.hpp"
#include "runtime/sql/ast_select.hpp"

namespace troupe::sql {

struct StreamedTableNode : Node {
  static constexpr auto kKind = NodeKind::kStreamedTable;
  const TableRef* table = nullptr;
  List<std::string_view> columns;
};
/// CREATE STREAM s ON t [(columns)] [, …] [WHERE predicate] [WITH (…)]
struct CreateStreamStatement : Statement {
  static constexpr auto kKind = NodeKind::kCreateStream;
  bool if_not_exists = false;
  const TableRef* stream = nullptr;
  List<const StreamedTableNode*> tables;
  const Expr* where = nullptr;
  List<const Option*> options;
};
/// ALTER STREAM s SET (…) | RESET (…)
struct AlterStreamStatement : Statement {
  static constexpr auto kKind = NodeKind::kAlterStream;
  const TableRef* stream = nullptr;
  bool reset = false;
  List<const Option*> options;
};

/// Where reading begins.
struct StreamStart {
  enum class Type : uint8_t { kUnsaid, kEarliest, kLatest, kSnapshot, kToken, kScn, kTimestamp };
  Type type{};
  std::string_view text;  ///< the token, number or time
};
/// CREATE, ALTER and DROP CONSUMER GROUP g ON s
struct ConsumerGroupStatement : Statement {
  static constexpr auto kKind = NodeKind::kConsumerGroup;
  enum class Action : uint8_t { kCreate, kSeek, kOptions, kDrop };
  Action action{};
  bool if_exists = false;  ///< or IF NOT EXISTS
  std::string_view group;
  const TableRef* stream = nullptr;
  StreamStart start;
  List<const Option*> options;
};

/// SUBSCRIBE TO STREAM s [SNAPSHOT | FROM …] [WITH (…)]
struct SubscribeStreamStatement : Statement {
  static constexpr auto kKind = NodeKind::kSubscribeStream;
  const TableRef* stream = nullptr;
  StreamStart start;
  List<const Option*> options;
};
/// CONSUME n FROM s GROUP g [MEMBER 'm'] [WAIT 'interval']
struct ConsumeStatement : Statement {
  static constexpr auto kKind = NodeKind::kConsume;
  int32_t count = 0;
  const TableRef* stream = nullptr;
  std::string_view group;
  std::string_view member;  ///< empty: the session
  bool has_wait = false;
  std::string_view wait;
};
/// ACKNOWLEDGE | REJECT s GROUP g [BATCH 'b'] [UPTO 'token'] | [REASON 'text']
struct AcknowledgeStatement : Statement {
  static constexpr auto kKind = NodeKind::kAcknowledge;
  bool reject = false;
  const TableRef* stream = nullptr;
  std::string_view group;
  std::string_view batch;  ///< empty: what the session consumed last
  bool has_token = false;
  std::string_view token;
  std::string_view reason;
};

}  // namespace troupe::sql
