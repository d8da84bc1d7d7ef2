#include "runtime/exec/user_aggregate.hpp"

#include <map>
#include <memory>

#include "runtime/exec/program.hpp"
#include "runtime/plan/user_aggregate.hpp"

namespace troupe {
namespace {

struct Runnable final : Aggregate {
  const UserAggregate* user = nullptr;
  Program transition;
};

/// One group's state. It is moved by memcpy, so the value is elsewhere.
struct State {
  Value* value = nullptr;  ///< null: not begun, as a strict transition without a start is until a value comes
};
static_assert(sizeof(State) <= 16);

const Runnable& runnable_of(const BoundAggregate& call) { return static_cast<const Runnable&>(*call.aggregate); }
State& state_at(std::byte* at) { return *reinterpret_cast<State*>(at); }

void init(const BoundAggregate& call, std::byte* at) {
  const UserAggregate& user = *runnable_of(call).user;
  auto* state = new (at) State;
  if (!user.strict || !user.start.is_null()) state->value = new Value(user.start);
}

void destroy(std::byte* at) { delete state_at(at).value; }

bool has_null(std::span<const Vector> args, uint32_t row) {
  for (const Vector& arg : args) {
    if (arg.is_null(row)) return true;
  }
  return false;
}

/// One step: the row's arguments to the state that the rows before it have left.
absl::Status add_row(const Runnable& runnable, State& state, std::span<const Vector> args, uint32_t row,
                     std::vector<Vector>* columns, EvalContext& context) {
  if (runnable.user->strict) {
    if (has_null(args, row)) return absl::OkStatus();
    if (state.value == nullptr && !args.empty()) {
      state.value = new Value(args[0].value(row));
      return absl::OkStatus();
    }
    if (state.value != nullptr && state.value->is_null()) return absl::OkStatus();
  }
  (*columns)[0] = Vector::constant(*state.value, 1);
  for (size_t i = 0; i < args.size(); ++i) (*columns)[i + 1] = Vector::constant(args[i].value(row), 1);
  EvalInput in;
  in.columns = *columns;
  in.rows = 1;
  in.context = &context;
  TROUPE_ASSIGN_OR_RETURN(*state.value, runnable.transition.run_once(in));
  return absl::OkStatus();
}

absl::Status update(const BoundAggregate& call, GroupStates states, std::span<const Vector> args, uint32_t rows,
                    EvalContext& context) {
  const Runnable& runnable = runnable_of(call);
  std::vector<Vector> columns(args.size() + 1);
  for (uint32_t row = 0; row < rows; ++row) {
    const size_t group = states.groups == nullptr ? 0 : states.groups[row];
    State& state = state_at(states.base + group * call.aggregate->state_bytes);
    TROUPE_RETURN_IF_ERROR(add_row(runnable, state, args, row, &columns, context));
  }
  return context.check_interrupt();
}

absl::Status finalize(const BoundAggregate&, const std::byte* at, EvalContext&, Vector& out) {
  const State& state = *reinterpret_cast<const State*>(at);
  if (state.value == nullptr || state.value->is_null()) {
    out.append_null();
  } else {
    out.append_value(*state.value);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const Runnable>> make_runnable(const UserAggregate& user) {
  auto made = std::make_unique<Runnable>();
  static_cast<Aggregate&>(*made) = user;
  made->user = &user;
  made->state_bytes = 16;
  made->init = init;
  made->update = update;
  made->finalize = finalize;
  made->destroy = destroy;
  TROUPE_ASSIGN_OR_RETURN(made->transition, Program::compile(user.transition));
  return made;
}

}  // namespace

absl::StatusOr<BoundAggregate> runnable_aggregate(BoundAggregate call) {
  if (!is_user_aggregate(*call.aggregate)) return call;
  thread_local auto* all = new std::map<const Aggregate*, std::unique_ptr<const Runnable>>;
  auto& one = (*all)[call.aggregate];
  if (one == nullptr) {
    TROUPE_ASSIGN_OR_RETURN(one, make_runnable(static_cast<const UserAggregate&>(*call.aggregate)));
  }
  call.aggregate = one.get();
  return call;
}

}  // namespace troupe
