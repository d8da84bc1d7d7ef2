#include "runtime/types/array.hpp"
#include "runtime/types/kernel.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/utf8.hpp"

/// Functions that look into strings or take them apart: lengths, positions, string_to_array, format().
namespace troupe {
namespace {

constexpr Oid kT = oid::kText, kI4 = oid::kInt4;

int32_t position(std::string_view text, std::string_view wanted) {
  const size_t at = text.find(wanted);
  return at == std::string_view::npos ? 0 : static_cast<int32_t>(utf8_length(text.substr(0, at)) + 1);
}

std::string text_array(std::span<const Value> elements) { return pack_array(kT, Physical::kVarlen, elements); }

/// Not strict: a null separator splits into characters.
absl::Status string_to_array(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row)) {
      out.set_null(row);
      continue;
    }
    const std::string_view text = args[0].string(row);
    std::vector<Value> parts;
    const auto add = [&](std::string_view part) {
      const bool null = args.size() > 2 && !args[2].is_null(row) && args[2].string(row) == part;
      parts.push_back(null ? Value::null(Physical::kVarlen) : Value::text(std::string(part)));
    };
    if (args[1].is_null(row)) {
      for (size_t i = 0; i < text.size(); i += utf8::size_at(text, i)) add(text.substr(i, utf8::size_at(text, i)));
    } else if (const std::string_view separator = args[1].string(row); !text.empty()) {
      for (size_t at = 0;;) {
        const size_t hit = separator.empty() ? std::string_view::npos : text.find(separator, at);
        add(text.substr(at, hit == std::string_view::npos ? hit : hit - at));
        if (hit == std::string_view::npos) break;
        at = hit + separator.size();
      }
    }
    out.set_string(row, text_array(parts));
  }
  return absl::OkStatus();
}

/// Not strict: the third argument, what nulls are written as, may be null.
absl::Status array_to_string(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context, Vector& out) {
  const Type element{element_type_of(call.arguments[0].oid)};
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row) || args[1].is_null(row)) {
      out.set_null(row);
      continue;
    }
    const ArrayView array(args[0].string(row));
    const bool write_nulls = args.size() > 2 && !args[2].is_null(row);
    std::string joined;
    bool first = true;
    for (uint32_t i = 0; i < array.size(); ++i) {
      if (array.is_null(i) && !write_nulls) continue;
      if (!first) joined.append(args[1].string(row));
      first = false;
      if (array.is_null(i)) {
        joined.append(args[2].string(row));
      } else {
        format_text(element, array.value(i), context, &joined);
      }
    }
    out.set_string(row, joined);
  }
  return absl::OkStatus();
}

/// One %[position$][-][width]type of format().
struct Specifier {
  int position = 0;
  bool left = false;
  int width = 0;
  int width_argument = -1;  ///< "*": 0 = the next, n = the n-th
  char type = 's';
};

class Formatter {
 public:
  Formatter(const BoundFunction& call, std::span<const Vector> args, uint32_t row, EvalContext& context)
      : call_{call}, args_{args}, row_{row}, context_{context} {}

  absl::StatusOr<std::string> run(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out.push_back(text[i]);
        continue;
      }
      if (++i >= text.size()) return unterminated();
      if (text[i] == '%') {
        out.push_back('%');
        continue;
      }
      Specifier spec;
      TROUPE_RETURN_IF_ERROR(parse(text, &i, &spec));
      TROUPE_RETURN_IF_ERROR(append(spec, &out));
    }
    return out;
  }

 private:
  static absl::Status unterminated() {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "unterminated format() type specifier"), "For a single \"%\" use \"%%\".");
  }
  static int number(std::string_view text, size_t* i) {
    int v = 0;
    while (*i < text.size() && text[*i] >= '0' && text[*i] <= '9') v = std::min(v * 10 + (text[(*i)++] - '0'), 100000000);
    return v;
  }
  static absl::Status parse(std::string_view text, size_t* i, Specifier* spec) {
    const size_t start = *i;
    const int first = number(text, i);
    if (*i > start && *i < text.size() && text[*i] == '$') {
      if (first == 0) return error(ErrorCode::kInvalidParameterValue, "format specifies argument 0, but arguments are numbered from 1");
      spec->position = first;
      ++*i;
    } else {
      *i = start;
    }
    while (*i < text.size() && text[*i] == '-') spec->left = true, ++*i;
    if (*i < text.size() && text[*i] == '*') {
      ++*i;
      spec->width_argument = number(text, i);
      if (*i < text.size() && text[*i] == '$') ++*i;
    } else {
      spec->width = number(text, i);
    }
    if (*i >= text.size()) return unterminated();
    spec->type = text[*i];
    if (spec->type != 's' && spec->type != 'I' && spec->type != 'L') {
      return with_hint(error(ErrorCode::kInvalidParameterValue, "unrecognized format() type specifier \"", std::string(1, spec->type), "\""),
                       "For a single \"%\" use \"%%\".");
    }
    return absl::OkStatus();
  }
  absl::StatusOr<size_t> argument(int position) {
    const size_t at = position > 0 ? static_cast<size_t>(position) : ++last_;
    last_ = at;
    if (at >= args_.size()) return error(ErrorCode::kInvalidParameterValue, "too few arguments for format()");
    return at;
  }
  absl::Status append(Specifier spec, std::string* out) {
    if (spec.width_argument >= 0) {
      TROUPE_ASSIGN_OR_RETURN(const size_t at, argument(spec.width_argument));
      if (!args_[at].is_null(row_)) {
        std::string width;
        format_text(call_.arguments[at], args_[at], row_, context_, &width);
        TROUPE_ASSIGN_OR_RETURN(const int64_t v, parse_integer(width, INT32_MIN + 1, INT32_MAX, "integer"));
        spec.left = spec.left || v < 0;
        spec.width = static_cast<int>(std::min<int64_t>(std::abs(v), 100000000));
      }
    }
    TROUPE_ASSIGN_OR_RETURN(const size_t at, argument(spec.position));
    std::string text;
    if (args_[at].is_null(row_)) {
      if (spec.type == 'I') return error(ErrorCode::kNullValueNotAllowed, "null values cannot be formatted as an SQL identifier");
      if (spec.type == 'L') text = "NULL";
    } else {
      format_text(call_.arguments[at], args_[at], row_, context_, &text);
      if (spec.type == 'I') text = quote_identifier(text);
      if (spec.type == 'L') text = quote_literal(text);
    }
    const size_t length = utf8_length(text);
    const size_t fill = length < static_cast<size_t>(spec.width) ? static_cast<size_t>(spec.width) - length : 0;
    if (!spec.left) out->append(fill, ' ');
    out->append(text);
    if (spec.left) out->append(fill, ' ');
    return absl::OkStatus();
  }

  const BoundFunction& call_;
  std::span<const Vector> args_;
  uint32_t row_;
  EvalContext& context_;
  size_t last_ = 0;
};

absl::Status format(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row)) {
      out.set_null(row);
      continue;
    }
    TROUPE_ASSIGN_OR_RETURN(const std::string text, Formatter(call, args, row, context).run(args[0].string(row)));
    out.set_string(row, text);
  }
  return absl::OkStatus();
}

absl::Status quote_nullable(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    out.set_string(row, args[0].is_null(row) ? std::string("NULL") : quote_literal(args[0].string(row)));
  }
  return absl::OkStatus();
}

/// quote_literal() and quote_nullable() of what is no text: as a cast to text writes it.
template <bool Nullable>
absl::Status quote_any(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext& context,
                       Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (args[0].is_null(row)) {
      if (Nullable)
        out.set_string(row, "NULL");
      else
        out.set_null(row);
      continue;
    }
    std::string text;
    if (call.arguments[0].oid == oid::kBool)
      text = args[0].get<bool>(row) ? "true" : "false";
    else
      format_text(call.arguments[0], args[0], row, context, &text);
    out.set_string(row, quote_literal(text));
  }
  return absl::OkStatus();
}

absl::Status bad_identifier(std::string_view whole) {
  return error(ErrorCode::kInvalidParameterValue, "string is not a valid identifier: \"", whole, "\"");
}

/// parse_ident(): the parts of a name as SQL reads it. Not strict about what follows it unless `strict`.
class IdentifierParser {
 public:
  IdentifierParser(std::string_view whole, bool strict) : whole_{whole}, strict_{strict} {}

  absl::StatusOr<std::string> run() {
    std::vector<Value> parts;
    skip_blanks();
    for (bool after_dot = false;;) {
      TROUPE_ASSIGN_OR_RETURN(std::string part, next(after_dot));
      parts.push_back(Value::text(std::move(part)));
      skip_blanks();
      if (at_ < whole_.size() && whole_[at_] == '.') {
        after_dot = true;
        ++at_;
        skip_blanks();
        continue;
      }
      if (at_ < whole_.size() && strict_) return bad_identifier(whole_);
      return text_array(parts);
    }
  }

 private:
  void skip_blanks() {
    while (at_ < whole_.size() && text_scan::is_space(whole_[at_])) ++at_;
  }
  static bool starts(char c) { return text_scan::is_alpha(c) || c == '_' || static_cast<unsigned char>(c) >= 128; }
  absl::StatusOr<std::string> next(bool after_dot) {
    if (at_ < whole_.size() && whole_[at_] == '"') return quoted();
    const size_t begin = at_;
    if (at_ < whole_.size() && starts(whole_[at_])) {
      while (at_ < whole_.size() && (starts(whole_[at_]) || text_scan::is_digit(whole_[at_]) || whole_[at_] == '$'))
        ++at_;
      return utf8::to_lower(whole_.substr(begin, at_ - begin));
    }
    if (at_ < whole_.size() && whole_[at_] == '.') {
      return with_detail(bad_identifier(whole_), "No valid identifier before \".\".");
    }
    if (after_dot) return with_detail(bad_identifier(whole_), "No valid identifier after \".\".");
    return bad_identifier(whole_);
  }
  absl::StatusOr<std::string> quoted() {
    std::string part;
    for (++at_; at_ < whole_.size(); ++at_) {
      if (whole_[at_] != '"') {
        part.push_back(whole_[at_]);
      } else if (at_ + 1 < whole_.size() && whole_[at_ + 1] == '"') {
        part.push_back(whole_[at_++]);
      } else {
        ++at_;
        if (!part.empty()) return part;
        return with_detail(bad_identifier(whole_), "Quoted identifier must not be empty.");
      }
    }
    return with_detail(bad_identifier(whole_), "String has unclosed double quotes.");
  }

  std::string_view whole_;
  bool strict_;
  size_t at_ = 0;
};

absl::StatusOr<uint32_t> hexadecimal(std::string_view text, size_t at, size_t digits) {
  uint32_t code = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char c = at + i < text.size() ? text_scan::lower(text[at + i]) : '\0';
    if (text_scan::is_digit(c))
      code = code * 16 + static_cast<uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      code = code * 16 + static_cast<uint32_t>(c - 'a' + 10);
    else
      return with_hint(error(ErrorCode::kSyntaxError, "invalid Unicode escape"),
                       "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.");
  }
  return code;
}

/// unistr(): \\XXXX, \\+XXXXXX, \\uXXXX and \\UXXXXXXXX are characters.
absl::StatusOr<std::string> unistr(std::string_view text) {
  const auto bad_pair = [] { return error(ErrorCode::kSyntaxError, "invalid Unicode surrogate pair"); };
  std::string out;
  uint32_t high = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] != '\\' || text.substr(at).starts_with("\\\\")) {
      if (high != 0) return bad_pair();
      out.push_back(text[at]);
      at += text[at] == '\\' ? 2 : 1;
      continue;
    }
    const char kind = at + 1 < text.size() ? text[at + 1] : '\0';
    const size_t prefix = kind == '+' || kind == 'u' || kind == 'U' ? 2 : 1;
    const size_t digits = kind == '+' ? 6 : kind == 'U' ? 8 : 4;
    TROUPE_ASSIGN_OR_RETURN(uint32_t code, hexadecimal(text, at + prefix, digits));
    at += prefix + digits;
    const bool is_high = code >= 0xD800 && code < 0xDC00, is_low = code >= 0xDC00 && code < 0xE000;
    if ((high != 0) != is_low) return bad_pair();
    if (is_low) code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00);
    high = is_high ? code : 0;
    if (is_high) continue;
    if (code == 0 || code > 0x10FFFF) {
      return error(ErrorCode::kInvalidParameterValue, "invalid Unicode code point: ", code);
    }
    out += utf8::encode(code);
  }
  return high != 0 ? absl::StatusOr<std::string>(bad_pair()) : out;
}

}  // namespace

void register_string_search(Registrar& to) {
  constexpr auto characters = [](std::string_view t) { return static_cast<int32_t>(utf8_length(t)); };
  for (const char* name : {"length", "char_length", "character_length"}) to.function<characters>(name, {kT}, kI4);
  constexpr auto unpadded = [](std::string_view t) {
    while (!t.empty() && t.back() == ' ') t.remove_suffix(1);
    return static_cast<int32_t>(utf8_length(t));
  };
  for (const char* name : {"length", "char_length", "character_length"}) to.function<unpadded>(name, {oid::kBpchar}, kI4);
  to.function<[](std::string_view t) { return static_cast<int32_t>(t.size()); }>("octet_length", {kT}, kI4);
  to.function<[](std::string_view t) { return static_cast<int32_t>(t.size()); }>("octet_length", {oid::kBpchar}, kI4);
  to.function<[](std::string_view t) { return static_cast<int32_t>(t.size() * 8); }>("bit_length", {kT}, kI4);
  to.function<[](std::string_view b) { return static_cast<int32_t>(b.size() * 8); }>("bit_length", {oid::kBytea}, kI4);
  to.function<[](std::string_view t, std::string_view w) { return position(t, w); }>("strpos", {kT, kT}, kI4);
  to.function<[](std::string_view t, std::string_view w) { return position(t, w); }>("position", {kT, kT}, kI4);
  constexpr auto starts = [](std::string_view t, std::string_view w) { return t.starts_with(w); };
  to.op_and_function<starts>("^@", "starts_with", {kT, kT}, oid::kBool);
  to.raw({.name = "string_to_array", .arguments = {kT, kT}, .result = oid::kTextArray, .kernel = string_to_array, .strict = false});
  to.raw({.name = "string_to_array", .arguments = {kT, kT, kT}, .result = oid::kTextArray, .kernel = string_to_array, .strict = false});
  to.raw({.name = "array_to_string", .arguments = {oid::kAnyArray, kT}, .result = kT, .kernel = array_to_string, .strict = false, .volatility = Volatility::kStable});
  to.raw({.name = "array_to_string", .arguments = {oid::kAnyArray, kT, kT}, .result = kT, .kernel = array_to_string, .strict = false, .volatility = Volatility::kStable});
  to.raw({.name = "format", .arguments = {kT}, .result = kT, .kernel = format, .strict = false, .volatility = Volatility::kStable});
  to.raw({.name = "format", .arguments = {kT, oid::kAny}, .result = kT, .kernel = format, .strict = false, .variadic = true, .volatility = Volatility::kStable});
  to.raw({.name = "quote_literal",
          .arguments = {oid::kAnyElement},
          .result = kT,
          .kernel = quote_any<false>,
          .volatility = Volatility::kStable});
  to.raw({.name = "quote_nullable",
          .arguments = {oid::kAnyElement},
          .result = kT,
          .kernel = quote_any<true>,
          .strict = false,
          .volatility = Volatility::kStable});
  to.function<[](std::string_view t) { return IdentifierParser(t, true).run(); }>("parse_ident", {kT}, oid::kTextArray);
  to.function<[](std::string_view t, bool strict) { return IdentifierParser(t, strict).run(); }>(
      "parse_ident", {kT, oid::kBool}, oid::kTextArray);
  to.function<[](std::string_view t) { return unistr(t); }>("unistr", {kT}, kT);
  to.raw({.name = "quote_nullable", .arguments = {kT}, .result = kT, .kernel = quote_nullable, .strict = false});
}

}  // namespace troupe
