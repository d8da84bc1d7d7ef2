#pragma once
/// Whether the statement that expressions are evaluated for is to end. A cell cannot take a message in while it
/// evaluates, so what works long on one value asks here, about once per megabyte or millisecond of work.
/// Owner: the session, which begins statements and asks; raise() is anybody's.
#include <atomic>

#include "storage/base/clock.hpp"
#include "storage/base/error.hpp"

namespace troupe {

class Interrupt {
 public:
  enum class Reason : uint8_t { kNone, kCancel, kEndOfSession };

  /// A statement begins, or is over: what was raised before is not meant for what comes.
  void clear() {
    deadline_us_ = 0;
    reason_.store(Reason::kNone, std::memory_order_relaxed);
  }
  /// Wall time; 0 = none. `clock` outlives it.
  void set_deadline(const Clock& clock, int64_t deadline_us) {
    clock_ = &clock;
    deadline_us_ = deadline_us;
  }

  /// From any thread. The session is told by message too: this only hastens it.
  void raise(Reason reason) { reason_.store(reason, std::memory_order_relaxed); }

  /// Errors: 57014, 57P01.
  absl::Status check() const {
    switch (reason_.load(std::memory_order_relaxed)) {
      case Reason::kCancel: return error(ErrorCode::kQueryCanceled, "canceling statement due to user request");
      case Reason::kEndOfSession:
        return error(ErrorCode::kAdminShutdown, "terminating connection due to administrator command");
      case Reason::kNone: break;
    }
    if (deadline_us_ == 0 || clock_->wall_us() <= deadline_us_) return absl::OkStatus();
    return error(ErrorCode::kQueryCanceled, "canceling statement due to statement timeout");
  }

 private:
  const Clock* clock_ = nullptr;
  int64_t deadline_us_ = 0;
  std::atomic<Reason> reason_{Reason::kNone};
};

}  // namespace troupe
