#pragma once
/// The scan of a table, also as the inner side of an index join.
#include "runtime/exec/access.hpp"
#include "runtime/exec/batch_queue.hpp"
#include "runtime/exec/fragment_call.hpp"
#include "runtime/exec/table_reader.hpp"

namespace troupe {

class TableScanBlueprint final : public Blueprint {
 public:
  static absl::StatusOr<std::unique_ptr<const TableScanBlueprint>> compile(const TableScanPlan& plan);
  std::unique_ptr<Operator> open(Run& run) const override;

  const TableScanPlan& plan() const { return *plan_; }
  const CompiledAccess& access() const { return access_; }
  const FragmentCall& call() const { return *call_; }
  const SortSpec& order() const { return order_; }
  const Program& row_limit() const { return row_limit_; }
  bool aggregates() const { return plan_->partial != nullptr; }

 private:
  explicit TableScanBlueprint(const TableScanPlan& plan) : Blueprint(plan), plan_{&plan} {}
  const TableScanPlan* plan_;
  CompiledAccess access_;
  std::unique_ptr<FragmentCall> call_;
  SortSpec order_;
  Program row_limit_;
};

/// Runs the access of a TableScanBlueprint for one set of key values.
class TableRowSource {
 public:
  TableRowSource(Run& run, const TableScanBlueprint& blueprint) : run_{run}, blueprint_{blueprint} {}

  /// `in`: one row that the access's expressions see. Before the first next(), and to start over.
  absl::Status open(const EvalInput& in);
  /// Operator::want(). The first rows come fast, those after them in larger and larger batches: whoever asks again has
  /// no use for many of them.
  void want(uint64_t rows) { wanted_ = rows; }
  Task<BatchResult> next();
  bool at_end() const { return mode_ == Mode::kNothing && ready_.empty(); }
  /// One key of a primary key is all there is to ask: next() is one_key() then.
  bool wants_one_key() const { return mode_ == Mode::kOneKey; }
  Task<BatchResult> one_key();

 private:
  enum class Mode : uint8_t { kNothing, kOneKey, kLookup, kRange, kGlobalRange };
  absl::Status open_ranges(const EvalInput& in);
  void open_range(KeyRangeBytes keys);
  /// False when there is none left.
  bool open_next_range();
  Task<BatchResult> lookup();
  Task<absl::Status> collect_entries();
  Task<BatchResult> rows_of_entries();
  Task<absl::Status> collect(LookupReader* reader);
  absl::Status sort_and_limit();
  /// In pieces that the operators above like.
  void hand_out(const Batch& rows);

  Run& run_;
  const TableScanBlueprint& blueprint_;
  Mode mode_ = Mode::kNothing;
  uint64_t rows_left_ = UINT64_MAX;
  uint64_t wanted_ = UINT64_MAX;
  uint64_t batch_rows_ = 0;
  std::vector<LookupKey> keys_;
  std::unique_ptr<RangeReader> range_;
  std::deque<KeyRangeBytes> ranges_;  ///< to be read after it
  /// Entries of a global index, in order: its key, and the row it leads to.
  struct Entry {
    std::string key;
    uint64_t row_hash;
    std::string row_key;
  };
  std::vector<Entry> entries_;
  bool entries_collected_ = false;
  size_t next_entry_ = 0;
  BatchQueue ready_;
};

/// Maps rows of lookup answers back to `ordinals` order: the concatenated batch, and for each row its ordinal.
struct OrderedRows {
  Batch batch;
  std::vector<uint32_t> ordinals;
};
OrderedRows in_ordinal_order(std::span<const LookupReader::Answer> answers);

}  // namespace troupe
