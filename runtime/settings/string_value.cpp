#include "runtime/settings/string_value.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "runtime/types/encoding.hpp"

namespace troupe {
namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

void skip_blanks(std::string_view text, size_t* at) {
  while (*at < text.size() && is_blank(text[*at])) ++*at;
}

/// One identifier from `at` on; false when there is none.
bool take_identifier(std::string_view text, size_t* at, std::string* out) {
  if (*at < text.size() && text[*at] == '"') {
    for (++*at; *at < text.size(); ++*at) {
      if (text[*at] != '"') {
        out->push_back(text[*at]);
      } else if (*at + 1 < text.size() && text[*at + 1] == '"') {
        out->push_back('"');
        ++*at;
      } else {
        ++*at;
        return true;
      }
    }
    return false;
  }
  const size_t begin = *at;
  while (*at < text.size() && text[*at] != ',' && !is_blank(text[*at])) ++*at;
  *out = absl::AsciiStrToLower(absl_view(text.substr(begin, *at - begin)));
  return *at > begin;
}

/// PostgreSQL names an offset in POSIX's way, whose sign counts west: <+05:30>-05:30.
std::string name_of_offset(int seconds_east) {
  const int amount = std::abs(seconds_east);
  std::string digits = absl::StrFormat("%02d", amount / 3600);
  if (amount % 3600 != 0) digits += absl::StrFormat(":%02d", amount / 60 % 60);
  if (amount % 60 != 0) digits += absl::StrFormat(":%02d", amount % 60);
  const bool east = seconds_east >= 0;
  return cat("<", east ? "+" : "-", digits, ">", east ? "-" : "+", digits);
}

/// The offset of a name made by name_of_offset(), in seconds east.
int offset_of_name(std::string_view name) {
  const char* at = name.data() + 2;
  char* end = nullptr;
  int seconds = static_cast<int>(std::strtol(at, &end, 10)) * 3600;
  for (int unit = 60; *end == ':' && unit >= 1; unit /= 60)
    seconds += static_cast<int>(std::strtol(end + 1, &end, 10)) * unit;
  return name[1] == '-' ? -seconds : seconds;
}

absl::StatusOr<std::string> canonical_encoding(std::string_view text) {
  const auto encoding = find_encoding(text);
  if (!encoding) return invalid_parameter_value("client_encoding", text);
  if (*encoding != kEncodingUtf8 && *encoding != kEncodingSqlAscii) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "conversion between ", encoding_name(*encoding),
                           " and UTF8 is not supported"),
                     "Set client_encoding to UTF8.");
  }
  return std::string(encoding_name(*encoding));
}

absl::StatusOr<std::string> one_of(const ParameterInfo& parameter, std::string_view text,
                                   std::initializer_list<std::string_view> known, std::string_view what) {
  if (std::find(known.begin(), known.end(), text) != known.end()) return std::string(text);
  absl::Status status = invalid_parameter_value(parameter.name, text);
  return what.empty() ? status : with_detail(std::move(status), cat(what, " \"", text, "\" does not exist."));
}

std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

}  // namespace

std::optional<std::vector<std::string>> split_identifiers(std::string_view text) {
  std::vector<std::string> out;
  size_t at = 0;
  skip_blanks(text, &at);
  if (at == text.size()) return out;
  while (true) {
    std::string word;
    if (!take_identifier(text, &at, &word)) return std::nullopt;
    out.push_back(std::move(word));
    skip_blanks(text, &at);
    if (at == text.size()) return out;
    if (text[at++] != ',') return std::nullopt;
    skip_blanks(text, &at);
  }
}

std::string quote_list_element(std::string_view name) {
  const bool plain = !name.empty() && !absl::ascii_isdigit(name[0]) &&
                     std::all_of(name.begin(), name.end(),
                                 [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_'; });
  if (plain) return std::string(name);
  std::string out = "\"";
  for (const char c : name) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

absl::StatusOr<std::string> canonical_time_zone(std::string_view text) {
  if (text.starts_with("<+") || text.starts_with("<-")) return name_of_offset(offset_of_name(text));
  const auto zone = find_time_zone(text);
  if (!zone.ok()) return invalid_parameter_value("TimeZone", text);
  const std::string name = zone->name();
  if (!absl::ascii_isalpha(text.empty() ? '0' : text[0])) return name_of_offset(zone->At(absl::UnixEpoch()).offset);
  // A POSIX specification ("UTC+3") has no better name than itself.
  return name.starts_with("Fixed/") ? std::string(text) : name;
}

absl::TimeZone decode_time_zone(std::string_view canonical) {
  if (canonical.starts_with('<')) return absl::FixedTimeZone(offset_of_name(canonical));
  return find_time_zone(canonical).value_or(absl::UTCTimeZone());
}

absl::StatusOr<std::string> canonical_string(const ParameterInfo& parameter, std::string_view text,
                                             std::string_view current) {
  const std::string_view name = parameter.name;
  if (name == "DateStyle") return canonical_date_style(text, current);
  if (name == "TimeZone" || name == "log_timezone") return canonical_time_zone(text);
  if (name == "client_encoding") return canonical_encoding(text);
  if (name == "application_name" || name == "cluster_name") return printable(text);
  if (name == "default_table_access_method") return one_of(parameter, text, {"heap"}, "Table access method");
  if (name == "default_tablespace") return one_of(parameter, text, {"", "pg_default"}, "Tablespace");
  if (name == "timezone_abbreviations") return one_of(parameter, text, {"Default"}, "");
  if (name == "default_text_search_config") return one_of(parameter, text, {"pg_catalog.simple", "simple"}, "");
  if (name.starts_with("lc_")) {
    return one_of(parameter, text, {"", "C", "POSIX", "C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8"}, "");
  }
  if (name == "search_path" || name == "temp_tablespaces") {
    if (!split_identifiers(text)) return with_detail(invalid_parameter_value(name, text), "List syntax is invalid.");
  }
  return std::string(text);
}

}  // namespace troupe
