#pragma once
/// sys.scrub: each data file, and the log, with how far the scrubber is. Outlives the actor, whose successor goes on
/// with the round. Owner: NodeServices; safe from any thread, one of which writes.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/system/upkeep_info.hpp"

namespace troupe {

class ScrubList {
 public:
  void set(const ScrubInfo& info) {
    const std::lock_guard lock(mutex_);
    rows_[info.file] = info;
  }
  std::vector<ScrubInfo> list() const {
    const std::lock_guard lock(mutex_);
    std::vector<ScrubInfo> all;
    for (const auto& [file, info] : rows_) all.push_back(info);
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, ScrubInfo> rows_;
};

}  // namespace troupe
