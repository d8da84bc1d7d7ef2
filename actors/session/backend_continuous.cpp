/// Continuous views: a statement reads the rows that are kept of them as they were for its snapshot, where that can be
/// had, and runs their queries where it cannot.
#include <algorithm>

#include "actors/session/backend.hpp"
#include "actors/session/view_keeper.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

/// How long a statement waits for a view to come as far as its snapshot.
constexpr int64_t kWaitUs = 500'000;
/// Where a session is that keeps a view: it is no stranger at the door, and in nobody's way who drops the database.
constexpr Oid kNowhere = UINT32_MAX;

}  // namespace

void Backend::start_view(TransportEvents* events, Oid database, Oid view) {
  events_ = events;
  transport_->start(events);
  serve_ = serve_view(database, view);
  serve_.start();
}

Task<void> Backend::serve_view(Oid database, Oid view) {
  executing_ = true;
  const TableDef* table = nullptr;
  if (transaction_.enter_database(database)) table = transaction_.catalog()->find_table(view);
  const RoleDef* owner = table == nullptr ? nullptr : transaction_.catalog()->find_as<RoleDef>(table->owner);
  if (owner != nullptr) {
    log_in(*owner);
    record_->database.store(kNowhere, std::memory_order_relaxed);
    const ObjectDef* entered = transaction_.catalog()->find(database);
    database_ = entered == nullptr ? std::string() : entered->name;
    eval_.database = database_;
    record_->edit([&](SessionRecord::Text& text) {
      text.user = session_user_;
      text.database = database_;
      text.application_name = "continuous view " + table->name;
    });
    // Keys of rows are made of their text, which must not depend on what somebody has set.
    for (const auto& [name, value] : {std::pair{"DateStyle", "ISO, YMD"}, std::pair{"TimeZone", "UTC"},
                                      std::pair{"IntervalStyle", "postgres"}, std::pair{"bytea_output", "hex"},
                                      std::pair{"extra_float_digits", "1"}, std::pair{"search_path", "pg_catalog"},
                                      std::pair{"statement_timeout", "0"}, std::pair{"lock_timeout", "0"}}) {
      static_cast<void>(set_parameter(name, value, SetScope::kStartup));
    }
    const ViewBoardPtr board = ViewBoards::of_node(&services_).of(view);
    if (board->enter()) {
      ViewKeeper keeper(*this, view);
      auto keeping = keeper.run();
      co_await keeping;
    }
  }
  clean_up();
  host_.finished();
}

/// Which continuous views the plan reads, and how.
void Backend::note_views(Prepared& prepared) {
  const Catalog& catalog = *transaction_.catalog();
  prepared.has_views = false;
  prepared.kept_reads.clear();
  if (catalog.find_schema(kContinuousSchema) == nullptr || own_tables_ != nullptr) return;
  for (const PlanDependency& dependency : prepared.plan->dependencies) {
    const TableDef* table = catalog.find_table(dependency.oid);
    if (table == nullptr) continue;
    prepared.has_views = prepared.has_views || is_continuous(*table);
    if (const Oid view = continuous_view_of(*table, catalog); view != kNoOid && !prepared.views_by_query) {
      prepared.kept_reads.push_back({view, table->tree});
    }
  }
}

/// Before the snapshot is taken: the views that the statement reads, and as of when; or it is planned to read their
/// queries.
Task<absl::Status> Backend::settle_views(Portal& portal) {
  if (portal.prepared->kept_reads.empty()) co_return absl::OkStatus();
  auto finding = find_boundaries(portal);
  const auto found = co_await finding;
  if (!found.ok()) co_return found.status();
  if (*found) co_return absl::OkStatus();
  struct ByQuery {
    bool& flag;
    explicit ByQuery(bool& by_query) : flag{by_query} { flag = true; }
    ~ByQuery() { flag = false; }
  } by_query(views_by_query_);
  absl::Status status = plan_prepared(*portal.prepared);
  if (status.ok()) {
    auto locking = lock_tables(portal);
    status = co_await locking;
  }
  portal.plan = portal.prepared->plan;
  co_return status;
}

/// False: the kept rows cannot be had as the statement has to see them.
Task<absl::StatusOr<bool>> Backend::find_boundaries(Portal& portal) {
  Transaction& transaction = transaction_.state();
  // What the transaction has changed itself is in no view yet; SERIALIZABLE wants to know what was read.
  if (transaction.id() != kNoTxn || transaction_.tracks_reads() || suspended_portals_ > 0) co_return false;
  bool fresh = !transaction.keeps_snapshot() || transaction.snapshot() == kNoScn;
  const auto taken = transaction_.take_snapshot();
  if (!taken.ok()) co_return taken.status();
  Scn snapshot = *taken;
  const int64_t until_us = services_.clock.monotonic_us() + kWaitUs;
  std::vector<std::pair<TreeId, Scn>> reads;
  for (const KeptRead read : std::vector<KeptRead>(portal.prepared->kept_reads)) {
    const ViewBoardPtr board = ViewBoards::of_node(&services_).of(read.view);
    // A table that was emptied shows that at once, whatever the snapshot: the rows of the view must not be of the
    // former.
    const auto tables = board->reads();
    if (trees_of(tables->tables, *transaction_.catalog()) != tables->trees) co_return false;
    ViewBoundary boundary;
    while (true) {
      const uint64_t request = view_request_ = kViewRequest + (view_request_ + 1) % kViewRequest;
      const auto tell = [record = record_, request] { record->tell.granted(request, ""); };
      const auto found = board->find(snapshot, !fresh, &boundary, tell);
      if (found == ViewBoard::Found::kNever) co_return false;
      if (found == ViewBoard::Found::kThere) break;
      if (services_.clock.monotonic_us() >= until_us) co_return false;
      auto waiting = wait_for_view(until_us);
      const absl::Status waited = co_await waiting;
      if (!waited.ok()) co_return waited;
    }
    // The first view decides: the statement sees everything else as it was for that.
    snapshot = std::max(snapshot, boundary.base);
    fresh = false;
    reads.emplace_back(read.tree, std::max(snapshot, boundary.stored));
  }
  for (const auto& [tree, scn] : reads) data_.read_as_of(tree, scn);
  transaction_.choose_snapshot(snapshot);
  co_return true;
}

/// Until a view has come further, perhaps.
Task<absl::Status> Backend::wait_for_view(int64_t until_us) {
  const int64_t left = until_us - services_.clock.monotonic_us();
  if (left > 0) host_.send_tick_after(left);
  co_await view_signal_;
  co_return data_.check_cancelled();
}

}  // namespace troupe
