/// The initial copy of a subscription's tables: all that are new, in one snapshot of a temporary slot.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/copy_in.hpp"
#include "actors/session/subscription_options.hpp"
#include "actors/session/subscription_worker.hpp"
#include "runtime/sql/deparse.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

absl::Status could_not(std::string_view what, const absl::Status& why) {
  return error(ErrorCode::kConnectionFailure, what, ": ", std_view(why.message()));
}

}  // namespace

/// Nothing has been applied since the subscription's slot was last asked: its place is before the snapshot's, so of
/// what the snapshot lacks nothing has been passed over.
Task<absl::Status> SubscriptionWorker::copy_tables() {
  const auto is_new = [](const auto& entry) {
    return entry.second.state != SubscribedTable::kReady && entry.second.state != SubscribedTable::kSynchronized;
  };
  if (std::none_of(tables_.begin(), tables_.end(), is_new)) co_return absl::OkStatus();
  copying_ = true;
  PublisherClient publisher(backend_);
  const std::string slot = cat("pg_", oid_, "_sync_", backend_.services_.system_identifier);
  auto connecting = publisher.connect(definition_.conninfo, slot);
  absl::Status status = co_await connecting;
  if (!status.ok()) co_return could_not("could not connect to the publisher", status);
  auto beginning = publisher.execute("BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ");
  const auto begun = co_await beginning;
  if (!begun.ok()) co_return could_not("table copy could not start transaction on publisher", begun.status());
  auto making = publisher.execute(cat("CREATE_REPLICATION_SLOT ", slot, " TEMPORARY LOGICAL pgoutput USE_SNAPSHOT"));
  const auto made = co_await making;
  if (!made.ok()) co_return could_not(cat("could not create replication slot \"", slot, "\""), made.status());
  const auto snapshot =
      made->rows.empty() || made->rows[0].size() < 2 ? std::nullopt : parse_lsn_text(made->rows[0][1].value_or(""));
  if (!snapshot) co_return error(ErrorCode::kProtocolViolation, "the publisher told no consistent point of its slot");
  for (auto& [oid, table] : tables_) {
    if (!is_new(std::pair(oid, table))) continue;
    auto copying = copy_table(publisher, &table, *snapshot);
    status = co_await copying;
    if (!status.ok()) co_return status;
  }
  auto ending = publisher.execute("COMMIT");
  const auto ended = co_await ending;
  if (!ended.ok()) co_return could_not("table copy could not finish transaction on publisher", ended.status());
  copying_ = false;
  co_return absl::OkStatus();
}

Task<absl::Status> SubscriptionWorker::copy_table(PublisherClient& publisher, SubscribedTable* table, Lsn snapshot) {
  absl::Status status = begin(cat("copying a table for subscription ", definition_.name));
  if (!status.ok()) co_return status;
  const CatalogPtr catalog = backend_.transaction_.catalog();
  const auto local = std::dynamic_pointer_cast<const TableDef>(catalog->find_shared(table->table));
  if (local == nullptr) co_return error(ErrorCode::kUndefinedTable, "a subscribed table was dropped");
  backend_.know_new_types(catalog);
  std::string source;
  auto looking = remote_table(publisher, *local, &source);
  auto remote = co_await looking;
  if (!remote.ok()) co_return remote.status();
  const auto target = ReplicaTarget::make(*std::move(remote), local, *catalog);
  if (!target.ok()) co_return target.status();
  status = check_target(*target);
  if (!status.ok()) co_return status;
  auto copying = copy_rows(publisher, *target, source);
  status = co_await copying;
  if (!status.ok()) co_return status;
  SubscribedTable synchronized = *table;
  synchronized.state = SubscribedTable::kSynchronized;
  synchronized.lsn = snapshot;
  auto setting = rows_.set_table(oid_, synchronized);
  status = co_await setting;
  if (!status.ok()) co_return status;
  auto committing = commit();
  status = co_await committing;
  if (status.ok()) *table = synchronized;
  co_return status;
}

/// What START_REPLICATION would tell of the table, and (`source`) what COPY is to read.
Task<absl::StatusOr<replication::RelationMessage>> SubscriptionWorker::remote_table(PublisherClient& publisher,
                                                                                    const TableDef& table,
                                                                                    std::string* source) {
  const auto* schema = backend_.transaction_.catalog()->find_as<SchemaDef>(table.schema);
  replication::RelationMessage remote;
  remote.schema = schema == nullptr ? std::string("public") : schema->name;
  remote.name = table.name;
  const std::string described = cat("\"", remote.schema, ".", remote.name, "\"");
  const auto failed = [described](std::string_view what, const absl::Status& why) {
    return could_not(cat("could not fetch ", what, " for table ", described, " from publisher"), why);
  };
  auto finding = publisher.execute(
      cat("SELECT c.oid, c.relreplident, c.relkind, current_setting('server_version_num')::int >= 150000"
          "  FROM pg_catalog.pg_class c  INNER JOIN pg_catalog.pg_namespace n        ON (c.relnamespace = n.oid)"
          " WHERE n.nspname = ",
          sql::quote_literal(remote.schema), "   AND c.relname = ", sql::quote_literal(remote.name)));
  const auto found = co_await finding;
  if (!found.ok()) co_return failed("table info", found.status());
  if (found->rows.empty()) {
    co_return error(ErrorCode::kUndefinedObject, "table ", described, " not found on publisher");
  }
  const PublisherAnswer::Row row = found->rows[0];
  const std::string relation = row[0].value_or("0");
  remote.identity = row[1].value_or("d").front();
  const bool is_table = row[2].value_or("r") == "r";
  const bool has_lists = row[3].value_or("f") == "t";
  std::string publications;
  for (const std::string& name : definition_.publications) {
    publications += cat(publications.empty() ? "" : ", ", sql::quote_literal(name));
  }
  std::string listed;
  std::string filter;
  if (has_lists) {
    auto listing = publisher.execute(
        cat("SELECT DISTINCT  (CASE WHEN (array_length(gpt.attrs, 1) = c.relnatts)   THEN NULL ELSE gpt.attrs END)"
            "  FROM pg_publication p,  LATERAL pg_get_publication_tables(p.pubname) gpt,  pg_class c"
            " WHERE gpt.relid = ",
            relation, " AND c.oid = gpt.relid   AND p.pubname IN ( ", publications, " )"));
    const auto lists = co_await listing;
    if (!lists.ok()) co_return failed("column list info", lists.status());
    if (lists->rows.size() > 1) {
      co_return error(ErrorCode::kFeatureNotSupported, "cannot use different column lists for table ", described,
                      " in different publications");
    }
    if (!lists->rows.empty()) listed = lists->rows[0][0].value_or("");
    auto filtering = remote_filter(publisher, relation);
    auto filters = co_await filtering;
    if (!filters.ok()) co_return failed("table WHERE clause info", filters.status());
    filter = *std::move(filters);
  }
  auto describing = publisher.execute(
      cat("SELECT a.attnum, a.attname FROM pg_catalog.pg_attribute a"
          " WHERE a.attnum > 0::pg_catalog.int2   AND NOT a.attisdropped AND a.attgenerated = '' AND a.attrelid = ",
          relation, " ORDER BY a.attnum"));
  const auto columns = co_await describing;
  if (!columns.ok()) co_return failed("table info", columns.status());
  std::string names;
  const std::string numbers = cat(" ", listed, " ");
  for (const PublisherAnswer::Row& column : columns->rows) {
    if (!listed.empty() && numbers.find(cat(" ", column[0].value_or(""), " ")) == std::string::npos) continue;
    remote.columns.push_back({false, column[1].value_or(""), 0, -1});
    names += cat(names.empty() ? "" : ", ", sql::quote_identifier(remote.columns.back().name));
  }
  const std::string quoted = cat(sql::quote_identifier(remote.schema), ".", sql::quote_identifier(remote.name));
  *source = is_table && filter.empty() && !names.empty()
                ? cat("COPY ", quoted, " (", names, ") TO STDOUT")
                : cat("COPY (SELECT ", names, " FROM ", is_table ? "ONLY " : "", quoted,
                      filter.empty() ? "" : cat(" WHERE ", filter), ") TO STDOUT");
  co_return remote;
}

/// Rows that some publication tells; empty: all.
Task<absl::StatusOr<std::string>> SubscriptionWorker::remote_filter(PublisherClient& publisher,
                                                                    const std::string& relation) {
  std::string publications;
  for (const std::string& name : definition_.publications) {
    publications += cat(publications.empty() ? "" : ", ", sql::quote_literal(name));
  }
  auto asking =
      publisher.execute(cat("SELECT DISTINCT pg_get_expr(gpt.qual, gpt.relid)  FROM pg_publication p,"
                            "  LATERAL pg_get_publication_tables(p.pubname) gpt WHERE gpt.relid = ",
                            relation, "   AND p.pubname IN ( ", publications, " )"));
  const auto answer = co_await asking;
  if (!answer.ok()) co_return answer.status();
  std::string filter;
  for (const PublisherAnswer::Row& row : answer->rows) {
    if (!row[0]) co_return std::string();  // one of them tells all
    filter += cat(filter.empty() ? "" : " OR ", "(", *row[0], ")");
  }
  co_return filter;
}

Task<absl::Status> SubscriptionWorker::copy_rows(PublisherClient& publisher, const ReplicaTarget& target,
                                                 const std::string& source) {
  auto parsed = sql::parse_statement(cat("COPY ", target.quoted(), " (", target.column_list(), ") FROM STDIN"));
  if (!parsed.ok()) co_return parsed.status();
  const sql::ParsedSqlPtr statement = *std::move(parsed);
  const auto locked =
      std::static_pointer_cast<const TableDef>(backend_.transaction_.catalog()->find_shared(target.table().oid));
  auto locking = backend_.transaction_.lock_table(*locked, TableLockMode::kRowExclusive, false);
  absl::Status status = co_await locking;
  if (!status.ok()) co_return status;
  const CatalogPtr catalog = backend_.transaction_.catalog();
  const TableDef* table = catalog->find_table(target.table().oid);
  if (table == nullptr) co_return error(ErrorCode::kUndefinedTable, "a subscribed table was dropped");
  PlanContext planning;
  planning.catalog = catalog;
  planning.eval = &backend_.eval_;
  planning.text = statement->text();
  planning.search_path = backend_.resolve_search_path();
  planning.role = planning.session_role = backend_.role_;
  const auto& copying = statement->statements()[0].node->to<sql::CopyStatement>();
  auto copy = CopyIn::make(copying, *table, planning);
  if (!copy.ok()) co_return copy.status();
  backend_.begin_transaction_statement();
  ExecContext context;
  status = backend_.fill_exec_context((*copy)->plan(), &context);
  if (!status.ok()) co_return status;
  for (const TablePtr& leaf : (*copy)->partitions()) {
    auto locking_part = backend_.transaction_.lock_table(*leaf, TableLockMode::kRowExclusive, false);
    status = co_await locking_part;
    if (!status.ok()) co_return status;
    backend_.transaction_.note_write(leaf->tree);
  }
  backend_.transaction_.note_write((*copy)->write().table->tree);
  (*copy)->start(context, nullptr);
  publisher.copy(source);
  auto feeding = feed(publisher, **copy);
  status = co_await feeding;
  if (!status.ok()) co_return status;
  auto checking = backend_.keys_.after_replicated();
  co_return co_await checking;
}

Task<absl::Status> SubscriptionWorker::feed(PublisherClient& publisher, CopyIn& copy) {
  while (true) {
    auto receiving = publisher.receive();
    const auto answer = co_await receiving;
    if (!answer.ok()) co_return answer.status();
    if (!answer->status.ok()) co_return could_not("could not start initial contents copy", answer->status);
    for (const std::string& piece : answer->data) {
      auto taking = copy.take(piece);
      const absl::Status status = co_await taking;
      if (!status.ok()) co_return status;
    }
    if (answer->last) break;
  }
  auto finishing = copy.finish();
  co_return co_await finishing;
}

}  // namespace troupe
