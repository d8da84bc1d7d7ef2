#include <algorithm>
#include <cctype>
#include <cwctype>

#include "runtime/types/kernel.hpp"
#include "runtime/types/long_value.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/utf8.hpp"

/// Functions that make strings: case, parts, padding, trimming, joining, quoting. Positions count characters.
namespace troupe {
namespace {

constexpr Oid kT = oid::kText, kI4 = oid::kInt4;

absl::StatusOr<std::string> substring(std::string_view text, int64_t from, std::optional<int64_t> length) {
  if (length && *length < 0) return error(ErrorCode::kSubstringError, "negative substring length not allowed");
  const int64_t end = length ? from + *length : INT64_MAX;
  const int64_t first = std::max<int64_t>(from, 1);
  if (end <= first) return std::string();
  const size_t begin_byte = utf8_offset(text, static_cast<size_t>(first - 1));
  std::string_view rest = text.substr(begin_byte);
  if (length) rest = rest.substr(0, utf8_offset(rest, static_cast<size_t>(end - first)));
  return std::string(rest);
}

std::string left(std::string_view text, int32_t n) {
  const int64_t count = n >= 0 ? n : std::max<int64_t>(static_cast<int64_t>(utf8_length(text)) + n, 0);
  return std::string(text.substr(0, utf8_offset(text, static_cast<size_t>(count))));
}
std::string right(std::string_view text, int32_t n) {
  const auto length = static_cast<int64_t>(utf8_length(text));
  // The least number has no positive: it is 0 characters that are left out, as in PostgreSQL.
  const int64_t skip = n >= 0 ? std::max<int64_t>(length - n, 0) : n == INT32_MIN ? 0 : -int64_t{n};
  return std::string(text.substr(utf8_offset(text, static_cast<size_t>(skip))));
}

enum class Side : uint8_t { kLeft = 1, kRight = 2, kBoth = 3 };

bool contains_character(std::string_view set, std::string_view character) {
  for (size_t i = 0; i < set.size();) {
    const size_t size = utf8::size_at(set, i);
    if (set.substr(i, size) == character) return true;
    i += size;
  }
  return false;
}

std::string trimmed(std::string_view text, std::string_view set, Side side) {
  if ((static_cast<int>(side) & 1) != 0) {
    while (!text.empty()) {
      const size_t size = utf8::size_at(text, 0);
      if (!contains_character(set, text.substr(0, size))) break;
      text.remove_prefix(size);
    }
  }
  if ((static_cast<int>(side) & 2) != 0) {
    while (!text.empty()) {
      const size_t size = utf8::size_before(text, text.size());
      if (!contains_character(set, text.substr(text.size() - size))) break;
      text.remove_suffix(size);
    }
  }
  return std::string(text);
}

std::string initcap(std::string_view text) {
  std::string out;
  bool in_word = false;
  for (size_t i = 0; i < text.size();) {
    const size_t size = utf8::size_at(text, i);
    const std::string_view character = text.substr(i, size);
    out += in_word ? utf8::to_lower(character) : utf8::to_upper(character);
    in_word = size > 1 || text_scan::is_alnum(text[i]);
    i += size;
  }
  return out;
}

absl::StatusOr<std::string> replaced(const EvalContext& context, std::string_view text, std::string_view from,
                                     std::string_view to) {
  if (from.empty()) return std::string(text);
  std::string out;
  size_t asked_at = 0;
  for (size_t at = 0;;) {
    const size_t hit = text.find(from, at);
    if (hit == std::string_view::npos) return out.append(text.substr(at));
    TROUPE_RETURN_IF_ERROR(check_room(out.size(), hit - at + to.size()));
    out.append(text.substr(at, hit - at)).append(to);
    at = hit + from.size();
    if (at + out.size() < asked_at + kWorkPieceBytes) continue;
    asked_at = at + out.size();
    TROUPE_RETURN_IF_ERROR(context.check_interrupt());
  }
}

std::string translated(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const size_t size = utf8::size_at(text, i);
    const std::string_view character = text.substr(i, size);
    i += size;
    size_t index = 0;
    bool found = false;
    for (size_t j = 0; j < from.size(); j += utf8::size_at(from, j), ++index) {
      if (from.substr(j, utf8::size_at(from, j)) == character) {
        found = true;
        break;
      }
    }
    if (!found) {
      out.append(character);
    } else if (const size_t at = utf8_offset(to, index); at < to.size()) {
      out.append(to.substr(at, utf8::size_at(to, at)));
    }
  }
  return out;
}

std::string reversed(std::string_view text) {
  std::string out;
  for (size_t end = text.size(); end > 0;) {
    const size_t size = utf8::size_before(text, end);
    out.append(text.substr(end - size, size));
    end -= size;
  }
  return out;
}

absl::StatusOr<std::string> overlaid(std::string_view text, std::string_view with, int32_t from, int32_t count) {
  if (from <= 0) return error(ErrorCode::kSubstringError, "negative substring length not allowed");
  const int64_t rest = int64_t{from} + count;
  if (rest != static_cast<int32_t>(rest)) return error(ErrorCode::kNumericValueOutOfRange, "integer out of range");
  const std::string head = *substring(text, 1, from - 1);
  const std::string tail = *substring(text, rest, std::nullopt);
  return head + std::string(with) + tail;
}

absl::StatusOr<std::string> split_part(std::string_view text, std::string_view separator, int32_t n) {
  if (n == 0) return error(ErrorCode::kInvalidParameterValue, "field position must not be zero");
  if (text.empty()) return std::string();
  if (separator.empty()) return std::string(n == 1 || n == -1 ? text : std::string_view());
  std::vector<std::string_view> parts;
  for (size_t at = 0;;) {
    const size_t hit = text.find(separator, at);
    parts.push_back(text.substr(at, hit == std::string_view::npos ? std::string_view::npos : hit - at));
    if (hit == std::string_view::npos) break;
    at = hit + separator.size();
  }
  const int64_t index = n > 0 ? n - 1 : static_cast<int64_t>(parts.size()) + n;
  if (index < 0 || index >= static_cast<int64_t>(parts.size())) return std::string();
  return std::string(parts[static_cast<size_t>(index)]);
}

absl::StatusOr<std::string> chr(int32_t code) {
  if (code == 0) return error(ErrorCode::kProgramLimitExceeded, "null character not permitted");
  if (code < 0) return error(ErrorCode::kProgramLimitExceeded, "character number must be positive");
  if (code > 0x10FFFF) return error(ErrorCode::kProgramLimitExceeded, "requested character too large for encoding: ", code);
  return utf8::encode(static_cast<uint32_t>(code));
}

template <typename U>
std::string hexadecimal(U v) {
  char buffer[20];
  const int n = std::snprintf(buffer, sizeof buffer, "%llx", static_cast<unsigned long long>(v));
  return std::string(buffer, static_cast<size_t>(n));
}

absl::StatusOr<std::string> repeated(const EvalContext& context, std::string_view text, int32_t n) {
  std::string out;
  if (n <= 0 || text.empty()) return out;
  const size_t size = text.size() * static_cast<size_t>(n);
  if (size > kValueBytesMax) return requested_length_too_large();
  out.reserve(size);
  out.append(text);
  // Doubles up to a piece of work, then adds as much each time.
  size_t piece = text.size();
  while (out.size() < size) {
    out.append(out.data(), std::min(piece, size - out.size()));
    if (piece < kWorkPieceBytes) {
      piece = out.size();
    } else {
      TROUPE_RETURN_IF_ERROR(context.check_interrupt());
    }
  }
  return out;
}

absl::StatusOr<std::string> padded(const EvalContext& context, std::string_view text, int32_t length,
                                   std::string_view fill, bool on_left) {
  if (length <= 0) return std::string();
  if (static_cast<size_t>(length) > kValueBytesMax / 4) return requested_length_too_large();
  const size_t have = utf8_length(text), want = static_cast<size_t>(length);
  if (have >= want || fill.empty()) return std::string(text.substr(0, utf8_offset(text, want)));
  const size_t fill_length = utf8_length(fill), missing = want - have;
  TROUPE_ASSIGN_OR_RETURN(std::string padding, repeated(context, fill, static_cast<int32_t>(missing / fill_length)));
  padding.append(fill.substr(0, utf8_offset(fill, missing % fill_length)));
  return on_left ? padding.append(text) : std::string(text).append(padding);
}

void register_parts(Registrar& to) {
  for (const char* name : {"substr", "substring"}) {
    to.function<[](std::string_view t, int32_t from) { return substring(t, from, std::nullopt); }>(name, {kT, kI4}, kT);
    to.function<[](std::string_view t, int32_t from, int32_t n) { return substring(t, from, n); }>(name, {kT, kI4, kI4}, kT);
  }
  to.function<[](std::string_view t, int32_t n) { return left(t, n); }>("left", {kT, kI4}, kT);
  to.function<[](std::string_view t, int32_t n) { return right(t, n); }>("right", {kT, kI4}, kT);
  to.function<[](std::string_view t, std::string_view s, int32_t n) { return split_part(t, s, n); }>("split_part", {kT, kT, kI4}, kT);
  to.function<[](std::string_view t, std::string_view w, int32_t from, int32_t n) { return overlaid(t, w, from, n); }>("overlay", {kT, kT, kI4, kI4}, kT);
  to.function<[](std::string_view t, std::string_view w, int32_t from) { return overlaid(t, w, from, static_cast<int32_t>(utf8_length(w))); }>(
      "overlay", {kT, kT, kI4}, kT);
  to.function<[](std::string_view t) { return reversed(t); }>("reverse", {kT}, kT);
  constexpr auto repeat = [](EvalContext& c, std::string_view t, int32_t n) { return repeated(c, t, n); };
  to.function<repeat>("repeat", {kT, kI4}, kT);
}

void register_padding(Registrar& to) {
  to.function<[](EvalContext& c, std::string_view t, int32_t n) { return padded(c, t, n, " ", true); }>("lpad", {kT, kI4}, kT);
  to.function<[](EvalContext& c, std::string_view t, int32_t n, std::string_view f) {
    return padded(c, t, n, f, true);
  }>("lpad", {kT, kI4, kT}, kT);
  to.function<[](EvalContext& c, std::string_view t, int32_t n) { return padded(c, t, n, " ", false); }>("rpad", {kT, kI4}, kT);
  to.function<[](EvalContext& c, std::string_view t, int32_t n, std::string_view f) {
    return padded(c, t, n, f, false);
  }>("rpad", {kT, kI4, kT}, kT);
  to.function<[](std::string_view t) { return trimmed(t, " ", Side::kBoth); }>("btrim", {kT}, kT);
  to.function<[](std::string_view t) { return trimmed(t, " ", Side::kLeft); }>("ltrim", {kT}, kT);
  to.function<[](std::string_view t) { return trimmed(t, " ", Side::kRight); }>("rtrim", {kT}, kT);
  to.function<[](std::string_view t, std::string_view s) { return trimmed(t, s, Side::kBoth); }>("btrim", {kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view s) { return trimmed(t, s, Side::kLeft); }>("ltrim", {kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view s) { return trimmed(t, s, Side::kRight); }>("rtrim", {kT, kT}, kT);
}

void register_rewriting(Registrar& to) {
  to.function<[](std::string_view t) { return utf8::to_lower(t); }>("lower", {kT}, kT);
  to.function<[](std::string_view t) { return utf8::to_upper(t); }>("upper", {kT}, kT);
  to.function<[](std::string_view t) { return initcap(t); }>("initcap", {kT}, kT);
  to.function<[](EvalContext& c, std::string_view t, std::string_view f, std::string_view w) {
    return replaced(c, t, f, w);
  }>("replace", {kT, kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view f, std::string_view w) { return translated(t, f, w); }>("translate", {kT, kT, kT}, kT);
  to.function<[](int32_t c) { return chr(c); }>("chr", {kI4}, kT);
  to.function<[](std::string_view t) { return t.empty() ? 0 : static_cast<int32_t>(utf8::decode(t, 0)); }>("ascii", {kT}, kI4);
  to.function<[](int32_t v) { return hexadecimal(static_cast<uint32_t>(v)); }>("to_hex", {kI4}, kT);
  to.function<[](int64_t v) { return hexadecimal(static_cast<uint64_t>(v)); }>("to_hex", {oid::kInt8}, kT);
  to.function<[](std::string_view t) { return quote_identifier(t); }>("quote_ident", {kT}, kT);
  to.function<[](std::string_view t) { return quote_literal(t); }>("quote_literal", {kT}, kT);
}

// --- joining: null arguments are skipped, so these look at nulls themselves ---

absl::Status concat(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context, Vector& out) {
  const bool separated = call.function->name == "concat_ws";
  std::string buffer;
  for (uint32_t row = 0; row < rows; ++row) {
    if (separated && args[0].is_null(row)) {
      out.set_null(row);
      continue;
    }
    buffer.clear();
    bool first = true;
    for (size_t i = separated ? 1 : 0; i < args.size(); ++i) {
      if (args[i].is_null(row)) continue;
      if (separated && !first) buffer.append(args[0].string(row));
      first = false;
      format_text(call.arguments[i], args[i], row, context, &buffer);
    }
    out.set_string(row, buffer);
  }
  return absl::OkStatus();
}

absl::Status concat_operator(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const std::string_view a = args[0].string(row), b = args[1].string(row);
    const size_t size = a.size() + b.size();
    if (size > kValueBytesMax) return requested_length_too_large();
    char small[StringRef::kInlineMax];
    char* to = size <= sizeof small ? small : out.allocate_bytes(size);
    std::memcpy(to, a.data(), a.size());
    std::memcpy(to + a.size(), b.data(), b.size());
    out.set(row, StringRef(std::string_view(to, size)));
  }
  return absl::OkStatus();
}

/// anynonarray || text and the other way round: the other side cast to text.
absl::Status concat_any(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context, Vector& out) {
  std::string buffer;
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    buffer.clear();
    for (size_t i = 0; i < 2; ++i) {
      if (call.arguments[i].oid == oid::kBool) {
        buffer.append(args[i].get<bool>(row) ? "true" : "false");
      } else {
        format_text(call.arguments[i], args[i], row, context, &buffer);
      }
    }
    out.set_string(row, buffer);
  }
  return absl::OkStatus();
}

void register_joining(Registrar& to) {
  to.raw({.name = "concat", .arguments = {oid::kAny}, .result = kT, .kernel = concat, .strict = false, .variadic = true, .volatility = Volatility::kStable});
  to.raw({.name = "concat_ws", .arguments = {kT, oid::kAny}, .result = kT, .kernel = concat, .strict = false, .variadic = true, .volatility = Volatility::kStable});
  to.raw({.name = "||", .arguments = {kT, kT}, .result = kT, .kernel = concat_operator, .is_operator = true});
  to.raw({.name = "||", .arguments = {oid::kBytea, oid::kBytea}, .result = oid::kBytea, .kernel = concat_operator, .is_operator = true});
  to.raw({.name = "||", .arguments = {oid::kVarbit, oid::kVarbit}, .result = oid::kVarbit, .kernel = concat_operator, .is_operator = true});
  to.raw({.name = "||", .arguments = {oid::kAnyNonArray, kT}, .result = kT, .kernel = concat_any, .is_operator = true, .volatility = Volatility::kStable});
  to.raw({.name = "||", .arguments = {kT, oid::kAnyNonArray}, .result = kT, .kernel = concat_any, .is_operator = true, .volatility = Volatility::kStable});
}

}  // namespace

void register_strings(Registrar& to) {
  register_parts(to);
  register_padding(to);
  register_rewriting(to);
  register_joining(to);
}

}  // namespace troupe
