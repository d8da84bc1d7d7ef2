#pragma once
/// The base of every actor of ours (caf.md, "Recipes"): it counts what sys.actors shows, drops and counts what it does
/// not understand, does not quit for an error in a reply, and turns an exception in a handler into its own end with the
/// exception's text as the reason, which its supervisor records.
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <caf/all.hpp>

#include "runtime/cell/actor_registry.hpp"
#include "runtime/cell/thread_sanitizer.hpp"

namespace troupe {

class Cell;

/// The reason an actor ended with, as text, travels to the supervisor in the record, since caf::error keeps none.
class FailureNote {
 public:
  void set(std::string text) {
    const std::lock_guard lock(mutex_);
    text_ = std::move(text);
  }
  std::string take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

/// What a supervisor gives each child it starts.
struct ActorSeat {
  ActorRecordPtr record;
  std::shared_ptr<FailureNote> failure = std::make_shared<FailureNote>();
  /// The unit a pinned actor always runs on; null for one whose work follows its sender.
  caf::execution_unit* pinned = nullptr;
};

/// Runs `work` on `home`, or (null) on this thread's cell, when the cell has polled its sockets; at once where there is
/// no cell (a thread of its own, the simulator).
void post_to_cell(Cell* home, std::function<void(caf::execution_unit*)> work);

inline uint64_t thread_now_ns() {
  using namespace std::chrono;
  return static_cast<uint64_t>(duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count());
}

/// `Base` is a CAF event-based actor class: typed (SomeActor::base) or caf::event_based_actor.
template <class Base>
class ActorOf : public Base {
 public:
  ActorOf(caf::actor_config& config, ActorSeat seat) : Base(config), seat_{std::move(seat)}, pinned_{seat_.pinned} {
    this->set_default_handler([](caf::scheduled_actor*, caf::message_view&) -> caf::result<caf::message> {
      return caf::sec::unexpected_message;
    });
    this->set_error_handler([](caf::scheduled_actor*, caf::error&) {});
    this->set_exception_handler([this](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
      note_failure(thrown);
      return caf::make_error(caf::exit_reason::unhandled_exception);
    });
  }

  /// A pinned actor's first turn is on its unit too, not on that of whoever starts it.
  void launch(caf::execution_unit* unit, bool lazy, bool hide) override {
    hand_over(this);
    hand_over(&pinned_);  // to whoever sends to it
    Base::launch(seat_.pinned != nullptr ? seat_.pinned : unit, lazy, hide);
  }

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit* host) override {
    caf::execution_unit* const unit = pinned();
    if (seat_.record) seat_.record->enqueued.fetch_add(1, std::memory_order_relaxed);
    take_over(what.get());  // from whoever made it: the clock's thread may drop it here, when the actor has ended
    hand_over(what.get());
    hand_over(&seat_);  // to whoever destroys the actor
    Base::enqueue(std::move(what), unit != nullptr ? unit : host);
  }

  caf::invoke_message_result consume(caf::mailbox_element& element) override {
    take_over(&element);
    if (seat_.record) bump(seat_.record->handled, 1);
    return Base::consume(element);
  }

  caf::resumable::resume_result resume(caf::execution_unit* unit, size_t throughput) override {
    take_over(this);
    const uint64_t from = thread_now_ns();
    const ActorRecordPtr record = seat_.record;  // the actor may be gone after its last turn
    const auto result = Base::resume(unit, throughput);
    hand_over(this);
    if (record) bump(record->busy_ns, thread_now_ns() - from);
    return result;
  }

  /// Drops the messages that are left.
  bool cleanup(caf::error&& reason, caf::execution_unit* unit) override {
    take_over(&seat_);
    return Base::cleanup(std::move(reason), unit);
  }
  void on_destroy() override {
    take_over(this);
    take_over(&seat_);
    Base::on_destroy();
  }

  const ActorSeat& seat() const { return seat_; }
  /// Any thread: the unit it runs on now.
  caf::execution_unit* pinned() const { return pinned_.load(std::memory_order_acquire); }

 protected:
  /// From its own unit, outside a message: it runs on another one from its next message on (see resume() of those who
  /// do).
  void pin(caf::execution_unit* unit) { pinned_.store(unit, std::memory_order_release); }
  /// One-way message. For a typed receiver the compiler checks that it handles this message.
  template <caf::message_priority Priority = caf::message_priority::normal, class Handle, class... Ts>
  void tell(const Handle& receiver, Ts&&... content) {
    if constexpr (!std::is_same_v<Handle, caf::actor> && !std::is_same_v<Handle, caf::strong_actor_ptr>) {
      using message = caf::detail::type_list<typename std::decay<Ts>::type...>;
      static_assert(caf::response_type_unbox<caf::signatures_of_t<Handle>, message>::valid,
                    "the receiver's interface has no such message");
    }
    if (!receiver) return;
    if constexpr (std::is_same_v<Handle, caf::strong_actor_ptr>) {
      receiver->get()->eq_impl(caf::make_message_id(Priority), this->ctrl(), this->context(),
                               std::forward<Ts>(content)...);
    } else {
      receiver->eq_impl(caf::make_message_id(Priority), this->ctrl(), this->context(), std::forward<Ts>(content)...);
    }
  }
  /// The same to this actor, behind whatever its cell's sockets have ready: long work in slices must not keep a cell
  /// from them, as it would if it only sent itself messages (a turn takes many). `home`: the cell that goes on; null:
  /// this one.
  template <class... Ts>
  void tell_self_behind_sockets(Cell* home, Ts&&... content) {
    auto message = std::make_shared<caf::mailbox_element_ptr>(
        caf::make_mailbox_element(this->ctrl(), caf::make_message_id(), caf::no_stages, std::forward<Ts>(content)...));
    post_to_cell(home, [self = caf::strong_actor_ptr{this->ctrl()}, message](caf::execution_unit* unit) {
      self->get()->enqueue(std::move(*message), unit);
    });
  }
  /// The same to this actor, later. The system's clock delivers it (the simulator's is virtual).
  template <class... Ts>
  void tell_self_after(std::chrono::microseconds delay, Ts&&... content) {
    auto& clock = this->system().clock();
    auto message =
        caf::make_mailbox_element(this->ctrl(), caf::make_message_id(), caf::no_stages, std::forward<Ts>(content)...);
    hand_over(message.get());
    clock.schedule_message(clock.now() + delay, caf::strong_actor_ptr{this->ctrl()}, std::move(message));
  }

  void running() {
    if (seat_.record) seat_.record->state.store(ActorState::kRunning, std::memory_order_relaxed);
  }

 private:
  /// One writer at a time, so no locked instruction.
  static void bump(std::atomic<uint64_t>& counter, uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
  }
  void note_failure(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      seat_.failure->set(e.what());
    } catch (...) {
      seat_.failure->set("an exception of unknown type");
    }
  }

  ActorSeat seat_;
  std::atomic<caf::execution_unit*> pinned_;
};

}  // namespace troupe
