#include "actors/session/session_list.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {

SessionRecordPtr SessionList::add(int64_t now_us, SessionSignals signals) {
  auto info = std::make_shared<SessionRecord>(std::move(signals));
  info->started_us = now_us;
  info->state_changed_us.store(now_us);
  const std::lock_guard lock(mutex_);
  do {
    next_process_id_ = next_process_id_ == INT32_MAX ? 1000 : next_process_id_ + 1;
  } while (sessions_.contains(next_process_id_));
  info->process_id = next_process_id_;
  std::memcpy(&info->secret_key, secrets_(sizeof info->secret_key).data(), sizeof info->secret_key);
  sessions_.emplace(info->process_id, info);
  return info;
}

void SessionList::remove(int32_t process_id) {
  const std::lock_guard lock(mutex_);
  sessions_.erase(process_id);
  ticking_.erase(process_id);
}

SessionRecordPtr SessionList::find(int32_t process_id) const {
  const std::lock_guard lock(mutex_);
  const auto it = sessions_.find(process_id);
  return it == sessions_.end() ? nullptr : it->second;
}

std::vector<SessionRecordPtr> SessionList::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionRecordPtr> all;
  all.reserve(sessions_.size());
  for (const auto& [id, info] : sessions_) all.push_back(info);
  return all;
}

void SessionList::want_ticks(const SessionRecordPtr& session, bool wanted) {
  if (session->wants_ticks.load(std::memory_order_relaxed) == wanted) return;
  const std::lock_guard lock(mutex_);
  session->wants_ticks.store(wanted, std::memory_order_relaxed);
  if (wanted) {
    ticking_.emplace(session->process_id, session);
  } else {
    ticking_.erase(session->process_id);
  }
}

std::vector<SessionRecordPtr> SessionList::ticking() const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionRecordPtr> all;
  for (const auto& [id, info] : ticking_) all.push_back(info);
  return all;
}

size_t SessionList::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

namespace {
bool is_logged_in(const SessionRecord& session) { return session.database.load(std::memory_order_relaxed) != kNoOid; }
}  // namespace

size_t SessionList::logged_in() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) { return is_logged_in(*entry.second); }));
}

SessionRecordPtr SessionList::oldest_stranger() const {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(sessions_.begin(), sessions_.end(), [](const auto& entry) { return !is_logged_in(*entry.second); });
  return found == sessions_.end() ? nullptr : found->second;
}

bool SessionList::enter(SessionRecord& session, Oid database) {
  const std::lock_guard lock(mutex_);
  if (closed_.contains(database)) return false;
  session.database.store(database, std::memory_order_relaxed);
  return true;
}

std::vector<SessionRecordPtr> SessionList::in_database(Oid database, int32_t except) const {
  const std::lock_guard lock(mutex_);
  std::vector<SessionRecordPtr> found;
  for (const auto& [id, session] : sessions_) {
    if (id != except && session->database.load(std::memory_order_relaxed) == database) found.push_back(session);
  }
  return found;
}

bool SessionList::close(Oid database, int32_t except, bool at_once) {
  const std::lock_guard lock(mutex_);
  if (at_once) closed_.insert(database);
  for (const auto& [id, session] : sessions_) {
    if (id != except && session->database.load(std::memory_order_relaxed) == database) return false;
  }
  closed_.insert(database);
  return true;
}

void SessionList::open(Oid database) {
  const std::lock_guard lock(mutex_);
  closed_.erase(database);
}

bool SessionList::is_open(TxnId txn) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, info] : sessions_) {
    if (info->txn.load(std::memory_order_acquire) == txn) return true;
  }
  return false;
}

}  // namespace troupe
