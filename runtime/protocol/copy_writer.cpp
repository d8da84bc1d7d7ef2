#include "runtime/protocol/copy_writer.hpp"

#include "runtime/protocol/copy_binary_reader.hpp"
#include "runtime/protocol/wire.hpp"

namespace troupe {
namespace {

/// The letter of a control character's escape, or NUL.
char escape_letter(char c) {
  constexpr std::string_view kLetters = "btnvfr";  // from \b (8) to \r (13)
  return c >= '\b' && c <= '\r' ? kLetters[static_cast<size_t>(c - '\b')] : '\0';
}

}  // namespace

CopyWriter::CopyWriter(CopyOptions options, std::vector<std::string> columns)
    : options_{std::move(options)}, columns_{std::move(columns)} {}

void CopyWriter::begin(BackendWriter* out) {
  out_ = out;
  if (options_.format == CopyFormat::kBinary) {
    out->begin_copy_data();
    out->buffer().append(kCopyBinarySignature);
    out->buffer().append(std::string_view("\0\0\0\0\0\0\0\0", 8));  // no flags, no extension
    out->end_copy_data();
  } else if (options_.header != CopyHeader::kNo) {
    header_line();
  }
}

void CopyWriter::header_line() {
  out_->begin_copy_data();
  column_ = 0;
  for (const std::string& name : columns_) {
    separator();
    if (options_.format == CopyFormat::kCsv) {
      csv_value(name, false);
    } else {
      text_value(name);
    }
  }
  out_->buffer().push_back('\n');
  out_->end_copy_data();
}

void CopyWriter::begin_row(BackendWriter* out) {
  out_ = out;
  column_ = 0;
  out->begin_copy_data();
  if (options_.format != CopyFormat::kBinary) return;
  wire::store_u16(out->buffer().reserve(2), static_cast<uint16_t>(columns_.size()));
  out->buffer().commit(2);
}

void CopyWriter::separator() {
  if (column_++ > 0) out_->buffer().push_back(options_.delimiter);
}

void CopyWriter::field(std::string_view value) {
  switch (options_.format) {
    case CopyFormat::kBinary: out_->field(value); break;
    case CopyFormat::kText:
      separator();
      text_value(value);
      break;
    case CopyFormat::kCsv: {
      const bool force_quote = !options_.force_quote.empty() && options_.force_quote[column_];
      separator();
      csv_value(value, force_quote);
      break;
    }
  }
}

void CopyWriter::null_field() {
  if (options_.format == CopyFormat::kBinary) {
    out_->null_field();
    return;
  }
  separator();
  out_->buffer().append(options_.null_text);
}

void CopyWriter::end_row() {
  if (options_.format != CopyFormat::kBinary) out_->buffer().push_back('\n');
  out_->end_copy_data();
}

void CopyWriter::finish(BackendWriter* out) {
  if (options_.format == CopyFormat::kBinary) out->copy_data(std::string_view("\xff\xff", 2));
}

void CopyWriter::text_value(std::string_view value) {
  // Room for every byte escaped, so that the loop stores without asking.
  char* const start = out_->buffer().reserve(2 * value.size());
  char* to = start;
  for (const char c : value) {
    if (const char letter = escape_letter(c); letter != '\0') [[unlikely]] {
      *to++ = '\\';
      *to++ = letter;
      continue;
    }
    if (c == '\\' || c == options_.delimiter) [[unlikely]]
      *to++ = '\\';
    *to++ = c;
  }
  out_->buffer().commit(static_cast<size_t>(to - start));
}

bool CopyWriter::needs_quotes(std::string_view value) const {
  if (value == options_.null_text) return true;
  // Alone on its line it would end the data.
  if (columns_.size() == 1 && value == "\\.") return true;
  for (const char c : value) {
    if (c == options_.delimiter || c == options_.quote || c == '\n' || c == '\r') return true;
  }
  return false;
}

void CopyWriter::csv_value(std::string_view value, bool force_quote) {
  OutputBuffer& out = out_->buffer();
  if (!force_quote && !needs_quotes(value)) {
    out.append(value);
    return;
  }
  char* const start = out.reserve(2 * value.size() + 2);
  char* to = start;
  *to++ = options_.quote;
  for (const char c : value) {
    if (c == options_.quote || c == options_.escape) *to++ = options_.escape;
    *to++ = c;
  }
  *to++ = options_.quote;
  out.commit(static_cast<size_t>(to - start));
}

}  // namespace troupe
