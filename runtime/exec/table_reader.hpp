#pragma once
/// Reading partitions: lookups of many keys at once, and ranges from all partitions in parallel.
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exec/access.hpp"
#include "runtime/exec/fragment_call.hpp"

namespace troupe {

/// One question to one partition, asked again with the definition when the partition has forgotten the fragment.
class PartitionQuestion {
 public:
  PartitionQuestion(Run& run, const FragmentCall* call, PartitionId partition, ReplySignal* signal)
      : run_{run}, call_{call}, partition_{partition}, slot_(*run.context.data, signal) {}

  /// Fills in transaction, snapshot and fragment, and sends. The parts' bytes must stay until the answer.
  void ask(ReadParts parts);
  bool asked() const { return slot_.started(); }
  bool answered() const { return slot_.answered(); }
  PartitionId partition() const { return partition_; }
  /// Once answered: the answer, or its error. Null frame: it had to be asked again.
  absl::StatusOr<ReadResultFrame> take();
  ReadSlot& slot() { return slot_; }

 private:
  Run& run_;
  const FragmentCall* call_;
  PartitionId partition_;
  ReadParts parts_;
  ReadSlot slot_;
};

/// The rows of an answer as a batch over its frame.
absl::StatusOr<Batch> batch_of(const ReadResultFrame& answer);

/// Gets of many keys: add() them, fetch() once.
class LookupReader {
 public:
  struct Answer {
    ReadResultFrame frame;
    Batch batch;                        ///< of a fragment
    std::vector<std::string_view> raw;  ///< without a fragment: the values, in the frame
    std::vector<uint32_t> ordinals;     ///< for each row, the ordinal its key was added with
  };
  /// `call` null: raw values.
  LookupReader(Run& run, TreeId tree, const FragmentCall* call) : run_{run}, tree_{tree}, call_{call} {}
  void add(PartitionId partition, std::string_view key, uint32_t ordinal);
  bool empty() const { return requests_.empty(); }
  /// Answers come by partition, in the order keys were added within one.
  Task<absl::StatusOr<std::vector<Answer>>> fetch();

 private:
  struct Request {
    PartitionId partition = 0;
    std::string keys;
    std::vector<uint32_t> ordinals;
    std::unique_ptr<PartitionQuestion> question;
  };
  Run& run_;
  TreeId tree_;
  const FragmentCall* call_;
  std::string params_;
  std::deque<Request> requests_;
};

/// A range of keys in all partitions at once, at most one answer of each waiting to be used.
class RangeReader {
 public:
  struct Range {
    TreeId tree = 0;
    TreeId index = 0;  ///< 0: the row tree itself
    KeyRangeBytes keys;
    bool backward = false;
    bool with_keys = false;
    bool aggregate = false;
    uint64_t rows_per_partition = UINT64_MAX;
    uint64_t first_page_rows = UINT64_MAX;  ///< of a partition's first answer; each following has more
  };
  RangeReader(Run& run, const FragmentCall* call, Range range);

  /// The next answer of any partition that has rows; a null frame at the end.
  Task<absl::StatusOr<ReadResultFrame>> next();
  /// The next rows in `order`, which each partition's rows are in already; at most `most`. Null: in the order of their
  /// last column (bytea), which is left out.
  Task<BatchResult> next_in_order(const SortSpec* order, uint64_t most);

 private:
  struct Stream {
    std::unique_ptr<PartitionQuestion> question;
    std::string resume;
    uint64_t rows_left = UINT64_MAX;
    uint32_t answers = 0;
    uint64_t page_rows = UINT64_MAX;
    bool asked_last = false;  ///< nothing more to ask
    // Ordered reading:
    Batch batch;
    std::vector<std::string> keys;  ///< sort keys of the batch's rows
    uint32_t row = 0;
    bool has_row() const { return row < batch.rows; }
    bool at_end() const { return asked_last && !question->asked() && !has_row(); }
  };
  void start();
  void ask(Stream& stream);
  absl::StatusOr<ReadResultFrame> take(Stream& stream);
  Task<absl::Status> fill(Stream& stream, const SortSpec* order);
  uint32_t rows_before_others(const Stream& first, uint32_t most) const;
  absl::Status take_keys(Stream& stream, const SortSpec* order);

  Run& run_;
  const FragmentCall* call_;
  Range range_;
  std::string bounds_;
  std::string params_;
  ReplySignal signal_;
  std::vector<std::unique_ptr<Stream>> streams_;
  bool started_ = false;
  size_t next_stream_ = 0;
};

}  // namespace troupe
