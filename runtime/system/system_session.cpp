#include "runtime/system/system_session.hpp"

namespace troupe {

int64_t SystemSession::relation_bytes(Oid relation) const {
  const TableDef* table = catalog()->find_table(relation);
  return table != nullptr && table->statistics ? static_cast<int64_t>(table->statistics->size_bytes) : 0;
}

int64_t SystemSession::database_bytes(Oid database) const {
  int64_t total = 0;
  for (const ObjectPtr& object : catalog()->objects_of(database)) {
    if (object->kind == ObjectKind::table || object->kind == ObjectKind::index) total += relation_bytes(object->oid);
  }
  return total;
}

absl::StatusOr<bool> SystemSession::try_advisory_lock(const AdvisoryLock&, AdvisoryScope) {
  return error(ErrorCode::kFeatureNotSupported, "advisory locks need a session");
}
absl::StatusOr<std::optional<std::string>> SystemSession::current_row(std::string_view cursor, Oid) const {
  return error(ErrorCode::kInvalidCursorName, "cursor \"", cursor, "\" does not exist");
}
absl::Status SystemSession::notify(std::string_view, std::string_view) {
  return error(ErrorCode::kFeatureNotSupported, "NOTIFY needs a session");
}
absl::Status SystemSession::advisory_lock(const AdvisoryLock& lock, AdvisoryScope scope) {
  return try_advisory_lock(lock, scope).status();
}

bool SystemSession::is_superuser() const {
  const auto* role = catalog()->find_as<RoleDef>(user());
  return role != nullptr && role->superuser;
}

absl::StatusOr<std::string> SystemSession::export_snapshot() {
  return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
}

absl::StatusOr<Lsn> SystemSession::create_replication_slot(std::string_view, std::string_view, bool) {
  return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
}

absl::Status SystemSession::drop_replication_slot(std::string_view) {
  return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
}

absl::StatusOr<Lsn> SystemSession::advance_replication_slot(std::string_view, Lsn) {
  return error(ErrorCode::kFeatureNotSupported, "this function needs a session");
}

std::string SystemSession::user_name() const {
  const ObjectDef* role = catalog()->find(user());
  return role != nullptr ? role->name : std::string();
}

std::string SystemSession::database_name() const {
  const ObjectDef* object = catalog()->find(database());
  return object != nullptr ? object->name : std::string();
}

}  // namespace troupe
