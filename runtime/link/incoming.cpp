#include "runtime/link/peer_link.hpp"

namespace troupe {

Incoming::Incoming(Incoming&& other) noexcept
    : owner_{std::move(other.owner_)},
      frame_{std::move(other.frame_)},
      correlation_{std::exchange(other.correlation_, 0)},
      charged_bytes_{std::exchange(other.charged_bytes_, 0)},
      deadline_ms_{other.deadline_ms_},
      kind_{other.kind_} {}

Incoming& Incoming::operator=(Incoming&& other) noexcept {
  if (this == &other) return *this;
  done();
  owner_ = std::move(other.owner_);
  frame_ = std::move(other.frame_);
  correlation_ = std::exchange(other.correlation_, 0);
  charged_bytes_ = std::exchange(other.charged_bytes_, 0);
  deadline_ms_ = other.deadline_ms_;
  kind_ = other.kind_;
  return *this;
}

void Incoming::reply(FrameBytes frame) {
  const uint64_t correlation = std::exchange(correlation_, 0);
  if (correlation == 0) return;
  if (const auto owner = owner_.lock()) owner->reply(correlation, std::move(frame));
}

void Incoming::reply(const absl::Status& error) {
  const uint64_t correlation = std::exchange(correlation_, 0);
  if (correlation == 0) return;
  if (const auto owner = owner_.lock()) owner->reply_error(correlation, error);
}

void Incoming::done() {
  if (correlation_ != 0) reply(error(ErrorCode::kInternalError, "the request was dropped unanswered"));
  frame_ = FrameBytes();
  const uint64_t bytes = std::exchange(charged_bytes_, 0);
  if (bytes == 0) return;
  if (const auto owner = owner_.lock()) owner->consumed(bytes);
}

}  // namespace troupe
