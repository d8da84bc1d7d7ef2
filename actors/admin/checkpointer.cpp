#include "actors/admin/checkpointer.hpp"

#include <algorithm>
#include <tuple>

#include "storage/base/text.hpp"
#include "storage/log/commit_record.hpp"

namespace troupe {
namespace {
constexpr std::chrono::milliseconds kTick{100};
constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kPatienceUs = 120 * kUsPerSecond;
constexpr int64_t kRetryUs = kUsPerSecond / 4;
constexpr uint32_t kAttemptsMax = 20;
/// A node that is killed again and again before it has written much must not recover more each time.
constexpr uint64_t kRecoveredBytesMax = 16ull << 20;
}  // namespace

CheckpointActor::CheckpointActor(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)), node_{node}, directory_{node.directory} {
  if (node_.checkpoint_begun_us.load(std::memory_order_relaxed) != 0) {
    note_begin();
    return;
  }
  // The node has just started: what was recovered is not in a checkpoint yet.
  last_us_ = node_.services.clock.monotonic_us();
  node_.checkpoint_begun_us.store(last_us_, std::memory_order_relaxed);
  after_recovery_ = node_.log_bytes.load(std::memory_order_relaxed) > kRecoveredBytesMax;
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
        next_askers_.push_back({current_sender(), request});
        if (!running_) begin();
      },
      [this](full_atom) {
        again_ = running_;
        if (!running_) begin();
      },
      [this](ckptdone_atom, uint64_t round, PartitionId partition, Scn covered, const std::string& error) {
        if (round == round_ || round == kNewestRound) on_done(partition, covered, error);
      },
  };
}

void CheckpointActor::tick() {
  const NodeConfig& config = node_.services.config;
  const int64_t now = node_.services.clock.monotonic_us();
  if (running_) {
    if (asked_ != directory_.get().manager_incarnation) {
      failure_ = error(ErrorCode::kObjectInUse, "the transaction manager was restarted during the checkpoint");
      finish();
    } else if (now - started_us_ > kPatienceUs) {
      failure_ = error(ErrorCode::kIoError, "a checkpoint did not end");
      finish();
    }
    return;
  }
  if (now < not_before_us_) return;
  const uint64_t log_bytes = node_.log_bytes.load(std::memory_order_relaxed) - last_log_bytes_;
  uint64_t dirty = 0;
  for (const PublishedStatistics& statistics : node_.statistics) dirty += statistics.get().dirty_bytes;
  const bool due = log_bytes > 0 && now - last_us_ > config.checkpoint_interval_s * kUsPerSecond;
  // Dirty pages are bounded even when they are no log: bulk loads.
  const bool much = log_bytes > config.checkpoint_log_bytes || dirty > config.dirty_bytes_max / 2;
  if (due || much || after_recovery_ || !next_askers_.empty()) begin();
}

void CheckpointActor::begin() {
  running_ = true;
  after_recovery_ = false;
  askers_ = std::exchange(next_askers_, {});
  before_ = {last_us_, last_log_bytes_};
  note_begin();
  started_us_ = last_us_;
  asked_ = directory_.get().manager_incarnation;
  missing_ = all_participants(directory_.get().partitions.size());
  covered_ = kMaxScn;
  failure_ = absl::OkStatus();
  // Also another number than any that a predecessor of this actor asked with.
  round_ = std::max(round_ + 1, static_cast<uint64_t>(started_us_));
  if (node_.services.config.planted == PlantedBug::kLogReleasedEarly) {
    tell(directory_.get().log_writer, release_atom::value, node_.services.commits.durable());
  }
  tell(directory_.get().manager, checkpt_atom::value, round_);
}

void CheckpointActor::note_begin() {
  last_us_ = node_.services.clock.monotonic_us();
  last_log_bytes_ = node_.log_bytes.load(std::memory_order_relaxed);
  node_.checkpoint_begun_us.store(last_us_, std::memory_order_relaxed);
  node_.checkpoint_log_bytes.store(last_log_bytes_, std::memory_order_relaxed);
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
  const int64_t now = node_.services.clock.monotonic_us();
  if (failure_.ok()) {
    node_.checkpoint_scn.store(covered_, std::memory_order_release);
    tell(directory_.get().log_writer, release_atom::value, covered_);
    node_.services.events.add("checkpoint", "checkpointer",
                              cat("covers SCN ", covered_, ", took ", (now - started_us_) / 1000, " ms"));
  } else {
    node_.services.events.add("checkpoint", "checkpointer", std::string(failure_.message()));
    std::tie(last_us_, last_log_bytes_) = before_;  // as due as it was
    not_before_us_ = now + kRetryUs;
  }
  // What was in the way (a restart, another checkpoint) passes.
  const bool again = error_code(failure_) == ErrorCode::kObjectInUse && ++attempts_ < kAttemptsMax;
  if (again) {
    next_askers_.insert(next_askers_.begin(), askers_.begin(), askers_.end());
  } else {
    attempts_ = 0;
    for (const Asker& asker : std::exchange(askers_, {})) {
      tell(caf::actor_cast<SessionActor>(asker.actor), granted_atom::value, asker.request, encode_error(failure_));
    }
    if (std::exchange(again_, false) || !next_askers_.empty()) begin();
  }
  if (!running_) directory_.clear();  // a dead actor's thread ends with the last reference to it
}

}  // namespace troupe
