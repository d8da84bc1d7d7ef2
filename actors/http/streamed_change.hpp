#pragma once
/// A row of SUBSCRIBE, SUBSCRIBE TO STREAM or CONSUME as what HTTP clients are told.
#include <optional>
#include <string>
#include <string_view>

#include "runtime/protocol/backend_message.hpp"
#include "runtime/protocol/frontend_writer.hpp"

namespace troupe {

struct StreamedChange {
  std::string_view token;  ///< empty: a row of a snapshot
  std::string_view scn;
  std::string_view xid;
  std::string_view table;
  std::string_view op;
  TextValue before;  ///< JSON
  TextValue after;

  // Of a stream.
  bool of_stream = false;
  std::string_view committed_at;
  TextValue key;  ///< JSON
  std::string_view schema_version;
  // Of a consumer group.
  std::string_view batch;  ///< empty: of none
  std::string_view delivery;
  std::string_view partition;

  /// {"op": ..., "table": ..., "scn": ..., "xid": ..., "token": ..., "before": ..., "after": ...} without its braces,
  /// and what streams and groups have more.
  void append_fields(std::string* out) const;
};

/// nullopt: it is no row of the kind. Its texts are the row's.
std::optional<StreamedChange> change_of_table(const DataRow& row);
std::optional<StreamedChange> change_of_stream(const DataRow& row);

}  // namespace troupe
