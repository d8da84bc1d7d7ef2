#pragma once
/// What a stream tells of its tables: which columns of which rows, under which key, and to which partition of a
/// consumer group. An UPDATE that brings a row into the stream's WHERE is told as an INSERT, one that takes it out as a
/// DELETE. Owner: one reader of the stream.
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "runtime/stream/change_decoder.hpp"
#include "runtime/stream/published_tables.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {

class StreamTeller final : public RowTeller {
 public:
  /// Which changes the reader wants at all: by partition and number. Asked before the images are made.
  using Wanted = std::function<bool(uint32_t partition, uint64_t number)>;

  /// `context` outlives it. `partitions`: of the consumer group; 1 without one.
  StreamTeller(std::shared_ptr<const StreamDef> stream, CatalogPtr catalog, EvalContext& context,
               uint32_t partitions = 1, Wanted wanted = {});

  absl::Status follow(const std::shared_ptr<const TableDef>& table) override;
  absl::StatusOr<bool> tell(const TableDef& table, const Change& change, uint64_t number, RowEvent* event) override;
  absl::StatusOr<bool> tell_of_table(const TableDef* after, uint64_t number, RowEvent* event) override;

  /// A row as it is now, of a snapshot: by position.
  void tell_row(const TableDef& table, std::span<const Value> row, RowEvent* event);

 private:
  struct Rows {
    StreamedTable rule;
    std::unique_ptr<RowJson> json;
    std::unique_ptr<RowJson> key;  ///< null: the table has no key
    RowFilter filter;
    std::string schema;
    bool changed = false;  ///< it is another one than before
  };
  absl::StatusOr<bool> passes(const Rows& rows, bool present, std::string_view row, const TableDef& table);

  std::shared_ptr<const StreamDef> stream_;
  CatalogPtr catalog_;
  EvalContext& context_;
  uint32_t partitions_;
  Wanted wanted_;
  std::map<Oid, Rows> rows_;
  std::string before_, after_, key_;
};

}  // namespace troupe
