/// PREPARE TRANSACTION, COMMIT PREPARED and ROLLBACK PREPARED.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {

absl::Status Backend::check_preparable() const {
  const auto is_held = [](const auto& entry) { return entry.second->hold && !entry.second->survives; };
  if (std::any_of(portals_.begin(), portals_.end(), is_held)) {
    return error(ErrorCode::kFeatureNotSupported, "cannot PREPARE a transaction that has created a cursor WITH HOLD");
  }
  return transaction_.check_preparable();
}

Task<absl::Status> Backend::run_prepare_transaction(const sql::TransactionStatement& statement, std::string* tag) {
  const Transaction& transaction = transaction_.state();
  *tag = "ROLLBACK";
  if (!transaction.in_block()) {
    send_notice(error(ErrorCode::kNoActiveSqlTransaction, "there is no transaction in progress"), Severity::kWarning);
    co_return absl::OkStatus();
  }
  if (transaction.status() == Transaction::Status::kFailed) {
    auto ending = end_transaction(false);
    co_return co_await ending;
  }
  auto claim = services_.prepared.claim_new(statement.name);
  if (!claim.ok()) {
    auto ending = end_transaction(false);
    co_await ending;
    co_return claim.status();
  }
  auto preparing = end_transaction(true, &*claim);
  const absl::Status status = co_await preparing;
  *tag = "PREPARE TRANSACTION";
  co_return status;
}

Task<absl::Status> Backend::finish_prepared(const sql::TransactionStatement& statement, std::string* tag) {
  const bool commit = statement.verb == sql::TransactionVerb::kCommitPrepared;
  *tag = commit ? "COMMIT PREPARED" : "ROLLBACK PREPARED";
  const Transaction& transaction = transaction_.state();
  if (const absl::Status usable = transaction.check_usable(); !usable.ok()) co_return usable;
  if (transaction.in_block() || transaction.implicit_block()) {
    co_return error(ErrorCode::kActiveSqlTransaction, *tag, " cannot run inside a transaction block");
  }
  const PreparedActor who{role_, is_superuser(*transaction_.catalog(), role_), database_oid()};
  auto claim = services_.prepared.claim(statement.name, who);
  if (!claim.ok()) co_return claim.status();
  auto finishing = transaction_.finish_prepared(*std::move(claim), commit);
  co_return co_await finishing;
}

}  // namespace troupe
