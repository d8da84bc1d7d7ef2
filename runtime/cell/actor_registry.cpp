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

void EventLog::add(std::string kind, std::string source, std::string reason) {
  const std::lock_guard lock(mutex_);
  events_.push_back({next_id_++, clock_.wall_us(), std::move(kind), std::move(source), std::move(reason)});
  if (events_.size() > events_max_) events_.pop_front();
}

std::vector<NodeEvent> EventLog::list() const {
  const std::lock_guard lock(mutex_);
  return {events_.begin(), events_.end()};
}

size_t EventLog::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

}  // namespace troupe
