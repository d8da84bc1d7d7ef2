#pragma once
/// Datetime text cut into tokens, and what its words mean. Used by datetime_parse.cpp and interval_parse.cpp.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::datetime_tokens {

enum class Kind : uint8_t {
  kNumber,  ///< digits, maybe with a fraction
  kDate,    ///< 1999-01-08, 8/1/99, 8-Jan-1999
  kTime,    ///< 04:05:06.789
  kZone,    ///< +05:30
  kWord,    ///< letters, or a zone's name
  kSign,    ///< a lone + or -
};

struct Token {
  Kind kind;
  std::string text;  ///< lower case
};

/// Nothing when a character fits no token.
std::optional<std::vector<Token>> split(std::string_view text);
/// 1 to 12 for jan, january ..., 0 otherwise.
int month_of(std::string_view word);
bool is_weekday(std::string_view word);

}  // namespace troupe::datetime_tokens
