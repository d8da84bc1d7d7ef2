#pragma once
/// What a cell has to send in one round of its loop goes to the kernel with one call (io_uring), after everything of
/// the round is done: a client that shares the core is woken by the first answer, and would take the core before the
/// others were out (docs/decisions/0006). Without io_uring the sends follow each other. Owner: one cell; everything
/// happens on its thread.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

struct io_uring;

namespace troupe {

/// Whom the outcome of a send is told.
class SendEvents {
 public:
  virtual ~SendEvents() = default;
  /// How much of `bytes` the socket took; -1: it is broken.
  virtual void on_sent(ssize_t size, std::string_view bytes) = 0;
};

class SendBatch {
 public:
  /// More than this in one piece is better sent at once.
  static constexpr size_t kBytesMax = 2'048;
  static constexpr uint32_t kSendsMax = 64;

  enum class Kernel { kTogether, kOneByOne };
  explicit SendBatch(Kernel kernel = Kernel::kTogether);
  ~SendBatch();
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  /// Copies the bytes. One send of a socket at a time; `events` must live until it is told, in run() or here.
  void add(int socket, std::string_view bytes, SendEvents* events);
  /// Sends what was added.
  void run();
  bool has_ring() const { return ring_ != nullptr; }

 private:
  struct Send {
    int socket;
    size_t offset;
    size_t size;
    SendEvents* events;
    ssize_t result;
  };
  struct CloseRing {
    void operator()(io_uring* ring) const;
  };
  std::string_view bytes_of(const Send& send) const { return std::string_view(bytes_).substr(send.offset, send.size); }
  void send_one_by_one();
  void send_together();

  std::unique_ptr<io_uring, CloseRing> ring_;
  std::string bytes_;
  std::vector<Send> sends_;
  std::vector<Send> told_;  ///< these two: reused by run()
  std::string told_bytes_;
};

}  // namespace troupe
