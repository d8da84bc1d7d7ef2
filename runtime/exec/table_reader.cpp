#include "runtime/exec/table_reader.hpp"

#include <algorithm>

#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {

constexpr size_t kLookupKeysPerRequest = 512;
/// A scan's first answer from a partition is short: the client sees rows soon, and a LIMIT reads little for nothing.
constexpr uint32_t kShortAnswers = 1;
/// Somebody who wanted a few rows and comes again is likely to want more than before.
constexpr uint64_t kPageGrowth = 4;

}  // namespace

void PartitionQuestion::ask(ReadParts parts) {
  const ExecContext& context = run_.context;
  schema::ReadHead& head = parts.head;
  head.mutate_txn(context.txn);
  head.mutate_snapshot(context.snapshot);
  head.mutate_command(context.command);
  head.mutate_partition(partition_);
  if (context.track_reads) head.mutate_flags(head.flags() | bit(schema::ReadFlag::track_reads));
  if (call_ != nullptr) {
    head.mutate_fragment(call_->id());
    parts.definition = call_->definition_for(partition_);
  }
  parts_ = parts;
  slot_.start(partition_, build_read(parts_));
}

absl::StatusOr<ReadResultFrame> PartitionQuestion::take() {
  absl::StatusOr<ReadResultFrame> answer = slot_.take();
  if (!answer.ok()) return answer.status();
  switch ((*answer)->head()->status()) {
    case schema::ReadStatus::failed: return decode_error(bytes_view((*answer)->error()));
    case schema::ReadStatus::unknown_fragment:
      if (call_ == nullptr || parts_.definition == call_->definition()) {
        return error(ErrorCode::kInternalError, "partition ", partition_, " does not take a fragment's definition");
      }
      parts_.definition = call_->definition();
      slot_.start(partition_, build_read(parts_));
      return ReadResultFrame{};
    default: return answer;
  }
}

absl::StatusOr<Batch> batch_of(const ReadResultFrame& answer) {
  if (answer->head()->rows() == 0) return Batch{};
  return decode_batch(bytes_view(answer->batch()), answer);
}

void LookupReader::add(PartitionId partition, std::string_view key, uint32_t ordinal) {
  auto at = std::find_if(requests_.rbegin(), requests_.rend(),
                         [partition](const Request& request) { return request.partition == partition; });
  if (at == requests_.rend() || at->ordinals.size() == kLookupKeysPerRequest) {
    requests_.emplace_back();
    requests_.back().partition = partition;
    at = requests_.rbegin();
  }
  append_packed(key, &at->keys);
  at->ordinals.push_back(ordinal);
}

Task<absl::StatusOr<std::vector<LookupReader::Answer>>> LookupReader::fetch() {
  if (call_ != nullptr) params_ = call_->params(run_);
  std::stable_sort(requests_.begin(), requests_.end(),
                   [](const Request& a, const Request& b) { return a.partition < b.partition; });
  for (Request& request : requests_) {
    request.question = std::make_unique<PartitionQuestion>(run_, call_, request.partition, nullptr);
    ReadParts parts;
    parts.head.mutate_kind(schema::ReadKind::get);
    parts.head.mutate_tree(tree_);
    parts.params = params_;
    parts.keys = request.keys;
    request.question->ask(parts);
  }
  std::vector<Answer> answers;
  for (Request& request : requests_) {
    ReadResultFrame frame;
    while (!frame) {
      co_await request.question->slot().answer_arrives();
      absl::StatusOr<ReadResultFrame> taken = request.question->take();
      if (!taken.ok()) co_return taken.status();
      frame = *std::move(taken);
    }
    Answer answer;
    if (frame->head()->encoding() == schema::ReadEncoding::rows) {
      std::string_view value;
      for (PackedStrings values(bytes_view(frame->batch())); values.next(&value);) answer.raw.push_back(value);
    } else {
      absl::StatusOr<Batch> batch = batch_of(frame);
      if (!batch.ok()) co_return batch.status();
      answer.batch = *std::move(batch);
    }
    if (frame->ordinals() != nullptr) {
      for (const uint32_t ordinal : *frame->ordinals()) answer.ordinals.push_back(request.ordinals[ordinal]);
    }
    answer.frame = std::move(frame);
    answers.push_back(std::move(answer));
  }
  co_return answers;
}

RangeReader::RangeReader(Run& run, const FragmentCall* call, Range range)
    : run_{run}, call_{call}, range_{std::move(range)} {
  append_packed(range_.keys.lower, &bounds_);
  append_packed(range_.keys.upper, &bounds_);
  if (call_ != nullptr) params_ = call_->params(run_);
}

void RangeReader::start() {
  started_ = true;
  const uint16_t partitions = run_.context.data->partition_count();
  for (PartitionId partition = 0; partition < partitions; ++partition) {
    auto stream = std::make_unique<Stream>();
    stream->question = std::make_unique<PartitionQuestion>(run_, call_, partition, &signal_);
    stream->rows_left = range_.rows_per_partition;
    stream->page_rows = range_.first_page_rows;
    stream->asked_last = stream->rows_left == 0;
    streams_.push_back(std::move(stream));
  }
  for (auto& stream : streams_) {
    if (!stream->asked_last) ask(*stream);
  }
}

void RangeReader::ask(Stream& stream) {
  ReadParts parts;
  const bool by_index = range_.index != 0;
  parts.head.mutate_kind(range_.aggregate ? (by_index ? schema::ReadKind::index_aggregate : schema::ReadKind::aggregate)
                                          : (by_index ? schema::ReadKind::index_scan : schema::ReadKind::scan));
  parts.head.mutate_tree(range_.tree);
  parts.head.mutate_index(range_.index);
  const uint64_t rows = std::min(stream.rows_left, stream.page_rows);
  if (rows < UINT32_MAX) parts.head.mutate_row_limit(static_cast<uint32_t>(rows));
  stream.page_rows = stream.page_rows < kBatchRows ? stream.page_rows * kPageGrowth : UINT64_MAX;
  uint8_t flags = range_.backward ? bit(schema::ReadFlag::backward) : 0;
  if (stream.answers >= kShortAnswers) flags |= bit(schema::ReadFlag::long_answer);
  if (range_.with_keys) flags |= bit(schema::ReadFlag::with_keys);
  parts.head.mutate_flags(flags);
  parts.params = params_;
  parts.keys = bounds_;
  parts.resume = stream.resume;
  stream.question->ask(parts);
}

/// Takes a stream's answer and asks for what follows, so that the partition works while this batch is used.
absl::StatusOr<ReadResultFrame> RangeReader::take(Stream& stream) {
  absl::StatusOr<ReadResultFrame> answer = stream.question->take();
  if (!answer.ok() || !*answer) return answer;
  ++stream.answers;
  const schema::ReadResultHead& head = *(*answer)->head();
  if (stream.rows_left != UINT64_MAX) stream.rows_left -= std::min<uint64_t>(stream.rows_left, head.rows());
  if (head.status() == schema::ReadStatus::more && stream.rows_left > 0) {
    stream.resume = std::string(bytes_view((*answer)->resume()));
    ask(stream);
  } else {
    stream.asked_last = true;
  }
  return answer;
}

Task<absl::StatusOr<ReadResultFrame>> RangeReader::next() {
  if (!started_) start();
  while (true) {
    bool waiting = false;
    for (size_t i = 0; i < streams_.size(); ++i) {
      const size_t at = (next_stream_ + i) % streams_.size();
      Stream& stream = *streams_[at];
      while (stream.question->answered()) {
        absl::StatusOr<ReadResultFrame> answer = take(stream);
        if (!answer.ok()) co_return answer.status();
        if (!*answer || (*answer)->head()->rows() == 0) continue;
        next_stream_ = at + 1;  // the others first, next time
        co_return answer;
      }
      waiting = waiting || stream.question->asked();
    }
    if (!waiting) co_return ReadResultFrame{};
    co_await signal_;
    absl::Status status = run_.context.data->check_cancelled();
    if (!status.ok()) co_return status;
  }
}

/// Waits until the stream has a row to show, or is at its end.
Task<absl::Status> RangeReader::fill(Stream& stream, const SortSpec* order) {
  while (!stream.has_row() && !stream.at_end()) {
    while (!stream.question->answered()) co_await signal_;
    absl::StatusOr<ReadResultFrame> answer = take(stream);
    if (!answer.ok()) co_return answer.status();
    if (!*answer || (*answer)->head()->rows() == 0) continue;
    absl::StatusOr<Batch> batch = batch_of(*answer);
    if (!batch.ok()) co_return batch.status();
    stream.batch = *std::move(batch);
    stream.row = 0;
    absl::Status status = take_keys(stream, order);
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

absl::Status RangeReader::take_keys(Stream& stream, const SortSpec* order) {
  stream.keys.assign(stream.batch.rows, {});
  if (order == nullptr) {
    for (uint32_t row = 0; row < stream.batch.rows; ++row) stream.keys[row] = stream.batch.columns.back().string(row);
    stream.batch.columns.pop_back();
    return absl::OkStatus();
  }
  std::vector<Vector> keys;
  TROUPE_RETURN_IF_ERROR(order->run(run_.input(stream.batch), &keys));
  for (uint32_t row = 0; row < stream.batch.rows; ++row) {
    for (size_t k = 0; k < keys.size(); ++k) encode_key_column(order->columns[k], keys[k], row, &stream.keys[row]);
  }
  return absl::OkStatus();
}

/// How many rows of `first`, which has the first one, come before any other stream's.
uint32_t RangeReader::rows_before_others(const Stream& first, uint32_t most) const {
  const std::string* next = nullptr;
  for (const auto& stream : streams_) {
    if (stream.get() == &first || !stream->has_row()) continue;
    if (next == nullptr || stream->keys[stream->row] < *next) next = &stream->keys[stream->row];
  }
  most = std::min(most, first.batch.rows - first.row);
  if (next == nullptr) return most;
  uint32_t rows = 1;
  while (rows < most && first.keys[first.row + rows] < *next) ++rows;
  return rows;
}

Task<BatchResult> RangeReader::next_in_order(const SortSpec* order, uint64_t most) {
  if (!started_) start();
  Batch out;
  while (out.rows < kBatchRows && out.rows < most) {
    Stream* first = nullptr;
    for (auto& stream : streams_) {
      if (!stream->has_row() && !stream->at_end()) {
        auto filling = fill(*stream, order);
        absl::Status status = co_await filling;
        if (!status.ok()) co_return status;
      }
      if (!stream->has_row()) continue;
      if (first == nullptr || stream->keys[stream->row] < first->keys[first->row]) first = stream.get();
    }
    if (first == nullptr) break;
    if (out.columns.empty()) {
      for (const Vector& column : first->batch.columns) out.columns.emplace_back().reset_empty(column.kind());
    }
    const uint32_t rows = rows_before_others(*first, static_cast<uint32_t>(std::min<uint64_t>(kBatchRows - out.rows, most - out.rows)));
    for (size_t c = 0; c < out.columns.size(); ++c) {
      if (rows == 1) {
        out.columns[c].append_from(first->batch.columns[c], first->row);
      } else {
        out.columns[c].append_all(first->batch.columns[c].slice(first->row, rows));
      }
    }
    first->row += rows;
    out.rows += rows;
  }
  absl::Status status = run_.context.data->check_cancelled();
  if (!status.ok()) co_return status;
  co_return out;
}

}  // namespace troupe
