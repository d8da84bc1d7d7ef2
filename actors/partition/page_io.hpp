#pragma once
/// The blocking side of a partition's pages: detached actors that read cold pages and write checkpoints.
#include <atomic>
#include <memory>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "storage/checkpoint/checkpoint_job.hpp"
#include "storage/page/page_image.hpp"

namespace troupe {

/// A page on its way from the disk. The partition's file is held, because the partition may be restarted meanwhile.
struct LoadedPage {
  std::shared_ptr<const File> file;
  PageAddress address;
  PageProof proof = PageProof::kWhole;
  absl::StatusOr<PageImage> image{PageImage{}};
};

/// A checkpoint on its way to the disk. Its partition keeps it until it is taken in, whichever of the two actors is
/// restarted meanwhile.
struct CheckpointRun {
  enum class Stage : uint8_t {
    kQueued,  ///< with the page writer, or lost with the mailbox of one that was killed
    kWriting,
    kWritten,
    kAbandoned,  ///< its partition is built anew, without it
  };
  PartitionId partition = 0;
  uint64_t round = 0;
  Scn covered = kNoScn;
  Scn needs_durable = kNoScn;  ///< its pages hold (a part of) this commit
  std::shared_ptr<const File> file;  ///< what `job` writes to
  std::unique_ptr<CheckpointJob> job;
  CheckpointResult result;
  uint64_t row = 0;  ///< in sys.checkpoints
  /// Who changes it from kQueued has `job`; from kWritten on everything is the partition's.
  std::atomic<Stage> stage{Stage::kQueued};
};

class PageReader final : public ActorOf<PageReaderActor::base> {
 public:
  using ActorOf::ActorOf;
  behavior_type make_behavior() override;
  const char* name() const override { return "page_reader"; }
};

class PageWriter final : public ActorOf<PageWriterActor::base> {
 public:
  PageWriter(caf::actor_config& config, ActorSeat seat, NodeContext& node)
      : ActorOf(config, std::move(seat)), node_{node} {}
  behavior_type make_behavior() override;
  const char* name() const override { return "page_writer"; }

 private:
  void run(const CheckpointRunPtr& run);
  NodeContext& node_;
};

}  // namespace troupe
