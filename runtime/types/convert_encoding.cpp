#include "runtime/types/convert_encoding.hpp"

#include <iconv.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>

#include "runtime/types/utf8.hpp"
#include "storage/base/utf8_check.hpp"

namespace troupe {
namespace {

/// iconv's names in the order of PostgreSQL's numbers; null: nothing converts it.
constexpr const char* kCharsets[] = {
    nullptr,      "EUC-JP",     "EUC-CN",     "EUC-KR",     "EUC-TW",      "EUC-JISX0213", "UTF-8",      nullptr,
    "ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-9",  "ISO-8859-10",  "ISO-8859-13", "ISO-8859-14",
    "ISO-8859-15", "ISO-8859-16", "CP1256",   "CP1258",     "IBM866",      "CP874",        "KOI8-R",     "CP1251",
    "CP1252",     "ISO-8859-5", "ISO-8859-6", "ISO-8859-7", "ISO-8859-8",  "CP1250",       "CP1253",     "CP1254",
    "CP1255",     "CP1257",     "KOI8-U",     "CP932",      "BIG5",        "GBK",          "UHC",        "GB18030",
    "JOHAB",      "SHIFT_JISX0213"};
constexpr int kEucJp = 1, kEucTw = 4, kLatin2 = 9, kWin866 = 20, kKoi8R = 22, kWin1251 = 23, kIso88595 = 25, kWin1250 = 29,
              kSjis = 35, kBig5 = 36;

bool is_multibyte(int encoding) { return (encoding >= 1 && encoding <= 5) || encoding >= kSjis; }

const char* charset(int encoding) {
  return encoding >= 0 && encoding < static_cast<int>(std::size(kCharsets)) ? kCharsets[encoding] : nullptr;
}

/// "0xe2 0x82 0xac"
std::string spelled(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char byte : bytes) {
    const auto value = static_cast<uint8_t>(byte);
    if (!out.empty()) out += ' ';
    out += "0x";
    out += kDigits[value >> 4];
    out += kDigits[value & 15];
  }
  return out;
}

absl::Status no_equivalent(std::string_view bytes, int from, int to) {
  return error(ErrorCode::kUntranslatableCharacter, "character with byte sequence ", spelled(bytes), " in encoding \"",
               encoding_name(from), "\" has no equivalent in encoding \"", encoding_name(to), "\"");
}
absl::Status no_sequence(std::string_view bytes, int encoding) {
  return error(ErrorCode::kCharacterNotInRepertoire, "invalid byte sequence for encoding \"", encoding_name(encoding),
               "\": ", spelled(bytes));
}
absl::Status no_conversion(int from, int to) {
  return error(ErrorCode::kUndefinedFunction, "default conversion function for encoding \"", encoding_name(from),
               "\" to \"", encoding_name(to), "\" does not exist");
}

/// A conversion that is open, for this thread; made once, for opening one reads a file.
iconv_t converter(int from, int to) {
  struct Open {
    std::map<std::pair<int, int>, iconv_t> all;
    ~Open() {
      for (const auto& [pair, open] : all) iconv_close(open);
    }
  };
  thread_local Open known;
  const auto at = known.all.find({from, to});
  if (at != known.all.end()) return at->second;
  const iconv_t opened = iconv_open(charset(to), charset(from));
  if (opened != iconv_t(-1)) known.all.emplace(std::pair{from, to}, opened);
  return opened;
}

/// Bytes that were converted before the one that is not, in `done`; true: all of them.
bool run(iconv_t by, std::string_view in, std::string* out, size_t* done) {
  iconv(by, nullptr, nullptr, nullptr, nullptr);
  char* from = const_cast<char*>(in.data());
  size_t left = in.size();
  out->resize(in.size() * 4 + 16);
  char* to = out->data();
  size_t room = out->size();
  const bool whole = iconv(by, &from, &left, &to, &room) != size_t(-1) &&
                     iconv(by, nullptr, nullptr, &to, &room) != size_t(-1);
  *done = in.size() - left;
  out->resize(out->size() - room);
  return whole;
}

}  // namespace

absl::StatusOr<std::string> utf8_of(std::string_view bytes, int encoding) {
  if (encoding == kEncodingUtf8 || encoding == kEncodingSqlAscii) {
    TROUPE_RETURN_IF_ERROR(check_utf8(bytes));
    return std::string(bytes);
  }
  if (const size_t zero = bytes.find('\0'); zero != std::string_view::npos) return no_sequence(bytes.substr(zero, 1), encoding);
  const iconv_t by = charset(encoding) == nullptr ? iconv_t(-1) : converter(encoding, kEncodingUtf8);
  if (by == iconv_t(-1)) return no_conversion(encoding, kEncodingUtf8);
  std::string out;
  size_t done = 0;
  if (run(by, bytes, &out, &done)) return out;
  const auto first = static_cast<uint8_t>(bytes[done]);
  const std::string_view bad = bytes.substr(done, is_multibyte(encoding) && first >= 0x80 ? 2 : 1);
  return is_multibyte(encoding) ? no_sequence(bad, encoding) : no_equivalent(bad, encoding, kEncodingUtf8);
}

absl::StatusOr<std::string> utf8_to(std::string_view text, int encoding) {
  if (encoding == kEncodingUtf8 || encoding == kEncodingSqlAscii) return std::string(text);
  const iconv_t by = charset(encoding) == nullptr ? iconv_t(-1) : converter(kEncodingUtf8, encoding);
  if (by == iconv_t(-1)) return no_conversion(kEncodingUtf8, encoding);
  std::string out;
  size_t done = 0;
  if (run(by, text, &out, &done)) return out;
  return no_equivalent(text.substr(done, utf8::size_at(text, done)), kEncodingUtf8, encoding);
}

absl::StatusOr<std::string> convert_encoding(std::string_view bytes, int from, int to) {
  if (from == to || from == kEncodingSqlAscii || to == kEncodingSqlAscii) return std::string(bytes);
  if (to == kEncodingUtf8) return utf8_of(bytes, from);
  if (from == kEncodingUtf8) {
    TROUPE_RETURN_IF_ERROR(check_utf8(bytes));
    return utf8_to(bytes, to);
  }
  constexpr int kGroups[][4] = {{kKoi8R, kWin1251, kWin866, kIso88595}, {kLatin2, kWin1250, -1, -1},
                                {kEucJp, kSjis, -1, -1}, {kEucTw, kBig5, -1, -1}};
  const bool known = std::any_of(std::begin(kGroups), std::end(kGroups), [&](const int(&group)[4]) {
    const auto has = [&](int encoding) { return std::find(std::begin(group), std::end(group), encoding) != std::end(group); };
    return has(from) && has(to);
  });
  if (!known) return no_conversion(from, to);
  TROUPE_ASSIGN_OR_RETURN(const std::string text, utf8_of(bytes, from));
  return utf8_to(text, to);
}

}  // namespace troupe
