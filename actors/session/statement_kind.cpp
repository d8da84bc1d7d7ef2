#include "actors/session/statement_kind.hpp"

namespace troupe {

using sql::NodeKind;

namespace {

/// Its definition is rows of tables, and another server may have to be asked.
bool is_of_subscription(const sql::Statement& statement) {
  switch (statement.kind) {
    case NodeKind::kDrop: return statement.to<sql::DropStatement>().object == sql::ObjectKind::kSubscription;
    case NodeKind::kRename: return statement.to<sql::RenameStatement>().object == sql::ObjectKind::kSubscription;
    case NodeKind::kAlterOwner:
      return statement.to<sql::AlterOwnerStatement>().target->object == sql::ObjectKind::kSubscription;
    default: return false;
  }
}

}  // namespace

bool is_utility(const sql::Statement& statement) {
  if (is_of_subscription(statement)) return true;
  switch (statement.kind) {
    case NodeKind::kAlterDatabase: return statement.to<sql::AlterDatabaseStatement>().setting != nullptr;
    case NodeKind::kAlterRoleSet:
    case NodeKind::kCreateSubscription:
    case NodeKind::kAlterSubscription:
    case NodeKind::kTransaction:
    case NodeKind::kSet:
    case NodeKind::kShow:
    case NodeKind::kPrepare:
    case NodeKind::kExecute:
    case NodeKind::kDeallocate:
    case NodeKind::kDeclareCursor:
    case NodeKind::kFetch:
    case NodeKind::kClose:
    case NodeKind::kVacuum:
    case NodeKind::kLockTable:
    case NodeKind::kListen:
    case NodeKind::kNotify:
    case NodeKind::kUnlisten:
    case NodeKind::kDiscard:
    case NodeKind::kCheckpoint:
    case NodeKind::kCopy:
    case NodeKind::kSubscribe:
    case NodeKind::kSubscribeStream:
    case NodeKind::kConsume:
    case NodeKind::kAcknowledge:
    case NodeKind::kReindex:
    case NodeKind::kCluster:
    case NodeKind::kSetConstraints:
    case NodeKind::kLoad:
    case NodeKind::kAlterSystem:
    case NodeKind::kDo: return true;
    default: return false;
  }
}

bool is_definition(const sql::Statement& statement) {
  switch (statement.kind) {
    case NodeKind::kSelect: return statement.to<sql::SelectStatement>().into != nullptr;
    case NodeKind::kInsert:
    case NodeKind::kUpdate:
    case NodeKind::kDelete:
    case NodeKind::kMerge:
    case NodeKind::kCall:
    case NodeKind::kExplain: return false;
    default: return !is_utility(statement);
  }
}

bool makes_temporary(const sql::Statement& statement) {
  const auto is = [](sql::Persistence persistence) { return persistence == sql::Persistence::kTemporary; };
  switch (statement.kind) {
    case NodeKind::kCreateTable: return is(statement.to<sql::CreateTableStatement>().persistence);
    case NodeKind::kCreateTableAs: return is(statement.to<sql::CreateTableAsStatement>().into->persistence);
    case NodeKind::kCreateView: return is(statement.to<sql::CreateViewStatement>().persistence);
    case NodeKind::kCreateSequence: return is(statement.to<sql::CreateSequenceStatement>().persistence);
    case NodeKind::kSelect: {
      const sql::IntoClause* into = statement.to<sql::SelectStatement>().into;
      return into != nullptr && is(into->persistence);
    }
    default: return false;
  }
}

bool ends_transaction(const sql::Statement& statement) {
  const auto* transaction = statement.as<sql::TransactionStatement>();
  if (transaction == nullptr) return false;
  switch (transaction->verb) {
    case sql::TransactionVerb::kCommit:
    case sql::TransactionVerb::kRollback:
    case sql::TransactionVerb::kRollbackTo:
    case sql::TransactionVerb::kPrepare: return true;
    default: return false;
  }
}

const sql::ExecuteStatement* explained_execute(const sql::Statement& statement) {
  const auto* explain = statement.as<sql::ExplainStatement>();
  return explain == nullptr ? nullptr : explain->query->as<sql::ExecuteStatement>();
}

bool reads_or_writes(StatementKind kind) {
  return kind == StatementKind::kSelect || kind == StatementKind::kInsert || kind == StatementKind::kUpdate ||
         kind == StatementKind::kDelete || kind == StatementKind::kMerge;
}

}  // namespace troupe
