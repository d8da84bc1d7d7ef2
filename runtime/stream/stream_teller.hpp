#pragma once
/// What a stream tells of its tables: which columns of which rows, under which key, and to which partition of a
/// consumer group. An UPDATE that brings a row into the stream's WHERE is told as an INSERT, one that takes it out as a
/// DELETE. A row of which WHERE cannot be said is told as an error, without its images: nobody knows whether the reader
/// may see them. Owner: one reader of the stream.
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

  absl::Status follow(const std::shared_ptr<const TableDef>& table,
                      const std::shared_ptr<const TableDef>& root) override;
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
    Oid spread_as = kNoOid;  ///< of a partition: the table of which it is one, so that a key stays where it is
    bool by_name = false;    ///< the order of its columns is no matter
    bool changed = false;  ///< it is another one than before
  };
  absl::StatusOr<bool> passes(const Rows& rows, bool present, std::string_view row, const TableDef& table);
  absl::StatusOr<bool> tell_failure(const Rows& rows, const Change& change, const absl::Status& why, RowEvent* event);

  std::shared_ptr<const StreamDef> stream_;
  CatalogPtr catalog_;
  EvalContext& context_;
  uint32_t partitions_;
  Wanted wanted_;
  std::map<Oid, Rows> rows_;
  std::map<Oid, std::string> root_schemas_;  ///< as last told of partitioned tables
  std::string before_, after_, key_, error_;
};

}  // namespace troupe
