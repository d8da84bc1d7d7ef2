#pragma once
/// State that outlives its actor, as an ETS table with an heir does in Erlang: an actor that is killed between two
/// messages leaves it whole, and the restarted actor goes on with it at once. An actor that ended inside an operation
/// (exception, failed CHECK) leaves it tainted; then it is thrown away and built again from what is durable.
/// Invariant: only the newest owner works on it. A predecessor that still runs (its supervisor was killed, say) ends
/// at its next message, and a successor waits until a handler under way is through.
/// Owner: the node.
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>

#include "storage/base/check.hpp"

namespace troupe {

template <class State>
class Heir {
 public:
  using Build = std::function<std::unique_ptr<State>()>;
  explicit Heir(Build build) : build_{std::move(build)} {}

  /// What an actor holds of it.
  struct Claim {
    State* state = nullptr;
    uint64_t serial = 0;
    bool rebuilt = false;  ///< no usable state was there

    State* operator->() const { return state; }
  };

  /// The state for a (re)started actor.
  Claim take_over() {
    const std::lock_guard lock(mutex_);
    const bool fresh = take_over_locked();
    return {state_.get(), ++serial_, fresh};
  }

  /// Whether take_over() will find a state, rather than having to build one.
  bool usable() {
    const std::lock_guard lock(mutex_);
    return state_ != nullptr && !busy_ && !tainted_;
  }
  /// Builds it where that may take long, so that take_over() need not. What an owner still holds is void.
  void rebuild() {
    const std::lock_guard lock(mutex_);
    ++serial_;
    take_over_locked();
  }

  /// Between two handlers, for checks where nobody works on it meanwhile (the simulator); null: none is usable.
  const State* at_rest() const { return state_ != nullptr && !busy_ && !tainted_ ? state_.get() : nullptr; }

  /// The state is known to be wrong.
  void taint() { tainted_ = true; }

  /// For the length of one handler: keeps successors out, and marks the state as in use; an exception leaves the mark
  /// behind. Throws when the claim is an old one. May be nested.
  class Use {
   public:
    Use(Heir& heir, const Claim& claim) : heir_{heir}, lock_{heir.mutex_}, exceptions_{std::uncaught_exceptions()} {
      TROUPE_CHECK_MSG(claim.serial == heir.serial_, "a successor has taken over");
      ++heir_.depth_;
      heir_.busy_ = true;
    }
    ~Use() {
      --heir_.depth_;
      if (heir_.depth_ == 0 && std::uncaught_exceptions() == exceptions_) heir_.busy_ = false;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Heir& heir_;
    std::unique_lock<std::recursive_mutex> lock_;
    int exceptions_;
  };

 private:
  bool take_over_locked() {
    const bool fresh = state_ == nullptr || busy_ || tainted_;
    if (fresh) {
      state_.reset();
      state_ = build_();
      busy_ = false;
      tainted_ = false;
    }
    depth_ = 0;
    return fresh;
  }

  Build build_;
  std::recursive_mutex mutex_;
  std::unique_ptr<State> state_;
  uint64_t serial_ = 0;
  int depth_ = 0;
  bool busy_ = false;
  bool tainted_ = false;
};

}  // namespace troupe
