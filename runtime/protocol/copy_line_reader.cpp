#include "runtime/protocol/copy_line_reader.hpp"

#include <cstring>
#include <utility>

#include "runtime/protocol/byte_scan.hpp"
#include "storage/base/utf8_check.hpp"

namespace troupe {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool octal_digit(char c) { return c >= '0' && c <= '7'; }

/// Decodes what follows a backslash at `*at` (not at the end) and moves behind it.
char escaped_byte(std::string_view text, size_t* at) {
  const char c = text[(*at)++];
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    case 'x': {
      if (*at == text.size() || hex_digit(text[*at]) < 0) return c;
      int value = hex_digit(text[(*at)++]);
      if (*at < text.size() && hex_digit(text[*at]) >= 0) value = value * 16 + hex_digit(text[(*at)++]);
      return static_cast<char>(value);
    }
    default: break;
  }
  if (!octal_digit(c)) return c;
  int value = c - '0';
  for (int digits = 1; digits < 3 && *at < text.size() && octal_digit(text[*at]); ++digits) {
    value = value * 8 + (text[(*at)++] - '0');
  }
  return static_cast<char>(value);
}

}  // namespace

CopyLineReader::CopyLineReader(CopyOptions options, CopyTarget target)
    : CopyReader(std::move(options), std::move(target)),
      lines_{options_},
      header_pending_{options_.header != CopyHeader::kNo} {}

CopyRead CopyLineReader::next_row() {
  if (!error_.ok()) return CopyRead::kError;
  for (;;) {
    std::string_view line;
    const LineRead got = lines_.next(&line);
    line_ = lines_.line_number();
    switch (got) {
      case LineRead::kNeedMore: return CopyRead::kNeedMore;
      case LineRead::kEnd: return on_end();
      case LineRead::kError: return fail(lines_.error());
      case LineRead::kLine: break;
    }
    if (auto status = check_utf8(line); !status.ok()) return fail(std::move(status));
    if (!header_pending_) return row_from(line);
    header_pending_ = false;
    if (header_from(line) == CopyRead::kError) return CopyRead::kError;
  }
}

CopyRead CopyLineReader::on_end() {
  if (!std::exchange(header_pending_, false)) return CopyRead::kEnd;
  // No data at all is an empty header line, which may have to match.
  line_ = 1;
  return header_from({}) == CopyRead::kError ? CopyRead::kError : CopyRead::kEnd;
}

CopyRead CopyLineReader::row_from(std::string_view line) {
  line_text_ = line;
  if (auto status = split(line); !status.ok()) return fail(std::move(status), line);
  if (auto status = check_field_count(); !status.ok()) return fail(std::move(status), line);
  if (!options_.force_not_null.empty() || !options_.force_null.empty()) apply_force_null();
  return CopyRead::kRow;
}

CopyRead CopyLineReader::header_from(std::string_view line) {
  if (options_.header != CopyHeader::kMatch) return CopyRead::kNeedMore;
  if (auto status = split(line); !status.ok()) return fail(std::move(status), line);
  const auto& columns = target_.columns;
  if (fields_.size() != columns.size()) {
    return fail(troupe::error(ErrorCode::kBadCopyFileFormat, "wrong number of fields in header line: got ",
                              fields_.size(), ", expected ", columns.size()),
                line);
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (fields_[i] == columns[i]) continue;
    const std::string got =
        fields_[i] ? cat("got \"", *fields_[i], "\"") : cat("got null value (\"", options_.null_text, "\")");
    return fail(troupe::error(ErrorCode::kBadCopyFileFormat, "column name mismatch in header line field ", i + 1, ": ",
                              got, ", expected \"", columns[i], "\""),
                line);
  }
  return CopyRead::kNeedMore;
}

absl::Status CopyLineReader::split(std::string_view line) {
  fields_.clear();
  if (target_.columns.empty() && line.empty()) return absl::OkStatus();
  if (lines_.line_is_plain()) {
    split_plain(line);
    return absl::OkStatus();
  }
  decoded_size_ = 0;
  if (decoded_.size() < line.size()) decoded_.resize(line.size() + line.size() / 2);
  return options_.format == CopyFormat::kCsv ? split_quoted(line) : split_escaped(line);
}

void CopyLineReader::split_plain(std::string_view line) {
  const std::string_view null_text = options_.null_text;
  const auto add = [&](size_t begin, size_t end) {
    const std::string_view raw = line.substr(begin, end - begin);
    if (raw.size() == null_text.size() && raw == null_text) {
      fields_.emplace_back(std::nullopt);
    } else {
      fields_.emplace_back(raw);
    }
  };
  ByteScan<1> delimiters(line.data(), line.size(), {options_.delimiter});
  size_t begin = 0;
  for (size_t at; (at = delimiters.next()) < line.size(); begin = at + 1) add(begin, at);
  add(begin, line.size());
}

void CopyLineReader::add_field(std::string_view value, std::string_view raw) {
  // NULL is recognised by what was written, not by what it decodes to.
  if (raw == options_.null_text) {
    fields_.emplace_back(std::nullopt);
  } else {
    fields_.emplace_back(value);
  }
}

absl::Status CopyLineReader::split_escaped(std::string_view line) {
  size_t begin = 0;
  for (;;) {
    char* const out = decoded_.data() + decoded_size_;
    size_t size = 0;
    bool escaped = false;
    bool check = false;
    size_t at = begin;
    for (; at < line.size() && line[at] != options_.delimiter;) {
      if (line[at] != '\\') {
        out[size++] = line[at++];
        continue;
      }
      escaped = true;
      if (++at == line.size()) break;
      const char byte = escaped_byte(line, &at);
      check |= static_cast<signed char>(byte) <= 0;
      out[size++] = byte;
    }
    const std::string_view raw = line.substr(begin, at - begin);
    if (check) TROUPE_RETURN_IF_ERROR(check_utf8({out, size}));
    if (escaped) {
      decoded_size_ += size;
      add_field({out, size}, raw);
    } else {
      add_field(raw, raw);
    }
    if (at == line.size()) return absl::OkStatus();
    begin = at + 1;
  }
}

absl::Status CopyLineReader::split_quoted(std::string_view line) {
  for (size_t at = 0;;) {
    TROUPE_ASSIGN_OR_RETURN(const bool more, quoted_field(line, &at));
    if (!more) return absl::OkStatus();
  }
}

absl::StatusOr<bool> CopyLineReader::quoted_field(std::string_view line, size_t* position) {
  const char quote = options_.quote;
  const char escape = options_.escape;
  char* const out = decoded_.data() + decoded_size_;
  const size_t begin = *position;
  size_t at = begin;
  size_t size = 0;
  bool quoted = false;
  for (; at < line.size() && line[at] != options_.delimiter;) {
    if (line[at] != quote) {
      out[size++] = line[at++];
      continue;
    }
    quoted = true;
    for (++at;; ++at) {
      if (at == line.size()) return troupe::error(ErrorCode::kBadCopyFileFormat, "unterminated CSV quoted field");
      const char next = at + 1 < line.size() ? line[at + 1] : '\0';
      if (line[at] == escape && at + 1 < line.size() && (next == escape || next == quote)) {
        out[size++] = next;
        ++at;
        continue;
      }
      if (line[at] == quote) break;
      out[size++] = line[at];
    }
    ++at;
  }
  const bool more = at < line.size();
  *position = at + 1;
  const std::string_view raw = line.substr(begin, at - begin);
  if (quoted) {
    decoded_size_ += size;
    fields_.emplace_back(std::string_view(out, size));  // a quoted field is never NULL
  } else {
    add_field(raw, raw);
  }
  return more;
}

absl::Status CopyLineReader::check_field_count() const {
  const size_t expected = target_.columns.size();
  if (fields_.size() <= expected) [[likely]]
    return absl::OkStatus();
  return troupe::error(ErrorCode::kBadCopyFileFormat, "extra data after last expected column");
}

void CopyLineReader::apply_force_null() {
  for (size_t i = 0; i < fields_.size(); ++i) {
    CopyField& field = fields_[i];
    if (!field && !options_.force_not_null.empty() && options_.force_not_null[i]) {
      field = options_.null_text;
    } else if (field && !options_.force_null.empty() && options_.force_null[i] && *field == options_.null_text) {
      field = std::nullopt;
    }
  }
}

}  // namespace troupe
