#include "runtime/exec/write_batch.hpp"

#include <algorithm>
#include <numeric>

#include "runtime/exec/constraint_errors.hpp"
#include "runtime/exec/index_entry.hpp"
#include "storage/column/batch_codec.hpp"
#include "runtime/exec/write_conflict.hpp"

namespace troupe {
namespace {

/// A write is one step of its partition's work: small enough to let others in between.
constexpr size_t kKeysPerRequest = 512;

}  // namespace

bool WriteBatch::Request::takes(PartitionId at, uint64_t moved_scn, uint32_t moved_command) const {
  return partition == at && parts.moved_scn == moved_scn && parts.moved_command == moved_command;
}

void WriteBatch::add(PartitionId partition, std::string_view key, std::string_view row, uint32_t ordinal) {
  add_to(partition, 0, 0, key, row, ordinal);
}

void WriteBatch::add_to(PartitionId partition, uint64_t moved_scn, uint32_t moved_command, std::string_view key,
                        std::string_view row, uint32_t ordinal) {
  auto at = std::find_if(requests_.rbegin(), requests_.rend(),
                         [&](const Request& request) { return request.takes(partition, moved_scn, moved_command); });
  if (at == requests_.rend() || at->ordinals.size() == kKeysPerRequest) {
    requests_.emplace_back();
    requests_.back().partition = partition;
    requests_.back().parts.moved_scn = moved_scn;
    requests_.back().parts.moved_command = moved_command;
    at = requests_.rbegin();
  }
  append_packed(key, &at->keys);
  if (spec_.with_rows) append_packed(row, &at->rows);
  at->ordinals.push_back(ordinal);
}

/// The rows of another batch's request that have other keys now.
absl::Status WriteBatch::add_moved(const Request& request, const Answer& answer) {
  ByteReader in(bytes_view(answer.frame->moved()));
  PackedStrings rows(request.rows);
  std::string_view row;
  uint32_t row_number = 0;
  for (MovedKey moved; next_moved_key(&in, &moved);) {
    while (spec_.with_rows && row_number <= moved.key_ordinal && rows.next(&row)) ++row_number;
    TROUPE_ASSIGN_OR_RETURN(const GlobalEntry place, read_global_entry(moved.place));
    if (place.row_key == kUnknownPlace) {
      return error(ErrorCode::kSerializationFailure,
                   "tuple to be locked was already moved to another partition due to concurrent update");
    }
    const PartitionId partition = run_.context.data->partition_of(place.row_hash);
    const uint32_t ordinal = request.ordinals[moved.key_ordinal];
    if (spec_.moved) spec_.moved(ordinal, partition, place.row_key);
    add_to(partition, moved.scn, moved.command, place.row_key, row, ordinal);
  }
  return absl::OkStatus();
}

void WriteBatch::start() {
  if (spec_.call != nullptr) params_ = spec_.call->params(run_);
  if (requests_.size() > 1) {
    std::stable_sort(requests_.begin(), requests_.end(),
                     [](const Request& a, const Request& b) { return a.partition < b.partition; });
  }
  const ExecContext& context = run_.context;
  uint8_t flags = spec_.flags;
  if (context.one_snapshot) flags |= bit(schema::WriteFlag::one_snapshot);
  if (context.track_reads) flags |= bit(schema::WriteFlag::track_reads);
  for (Request& request : requests_) {
    schema::WriteHead& head = request.parts.head;
    head.mutate_txn(context.txn);
    head.mutate_snapshot(context.oldest_write != kNoScn ? context.oldest_write : context.snapshot);
    head.mutate_command(context.command);
    head.mutate_lock_timeout_ms(context.lock_timeout_ms);
    head.mutate_partition(request.partition);
    head.mutate_tree(spec_.tree);
    head.mutate_kind(spec_.kind);
    head.mutate_flags(flags);
    head.mutate_strength(spec_.strength);
    head.mutate_wait(spec_.wait);
    head.mutate_key_count(static_cast<uint32_t>(request.ordinals.size()));
    if (spec_.call != nullptr) {
      head.mutate_fragment(spec_.call->id());
      request.parts.definition = spec_.call->definition_for(request.partition);
    }
    request.parts.params = params_;
    request.parts.keys = request.keys;
    request.parts.rows = request.rows;
    request.slot = std::make_unique<WriteSlot>(*context.data);
    request.slot->start(request.partition, build_write(request.parts));
  }
}

Task<absl::StatusOr<WriteResultFrame>> WriteBatch::answer_of(Request& request) {
  while (true) {
    co_await request.slot->answer_arrives();
    absl::StatusOr<WriteResultFrame> answer = request.slot->take();
    if (!answer.ok()) co_return answer.status();
    if ((*answer)->head()->status() != schema::WriteStatus::unknown_fragment) co_return answer;
    if (spec_.call == nullptr || request.parts.definition == spec_.call->definition()) {
      co_return error(ErrorCode::kInternalError, "partition ", request.partition,
                      " does not take a fragment's definition");
    }
    request.parts.definition = spec_.call->definition();
    request.slot->start(request.partition, build_write(request.parts));
  }
}

absl::Status WriteBatch::failure_of(const Request& request, const WriteResultFrame& frame, uint32_t* ordinal) const {
  const schema::WriteResultHead& head = *frame->head();
  *ordinal = request.ordinals.front();
  absl::Status status = decode_error(bytes_view(frame->error()));
  if (head.conflict_tree() == 0) return status;
  if (error_code(status) == ErrorCode::kSerializationFailure) {
    PackedStrings keys(request.keys);
    std::string_view key;
    for (uint32_t i = 0; i <= head.conflict_key(); ++i) keys.next(&key);
    return with_write_conflict(std::move(status), head.conflict_tree(), key);
  }
  if (!spec_.conflict) return status;
  *ordinal = request.ordinals[head.conflict_key()];
  return spec_.conflict(*ordinal);
}

Task<absl::StatusOr<std::vector<WriteBatch::Answer>>> WriteBatch::finish() {
  std::vector<Answer> answers;
  answers.reserve(requests_.size());
  absl::Status failure;
  uint32_t failure_ordinal = UINT32_MAX;
  for (Request& request : requests_) {
    auto answering = answer_of(request);
    absl::StatusOr<WriteResultFrame> frame = co_await answering;
    if (!frame.ok()) co_return frame.status();
    if ((*frame)->head()->status() == schema::WriteStatus::failed) {
      uint32_t ordinal = 0;
      absl::Status status = failure_of(request, *frame, &ordinal);
      if (ordinal < failure_ordinal) {
        failure = std::move(status);
        failure_ordinal = ordinal;
      }
      continue;
    }
    Answer answer;
    if ((*frame)->head()->returned() > 0) {
      absl::StatusOr<Batch> returning = decode_batch(bytes_view((*frame)->returning()), *frame);
      if (!returning.ok()) co_return returning.status();
      answer.returning = *std::move(returning);
    }
    answer.frame = *std::move(frame);
    answer.ordinals = request.ordinals;
    answers.push_back(std::move(answer));
  }
  if (!failure.ok()) co_return failure;
  if (std::any_of(answers.begin(), answers.end(), [](const Answer& a) { return a.frame->moved() != nullptr; })) {
    auto following = follow(&answers);
    failure = co_await following;
    if (!failure.ok()) co_return failure;
  }
  co_return answers;
}

Task<absl::Status> WriteBatch::follow(std::vector<Answer>* answers) {
  WriteBatch moved(run_, spec_);
  for (size_t i = 0; i < requests_.size(); ++i) {
    absl::Status status = moved.add_moved(requests_[i], (*answers)[i]);
    if (!status.ok()) co_return status;
  }
  if (moved.empty()) co_return absl::OkStatus();
  moved.start();
  auto finishing = moved.finish();
  absl::StatusOr<std::vector<Answer>> more = co_await finishing;
  if (!more.ok()) co_return more.status();
  for (Answer& answer : *more) answers->push_back(std::move(answer));
  co_return absl::OkStatus();
}

ReturnedRows returned_rows(std::span<const WriteBatch::Answer> answers) {
  ReturnedRows rows;
  Batch all;
  for (const WriteBatch::Answer& answer : answers) {
    if (answer.returning.rows == 0) continue;
    if (all.columns.empty()) {
      for (const Vector& column : answer.returning.columns) all.columns.emplace_back().reset_empty(column.kind());
    }
    for (size_t c = 0; c < all.columns.size(); ++c) all.columns[c].append_all(answer.returning.columns[c]);
    all.rows += answer.returning.rows;
    for (uint32_t key = 0; key < answer.ordinals.size(); ++key) {
      const schema::WriteOutcome outcome = answer.outcome(key);
      if (outcome == schema::WriteOutcome::done || outcome == schema::WriteOutcome::updated) {
        rows.ordinals.push_back(answer.ordinals[key]);
      }
    }
  }
  std::vector<uint32_t> order(all.rows);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return rows.ordinals[a] < rows.ordinals[b]; });
  rows.batch = all.gather(order);
  std::sort(rows.ordinals.begin(), rows.ordinals.end());
  return rows;
}

namespace {

/// The changes of one index.
struct IndexChanges {
  const IndexDef* index = nullptr;
  std::unique_ptr<WriteBatch> erases;
  std::unique_ptr<WriteBatch> puts;
  std::vector<std::string> new_keys;
};

IndexChanges start_changes(Run& run, const IndexDef& index) {
  IndexChanges changes;
  changes.index = &index;
  WriteBatch::Spec erase;
  erase.tree = index.tree;
  erase.kind = schema::WriteKind::erase;
  changes.erases = std::make_unique<WriteBatch>(run, std::move(erase));
  return changes;
}

}  // namespace

Task<absl::Status> apply_unique_changes(Run& run, const TableDef& table, std::span<const IndexPtr> indexes,
                                        std::span<const WriteBatch::Answer> answers,
                                        const std::vector<std::string_view>& row_keys) {
  DataAccess& data = *run.context.data;
  std::vector<IndexChanges> all;
  for (const IndexPtr& index : indexes) {
    if (index->global()) all.push_back(start_changes(run, *index));
  }
  for (IndexChanges& changes : all) {
    WriteBatch::Spec put;
    put.tree = changes.index->tree;
    put.kind = schema::WriteKind::put;
    put.with_rows = true;
    put.conflict = [&changes, &table, &run](uint32_t ordinal) {
      return unique_violation_of_key(table, *changes.index, changes.new_keys[ordinal], *run.context.eval);
    };
    changes.puts = std::make_unique<WriteBatch>(run, std::move(put));
    for (const WriteBatch::Answer& answer : answers) {
      ByteReader in(bytes_view(answer.frame->unique_changes()));
      for (UniqueChange change; next_unique_change(&in, &change);) {
        if (change.index != changes.index->tree) continue;
        if (change.has_old) changes.erases->add(data.partition_of(change.old_hash), change.old_key, {}, 0);
        if (!change.has_new) continue;
        const std::string value = global_entry_value(change.row_hash, row_keys[answer.ordinals[change.key_ordinal]]);
        changes.puts->add(data.partition_of(change.new_hash), change.new_key, value,
                          static_cast<uint32_t>(changes.new_keys.size()));
        changes.new_keys.emplace_back(change.new_key);
      }
    }
  }
  for (IndexChanges& changes : all) changes.erases->start();
  for (IndexChanges& changes : all) {
    auto finishing = changes.erases->finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> erased = co_await finishing;
    if (!erased.ok()) co_return erased.status();
  }
  for (IndexChanges& changes : all) changes.puts->start();
  for (IndexChanges& changes : all) {
    auto finishing = changes.puts->finish();
    absl::StatusOr<std::vector<WriteBatch::Answer>> put = co_await finishing;
    if (!put.ok()) co_return put.status();
  }
  co_return absl::OkStatus();
}

}  // namespace troupe
