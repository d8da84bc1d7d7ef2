#include "runtime/fragment/partition_engine.hpp"

#include "runtime/fragment/fragment_scan.hpp"
#include "runtime/fragment/fragment_source.hpp"
#include "runtime/fragment/held_rows.hpp"
#include "runtime/fragment/scan_task.hpp"
#include "runtime/fragment/write_task.hpp"

namespace troupe {

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

absl::StatusOr<std::shared_ptr<const Fragment>> PartitionEngine::fragment_of(uint64_t id,
                                                                             std::string_view definition) {
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
  std::shared_ptr<const Fragment> fragment;
  if (head.fragment() != 0) {
    auto found = fragment_of(head.fragment(), bytes_view(question->definition()));
    if (!found.ok()) return failed_read(head, found.status());
    if (*found == nullptr) return unknown_fragment(head);
    fragment = *std::move(found);
  }
  if (head.kind() == schema::ReadKind::get) return run_lookup(task, std::move(fragment));
  auto scan = ScanTask::begin(question, id_, std::move(fragment), limits_);
  if (!scan.ok()) return failed_read(head, scan.status());
  task.scan_ = *std::move(scan);
  return task.scan_->run(store_);
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

WriteOutcomeFrame PartitionEngine::finish(WriteTask& task) {
  StagedWrite& staged = *task.staged_;
  WriteResultParts parts;
  std::string redo;
  if (has_flag(*task.question_->head(), schema::WriteFlag::prepare)) {
    auto prepared = store_.prepare(task.question_->head()->txn());
    if (auto* fault = std::get_if<PageFault>(&prepared)) return MissingPages{*fault, {}};
    redo = std::get<std::string>(std::move(prepared));
    parts.redo = redo;
    staged.head.mutate_prepared(true);
  }
  parts.head = staged.head;
  parts.outcomes = staged.outcomes;
  parts.returning = staged.returning;
  parts.unique_changes = staged.unique_changes;
  parts.existing = staged.existing;
  return build_write_result(parts);
}

}  // namespace troupe
