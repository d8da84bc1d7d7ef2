#include "runtime/types/encoding.hpp"

#include <array>
#include <string>

#include "absl/strings/ascii.h"

namespace troupe {
namespace {

constexpr std::array<std::string_view, 42> kNames = {
    "SQL_ASCII",     "EUC_JP",  "EUC_CN",  "EUC_KR",  "EUC_TW",     "EUC_JIS_2004", "UTF8",
    "MULE_INTERNAL", "LATIN1",  "LATIN2",  "LATIN3",  "LATIN4",     "LATIN5",       "LATIN6",
    "LATIN7",        "LATIN8",  "LATIN9",  "LATIN10", "WIN1256",    "WIN1258",      "WIN866",
    "WIN874",        "KOI8R",   "WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6",   "ISO_8859_7",
    "ISO_8859_8",    "WIN1250", "WIN1253", "WIN1254", "WIN1255",    "WIN1257",      "KOI8U",
    "SJIS",          "BIG5",    "GBK",     "UHC",     "GB18030",    "JOHAB",        "SHIFT_JIS_2004"};

struct Alias {
  std::string_view name;  ///< lower case, letters and digits only
  int encoding;
};
constexpr Alias kAliases[] = {
    {"unicode", 6},      {"iso88591", 8},     {"iso88592", 9},     {"iso88593", 10},    {"iso88594", 11},
    {"iso88599", 12},    {"iso885910", 13},   {"iso885913", 14},   {"iso885914", 15},   {"iso885915", 16},
    {"iso885916", 17},   {"windows1252", 24}, {"windows1251", 23}, {"windows1250", 29}, {"windows1253", 30},
    {"windows1254", 31}, {"windows1255", 32}, {"windows1256", 18}, {"windows1257", 33}, {"windows1258", 19},
    {"windows866", 20},  {"windows874", 21},  {"koi8", 22},        {"win", 23},         {"alt", 20},
    {"tcvn", 19},        {"vscii", 19},       {"abc", 19},         {"shiftjis", 35},    {"mskanji", 35},
    {"win932", 35},      {"windows932", 35},  {"win950", 36},      {"windows950", 36},  {"win936", 37},
    {"windows936", 37},  {"win949", 38},      {"windows949", 38}};

std::string squeeze(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (absl::ascii_isalnum(c)) out.push_back(absl::ascii_tolower(c));
  }
  return out;
}

}  // namespace

std::string_view encoding_name(int encoding) {
  return encoding >= 0 && encoding < static_cast<int>(kNames.size()) ? kNames[encoding] : std::string_view{};
}

std::optional<int> find_encoding(std::string_view name) {
  const std::string wanted = squeeze(name);
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (squeeze(kNames[i]) == wanted) return static_cast<int>(i);
  }
  for (const Alias& alias : kAliases) {
    if (alias.name == wanted) return alias.encoding;
  }
  return std::nullopt;
}

}  // namespace troupe
