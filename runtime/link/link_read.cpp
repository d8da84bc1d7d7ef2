/// LinkConnection's reading side. It never stops reading: the window bounds what a peer may send.
#include <lz4.h>
#include <asio/read.hpp>

#include <algorithm>

#include "runtime/link/link_connection.hpp"

namespace troupe {
namespace {

constexpr size_t kReceivePieceMax = 256 * 1024;

}  // namespace

void LinkConnection::read_more() {
  if (parsed_ > 0) {
    std::copy(received_.begin() + static_cast<ptrdiff_t>(parsed_),
              received_.begin() + static_cast<ptrdiff_t>(received_size_), received_.begin());
    received_size_ -= std::exchange(parsed_, 0);
  }
  const bool fits = !in_frame_ || header_.size <= received_.size();
  if (!fits) return read_payload();
  stream_->async_read_some(asio::buffer(received_.data() + received_size_, received_.size() - received_size_),
                           [self = shared_from_this()](const asio::error_code& failed, size_t size) {
                             if (!self->open_) return;
                             if (failed) {
                               return self->lose(error(ErrorCode::kConnectionFailure, failed.message()));
                             }
                             self->on_read(size);
                           });
}

void LinkConnection::on_read(size_t size) {
  last_heard_ms_ = now_ms();
  received_size_ += size;
  while (open_ && parse_one()) {
  }
  if (!open_) return;
  if (queue_.ready()) pump();  // the peer may have returned credit
  if (events_->writable && queue_.take_became_writable()) events_->writable();
  if (open_) read_more();
}

/// One step: a header, or the payload that belongs to it. False when more bytes are needed.
bool LinkConnection::parse_one() {
  const std::string_view unparsed(received_.data() + parsed_, received_size_ - parsed_);
  if (!in_frame_) {
    if (unparsed.size() < kLinkHeaderBytes) return false;
    auto header = read_link_header(unparsed);
    absl::Status status = header.ok() ? check_header(*header) : header.status();
    if (!status.ok()) {
      lose(std::move(status));
      return false;
    }
    header_ = *header;
    in_frame_ = true;
    parsed_ += kLinkHeaderBytes;
    return true;
  }
  if (unparsed.size() < header_.size) return false;
  auto frame = unpack(header_, unparsed.substr(0, header_.size));
  if (!frame.ok()) {
    lose(frame.status());
    return false;
  }
  parsed_ += header_.size;
  in_frame_ = false;
  deliver(*std::move(frame));
  return true;
}

/// A payload larger than the buffer is read into its own memory, whose size check_header() has allowed.
void LinkConnection::read_payload() {
  large_ = FrameBytes(FrameBlock::allocate(header_.size));
  std::copy_n(received_.data(), received_size_, large_.mutable_data());
  const size_t have = std::exchange(received_size_, 0);
  // Each piece is a sign of life, so that a slow large frame is not taken for silence.
  asio::async_read(
      *stream_, asio::buffer(large_.mutable_data() + have, header_.size - have),
      [self = shared_from_this()](const asio::error_code& failed, size_t) -> size_t {
        self->last_heard_ms_ = self->now_ms();
        return failed ? 0 : kReceivePieceMax;
      },
      [self = shared_from_this()](const asio::error_code& failed, size_t) {
        if (!self->open_) return;
        if (failed) return self->lose(error(ErrorCode::kConnectionFailure, failed.message()));
        FrameBytes payload = std::exchange(self->large_, FrameBytes());
        if (self->header_.compressed) {
          auto unpacked = self->unpack(self->header_, payload.view());
          if (!unpacked.ok()) return self->lose(unpacked.status());
          payload = *std::move(unpacked);
        }
        self->in_frame_ = false;
        self->deliver(std::move(payload));
        if (self->open_) self->on_read(0);
      });
}

absl::Status LinkConnection::check_header(const LinkHeader& header) {
  const auto violation = [this](std::string_view what) {
    return error(ErrorCode::kProtocolViolation, peer_.node_name, " ", what);
  };
  if (header.type == LinkFrameType::kHello) return violation("introduced itself twice");
  if (header.incarnation != incarnation_) return violation("sent a frame of another connection");
  if (header.raw_size > options_.frame_bytes_max) return violation("sent a frame above link.frame_bytes_max");
  if (header.type == LinkFrameType::kHeartbeat && header.raw_size != 0)
    return violation("sent a heartbeat with a body");
  if (!queue_.credited(header.credit)) return violation("returned more of the window than it was sent");
  if (header.type == LinkFrameType::kMessage || header.type == LinkFrameType::kRequest) {
    unreturned_bytes_ += kLinkHeaderBytes + header.raw_size;
    if (unreturned_bytes_ > options_.window_bytes) return violation("sent more than the window allows");
    if ((header.type == LinkFrameType::kRequest) != (header.correlation != 0)) {
      return violation("sent a request without an id");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<FrameBytes> LinkConnection::unpack(const LinkHeader& header, std::string_view payload) const {
  if (!header.compressed) return FrameBytes::copy_of(payload);
  FrameBytes frame(FrameBlock::allocate(header.raw_size));
  const int size = LZ4_decompress_safe(payload.data(), reinterpret_cast<char*>(frame.mutable_data()),
                                       static_cast<int>(payload.size()), static_cast<int>(header.raw_size));
  if (size != static_cast<int>(header.raw_size)) {
    return error(ErrorCode::kProtocolViolation, peer_.node_name, " sent a frame that does not unpack");
  }
  return frame;
}

void LinkConnection::deliver(FrameBytes frame) {
  const LinkHeader header = header_;
  switch (header.type) {
    case LinkFrameType::kMessage:
    case LinkFrameType::kRequest: {
      Incoming incoming(weak_from_this(), header.kind, std::move(frame), header.correlation, header.deadline_ms,
                        kLinkHeaderBytes + header.raw_size);
      if (events_->incoming) events_->incoming(std::move(incoming));
      break;
    }
    case LinkFrameType::kReply:
    case LinkFrameType::kErrorReply: on_reply(std::move(frame)); break;
    case LinkFrameType::kHello:
    case LinkFrameType::kHeartbeat: break;
  }
}

void LinkConnection::on_reply(FrameBytes frame) {
  // Nobody waits any more when the deadline was faster.
  auto request = pending_.take(header_.correlation);
  if (!request) return;
  if (header_.type == LinkFrameType::kReply) return answer(*std::move(request), std::move(frame));
  absl::Status status = decode_error(frame.view());
  if (status.ok()) status = error(ErrorCode::kProtocolViolation, "an error reply without an error");
  answer(*std::move(request), std::move(status));
}

}  // namespace troupe
