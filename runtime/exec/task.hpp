#pragma once
/// Task<T>: a coroutine that starts when it is first awaited (or start()ed) and answers one T.
///
/// An awaiting coroutine runs its child by an ordinary call; only when the child really has to wait (for a message)
/// does the parent suspend too. So a loop over tasks that answer at once needs no stack per turn in any build (GCC 12
/// makes symmetric transfer a tail call only when it optimises), and the chain that a reply wakes up is as deep as the
/// operators are nested. From that wake-up on, control passes up by symmetric transfer.
///
/// Destroying a Task destroys its frame, with everything it awaits: that is how a statement is cancelled. What a frame
/// waits for must therefore unregister itself in its destructor (data_access.hpp does).
/// A CheckFailure leaves through co_await, or through result() of the outermost task.
///
/// GCC 12 destroys some temporaries of a co_await expression twice, so name what has a destructor:
///   auto reply = data.read(partition, std::move(frame));   // not: co_await data.read(p, build(...))
///   auto result = co_await reply;
#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "runtime/exec/frame_pool.hpp"
#include "storage/base/check.hpp"

namespace troupe {

template <typename T>
class Task;

namespace task_detail {

struct PromiseBase {
  std::coroutine_handle<> parent;  ///< set once the parent really waits
  std::exception_ptr failure;
  bool done = false;

  static void* operator new(std::size_t size) { return allocate_coroutine_frame(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_coroutine_frame(block, size); }

  std::suspend_always initial_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      promise.done = true;
      if (promise.parent) return promise.parent;
      return std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  FinalAwaiter final_suspend() noexcept { return {}; }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;

  Task<T> get_return_object() noexcept;
  template <typename U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() {
    if (failure) std::rethrow_exception(failure);
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void take() {
    if (failure) std::rethrow_exception(failure);
  }
};

}  // namespace task_detail

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = task_detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() = default;
  explicit Task(Handle handle) : handle_{handle} {}
  Task(Task&& other) noexcept : handle_{std::exchange(other.handle_, nullptr)} {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { reset(); }

  /// For the outermost task, which nobody awaits: runs it to its first wait, or to its end.
  void start() { handle_.resume(); }
  bool done() const { return handle_ && handle_.promise().done; }
  explicit operator bool() const { return static_cast<bool>(handle_); }
  /// Once done().
  T result() {
    TROUPE_CHECK(done());
    return handle_.promise().take();
  }
  void reset() {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }

  struct Awaiter {
    Handle child;
    bool await_ready() noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> parent) noexcept {
      child.resume();
      if (child.promise().done) return false;
      child.promise().parent = parent;
      return true;
    }
    T await_resume() { return child.promise().take(); }
  };
  /// Once, and the task must outlive the wait.
  Awaiter operator co_await() & noexcept { return {handle_}; }
  Awaiter operator co_await() && noexcept { return {handle_}; }

 private:
  Handle handle_;
};

namespace task_detail {

template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace task_detail
}  // namespace troupe
