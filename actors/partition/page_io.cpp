#include "actors/partition/page_io.hpp"

#include <thread>

#include "storage/buffer/load_page.hpp"

namespace troupe {

PageReader::behavior_type PageReader::make_behavior() {
  running();
  return {[this](page_atom, const LoadedPagePtr& page) {
    page->image = load_page(*page->file, page->address, page->proof);
    tell(caf::actor_cast<PartitionActor>(current_sender()), page_atom::value, page);
  }};
}

PageWriter::behavior_type PageWriter::make_behavior() {
  running();
  return {[this](checkpt_atom, const CheckpointRunPtr& run) { this->run(run); }};
}

/// A checkpoint must not be ahead of the log, so it waits until the log is durable up to what its pages hold.
void PageWriter::run(const CheckpointRunPtr& run) {
  const NodeServices& services = node_.services;
  const auto log_is_behind = [&] { return services.commits.durable() < run->needs_durable; };
  while (log_is_behind() && !services.fenced.load(std::memory_order_acquire) && !services.log_stuck.load()) {
    if (!node_.may_block) {  // the simulator: come back when others had their turn
      tell_self_after(std::chrono::microseconds(100), checkpt_atom::value, run);
      return;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  auto queued = CheckpointRun::Stage::kQueued;
  if (!run->stage.compare_exchange_strong(queued, CheckpointRun::Stage::kWriting)) return;  // sent twice
  if (services.fenced.load(std::memory_order_acquire)) {
    run->result.status = error(ErrorCode::kIoError, "the node is fenced");
  } else if (log_is_behind()) {
    run->result.status =
        error(ErrorCode::kDiskFull, "the log, which a checkpoint must not be ahead of, cannot grow: no ",
              "space left on the disk");
  } else {
    try {
      run->result = run->job->run();
    } catch (const std::exception& failed) {  // a failed CHECK: nobody knows how far it came
      run->result = CheckpointResult{};
      run->result.status = error(ErrorCode::kInternalError, "while a checkpoint was written: ", failed.what());
      run->result.must_fence = true;
      run->stage.store(CheckpointRun::Stage::kWritten, std::memory_order_release);
      throw;
    }
  }
  run->stage.store(CheckpointRun::Stage::kWritten, std::memory_order_release);
  tell(node_.directory.get()->partitions[run->partition], ckptdone_atom::value, run);
}

}  // namespace troupe
