#pragma once
/// How SQL execution reaches data: requests to partitions whose answers arrive later. The session implements
/// DataAccess with messages (reads to the partition, writes to its lock shard), a test with in-process engines.
///
/// One request is one ReplySlot, a place for the answer inside the coroutine that asked:
///   ReadSlot slot(data);
///   slot.start(partition, std::move(frame));
///   auto result = co_await slot;                 // absl::StatusOr<Frame<schema::ReadResult>>
/// Several slots may be started before the first is awaited. To wait for whichever comes first, give them one
/// ReplySignal: `co_await signal` ends as soon as any of its slots has been answered since the last wait.
/// A slot that is destroyed while its request is under way abandons it.
#include <coroutine>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "schemas/read_generated.h"
#include "schemas/write_generated.h"
#include "storage/base/check.hpp"
#include "storage/base/error.hpp"
#include "storage/base/frame.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

using ReadFrame = Frame<schema::Read>;
using ReadResultFrame = Frame<schema::ReadResult>;
using WriteFrame = Frame<schema::Write>;
using WriteResultFrame = Frame<schema::WriteResult>;

/// Wakes the one coroutine that waits on it. Raised while nobody waits, it is remembered.
class ReplySignal {
 public:
  ReplySignal() = default;
  ReplySignal(const ReplySignal&) = delete;
  ReplySignal& operator=(const ReplySignal&) = delete;

  /// May run the waiting coroutine, to its next wait or its end: the signal itself may be gone afterwards.
  void raise() {
    raised_ = true;
    if (waiting_) std::exchange(waiting_, nullptr).resume();
  }
  bool await_ready() const noexcept { return raised_; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept { waiting_ = waiting; }
  void await_resume() noexcept { raised_ = false; }

 private:
  std::coroutine_handle<> waiting_;
  bool raised_ = false;
};

class DataAccess;

/// Where the answer to one request arrives. The DataAccess keeps a pointer to it from start_*() until it calls
/// complete() or has been told to abandon() it. Not movable for that reason.
template <typename Question, typename Answer>
class ReplySlot {
 public:
  explicit ReplySlot(DataAccess& data, ReplySignal* signal = nullptr) : data_{data}, signal_{signal} {}
  ReplySlot(const ReplySlot&) = delete;
  ReplySlot& operator=(const ReplySlot&) = delete;
  ~ReplySlot() { abandon(); }

  /// Sends. The slot must be idle. The answer may be there already when this returns.
  void start(PartitionId partition, Frame<Question> question);
  void abandon();
  bool started() const { return state_ != State::idle; }
  bool answered() const { return state_ == State::answered; }
  /// The answer, once answered(); the slot is idle again.
  absl::StatusOr<Frame<Answer>> take() {
    state_ = State::idle;
    return std::move(answer_);
  }

  /// For the DataAccess: the answer, or why there is none (a lost partition, a deadline, a cancelled statement).
  /// Runs the waiting coroutine.
  void complete(absl::StatusOr<Frame<Answer>> answer) {
    answer_ = std::move(answer);
    state_ = State::answered;
    if (signal_ != nullptr) {
      signal_->raise();
    } else {
      own_signal_.raise();
    }
  }
  /// For the DataAccess: the number it gave the request (ReadHead.request, WriteHead.request).
  uint64_t request = 0;

  /// co_await slot.answer_arrives(): waits and leaves the answer to take().
  struct Arrival {
    ReplySlot& slot;
    bool await_ready() const noexcept { return slot.answered(); }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { slot.own_signal_.await_suspend(waiting); }
    void await_resume() noexcept { slot.own_signal_.await_resume(); }
  };
  Arrival answer_arrives() { return {*this}; }

  // co_await slot: waits and takes. Both only for a slot without a shared signal.
  bool await_ready() const noexcept { return answered(); }
  void await_suspend(std::coroutine_handle<> waiting) noexcept { own_signal_.await_suspend(waiting); }
  absl::StatusOr<Frame<Answer>> await_resume() {
    own_signal_.await_resume();
    return take();
  }

 private:
  enum class State : uint8_t { idle, under_way, answered };
  DataAccess& data_;
  ReplySignal* signal_;
  ReplySignal own_signal_;
  absl::StatusOr<Frame<Answer>> answer_{Frame<Answer>{}};
  State state_ = State::idle;
};

using ReadSlot = ReplySlot<schema::Read, schema::ReadResult>;
using WriteSlot = ReplySlot<schema::Write, schema::WriteResult>;

/// Owner: one session (or query pipeline); every call is made on its thread.
class DataAccess {
 public:
  virtual ~DataAccess() = default;

  virtual uint16_t partition_count() const = 0;
  /// Which partition holds a row (or global index entry) of this hash of its distribution key.
  virtual PartitionId partition_of(uint64_t distribution_hash) const = 0;

  /// Sets head.request and slot->request, sends, and completes the slot exactly once, unless it is abandoned first.
  /// Never completes it from inside a call to another function of this interface.
  /// `frame` is not shared with anybody yet.
  virtual void start_read(PartitionId partition, ReadFrame frame, ReadSlot* slot) = 0;
  virtual void start_write(PartitionId partition, WriteFrame frame, WriteSlot* slot) = 0;
  /// The answer is no longer wanted; the slot is gone when this returns.
  virtual void abandon_read(ReadSlot* slot) = 0;
  virtual void abandon_write(WriteSlot* slot) = 0;

  /// After some 200 us of computing: raises `signal` once others had their turn. A signal that is destroyed first is
  /// withdrawn with cancel_yield().
  virtual void start_yield(ReplySignal* signal) = 0;
  virtual void cancel_yield(ReplySignal* signal) = 0;

  /// Not OK once the statement was cancelled or ran into its deadline (57014); asked once per batch.
  virtual absl::Status check_cancelled() = 0;
};

/// co_await Yield(data): lets others run.
class Yield {
 public:
  explicit Yield(DataAccess& data) : data_{data} {}
  Yield(const Yield&) = delete;
  Yield& operator=(const Yield&) = delete;
  ~Yield() {
    if (waits_) data_.cancel_yield(&signal_);
  }
  bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) noexcept {
    signal_.await_suspend(waiting);
    waits_ = true;
    data_.start_yield(&signal_);
  }
  void await_resume() noexcept { waits_ = false; }

 private:
  DataAccess& data_;
  ReplySignal signal_;
  bool waits_ = false;
};

template <typename Question, typename Answer>
void ReplySlot<Question, Answer>::start(PartitionId partition, Frame<Question> question) {
  TROUPE_CHECK(state_ == State::idle);
  state_ = State::under_way;
  if constexpr (std::is_same_v<Question, schema::Read>) {
    data_.start_read(partition, std::move(question), this);
  } else {
    data_.start_write(partition, std::move(question), this);
  }
}

template <typename Question, typename Answer>
void ReplySlot<Question, Answer>::abandon() {
  if (state_ == State::under_way) {
    if constexpr (std::is_same_v<Question, schema::Read>) {
      data_.abandon_read(this);
    } else {
      data_.abandon_write(this);
    }
  }
  state_ = State::idle;
}

}  // namespace troupe
