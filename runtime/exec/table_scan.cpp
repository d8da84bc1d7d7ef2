#include "runtime/exec/table_scan.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/limit_value.hpp"
#include "runtime/exec/sorter.hpp"

namespace troupe {
namespace {

/// Entries of a global index whose rows are looked up together.
constexpr size_t kEntriesPerLookup = 1024;

/// The scan's expressions over `columns` as expressions over layout columns.
ExprPtr over_layout(const ExprPtr& expr, const std::vector<uint32_t>& columns) {
  return replace_expr(expr, [&columns](const ExprPtr& part) -> ExprPtr {
    return part->is_column() ? make_column(part->type, columns[part->index]) : nullptr;
  });
}

FragmentSpec scan_fragment(const TableScanPlan& plan) {
  FragmentSpec spec;
  describe_table(*plan.table, &spec);
  spec.column_names.clear();
  spec.filter = over_layout(plan.filter, plan.columns);
  spec.with_row_key = plan.with_row_key;
  spec.with_key = plan.in_row_order;
  if (plan.partial) {
    auto partial = std::make_shared<Aggregation>(*plan.partial);
    for (ExprPtr& group : partial->groups) group = over_layout(group, plan.columns);
    for (AggregateCall& call : partial->calls) {
      for (ExprPtr& arg : call.args) arg = over_layout(arg, plan.columns);
      for (SortKey& key : call.order) key.value = over_layout(key.value, plan.columns);
      call.filter = over_layout(call.filter, plan.columns);
    }
    spec.partial = std::move(partial);
  } else if (plan.projection.empty()) {
    for (const uint32_t column : plan.columns) spec.output.push_back(make_column(spec.types[column], column));
  } else {
    for (const ExprPtr& expr : plan.projection) spec.output.push_back(over_layout(expr, plan.columns));
  }
  if (!plan.order.empty() && !plan.in_access_order) spec.order = plan.order;
  return spec;
}

}  // namespace

absl::StatusOr<std::unique_ptr<const TableScanBlueprint>> TableScanBlueprint::compile(const TableScanPlan& plan) {
  std::unique_ptr<TableScanBlueprint> blueprint(new TableScanBlueprint(plan));
  TROUPE_ASSIGN_OR_RETURN(blueprint->access_, CompiledAccess::compile(plan.access, *plan.table));
  blueprint->call_ = std::make_unique<FragmentCall>(scan_fragment(plan));
  TROUPE_ASSIGN_OR_RETURN(blueprint->order_, SortSpec::compile(plan.order));
  if (plan.row_limit) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->row_limit_, Program::compile(plan.row_limit));
  }
  return std::unique_ptr<const TableScanBlueprint>(std::move(blueprint));
}

OrderedRows in_ordinal_order(std::span<const LookupReader::Answer> answers) {
  OrderedRows rows;
  Batch all;
  for (const LookupReader::Answer& answer : answers) {
    if (answer.batch.rows == 0) continue;
    if (all.columns.empty()) {
      for (const Vector& column : answer.batch.columns) all.columns.emplace_back().reset_empty(column.kind());
    }
    for (size_t c = 0; c < all.columns.size(); ++c) all.columns[c].append_all(answer.batch.columns[c]);
    all.rows += answer.batch.rows;
    rows.ordinals.insert(rows.ordinals.end(), answer.ordinals.begin(), answer.ordinals.end());
  }
  if (all.rows == 0) return rows;
  std::vector<uint32_t> by_ordinal(all.rows);
  std::iota(by_ordinal.begin(), by_ordinal.end(), 0u);
  if (!std::is_sorted(rows.ordinals.begin(), rows.ordinals.end())) {
    std::stable_sort(by_ordinal.begin(), by_ordinal.end(),
                     [&](uint32_t a, uint32_t b) { return rows.ordinals[a] < rows.ordinals[b]; });
    rows.batch = all.gather(by_ordinal);
    std::sort(rows.ordinals.begin(), rows.ordinals.end());
  } else {
    rows.batch = std::move(all);
  }
  return rows;
}

absl::Status TableRowSource::open(const EvalInput& in) {
  mode_ = Mode::kNothing;
  keys_.clear();
  entries_.clear();
  entries_collected_ = false;
  next_entry_ = 0;
  ready_.clear();
  range_.reset();
  ranges_.clear();
  batch_rows_ = 0;
  rows_left_ = UINT64_MAX;
  if (blueprint_.row_limit()) {
    TROUPE_ASSIGN_OR_RETURN(rows_left_, evaluate_limit(blueprint_.row_limit(), in));
  }
  const CompiledAccess& access = blueprint_.access();
  switch (access.kind()) {
    case AccessKind::kNothing: return absl::OkStatus();
    case AccessKind::kLookup: {
      TROUPE_RETURN_IF_ERROR(access.lookup_keys(in, &keys_));
      if (keys_.empty() || rows_left_ == 0) return absl::OkStatus();
      mode_ = keys_.size() == 1 && !access.through_global_index() ? Mode::kOneKey : Mode::kLookup;
      return absl::OkStatus();
    }
    default: return open_ranges(in);
  }
}

absl::Status TableRowSource::open_ranges(const EvalInput& in) {
  TROUPE_ASSIGN_OR_RETURN(std::vector<KeyRangeBytes> ranges, blueprint_.access().ranges(in));
  ranges_.assign(std::make_move_iterator(ranges.begin()), std::make_move_iterator(ranges.end()));
  open_next_range();
  return absl::OkStatus();
}

bool TableRowSource::open_next_range() {
  if (ranges_.empty()) return false;
  KeyRangeBytes keys = std::move(ranges_.front());
  ranges_.pop_front();
  open_range(std::move(keys));
  return true;
}

void TableRowSource::open_range(KeyRangeBytes keys) {
  const CompiledAccess& access = blueprint_.access();
  const TableScanPlan& plan = blueprint_.plan();
  RangeReader::Range range;
  range.keys = std::move(keys);
  range.backward = plan.backward;
  if (access.through_global_index()) {
    mode_ = Mode::kGlobalRange;
    range.tree = access.index()->tree;
    range.with_keys = true;
    if (plan.filter == nullptr && plan.partial == nullptr) range.rows_per_partition = rows_left_;
    range_ = std::make_unique<RangeReader>(run_, nullptr, std::move(range));
    return;
  }
  mode_ = Mode::kRange;
  range.tree = plan.table->tree;
  if (access.through_local_index()) range.index = access.index()->tree;
  range.aggregate = blueprint_.aggregates();
  range.rows_per_partition = rows_left_;
  // A partition that sorts takes its limit for that of the whole.
  if (blueprint_.order().programs.empty() || plan.in_access_order)
    range.first_page_rows = std::max<uint64_t>(wanted_, 1);
  range_ = std::make_unique<RangeReader>(run_, &blueprint_.call(), std::move(range));
}

Task<BatchResult> TableRowSource::next() {
  const uint64_t wanted = std::max({std::exchange(wanted_, UINT64_MAX), 2 * batch_rows_, uint64_t{1}});
  batch_rows_ = std::min<uint64_t>(wanted, kBatchRows);
  while (true) {
    if (!ready_.empty()) {
      co_return ready_.pop_front();
    }
    switch (mode_) {
      case Mode::kNothing: co_return Batch{};
      case Mode::kOneKey: {
        auto reading = one_key();
        co_return co_await reading;
      }
      case Mode::kLookup: {
        mode_ = Mode::kNothing;
        auto reading = lookup();
        BatchResult first = co_await reading;
        if (!first.ok()) co_return first;
        break;
      }
      case Mode::kRange: {
        if (!blueprint_.order().programs.empty() || blueprint_.plan().in_row_order) {
          const SortSpec* order = blueprint_.plan().in_row_order ? nullptr : &blueprint_.order();
          auto reading = range_->next_in_order(order, batch_rows_);
          BatchResult batch = co_await reading;
          if (batch.ok() && batch->rows == 0 && open_next_range()) break;
          co_return batch;
        }
        auto reading = range_->next();
        absl::StatusOr<ReadResultFrame> answer = co_await reading;
        if (!answer.ok()) co_return answer.status();
        if (!*answer) {
          if (!open_next_range()) co_return Batch{};
          break;
        }
        BatchResult batch = batch_of(*answer);
        if (!batch.ok() || batch->rows <= kBatchRows) co_return batch;
        hand_out(*batch);
        break;
      }
      case Mode::kGlobalRange: {
        auto reading = rows_of_entries();
        BatchResult more = co_await reading;
        if (!more.ok()) co_return more;
        if (ready_.empty() && next_entry_ == entries_.size()) mode_ = Mode::kNothing;
        break;
      }
    }
  }
}

/// The point select: one key, one message, no copies.
Task<BatchResult> TableRowSource::one_key() {
  mode_ = Mode::kNothing;
  const PartitionId partition = run_.context.data->partition_of(keys_[0].hash);
  const FragmentCall& call = blueprint_.call();
  const std::string params = call.params(run_);
  std::string key;
  append_packed(keys_[0].key, &key);
  PartitionQuestion question(run_, &call, partition, nullptr);
  ReadParts parts;
  parts.head.mutate_kind(schema::ReadKind::get);
  parts.head.mutate_tree(blueprint_.plan().table->tree);
  parts.params = params;
  parts.keys = key;
  question.ask(parts);
  ReadResultFrame frame;
  while (!frame) {
    co_await question.slot().answer_arrives();
    absl::StatusOr<ReadResultFrame> answer = question.take();
    if (!answer.ok()) co_return answer.status();
    frame = *std::move(answer);
  }
  co_return batch_of(frame);
}

/// Several keys, or keys of a global index: all rows are fetched, then handed out.
Task<BatchResult> TableRowSource::lookup() {
  LookupReader rows(run_, blueprint_.plan().table->tree, &blueprint_.call());
  DataAccess& data = *run_.context.data;
  if (blueprint_.access().through_global_index()) {
    LookupReader entries(run_, blueprint_.access().index()->tree, nullptr);
    for (uint32_t i = 0; i < keys_.size(); ++i) entries.add(data.partition_of(keys_[i].hash), keys_[i].key, i);
    auto fetching = entries.fetch();
    absl::StatusOr<std::vector<LookupReader::Answer>> found = co_await fetching;
    if (!found.ok()) co_return found.status();
    for (const LookupReader::Answer& answer : *found) {
      for (size_t i = 0; i < answer.raw.size(); ++i) {
        absl::StatusOr<GlobalEntry> entry = read_global_entry(answer.raw[i]);
        if (!entry.ok()) co_return entry.status();
        rows.add(data.partition_of(entry->row_hash), entry->row_key, answer.ordinals[i]);
      }
    }
  } else {
    for (uint32_t i = 0; i < keys_.size(); ++i) rows.add(data.partition_of(keys_[i].hash), keys_[i].key, i);
  }
  auto collecting = collect(&rows);
  absl::Status status = co_await collecting;
  if (!status.ok()) co_return status;
  status = sort_and_limit();
  if (!status.ok()) co_return status;
  co_return Batch{};
}

Task<absl::Status> TableRowSource::collect(LookupReader* reader) {
  if (reader->empty()) co_return absl::OkStatus();
  auto fetching = reader->fetch();
  absl::StatusOr<std::vector<LookupReader::Answer>> answers = co_await fetching;
  if (!answers.ok()) co_return answers.status();
  if (blueprint_.aggregates()) {
    for (LookupReader::Answer& answer : *answers) {
      if (answer.batch.rows > 0) ready_.push_back(std::move(answer.batch));
    }
    co_return absl::OkStatus();
  }
  OrderedRows rows = in_ordinal_order(*answers);
  if (rows.batch.rows > 0) ready_.push_back(std::move(rows.batch));
  co_return absl::OkStatus();
}

absl::Status TableRowSource::sort_and_limit() {
  if (ready_.empty() || blueprint_.aggregates()) return absl::OkStatus();
  Batch batch = ready_.pop_front();
  ready_.clear();
  if (!blueprint_.order().programs.empty()) {
    std::vector<Vector> keys;
    TROUPE_RETURN_IF_ERROR(blueprint_.order().run(run_.input(batch), &keys));
    Sorter sorter(blueprint_.output(), blueprint_.order().columns, &run_.memory);
    TROUPE_RETURN_IF_ERROR(sorter.add(batch, keys));
    sorter.sort();
    batch = sorter.take(0, sorter.size());
  }
  if (batch.rows > rows_left_) batch = batch.slice(0, static_cast<uint32_t>(rows_left_));
  hand_out(batch);
  return absl::OkStatus();
}

void TableRowSource::hand_out(const Batch& rows) {
  for (uint32_t from = 0; from < rows.rows; from += kBatchRows) {
    ready_.push_back(rows.rows <= kBatchRows ? rows : rows.slice(from, std::min(kBatchRows, rows.rows - from)));
  }
}

/// All entries of the range, in key order when that is wanted. They are small; their rows are fetched as needed.
Task<absl::Status> TableRowSource::collect_entries() {
  uint64_t bytes = 0;
  while (true) {
    auto reading = range_->next();
    absl::StatusOr<ReadResultFrame> answer = co_await reading;
    if (!answer.ok()) co_return answer.status();
    if (!*answer) {
      if (open_next_range()) continue;
      break;
    }
    PackedStrings keys(bytes_view((*answer)->keys())), values(bytes_view((*answer)->batch()));
    std::string_view key, value;
    while (keys.next(&key) && values.next(&value)) {
      absl::StatusOr<GlobalEntry> entry = read_global_entry(value);
      if (!entry.ok()) co_return entry.status();
      entries_.push_back({std::string(key), entry->row_hash, std::string(entry->row_key)});
      bytes += sizeof(Entry) + key.size() + value.size();
    }
    absl::Status status = run_.memory.grow(bytes);
    if (!status.ok()) co_return status;
    bytes = 0;
  }
  if (blueprint_.plan().in_access_order) {
    const bool backward = blueprint_.plan().backward;
    std::sort(entries_.begin(), entries_.end(),
              [backward](const Entry& a, const Entry& b) { return backward ? b.key < a.key : a.key < b.key; });
  }
  co_return absl::OkStatus();
}

Task<BatchResult> TableRowSource::rows_of_entries() {
  if (!entries_collected_) {
    entries_collected_ = true;
    auto collecting = collect_entries();
    absl::Status status = co_await collecting;
    if (!status.ok()) co_return status;
  }
  const bool must_sort = !blueprint_.order().programs.empty() && !blueprint_.plan().in_access_order;
  const size_t count = must_sort || blueprint_.aggregates() ? entries_.size() : kEntriesPerLookup;
  const size_t end = std::min(entries_.size(), next_entry_ + count);
  LookupReader rows(run_, blueprint_.plan().table->tree, &blueprint_.call());
  for (uint32_t ordinal = 0; next_entry_ < end; ++next_entry_, ++ordinal) {
    const Entry& entry = entries_[next_entry_];
    rows.add(run_.context.data->partition_of(entry.row_hash), entry.row_key, ordinal);
  }
  auto collecting = collect(&rows);
  absl::Status status = co_await collecting;
  if (!status.ok()) co_return status;
  if (must_sort) {
    status = sort_and_limit();
    if (!status.ok()) co_return status;
  } else if (!ready_.empty() && rows_left_ != UINT64_MAX) {
    Batch& batch = ready_.back();
    if (batch.rows >= rows_left_) {
      batch = batch.slice(0, static_cast<uint32_t>(rows_left_));
      next_entry_ = entries_.size();
    }
    rows_left_ -= batch.rows;
  }
  co_return Batch{};
}

namespace {

class TableScan final : public Operator {
 public:
  TableScan(Run& run, const TableScanBlueprint& blueprint) : Operator(run), source_(run, blueprint) {}

  Task<BatchResult> next() override {
    if (!opened_) {
      opened_ = true;
      absl::Status status = source_.open(run_.input({}, 1));
      if (!status.ok()) co_return status;
    }
    if (source_.wants_one_key()) {
      auto reading = source_.one_key();
      co_return co_await reading;
    }
    auto reading = source_.next();
    co_return co_await reading;
  }
  bool at_end() const override { return opened_ && source_.at_end(); }
  void rewind() override { opened_ = false; }
  void want(uint64_t rows) override { source_.want(rows); }

 private:
  TableRowSource source_;
  bool opened_ = false;
};

}  // namespace

std::unique_ptr<Operator> TableScanBlueprint::open(Run& run) const { return std::make_unique<TableScan>(run, *this); }

BlueprintResult compile_table_scan(const TableScanPlan& plan) {
  TROUPE_ASSIGN_OR_RETURN(std::unique_ptr<const TableScanBlueprint> blueprint, TableScanBlueprint::compile(plan));
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
