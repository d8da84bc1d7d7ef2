#pragma once
/// What is known of one transaction that writes something recognisable: whether it must be there, may be, or must not.
#include <cstdint>

#include "tests/sim/wire_client.hpp"

namespace troupe::sim {

class Attempt {
 public:
  /// COMMIT is on its way: from now on others may see it.
  void committing() { state_ = State::kCommitting; }
  /// How it was answered. `lives`: how often the node has been started.
  void answered(const Reply& reply, uint64_t lives) {
    if (reply.ok()) {
      state_ = State::kThere;
    } else if (state_ != State::kThere) {
      state_ = state_ == State::kCommitting && reply.in_doubt() ? State::kInDoubt : State::kAbsent;
      doubt_from_life_ = lives;
    }
  }
  /// A snapshot that was taken in `life` shows it or does not; `must_by_then`: it was acknowledged before the snapshot
  /// was asked for. Returns what is wrong, or null.
  const char* observe(bool visible, bool must_by_then, uint64_t life) {
    if (visible && state_ == State::kRunning) return "is visible before its commit";
    if (visible && state_ == State::kAbsent) return "is visible, but was rolled back";
    if (!visible && must_by_then) return "was committed and is gone";
    // What is visible is durable. What recovery did not find can never come.
    if (visible) state_ = State::kThere;
    if (!visible && state_ == State::kInDoubt && life > doubt_from_life_) state_ = State::kAbsent;
    return nullptr;
  }
  bool must_be_there() const { return state_ == State::kThere; }
  bool cannot_be_there() const { return state_ == State::kAbsent || state_ == State::kRunning; }

 private:
  enum class State : uint8_t { kRunning, kCommitting, kThere, kInDoubt, kAbsent };
  State state_ = State::kRunning;
  uint64_t doubt_from_life_ = 0;
};

}  // namespace troupe::sim
