#include "actors/transaction/sequences.hpp"

#include "actors/node/commit_records.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

constexpr uint32_t kLoggedAhead = 32;

/// `steps` increments from `position`, or as many as fit; nullopt when not even one does.
struct Steps {
  int64_t first = 0;
  int64_t last = 0;
  uint32_t count = 0;
};

std::optional<Steps> advance(const SequenceDef& def, const SequencePosition& from, uint32_t steps) {
  Steps result;
  __int128 at = from.value;
  const __int128 minimum = def.minimum, maximum = def.maximum, increment = def.increment;
  for (uint32_t i = 0; i < steps; ++i) {
    __int128 next = i == 0 && !from.is_called ? at : at + increment;
    if (next > maximum || next < minimum) {
      if (i != 0) break;
      if (!def.cycle) return std::nullopt;
      next = increment > 0 ? minimum : maximum;
    }
    if (i == 0) result.first = static_cast<int64_t>(next);
    result.last = static_cast<int64_t>(next);
    ++result.count;
    at = next;
  }
  return result;
}

/// Whether the log allows `value`: it does not lie beyond what is logged, in the direction of the increment.
bool allowed(const SequenceDef& def, const SequencePosition& logged, int64_t value) {
  if (!logged.is_called) return false;
  return def.increment > 0 ? value <= logged.value : value >= logged.value;
}

}  // namespace

std::string sequence_key(Oid sequence) {
  // Big endian, so that keys are ordered by oid.
  std::string key(4, '\0');
  for (int i = 0; i < 4; ++i) key[static_cast<size_t>(i)] = static_cast<char>(sequence >> (24 - 8 * i));
  return key;
}

std::string encode_sequence(const SequencePosition& position) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.u64(static_cast<uint64_t>(position.value));
  writer.u8(position.is_called ? 1 : 0);
  return bytes;
}

absl::StatusOr<SequencePosition> decode_sequence(std::string_view bytes) {
  ByteReader reader(bytes);
  SequencePosition position;
  position.value = static_cast<int64_t>(reader.u64());
  position.is_called = reader.u8() != 0;
  if (!reader.ok()) return error(ErrorCode::kDataCorrupted, "a sequence's stored state is malformed");
  return position;
}

Sequences::Sequences(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)),
      node_{node},
      heir_{*node.sequences} {
  state_ = heir_.take_over();
}

Sequences::behavior_type Sequences::make_behavior() {
  running();
  take_in_what_was_left();
  return {
      [this](next_atom, uint64_t request, const SequencePtr& sequence, uint32_t count) {
        const Heir<SequenceState>::Use use(heir_, state_);
        on_request(sequence, {current_sender(), request, count, false, {}});
      },
      [this](set_atom, uint64_t request, const SequencePtr& sequence, int64_t value, bool is_called) {
        const Heir<SequenceState>::Use use(heir_, state_);
        on_request(sequence, {current_sender(), request, 0, true, {value, is_called}});
      },
      [this](release_atom, Oid sequence) {
        const Heir<SequenceState>::Use use(heir_, state_);
        state_->sequences.erase(sequence);
        node_.logged_sequences->erase(sequence);
        node_.given_sequences->erase(sequence);
      },
      [this](committed_atom, TxnId txn, Scn, const std::string& error) {
        const Heir<SequenceState>::Use use(heir_, state_);
        on_committed(txn, error);
      },
      [this](lost_atom) {
        const Heir<SequenceState>::Use use(heir_, state_);
        send_records_again();
      },
  };
}

/// Of a predecessor. What it had under way comes before all that is given out now; requests that waited for it are
/// answered with an error by their sessions.
void Sequences::take_in_what_was_left() {
  const Heir<SequenceState>::Use use(heir_, state_);
  send_records_again();
  for (auto& [oid, sequence] : state_->sequences) {
    sequence.waiting.clear();
    if (sequence.logging != kNoTxn) sequence.logged = sequence.logging_to;
    sequence.now = sequence.logged;
    sequence.logging = kNoTxn;
  }
}

/// The transaction manager knows those that it has already.
void Sequences::send_records_again() {
  for (const auto& [oid, sequence] : state_->sequences) {
    if (sequence.logging == kNoTxn) continue;
    tell(node_.directory.get()->manager, commit_atom::value, sequence.record, caf::actor_cast<caf::strong_actor_ptr>(this));
  }
}

/// The definition comes with the request, because an open transaction may just have made or changed it.
void Sequences::on_request(const SequencePtr& def, Request request) {
  const Heir<SequenceState>::Use use(heir_, state_);
  const auto [it, fresh] = state_->sequences.try_emplace(def->oid);
  Sequence& sequence = it->second;
  if (fresh) sequence.now = sequence.logged = {def->start, false};
  sequence.def = def;
  sequence.waiting.push_back(std::move(request));
  if (sequence.logging == kNoTxn) serve(def->oid, sequence);
}

void Sequences::serve(Oid oid, Sequence& sequence) {
  while (!sequence.waiting.empty() && give(oid, sequence, sequence.waiting.front())) sequence.waiting.pop_front();
}

/// False: it has to be logged first, which is under way then.
bool Sequences::give(Oid oid, Sequence& sequence, const Request& request) {
  const SequenceDef& def = *sequence.def;
  if (request.set) {
    sequence.now = request.to;
    node_.given_sequences->set(oid, sequence.now);
    // Exactly this position is logged; what nextval() gives after it is logged then.
    if (sequence.logged.value == request.to.value && sequence.logged.is_called == request.to.is_called) {
      answer(request, request.to.value, 1, absl::OkStatus());
      return true;
    }
    log(oid, sequence, request.to);
    return false;
  }
  const auto steps = advance(def, sequence.now, request.count);
  if (!steps) {
    const bool up = def.increment > 0;
    answer(request, 0, 0,
           error(ErrorCode::kSequenceGeneratorLimitExceeded, "nextval: reached ", up ? "maximum" : "minimum",
                 " value of sequence \"", def.name, "\" (", up ? def.maximum : def.minimum, ")"));
    return true;
  }
  const bool unasked = node_.services.config.planted == PlantedBug::kSequenceNotLogged && sequence.logged.is_called;
  const bool logged = allowed(def, sequence.logged, steps->last) && allowed(def, sequence.logged, steps->first);
  if (!logged && !unasked) {
    const auto ahead = advance(def, sequence.now, request.count + kLoggedAhead);
    log(oid, sequence, {ahead->last, true});
    return false;
  }
  sequence.now = {steps->last, true};
  node_.given_sequences->set(oid, sequence.now);
  answer(request, steps->first, steps->count, absl::OkStatus());
  return true;
}

void Sequences::log(Oid oid, Sequence& sequence, const SequencePosition& position) {
  std::string changes;
  const std::string key = sequence_key(oid);
  const std::string value = encode_sequence(position);
  Change change;
  change.tree = kSequenceTree;
  change.has_after = true;
  change.key = key;
  change.after = value;
  ChangeWriter(&changes).append(change);
  auto commit = std::make_shared<CommitRequest>();
  commit->txn = node_.services.transactions.next();
  commit->participants = 1;
  const std::string_view redo[] = {changes};
  // A position is far below any limit.
  commit->records =
      build_commit_records(commit->txn, commit->participants, redo, node_.services.config.log_record_bytes_max).value();
  sequence.logging = commit->txn;
  sequence.logging_to = position;
  sequence.record = commit;
  tell(node_.directory.get()->manager, commit_atom::value, std::move(commit),
       caf::actor_cast<caf::strong_actor_ptr>(this));
}

void Sequences::on_committed(TxnId txn, const std::string& encoded_error) {
  const Heir<SequenceState>::Use use(heir_, state_);
  for (auto& [oid, sequence] : state_->sequences) {
    if (sequence.logging != txn) continue;
    sequence.logging = kNoTxn;
    const absl::Status status = decode_error(encoded_error);
    if (status.ok()) {
      sequence.logged = sequence.logging_to;
      node_.logged_sequences->set(oid, sequence.logged);
    } else {
      for (const Request& request : sequence.waiting) answer(request, 0, 0, status);
      sequence.waiting.clear();
    }
    serve(oid, sequence);
    return;
  }
}

void Sequences::answer(const Request& request, int64_t first, uint32_t count, const absl::Status& status) {
  tell(caf::actor_cast<SessionActor>(request.asker), next_atom::value, request.request, first, count,
       encode_error(status));
}

}  // namespace troupe
