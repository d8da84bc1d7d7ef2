#include "runtime/cell/send_batch.hpp"

#include <liburing.h>
#include <sys/socket.h>

#include <cerrno>

#include "storage/base/check.hpp"

namespace troupe {
namespace {

constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;

ssize_t outcome(ssize_t size, int code) {
  if (size >= 0) return size;
  return code == EAGAIN || code == EWOULDBLOCK || code == EINTR ? 0 : -1;
}

}  // namespace

void SendBatch::CloseRing::operator()(io_uring* ring) const {
  io_uring_queue_exit(ring);
  delete ring;
}

SendBatch::SendBatch(Kernel kernel) {
  if (kernel == Kernel::kOneByOne) return;
  auto ring = std::make_unique<io_uring>();
  // An old kernel, or one that forbids it (containers do): one by one then.
  if (io_uring_queue_init(kSendsMax, ring.get(), IORING_SETUP_SUBMIT_ALL) == 0) ring_.reset(ring.release());
}

SendBatch::~SendBatch() = default;

void SendBatch::add(int socket, std::string_view bytes, SendEvents* events) {
  if (sends_.size() == kSendsMax) run();
  sends_.push_back({socket, bytes_.size(), bytes.size(), events, 0});
  bytes_.append(bytes);
}

void SendBatch::send_one_by_one() {
  for (Send& send : sends_) {
    const std::string_view bytes = bytes_of(send);
    const ssize_t size = ::send(send.socket, bytes.data(), bytes.size(), kFlags);
    send.result = outcome(size, errno);
  }
}

/// A send that does not wait is over when the call that submits it returns.
void SendBatch::send_together() {
  for (Send& send : sends_) {
    const std::string_view bytes = bytes_of(send);
    io_uring_sqe* entry = io_uring_get_sqe(ring_.get());
    TROUPE_CHECK(entry != nullptr);
    io_uring_prep_send(entry, send.socket, bytes.data(), bytes.size(), kFlags);
    io_uring_sqe_set_data(entry, &send);
  }
  size_t done = 0;
  while (done < sends_.size()) {
    const int submitted = io_uring_submit_and_wait(ring_.get(), 1);
    TROUPE_CHECK(submitted >= 0 || submitted == -EINTR || submitted == -EAGAIN || submitted == -EBUSY);
    io_uring_cqe* entry = nullptr;
    while (io_uring_peek_cqe(ring_.get(), &entry) == 0) {
      static_cast<Send*>(io_uring_cqe_get_data(entry))->result = outcome(entry->res, -entry->res);
      io_uring_cqe_seen(ring_.get(), entry);
      ++done;
    }
  }
}

void SendBatch::run() {
  if (sends_.empty()) return;
  if (ring_ != nullptr && sends_.size() > 1) {
    send_together();
  } else {
    send_one_by_one();
  }
  // Whoever is told may have more to send.
  told_.swap(sends_);
  told_bytes_.swap(bytes_);
  for (const Send& send : told_) {
    send.events->on_sent(send.result, std::string_view(told_bytes_).substr(send.offset, send.size));
  }
  told_.clear();
  told_bytes_.clear();
}

}  // namespace troupe
