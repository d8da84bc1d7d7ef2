#include "runtime/protocol/copy_lines.hpp"

#include <algorithm>
#include <utility>

#include "runtime/protocol/byte_scan.hpp"
#include "runtime/protocol/copy_reader.hpp"

namespace troupe {

CopyLines::CopyLines(const CopyOptions& options)
    : csv_{options.format == CopyFormat::kCsv},
      quote_{options.quote},
      escape_{options.escape == options.quote ? '\0' : options.escape} {}

void CopyLines::feed(std::string_view data) {
  if (!ended_) data_ = data;
}

LineRead CopyLines::next(std::string_view* line) {
  if (!error_.ok()) return LineRead::kError;
  if (ended_) return finished_ ? LineRead::kEnd : LineRead::kNeedMore;
  if (!carry_.empty()) return next_from_carry(line);
  if (data_.empty() && !finished_) return LineRead::kNeedMore;
  const Scan result = scan(data_);
  if (result != Scan::kMore) {
    const std::string_view bytes = data_;
    data_.remove_prefix(consumed_);
    return finish_line(bytes, result, line);
  }
  if (finished_) return last_line(std::exchange(data_, {}), line);
  carry_.assign(data_);
  data_ = {};
  return LineRead::kNeedMore;
}

/// Completes the carried line, taking as little of the new piece as may hold its end.
LineRead CopyLines::next_from_carry(std::string_view* line) {
  while (!data_.empty()) {
    size_t take = data_.find_first_of("\r\n");
    // One byte more, since a carriage return needs to see what follows.
    take = take == std::string_view::npos ? data_.size() : std::min(data_.size(), take + 2);
    if (carry_.size() + take > CopyReader::kRowBytesMax) {
      error_ = troupe::error(ErrorCode::kProgramLimitExceeded, "a line of COPY data is longer than ",
                             CopyReader::kRowBytesMax, " bytes");
      return LineRead::kError;
    }
    carry_.append(data_.substr(0, take));
    const Scan result = scan(carry_);
    if (result == Scan::kMore) {
      data_.remove_prefix(take);
      continue;
    }
    // What was taken behind the line end goes back.
    data_.remove_prefix(take - std::min(take, carry_.size() - consumed_));
    given_.swap(carry_);
    carry_.clear();
    return finish_line(given_, result, line);
  }
  if (!finished_) return LineRead::kNeedMore;
  const Scan result = scan(carry_);
  given_.swap(carry_);
  carry_.clear();
  return result == Scan::kMore ? last_line(given_, line) : finish_line(given_, result, line);
}

LineRead CopyLines::finish_line(std::string_view bytes, Scan result, std::string_view* line) {
  number_ += 1 + std::exchange(embedded_line_ends_, 0);
  if (result == Scan::kError) return LineRead::kError;
  *line = bytes.substr(0, line_size_);
  special_ = std::exchange(scanning_special_, false);
  resume_ = escape_end_ = 0;
  in_quote_ = false;
  if (result == Scan::kMarker) {
    // Everything behind the marker is ignored; what stands before it on its line is a row.
    ended_ = true;
    data_ = {};
    if (line->empty()) return finished_ ? LineRead::kEnd : LineRead::kNeedMore;
  }
  return LineRead::kLine;
}

/// The data ended without a line end.
LineRead CopyLines::last_line(std::string_view bytes, std::string_view* line) {
  ended_ = true;
  if (bytes.empty()) return LineRead::kEnd;
  line_size_ = bytes.size();
  return finish_line(bytes, Scan::kLine, line);
}

CopyLines::Scan CopyLines::scan(std::string_view bytes) { return csv_ ? scan_csv(bytes) : scan_text(bytes); }

CopyLines::Scan CopyLines::scan_text(std::string_view bytes) {
  ByteScan<3> specials(bytes.data(), bytes.size(), {'\n', '\\', '\r'}, resume_);
  size_t skip_to = 0;
  for (size_t at; (at = specials.next()) < bytes.size();) {
    if (at < skip_to) continue;
    Scan result;
    if (bytes[at] == '\n') {
      result = on_line_feed(at);
    } else if (bytes[at] == '\r') {
      result = on_carriage_return(bytes, at);
    } else {
      scanning_special_ = true;
      result = on_backslash(bytes, at);
      skip_to = at + 2;
    }
    if (result == Scan::kSkip) continue;
    if (result == Scan::kMore) resume_ = at;
    return result;
  }
  resume_ = std::max(bytes.size(), skip_to);
  return Scan::kMore;
}

CopyLines::Scan CopyLines::scan_csv(std::string_view bytes) {
  // The marker needs at most four bytes; only a line's first byte can begin one.
  if (resume_ == 0 && !bytes.empty() && bytes[0] == '\\') {
    const Scan result = on_backslash(bytes, 0);
    if (result != Scan::kSkip) return result;
  }
  ByteScan<4> specials(bytes.data(), bytes.size(), {'\n', '\r', quote_, escape_ == '\0' ? quote_ : escape_}, resume_);
  for (size_t at; (at = specials.next()) < bytes.size();) {
    const char byte = bytes[at];
    if (byte == '\r' && !in_quote_) {
      const Scan result = on_carriage_return(bytes, at);
      if (result == Scan::kMore) resume_ = at;
      return result;
    }
    if (byte == '\n' && !in_quote_) return on_line_feed(at);
    on_quote_or_escape(byte, at);
  }
  resume_ = bytes.size();
  return Scan::kMore;
}

void CopyLines::on_quote_or_escape(char byte, size_t at) {
  // An escape counts inside quotes only, right before a quote, and not when it is escaped itself.
  bool escaped = escape_end_ != 0 && escape_end_ == at;
  const bool is_escape = escape_ != '\0' && byte == escape_;
  if (in_quote_ && is_escape) escaped = !escaped;
  if (byte == quote_) {
    scanning_special_ = true;
    if (!escaped) in_quote_ = !in_quote_;
  }
  escape_end_ = is_escape && escaped ? at + 1 : 0;
  if (in_quote_ && byte == (eol_ == Eol::kLf ? '\n' : '\r')) ++embedded_line_ends_;
}

CopyLines::Scan CopyLines::on_line_feed(size_t at) {
  if (eol_ == Eol::kCr || eol_ == Eol::kCrLf) return wrong_line_end(false);
  eol_ = Eol::kLf;
  return end_line(at, at + 1);
}

CopyLines::Scan CopyLines::on_carriage_return(std::string_view bytes, size_t at) {
  if (eol_ == Eol::kLf) return wrong_line_end(true);
  if (eol_ == Eol::kCr) return end_line(at, at + 1);
  if (at + 1 == bytes.size() && !finished_) return Scan::kMore;
  if (at + 1 < bytes.size() && bytes[at + 1] == '\n') {
    eol_ = Eol::kCrLf;
    return end_line(at, at + 2);
  }
  if (eol_ == Eol::kCrLf) return wrong_line_end(true);
  eol_ = Eol::kCr;
  return end_line(at, at + 1);
}

CopyLines::Scan CopyLines::on_backslash(std::string_view bytes, size_t at) {
  const size_t left = bytes.size() - at - 1;
  if (left == 0) return finished_ ? Scan::kSkip : Scan::kMore;
  return bytes[at + 1] == '.' ? on_marker(bytes, at) : Scan::kSkip;
}

/// `\.` at `at`. In csv it ends the data only when it is alone on its line; in text anything behind it is an error.
CopyLines::Scan CopyLines::on_marker(std::string_view bytes, size_t at) {
  const size_t left = bytes.size() - at - 2;
  if (left == 0 && !finished_) return Scan::kMore;
  const char next = left == 0 ? '\0' : bytes[at + 2];
  const auto data_or_error = [this](std::string_view message) { return csv_ ? Scan::kSkip : fail(message); };
  constexpr std::string_view kOtherStyle = "end-of-copy marker does not match previous newline style";
  if (next != '\r' && next != '\n') return data_or_error("end-of-copy marker corrupt");
  if (eol_ == Eol::kCrLf) {
    if (next == '\n') return data_or_error(kOtherStyle);
    if (left == 1 && !finished_) return Scan::kMore;
    if (left == 1 || bytes[at + 3] != '\n') return data_or_error("end-of-copy marker corrupt");
  } else if ((eol_ == Eol::kLf && next != '\n') || (eol_ == Eol::kCr && next != '\r')) {
    return fail(kOtherStyle);
  }
  line_size_ = at;
  consumed_ = bytes.size();
  return Scan::kMarker;
}

CopyLines::Scan CopyLines::end_line(size_t size, size_t consumed) {
  line_size_ = size;
  consumed_ = consumed;
  return Scan::kLine;
}

CopyLines::Scan CopyLines::wrong_line_end(bool carriage_return) {
  const std::string_view what = carriage_return ? "carriage return" : "newline";
  const std::string_view escape = carriage_return ? "\\r" : "\\n";
  if (csv_) return fail(cat("unquoted ", what, " found in data"), cat("Use quoted CSV field to represent ", what, "."));
  return fail(cat("literal ", what, " found in data"), cat("Use \"", escape, "\" to represent ", what, "."));
}

CopyLines::Scan CopyLines::fail(std::string_view message, std::string_view hint) {
  error_ = troupe::error(ErrorCode::kBadCopyFileFormat, message);
  consumed_ = 0;
  if (!hint.empty()) error_ = with_hint(std::move(error_), std::string(hint));
  return Scan::kError;
}

}  // namespace troupe
