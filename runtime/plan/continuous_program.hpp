#pragma once
/// What keeps a continuous view: its query's stages (continuous_stages.hpp), each with the statements that keep it
/// (continuous_stage.hpp), and the tables that they read. The last stage's rows are the view's.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/continuous_stage.hpp"
#include "storage/catalog/continuous.hpp"

namespace troupe {

/// Whether the statement is one of a program: it may change what is kept of views.
bool keeps_views(const PlanContext& context);
/// Whether the rows that are kept of views may be read: whoever runs the statement sees to it that they are those of
/// its snapshot, and has put their schema on the search path. Otherwise views are read as their queries.
bool reads_kept_rows(const TableDef& rows, const PlanContext& context);

class ContinuousProgram {
 public:
  /// A table that the query reads.
  struct Table {
    std::shared_ptr<const TableDef> definition;
    uint32_t input = 0;
    /// Where its rows are: the table itself, or its partitions; with the row positions of its columns.
    struct Part {
      std::shared_ptr<const TableDef> table;
      std::vector<uint32_t> columns;
    };
    std::vector<Part> parts;
  };

  /// `query`: the view's, as it is kept. Errors: 0A000 with what stands in the way; those of binding it.
  static absl::StatusOr<std::shared_ptr<ContinuousProgram>> make(std::string_view query, Oid owner, Oid view,
                                                                 const PlanContext& context);

  const std::vector<Table>& tables() const { return tables_; }
  const std::vector<std::shared_ptr<ContinuousStage>>& stages() const { return stages_; }
  const ContinuousInput& input(size_t i) const { return inputs_[i]; }
  /// A bit for each input of which something is known to have changed.
  uint64_t touched() const;
  /// What the other stages read of a stage; null: it is the last.
  const ContinuousInput* output(size_t stage) const;
  /// The view's rows as its readers see them.
  static std::string read_text(const TableDef& view);

  /// What the statements may read: `node`'s tables, the deltas and the changes.
  SystemTables relations(const SystemTables* node) const;
  /// Changes when what is kept cannot be gone on from.
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  ContinuousProgram() = default;

  absl::Status split(std::string_view query, Oid owner, Oid view, const PlanContext& context);
  absl::StatusOr<uint32_t> input_of(const sql::TableRef& ref, const Catalog& catalog);
  absl::Status add_parts(const TableDef& table, const Table& root, const Catalog& catalog,
                         std::vector<Table::Part>* out);
  void add_output(const ContinuousStage& stage, Oid view, const Catalog& catalog);
  void write_fingerprint(const Catalog& catalog);

  std::vector<ContinuousInput> inputs_;
  std::vector<Table> tables_;
  std::vector<std::shared_ptr<ContinuousStage>> stages_;
  std::vector<uint32_t> outputs_;  ///< the inputs that stages are, but for the last
  SystemTables known_;             ///< while it is made
  std::string fingerprint_;
};

}  // namespace troupe
