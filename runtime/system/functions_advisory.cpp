/// pg_advisory_lock() and its kin.
#include "runtime/system/session_function.hpp"

namespace troupe {
namespace {

AdvisoryLock lock_of(AdvisoryMode mode, int64_t key) { return {{key, false}, mode}; }
AdvisoryLock lock_of(AdvisoryMode mode, int32_t a, int32_t b) { return {AdvisoryKey::of_pair(a, b), mode}; }

// void is an empty text.

template <AdvisoryMode mode, AdvisoryScope scope>
absl::StatusOr<std::string> lock_key(SystemSession& session, int64_t key) {
  TROUPE_RETURN_IF_ERROR(session.advisory_lock(lock_of(mode, key), scope));
  return std::string();
}
template <AdvisoryMode mode, AdvisoryScope scope>
absl::StatusOr<std::string> lock_pair(SystemSession& session, int32_t a, int32_t b) {
  TROUPE_RETURN_IF_ERROR(session.advisory_lock(lock_of(mode, a, b), scope));
  return std::string();
}
template <AdvisoryMode mode, AdvisoryScope scope>
absl::StatusOr<bool> try_lock_key(SystemSession& session, int64_t key) {
  return session.try_advisory_lock(lock_of(mode, key), scope);
}
template <AdvisoryMode mode, AdvisoryScope scope>
absl::StatusOr<bool> try_lock_pair(SystemSession& session, int32_t a, int32_t b) {
  return session.try_advisory_lock(lock_of(mode, a, b), scope);
}
template <AdvisoryMode mode>
bool unlock_key(SystemSession& session, int64_t key) {
  return session.advisory_unlock(lock_of(mode, key));
}
template <AdvisoryMode mode>
bool unlock_pair(SystemSession& session, int32_t a, int32_t b) {
  return session.advisory_unlock(lock_of(mode, a, b));
}
std::string unlock_all(SystemSession& session) {
  session.advisory_unlock_all();
  return {};
}

/// `suffix`: "" or "_shared".
template <AdvisoryMode mode>
void register_mode(std::string_view suffix, SessionFunctions& to) {
  using enum AdvisoryScope;
  const std::vector<Oid> key{oid::kInt8}, pair{oid::kInt4, oid::kInt4};
  const auto name = [&](std::string_view stem) { return cat(stem, suffix); };
  constexpr auto kVolatile = Volatility::kVolatile;
  to.add<lock_key<mode, kSession>>(name("pg_advisory_lock"), key, oid::kVoid, kVolatile);
  to.add<lock_pair<mode, kSession>>(name("pg_advisory_lock"), pair, oid::kVoid, kVolatile);
  to.add<lock_key<mode, kTransaction>>(name("pg_advisory_xact_lock"), key, oid::kVoid, kVolatile);
  to.add<lock_pair<mode, kTransaction>>(name("pg_advisory_xact_lock"), pair, oid::kVoid, kVolatile);
  to.add<try_lock_key<mode, kSession>>(name("pg_try_advisory_lock"), key, oid::kBool, kVolatile);
  to.add<try_lock_pair<mode, kSession>>(name("pg_try_advisory_lock"), pair, oid::kBool, kVolatile);
  to.add<try_lock_key<mode, kTransaction>>(name("pg_try_advisory_xact_lock"), key, oid::kBool, kVolatile);
  to.add<try_lock_pair<mode, kTransaction>>(name("pg_try_advisory_xact_lock"), pair, oid::kBool, kVolatile);
  to.add<unlock_key<mode>>(name("pg_advisory_unlock"), key, oid::kBool, kVolatile);
  to.add<unlock_pair<mode>>(name("pg_advisory_unlock"), pair, oid::kBool, kVolatile);
}

}  // namespace

void register_advisory_functions(SessionFunctions& to) {
  register_mode<AdvisoryMode::kExclusive>("", to);
  register_mode<AdvisoryMode::kShare>("_shared", to);
  to.add<unlock_all>("pg_advisory_unlock_all", {}, oid::kVoid, Volatility::kVolatile);
}

}  // namespace troupe
