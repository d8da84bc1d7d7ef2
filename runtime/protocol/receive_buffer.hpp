#pragma once
/// The bytes of one connection that were received and not yet consumed, in one contiguous piece. It grows with what
/// arrives, never with what a peer announces, and falls back to kIdleBytes when the owner says that nothing is going
/// on.
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace troupe {

class ReceiveBuffer {
 public:
  /// What an idle connection keeps: enough for one round trip of an ordinary client.
  static constexpr size_t kIdleBytes = 1024;
  /// An empty buffer above this is given back at once.
  static constexpr size_t kKeepBytes = 64 * 1024;

  /// Room for at least one more byte; moves what is unread, so every view into the buffer ends here.
  std::span<char> prepare();
  /// `size` bytes were written to the start of prepare()'s room.
  void received(size_t size) { end_ += size; }

  std::string_view unread() const { return {bytes_.get() + begin_, end_ - begin_}; }
  /// Views into what was consumed stay valid until prepare() or trim().
  void consume(size_t size) { begin_ += size; }

  /// The connection is idle: with nothing unread, keeps kIdleBytes at most.
  void trim();
  size_t capacity() const { return capacity_; }

 private:
  void reallocate(size_t capacity);

  std::unique_ptr<char[]> bytes_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace troupe
