#pragma once
/// COPY FROM's data: fed in pieces of any size, gives rows of fields.
///
///   reader.feed(data);  while ((got = reader.next_row()) == CopyRead::kRow) use(reader.row());
///
/// Fields are views: into the piece fed when a row lies in it whole and needs no unescaping, else into the reader.
/// Memory: one row, and what of a row is incomplete. Nothing is copied otherwise.
/// Owner: one session.
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/protocol/copy_options.hpp"
#include "storage/base/error.hpp"

namespace troupe {

/// nullopt is NULL.
using CopyField = std::optional<std::string_view>;

struct CopyTarget {
  std::string table;
  std::vector<std::string> columns;
};

enum class CopyRead {
  kRow,       ///< row() holds one
  kNeedMore,  ///< all of the piece is used: feed() the next, or finish()
  kEnd,       ///< after finish(): no more rows
  kError,     ///< error() says why
};

class CopyReader {
 public:
  /// A row may not be longer.
  static constexpr size_t kRowBytesMax = (1u << 30) - 1;

  static std::unique_ptr<CopyReader> make(CopyOptions options, CopyTarget target);
  virtual ~CopyReader() = default;

  /// `data` must outlive the rows read from it. Only after kNeedMore (or first).
  virtual void feed(std::string_view data) = 0;
  /// CopyDone came: the rest is a row without line end, or an error.
  virtual void finish() = 0;
  virtual CopyRead next_row() = 0;

  /// Valid until the next next_row(), feed() or finish(). May have too few fields, which is missing_data().
  std::span<const CopyField> row() const { return fields_; }
  /// Of the row given last, from 1; counts the header.
  uint64_t line() const { return line_; }
  /// Empty in binary.
  std::string_view line_text() const { return line_text_; }
  const absl::Status& error() const { return error_; }

  /// Adds CONTEXT to what went wrong with the row: `COPY t, line 3, column b: "x"`. Without a column: the line.
  absl::Status with_row_context(absl::Status status, std::optional<size_t> column = std::nullopt) const;
  /// The same for a row given before. `text`: shown unless the data is binary; at most a little of it is.
  absl::Status with_line(absl::Status status, uint64_t line, std::optional<std::string_view> text = std::nullopt) const;
  /// The error of a row that has fewer fields than the table has columns: once those that it has were looked at.
  absl::Status missing_data() const;

 protected:
  CopyReader(CopyOptions options, CopyTarget target);
  std::string context(uint64_t line, std::optional<std::string_view> text) const;
  /// `line`: shown when the whole line is known.
  CopyRead fail(absl::Status status, std::optional<std::string_view> line = std::nullopt);

  CopyOptions options_;
  CopyTarget target_;
  std::vector<CopyField> fields_;
  std::string_view line_text_;  ///< of the row given last, for contexts
  uint64_t line_ = 0;
  absl::Status error_;
};

}  // namespace troupe
