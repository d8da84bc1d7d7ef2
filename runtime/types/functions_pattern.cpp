#include "runtime/types/kernel.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/utf8.hpp"

/// LIKE.
namespace troupe {
namespace {

constexpr Oid kT = oid::kText, kB = oid::kBool;

// --- LIKE ---

absl::Status bad_escape() {
  return error(ErrorCode::kInvalidEscapeSequence, "LIKE pattern must not end with escape character");
}

/// Classic two-pointer matching: back to the last % when something does not fit.
absl::StatusOr<bool> like(std::string_view text, std::string_view pattern, bool bytes) {
  size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
  const auto step = [bytes](std::string_view s, size_t at) { return bytes ? size_t{1} : utf8::size_at(s, at); };
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '%') {
      star = ++p;
      resume = t;
      continue;
    }
    if (p < pattern.size() && pattern[p] == '_') {
      t += step(text, t);
      ++p;
      continue;
    }
    size_t wanted = p;
    if (p < pattern.size() && pattern[p] == '\\' && ++wanted == pattern.size()) return bad_escape();
    if (wanted < pattern.size() && pattern[wanted] == text[t]) {
      ++t;
      p = wanted + 1;
      continue;
    }
    if (star == std::string_view::npos) return false;
    resume += step(text, resume);
    t = resume;
    p = star;
  }
  while (p < pattern.size() && pattern[p] == '%') ++p;
  return p == pattern.size();
}

template <bool Negate, bool IgnoreCase>
absl::Status like_kernel(const BoundFunction& call, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  const bool bytes = call.arguments[0].oid == oid::kBytea;
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    absl::StatusOr<bool> matched = IgnoreCase ? like(utf8::to_lower(args[0].string(row)), utf8::to_lower(args[1].string(row)), bytes)
                                              : like(args[0].string(row), args[1].string(row), bytes);
    if (!matched.ok()) return matched.status();
    out.set(row, *matched != Negate);
  }
  return absl::OkStatus();
}

/// LIKE ... ESCAPE: rewritten to the backslash.
absl::StatusOr<std::string> like_escape(std::string_view pattern, std::string_view escape) {
  if (utf8_length(escape) > 1) {
    return with_hint(error(ErrorCode::kInvalidEscapeSequence, "invalid escape string"), "Escape string must be empty or one character.");
  }
  std::string out;
  for (size_t i = 0; i < pattern.size();) {
    const size_t size = utf8::size_at(pattern, i);
    const std::string_view c = pattern.substr(i, size);
    i += size;
    if (!escape.empty() && c == escape) {
      out.push_back('\\');
      if (i < pattern.size()) {
        const size_t next = utf8::size_at(pattern, i);
        out.append(pattern.substr(i, next));
        i += next;
      }
    } else {
      if (c == "\\") out.push_back('\\');
      out.append(c);
    }
  }
  return out;
}

void register_operators(Registrar& to) {
  const auto add = [&](const char* symbol, Oid type, Kernel kernel) {
    to.raw({.name = symbol, .arguments = {type, type}, .result = kB, .kernel = kernel, .is_operator = true});
  };
  add("~~", kT, like_kernel<false, false>);
  add("!~~", kT, like_kernel<true, false>);
  add("~~*", kT, like_kernel<false, true>);
  add("!~~*", kT, like_kernel<true, true>);
  add("~~", oid::kBytea, like_kernel<false, false>);
  add("!~~", oid::kBytea, like_kernel<true, false>);
}

}  // namespace

void register_patterns(Registrar& to) {
  register_operators(to);
  to.function<[](std::string_view p, std::string_view e) { return like_escape(p, e); }>("like_escape", {kT, kT}, kT);
  register_regular_expressions(to);
}

}  // namespace troupe
