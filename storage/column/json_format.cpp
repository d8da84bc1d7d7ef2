#include "storage/column/json_format.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool ends_scalar(char c) { return c == ',' || c == ']' || c == '}' || c == ':' || is_space(c); }

size_t string_end(std::string_view json, size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '"') return at + 1;
    if (json[at] == '\\') ++at;
  }
  return json.size();
}

uint32_t hex4(std::string_view text, size_t at) {
  uint32_t code = 0;
  for (size_t i = at; i < at + 4 && i < text.size(); ++i) {
    const char c = text[i];
    code = code * 16 + static_cast<uint32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return code;
}

void append_utf8(uint32_t code, std::string* out) {
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
    return;
  }
  const int more = code < 0x800 ? 1 : (code < 0x10000 ? 2 : 3);
  constexpr uint32_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out->push_back(static_cast<char>(kLead[more] | (code >> (6 * more))));
  for (int i = more - 1; i >= 0; --i) out->push_back(static_cast<char>(0x80 | ((code >> (6 * i)) & 0x3F)));
}

/// Appends what the escape behind the backslash at `at` says; returns where the text goes on.
size_t append_unescaped(std::string_view text, size_t at, std::string* out) {
  const char c = at + 1 < text.size() ? text[at + 1] : '\0';
  constexpr std::string_view kNames = "bfnrt", kValues = "\b\f\n\r\t";
  if (c != 'u') {
    const size_t named = kNames.find(c);
    out->push_back(named == std::string_view::npos ? c : kValues[named]);
    return at + 2;
  }
  uint32_t code = hex4(text, at + 2);
  at += 6;
  if (code >= 0xD800 && code < 0xDC00 && text.substr(at, 2) == "\\u") {
    code = 0x10000 + ((code - 0xD800) << 10) + (hex4(text, at + 2) - 0xDC00);
    at += 6;
  }
  const bool half = code >= 0xD800 && code < 0xE000;
  if (code != 0 && !half && code < 0x110000) append_utf8(code, out);
  return at;
}

std::string_view without_quotes(std::string_view quoted) { return quoted.substr(1, quoted.size() - 2); }

void append_escaped(char c, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': *out += "\\\""; break;
    case '\\': *out += "\\\\"; break;
    case '\b': *out += "\\b"; break;
    case '\f': *out += "\\f"; break;
    case '\n': *out += "\\n"; break;
    case '\r': *out += "\\r"; break;
    case '\t': *out += "\\t"; break;
    default:
      *out += "\\u00";
      out->push_back(kHex[static_cast<uint8_t>(c) >> 4]);
      out->push_back(kHex[static_cast<uint8_t>(c) & 15]);
  }
}

int order(size_t a, size_t b) { return a == b ? 0 : (a < b ? -1 : 1); }

int compare_plain(std::string_view a, std::string_view b) {
  const int c = a.compare(b);
  return c < 0 ? -1 : static_cast<int>(c > 0);
}

int compare_strings(std::string_view a, std::string_view b) {
  if (a.find('\\') == std::string_view::npos && b.find('\\') == std::string_view::npos) {
    return compare_plain(without_quotes(a), without_quotes(b));
  }
  return compare_plain(json_string_value(a), json_string_value(b));
}

/// A decimal text as sign, whole digits and fraction digits, without zeros that say nothing.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  bool is_zero() const { return whole.empty() && fraction.empty(); }
};

Decimal decimal_of(std::string_view text) {
  Decimal d;
  if (!text.empty() && text[0] == '-') {
    d.negative = true;
    text.remove_prefix(1);
  }
  const size_t point = std::min(text.find('.'), text.size());
  d.whole = text.substr(0, point);
  while (!d.whole.empty() && d.whole[0] == '0') d.whole.remove_prefix(1);
  if (point < text.size()) d.fraction = text.substr(point + 1);
  while (!d.fraction.empty() && d.fraction.back() == '0') d.fraction.remove_suffix(1);
  if (d.is_zero()) d.negative = false;
  return d;
}

/// At the top a scalar is an array of one element: only an empty array comes before it.
int top_class(std::string_view json) {
  const JsonKind kind = json_kind(json);
  if (kind == JsonKind::kArray && json == "[]") return 0;
  return is_json_container(kind) ? 2 : 1;
}

int compare_nested(std::string_view a, std::string_view b) {
  const JsonKind kind = json_kind(a), other = json_kind(b);
  if (kind != other) return kind < other ? -1 : 1;
  switch (kind) {
    case JsonKind::kNull: return 0;
    case JsonKind::kString: return compare_strings(a, b);
    case JsonKind::kNumber: return compare_json_numbers(a, b);
    case JsonKind::kBool: return order(a[0] == 't' ? 1 : 0, b[0] == 't' ? 1 : 0);
    default: break;
  }
  if (a == b) return 0;
  if (const int c = order(json_item_count(a), json_item_count(b)); c != 0) return c;
  JsonItems x(a), y(b);
  while (x.next() && y.next()) {
    if (kind == JsonKind::kObject) {
      if (const int c = compare_strings(x.key(), y.key()); c != 0) return c;
    }
    if (const int c = compare_nested(x.value(), y.value()); c != 0) return c;
  }
  return 0;
}

void append_big_endian(uint32_t v, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) out->push_back(static_cast<char>((v >> shift) & 0xFF));
}

void encode_number(std::string_view text, std::string* out) {
  const Decimal d = decimal_of(text);
  constexpr char kNegative = 1, kZero = 2, kPositive = 3;
  if (d.is_zero()) {
    out->push_back(kZero);
    return;
  }
  out->push_back(d.negative ? kNegative : kPositive);
  const size_t from = out->size();
  append_big_endian(static_cast<uint32_t>(d.whole.size()), out);
  out->append(d.whole).append(d.fraction).push_back('\0');
  if (!d.negative) return;
  for (size_t i = from; i < out->size(); ++i) (*out)[i] = static_cast<char>(~(*out)[i]);
}

/// jsonb's strings hold no zero bytes.
void encode_string(std::string_view quoted, std::string* out) {
  out->append(json_string_value(quoted)).push_back('\0');
}

void encode_nested(std::string_view json, std::string* out) {
  constexpr int kFirstKind = 2;
  const JsonKind kind = json_kind(json);
  out->push_back(static_cast<char>(kFirstKind + static_cast<int>(kind)));
  switch (kind) {
    case JsonKind::kNull: return;
    case JsonKind::kString: return encode_string(json, out);
    case JsonKind::kNumber: return encode_number(json, out);
    case JsonKind::kBool: return out->push_back(json[0] == 't' ? 1 : 0);
    default: break;
  }
  append_big_endian(json_item_count(json), out);
  JsonItems items(json);
  while (items.next()) {
    if (kind == JsonKind::kObject) encode_string(items.key(), out);
    encode_nested(items.value(), out);
  }
}

}  // namespace

JsonKind json_kind(std::string_view json) {
  size_t at = 0;
  while (at < json.size() && is_space(json[at])) ++at;
  switch (at < json.size() ? json[at] : 'n') {
    case '{': return JsonKind::kObject;
    case '[': return JsonKind::kArray;
    case '"': return JsonKind::kString;
    case 't':
    case 'f': return JsonKind::kBool;
    case 'n': return JsonKind::kNull;
    default: return JsonKind::kNumber;
  }
}

size_t json_value_end(std::string_view json, size_t at) {
  if (json[at] == '"') return string_end(json, at);
  if (json[at] != '{' && json[at] != '[') {
    while (at < json.size() && !ends_scalar(json[at])) ++at;
    return at;
  }
  for (uint32_t depth = 0; at < json.size();) {
    const char c = json[at];
    if (c == '"') {
      at = string_end(json, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
  }
  return at;
}

std::string_view trim_json(std::string_view json) {
  while (!json.empty() && is_space(json.front())) json.remove_prefix(1);
  while (!json.empty() && is_space(json.back())) json.remove_suffix(1);
  return json;
}

JsonItems::JsonItems(std::string_view container) : text_{container} {
  skip_space();
  object_ = at_ < text_.size() && text_[at_] == '{';
  ++at_;
}

void JsonItems::skip_space() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
}

bool JsonItems::next() {
  skip_space();
  if (at_ < text_.size() && text_[at_] == ',') {
    ++at_;
    skip_space();
  }
  if (at_ >= text_.size() || text_[at_] == ']' || text_[at_] == '}') return false;
  if (object_) {
    const size_t end = string_end(text_, at_);
    key_ = text_.substr(at_, end - at_);
    at_ = end;
    skip_space();
    ++at_;  // the colon
    skip_space();
  }
  const size_t end = json_value_end(text_, at_);
  value_ = text_.substr(at_, end - at_);
  at_ = end;
  return true;
}

std::string json_string_value(std::string_view quoted) {
  const std::string_view text = without_quotes(quoted);
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t escape = std::min(text.find('\\', at), text.size());
    out.append(text, at, escape - at);
    at = escape < text.size() ? append_unescaped(text, escape, &out) : escape;
  }
  return out;
}

bool json_string_is(std::string_view quoted, std::string_view text) {
  const std::string_view inside = without_quotes(quoted);
  if (inside.find('\\') == std::string_view::npos) return inside == text;
  return json_string_value(quoted) == text;
}

uint32_t json_item_count(std::string_view container) {
  uint32_t count = 0;
  for (JsonItems items(container); items.next();) ++count;
  return count;
}

void append_json_string(std::string_view text, std::string* out) {
  out->push_back('"');
  size_t plain = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (static_cast<uint8_t>(text[i]) >= 0x20 && text[i] != '"' && text[i] != '\\') [[likely]] continue;
    out->append(text, plain, i - plain);
    append_escaped(text[i], out);
    plain = i + 1;
  }
  out->append(text, plain);
  out->push_back('"');
}

int compare_json_numbers(std::string_view a, std::string_view b) {
  const Decimal x = decimal_of(a), y = decimal_of(b);
  if (x.negative != y.negative) return x.negative ? -1 : 1;
  int c = order(x.whole.size(), y.whole.size());
  if (c == 0) c = compare_plain(x.whole, y.whole);
  if (c == 0) c = compare_plain(x.fraction, y.fraction);
  return x.negative ? -c : c;
}

int compare_jsonb(std::string_view a, std::string_view b) {
  const int c = top_class(a) - top_class(b);
  const bool has_empty = top_class(a) == 0 || top_class(b) == 0;
  return has_empty && c != 0 ? (c < 0 ? -1 : 1) : compare_nested(a, b);
}

void encode_jsonb_key(std::string_view json, std::string* out) {
  if (top_class(json) == 0) {
    out->push_back(1);
  } else {
    encode_nested(json, out);
  }
}

}  // namespace troupe
