#pragma once
/// Writes of many keys of one tree, sent to all partitions concerned at once.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/exec/fragment_call.hpp"

namespace troupe {

class WriteBatch {
 public:
  struct Spec {
    TreeId tree = 0;
    schema::WriteKind kind = schema::WriteKind::insert;
    const FragmentCall* call = nullptr;  ///< null for put and erase
    bool with_rows = false;              ///< each key has a row (input)
    uint8_t flags = 0;
    schema::LockStrength strength = schema::LockStrength::exclusive;
    schema::LockWait wait = schema::LockWait::wait;
    /// The error for a key that exists already, by the ordinal it was added with.
    std::function<absl::Status(uint32_t ordinal)> conflict;
    /// Told the new key of a row that a concurrent update gave another one, before it is written there.
    std::function<void(uint32_t ordinal, PartitionId partition, std::string_view key)> moved;
  };
  struct Answer {
    WriteResultFrame frame;
    Batch returning;
    std::vector<uint32_t> ordinals;  ///< of the request's keys
    schema::WriteOutcome outcome(uint32_t key) const {
      const std::string_view outcomes = bytes_view(frame->outcomes());
      return outcomes.empty() ? schema::WriteOutcome::done : static_cast<schema::WriteOutcome>(outcomes[key]);
    }
  };

  WriteBatch(Run& run, Spec spec) : run_{run}, spec_{std::move(spec)} {}
  void add(PartitionId partition, std::string_view key, std::string_view row, uint32_t ordinal);
  bool empty() const { return requests_.empty(); }
  /// Sends everything.
  void start();
  /// Waits for all answers; rows that were moved to other keys since the snapshot are followed there. Errors: of the
  /// request whose failing key was added first.
  Task<absl::StatusOr<std::vector<Answer>>> finish();

 private:
  struct Request {
    PartitionId partition = 0;
    std::string keys;
    std::string rows;
    std::vector<uint32_t> ordinals;
    WriteParts parts;
    std::unique_ptr<WriteSlot> slot;
    bool takes(PartitionId at, uint64_t moved_scn, uint32_t moved_command) const;
  };
  void add_to(PartitionId partition, uint64_t moved_scn, uint32_t moved_command, std::string_view key,
              std::string_view row, uint32_t ordinal);
  absl::Status add_moved(const Request& request, const Answer& answer);
  Task<absl::StatusOr<WriteResultFrame>> answer_of(Request& request);
  Task<absl::Status> follow(std::vector<Answer>* answers);
  absl::Status failure_of(const Request& request, const WriteResultFrame& frame, uint32_t* ordinal) const;

  Run& run_;
  Spec spec_;
  std::string params_;
  std::vector<Request> requests_;  ///< stays as it is once started: messages point into it
};

/// The RETURNING rows of all answers, in the order their keys were added; ordinals tell which.
struct ReturnedRows {
  Batch batch;
  std::vector<uint32_t> ordinals;
};
ReturnedRows returned_rows(std::span<const WriteBatch::Answer> answers);

/// Changes entries of global unique indexes as the answers say: erases first, then puts.
/// `row_key_of(ordinal)` is the changed row's key.
Task<absl::Status> apply_unique_changes(Run& run, const TableDef& table, std::span<const IndexPtr> indexes,
                                        std::span<const WriteBatch::Answer> answers,
                                        const std::vector<std::string_view>& row_keys);

}  // namespace troupe
