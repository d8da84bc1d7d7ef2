#pragma once
/// A stream's events as rows: of SUBSCRIBE TO STREAM, and of CONSUME with three columns more.
/// Owner: the statement's coroutine.
#include <string>
#include <string_view>
#include <vector>

#include "actors/session/group_reader.hpp"
#include "actors/session/portal.hpp"
#include "runtime/protocol/backend_writer.hpp"

namespace troupe {

std::vector<OutputColumn> event_columns(bool of_group);

class EventWriter {
 public:
  EventWriter(Portal& portal, BackendWriter& out, const EvalContext& context, bool of_group);

  /// `batch`: of a group.
  void write(const KeptEvent& event, std::string_view batch = {});
  void write(const RowEvent& event, const schema::CommitHead& head);
  /// A row of a snapshot: it has no place in the log.
  void write_snapshot(const RowEvent& event);
  /// "begin", "commit", "progress": without a row. `head` null: of no transaction.
  void mark(std::string_view op, std::string_view token, const schema::CommitHead* head);
  /// What was written goes to the client's buffer; before the client is waited for.
  void flush();
  uint64_t rows() const { return rows_; }

 private:
  void begin(std::string_view token, const schema::CommitHead* head);
  void text(bool present, std::string_view value);
  void body(const RowEvent& event, std::string_view op);
  void end();

  Portal& portal_;
  BackendWriter& out_;
  Batch batch_;
  size_t column_ = 0;
  std::string token_;
  uint64_t rows_ = 0;
};

}  // namespace troupe
