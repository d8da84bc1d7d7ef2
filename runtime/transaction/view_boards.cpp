#include "runtime/transaction/view_boards.hpp"

#include <algorithm>
#include <utility>

namespace troupe {

std::string_view view_state_name(ViewState state) {
  switch (state) {
    case ViewState::kBuilding: return "building";
    case ViewState::kLive: return "live";
    case ViewState::kFailed: return "failed";
  }
  return {};
}

void ViewBoard::publish(Scn base, Scn stored, uint64_t changes) {
  std::unique_lock lock(mutex_);
  boundaries_.push_back({base, stored, base});
  if (boundaries_.size() > kBoundariesMax) boundaries_.pop_front();
  progress_.state = ViewState::kLive;
  progress_.through = base;
  progress_.changes += changes;
  if (changes > 0) ++progress_.batches;
  const auto waiting = due(base);
  lock.unlock();
  call(waiting);
}

void ViewBoard::advance(Scn through) {
  std::unique_lock lock(mutex_);
  if (boundaries_.empty() || through <= boundaries_.back().through) return;
  boundaries_.back().through = progress_.through = through;
  const auto waiting = due(through);
  lock.unlock();
  call(waiting);
}

void ViewBoard::rebuild(std::string why) {
  std::unique_lock lock(mutex_);
  if (!why.empty()) progress_.error = std::move(why);
  boundaries_.clear();
  progress_.state = ViewState::kBuilding;
  const auto waiting = all();
  lock.unlock();
  call(waiting);
}

void ViewBoard::rebuilt() {
  const std::lock_guard lock(mutex_);
  ++progress_.rebuilds;
}

void ViewBoard::fail(std::string error) {
  std::unique_lock lock(mutex_);
  boundaries_.clear();
  progress_.state = ViewState::kFailed;
  progress_.error = std::move(error);
  const auto waiting = all();
  lock.unlock();
  call(waiting);
}

bool ViewBoard::enter() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(kept_, true);
}

void ViewBoard::set_reads(ViewReads reads) {
  auto shared = std::make_shared<const ViewReads>(std::move(reads));
  const std::lock_guard lock(mutex_);
  reads_.swap(shared);
}

std::shared_ptr<const ViewReads> ViewBoard::reads() const {
  const std::lock_guard lock(mutex_);
  return reads_;
}

bool ViewBoard::kept() const {
  const std::lock_guard lock(mutex_);
  return kept_;
}

void ViewBoard::leave() {
  withdraw();
  const std::lock_guard lock(mutex_);
  kept_ = false;
}

void ViewBoard::withdraw() {
  std::unique_lock lock(mutex_);
  boundaries_.clear();
  if (progress_.state == ViewState::kLive) progress_.state = ViewState::kBuilding;
  const auto waiting = all();
  lock.unlock();
  call(waiting);
}

/// The newest one whose base is not behind the snapshot.
std::optional<ViewBoundary> ViewBoard::before(Scn snapshot) const {
  const auto behind = std::upper_bound(boundaries_.begin(), boundaries_.end(), snapshot,
                                       [](Scn scn, const ViewBoundary& boundary) { return scn < boundary.base; });
  if (behind == boundaries_.begin()) return std::nullopt;
  return *std::prev(behind);
}

ViewBoard::Found ViewBoard::find(Scn snapshot, bool exactly, ViewBoundary* boundary,
                                 const std::function<void()>& tell) {
  const std::lock_guard lock(mutex_);
  if (boundaries_.empty()) return Found::kNever;
  if (const auto found = before(snapshot); found && snapshot <= found->through) {
    *boundary = *found;
    ++progress_.reads;
    return Found::kThere;
  }
  const ViewBoundary& newest = boundaries_.back();
  if (snapshot > newest.through) {
    waiting_.emplace(snapshot, tell);
    return Found::kLater;
  }
  if (exactly) return Found::kNever;
  *boundary = newest;
  ++progress_.reads;
  return Found::kThere;
}

std::vector<std::function<void()>> ViewBoard::due(Scn through) {
  std::vector<std::function<void()>> told;
  while (!waiting_.empty() && waiting_.begin()->first <= through) {
    told.push_back(std::move(waiting_.begin()->second));
    waiting_.erase(waiting_.begin());
  }
  return told;
}

std::vector<std::function<void()>> ViewBoard::all() { return due(kMaxScn); }

void ViewBoard::call(const std::vector<std::function<void()>>& waiting) {
  for (const auto& tell : waiting) tell();
}

ViewProgress ViewBoard::progress() const {
  const std::lock_guard lock(mutex_);
  return progress_;
}

ViewBoards& ViewBoards::of_node(const void* services) {
  static std::mutex mutex;
  static auto& nodes = *new std::map<const void*, std::unique_ptr<ViewBoards>>();
  const std::lock_guard lock(mutex);
  std::unique_ptr<ViewBoards>& boards = nodes[services];
  if (boards == nullptr) boards = std::make_unique<ViewBoards>();
  return *boards;
}

ViewBoardPtr ViewBoards::of(Oid view) {
  const std::lock_guard lock(mutex_);
  ViewBoardPtr& board = boards_[view];
  if (board == nullptr) board = std::make_shared<ViewBoard>();
  return board;
}

ViewBoardPtr ViewBoards::find(Oid view) const {
  const std::lock_guard lock(mutex_);
  const auto at = boards_.find(view);
  return at == boards_.end() ? nullptr : at->second;
}

uint64_t ViewBoards::kept() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint64_t>(
      std::count_if(boards_.begin(), boards_.end(), [](const auto& board) { return board.second->kept(); }));
}

void ViewBoards::forget(Oid view) {
  const std::lock_guard lock(mutex_);
  boards_.erase(view);
}

}  // namespace troupe
