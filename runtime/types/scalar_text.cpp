#include "runtime/types/scalar_text.hpp"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "runtime/types/text_scan.hpp"

namespace troupe {
namespace {

using text_scan::is_digit;
using text_scan::trim;

/// Digits and decimal exponent of to_chars' scientific form, laid out as PostgreSQL does: plain when the exponent is
/// in [-4, plain_limit), else with an exponent of at least two digits.
void lay_out(std::string_view scientific, int plain_limit, std::string* out) {
  if (scientific.front() == '-') {
    out->push_back('-');
    scientific.remove_prefix(1);
  }
  const size_t e = scientific.find('e');
  std::string digits(1, scientific[0]);
  if (e > 2) digits.append(scientific.substr(2, e - 2));
  int exponent = 0;
  const bool negative = scientific[e + 1] == '-';
  for (const char c : scientific.substr(e + 2)) exponent = exponent * 10 + (c - '0');
  if (negative) exponent = -exponent;
  const auto count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= plain_limit) {
    out->push_back(digits[0]);
    if (count > 1) out->append(".").append(digits, 1);
    out->append(negative ? "e-" : "e+");
    if (std::abs(exponent) < 10) out->push_back('0');
    out->append(std::to_string(std::abs(exponent)));
  } else if (exponent < 0) {
    out->append("0.").append(static_cast<size_t>(-exponent - 1), '0').append(digits);
  } else if (count <= exponent + 1) {
    out->append(digits).append(static_cast<size_t>(exponent + 1 - count), '0');
  } else {
    out->append(digits, 0, static_cast<size_t>(exponent + 1)).append(".").append(digits, static_cast<size_t>(exponent + 1));
  }
}

/// The significant digits of scientific notation, without zeros at the end.
std::string significant_digits(std::string_view scientific) {
  std::string digits;
  for (const char c : scientific.substr(0, scientific.find('e'))) {
    if (is_digit(c)) digits.push_back(c);
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return digits;
}

/// Whether the shortest text lies half-way between v and its neighbour, so that it is read as v only by rounding to
/// even. PostgreSQL does not rely on that.
template <typename F>
bool is_half_way(const std::string& shortest, F v) {
  // Half-way values have 54 (25) significant bits: among smaller numbers none has so few decimals.
  constexpr F kSmallest = std::is_same_v<F, float> ? F(0x1p22) : F(0x1p52);
  if (std::abs(v) < kSmallest) return false;
  using Wide = std::conditional_t<std::is_same_v<F, float>, double, long double>;
  const Wide read = std::is_same_v<F, float> ? std::strtod(shortest.c_str(), nullptr)
                                             : static_cast<Wide>(std::strtold(shortest.c_str(), nullptr));
  if (read == static_cast<Wide>(v)) return false;
  const F limit = std::numeric_limits<F>::infinity();
  const F next = std::nextafter(v, read > static_cast<Wide>(v) ? limit : -limit);
  if (std::isinf(next) || read != (static_cast<Wide>(v) + static_cast<Wide>(next)) / 2) return false;
  char exact[128];
  std::snprintf(exact, sizeof exact, "%.60Le", static_cast<long double>(read));
  return significant_digits(exact) == significant_digits(shortest);
}

template <typename F>
std::string shortest_text(F v) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  for (auto digits = static_cast<int>(significant_digits(text).size()); is_half_way(text, v); ++digits) {
    text.assign(buffer, std::to_chars(buffer, buffer + sizeof buffer, v, std::chars_format::scientific, digits).ptr);
  }
  return text;
}

template <typename F>
void format_floating(F v, int extra_float_digits, int precision, std::string* out) {
  if (std::isnan(v)) {
    out->append("NaN");
  } else if (std::isinf(v)) {
    out->append(v < 0 ? "-Infinity" : "Infinity");
  } else if (v == 0) {
    out->append(std::signbit(v) ? "-0" : "0");
  } else if (extra_float_digits <= 0) {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*g", std::max(precision + extra_float_digits, 1), static_cast<double>(v));
    out->append(buffer);
  } else {
    lay_out(shortest_text(v), precision, out);
  }
}

/// The special words, and what strtod takes but PostgreSQL does not (hexadecimal is taken by both).
template <typename F, typename Convert>
absl::StatusOr<F> parse_floating(std::string_view text, std::string_view type_name, Convert convert) {
  const std::string word(trim(text));
  if (word.empty()) return invalid_syntax(type_name, text);
  errno = 0;
  char* end = nullptr;
  const F v = convert(word.c_str(), &end);
  if (end != word.c_str() + word.size()) return invalid_syntax(type_name, text);
  if (errno == ERANGE && (v == 0 || std::isinf(v))) {
    return error(ErrorCode::kNumericValueOutOfRange, "\"", word, "\" is out of range for type ", type_name);
  }
  return v;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = text_scan::lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

absl::StatusOr<std::string> parse_escaped_bytea(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out.push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out.push_back('\\');
      ++i;
    } else if (i + 3 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '3' && text[i + 2] >= '0' &&
               text[i + 2] <= '7' && text[i + 3] >= '0' && text[i + 3] <= '7') {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type bytea");
    }
  }
  return out;
}

bool only_spaces(std::string_view text) { return text.find_first_not_of(' ') == std::string_view::npos; }

}  // namespace

absl::Status invalid_syntax(std::string_view type_name, std::string_view text) {
  return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type ", type_name, ": \"", text, "\"");
}

absl::StatusOr<int64_t> parse_integer(std::string_view text, int64_t min, int64_t max, std::string_view type_name) {
  const std::string_view word = trim(text);
  size_t at = 0;
  const bool negative = !word.empty() && word[0] == '-';
  if (negative || (!word.empty() && word[0] == '+')) ++at;
  if (at == word.size()) return invalid_syntax(type_name, text);
  __int128 v = 0;
  bool overflow = false;
  for (; at < word.size(); ++at) {
    if (!is_digit(word[at])) return invalid_syntax(type_name, text);
    v = v * 10 + (word[at] - '0');
    if (v > static_cast<__int128>(INT64_MAX) + 1) overflow = true, v = static_cast<__int128>(INT64_MAX) + 1;
  }
  if (negative) v = -v;
  if (overflow || v < min || v > max) {
    return error(ErrorCode::kNumericValueOutOfRange, "value \"", text, "\" is out of range for type ", type_name);
  }
  return static_cast<int64_t>(v);
}

absl::StatusOr<int64_t> parse_oid(std::string_view text, std::string_view type_name) {
  TROUPE_ASSIGN_OR_RETURN(const int64_t v, parse_integer(text, INT32_MIN, UINT32_MAX, type_name));
  return static_cast<int64_t>(static_cast<uint32_t>(v));
}

absl::StatusOr<double> parse_double(std::string_view text) {
  // The common case, without a copy.
  double v = 0;
  const auto fast = std::from_chars(text.data(), text.data() + text.size(), v);
  if (fast.ec == std::errc() && fast.ptr == text.data() + text.size() && std::isfinite(v)) return v;
  return parse_floating<double>(text, "double precision", [](const char* s, char** end) { return std::strtod(s, end); });
}

absl::StatusOr<float> parse_float(std::string_view text) {
  return parse_floating<float>(text, "real", [](const char* s, char** end) { return std::strtof(s, end); });
}

absl::StatusOr<bool> parse_bool(std::string_view text) {
  const std::string word = text_scan::lowered(trim(text));
  const auto abbreviates = [&word](std::string_view full, size_t at_least) {
    return word.size() >= at_least && full.substr(0, word.size()) == word;
  };
  if (abbreviates("true", 1) || abbreviates("yes", 1) || word == "on" || word == "1") return true;
  if (abbreviates("false", 1) || abbreviates("no", 1) || abbreviates("off", 2) || word == "0") return false;
  return invalid_syntax("boolean", text);
}

absl::StatusOr<Fixed16> parse_uuid(std::string_view text) {
  std::string_view word = text;
  if (word.size() > 2 && word.front() == '{' && word.back() == '}') word = word.substr(1, word.size() - 2);
  Fixed16 v;
  size_t at = 0;
  for (int i = 0; i < 16; ++i) {
    // A hyphen may stand after every group of four digits.
    if (i > 0 && i % 2 == 0 && at < word.size() && word[at] == '-') ++at;
    if (at + 2 > word.size()) return invalid_syntax("uuid", text);
    const int high = hex_digit(word[at]), low = hex_digit(word[at + 1]);
    if (high < 0 || low < 0) return invalid_syntax("uuid", text);
    v.bytes[i] = static_cast<uint8_t>(high * 16 + low);
    at += 2;
  }
  if (at != word.size()) return invalid_syntax("uuid", text);
  return v;
}

absl::StatusOr<std::string> parse_hex(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text_scan::is_space(text[i])) continue;
    const int high = hex_digit(text[i]);
    if (high < 0) {
      return error(ErrorCode::kInvalidParameterValue, "invalid hexadecimal digit: \"", text.substr(i, 1), "\"");
    }
    if (++i >= text.size()) {
      return error(ErrorCode::kInvalidParameterValue, "invalid hexadecimal data: odd number of digits");
    }
    const int low = hex_digit(text[i]);
    if (low < 0) {
      return error(ErrorCode::kInvalidParameterValue, "invalid hexadecimal digit: \"", text.substr(i, 1), "\"");
    }
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

absl::StatusOr<std::string> parse_bytea(std::string_view text) {
  if (text.starts_with("\\x")) return parse_hex(text.substr(2));
  return parse_escaped_bytea(text);
}

void format_integer(int64_t v, std::string* out) {
  char buffer[24];
  out->append(buffer, static_cast<size_t>(std::to_chars(buffer, buffer + sizeof buffer, v).ptr - buffer));
}

void format_double(double v, int extra_float_digits, std::string* out) { format_floating(v, extra_float_digits, 15, out); }
void format_float(float v, int extra_float_digits, std::string* out) { format_floating(v, extra_float_digits, 6, out); }

void format_hex(std::string_view bytes, std::string* out) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    out->push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
    out->push_back(kDigits[static_cast<uint8_t>(c) & 15]);
  }
}

void format_uuid(const Fixed16& v, std::string* out) {
  const std::string_view bytes(reinterpret_cast<const char*>(v.bytes), 16);
  constexpr size_t kGroups[] = {4, 2, 2, 2, 6};
  size_t at = 0;
  for (const size_t group : kGroups) {
    if (at > 0) out->push_back('-');
    format_hex(bytes.substr(at, group), out);
    at += group;
  }
}

void format_bytea(std::string_view bytes, bool escape, std::string* out) {
  if (!escape) {
    out->append("\\x");
    format_hex(bytes, out);
    return;
  }
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\\') {
      out->append("\\\\");
    } else if (byte < 0x20 || byte > 0x7E) {
      char octal[8];
      std::snprintf(octal, sizeof octal, "\\%03o", byte);
      out->append(octal);
    } else {
      out->push_back(c);
    }
  }
}

size_t utf8_length(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<uint8_t>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

size_t utf8_offset(std::string_view text, size_t n) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xC0) == 0x80) continue;
    if (n-- == 0) return i;
  }
  return text.size();
}

absl::StatusOr<std::string> apply_varchar_length(std::string_view text, int32_t length, bool is_explicit) {
  if (length < 0 || text.size() <= static_cast<size_t>(length)) return std::string(text);
  const size_t end = utf8_offset(text, static_cast<size_t>(length));
  if (!is_explicit && !only_spaces(text.substr(end))) {
    return error(ErrorCode::kStringDataRightTruncation, "value too long for type character varying(", length, ")");
  }
  return std::string(text.substr(0, end));
}

absl::StatusOr<std::string> apply_bpchar_length(std::string_view text, int32_t length, bool is_explicit) {
  if (length < 0) return std::string(text);
  const size_t end = utf8_offset(text, static_cast<size_t>(length));
  if (!is_explicit && !only_spaces(text.substr(end))) {
    return error(ErrorCode::kStringDataRightTruncation, "value too long for type character(", length, ")");
  }
  std::string out(text.substr(0, end));
  out.append(static_cast<size_t>(length) - utf8_length(out), ' ');
  return out;
}

absl::StatusOr<std::string> parse_bits(Type type, std::string_view text) {
  std::string bits;
  if (!text.empty() && (text[0] == 'x' || text[0] == 'X')) {
    for (const char c : text.substr(1)) {
      const int digit = hex_digit(c);
      if (digit < 0) return error(ErrorCode::kInvalidTextRepresentation, "\"", std::string(1, c), "\" is not a valid hexadecimal digit");
      for (int bit = 3; bit >= 0; --bit) bits.push_back(static_cast<char>('0' + ((digit >> bit) & 1)));
    }
  } else {
    if (!text.empty() && (text[0] == 'b' || text[0] == 'B')) text.remove_prefix(1);
    for (const char c : text) {
      if (c != '0' && c != '1') return error(ErrorCode::kInvalidTextRepresentation, "\"", std::string(1, c), "\" is not a valid binary digit");
    }
    bits = text;
  }
  const int32_t length = typmod_length(type);
  if (length < 0) return bits;
  if (type.oid == oid::kBit && bits.size() != static_cast<size_t>(length)) {
    return error(ErrorCode::kStringDataLengthMismatch, "bit string length ", bits.size(), " does not match type bit(", length, ")");
  }
  if (bits.size() > static_cast<size_t>(length)) {
    return error(ErrorCode::kStringDataRightTruncation, "bit string too long for type bit varying(", length, ")");
  }
  return bits;
}

}  // namespace troupe
