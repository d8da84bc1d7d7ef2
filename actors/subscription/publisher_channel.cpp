#include "actors/subscription/publisher_channel.hpp"

#include <map>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "storage/base/check.hpp"

namespace troupe {

PublisherChannel::PublisherChannel(std::function<void()> tell)
    : tell_{std::move(tell)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  TROUPE_CHECK(wake_ >= 0);
}

PublisherChannel::~PublisherChannel() { ::close(wake_); }

void PublisherChannel::wake() const {
  const uint64_t one = 1;
  static_cast<void>(!::write(wake_, &one, sizeof one));  // full: it is awake
}

void PublisherChannel::slept() {
  uint64_t count = 0;
  static_cast<void>(!::read(wake_, &count, sizeof count));  // empty: something else woke it
}

void PublisherChannel::ask(PublisherCommand command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  wake();
}

namespace {

size_t size_of(const PublisherAnswer& answer) {
  size_t size = sizeof answer;
  for (const std::string& piece : answer.data) size += piece.size();
  return size;
}

}  // namespace

std::optional<PublisherAnswer> PublisherChannel::take() {
  const std::lock_guard lock(mutex_);
  if (answers_.empty()) return std::nullopt;
  PublisherAnswer answer = std::move(answers_.front());
  answers_.pop_front();
  const bool was_full = bytes_ >= kWindowBytes;
  bytes_ -= size_of(answer);
  if (was_full && bytes_ < kWindowBytes) wake();
  return answer;
}

void PublisherChannel::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake();
}

std::optional<PublisherCommand> PublisherChannel::next() {
  const std::lock_guard lock(mutex_);
  if (commands_.empty()) return std::nullopt;
  PublisherCommand command = std::move(commands_.front());
  commands_.pop_front();
  return command;
}

void PublisherChannel::answer(PublisherAnswer answer) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    bytes_ += size_of(answer);
    answers_.push_back(std::move(answer));
  }
  tell_();
}

bool PublisherChannel::full() const {
  const std::lock_guard lock(mutex_);
  return bytes_ >= kWindowBytes;
}

bool PublisherChannel::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

PublisherLinks& PublisherLinks::of_node(const void* services) {
  static std::mutex mutex;
  static auto& all = *new std::map<const void*, std::unique_ptr<PublisherLinks>>;
  const std::lock_guard lock(mutex);
  std::unique_ptr<PublisherLinks>& links = all[services];
  if (links == nullptr) links = std::make_unique<PublisherLinks>();
  return *links;
}

void PublisherLinks::serve(std::function<void(const PublisherChannelPtr&)> open) {
  const std::lock_guard lock(mutex_);
  open_ = std::move(open);
}

bool PublisherLinks::open(const PublisherChannelPtr& channel) {
  const std::lock_guard lock(mutex_);
  if (!open_) return false;
  open_(channel);
  return true;
}

}  // namespace troupe
