/// Temporary tables: in a schema of the session's own, before all others on the search path, which goes with everything
/// in it when the session ends. What a node that was killed left behind goes when the first session begins.
#include "actors/session/as_owner.hpp"
#include "actors/session/backend.hpp"
#include "actors/session/catalog_rows.hpp"
#include "runtime/plan/ddl_binder.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// Whose schema it is; 0: not one of temporary objects.
int32_t owner_of(const std::string& schema) {
  if (!schema.starts_with(kTemporarySchemaPrefix)) return 0;
  return static_cast<int32_t>(std::strtol(schema.c_str() + kTemporarySchemaPrefix.size(), nullptr, 10));
}

std::string names_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += cat(text.empty() ? "" : ", ", name);
  return text;
}

}  // namespace

const SchemaDef* Backend::temporary_schema() {
  return transaction_.catalog()->find_schema(cat(kTemporarySchemaPrefix, record_->process_id));
}

Task<absl::Status> Backend::make_temporary_schema() {
  ++temporaries_;
  transaction_.touch_temporaries();
  if (temporary_schema() != nullptr) co_return absl::OkStatus();
  if (const absl::Status writable = transaction_.state().check_writable("CREATE TABLE"); !writable.ok()) {
    co_return writable;
  }
  transaction_.ensure_id();
  const CatalogCounters first = transaction_.catalog_for_ddl()->counters();
  CatalogCounters counters = first;
  auto schema = std::make_shared<SchemaDef>();
  schema->oid = counters.next_oid++;
  if (const auto taken = transaction_.take_numbers(first, counters); !taken.ok()) co_return taken.status();
  schema->owner = role_;
  schema->name = cat(kTemporarySchemaPrefix, record_->process_id);
  schema->database = transaction_.catalog()->database();
  std::vector<CatalogChange> changes;
  changes.push_back({schema->oid, schema});
  auto writing = write_catalog_rows(changes);
  const absl::Status written = co_await writing;
  if (!written.ok()) co_return written;
  co_return transaction_.change_catalog(changes, counters);
}

/// A definition of the session's own, within the transaction. Nothing else of the session runs meanwhile.
Task<absl::Status> Backend::run_quietly(std::string text) {
  const AsOwner as_owner(&role_);
  auto parsed = sql::parse_statement(text);
  if (!parsed.ok()) co_return parsed.status();
  Portal portal;
  portal.prepared = std::make_shared<Prepared>();
  portal.prepared->parsed = *std::move(parsed);
  portal.prepared->raw = &portal.prepared->parsed->statements()[0];
  portal.quiet = true;
  transaction_.state().next_command();
  auto running = start_portal(portal);
  co_return co_await running;
}

/// ON COMMIT DROP and DELETE ROWS. A transaction that has written nothing, or elsewhere, has put no rows there.
Task<absl::Status> Backend::run_on_commit() {
  const bool touched = transaction_.state().id() != kNoTxn && transaction_.temporaries_touched();
  const SchemaDef* schema = touched ? temporary_schema() : nullptr;
  if (schema == nullptr) co_return absl::OkStatus();
  std::vector<std::string> dropped, emptied;
  for (const ObjectPtr& object : transaction_.catalog()->objects(ObjectKind::table)) {
    if (object->schema != schema->oid) continue;
    const OnCommit action = static_cast<const TableDef&>(*object).on_commit;
    const std::string name = cat(sql::quote_identifier(schema->name), ".", sql::quote_identifier(object->name));
    if (action == OnCommit::drop) dropped.push_back(name);
    if (action == OnCommit::delete_rows) emptied.push_back(name);
  }
  absl::Status status;
  if (!emptied.empty()) {
    auto emptying = run_quietly(cat("TRUNCATE ", names_of(emptied)));
    status = co_await emptying;
  }
  if (status.ok() && !dropped.empty()) {
    auto dropping = run_quietly(cat("DROP TABLE ", names_of(dropped), " CASCADE"));
    status = co_await dropping;
  }
  co_return status;
}

Task<absl::Status> Backend::drop_schemas(std::vector<std::string> names) {
  ++temporaries_;
  auto dropping = run_quietly(cat("DROP SCHEMA ", names_of(names), " CASCADE"));
  co_return co_await dropping;
}

/// Those of sessions that are gone: all in the database, for the first session there, and whoever had this session's
/// number.
std::vector<std::string> Backend::abandoned_temporaries() {
  std::vector<std::string> abandoned;
  if (services_.databases_tidied.insert(transaction_.catalog()->database())) {
    for (const ObjectPtr& object : transaction_.catalog()->objects(ObjectKind::schema)) {
      const int32_t owner = owner_of(object->name);
      const bool alive = owner != record_->process_id && services_.sessions.find(owner) != nullptr;
      if (owner != 0 && !alive) abandoned.push_back(object->name);
    }
  } else if (const SchemaDef* mine = temporary_schema()) {
    abandoned.push_back(mine->name);
  }
  return abandoned;
}

Task<void> Backend::drop_abandoned_temporaries() {
  std::vector<std::string> abandoned = abandoned_temporaries();
  if (abandoned.empty()) co_return;
  data_.begin_statement();
  begin_clock("");
  begin_transaction_statement();
  auto dropping = drop_schemas(std::move(abandoned));
  const absl::Status dropped = co_await dropping;
  auto ending = end_transaction(dropped.ok());
  const absl::Status ended = co_await ending;
  // Another session tries again.
  if (!dropped.ok() || !ended.ok()) services_.databases_tidied.erase(transaction_.catalog()->database());
  temporaries_ = 0;
  record_->state.store(SessionState::kIdle, std::memory_order_relaxed);
}

Task<void> Backend::drop_own_temporaries() {
  if (temporaries_ == 0) co_return;
  clean_up();
  keys_.events().clear();
  const SchemaDef* mine = temporary_schema();
  // A node that stops has no time for it: the next one finds what is left.
  if (mine == nullptr || error_code(end_reason_) == ErrorCode::kAdminShutdown) co_return;
  data_.begin_statement();
  begin_clock("");
  begin_transaction_statement();
  auto dropping = drop_schemas({mine->name});
  const absl::Status dropped = co_await dropping;
  auto ending = end_transaction(dropped.ok());
  co_await ending;
}

}  // namespace troupe
