#pragma once
/// What an operator sees of the actors: sys.actors (one ActorRecord each) and sys.events (why something restarted).
/// Records are written by their actor with relaxed atomics and read by anyone.
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/cell/newest_rows.hpp"
#include "runtime/cell/published.hpp"
#include "storage/base/clock.hpp"

namespace troupe {

enum class ActorState : uint8_t { kStarting, kRunning, kRestarting, kStopped };
const char* to_string(ActorState state);

struct ActorRecord {
  uint64_t id = 0;
  uint64_t parent = 0;
  std::string kind;  ///< "partition", "session", ...
  std::string name;  ///< "partition[1]"
  std::atomic<ActorState> state{ActorState::kStarting};
  std::atomic<uint64_t> enqueued{0};
  std::atomic<uint64_t> handled{0};
  std::atomic<uint64_t> busy_ns{0};
  std::atomic<uint32_t> restarts{0};
  /// Ends the actor as if it had crashed; set by its supervisor at each start.
  Published<std::function<void()>> kill{nullptr};

  uint64_t mailbox_depth() const {
    const uint64_t in = enqueued.load(std::memory_order_relaxed);
    const uint64_t out = handled.load(std::memory_order_relaxed);
    return in > out ? in - out : 0;
  }
};
using ActorRecordPtr = std::shared_ptr<ActorRecord>;

class ActorRegistry {
 public:
  /// A record with a fresh id; it stays listed until remove().
  ActorRecordPtr add(uint64_t parent, std::string kind, std::string name);
  void remove(uint64_t id);
  ActorRecordPtr find(uint64_t id) const;
  /// In id order.
  std::vector<ActorRecordPtr> list() const;

 private:
  mutable std::mutex mutex_;
  uint64_t next_id_ = 1;
  std::map<uint64_t, ActorRecordPtr> records_;
};

struct NodeEvent {
  uint64_t id = 0;
  int64_t at_us = 0;
  std::string kind;    ///< "restart", "give up", "start", "checkpoint", ...
  std::string source;  ///< the actor's name
  std::string reason;
};

class EventLog {
 public:
  EventLog(const Clock& clock, size_t events_max) : rows_{clock, events_max} {}
  void add(std::string kind, std::string source, std::string reason) {
    const std::lock_guard lock(mutex_);
    rows_.add({0, 0, std::move(kind), std::move(source), std::move(reason)}, [this](const NodeEvent& event) {
      if (watcher_) watcher_(event);
    });
  }
  /// `watcher` hears of each event from now on, from whoever adds it, and must not wait for anything.
  void watch(std::function<void(const NodeEvent&)> watcher) {
    const std::lock_guard lock(mutex_);
    watcher_ = std::move(watcher);
  }
  std::vector<NodeEvent> list() const { return rows_.list(); }
  size_t size() const { return rows_.size(); }

 private:
  NewestRows<NodeEvent> rows_;
  std::mutex mutex_;
  std::function<void(const NodeEvent&)> watcher_;
};

}  // namespace troupe
