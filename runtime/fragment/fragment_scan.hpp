#pragma once
/// What one scan or lookup makes of the rows it is given: filtered and projected, aggregated or the first few in an
/// order, and in the end its answer. It reads no tree: ScanTask does.
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/exec/messages.hpp"
#include "runtime/fragment/engine_limits.hpp"

namespace troupe {

class Fragment;

/// Keys, their rows, and the keys at which a next request would continue (those of index entries in index scans).
struct FoundRows {
  std::vector<std::string_view> keys;
  std::vector<std::string_view> rows;
  std::vector<std::string_view> positions;
  uint32_t size() const { return static_cast<uint32_t>(rows.size()); }
};

class FragmentScan {
 public:
  /// `fragment` null: rows as they are. Errors: kDataCorrupted for malformed parameters.
  static absl::StatusOr<std::unique_ptr<FragmentScan>> begin(const ReadFrame& question, PartitionId partition,
                                                             std::shared_ptr<const Fragment> fragment,
                                                             const EngineLimits& limits);
  ~FragmentScan();

  /// Takes what it needs from the rows before it returns.
  absl::Status consume(const FoundRows& found);
  /// Whether the answer has as much as an answer may have.
  bool is_full() const;
  /// How many rows to fetch next, at most `most`: fewer when every row fetched is a row of the answer.
  uint32_t rows_to_fetch(uint32_t most) const;
  /// Whether the last row consumed is also the last one found.
  bool consumed_all() const { return consumed_all_; }
  /// The answer; `more`: the range may have more than it has. `rows_read`: as the schema has it.
  ReadResultFrame finish(bool more, std::string_view rows_read = {});
  /// The answer to a lookup: which of the keys asked for each consumed row was is in `ordinals`.
  ReadResultFrame finish_lookup(std::span<const uint32_t> ordinals);

 private:
  struct State;
  FragmentScan(ReadFrame question, PartitionId partition, std::shared_ptr<const Fragment> fragment,
               const EngineLimits& limits);
  uint32_t rows_wanted() const;
  bool is_long() const;
  absl::Status consume_raw(const FoundRows& found);
  absl::Status keep(struct Batch output, const FoundRows& found, std::span<const uint32_t> selection);
  absl::Status complete();
  ReadResultFrame answer(bool more, std::span<const uint32_t> ordinals, std::string_view rows_read);

  ReadFrame question_;
  PartitionId partition_;
  std::shared_ptr<const Fragment> fragment_;
  EngineLimits limits_;
  std::unique_ptr<State> state_;
  bool consumed_all_ = true;
};

}  // namespace troupe
