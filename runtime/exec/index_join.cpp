/// Index join: for a batch of outer rows, all their keys are looked up at once. Outer rows come out in their order,
/// those of a left join that have no match among the others.
#include <utility>

#include "runtime/exec/index_entry.hpp"
#include "runtime/exec/pair_matcher.hpp"
#include "runtime/exec/table_scan.hpp"

namespace troupe {
namespace {

struct IndexJoinBlueprint final : Blueprint {
  using Blueprint::Blueprint;
  std::unique_ptr<Operator> open(Run& run) const override;
  BlueprintPtr outer;
  std::unique_ptr<const TableScanBlueprint> inner;
  PairMatcher::Spec match;
  bool batched = false;  ///< every outer row has one key
};

class IndexJoin final : public Operator {
 public:
  IndexJoin(Run& run, const IndexJoinBlueprint& blueprint)
      : Operator(run),
        blueprint_{blueprint},
        outer_{blueprint.outer->start(run)},
        matcher_(run, blueprint.match),
        source_(run, *blueprint.inner) {}

  void rewind() override {
    outer_->rewind();
    has_outer_ = false;
    in_row_ = false;
  }
  void want(uint64_t rows) override { wanted_ = rows; }

  Task<BatchResult> next() override {
    Batch out;
    const uint64_t wanted = std::exchange(wanted_, UINT64_MAX);
    while (true) {
      if (!has_outer_) {
        if (wanted != UINT64_MAX) outer_->want(wanted);
        auto pulling = outer_->next();
        BatchResult batch = co_await pulling;
        if (!batch.ok() || batch->rows == 0) co_return batch;
        outer_rows_ = *std::move(batch);
        has_outer_ = true;
        row_ = 0;
        matcher_.begin_left(&outer_rows_);
        if (blueprint_.batched) {
          row_ = outer_rows_.rows;
          auto looking = look_up(&out);
          absl::Status status = co_await looking;
          if (!status.ok()) co_return status;
          if (out.rows > 0) co_return out;
        }
      }
      if (row_ == outer_rows_.rows) {
        has_outer_ = false;
        if (!pads()) matcher_.finish_left(&out);
        if (out.rows > 0) co_return out;
        continue;
      }
      auto scanning = scan_row(&out);
      absl::Status status = co_await scanning;
      if (!status.ok()) co_return status;
      if (out.rows > 0) co_return out;
    }
  }

 private:
  bool pads() const { return blueprint_.match.join == JoinKind::kLeft; }

  /// Looks up the keys of all outer rows; equal keys are asked for once each, as they come.
  Task<absl::Status> look_up(Batch* out) {
    const CompiledAccess& access = blueprint_.inner->access();
    DataAccess& data = *run_.context.data;
    std::vector<Vector> columns;
    absl::Status status = access.lookup_columns(run_.input(outer_rows_), &columns);
    if (!status.ok()) co_return status;
    LookupReader rows(run_, blueprint_.inner->plan().table->tree, &blueprint_.inner->call());
    LookupReader entries(run_, access.through_global_index() ? access.index()->tree : 0, nullptr);
    LookupReader& first = access.through_global_index() ? entries : rows;
    for (uint32_t row = 0; row < outer_rows_.rows; ++row) {
      LookupKey key;
      if (access.row_key(columns, row, &key)) first.add(data.partition_of(key.hash), key.key, row);
    }
    if (access.through_global_index() && !entries.empty()) {
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
    }
    if (rows.empty()) {
      if (pads()) matcher_.finish_left(out);
      co_return absl::OkStatus();
    }
    auto fetching = rows.fetch();
    absl::StatusOr<std::vector<LookupReader::Answer>> answers = co_await fetching;
    if (!answers.ok()) co_return answers.status();
    const OrderedRows inner = in_ordinal_order(*answers);
    std::vector<uint32_t> inner_rows(inner.batch.rows);
    for (uint32_t i = 0; i < inner_rows.size(); ++i) inner_rows[i] = i;
    std::vector<uint32_t> matched;
    status = matcher_.add_pairs(inner.ordinals, inner.batch, inner_rows, out, &matched);
    if (!status.ok() || !pads()) co_return status;
    for (uint32_t& row : matched) row = inner.ordinals[row];
    pad_in_order(matched, out);
    co_return absl::OkStatus();
  }

  /// Adds the outer rows without a match to the pairs, whose outer rows are `left_rows`.
  void pad_in_order(const std::vector<uint32_t>& left_rows, Batch* out) const {
    Batch unmatched;
    matcher_.finish_left(&unmatched);
    if (unmatched.rows == 0) return;
    const auto pairs = static_cast<uint32_t>(left_rows.size());
    std::vector<uint32_t> order;
    uint32_t pair = 0, padded = 0;
    for (uint32_t row = 0; row < outer_rows_.rows; ++row) {
      if (!matcher_.matched(row)) order.push_back(pairs + padded++);
      for (; pair < pairs && left_rows[pair] == row; ++pair) order.push_back(pair);
    }
    if (pairs == 0) {
      *out = std::move(unmatched);
      return;
    }
    for (size_t c = 0; c < out->columns.size(); ++c) out->columns[c].append_all(unmatched.columns[c]);
    out->rows += unmatched.rows;
    *out = out->gather(order);
  }

  /// A range of the inner table for one outer row.
  Task<absl::Status> scan_row(Batch* out) {
    if (!in_row_) {
      const uint32_t selection[] = {row_};
      outer_row_ = outer_rows_.gather(selection);
      absl::Status status = source_.open(run_.input(outer_row_));
      if (!status.ok()) co_return status;
      in_row_ = true;
    }
    auto pulling = source_.next();
    BatchResult inner = co_await pulling;
    if (!inner.ok()) co_return inner.status();
    if (inner->rows > 0) {
      std::vector<uint32_t> left(inner->rows, row_), right(inner->rows);
      for (uint32_t i = 0; i < inner->rows; ++i) right[i] = i;
      absl::Status status = matcher_.add_pairs(left, *inner, right, out, nullptr);
      if (!status.ok()) co_return status;
    }
    if (inner->rows == 0 || (matcher_.first_match_decides() && matcher_.matched(row_))) {
      if (pads() && !matcher_.matched(row_)) matcher_.pad_left(row_, out);
      in_row_ = false;
      ++row_;
    }
    co_return absl::OkStatus();
  }

  const IndexJoinBlueprint& blueprint_;
  std::unique_ptr<Operator> outer_;
  PairMatcher matcher_;
  TableRowSource source_;
  Batch outer_rows_;
  Batch outer_row_;
  uint32_t row_ = 0;
  uint64_t wanted_ = UINT64_MAX;
  bool has_outer_ = false;
  bool in_row_ = false;
};

std::unique_ptr<Operator> IndexJoinBlueprint::open(Run& run) const { return std::make_unique<IndexJoin>(run, *this); }

}  // namespace

BlueprintResult compile_index_join(const IndexJoinPlan& plan) {
  auto blueprint = std::make_unique<IndexJoinBlueprint>(plan);
  TROUPE_ASSIGN_OR_RETURN(blueprint->outer, compile_node(*plan.inputs[0]));
  TROUPE_ASSIGN_OR_RETURN(blueprint->inner, TableScanBlueprint::compile(*plan.inner));
  const Access& access = plan.inner->access;
  blueprint->batched = access.kind == AccessKind::kLookup && access.keys.size() == 1 && !access.key_array &&
                       !plan.inner->row_limit;
  blueprint->match.join = plan.join;
  blueprint->match.right_types = plan.inner->output;
  if (plan.residual) {
    TROUPE_ASSIGN_OR_RETURN(blueprint->match.condition, Program::compile(plan.residual));
  }
  return BlueprintPtr(std::move(blueprint));
}

}  // namespace troupe
