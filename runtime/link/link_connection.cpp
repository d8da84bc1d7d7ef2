#include "runtime/link/link_connection.hpp"

#include <asio/post.hpp>

#include <chrono>

namespace troupe {
namespace {

constexpr size_t kReceiveRoom = 64 * 1024;

}  // namespace

LinkConnection::LinkConnection(std::shared_ptr<TlsStream> stream, const LinkOptions& options, LinkHello peer,
                               uint64_t incarnation, std::shared_ptr<LinkEvents> events)
    : stream_{std::move(stream)},
      options_{options},
      peer_{std::move(peer)},
      incarnation_{incarnation},
      events_{std::move(events)},
      queue_{std::min(options.window_bytes, peer_.window_bytes), options.reply_queue_bytes_max},
      heartbeat_timer_{stream_->get_executor()},
      deadline_timer_{stream_->get_executor()} {
  received_.resize(kReceiveRoom);
}

int64_t LinkConnection::now_ms() const {
  using namespace std::chrono;
  return duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

void LinkConnection::start() {
  last_heard_ms_ = now_ms();
  arm_heartbeat();
  if (events_->state) events_->state(absl::OkStatus());
  if (open_) read_more();
}

absl::Status LinkConnection::check_frame(const FrameBytes& frame) const {
  if (!open_) return error(ErrorCode::kConnectionFailure, "the link to ", peer_.node_name, " is down");
  const uint64_t limit = std::min(options_.frame_bytes_max, peer_.frame_bytes_max);
  if (frame.size() <= limit) return absl::OkStatus();
  return error(ErrorCode::kProgramLimitExceeded, "a frame of ", frame.size(), " bytes is above link.frame_bytes_max (",
               limit, ")");
}

OutgoingFrame LinkConnection::outgoing(LinkFrameType type, LinkKind kind, FrameBytes frame, uint64_t correlation,
                                       uint32_t deadline_ms) const {
  OutgoingFrame out;
  out.header.size = out.header.raw_size = frame.size();
  out.header.type = type;
  out.header.kind = kind;
  out.header.deadline_ms = deadline_ms;
  out.header.correlation = correlation;
  out.header.incarnation = incarnation_;
  out.payload = std::move(frame);
  return out;
}

absl::Status LinkConnection::send(LinkKind kind, FrameBytes frame) {
  TROUPE_RETURN_IF_ERROR(check_frame(frame));
  if (!queue_.push(outgoing(LinkFrameType::kMessage, kind, std::move(frame), 0, 0))) {
    return error(ErrorCode::kConfigurationLimitExceeded, "the window of the link to ", peer_.node_name, " is full");
  }
  pump();
  return absl::OkStatus();
}

void LinkConnection::request(LinkKind kind, FrameBytes frame, uint32_t deadline_ms, PeerLink::Reply reply) {
  const auto refuse = [&](absl::Status status) {
    asio::post(stream_->get_executor(), [reply = std::move(reply), status = std::move(status)] { reply(status); });
  };
  if (auto status = check_frame(frame); !status.ok()) return refuse(std::move(status));
  if (pending_.size() >= options_.requests_max) {
    return refuse(error(ErrorCode::kConfigurationLimitExceeded, "link.requests_max (", options_.requests_max,
                        ") requests are waiting for ", peer_.node_name));
  }
  deadline_ms = std::max(deadline_ms, 1u);
  const uint64_t correlation = pending_.add({reply, now_ms() + deadline_ms, deadline_ms});
  if (!queue_.push(outgoing(LinkFrameType::kRequest, kind, std::move(frame), correlation, deadline_ms))) {
    pending_.take(correlation);
    return refuse(
        error(ErrorCode::kConfigurationLimitExceeded, "the window of the link to ", peer_.node_name, " is full"));
  }
  arm_deadlines();
  pump();
}

void LinkConnection::reply(uint64_t correlation, FrameBytes frame) {
  if (!open_) return;
  if (auto status = check_frame(frame); !status.ok()) return reply_error(correlation, status);
  if (!queue_.push_reply(outgoing(LinkFrameType::kReply, 0, std::move(frame), correlation, 0))) {
    return reply_error(correlation, error(ErrorCode::kConfigurationLimitExceeded,
                                          "more than link.reply_queue_bytes_max of replies are waiting to be sent"));
  }
  pump();
}

void LinkConnection::reply_error(uint64_t correlation, const absl::Status& status) {
  if (!open_) return;
  queue_.push_error_reply(
      outgoing(LinkFrameType::kErrorReply, 0, FrameBytes::copy_of(encode_error(status)), correlation, 0));
  pump();
}

void LinkConnection::consumed(uint64_t bytes) {
  credit_due_bytes_ += bytes;
  if (open_) pump();
}

void LinkConnection::arm_heartbeat() {
  next_heartbeat_ms_ = now_ms() + options_.heartbeat_interval_ms;
  heartbeat_timer_.expires_after(std::chrono::milliseconds(options_.heartbeat_interval_ms));
  heartbeat_timer_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
    if (!cancelled && self->open_) self->on_heartbeat();
  });
}

void LinkConnection::on_heartbeat() {
  const int64_t now = now_ms();
  // When this process itself was stopped, what the peer sent meanwhile is still unread: look again next time.
  const bool was_stopped = now - next_heartbeat_ms_ > options_.heartbeat_interval_ms;
  if (was_stopped) last_heard_ms_ = std::max(last_heard_ms_, now - options_.heartbeat_timeout_ms / 2);
  if (now - last_heard_ms_ > options_.heartbeat_timeout_ms) {
    return lose(error(ErrorCode::kConnectionFailure, "no sign of life for ", now - last_heard_ms_, " ms"));
  }
  heartbeat_due_ = !std::exchange(wrote_since_heartbeat_, false) || credit_due_bytes_ > 0;
  pump();
  arm_heartbeat();
}

void LinkConnection::arm_deadlines() {
  const auto next = pending_.next_due_ms();
  if (!next || !open_ || (deadline_armed_ms_ != 0 && deadline_armed_ms_ <= *next)) return;
  deadline_armed_ms_ = *next;
  deadline_timer_.expires_after(std::chrono::milliseconds(std::max<int64_t>(*next - now_ms(), 0)));
  deadline_timer_.async_wait([self = shared_from_this()](const asio::error_code& cancelled) {
    if (cancelled || !self->open_) return;
    self->deadline_armed_ms_ = 0;
    for (auto& request : self->pending_.take_overdue(self->now_ms())) {
      const uint32_t waited_ms = request.deadline_ms;
      self->answer(std::move(request), error(ErrorCode::kQueryCanceled, "no answer from ", self->peer_.node_name,
                                             " within ", waited_ms, " ms"));
    }
    self->arm_deadlines();
  });
}

void LinkConnection::answer(PendingRequests::Request request, absl::StatusOr<FrameBytes> result) {
  request.reply(std::move(result));
}

void LinkConnection::close(absl::Status why) { lose(std::move(why)); }

void LinkConnection::lose(absl::Status why) {
  if (!std::exchange(open_, false)) return;
  asio::error_code ignored;
  stream_->lowest_layer().close(ignored);
  heartbeat_timer_.cancel();
  deadline_timer_.cancel();
  why = annotate(why, cat("the link to ", peer_.node_name, " was lost"));
  asio::post(stream_->get_executor(), [self = shared_from_this(), requests = pending_.take_all(), why]() mutable {
    for (auto& request : requests) self->answer(std::move(request), why);
    if (self->events_->lost) self->events_->lost(why);
    if (self->events_->state) self->events_->state(why);
  });
}

}  // namespace troupe
