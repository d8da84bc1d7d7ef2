#include "actors/admin/scrubber.hpp"

#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr std::chrono::milliseconds kTick{100};
constexpr uint64_t kTicksPerSecond = 10;
constexpr int64_t kUsPerSecond = 1'000'000;
/// Damage beyond it is counted and no longer told.
constexpr size_t kToldMax = 10'000;

/// The table or index whose tree it is; null: of none that is known.
const ObjectDef* owner_of(const Catalog& catalog, TreeId tree) {
  for (const ObjectPtr& object : catalog.objects(ObjectKind::table)) {
    if (static_cast<const TableDef&>(*object).tree == tree) return object.get();
  }
  for (const ObjectPtr& object : catalog.objects(ObjectKind::index)) {
    if (static_cast<const IndexDef&>(*object).tree == tree) return object.get();
  }
  return nullptr;
}

}  // namespace

Scrubber::Scrubber(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)), node_{node} {}

Scrubber::behavior_type Scrubber::make_behavior() {
  running();
  tell_self_after(kTick, tick_atom::value);
  return {[this](tick_atom) {
    tick();
    tell_self_after(kTick, tick_atom::value);
  }};
}

void Scrubber::tick() {
  const NodeConfig& config = node_.services.config;
  if (config.scrub_bytes_per_s == 0) return;
  const size_t targets = node_.partitions.size() + 1;
  if (round_begun_us_ != 0 && target_ == targets) {
    const int64_t now_us = node_.services.clock.monotonic_us();
    if (now_us - round_begun_us_ < config.scrub_interval_s * kUsPerSecond) return;
  }
  if (round_begun_us_ == 0 || target_ == targets) begin_round();
  if (walk_ == nullptr && log_walk_ == nullptr && !begin_target()) return;
  work(std::max<uint64_t>(config.scrub_bytes_per_s / kTicksPerSecond, 1));
}

void Scrubber::begin_round() {
  round_begun_us_ = node_.services.clock.monotonic_us();
  // A successor of this actor goes on counting.
  for (const ScrubInfo& row : node_.services.scrubs.list()) round_ = std::max(round_, row.round);
  ++round_;
  target_ = 0;
  round_pages_ = round_bytes_ = round_damaged_ = 0;
}

bool Scrubber::begin_target() {
  const NodeConfig& config = node_.services.config;
  const bool is_log = target_ == node_.partitions.size();
  const std::string path =
      is_log ? node_.log_directory
             : join_path(config.data_directory, PartitionStore::file_name(static_cast<PartitionId>(target_)));
  info_ = {};
  info_.file = path;
  info_.round = round_;
  info_.started_us = node_.services.clock.wall_us();
  if (is_log) {
    log_walk_ = std::make_unique<LogWalk>(node_.services.files, path);
  } else {
    info_.partition = static_cast<PartitionId>(target_);
    auto file = node_.services.files.open(path, {});
    if (!file.ok()) {
      end_target(file.status());
      return false;
    }
    file_ = *std::move(file);
    walk_ = std::make_unique<ScrubWalk>(*file_);
  }
  publish("running");
  return true;
}

void Scrubber::work(uint64_t budget_bytes) {
  std::vector<Damage> found;
  const auto done = log_walk_ != nullptr ? log_walk_->step(budget_bytes, node_.durable_log_position.load(), &found)
                                         : walk_->step(budget_bytes, &found);
  tell_of(found);
  info_.damaged += found.size();
  info_.pages = log_walk_ != nullptr ? log_walk_->records() : walk_->pages();
  info_.bytes = log_walk_ != nullptr ? log_walk_->bytes() : walk_->bytes();
  info_.file_bytes = log_walk_ != nullptr ? node_.log_kept_bytes.load() : walk_->file_bytes();
  if (done.ok() && !*done) return publish("running");
  end_target(done.status());
}

void Scrubber::end_target(const absl::Status& status) {
  info_.finished_us = node_.services.clock.wall_us();
  publish(status.ok() ? "done" : "failed");
  if (!status.ok()) {
    node_.services.events.add("scrub", "scrubber", cat(info_.file, ": ", error_fields(status).message));
  }
  round_pages_ += info_.pages;
  round_bytes_ += info_.bytes;
  round_damaged_ += info_.damaged;
  walk_ = nullptr;
  log_walk_ = nullptr;
  file_ = nullptr;
  if (target_++ < node_.partitions.size()) return;
  const std::string damage = round_damaged_ == 0 ? "nothing is damaged" : cat(round_damaged_, " places are damaged");
  node_.services.events.add(
      "scrub", "scrubber",
      cat("round ", round_, ": ", round_pages_, " pages and records, ", round_bytes_, " bytes read, ", damage));
}

void Scrubber::tell_of(const std::vector<Damage>& found) {
  const CatalogPtr catalog = node_.services.catalog.get();
  for (const Damage& damage : found) {
    if (told_.size() == kToldMax || !told_.emplace(damage.file, damage.at_byte).second) continue;
    DamageInfo info;
    info.file = damage.file;
    info.partition = info_.partition;
    info.at_byte = damage.at_byte;
    info.bytes = damage.bytes;
    info.problem = damage.problem;
    std::string whose;
    if (const ObjectDef* owner = owner_of(*catalog, damage.tree); owner != nullptr && damage.tree != 0) {
      const ObjectDef* schema = catalog->find(owner->schema);
      info.relation = owner->name;
      if (schema != nullptr) info.schema = schema->name;
      whose = cat(" (of ", info.schema, ".", info.relation, ")");
    } else if (damage.tree != 0 && damage.tree < kFirstUserTree) {
      whose = " (of the catalog)";
    }
    node_.services.events.add("damage", "scrubber",
                              cat(damage.file, " at byte ", damage.at_byte, whose, ": ", damage.problem));
    node_.services.damages.add(std::move(info));
  }
}

void Scrubber::publish(const char* state) {
  info_.state = state;
  node_.services.scrubs.set(info_);
}

}  // namespace troupe
