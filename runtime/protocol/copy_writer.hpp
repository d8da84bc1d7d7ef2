#pragma once
/// COPY TO's data: one CopyData message for each row, built in place.
#include <string>
#include <vector>

#include "runtime/protocol/backend_writer.hpp"
#include "runtime/protocol/copy_options.hpp"

namespace troupe {

class CopyWriter {
 public:
  CopyWriter(CopyOptions options, std::vector<std::string> columns);

  /// The binary signature, or the line of column names when one is asked for; call once, first.
  void begin(BackendWriter* out);
  /// A row: begin_row(), then field() or null_field() for each column, end_row(). Text and csv take the values' text
  /// form, binary takes their binary form.
  void begin_row(BackendWriter* out);
  void field(std::string_view value);
  void null_field();
  void end_row();
  /// The binary trailer; the caller sends copy_done() itself.
  void finish(BackendWriter* out);

 private:
  void text_value(std::string_view value);
  void csv_value(std::string_view value, bool force_quote);
  void header_line();
  void separator();
  bool needs_quotes(std::string_view value) const;

  CopyOptions options_;
  std::vector<std::string> columns_;
  BackendWriter* out_ = nullptr;
  size_t column_ = 0;
};

}  // namespace troupe
