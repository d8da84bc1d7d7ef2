#include "runtime/fragment/partition_engine.hpp"

#include "runtime/fragment/fragment.hpp"
#include "runtime/fragment/fragment_scan.hpp"
#include "runtime/fragment/fragment_source.hpp"
#include "runtime/fragment/held_rows.hpp"
#include "runtime/fragment/scan_task.hpp"
#include "runtime/fragment/write_task.hpp"
#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {
/// Longer redo is not sent along with the answer but when the transaction is prepared, once.
constexpr size_t kPreparedChangesMax = 64;
constexpr size_t kPreparedBytesMax = 8 * 1024;
}  // namespace

ReadTask::ReadTask(ReadFrame question) : question_{std::move(question)} {}
ReadTask::ReadTask(ReadTask&&) noexcept = default;
ReadTask& ReadTask::operator=(ReadTask&&) noexcept = default;
ReadTask::~ReadTask() = default;

WriteTask::WriteTask(WriteFrame question) : question_{std::move(question)} {}
WriteTask::WriteTask(WriteTask&&) noexcept = default;
WriteTask& WriteTask::operator=(WriteTask&&) noexcept = default;
WriteTask::~WriteTask() = default;

PartitionEngine::PartitionEngine(PartitionId id, PartitionStore& store, EngineLimits limits)
    : id_{id}, store_{store}, limits_{limits}, fragments_{limits.fragments} {}
PartitionEngine::~PartitionEngine() = default;

absl::StatusOr<std::shared_ptr<const Fragment>> PartitionEngine::fragment_of(uint64_t id, std::string_view definition) {
  if (std::shared_ptr<const Fragment> known = fragments_.find(id)) return known;
  if (definition.empty()) return std::shared_ptr<const Fragment>{};
  TROUPE_ASSIGN_OR_RETURN(std::shared_ptr<const Fragment> fragment, compile_fragment(definition));
  fragments_.add(id, fragment);
  return fragment;
}

namespace {

ReadResultFrame unknown_fragment(const schema::ReadHead& question) {
  ReadResultParts parts;
  parts.head.mutate_request(question.request());
  parts.head.mutate_partition(question.partition());
  parts.head.mutate_status(schema::ReadStatus::unknown_fragment);
  return build_read_result(parts);
}

}  // namespace

ReadOutcome PartitionEngine::run(ReadTask& task) {
  if (task.scan_) return task.scan_->run(store_);
  const ReadFrame& question = task.question_;
  const schema::ReadHead& head = *question->head();
  if (head.kind() == schema::ReadKind::divide) return divide(head);
  std::shared_ptr<const Fragment> fragment;
  if (head.fragment() != 0) {
    auto found = fragment_of(head.fragment(), bytes_view(question->definition()));
    if (!found.ok()) return failed_read(head, found.status());
    if (*found == nullptr) return unknown_fragment(head);
    fragment = *std::move(found);
  }
  if (head.kind() == schema::ReadKind::get) {
    if (is_point(*question, fragment.get())) return run_point(question, *fragment);
    return run_lookup(task, std::move(fragment));
  }
  auto scan = ScanTask::begin(question, id_, std::move(fragment), limits_);
  if (!scan.ok()) return failed_read(head, scan.status());
  task.scan_ = *std::move(scan);
  return task.scan_->run(store_);
}

/// The answer to a look-up of one key: nothing is gathered, the row is read where it lies.
ReadResultFrame PartitionEngine::answer_point(const schema::Read& question, const Fragment& fragment,
                                              std::optional<std::string_view> row) {
  ReadResultParts parts;
  parts.head.mutate_request(question.head()->request());
  parts.head.mutate_partition(id_);
  parts.head.mutate_status(schema::ReadStatus::done);
  if (!row) return build_read_result(parts);
  FragmentParams params;
  Fragment::Columns columns;
  Batch output;
  absl::Status status = decode_fragment_params(bytes_view(question.params()), &params);
  if (status.ok()) status = fragment.decode_filtered({&*row, 1}, params, &columns, &selection_);
  if (status.ok() && !selection_.empty()) status = fragment.evaluate_output(columns, params, &output);
  if (!status.ok()) return failed_read(*question.head(), status);
  if (selection_.empty()) return build_read_result(parts);
  encoded_.clear();
  encode_batch(output, &encoded_);
  constexpr uint32_t kFirst = 0;
  parts.batch = encoded_;
  parts.ordinals = {&kFirst, 1};
  parts.head.mutate_rows(1);
  parts.head.mutate_encoding(schema::ReadEncoding::columns);
  return build_read_result(parts);
}

/// One key, and a fragment that makes a row of a row.
bool PartitionEngine::is_point(const schema::Read& question, const Fragment* fragment) {
  if (fragment == nullptr || fragment->aggregates() || fragment->spec().with_row_key ||
      !fragment->spec().order.empty()) {
    return false;
  }
  PackedStrings keys(bytes_view(question.keys()));
  std::string_view key, second;
  return keys.next(&key) && !keys.next(&second) && keys.ok();
}

ReadOutcome PartitionEngine::run_point(const ReadFrame& question, const Fragment& fragment) {
  const schema::ReadHead& head = *question->head();
  PackedStrings keys(bytes_view(question->keys()));
  std::string_view key;
  keys.next(&key);
  auto result = store_.get({head.txn(), head.command(), head.snapshot()}, head.tree(), key);
  if (auto* fault = std::get_if<PageFault>(&result)) return MissingPages{*fault, {}};
  if (auto* status = std::get_if<absl::Status>(&result)) return failed_read(head, *status);
  const auto* stored = std::get_if<StoredRow>(&result);
  return answer_point(*question, fragment, stored == nullptr ? std::nullopt : std::optional(stored->row));
}

ReadResultFrame PartitionEngine::divide(const schema::ReadHead& head) const {
  std::string keys;
  for (const std::string& key : store_.split_keys(head.tree(), head.row_limit())) append_packed(key, &keys);
  ReadResultParts parts;
  parts.head.mutate_request(head.request());
  parts.head.mutate_partition(id_);
  parts.head.mutate_status(schema::ReadStatus::done);
  parts.keys = keys;
  parts.entries = store_.row_count(head.tree());
  return build_read_result(parts);
}

ReadOutcome PartitionEngine::run_lookup(ReadTask& task, std::shared_ptr<const Fragment> fragment) {
  const ReadFrame& question = task.question_;
  const schema::ReadHead& head = *question->head();
  const ReadView view{head.txn(), head.command(), head.snapshot()};
  FoundRows found;
  std::vector<uint32_t> ordinals;
  uint32_t ordinal = 0;
  std::string_view key;
  PackedStrings keys(bytes_view(question->keys()));
  size_t held = 0;  // of its rows, those that are in `found`
  for (; keys.next(&key); ++ordinal) {
    if (task.held_ && ordinal < task.held_->keys) {
      if (held == task.held_->ordinals.size() || task.held_->ordinals[held] != ordinal) continue;
      found.keys.push_back(key);
      found.rows.push_back(task.held_->rows[held++]);
      ordinals.push_back(ordinal);
      continue;
    }
    auto result = store_.get(view, head.tree(), key);
    if (auto* fault = std::get_if<PageFault>(&result)) {
      if (!task.held_) task.held_ = std::make_unique<HeldLookup>();
      task.held_->keys = ordinal;
      for (size_t i = held; i < ordinals.size(); ++i) {
        task.held_->ordinals.push_back(ordinals[i]);
        task.held_->rows.emplace_back(found.rows[i]);
      }
      return MissingPages{*fault, {}};
    }
    if (auto* status = std::get_if<absl::Status>(&result)) return failed_read(head, *status);
    if (std::holds_alternative<Absent>(result)) continue;
    found.keys.push_back(key);
    found.rows.push_back(std::get<0>(result).row);
    ordinals.push_back(ordinal);
  }
  if (!keys.ok()) return failed_read(head, error(ErrorCode::kDataCorrupted, "a lookup's keys are malformed"));
  auto scan = FragmentScan::begin(question, id_, std::move(fragment), limits_);
  if (!scan.ok()) return failed_read(head, scan.status());
  if (found.size() > 0) {
    found.positions = found.keys;
    if (absl::Status status = (*scan)->consume(found); !status.ok()) return failed_read(head, status);
  }
  return (*scan)->finish_lookup(ordinals);
}

WriteOutcomeFrame PartitionEngine::run(WriteTask& task) {
  if (task.staged_) return finish(task);
  const WriteFrame& question = task.question_;
  const schema::WriteHead& head = *question->head();
  schema::WriteResultHead answer_head;
  answer_head.mutate_request(head.request());
  answer_head.mutate_partition(id_);
  HeldVersions none;
  WriteStager stager(store_, question, task.held_ ? task.held_.get() : &none, &answer_head);
  WriteStager::Result result;
  if (head.kind() == schema::WriteKind::bulk) {
    result = stager.stage_bulk(&task.bulk_done_);
  } else if (head.kind() == schema::WriteKind::put || head.kind() == schema::WriteKind::erase) {
    result = stager.stage_raw();
  } else {
    auto fragment = fragment_of(head.fragment(), bytes_view(question->definition()));
    if (!fragment.ok()) return failed_write(head, fragment.status());
    if (*fragment == nullptr) {
      WriteResultParts parts;
      parts.head = answer_head;
      parts.head.mutate_status(schema::WriteStatus::unknown_fragment);
      return build_write_result(parts);
    }
    result = stager.stage_rows(**fragment);
  }
  if (auto* fault = std::get_if<PageFault>(&result)) {
    if (!task.held_) task.held_ = std::make_unique<HeldVersions>(std::move(none));
    return MissingPages{*fault, {}};
  }
  if (auto* status = std::get_if<absl::Status>(&result)) {
    const std::string encoded = encode_error(*status);
    WriteResultParts parts;
    parts.head = answer_head;
    parts.head.mutate_status(schema::WriteStatus::failed);
    parts.error = encoded;
    return build_write_result(parts);
  }
  task.staged_ = std::get<std::unique_ptr<StagedWrite>>(std::move(result));
  return finish(task);
}

/// The redo of a write alone, unless the transaction has written one of the keys before.
PageFault PartitionEngine::prepare(TxnId txn, const std::vector<TreeChange>& changes, std::string* redo, bool* alone) {
  for (const TreeChange& change : changes) {
    bool first = true;
    const PageFault fault = store_.prepare_one(txn, change.tree, change.key, redo, &first);
    if (fault.needed()) return fault;
    *alone = *alone && first;
    if (!*alone) break;
  }
  return {};
}

WriteOutcomeFrame PartitionEngine::finish(WriteTask& task) {
  StagedWrite& staged = *task.staged_;
  WriteResultParts parts;
  std::string redo;
  if (has_flag(*task.question_->head(), schema::WriteFlag::prepare) && staged.changes.size() <= kPreparedChangesMax) {
    bool prepared = true;
    const PageFault fault = prepare(task.question_->head()->txn(), staged.changes, &redo, &prepared);
    if (fault.needed()) return MissingPages{fault, {}};
    prepared = prepared && redo.size() <= kPreparedBytesMax;
    if (prepared) parts.redo = redo;
    staged.head.mutate_prepared(prepared);
  }
  parts.head = staged.head;
  parts.outcomes = staged.outcomes;
  parts.returning = staged.returning;
  parts.unique_changes = staged.unique_changes;
  parts.existing = staged.existing;
  parts.moved = staged.moved;
  return build_write_result(parts);
}

}  // namespace troupe
