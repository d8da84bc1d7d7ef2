#include "runtime/cell/actor_registry.hpp"

namespace troupe {

const char* to_string(ActorState state) {
  switch (state) {
    case ActorState::kStarting: return "starting";
    case ActorState::kRunning: return "running";
    case ActorState::kRestarting: return "restarting";
    case ActorState::kStopped: return "stopped";
  }
  return "unknown";
}

ActorRecordPtr ActorRegistry::add(uint64_t parent, std::string kind, std::string name) {
  auto record = std::make_shared<ActorRecord>();
  record->parent = parent;
  record->kind = std::move(kind);
  record->name = std::move(name);
  const std::lock_guard lock(mutex_);
  record->id = next_id_++;
  records_.emplace(record->id, record);
  return record;
}

void ActorRegistry::remove(uint64_t id) {
  const std::lock_guard lock(mutex_);
  records_.erase(id);
}

ActorRecordPtr ActorRegistry::find(uint64_t id) const {
  const std::lock_guard lock(mutex_);
  const auto it = records_.find(id);
  return it == records_.end() ? nullptr : it->second;
}

std::vector<ActorRecordPtr> ActorRegistry::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<ActorRecordPtr> all;
  all.reserve(records_.size());
  for (const auto& [id, record] : records_) all.push_back(record);
  return all;
}

}  // namespace troupe
