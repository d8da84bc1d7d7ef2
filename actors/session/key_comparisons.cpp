/// KeyChecks: rows that must not be like others, when the statement or the transaction is done. Whoever brings a row
/// locks what it has in common with all rows that it could be like, so that of two transactions the second sees what
/// the first did.
#include "actors/session/backend.hpp"
#include "actors/session/compared_rows.hpp"
#include "actors/session/key_checks.hpp"

namespace troupe {
namespace {

/// Of more keys than that, in a statement or in all of the transaction, the whole constraint is locked.
constexpr size_t kKeysLockedMax = 256;
constexpr size_t kKeysHeldMax = 1'024;

/// Of the rows that are like the keys the first that makes one too many; null: none does.
const AlikeRow* find_violation(const std::vector<AlikeRow>& rows) {
  for (size_t begin = 0; begin < rows.size();) {
    size_t end = begin;
    const AlikeRow* other = &rows[begin];
    for (; end < rows.size() && rows[end].ordinal == rows[begin].ordinal; ++end) {
      if (other->other == other->key) other = &rows[end];
    }
    if (end - begin > static_cast<size_t>(rows[begin].itself)) return other;
    begin = end;
  }
  return nullptr;
}

}  // namespace

Task<absl::Status> KeyChecks::lock_compared(FoundKey found, const Batch& keys) {
  SessionAdvisoryLocks& locks = backend_.transaction_.advisory_locks();
  const Oid constraint = found.key->oid;
  const auto want = [&](uint64_t number, AdvisoryMode mode) {
    const AdvisoryLock lock{{static_cast<int64_t>(number), false, constraint}, mode};
    return locks.holds(lock) ? absl::OkStatus() : locks.want(lock, AdvisoryScope::kTransaction);
  };
  const auto hashes = hashes_in_common(*backend_.transaction_.catalog(), found, keys);
  const bool whole = locks.holds({{0, false, constraint}, AdvisoryMode::kExclusive});
  const bool few = !hashes.empty() && hashes.size() <= kKeysLockedMax && locks.mark() < kKeysHeldMax;
  const bool each = few && !whole;
  absl::Status status = want(0, each ? AdvisoryMode::kShare : AdvisoryMode::kExclusive);
  for (size_t i = 0; each && status.ok() && i < hashes.size(); ++i) {
    status = want(hashes[i] | 1, AdvisoryMode::kExclusive);  // 0 is the whole constraint
  }
  if (!status.ok()) co_return status;
  if (locks.has_wanted()) {
    auto taking = backend_.transaction_.take_advisory_locks();
    status = co_await taking;
    if (!status.ok()) co_return status;
  }
  // Everybody who held them has committed; a snapshot must show what they did.
  auto waiting = backend_.transaction_.wait_for_commits();
  co_return co_await waiting;
}

Task<absl::Status> KeyChecks::check_compared(const KeyEvent& event, FoundKey found) {
  auto locking = lock_compared(found, event.after);
  const absl::Status locked = co_await locking;
  if (!locked.ok()) co_return locked;
  auto finding = find(KeyQuery::kLikeOthers, found, event.after);
  const absl::StatusOr<Ordinals> alike = co_await finding;
  if (!alike.ok() || alike->empty()) co_return alike.status();
  Batch keys = event.after.gather(*alike);
  if (!event.first_hand) {
    // The rows may have other keys by now, or be gone.
    auto finding_still = find(KeyQuery::kLikeOthersStill, found, keys);
    const absl::StatusOr<Ordinals> still = co_await finding_still;
    if (!still.ok() || still->empty()) co_return still.status();
    keys = keys.gather(*still);
  }
  // What others are about to delete or change is waited for.
  const CatalogPtr catalog = backend_.transaction_.catalog();
  std::vector<Value> values;
  append_key_arrays(keys, key_query_parameters(KeyQuery::kLikeOthersRows, *catalog, found), &values);
  auto running = run(KeyQuery::kLikeOthersRows, found, std::move(values));
  const absl::StatusOr<std::vector<Batch>> found_rows = co_await running;
  if (!found_rows.ok()) co_return found_rows.status();
  std::vector<AlikeRow> rows;
  for (const Batch& batch : *found_rows) {
    for (uint32_t row = 0; row < batch.rows; ++row) rows.push_back(alike_row(batch, row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const AlikeRow& a, const AlikeRow& b) { return a.ordinal < b.ordinal; });
  const AlikeRow* violation = find_violation(rows);
  if (violation == nullptr) co_return absl::OkStatus();
  co_return rows_are_alike(*catalog, found, violation->key, violation->other, backend_.eval_);
}

Task<absl::Status> KeyChecks::check_all_compared(FoundKey found) {
  auto running = run(KeyQuery::kAllLikeOthers, found, {});
  const absl::StatusOr<std::vector<Batch>> rows = co_await running;
  if (!rows.ok() || rows->empty()) co_return rows.status();
  const auto values_of = [](const Batch& batch, size_t from, size_t count) {
    std::vector<Value> values;
    for (size_t i = 0; i < count; ++i) values.push_back(batch.columns[from + i].value(0));
    return values;
  };
  const size_t count = rows->front().columns.size();
  std::vector<Value> key = values_of(rows->front(), 0, count), other = key;
  if (found.key->kind == ConstraintKind::exclusion) {
    auto pairing = run(KeyQuery::kAllLikeOthersPair, found, {});
    const absl::StatusOr<std::vector<Batch>> pair = co_await pairing;
    if (!pair.ok()) co_return pair.status();
    if (!pair->empty()) {
      key = values_of(pair->front(), 0, count);
      other = values_of(pair->front(), count, count);
    }
  }
  co_return rows_are_alike_already(*backend_.transaction_.catalog(), found, key, other, backend_.eval_);
}

}  // namespace troupe
