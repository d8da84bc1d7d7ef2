#pragma once
/// Inserts rows into a table: checks, row keys, local and global indexes, ON CONFLICT. Used by INSERT and by an UPDATE
/// that changes primary keys.
#include <memory>
#include <vector>

#include "runtime/exec/access.hpp"
#include "runtime/exec/fragment_call.hpp"
#include "runtime/exec/index_values.hpp"
#include "runtime/exec/row_check.hpp"
#include "runtime/exec/write_batch.hpp"

namespace troupe {

/// Compiled once. Expressions of `write.returning` see the new row's layout columns.
class InsertSpec {
 public:
  static absl::StatusOr<std::unique_ptr<const InsertSpec>> compile(const TableWrite& write,
                                                                   const ConflictAction* conflict);
  const TableWrite* write = nullptr;
  const ConflictAction* conflict = nullptr;  ///< null: a conflict is an error
  RowCheck check;
  std::vector<IndexValues> global_indexes;  ///< in the table's order
  std::vector<bool> is_arbiter;             ///< parallel to global_indexes
  bool key_is_arbiter = false;
  std::unique_ptr<FragmentCall> insert_call;
  std::unique_ptr<FragmentCall> update_call;  ///< DO UPDATE of a row found through a global index
  bool returns_rows = false;
  bool tells_updates = false;  ///< what foreign keys have to know of DO UPDATE comes with the returned rows
};

/// The values of some columns of a row.
std::vector<Value> values_at(const Batch& rows, std::span<const uint32_t> columns, uint32_t row);
/// NOT NULL and CHECK over vectors in layout order.
absl::StatusOr<RowCheck> compile_row_check(const TableWrite& write);
/// Runs it. Errors: with the failing row as detail; *failing is its number.
absl::Status check_rows(const RowCheck& check, const TableDef& table, const Batch& rows, Run& run, uint32_t* failing);
/// The table's indexes as a fragment maintains them.
void describe_indexes(const TableWrite& write, FragmentSpec* spec);

class RowInserter {
 public:
  RowInserter(Run& run, const InsertSpec& spec) : run_{run}, spec_{spec} {}

  /// `rows`: all layout columns. Adds to *affected and (RETURNING) to *returned.
  Task<absl::Status> insert(const Batch& rows, uint64_t* affected, std::vector<Batch>* returned);
  static constexpr uint32_t kNoRow = UINT32_MAX;
  /// Which of the rows violated a constraint; kNoRow: it was something else.
  uint32_t failed_row() const { return failed_row_; }
  /// Of the last insert(): for each batch that it has returned, which of the rows its rows are for.
  const std::vector<std::vector<uint32_t>>& returned_for() const { return returned_for_; }

 private:
  /// One row to insert.
  struct Row {
    LookupKey key;
    std::string bytes;
    bool alive = true;  ///< not given up because of a conflict
    bool inserted = false;
    std::vector<LookupKey> entries;  ///< per global index; without a key: the row has none in it
    std::vector<bool> entered;       ///< ... its entry has been put by this statement
  };
  absl::Status encode(const Batch& rows);
  absl::Status row_violation(uint32_t ordinal);
  absl::Status index_violation(size_t index, uint32_t ordinal);
  /// Puts the entries of global index `index` for rows alive (arbiter) or inserted.
  Task<absl::Status> put_entries(size_t index, bool arbiter);
  Task<absl::Status> put_rows(uint64_t* affected, std::vector<Batch>* returned);
  Task<absl::Status> update_existing(uint64_t* affected, std::vector<Batch>* returned);
  void note_inserted();
  void keep_returned(std::span<const WriteBatch::Answer> answers, bool all_updated, std::vector<Batch>* returned);
  /// Takes back the entries of rows that were given up.
  Task<absl::Status> erase_entries_of_dead();

  Run& run_;
  const InsertSpec& spec_;
  const Batch* input_ = nullptr;
  uint32_t failed_row_ = kNoRow;
  std::vector<std::vector<uint32_t>> returned_for_;
  std::vector<Row> rows_;
  std::vector<IndexValues::Rows> index_rows_;  ///< per global index
  /// DO UPDATE through a global index: the rows in the way.
  struct InTheWay {
    uint32_t ordinal;
    uint64_t row_hash;
    std::string row_key;
  };
  std::vector<InTheWay> in_the_way_;
};

}  // namespace troupe
