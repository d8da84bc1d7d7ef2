#include "runtime/protocol/copy_reader.hpp"

#include "runtime/protocol/copy_binary_reader.hpp"
#include "runtime/protocol/copy_line_reader.hpp"
#include "storage/base/utf8_check.hpp"

namespace troupe {
namespace {

/// At most 100 bytes of a value go into a context, whole characters only.
std::string shown(std::string_view value) {
  constexpr size_t kShownBytesMax = 100;
  if (value.size() <= kShownBytesMax) return std::string(value);
  return cat(value.substr(0, valid_utf8_prefix(value.substr(0, kShownBytesMax))), "...");
}

absl::Status with_where(const absl::Status& status, std::string where) {
  ErrorFields fields = error_fields(status);
  fields.where = std::move(where);
  return make_error(fields);
}

}  // namespace

CopyReader::CopyReader(CopyOptions options, CopyTarget target)
    : options_{std::move(options)}, target_{std::move(target)} {
  fields_.reserve(target_.columns.size() + 1);
}

std::unique_ptr<CopyReader> CopyReader::make(CopyOptions options, CopyTarget target) {
  if (options.format == CopyFormat::kBinary) {
    return std::make_unique<CopyBinaryReader>(std::move(options), std::move(target));
  }
  return std::make_unique<CopyLineReader>(std::move(options), std::move(target));
}

std::string CopyReader::context(uint64_t line, std::optional<std::string_view> text) const {
  std::string where = cat("COPY ", target_.table, ", line ", line);
  if (text) where += cat(": \"", shown(*text), "\"");
  return where;
}

absl::Status CopyReader::with_line(absl::Status status, uint64_t line, std::optional<std::string_view> text) const {
  if (status.ok()) return status;
  return with_where(status, context(line, options_.format == CopyFormat::kBinary ? std::nullopt : text));
}

absl::Status CopyReader::missing_data() const {
  return with_row_context(troupe::error(ErrorCode::kBadCopyFileFormat, "missing data for column \"",
                                        target_.columns[fields_.size()], "\""));
}

CopyRead CopyReader::fail(absl::Status status, std::optional<std::string_view> line) {
  error_ = with_where(status, context(line_, line));
  return CopyRead::kError;
}

absl::Status CopyReader::with_row_context(absl::Status status, std::optional<size_t> column) const {
  if (status.ok()) return status;
  if (!column || *column >= fields_.size()) {
    return with_line(std::move(status), line_, line_text_);
  }
  const std::string where = cat(context(line_, std::nullopt), ", column ", target_.columns[*column]);
  const CopyField& field = fields_[*column];
  if (!field) return with_where(status, where + ": null input");
  if (options_.format == CopyFormat::kBinary) return with_where(status, where);
  return with_where(status, cat(where, ": \"", shown(*field), "\""));
}

}  // namespace troupe
