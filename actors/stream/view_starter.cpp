#include "actors/stream/view_starter.hpp"

#include <algorithm>

#include "actors/session/session.hpp"
#include "runtime/transaction/view_boards.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {
namespace {

constexpr int64_t kFirstPauseUs = 20'000;
constexpr int64_t kLongestPauseUs = 5'000'000;
/// Views that are kept; of more, the queries are run.
constexpr size_t kViewsMax = 1'000;

}  // namespace

ViewStarter::behavior_type ViewStarter::make_behavior() {
  running();
  tell_self_after(kPeriod, tick_atom::value);
  return {[this](tick_atom) {
    look();
    tell_self_after(kPeriod, tick_atom::value);
  }};
}

void ViewStarter::look_at_catalog() {
  const CatalogPtr catalog = node_.services.catalog.get();
  if (catalog->version() == catalog_seen_) return;
  catalog_seen_ = catalog->version();
  views_.clear();
  for (const ObjectPtr& object : catalog->objects(ObjectKind::table)) {
    if (is_continuous(static_cast<const TableDef&>(*object))) views_[object->oid] = {object->database, object->name};
  }
  for (auto at = started_.begin(); at != started_.end();) {
    if (!views_.contains(at->first)) ViewBoards::of_node(&node_.services).forget(at->first);
    at = views_.contains(at->first) ? std::next(at) : started_.erase(at);
  }
}

void ViewStarter::look() {
  if (node_.stopping.load()) return;
  look_at_catalog();
  const int64_t now_us = node_.services.clock.monotonic_us();
  size_t count = 0;
  for (const auto& [view, where] : views_) {
    if (++count > kViewsMax) break;  // their queries are run
    if (ViewBoards::of_node(&node_.services).of(view)->kept()) continue;
    Started& started = started_[view];
    if (now_us - started.at_us < started.pause_us) continue;
    const bool stayed = started.at_us != 0 && now_us - started.at_us > kLongestPauseUs;
    started.pause_us = stayed ? kFirstPauseUs : std::clamp(started.pause_us * 2, kFirstPauseUs, kLongestPauseUs);
    started.at_us = now_us;
    caf::execution_unit* unit = units_[next_unit_++ % units_.size()];
    tell(caf::actor_cast<SupervisorActor>(supervisor_), add_child_atom::value,
         kept_session_child(node_, unit, cat("continuous_view ", where.second), {KeptWork::kView, where.first, view}));
  }
}

}  // namespace troupe
