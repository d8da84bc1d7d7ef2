#pragma once
/// Gives out the numbers of sequences. A log record ahead of time allows kLoggedAhead numbers, so most cost none; a
/// number is answered only when the record that allows it is durable, so a crash never makes one come twice.
/// Invariant: every number given out lies before the logged value of its sequence.
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "actors/node/node_context.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/heir.hpp"

namespace troupe {

/// Where a sequence stands: what kSequenceTree keeps for it.
struct SequencePosition {
  int64_t value = 0;
  bool is_called = false;  ///< false: `value` itself is the next one
};
std::string sequence_key(Oid sequence);
std::string encode_sequence(const SequencePosition& position);
absl::StatusOr<SequencePosition> decode_sequence(std::string_view bytes);

/// Where sequences stand, shared between threads: what the log says, for whoever has to build the state again; what
/// has been given out, for whoever looks at a sequence.
class SequencePositions {
 public:
  SequencePositions() = default;
  SequencePositions(const SequencePositions& other) : positions_{other.get()} {}
  void set(Oid sequence, const SequencePosition& position) {
    const std::lock_guard lock(mutex_);
    positions_[sequence] = position;
  }
  void erase(Oid sequence) {
    const std::lock_guard lock(mutex_);
    positions_.erase(sequence);
  }
  std::optional<SequencePosition> find(Oid sequence) const {
    const std::lock_guard lock(mutex_);
    const auto at = positions_.find(sequence);
    return at == positions_.end() ? std::nullopt : std::optional(at->second);
  }
  std::map<Oid, SequencePosition> get() const {
    const std::lock_guard lock(mutex_);
    return positions_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Oid, SequencePosition> positions_;
};

struct SequenceState {
  struct Request {
    caf::strong_actor_ptr asker;
    uint64_t request = 0;
    uint32_t count = 0;
    bool set = false;
    SequencePosition to;
  };
  struct Sequence {
    SequencePosition now;
    SequencePosition logged;
    TxnId logging = kNoTxn;  ///< the record under way
    SequencePosition logging_to;
    CommitRequestPtr record;  ///< the one under way, to be sent again
    std::shared_ptr<const SequenceDef> def;  ///< as the newest request had it
    std::deque<Request> waiting;
  };
  std::map<Oid, Sequence> sequences;
};

class Sequences final : public ActorOf<SequenceActor::base> {
 public:
  Sequences(caf::actor_config& config, ActorSeat seat, NodeContext& node);
  behavior_type make_behavior() override;
  const char* name() const override { return "sequences"; }

 private:
  using Sequence = SequenceState::Sequence;
  using Request = SequenceState::Request;

  void take_in_what_was_left();
  void send_records_again();
  void on_request(const SequencePtr& def, Request request);
  /// Answers from the head of the queue as far as the log allows; then logs more, if somebody still waits.
  void serve(Oid oid, Sequence& sequence);
  bool give(Oid oid, Sequence& sequence, const Request& request);
  void log(Oid oid, Sequence& sequence, const SequencePosition& position);
  void on_committed(TxnId txn, const std::string& error);
  void answer(const Request& request, int64_t first, uint32_t count, const absl::Status& status);

  NodeContext& node_;
  Heir<SequenceState>& heir_;
  Heir<SequenceState>::Claim state_;
};

}  // namespace troupe
