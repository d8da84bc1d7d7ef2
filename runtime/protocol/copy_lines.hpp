#pragma once
/// Cuts COPY's text and csv streams into lines, whatever the pieces are: line ends of one style throughout, a
/// backslash's next byte belongs to it (text), a quoted line end is data (csv), `\.` ends the data. The rules are those
/// of PostgreSQL's CopyReadLineText.
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/protocol/copy_options.hpp"
#include "storage/base/error.hpp"

namespace troupe {

enum class LineRead { kLine, kNeedMore, kEnd, kError };

class CopyLines {
 public:
  explicit CopyLines(const CopyOptions& options);

  void feed(std::string_view data);
  void finish() { finished_ = true; }
  /// The line is without its end, valid until the next call.
  LineRead next(std::string_view* line);

  /// The line given last holds a backslash (text) or a quote (csv), so its fields may need decoding.
  bool line_is_plain() const { return !special_; }
  /// Of the line given last, from 1.
  uint64_t line_number() const { return number_; }
  const absl::Status& error() const { return error_; }

 private:
  enum class Eol : uint8_t { kUnknown, kLf, kCr, kCrLf };
  enum class Scan { kLine, kMore, kMarker, kError, kSkip };

  Scan scan(std::string_view bytes);
  Scan scan_text(std::string_view bytes);
  Scan scan_csv(std::string_view bytes);
  /// Each looks at the byte at `at`; kSkip: it is data, go on behind it.
  Scan on_carriage_return(std::string_view bytes, size_t at);
  Scan on_line_feed(size_t at);
  Scan on_backslash(std::string_view bytes, size_t at);
  Scan on_marker(std::string_view bytes, size_t at);
  void on_quote_or_escape(char byte, size_t at);
  Scan end_line(size_t size, size_t consumed);
  Scan fail(std::string_view message, std::string_view hint = {});
  Scan wrong_line_end(bool carriage_return);
  LineRead finish_line(std::string_view bytes, Scan result, std::string_view* line);
  LineRead next_from_carry(std::string_view* line);
  LineRead last_line(std::string_view bytes, std::string_view* line);

  const bool csv_;
  const char quote_;
  const char escape_;      // NUL when it is the quote
  std::string_view data_;  // of the piece fed last: not yet given out
  std::string carry_;      // a line that began in an earlier piece
  std::string given_;      // what the last line's view points into, when it was carried
  // Of the line being scanned; positions count from its start.
  size_t resume_ = 0;
  size_t line_size_ = 0;
  size_t consumed_ = 0;
  size_t escape_end_ = 0;  // behind an escape that is in force
  bool in_quote_ = false;
  bool special_ = false;
  bool scanning_special_ = false;
  Eol eol_ = Eol::kUnknown;
  bool finished_ = false;
  bool ended_ = false;
  uint64_t number_ = 0;
  uint64_t embedded_line_ends_ = 0;
  absl::Status error_;
};

}  // namespace troupe
