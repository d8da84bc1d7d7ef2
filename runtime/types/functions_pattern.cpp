#include "runtime/types/kernel.hpp"
#include "runtime/types/regex.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/column/array_format.hpp"

/// LIKE, SIMILAR TO and regular expressions.
namespace troupe {
namespace {

constexpr Oid kT = oid::kText, kB = oid::kBool, kI4 = oid::kInt4;

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

/// SQL's SIMILAR TO pattern as a regular expression.
absl::StatusOr<std::string> similar_to_regex(std::string_view pattern, std::string_view escape) {
  if (utf8_length(escape) > 1) {
    return with_hint(error(ErrorCode::kInvalidEscapeSequence, "invalid escape string"), "Escape string must be empty or one character.");
  }
  std::string out = "^(?:";
  bool in_class = false;
  for (size_t i = 0; i < pattern.size();) {
    const size_t size = utf8::size_at(pattern, i);
    const std::string_view c = pattern.substr(i, size);
    i += size;
    if (!escape.empty() && c == escape) {
      if (i >= pattern.size()) break;
      const size_t next = utf8::size_at(pattern, i);
      if (!(next == 1 && std::isalnum(static_cast<unsigned char>(pattern[i])))) out.push_back('\\');
      out.append(pattern.substr(i, next));
      i += next;
    } else if (in_class) {
      if (c == "\\") out.push_back('\\');
      out.append(c);
      in_class = c != "]";
    } else if (c == "[") {
      out.append(c);
      in_class = true;
    } else if (c == "%") {
      out.append(".*");
    } else if (c == "_") {
      out.push_back('.');
    } else if (c == "(") {
      out.append("(?:");
    } else {
      if (c == "\\" || c == "." || c == "^" || c == "$") out.push_back('\\');
      out.append(c);
    }
  }
  return out + ")$";
}

// --- regular expressions ---

/// Compiles when the pattern changes: once a batch for a constant one, and the last one is kept across batches.
class PatternCache {
 public:
  absl::StatusOr<const Regex*> get(std::string_view pattern, std::string_view flags, bool* global) {
    if (!ready_ || pattern != pattern_ || flags != flags_) {
      ready_ = false;
      TROUPE_ASSIGN_OR_RETURN(const RegexOptions options, parse_regex_flags(flags, &global_));
      TROUPE_ASSIGN_OR_RETURN(regex_, Regex::compile(pattern, options));
      pattern_ = pattern;
      flags_ = flags;
      ready_ = true;
    }
    *global = global_;
    return &regex_;
  }

 private:
  bool ready_ = false, global_ = false;
  std::string pattern_, flags_;
  Regex regex_;
};

absl::StatusOr<const Regex*> compiled(std::string_view pattern, std::string_view flags, bool* global) {
  thread_local PatternCache cache;
  return cache.get(pattern, flags, global);
}
absl::Status no_global(std::string_view function) {
  return error(ErrorCode::kInvalidParameterValue, function, " does not support the \"global\" option");
}

template <bool Negate, bool IgnoreCase>
absl::Status regex_kernel(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    bool global;
    TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(args[1].string(row), IgnoreCase ? "i" : "", &global));
    out.set(row, regex->matches(args[0].string(row)) != Negate);
  }
  return absl::OkStatus();
}

/// \1 to \9 and \& in a replacement.
void append_replacement(std::string_view with, std::string_view text, const std::vector<Regex::Span>& groups, std::string* out) {
  for (size_t i = 0; i < with.size(); ++i) {
    if (with[i] != '\\' || i + 1 >= with.size()) {
      out->push_back(with[i]);
      continue;
    }
    const char c = with[++i];
    if (c == '&' || (c >= '1' && c <= '9')) {
      const size_t group = c == '&' ? 0 : static_cast<size_t>(c - '0');
      if (group < groups.size() && groups[group].begin >= 0) {
        out->append(text.substr(static_cast<size_t>(groups[group].begin), static_cast<size_t>(groups[group].end - groups[group].begin)));
      }
    } else {
      if (c != '\\') out->push_back('\\');
      out->push_back(c);
    }
  }
}

/// Calls visit(groups) for every match; after an empty one the search goes on one character further.
template <typename Visit>
void for_each_match(const Regex& regex, std::string_view text, Visit visit) {
  std::vector<Regex::Span> groups;
  for (size_t from = 0; from <= text.size();) {
    if (!regex.search(text, from, &groups)) return;
    if (!visit(groups)) return;
    const auto end = static_cast<size_t>(groups[0].end);
    from = groups[0].end > groups[0].begin ? end : end + (end < text.size() ? utf8::size_at(text, end) : 1);
  }
}

absl::StatusOr<std::string> regexp_replace(std::string_view text, std::string_view pattern, std::string_view with, std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  std::string out;
  size_t copied = 0;
  for_each_match(*regex, text, [&](const std::vector<Regex::Span>& groups) {
    out.append(text.substr(copied, static_cast<size_t>(groups[0].begin) - copied));
    append_replacement(with, text, groups, &out);
    copied = static_cast<size_t>(groups[0].end);
    return global;
  });
  return out.append(text.substr(copied));
}

Value group_value(std::string_view text, const Regex::Span& span) {
  if (span.begin < 0) return Value::null(Physical::kVarlen);
  return Value::text(std::string(text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin))));
}

absl::StatusOr<std::optional<std::string>> regexp_match(std::string_view text, std::string_view pattern, std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return with_hint(no_global("regexp_match()"), "Use the regexp_matches function instead.");
  std::vector<Regex::Span> groups;
  if (!regex->search(text, 0, &groups)) return std::nullopt;
  std::vector<Value> parts;
  for (size_t i = regex->groups() > 0 ? 1 : 0; i < groups.size(); ++i) parts.push_back(group_value(text, groups[i]));
  return std::optional(pack_array(kT, Physical::kVarlen, parts));
}

absl::StatusOr<std::string> regexp_split(std::string_view text, std::string_view pattern, std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return no_global("regexp_split_to_array()");
  std::vector<Value> parts;
  int64_t from = 0;
  for_each_match(*regex, text, [&](const std::vector<Regex::Span>& groups) {
    // Empty matches at the ends and right after a match split nothing.
    const bool empty = groups[0].begin == groups[0].end;
    if (empty && (groups[0].begin == from || groups[0].begin == static_cast<int64_t>(text.size()))) return true;
    parts.push_back(group_value(text, {from, groups[0].begin}));
    from = groups[0].end;
    return true;
  });
  parts.push_back(group_value(text, {from, static_cast<int64_t>(text.size())}));
  return pack_array(kT, Physical::kVarlen, parts);
}

/// substring(text from pattern): the first group, or all of the match.
absl::StatusOr<std::optional<std::string>> regexp_part(std::string_view text, std::string_view pattern, bool first_group) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, "", &global));
  std::vector<Regex::Span> groups;
  if (!regex->search(text, 0, &groups)) return std::nullopt;
  const Value v = group_value(text, groups[first_group && regex->groups() > 0 ? 1 : 0]);
  return v.is_null() ? std::nullopt : std::optional(v.string());
}

absl::StatusOr<int32_t> regexp_count(std::string_view text, std::string_view pattern) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, "", &global));
  int32_t n = 0;
  for_each_match(*regex, text, [&](const std::vector<Regex::Span>&) { return ++n > 0; });
  return n;
}

/// Where the match begins, in characters; 0: nowhere.
absl::StatusOr<int32_t> regexp_instr(std::string_view text, std::string_view pattern, int32_t start, int32_t nth) {
  if (start < 1) return error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"start\": ", start);
  if (nth < 1) return error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"n\": ", nth);
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, "", &global));
  int64_t found = -1;
  for_each_match(*regex, text, [&](const std::vector<Regex::Span>& groups) {
    const size_t begin = utf8_length(text.substr(0, static_cast<size_t>(groups[0].begin)));
    if (static_cast<int64_t>(begin) + 1 < start) return true;
    if (--nth == 0) found = static_cast<int64_t>(begin);
    return nth > 0;
  });
  return static_cast<int32_t>(found + 1);
}

absl::StatusOr<bool> regexp_like(std::string_view text, std::string_view pattern, std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return no_global("regexp_like()");
  return regex->matches(text);
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
  add("~", kT, regex_kernel<false, false>);
  add("!~", kT, regex_kernel<true, false>);
  add("~*", kT, regex_kernel<false, true>);
  add("!~*", kT, regex_kernel<true, true>);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> regexp_matches(std::string_view text, std::string_view pattern,
                                                        std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  std::vector<std::string> matches;
  for_each_match(*regex, text, [&](const std::vector<Regex::Span>& groups) {
    std::vector<Value> parts;
    for (size_t i = regex->groups() > 0 ? 1 : 0; i < groups.size(); ++i) parts.push_back(group_value(text, groups[i]));
    matches.push_back(pack_array(kT, Physical::kVarlen, parts));
    return global;
  });
  return matches;
}

void register_patterns(Registrar& to) {
  register_operators(to);
  to.function<[](std::string_view p, std::string_view e) { return like_escape(p, e); }>("like_escape", {kT, kT}, kT);
  to.function<[](std::string_view p) { return similar_to_regex(p, "\\"); }>("similar_to_escape", {kT}, kT);
  to.function<[](std::string_view p, std::string_view e) { return similar_to_regex(p, e); }>("similar_to_escape", {kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view p, std::string_view w) { return regexp_replace(t, p, w, ""); }>("regexp_replace", {kT, kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view p, std::string_view w, std::string_view f) { return regexp_replace(t, p, w, f); }>(
      "regexp_replace", {kT, kT, kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view p) { return regexp_match(t, p, ""); }>("regexp_match", {kT, kT}, oid::kTextArray);
  to.function<[](std::string_view t, std::string_view p, std::string_view f) { return regexp_match(t, p, f); }>("regexp_match", {kT, kT, kT}, oid::kTextArray);
  to.function<[](std::string_view t, std::string_view p) { return regexp_split(t, p, ""); }>("regexp_split_to_array", {kT, kT}, oid::kTextArray);
  to.function<[](std::string_view t, std::string_view p, std::string_view f) { return regexp_split(t, p, f); }>(
      "regexp_split_to_array", {kT, kT, kT}, oid::kTextArray);
  to.function<[](std::string_view t, std::string_view p) { return regexp_part(t, p, true); }>("substring", {kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view p) { return regexp_part(t, p, false); }>("regexp_substr", {kT, kT}, kT);
  to.function<[](std::string_view t, std::string_view p) { return regexp_count(t, p); }>("regexp_count", {kT, kT}, kI4);
  to.function<[](std::string_view t, std::string_view p) { return regexp_instr(t, p, 1, 1); }>("regexp_instr", {kT, kT}, kI4);
  to.function<[](std::string_view t, std::string_view p, int32_t from) { return regexp_instr(t, p, from, 1); }>(
      "regexp_instr", {kT, kT, kI4}, kI4);
  to.function<[](std::string_view t, std::string_view p, int32_t from, int32_t nth) { return regexp_instr(t, p, from, nth); }>(
      "regexp_instr", {kT, kT, kI4, kI4}, kI4);
  to.function<[](std::string_view t, std::string_view p) { return regexp_like(t, p, ""); }>("regexp_like", {kT, kT}, kB);
  to.function<[](std::string_view t, std::string_view p, std::string_view f) { return regexp_like(t, p, f); }>("regexp_like", {kT, kT, kT}, kB);
}

}  // namespace troupe
