#include "storage/verify/log_walk.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe {

absl::StatusOr<bool> LogWalk::step(uint64_t budget_bytes, LogPosition durable, std::vector<Damage>* damage) {
  const uint64_t until_bytes = bytes_ + budget_bytes;
  if (!entered_) {
    TROUPE_ASSIGN_OR_RETURN(entered_, enter(0, durable, damage));
    if (!entered_) return true;
  }
  while (bytes_ < until_bytes) {
    TROUPE_ASSIGN_OR_RETURN(const FrameCursor::State state, cursor_.next(durable));
    if (state == FrameCursor::State::limit) return true;
    if (state != FrameCursor::State::frame) {
      std::string problem =
          state == FrameCursor::State::bad ? cursor_.problem() : "the segment that follows is missing";
      TROUPE_ASSIGN_OR_RETURN(const bool goes_on, pass_problem(durable, std::move(problem), damage));
      if (!goes_on) return true;
      continue;
    }
    const LogFrame& frame = cursor_.frame();
    if (frame.scn < last_scn_) {
      damage->push_back({cursor_.path(), frame.position - cursor_.segment().first, frame.end - frame.position, 0,
                         cat("SCN ", frame.scn, " after ", last_scn_)});
    }
    last_scn_ = std::max(last_scn_, frame.scn);
    bytes_ += frame.end - frame.position;
    ++records_;
  }
  return false;
}

/// The first segment at or behind `from`; false: there is none.
absl::StatusOr<bool> LogWalk::enter(LogPosition from, LogPosition durable, std::vector<Damage>* damage) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.list(cursor_.directory()));
  for (const std::string& name : names) {
    const auto first = parse_segment_name(name);
    if (!first || *first < from || *first >= durable) continue;
    const absl::Status sought = cursor_.seek(*first, *first);
    if (sought.ok()) return true;
    if (error_code(sought) == ErrorCode::kUndefinedFile) continue;  // released meanwhile
    if (error_code(sought) != ErrorCode::kDataCorrupted) return sought;
    damage->push_back({join_path(cursor_.directory(), name), 0, kSegmentHeaderBytes, 0, error_fields(sought).message});
  }
  return false;
}

/// What follows in a damaged segment cannot be found, so it goes on with the next one. One that was released, and
/// perhaps is a spare or a newer part of the log by now, is not damaged.
absl::StatusOr<bool> LogWalk::pass_problem(LogPosition durable, std::string problem, std::vector<Damage>* damage) {
  const std::string path = cursor_.path();
  TROUPE_ASSIGN_OR_RETURN(const bool exists, files_.exists(path));
  if (exists && cursor_.position() < durable) {
    damage->push_back({path, cursor_.position() - cursor_.segment().first, 0, 0, std::move(problem)});
  }
  return enter(cursor_.segment().end(), durable, damage);
}

}  // namespace troupe
