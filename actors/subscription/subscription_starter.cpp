#include "actors/subscription/subscription_starter.hpp"

#include <algorithm>

#include "actors/session/session.hpp"
#include "actors/subscription/publisher_link.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int64_t kFirstPauseUs = 200'000;
constexpr int64_t kLongestPauseUs = 5'000'000;
/// A look into pg_subscription that has not answered by then is lost.
constexpr int64_t kLookUs = 10'000'000;

}  // namespace

SubscriptionStarter::SubscriptionStarter(caf::actor_config& config, ActorSeat seat, NodeContext& node,
                                         std::vector<caf::execution_unit*> units, const caf::actor_addr& supervisor)
    : ActorOf(config, std::move(seat)),
      node_{node},
      boards_{SubscriptionBoards::of_node(&node.services)},
      supervisor_{supervisor},
      units_{std::move(units)} {}

SubscriptionStarter::behavior_type SubscriptionStarter::make_behavior() {
  running();
  PublisherLinks::of_node(&node_.services)
      .serve([&node = node_, supervisor = supervisor_](const PublisherChannelPtr& channel) {
        if (const auto parent = caf::actor_cast<SupervisorActor>(supervisor)) {
          caf::anon_send(parent, add_child_atom::value, publisher_link_child(node, channel));
        }
      });
  tell_self_after(kPeriod, tick_atom::value);
  return {[this](tick_atom) {
    look();
    tell_self_after(kPeriod, tick_atom::value);
  }};
}

void SubscriptionStarter::on_exit() { PublisherLinks::of_node(&node_.services).serve({}); }

void SubscriptionStarter::look() {
  if (node_.stopping.load()) return;
  const int64_t now_us = node_.services.clock.monotonic_us();
  look_at_rows(now_us);
  const std::vector<ListedSubscription> listed = boards_.listed();
  for (const ListedSubscription& subscription : listed) {
    if (subscription.enabled && !boards_.applied(subscription.oid)) start(subscription, now_us);
  }
  std::erase_if(started_, [&](const auto& entry) {
    return std::none_of(listed.begin(), listed.end(),
                        [&](const ListedSubscription& known) { return known.oid == entry.first; });
  });
}

void SubscriptionStarter::look_at_rows(int64_t now_us) {
  const uint64_t changes = boards_.changes();
  if (boards_.listed_as_of() >= changes) return;
  if (asked_ == changes && now_us - asked_at_us_ < kLookUs) return;
  asked_ = changes;
  asked_at_us_ = now_us;
  // What was changed is tried at once.
  for (auto& [oid, started] : started_) started = Started();
  tell(caf::actor_cast<SupervisorActor>(supervisor_), add_child_atom::value,
       kept_session_child(node_, next_unit(), "subscription_list", {.work = KeptWork::kSubscriptionList}));
}

void SubscriptionStarter::start(const ListedSubscription& subscription, int64_t now_us) {
  Started& started = started_[subscription.oid];
  if (now_us - started.at_us < started.pause_us) return;
  const bool stayed = started.at_us != 0 && now_us - started.at_us > 2 * kLongestPauseUs;
  started.pause_us = stayed ? kFirstPauseUs : std::clamp(started.pause_us * 2, kFirstPauseUs, kLongestPauseUs);
  started.at_us = now_us;
  tell(caf::actor_cast<SupervisorActor>(supervisor_), add_child_atom::value,
       kept_session_child(
           node_, next_unit(), cat("subscription ", subscription.name),
           {.work = KeptWork::kSubscription, .database = subscription.database, .object = subscription.oid}));
}

}  // namespace troupe
