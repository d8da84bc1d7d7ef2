#include "runtime/protocol/copy_options.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace troupe {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

bool single_byte(const std::optional<std::string>& text) { return text->size() == 1; }

/// The options as given, before what they mean together is known.
struct GivenOptions {
  std::optional<CopyFormat> format;
  std::optional<bool> freeze;
  std::optional<CopyHeader> header;
  std::optional<std::string> delimiter, null_text, quote, escape;
  std::optional<std::string> encoding;
  const CopyOptionText* force_quote = nullptr;
  const CopyOptionText* force_not_null = nullptr;
  const CopyOptionText* force_null = nullptr;
};

absl::Status redundant(const CopyOptionText& option) {
  return with_position(error(ErrorCode::kSyntaxError, "conflicting or redundant options"), option.position);
}

template <typename T>
absl::Status set_once(const CopyOptionText& option, std::optional<T>* slot, T value) {
  if (slot->has_value()) return redundant(option);
  *slot = std::move(value);
  return absl::OkStatus();
}

absl::StatusOr<CopyFormat> read_format(const CopyOptionText& option) {
  if (!option.value) return error(ErrorCode::kSyntaxError, option.name, " requires a parameter");
  if (*option.value == "text") return CopyFormat::kText;
  if (*option.value == "csv") return CopyFormat::kCsv;
  if (*option.value == "binary") return CopyFormat::kBinary;
  return with_position(error(ErrorCode::kInvalidParameterValue, "COPY format \"", *option.value, "\" not recognized"),
                       option.position);
}

std::optional<bool> read_boolean(const std::optional<std::string>& value) {
  if (!value) return true;
  const std::string text = lower(*value);
  if (text == "true" || text == "on" || text == "1") return true;
  if (text == "false" || text == "off" || text == "0") return false;
  return std::nullopt;
}

absl::StatusOr<CopyHeader> read_header(const CopyOptionText& option, CopyDirection direction) {
  if (const auto flag = read_boolean(option.value)) return *flag ? CopyHeader::kYes : CopyHeader::kNo;
  if (lower(*option.value) != "match") {
    return error(ErrorCode::kSyntaxError, option.name, " requires a Boolean value or \"match\"");
  }
  if (direction == CopyDirection::kTo) {
    return error(ErrorCode::kFeatureNotSupported, "cannot use \"", *option.value, "\" with HEADER in COPY TO");
  }
  return CopyHeader::kMatch;
}

absl::Status read_text_option(const CopyOptionText& option, std::optional<std::string>* slot) {
  if (!option.value) return error(ErrorCode::kSyntaxError, option.name, " requires a parameter");
  return set_once(option, slot, *option.value);
}

absl::Status read_columns_option(const CopyOptionText& option, bool star_allowed, const CopyOptionText** slot) {
  if (*slot != nullptr) return redundant(option);
  if (option.value || (option.all_columns ? !star_allowed : option.columns.empty())) {
    return with_position(error(ErrorCode::kInvalidParameterValue, "argument to option \"", option.name,
                               "\" must be a list of column names"),
                         option.position);
  }
  *slot = &option;
  return absl::OkStatus();
}

absl::Status read_option(const CopyOptionText& option, CopyDirection direction, GivenOptions* given) {
  const std::string& name = option.name;
  if (name == "format") {
    TROUPE_ASSIGN_OR_RETURN(const CopyFormat format, read_format(option));
    return set_once(option, &given->format, format);
  }
  if (name == "freeze") {
    const auto flag = read_boolean(option.value);
    if (!flag) return error(ErrorCode::kSyntaxError, name, " requires a Boolean value");
    return set_once(option, &given->freeze, *flag);
  }
  if (name == "header") {
    TROUPE_ASSIGN_OR_RETURN(const CopyHeader header, read_header(option, direction));
    return set_once(option, &given->header, header);
  }
  if (name == "delimiter") return read_text_option(option, &given->delimiter);
  if (name == "null") return read_text_option(option, &given->null_text);
  if (name == "quote") return read_text_option(option, &given->quote);
  if (name == "escape") return read_text_option(option, &given->escape);
  if (name == "encoding") return read_text_option(option, &given->encoding);
  if (name == "force_quote") return read_columns_option(option, true, &given->force_quote);
  if (name == "force_not_null") return read_columns_option(option, false, &given->force_not_null);
  if (name == "force_null") return read_columns_option(option, false, &given->force_null);
  return with_position(error(ErrorCode::kSyntaxError, "option \"", name, "\" not recognized"), option.position);
}

absl::Status check_characters(const GivenOptions& given, CopyFormat format) {
  const std::string& delimiter = *given.delimiter;
  if (!single_byte(given.delimiter)) {
    return error(ErrorCode::kFeatureNotSupported, "COPY delimiter must be a single one-byte character");
  }
  if (delimiter == "\r" || delimiter == "\n") {
    return error(ErrorCode::kInvalidParameterValue, "COPY delimiter cannot be newline or carriage return");
  }
  if (given.null_text->find_first_of("\r\n") != std::string::npos) {
    return error(ErrorCode::kInvalidParameterValue, "COPY null representation cannot use newline or carriage return");
  }
  constexpr std::string_view kNotInText = "\\.abcdefghijklmnopqrstuvwxyz0123456789";
  if (format != CopyFormat::kCsv && kNotInText.find(delimiter[0]) != std::string_view::npos) {
    return error(ErrorCode::kInvalidParameterValue, "COPY delimiter cannot be \"", delimiter, "\"");
  }
  return absl::OkStatus();
}

absl::Status check_quotes(const GivenOptions& given, CopyFormat format) {
  const bool csv = format == CopyFormat::kCsv;
  if (!csv && given.quote) return error(ErrorCode::kFeatureNotSupported, "COPY quote available only in CSV mode");
  if (csv && given.quote && !single_byte(given.quote)) {
    return error(ErrorCode::kFeatureNotSupported, "COPY quote must be a single one-byte character");
  }
  if (csv && *given.delimiter == given.quote.value_or("\"")) {
    return error(ErrorCode::kInvalidParameterValue, "COPY delimiter and quote must be different");
  }
  if (!csv && given.escape) return error(ErrorCode::kFeatureNotSupported, "COPY escape available only in CSV mode");
  if (csv && given.escape && !single_byte(given.escape)) {
    return error(ErrorCode::kFeatureNotSupported, "COPY escape must be a single one-byte character");
  }
  return absl::OkStatus();
}

absl::Status check_force_lists(const GivenOptions& given, CopyFormat format, CopyDirection direction) {
  struct ForceList {
    const CopyOptionText* option;
    std::string_view name;
    CopyDirection direction;
  };
  for (const ForceList& list : {ForceList{given.force_quote, "quote", CopyDirection::kTo},
                                ForceList{given.force_not_null, "not null", CopyDirection::kFrom},
                                ForceList{given.force_null, "null", CopyDirection::kFrom}}) {
    if (list.option == nullptr) continue;
    if (format != CopyFormat::kCsv) {
      return error(ErrorCode::kFeatureNotSupported, "COPY force ", list.name, " available only in CSV mode");
    }
    if (list.direction != direction) {
      return error(ErrorCode::kFeatureNotSupported, "COPY force ", list.name, " only available using COPY ",
                   list.direction == CopyDirection::kTo ? "TO" : "FROM");
    }
  }
  return absl::OkStatus();
}

absl::Status check_together(const GivenOptions& given, CopyFormat format, CopyDirection direction) {
  TROUPE_RETURN_IF_ERROR(check_characters(given, format));
  if (format == CopyFormat::kBinary && given.header.value_or(CopyHeader::kNo) != CopyHeader::kNo) {
    return error(ErrorCode::kFeatureNotSupported, "cannot specify HEADER in BINARY mode");
  }
  TROUPE_RETURN_IF_ERROR(check_quotes(given, format));
  TROUPE_RETURN_IF_ERROR(check_force_lists(given, format, direction));
  if (given.null_text->find(*given.delimiter) != std::string::npos) {
    return error(ErrorCode::kFeatureNotSupported, "COPY delimiter must not appear in the NULL specification");
  }
  if (format == CopyFormat::kCsv && given.null_text->find(given.quote.value_or("\"")) != std::string::npos) {
    return error(ErrorCode::kFeatureNotSupported, "CSV quote character must not appear in the NULL specification");
  }
  return absl::OkStatus();
}

absl::StatusOr<CopyEncoding> read_encoding(const std::optional<std::string>& name) {
  if (!name || *name == "UTF8" || *name == "SQL_ASCII") return CopyEncoding::kUtf8;
  if (*name == "LATIN1") return CopyEncoding::kLatin1;
  return with_hint(error(ErrorCode::kFeatureNotSupported, "COPY encoding \"", *name, "\" is not supported"),
                   "UTF8 and LATIN1 are. Convert the data to UTF8, with iconv for example.");
}

absl::StatusOr<std::vector<bool>> column_flags(const CopyOptionText* option, std::string_view name,
                                               std::span<const std::string> columns) {
  if (option == nullptr) return std::vector<bool>{};
  std::vector<bool> flags(columns.size(), option->all_columns);
  for (const std::string& wanted : option->columns) {
    const auto at = std::find(columns.begin(), columns.end(), wanted);
    if (at == columns.end()) {
      return error(ErrorCode::kInvalidColumnReference, name, " column \"", wanted, "\" not referenced by COPY");
    }
    flags[static_cast<size_t>(at - columns.begin())] = true;
  }
  return flags;
}

}  // namespace

absl::StatusOr<CopyOptions> make_copy_options(std::span<const CopyOptionText> texts, CopyDirection direction,
                                              std::span<const std::string> columns) {
  GivenOptions given;
  for (const CopyOptionText& option : texts) TROUPE_RETURN_IF_ERROR(read_option(option, direction, &given));
  const CopyFormat format = given.format.value_or(CopyFormat::kText);
  const bool csv = format == CopyFormat::kCsv;
  if (format == CopyFormat::kBinary && given.delimiter) {
    return error(ErrorCode::kSyntaxError, "cannot specify DELIMITER in BINARY mode");
  }
  if (format == CopyFormat::kBinary && given.null_text) {
    return error(ErrorCode::kSyntaxError, "cannot specify NULL in BINARY mode");
  }
  if (!given.delimiter) given.delimiter = csv ? "," : "\t";
  if (!given.null_text) given.null_text = csv ? "" : "\\N";
  TROUPE_RETURN_IF_ERROR(check_together(given, format, direction));

  CopyOptions options;
  options.format = format;
  options.header = given.header.value_or(CopyHeader::kNo);
  options.freeze = given.freeze.value_or(false);
  TROUPE_ASSIGN_OR_RETURN(options.encoding, read_encoding(given.encoding));
  options.delimiter = (*given.delimiter)[0];
  options.null_text = *given.null_text;
  if (csv) {
    options.quote = given.quote ? (*given.quote)[0] : '"';
    options.escape = given.escape ? (*given.escape)[0] : options.quote;
  }
  TROUPE_ASSIGN_OR_RETURN(options.force_quote, column_flags(given.force_quote, "FORCE_QUOTE", columns));
  TROUPE_ASSIGN_OR_RETURN(options.force_not_null, column_flags(given.force_not_null, "FORCE_NOT_NULL", columns));
  TROUPE_ASSIGN_OR_RETURN(options.force_null, column_flags(given.force_null, "FORCE_NULL", columns));
  return options;
}

}  // namespace troupe
