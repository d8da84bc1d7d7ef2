#include "actors/admin/checkpointer.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe {
namespace {
constexpr std::chrono::milliseconds kTick{100};
constexpr int64_t kUsPerSecond = 1'000'000;
/// A partition that was restarted meanwhile does not answer.
constexpr int64_t kPatienceUs = 120 * kUsPerSecond;
}  // namespace

CheckpointActor::CheckpointActor(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)), node_{node}, directory_{node.directory} {
  last_us_ = node_.services.clock.monotonic_us();
  last_log_bytes_ = node_.log_bytes.load(std::memory_order_relaxed);
}

CheckpointActor::behavior_type CheckpointActor::make_behavior() {
  running();
  tell_self_after(kTick, tick_atom::value);
  return {
      [this](tick_atom) {
        tick();
        tell_self_after(kTick, tick_atom::value);
      },
      [this](checkpt_atom, uint64_t request) {
        (running_ ? next_askers_ : askers_).push_back({current_sender(), request});
        if (!running_) begin();
      },
      [this](full_atom) {
        again_ = running_;
        if (!running_) begin();
      },
      [this](ckptdone_atom, PartitionId partition, Scn covered, const std::string& error) {
        on_done(partition, covered, error);
      },
  };
}

void CheckpointActor::tick() {
  const NodeConfig& config = node_.services.config;
  const int64_t now = node_.services.clock.monotonic_us();
  if (running_) {
    if (now - started_us_ > kPatienceUs) {
      failure_ = error(ErrorCode::kIoError, "a checkpoint did not end");
      finish();
    }
    return;
  }
  const uint64_t log_bytes = node_.log_bytes.load(std::memory_order_relaxed) - last_log_bytes_;
  uint64_t dirty = 0;
  for (const PublishedStatistics& statistics : node_.statistics) dirty += statistics.get().dirty_bytes;
  const bool due = log_bytes > 0 && now - last_us_ > config.checkpoint_interval_s * kUsPerSecond;
  // Dirty pages are bounded even when they are no log: bulk loads.
  if (due || log_bytes > config.checkpoint_log_bytes || dirty > config.dirty_bytes_max / 2) begin();
}

void CheckpointActor::begin() {
  running_ = true;
  started_us_ = last_us_ = node_.services.clock.monotonic_us();
  last_log_bytes_ = node_.log_bytes.load(std::memory_order_relaxed);
  const size_t partitions = directory_.get().partitions.size();
  missing_ = partitions == 64 ? ~uint64_t{0} : (uint64_t{1} << partitions) - 1;
  covered_ = kMaxScn;
  failure_ = absl::OkStatus();
  tell(directory_.get().manager, checkpt_atom::value);
}

void CheckpointActor::on_done(PartitionId partition, Scn covered, const std::string& encoded_error) {
  if (!running_ || (missing_ >> partition & 1) == 0) return;
  missing_ &= ~(uint64_t{1} << partition);
  if (!encoded_error.empty()) failure_ = decode_error(encoded_error);
  covered_ = std::min(covered_, covered);
  if (missing_ == 0) finish();
}

void CheckpointActor::finish() {
  running_ = false;
  if (failure_.ok()) {
    node_.checkpoint_scn.store(covered_, std::memory_order_release);
    tell(directory_.get().log_writer, release_atom::value, covered_);
    node_.services.events.add("checkpoint", "checkpointer",
                              cat("covers SCN ", covered_, ", took ",
                                  (node_.services.clock.monotonic_us() - started_us_) / 1000, " ms"));
  } else {
    node_.services.events.add("checkpoint", "checkpointer", std::string(failure_.message()));
  }
  for (const Asker& asker : askers_) {
    tell(caf::actor_cast<SessionActor>(asker.actor), granted_atom::value, asker.request, encode_error(failure_));
  }
  askers_ = std::exchange(next_askers_, {});
  if (std::exchange(again_, false) || !askers_.empty()) begin();
}

}  // namespace troupe
