#include "runtime/fragment/fragment_scan.hpp"

#include <algorithm>

#include "runtime/exec/index_entry.hpp"
#include "runtime/fragment/fragment.hpp"
#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {

/// Appends a column, long strings copied: the rows they lie in may change before the answer is sent.
void append_copied(const Vector& from, uint32_t rows, Vector* to) {
  if (from.kind() != Physical::kVarlen) {
    to->append_all(from);
    return;
  }
  for (uint32_t row = 0; row < rows; ++row) {
    if (from.is_null(row)) {
      to->append_null();
    } else {
      to->append_string(from.string(row));
    }
  }
}

void append_batch(const Batch& from, Batch* to) {
  if (to->columns.empty()) {
    for (const Vector& column : from.columns) to->columns.emplace_back().reset_empty(column.kind(), from.rows);
  }
  for (size_t c = 0; c < from.columns.size(); ++c) append_copied(from.columns[c], from.rows, &to->columns[c]);
  to->rows += from.rows;
}

uint64_t payload_bytes(const Batch& batch) {
  uint64_t bytes = 0;
  for (const Vector& column : batch.columns) {
    bytes += static_cast<uint64_t>(batch.rows) * width(column.kind());
    if (column.kind() != Physical::kVarlen) continue;
    for (uint32_t row = 0; row < batch.rows; ++row) bytes += column.is_null(row) ? 0 : column.string(row).size();
  }
  return bytes;
}

void append_locators(PartitionId partition, const FoundRows& found, std::span<const uint32_t> selection, Batch* out) {
  Vector locators(Physical::kVarlen, static_cast<uint32_t>(selection.size()));
  for (uint32_t i = 0; i < selection.size(); ++i) {
    locators.set_string(i, make_row_locator(partition, found.keys[selection[i]]));
  }
  out->columns.push_back(std::move(locators));
}

void append_keys(const FoundRows& found, std::span<const uint32_t> selection, Batch* out) {
  Vector keys(Physical::kVarlen, static_cast<uint32_t>(selection.size()));
  for (uint32_t i = 0; i < selection.size(); ++i) keys.set_string(i, found.keys[selection[i]]);
  out->columns.push_back(std::move(keys));
}

}  // namespace

struct FragmentScan::State {
  explicit State(uint64_t memory_bytes) : memory{memory_bytes} {}

  FragmentParams params;
  MemoryBudget memory;
  Batch output;  ///< rows for the answer, all their bytes its own
  uint64_t output_bytes = 0;
  std::string raw_rows;
  std::string raw_keys;
  uint32_t rows = 0;
  std::vector<uint32_t> consumed;  ///< lookups: which of the found rows are in the output
  std::unique_ptr<Aggregator> aggregator;
  std::unique_ptr<Sorter> sorter;
  std::string position;  ///< where a next request continues
};

FragmentScan::FragmentScan(ReadFrame question, PartitionId partition, std::shared_ptr<const Fragment> fragment,
                           const EngineLimits& limits)
    : question_{std::move(question)},
      partition_{partition},
      fragment_{std::move(fragment)},
      limits_{limits},
      state_{std::make_unique<State>(limits.task_bytes)} {}

FragmentScan::~FragmentScan() = default;

absl::StatusOr<std::unique_ptr<FragmentScan>> FragmentScan::begin(const ReadFrame& question, PartitionId partition,
                                                                  std::shared_ptr<const Fragment> fragment,
                                                                  const EngineLimits& limits) {
  std::unique_ptr<FragmentScan> scan(new FragmentScan(question, partition, std::move(fragment), limits));
  State& state = *scan->state_;
  if (scan->fragment_ == nullptr) return scan;
  TROUPE_RETURN_IF_ERROR(decode_fragment_params(bytes_view(question->params()), &state.params));
  if (scan->fragment_->aggregates()) {
    state.aggregator = std::make_unique<Aggregator>(scan->fragment_->aggregation(), &state.memory);
  } else if (!scan->fragment_->spec().order.empty()) {
    state.sorter = std::make_unique<Sorter>(scan->fragment_->output_types(), scan->fragment_->order_columns(),
                                            &state.memory, question->head()->row_limit());
  }
  return scan;
}

uint32_t FragmentScan::rows_wanted() const {
  const uint32_t limit = question_->head()->row_limit();
  const uint32_t most = is_long() ? limits_.long_reply_rows : limits_.reply_rows;
  return limit == 0 ? most : std::min(limit, most);
}

bool FragmentScan::is_long() const { return has_flag(*question_->head(), schema::ReadFlag::long_answer); }

bool FragmentScan::is_full() const {
  if (state_->aggregator) return state_->aggregator->groups() >= limits_.partial_groups;
  if (state_->sorter) return false;
  return state_->rows >= rows_wanted() || state_->output_bytes + state_->raw_rows.size() + state_->raw_keys.size() >=
                                              (is_long() ? limits_.long_reply_bytes : limits_.reply_bytes);
}

uint32_t FragmentScan::rows_to_fetch(uint32_t most) const {
  const bool some_rows_only = state_->aggregator || state_->sorter || (fragment_ != nullptr && fragment_->has_filter());
  return some_rows_only ? most : std::min(most, std::max(rows_wanted() - state_->rows, 1u));
}

absl::Status FragmentScan::consume(const FoundRows& found) {
  consumed_all_ = true;
  state_->position = found.positions.back();
  if (fragment_ == nullptr) return consume_raw(found);
  Fragment::Columns columns;
  std::vector<uint32_t> selection;
  TROUPE_RETURN_IF_ERROR(fragment_->decode_filtered(found.rows, state_->params, &columns, &selection));
  if (selection.empty()) return absl::OkStatus();
  if (state_->aggregator) return fragment_->aggregate(columns, state_->params, state_->aggregator.get());
  Batch output;
  TROUPE_RETURN_IF_ERROR(fragment_->evaluate_output(columns, state_->params, &output));
  return keep(std::move(output), found, selection);
}

absl::Status FragmentScan::consume_raw(const FoundRows& found) {
  const bool with_keys = has_flag(*question_->head(), schema::ReadFlag::with_keys);
  for (uint32_t i = 0; i < found.size(); ++i) {
    append_packed(found.rows[i], &state_->raw_rows);
    if (with_keys) append_packed(found.keys[i], &state_->raw_keys);
    state_->consumed.push_back(i);
  }
  state_->rows += found.size();
  return absl::OkStatus();
}

absl::Status FragmentScan::keep(Batch output, const FoundRows& found, std::span<const uint32_t> selection) {
  const bool is_lookup = question_->head()->kind() == schema::ReadKind::get;
  if (!state_->sorter && !is_lookup && state_->rows + output.rows > rows_wanted()) {
    const uint32_t taken = rows_wanted() - state_->rows;
    output = output.slice(0, taken);
    selection = selection.first(taken);
    state_->position = found.positions[selection.back()];
    consumed_all_ = false;
  }
  if (fragment_->spec().with_row_key) append_locators(partition_, found, selection, &output);
  if (fragment_->spec().with_key) append_keys(found, selection, &output);
  if (state_->sorter) {
    Batch copied;
    append_batch(output, &copied);
    std::vector<Vector> keys;
    TROUPE_RETURN_IF_ERROR(fragment_->evaluate_order(copied, state_->params, &keys));
    return state_->sorter->add(copied, keys);
  }
  if (is_lookup) {
    // All there is: the answer is built before anything changes, so nothing has to be copied.
    state_->consumed.assign(selection.begin(), selection.end());
    state_->rows = output.rows;
    state_->output = std::move(output);
    return absl::OkStatus();
  }
  state_->rows += output.rows;
  state_->output_bytes += payload_bytes(output);
  append_batch(output, &state_->output);
  return absl::OkStatus();
}

absl::Status FragmentScan::complete() {
  if (state_->aggregator) {
    TROUPE_RETURN_IF_ERROR(state_->aggregator->finish(state_->params.context));
    Batch piece;
    do {  // a piece per grouping set
      TROUPE_RETURN_IF_ERROR(state_->aggregator->next(UINT32_MAX, state_->params.context, &piece));
      if (piece.rows > 0) append_batch(piece, &state_->output);
    } while (piece.rows > 0);
    state_->rows = state_->output.rows;
  } else if (state_->sorter) {
    state_->sorter->sort();
    state_->output = state_->sorter->take(0, state_->sorter->size());
    state_->rows = state_->output.rows;
  }
  return absl::OkStatus();
}

ReadResultFrame FragmentScan::finish(bool more, std::string_view rows_read) {
  if (absl::Status status = complete(); !status.ok()) return failed_read(*question_->head(), status);
  return answer(more, {}, rows_read);
}

ReadResultFrame FragmentScan::finish_lookup(std::span<const uint32_t> ordinals) {
  // Of a group or a sorted row nobody asks which key it came from.
  if (state_->aggregator || state_->sorter) return finish(false);
  std::vector<uint32_t> kept;
  kept.reserve(state_->consumed.size());
  for (const uint32_t row : state_->consumed) kept.push_back(ordinals[row]);
  return answer(false, kept, {});
}

ReadResultFrame FragmentScan::answer(bool more, std::span<const uint32_t> ordinals, std::string_view rows_read) {
  ReadResultParts parts;
  std::string batch;
  if (state_->rows > 0) {
    if (fragment_ != nullptr) {
      encode_batch(state_->output, &batch);
      parts.batch = batch;
      parts.head.mutate_encoding(schema::ReadEncoding::columns);
    } else {
      parts.batch = state_->raw_rows;
      parts.keys = state_->raw_keys;
      parts.head.mutate_encoding(schema::ReadEncoding::rows);
    }
  }
  parts.head.mutate_request(question_->head()->request());
  parts.head.mutate_partition(partition_);
  parts.head.mutate_rows(state_->rows);
  parts.head.mutate_status(more ? schema::ReadStatus::more : schema::ReadStatus::done);
  parts.ordinals = ordinals;
  if (more) parts.resume = state_->position;
  parts.rows_read = rows_read;
  return build_read_result(parts);
}

}  // namespace troupe
