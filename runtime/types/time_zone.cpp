#include <algorithm>
#include <cstdlib>

#include "runtime/types/datetime.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/time_zone.hpp"

namespace troupe {
namespace {

struct Abbreviation {
  std::string_view name;
  int east_s;
};
/// The common part of PostgreSQL's "Default" set; offsets in seconds east of UTC.
constexpr Abbreviation kAbbreviations[] = {
    {"acdt", 37800}, {"acst", 34200}, {"adt", -10800}, {"aedt", 39600}, {"aest", 36000}, {"akdt", -28800},
    {"akst", -32400}, {"art", -10800}, {"ast", -14400}, {"awst", 28800}, {"bdt", 21600}, {"brt", -10800},
    {"bst", 3600}, {"cadt", 37800}, {"cast", 34200}, {"cct", 28800}, {"cdt", -18000}, {"cest", 7200},
    {"cet", 3600}, {"clst", -10800}, {"cot", -18000}, {"cst", -21600}, {"eat", 10800}, {"edt", -14400},
    {"eest", 10800}, {"eet", 7200}, {"est", -18000}, {"gmt", 0}, {"hkt", 28800}, {"hst", -36000},
    {"ict", 25200}, {"idt", 10800}, {"ist", 7200}, {"jst", 32400}, {"kst", 32400}, {"mdt", -21600},
    {"mest", 7200}, {"met", 3600}, {"msd", 14400}, {"msk", 10800}, {"mst", -25200}, {"ndt", -9000},
    {"nst", -12600}, {"nzdt", 46800}, {"nzst", 43200}, {"pdt", -25200}, {"pht", 28800}, {"pkt", 18000},
    {"pst", -28800}, {"sgt", 28800}, {"ut", 0}, {"utc", 0}, {"wadt", 28800}, {"west", 3600},
    {"wet", 0}, {"z", 0}, {"zulu", 0},
};

bool is_plain_zone_name(std::string_view name) {
  // What may be a file below the zone directory, and nothing that leaves it.
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("..") != std::string_view::npos) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return text_scan::is_alnum(c) || c == '/' || c == '_' || c == '-' || c == '+';
  });
}

/// "america/new_york" to "America/New_York": how most zones are spelled.
std::string capitalised(std::string_view name) {
  std::string out = text_scan::lowered(name);
  bool start = true;
  for (char& c : out) {
    if (start) c = text_scan::upper(c);
    start = c == '/' || c == '_' || c == '-';
  }
  return out;
}

/// [+-]h[h][:mm[:ss]] in seconds.
std::optional<int> parse_offset(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  int parts[3] = {0, 0, 0}, n = 0;
  while (n < 3) {
    size_t digits = 0;
    while (digits < text.size() && text_scan::is_digit(text[digits])) ++digits;
    if (digits == 0 || digits > 3) return std::nullopt;
    parts[n++] = std::atoi(std::string(text.substr(0, digits)).c_str());
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text[0] != ':') return std::nullopt;
    text.remove_prefix(1);
  }
  if (!text.empty() || parts[0] > 167 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
  const int seconds = parts[0] * 3600 + parts[1] * 60 + parts[2];
  return negative ? -seconds : seconds;
}

/// POSIX: a name, then hours west of it.
std::optional<absl::TimeZone> posix_zone(std::string_view name) {
  size_t letters = 0;
  if (!name.empty() && name[0] == '<') {
    const size_t end = name.find('>');
    if (end == std::string_view::npos) return std::nullopt;
    letters = end + 1;
  } else {
    while (letters < name.size() && text_scan::is_alpha(name[letters])) ++letters;
  }
  const auto west = parse_offset(name.substr(letters));
  if (!west) return std::nullopt;
  return absl::FixedTimeZone(-*west);
}

}  // namespace

std::optional<int> zone_abbreviation_east_s(std::string_view name) {
  const std::string lower = text_scan::lowered(name);
  const auto at = std::lower_bound(std::begin(kAbbreviations), std::end(kAbbreviations), lower,
                                   [](const Abbreviation& a, const std::string& wanted) { return a.name < wanted; });
  if (at == std::end(kAbbreviations) || at->name != lower) return std::nullopt;
  return at->east_s;
}

std::optional<absl::TimeZone> find_named_zone(std::string_view name) {
  if (!is_plain_zone_name(name)) return posix_zone(name);
  absl::TimeZone zone;
  const std::string lower = text_scan::lowered(name);
  if (lower == "utc" || lower == "gmt") return absl::UTCTimeZone();
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(), text_scan::upper);
  for (const std::string& spelling : {std::string(name), capitalised(name), upper}) {
    if (absl::LoadTimeZone(spelling, &zone)) return zone;
  }
  return posix_zone(name);
}

absl::StatusOr<absl::TimeZone> find_zone_for_at(std::string_view name) {
  if (const auto east = zone_abbreviation_east_s(name)) return absl::FixedTimeZone(*east);
  if (const auto zone = find_named_zone(name)) return *zone;
  return error(ErrorCode::kInvalidParameterValue, "time zone \"", name, "\" not recognized");
}

absl::StatusOr<absl::TimeZone> find_time_zone(std::string_view name) {
  if (!name.empty() && name.find_first_not_of("+-.0123456789") == std::string_view::npos) {
    char* end = nullptr;
    const std::string copy(name);
    const double hours = std::strtod(copy.c_str(), &end);
    if (end == copy.c_str() + copy.size()) return absl::FixedTimeZone(static_cast<int>(hours * 3600));
  }
  if (const auto zone = find_named_zone(name)) return *zone;
  if (const auto east = zone_abbreviation_east_s(name)) return absl::FixedTimeZone(*east);
  return error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"TimeZone\": \"", name, "\"");
}

int32_t zone_west_s_of_local(int64_t local, const absl::TimeZone& zone) {
  const auto instant = timestamptz_of_local(local, zone);
  return instant.ok() ? static_cast<int32_t>((*instant - local) / kUsPerSecond) : 0;
}

}  // namespace troupe
