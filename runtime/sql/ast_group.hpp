#pragma once
/// What statements about consumer groups, webhooks and subscriptions say beyond their plain forms (ast_stream.hpp,
/// ast_utility.hpp). The parser makes no others of their kinds.
#include <optional>

#include "runtime/sql/ast_stream.hpp"
#include "runtime/sql/ast_utility.hpp"

namespace troupe::sql {

/// CREATE, ALTER and DROP CONSUMER GROUP g ON s, and the same of WEBHOOK w ON STREAM s, which is a group that the node
/// reads.
struct GroupOrWebhookStatement final : ConsumerGroupStatement {
  bool webhook = false;
  std::string_view url;           ///< of a webhook; empty: unsaid
  std::optional<bool> enabled;    ///< of a webhook: ENABLE, DISABLE
  bool discards = false;          ///< ALTER ... DISCARD DEAD LETTERS:
  List<std::string_view> tokens;  ///< these; none: all
};

/// … [PARTITION n] of ACKNOWLEDGE and REJECT, … [UPTO 'token'] [AFTER 'interval'] of REJECT
struct AnswerStatement final : AcknowledgeStatement {
  int32_t partition = -1;  ///< -1: all of the batch
  bool has_pause = false;
  std::string_view pause;  ///< it is not to be delivered again before that
};

/// SUBSCRIBE TO t [, …] [WHERE condition] [FROM 'token'] [WITH (…)]
struct SubscribeTablesStatement final : SubscribeStatement {
  const Expr* where = nullptr;
  List<const Option*> options;
};

}  // namespace troupe::sql
