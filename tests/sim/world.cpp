#include "tests/sim/world.hpp"

#include <algorithm>

#include "actors/lock/lock_shard.hpp"
#include "actors/log/log_actor.hpp"
#include "actors/node/recovery.hpp"
#include "actors/partition/partition.hpp"
#include "actors/session/session.hpp"
#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

/// A check looks at every page in memory.
constexpr uint64_t kStepsBetweenChecks = 200;

/// Small pages, segments and caches: little data goes every way that much data goes.
NodeConfig small_node(Random& random) {
  NodeConfig config;
  config.data_directory = "data";
  config.cells = 1 + static_cast<uint32_t>(random.below(3));
  config.partitions = config.cells;
  config.page_readers = 1 + static_cast<uint32_t>(random.below(2));
  config.connections_max = 64;
  config.page_bytes = 512 << random.below(3);
  config.file_growth_bytes = 32 * 1024;
  config.log_record_bytes_max = 12 * 1024;
  config.log_segment_bytes = 32 * 1024 << random.below(2);
  config.disk_reserve_bytes = random.chance(0.5) ? 0 : 64 * 1024;
  config.log_queued_bytes_max = 256 * 1024;
  config.log_retention_bytes = random.chance(0.5) ? 0 : 1 << 20;
  config.cache_bytes = (random.chance(0.5) ? 4 * 1024 : 256 * 1024) * config.partitions;
  config.checkpoint_log_bytes = 16 * 1024 << random.below(3);
  config.checkpoint_interval_s = 1;
  config.history_bytes_max = 8 << 20;
  config.dirty_bytes_max = 256 * 1024 << random.below(3);
  // Half of them spill whatever they write.
  config.pending_memory_bytes = random.chance(0.5) ? config.partitions : 8 << 20;
  config.events_max = 200;
  config.scrub_bytes_per_s = 512 * 1024;
  config.scrub_interval_s = 1;
  return config;
}

}  // namespace

World::World(uint64_t seed, std::FILE* print)
    : seed_{seed},
      seeds_{seed},
      trace_{print},
      config_{small_node(seeds_.work)},
      disk_{std::make_unique<SimFileSystem>(seed * 0x9E37 + 11)} {}

World::~World() {
  timeline_.clear();
  if (node_ != nullptr) end_node(Ending::kProcessDies);
}

absl::Status World::start_node() {
  fenced_ = false;
  auto platform = std::make_shared<SimPlatform>(timeline_, seeds_.schedule, trace_);
  SimPlatform* const raw = platform.get();
  auto started = Node::start(
      config_, *disk_, timeline_, [this](const std::string&) { fenced_ = true; }, std::move(platform));
  trace_.add(timeline_.now_us(), "start", started.ok() ? 1 : 0, std::string(started.status().message()));
  if (!started.ok()) return started.status();
  node_ = *std::move(started);
  platform_ = raw;
  note_log();
  return absl::OkStatus();
}

void World::end_node(Ending ending) {
  trace_.add(timeline_.now_us(), "end", static_cast<uint64_t>(ending), "");
  std::unique_ptr<SimFileSystem> left;
  // A power cut in the middle of a clean stop would have to silence the sessions at once.
  if (ending == Ending::kClean) disk_->cut_power_after(0);
  if (ending != Ending::kClean) {
    for (const auto& weak : connections_) {
      if (const auto connection = weak.lock()) connection->server_died();
    }
    connections_.clear();
    platform_->abandon();
    // What the dead process would do to its files while it is cleared away must not count.
    left = std::exchange(disk_, disk_->fork(seed_ + ++disks_ * 7919));
    if (ending == Ending::kPowerCut) disk_->crash();
  }
  const auto platform = platform_;
  node_->stop();
  if (!platform->complaint().empty()) complain(platform->complaint());
  platform_ = nullptr;
  node_ = nullptr;
}

std::shared_ptr<Connection> World::connect(const std::string& name, Connection::Client client) {
  if (platform_ == nullptr || fenced_) return nullptr;
  auto connection = std::make_shared<Connection>(timeline_, seeds_.network, name, std::move(client));
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  connections_.push_back(connection);
  NodeContext& node = platform_->context();
  const SupervisorActor sessions = node.directory.get()->sessions;
  if (sessions)
    caf::anon_send(sessions, add_child_atom::value,
                   session_child(node, platform_->unit(), std::make_shared<ServerEnd>(connection)));
  return connection;
}

void World::cut_random_connection() {
  std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  if (connections_.empty()) return;
  if (const auto connection = connections_[seeds_.faults.below(connections_.size())].lock()) connection->cut();
}

bool World::step() {
  ++steps_;
  if (platform_ != nullptr) platform_->follow_time();
  // Events and actors that are ready at the same time come in any order.
  const bool event_first = seeds_.schedule.below(4) == 0;
  if (event_first && timeline_.run_due()) return true;
  if (platform_ != nullptr && platform_->run_one()) {
    timeline_.advance_to(timeline_.now_us() + 1 + static_cast<int64_t>(seeds_.schedule.below(8)));
    note_log();
    if (steps_ % kStepsBetweenChecks == 0) check_invariants();
    return true;
  }
  if (timeline_.run_due()) return true;
  const int64_t timer = platform_ == nullptr ? INT64_MAX : platform_->next_timer_us();
  const int64_t next = std::min(timer, timeline_.next_us());
  if (next == INT64_MAX) return false;
  timeline_.advance_to(next);
  return true;
}

void World::complain(std::string what) {
  trace_.add(timeline_.now_us(), "complaint", 0, what);
  if (complaint_.empty()) complaint_ = std::move(what);
}

/// Of what the actors own, between two of their messages.
void World::check_invariants() {
  const NodeContext& node = platform_->context();
  try {
    for (const auto& heir : node.partitions) {
      if (const PartitionState* state = heir->at_rest()) state->store->check_invariants();
    }
    for (const auto& heir : node.lock_shards) {
      if (const LockShardState* state = heir->at_rest()) state->rows.check_invariants();
    }
    if (const LogState* state = node.log->at_rest()) state->appender.check_invariants();
  } catch (const CheckFailure& broken) {
    complain(broken.what());
  }
}

void World::note_log() {
  const uint64_t durable = platform_->context().durable_log_position.load();
  if (durable == durable_log_) return;
  vouched_ = std::min(durable_log_, durable);
  durable_log_ = durable;
}

}  // namespace troupe::sim
