#pragma once
/// COPY's options, as PostgreSQL 15 has them: what they mean, their defaults and which go together.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

enum class CopyFormat : uint8_t { kText, kCsv, kBinary };
enum class CopyHeader : uint8_t { kNo, kYes, kMatch };
enum class CopyDirection : uint8_t { kFrom, kTo };
enum class CopyEncoding : uint8_t { kUtf8, kLatin1 };

/// One option as the statement wrote it, an encoding by its canonical name; the old syntax (WITH CSV HEADER ...) is the
/// parser's to translate.
struct CopyOptionText {
  std::string name{};                  ///< lower case: "format", "delimiter", "force_quote" ...
  std::optional<std::string> value{};  ///< absent: HEADER alone
  std::vector<std::string> columns{};  ///< of FORCE_*
  bool all_columns = false;            ///< FORCE_QUOTE *
  int position = 0;                    ///< in the statement, from 1: for errors
};

struct CopyOptions {
  CopyFormat format = CopyFormat::kText;
  CopyHeader header = CopyHeader::kNo;
  CopyEncoding encoding = CopyEncoding::kUtf8;
  bool freeze = false;
  char delimiter = '\t';
  char quote = '"';
  char escape = '"';
  std::string null_text = "\\N";
  /// One flag for each copied column, or empty: none.
  std::vector<bool> force_quote;
  std::vector<bool> force_not_null;
  std::vector<bool> force_null;
};

/// `columns`: the copied columns in order. Errors: PostgreSQL's, with its SQLSTATEs.
absl::StatusOr<CopyOptions> make_copy_options(std::span<const CopyOptionText> texts, CopyDirection direction,
                                              std::span<const std::string> columns);

}  // namespace troupe
