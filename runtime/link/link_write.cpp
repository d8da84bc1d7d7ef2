/// LinkConnection's writing side: frames are gathered into batches, one of which is on its way at any time.
#include <lz4.h>
#include <asio/write.hpp>

#include <array>

#include "runtime/link/link_connection.hpp"

namespace troupe {
namespace {

constexpr size_t kBatchBytes = 128 * 1024;
/// A payload from here on is written from where it is instead of being copied into the batch.
constexpr size_t kLargeBytes = 32 * 1024;

}  // namespace

void LinkConnection::pump() {
  if (writing_ || !open_) return;
  fill_batch();
  if (batch_.empty()) return;
  writing_ = wrote_since_heartbeat_ = true;
  const std::string_view tail = batch_tail_.view();
  const std::array<asio::const_buffer, 2> buffers{asio::buffer(batch_), asio::buffer(tail.data(), tail.size())};
  asio::async_write(*stream_, buffers,
                    [self = shared_from_this()](const asio::error_code& failed, size_t) { self->on_written(failed); });
}

void LinkConnection::fill_batch() {
  while (batch_.size() < kBatchBytes && !batch_tail_) {
    auto frame = queue_.pop();
    if (!frame) break;
    append_to_batch(*std::move(frame));
  }
  const bool credit_needed = credit_due_bytes_ >= options_.window_bytes / 8;
  if (!batch_.empty() || (!credit_needed && !heartbeat_due_)) return;
  append_to_batch(outgoing(LinkFrameType::kHeartbeat, 0, {}, 0, 0));
}

void LinkConnection::append_to_batch(OutgoingFrame frame) {
  heartbeat_due_ = false;
  // Every header may carry credit; the first one of a batch takes what there is.
  frame.header.credit = std::exchange(credit_due_bytes_, 0);
  unreturned_bytes_ -= frame.header.credit;
  const bool packed = compress(&frame);
  append_link_header(frame.header, &batch_);
  if (packed) {
    batch_ += compressed_;
  } else if (frame.payload.size() < kLargeBytes) {
    batch_ += frame.payload.view();
  } else {
    batch_tail_ = std::move(frame.payload);
  }
}

bool LinkConnection::compress(OutgoingFrame* frame) {
  const std::string_view raw = frame->payload.view();
  if (options_.compress_bytes_min == 0 || raw.size() < options_.compress_bytes_min) return false;
  // Less room than the payload takes: what does not shrink by an eighth goes as it is.
  compressed_.resize(raw.size() - raw.size() / 8);
  const int size = LZ4_compress_default(raw.data(), compressed_.data(), static_cast<int>(raw.size()),
                                        static_cast<int>(compressed_.size()));
  if (size <= 0) return false;
  compressed_.resize(static_cast<size_t>(size));
  frame->header.size = static_cast<uint32_t>(size);
  frame->header.compressed = true;
  return true;
}

void LinkConnection::on_written(const asio::error_code& failed) {
  writing_ = false;
  batch_.clear();
  batch_tail_ = FrameBytes();
  // Large frames leave large buffers behind.
  if (batch_.capacity() > 4 * kBatchBytes) batch_ = std::string();
  if (compressed_.capacity() > 4 * kBatchBytes) compressed_ = std::string();
  if (!open_) return;
  if (failed) return lose(error(ErrorCode::kConnectionFailure, failed.message()));
  pump();
  if (events_->writable && queue_.take_became_writable()) events_->writable();
}

}  // namespace troupe
