#include "actors/session/sequence_cache.hpp"

#include <utility>

#include "storage/catalog/rights.hpp"

namespace troupe {

absl::StatusOr<std::shared_ptr<const SequenceDef>> SequenceCache::definition(Oid sequence) const {
  const ObjectPtr object = catalog_ == nullptr ? nullptr : catalog_->find_shared(sequence);
  auto def = std::dynamic_pointer_cast<const SequenceDef>(object);
  if (def == nullptr) {
    return error(ErrorCode::kWrongObjectType, "relation with OID ", sequence, " is not a sequence");
  }
  return def;
}

Task<absl::Status> SequenceCache::wait_for_answer(uint64_t request) {
  waiting_ = request;
  while (waiting_ != 0) co_await answered_;
  co_return answer_status_;
}

void SequenceCache::on_answer(uint64_t request, int64_t first, uint32_t count, const std::string& error) {
  if (request != waiting_ || waiting_ == 0) return;
  answer_first_ = first;
  answer_count_ = count;
  answer_status_ = decode_error(error);
  waiting_ = 0;
  answered_.raise();
}

void SequenceCache::on_lost() {
  if (waiting_ == 0) return;
  answer_status_ = with_hint(
      error(ErrorCode::kSerializationFailure, "the server's sequences were restarted during the statement"),
      "Retry the transaction.");
  waiting_ = 0;
  answered_.raise();
}

Task<absl::Status> SequenceCache::reserve(Oid sequence, uint32_t count) {
  auto def = definition(sequence);
  if (!def.ok()) co_return def.status();
  while (reserved(sequence) < count) {
    const uint64_t request = next_request_++;
    const uint32_t wanted = count - reserved(sequence);
    host_.send_sequence_next(request, *def, wanted);
    auto waiting = wait_for_answer(request);
    const absl::Status status = co_await waiting;
    if (!status.ok()) co_return status;
    known_[sequence].ranges.push_back({answer_first_, answer_count_, (*def)->increment});
  }
  co_return absl::OkStatus();
}

uint32_t SequenceCache::reserved(Oid sequence) const {
  const auto it = known_.find(sequence);
  if (it == known_.end()) return 0;
  uint32_t count = 0;
  for (const Range& range : it->second.ranges) count += range.count;
  return count;
}

absl::StatusOr<int64_t> SequenceCache::next(Oid sequence) {
  Known& known = known_[sequence];
  // After a setval() of the same statement, which has not reached the sequence yet, it goes on from there.
  for (Setting& setting : settings_) {
    if (setting.sequence->oid != sequence) continue;
    TROUPE_RETURN_IF_ERROR(advance(&setting));
    known.current = setting.value;
    last_ = sequence;
    return setting.value;
  }
  if (known.ranges.empty()) return error(ErrorCode::kInternalError, "no number of sequence ", sequence, " is reserved");
  Range& range = known.ranges.front();
  const int64_t value = range.first;
  if (--range.count == 0) {
    known.ranges.pop_front();
  } else {
    range.first += range.increment;
  }
  known.current = value;
  last_ = sequence;
  return value;
}

absl::Status SequenceCache::advance(Setting* setting) {
  const SequenceDef& def = *setting->sequence;
  if (!setting->is_called) {
    setting->is_called = true;
    return absl::OkStatus();
  }
  const bool up = def.increment > 0;
  const __int128 next = static_cast<__int128>(setting->value) + def.increment;
  const bool at_end = up ? next > def.maximum : next < def.minimum;
  if (at_end && !def.cycle) {
    return error(ErrorCode::kSequenceGeneratorLimitExceeded, "nextval: reached ", up ? "maximum" : "minimum",
                 " value of sequence \"", def.name, "\" (", up ? def.maximum : def.minimum, ")");
  }
  setting->value = !at_end ? static_cast<int64_t>(next) : up ? def.minimum : def.maximum;
  return absl::OkStatus();
}

absl::StatusOr<int64_t> SequenceCache::current(Oid sequence) {
  const auto it = known_.find(sequence);
  if (it == known_.end() || !it->second.current) {
    const auto def = definition(sequence);
    return error(ErrorCode::kObjectNotInPrerequisiteState, "currval of sequence \"", def.ok() ? (*def)->name : "?",
                 "\" is not yet defined in this session");
  }
  return *it->second.current;
}

absl::StatusOr<int64_t> SequenceCache::last() {
  if (!last_) return error(ErrorCode::kObjectNotInPrerequisiteState, "lastval is not yet defined in this session");
  TROUPE_RETURN_IF_ERROR(check_right(*last_, false));
  return current(*last_);
}

absl::Status SequenceCache::check_right(Oid sequence, bool sets) const {
  TROUPE_ASSIGN_OR_RETURN(const auto def, definition(sequence));
  const Privileges enough = sets ? Privileges{kUpdate} : kUsage | kSelect;
  return rights_on(*catalog_, role_, *def, enough) != 0 ? absl::OkStatus() : permission_denied(*def);
}

absl::Status SequenceCache::set(Oid sequence, int64_t value, bool is_called) {
  TROUPE_ASSIGN_OR_RETURN(auto def, definition(sequence));
  if (value < def->minimum || value > def->maximum) {
    return error(ErrorCode::kNumericValueOutOfRange, "setval: value ", value, " is out of bounds for sequence \"",
                 def->name, "\" (", def->minimum, "..", def->maximum, ")");
  }
  if (is_called) known_[sequence].current = value;
  std::erase_if(settings_, [sequence](const Setting& setting) { return setting.sequence->oid == sequence; });
  settings_.push_back({std::move(def), value, is_called});
  return absl::OkStatus();
}

Task<absl::Status> SequenceCache::settle() {
  while (!settings_.empty()) {
    const Setting setting = std::move(settings_.front());
    settings_.pop_front();
    known_[setting.sequence->oid].ranges.clear();
    const uint64_t request = next_request_++;
    host_.send_sequence_set(request, setting.sequence, setting.value, setting.is_called);
    auto waiting = wait_for_answer(request);
    const absl::Status status = co_await waiting;
    if (!status.ok()) {
      settings_.clear();
      co_return status;
    }
  }
  co_return absl::OkStatus();
}

Task<absl::Status> SequenceCache::start_at(std::shared_ptr<const SequenceDef> sequence, int64_t value) {
  known_.erase(sequence->oid);
  const uint64_t request = next_request_++;
  host_.send_sequence_set(request, std::move(sequence), value, false);
  auto waiting = wait_for_answer(request);
  co_return co_await waiting;
}

void SequenceCache::forget_all() {
  known_.clear();
  last_.reset();
  settings_.clear();
}

}  // namespace troupe
