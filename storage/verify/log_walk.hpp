#pragma once
/// One round over the log, which its node goes on writing to and releasing: every frame of every segment up to what is
/// durable, some at a time. Owner: one thread.
#include <string>
#include <vector>

#include "storage/log/frame_cursor.hpp"
#include "storage/verify/scrub_walk.hpp"

namespace troupe {

class LogWalk {
 public:
  LogWalk(FileSystem& files, std::string directory) : files_{files}, cursor_{files, std::move(directory)} {}

  /// Reads on until about `budget_bytes` are checked. True: `durable` is reached. Errors: I/O.
  absl::StatusOr<bool> step(uint64_t budget_bytes, LogPosition durable, std::vector<Damage>* damage);
  uint64_t records() const { return records_; }
  uint64_t bytes() const { return bytes_; }

 private:
  absl::StatusOr<bool> enter(LogPosition from, LogPosition durable, std::vector<Damage>* damage);
  absl::StatusOr<bool> pass_problem(LogPosition durable, std::string problem, std::vector<Damage>* damage);

  FileSystem& files_;
  FrameCursor cursor_;
  bool entered_ = false;
  Scn last_scn_ = kNoScn;
  uint64_t records_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace troupe
