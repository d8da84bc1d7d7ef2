#pragma once
/// State that outlives its actor, as an ETS table with an heir does in Erlang: an actor that is killed between two
/// messages leaves it whole, and the restarted actor goes on with it at once. An actor that ended inside an operation
/// (exception, failed CHECK) leaves it tainted; then it is thrown away and built again from what is durable.
/// Owner: the node; one actor at a time works on it.
#include <exception>
#include <functional>
#include <memory>

namespace troupe {

template <class State>
class Heir {
 public:
  using Build = std::function<std::unique_ptr<State>()>;
  explicit Heir(Build build) : build_{std::move(build)} {}

  /// The state for a (re)started actor; `rebuilt` tells whether it is a new one.
  State& take_over(bool* rebuilt = nullptr) {
    const bool fresh = state_ == nullptr || busy_;
    if (fresh) {
      state_.reset();
      state_ = build_();
      busy_ = false;
    }
    if (rebuilt != nullptr) *rebuilt = fresh;
    return *state_;
  }

  /// The state is known to be wrong.
  void taint() { busy_ = true; }

  /// Marks the state as in use for the duration of one handler; an exception leaves the mark behind.
  class Use {
   public:
    explicit Use(Heir& heir) : heir_{heir}, exceptions_{std::uncaught_exceptions()} { heir_.busy_ = true; }
    ~Use() {
      if (std::uncaught_exceptions() == exceptions_) heir_.busy_ = false;
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Heir& heir_;
    int exceptions_;
  };

 private:
  Build build_;
  std::unique_ptr<State> state_;
  bool busy_ = false;
};

}  // namespace troupe
