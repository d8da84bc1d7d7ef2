#pragma once
/// Rows and index entries straight into trees that the transaction itself made: no locks, no pending writes. Rows that
/// are news to subscribers go into the log as well (BulkLog).
/// Memory: at most two rounds of kRoundBytes, one that is filled while the other is under way.
/// Owner: one statement. What it writes disappears with the trees when the transaction is rolled back, and has to be
/// in a checkpoint before the transaction commits.
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "actors/session/bulk_log.hpp"
#include "runtime/exec/exec_context.hpp"
#include "runtime/exec/task.hpp"
#include "storage/catalog/objects.hpp"

namespace troupe {

class BulkWriter {
 public:
  /// The error for a key that is there already.
  using Conflict = std::function<absl::Status(std::string_view key)>;

  /// `log`: nullptr when nobody who follows the log is to hear of it: index entries, and rows that were there before.
  BulkWriter(const ExecContext& context, TreeId tree, BulkLog* log, Conflict conflict);

  /// From here on errors say where a row came from: add()'s `source`.
  using Naming = std::function<absl::Status(absl::Status status, uint64_t source)>;
  void name_sources(Naming naming) { naming_ = std::move(naming); }

  void add(PartitionId partition, std::string_view key, std::string_view row, uint64_t source = 0);
  /// Time to flush().
  bool full() const { return buffered_bytes_ >= kRoundBytes; }
  /// Sends what was added, once the round before has been answered.
  Task<absl::Status> flush();
  /// Sends the rest and waits for every answer.
  Task<absl::Status> finish();
  uint64_t rows() const { return rows_; }

 private:
  static constexpr size_t kRoundBytes = 4u << 20;
  static constexpr uint32_t kKeysPerRequest = 1024;
  static constexpr size_t kRequestBytes = 1u << 20;

  /// What one partition is to get, in the order it was added.
  struct Pile {
    struct Entry {
      size_t at;
      uint32_t key_size;
      uint32_t row_size;
      uint64_t source;
    };
    std::string bytes;
    std::vector<Entry> entries;
    std::string_view key(const Entry& entry) const { return {bytes.data() + entry.at, entry.key_size}; }
    std::string_view row(const Entry& entry) const {
      return {bytes.data() + entry.at + entry.key_size, entry.row_size};
    }
  };
  struct Request {
    std::string keys;  ///< packed
    std::vector<uint64_t> sources;  ///< when they are named
    std::unique_ptr<WriteSlot> slot;
  };

  void send(PartitionId partition, Pile& pile);
  void log_piece(PartitionId partition, const Pile& pile, size_t from, size_t to);
  void send_piece(PartitionId partition, const Pile& pile, size_t from, size_t to);
  Task<absl::Status> answers();
  absl::Status check(const Request& request, const schema::WriteResult& answer) const;

  const ExecContext& context_;
  TreeId tree_;
  BulkLog* log_;
  Conflict conflict_;
  Naming naming_;
  std::vector<Pile> piles_;  ///< by partition
  size_t buffered_bytes_ = 0;
  uint64_t rows_ = 0;
  std::vector<Request> under_way_;
};

/// How the duplicate is told: of an index that is being made, or of rows that are being added to one.
enum class DuplicateWords : uint8_t { kCreating, kInserting };

/// 23505 for a key of the table's own tree.
BulkWriter::Conflict row_conflict(std::shared_ptr<const TableDef> table, DuplicateWords words,
                                  const EvalContext& context);

/// Entries of one index, beside their rows or (unique) spread by their own keys.
class IndexBulkWriter {
 public:
  IndexBulkWriter(const ExecContext& context, std::shared_ptr<const TableDef> table,
                  std::shared_ptr<const IndexDef> index, DuplicateWords words);

  struct RowPlace {
    PartitionId partition = 0;
    std::string_view key;
    uint64_t hash = 0;
    uint64_t source = 0;
  };
  /// `columns`: the index's, in its order.
  void add(std::span<const Vector* const> columns, uint32_t row, const RowPlace& place);
  BulkWriter& writer() { return writer_; }

 private:
  const DataAccess& data_;
  std::shared_ptr<const IndexDef> index_;
  BulkWriter writer_;
  std::string key_;
};

/// The hash of a distribution key that lies in vectors; as hash_key().
uint64_t hash_key_row(std::span<const CompareKind> kinds, std::span<const Vector* const> columns, uint32_t row);

}  // namespace troupe
