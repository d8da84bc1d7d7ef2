#include "runtime/stream/webhook_lanes.hpp"

#include <algorithm>

namespace troupe {
namespace {

/// Behind no event: of what is rejected up to here, nothing is.
constexpr const char* kBeforeAll = "1.1";

}  // namespace

void WebhookLanes::post(uint32_t partition, Lane& lane, Acts* acts) {
  lane.post = ++posts_;
  WebhookAct act;
  act.kind = WebhookAct::Kind::kPost;
  act.partition = partition;
  act.post = lane.post;
  acts->push_back(std::move(act));
}

/// What was taken, unless that is on its way.
void WebhookLanes::tell(uint32_t partition, Lane& lane, Acts* acts) {
  if (lane.taken.empty() || lane.taken == lane.acknowledged) return;
  lane.telling = true;
  lane.acknowledged = lane.taken;
  WebhookAct act;
  act.kind = WebhookAct::Kind::kAcknowledge;
  act.partition = partition;
  act.batch = lane.batch;
  act.upto = lane.taken;
  acts->push_back(std::move(act));
}

void WebhookLanes::close(uint32_t partition, Lane& lane, WebhookAct last, Acts* acts) {
  lane.closing = true;
  lane.post = 0;
  lane.events.clear();
  last.partition = partition;
  last.batch = lane.batch;
  last.last = true;
  acts->push_back(std::move(last));
}

void WebhookLanes::take(uint32_t partition, const std::string& batch, WebhookEvent event, Acts* acts) {
  Lane& lane = lanes_[partition];
  if (lane.batch != batch) {
    lane = Lane();
    lane.batch = batch;
  }
  lane.events.push_back(std::move(event));
  if (lane.post == 0) post(partition, lane, acts);
}

const WebhookEvent* WebhookLanes::posted(uint32_t partition, uint64_t post) const {
  const auto at = lanes_.find(partition);
  return at == lanes_.end() || at->second.post != post ? nullptr : &at->second.events.front();
}

void WebhookLanes::taken(uint32_t partition, uint64_t post, Acts* acts) {
  if (posted(partition, post) == nullptr) return;
  Lane& lane = lanes_[partition];
  lane.taken = lane.events.front().token;
  lane.events.pop_front();
  lane.post = 0;
  WebhookAct last;
  if (lane.events.empty()) {
    last.kind = WebhookAct::Kind::kAcknowledge;
    return close(partition, lane, std::move(last), acts);
  }
  if (giving_back_) {
    tell(partition, lane, acts);
    last.kind = WebhookAct::Kind::kReject;
    last.upto = lane.taken;
    return close(partition, lane, std::move(last), acts);
  }
  if (!lane.telling) tell(partition, lane, acts);
  this->post(partition, lane, acts);
}

void WebhookLanes::refused(uint32_t partition, uint64_t post, std::string reason, int64_t pause_us, Acts* acts) {
  if (posted(partition, post) == nullptr) return;
  Lane& lane = lanes_[partition];
  tell(partition, lane, acts);
  WebhookAct last;
  last.kind = WebhookAct::Kind::kReject;
  // What is given back counts as never delivered, unless it was before.
  const bool given_back = reason.empty() && (!lane.taken.empty() || lane.events.front().delivery == 1);
  last.upto = !given_back ? lane.events.front().token : lane.taken.empty() ? kBeforeAll : lane.taken;
  last.reason = std::move(reason);
  last.pause_us = pause_us;
  close(partition, lane, std::move(last), acts);
}

void WebhookLanes::answered(const WebhookAct& act, Acts* acts) {
  const auto at = lanes_.find(act.partition);
  if (at == lanes_.end() || at->second.batch != act.batch) return;
  if (act.last) {
    lanes_.erase(at);
    return;
  }
  at->second.telling = false;
  if (!at->second.closing) tell(act.partition, at->second, acts);
}

void WebhookLanes::lost(const WebhookAct& act) {
  const auto at = lanes_.find(act.partition);
  if (at != lanes_.end() && at->second.batch == act.batch) lanes_.erase(at);
}

void WebhookLanes::give_back() { giving_back_ = true; }

size_t WebhookLanes::waiting() const {
  size_t count = 0;
  for (const auto& [partition, lane] : lanes_) count += lane.events.size();
  return count;
}

int64_t retry_pause_us(int32_t deliveries, int64_t first_us, int64_t longest_us, double random) {
  int64_t pause = std::min(first_us, longest_us);
  for (int32_t i = 1; i < deliveries && pause < longest_us; ++i) pause = std::min(pause * 2, longest_us);
  return pause / 2 + static_cast<int64_t>(static_cast<double>(pause - pause / 2) * random);
}

}  // namespace troupe
