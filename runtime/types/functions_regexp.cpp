#include "runtime/types/kernel.hpp"
#include "runtime/types/regex.hpp"
#include "runtime/types/scalar_text.hpp"
#include "runtime/types/text_scan.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/column/array_format.hpp"

/// SIMILAR TO and regular expressions.
namespace troupe {
namespace {

constexpr Oid kT = oid::kText, kB = oid::kBool, kI4 = oid::kInt4;

/// SQL's pattern as a regular expression. Its parts between escape-double-quotes are groups, of which the first matches
/// as little as it can.
class SimilarPattern {
 public:
  explicit SimilarPattern(std::string_view escape) : escape_{escape} {}

  absl::StatusOr<std::string> convert(std::string_view pattern) {
    if (utf8_length(escape_) > 1) {
      return with_hint(error(ErrorCode::kInvalidEscapeSequence, "invalid escape string"),
                       "Escape string must be empty or one character.");
    }
    parts_ = count_separators(pattern);
    for (size_t i = 0; i < pattern.size();) {
      const std::string_view c = pattern.substr(i, utf8::size_at(pattern, i));
      i += c.size();
      if (escape_.empty() || c != escape_) {
        add(c);
        continue;
      }
      if (i >= pattern.size()) break;
      const std::string_view next = pattern.substr(i, utf8::size_at(pattern, i));
      i += next.size();
      TROUPE_RETURN_IF_ERROR(add_escaped(next));
    }
    return cat("^(?:", out_, ")$");
  }

 private:
  size_t count_separators(std::string_view pattern) const {
    if (escape_.empty()) return 0;
    const std::string separator = cat(escape_, "\"");
    size_t count = 0;
    for (size_t at = pattern.find(separator); at != std::string_view::npos; at = pattern.find(separator, at + 2))
      ++count;
    return count;
  }
  absl::Status add_escaped(std::string_view c) {
    if (c == "\"" && !in_class_) {
      if (++seen_ > 2) {
        return error(kInvalidUseOfEscapeCharacter,
                     "SQL regular expression may not contain more than two escape-double-quote separators");
      }
      out_.append(seen_ == 1 ? ")(" : ")(?:");
      return absl::OkStatus();
    }
    if (!(c.size() == 1 && text_scan::is_alnum(c[0]))) out_.push_back('\\');
    out_.append(c);
    return absl::OkStatus();
  }
  void add(std::string_view c) {
    const bool shortest = parts_ > 0 && seen_ == 0;
    if (in_class_) {
      if (c == "\\") out_.push_back('\\');
      out_.append(c);
      in_class_ = c != "]";
    } else if (c == "[") {
      out_.append(c);
      in_class_ = true;
    } else if (c == "%") {
      out_.append(shortest ? ".*?" : ".*");
    } else if (c == "_") {
      out_.push_back('.');
    } else if (c == "(") {
      out_.append("(?:");
    } else if (c == "\\" || c == "." || c == "^" || c == "$") {
      out_.push_back('\\');
      out_.append(c);
    } else {
      out_.append(c);
      if (shortest && (c == "*" || c == "+" || c == "?" || c == "}")) out_.push_back('?');
    }
  }

  /// 2200C.
  static constexpr ErrorCode kInvalidUseOfEscapeCharacter{pack_sqlstate("2200C")};

  std::string_view escape_;
  std::string out_;
  size_t parts_ = 0, seen_ = 0;
  bool in_class_ = false;
};

absl::StatusOr<std::string> similar_to_regex(std::string_view pattern, std::string_view escape) {
  return SimilarPattern(escape).convert(pattern);
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
absl::Status regex_kernel(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&,
                          Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    bool global;
    TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(args[1].string(row), IgnoreCase ? "i" : "", &global));
    TROUPE_ASSIGN_OR_RETURN(const bool matches, regex->matches(args[0].string(row)));
    out.set(row, matches != Negate);
  }
  return absl::OkStatus();
}

/// \1 to \9 and \& in a replacement.
void append_replacement(std::string_view with, std::string_view text, const std::vector<Regex::Span>& groups,
                        std::string* out) {
  for (size_t i = 0; i < with.size(); ++i) {
    if (with[i] != '\\' || i + 1 >= with.size()) {
      out->push_back(with[i]);
      continue;
    }
    const char c = with[++i];
    if (c == '&' || (c >= '1' && c <= '9')) {
      const size_t group = c == '&' ? 0 : static_cast<size_t>(c - '0');
      if (group < groups.size() && groups[group].begin >= 0) {
        out->append(text.substr(static_cast<size_t>(groups[group].begin),
                                static_cast<size_t>(groups[group].end - groups[group].begin)));
      }
    } else {
      if (c != '\\') out->push_back('\\');
      out->push_back(c);
    }
  }
}

/// Calls visit(groups) for every match; after an empty one the search goes on one character further.
template <typename Visit>
absl::Status for_each_match(const Regex& regex, std::string_view text, size_t from, Visit visit) {
  std::vector<Regex::Span> groups;
  while (from <= text.size()) {
    TROUPE_ASSIGN_OR_RETURN(const bool found, regex.search(text, from, &groups));
    if (!found || !visit(groups)) break;
    const auto end = static_cast<size_t>(groups[0].end);
    from = groups[0].end > groups[0].begin ? end : end + (end < text.size() ? utf8::size_at(text, end) : 1);
  }
  return absl::OkStatus();
}

/// Which matches: the n-th (0: all) of those that begin at character `start` or later.
struct Wanted {
  int32_t start = 1;
  int32_t nth = 1;
};

absl::Status bad_parameter(std::string_view name, int32_t value) {
  return error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"", name, "\": ", value);
}

/// Byte offset of a character; the text's end when it is shorter.
size_t offset_of(std::string_view text, int32_t character) {
  size_t at = 0;
  for (int32_t i = 1; i < character && at < text.size(); ++i) at += utf8::size_at(text, at);
  return at;
}
/// No match begins behind the end.
bool starts_behind(std::string_view text, int32_t start) { return static_cast<size_t>(start) > utf8_length(text) + 1; }

absl::StatusOr<std::string> replace_matches(const Regex& regex, std::string_view text, std::string_view with,
                                            Wanted wanted) {
  if (wanted.start < 1) return bad_parameter("start", wanted.start);
  if (wanted.nth < 0) return bad_parameter("n", wanted.nth);
  if (starts_behind(text, wanted.start)) return std::string(text);
  std::string out;
  size_t copied = 0;
  int32_t seen = 0;
  TROUPE_RETURN_IF_ERROR(
      for_each_match(regex, text, offset_of(text, wanted.start), [&](const std::vector<Regex::Span>& groups) {
        if (wanted.nth > 0 && ++seen < wanted.nth) return true;
        out.append(text.substr(copied, static_cast<size_t>(groups[0].begin) - copied));
        append_replacement(with, text, groups, &out);
        copied = static_cast<size_t>(groups[0].end);
        return wanted.nth == 0;
      }));
  return out.append(text.substr(copied));
}

absl::StatusOr<std::string> regexp_replace(std::string_view text, std::string_view pattern, std::string_view with,
                                           std::string_view flags) {
  if (!flags.empty() && flags[0] >= '0' && flags[0] <= '9') {
    return with_hint(
        error(ErrorCode::kInvalidParameterValue, "invalid regular expression option: \"", flags.substr(0, 1), "\""),
        "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer "
        "explicitly.");
  }
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  return replace_matches(*regex, text, with, {1, global ? 0 : 1});
}

absl::StatusOr<std::string> regexp_replace_from(std::string_view text, std::string_view pattern, std::string_view with,
                                                int32_t start, int32_t nth, std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  return replace_matches(*regex, text, with, {start, nth});
}

Value group_value(std::string_view text, const Regex::Span& span) {
  if (span.begin < 0) return Value::null(Physical::kVarlen);
  return Value::text(
      std::string(text.substr(static_cast<size_t>(span.begin), static_cast<size_t>(span.end - span.begin))));
}

absl::StatusOr<std::optional<std::string>> regexp_match(std::string_view text, std::string_view pattern,
                                                        std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return with_hint(no_global("regexp_match()"), "Use the regexp_matches function instead.");
  std::vector<Regex::Span> groups;
  TROUPE_ASSIGN_OR_RETURN(const bool found, regex->search(text, 0, &groups));
  if (!found) return std::nullopt;
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
  TROUPE_RETURN_IF_ERROR(for_each_match(*regex, text, 0, [&](const std::vector<Regex::Span>& groups) {
    // Empty matches at the ends and right after a match split nothing.
    const bool empty = groups[0].begin == groups[0].end;
    if (empty && (groups[0].begin == from || groups[0].begin == static_cast<int64_t>(text.size()))) return true;
    parts.push_back(group_value(text, {from, groups[0].begin}));
    from = groups[0].end;
    return true;
  }));
  parts.push_back(group_value(text, {from, static_cast<int64_t>(text.size())}));
  return pack_array(kT, Physical::kVarlen, parts);
}

/// substring(text from pattern): the first group, or all of the match.
absl::StatusOr<std::optional<std::string>> regexp_part(std::string_view text, std::string_view pattern) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, "", &global));
  std::vector<Regex::Span> groups;
  TROUPE_ASSIGN_OR_RETURN(const bool found, regex->search(text, 0, &groups));
  if (!found) return std::nullopt;
  const Value v = group_value(text, groups[regex->groups() > 0 ? 1 : 0]);
  return v.is_null() ? std::nullopt : std::optional(v.string());
}

absl::StatusOr<int32_t> regexp_count(std::string_view text, std::string_view pattern, int32_t start,
                                     std::string_view flags) {
  if (start < 1) return bad_parameter("start", start);
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return no_global("regexp_count()");
  if (starts_behind(text, start)) return 0;
  int32_t n = 0;
  TROUPE_RETURN_IF_ERROR(
      for_each_match(*regex, text, offset_of(text, start), [&](const std::vector<Regex::Span>&) { return ++n > 0; }));
  return n;
}

/// The n-th match's group; none when there are fewer, or it took no part.
absl::StatusOr<std::optional<Regex::Span>> nth_match(std::string_view text, std::string_view pattern, Wanted wanted,
                                                     std::string_view flags, int32_t group, std::string_view function) {
  if (wanted.start < 1) return bad_parameter("start", wanted.start);
  if (wanted.nth < 1) return bad_parameter("n", wanted.nth);
  if (group < 0) return bad_parameter("subexpr", group);
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return no_global(function);
  std::optional<Regex::Span> found;
  if (starts_behind(text, wanted.start)) return found;
  TROUPE_RETURN_IF_ERROR(
      for_each_match(*regex, text, offset_of(text, wanted.start), [&](const std::vector<Regex::Span>& groups) {
        if (--wanted.nth > 0) return true;
        const auto at = static_cast<size_t>(group);
        if (at < groups.size() && groups[at].begin >= 0) found = groups[at];
        return false;
      }));
  return found;
}

struct InstrOptions {
  int32_t start = 1, nth = 1, end = 0;
  std::string_view flags;
  int32_t group = 0;
};
/// Where it begins (or with `end` 1 where the next character is), in characters; 0: nowhere.
absl::StatusOr<int32_t> regexp_instr(std::string_view text, std::string_view pattern, InstrOptions options) {
  if (options.start < 1) return bad_parameter("start", options.start);
  if (options.nth < 1) return bad_parameter("n", options.nth);
  if (options.end != 0 && options.end != 1) return bad_parameter("endoption", options.end);
  TROUPE_ASSIGN_OR_RETURN(const auto found, nth_match(text, pattern, {options.start, options.nth}, options.flags,
                                                      options.group, "regexp_instr()"));
  if (!found) return 0;
  const int64_t at = options.end == 1 ? found->end : found->begin;
  return static_cast<int32_t>(utf8_length(text.substr(0, static_cast<size_t>(at))) + 1);
}

absl::StatusOr<std::optional<std::string>> regexp_substr(std::string_view text, std::string_view pattern, Wanted wanted,
                                                         std::string_view flags, int32_t group) {
  TROUPE_ASSIGN_OR_RETURN(const auto found, nth_match(text, pattern, wanted, flags, group, "regexp_substr()"));
  if (!found) return std::nullopt;
  return std::optional(group_value(text, *found).string());
}

absl::StatusOr<bool> regexp_like(std::string_view text, std::string_view pattern, std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  if (global) return no_global("regexp_like()");
  return regex->matches(text);
}

void register_operators(Registrar& to) {
  const auto add = [&](const char* symbol, Kernel kernel) {
    to.raw({.name = symbol, .arguments = {kT, kT}, .result = kB, .kernel = kernel, .is_operator = true});
  };
  add("~", regex_kernel<false, false>);
  add("!~", regex_kernel<true, false>);
  add("~*", regex_kernel<false, true>);
  add("!~*", regex_kernel<true, true>);
}

void register_replacing(Registrar& to) {
  using S = std::string_view;
  using I = int32_t;
  to.function<[](S t, S p, S w) { return regexp_replace(t, p, w, ""); }>("regexp_replace", {kT, kT, kT}, kT);
  to.function<[](S t, S p, S w, S f) { return regexp_replace(t, p, w, f); }>("regexp_replace", {kT, kT, kT, kT}, kT);
  to.function<[](S t, S p, S w, I from) { return regexp_replace_from(t, p, w, from, 1, ""); }>("regexp_replace",
                                                                                               {kT, kT, kT, kI4}, kT);
  to.function<[](S t, S p, S w, I from, I n) { return regexp_replace_from(t, p, w, from, n, ""); }>(
      "regexp_replace", {kT, kT, kT, kI4, kI4}, kT);
  to.function<[](S t, S p, S w, I from, I n, S f) { return regexp_replace_from(t, p, w, from, n, f); }>(
      "regexp_replace", {kT, kT, kT, kI4, kI4, kT}, kT);
}

void register_finding(Registrar& to) {
  using S = std::string_view;
  using I = int32_t;
  to.function<[](S t, S p) { return regexp_count(t, p, 1, ""); }>("regexp_count", {kT, kT}, kI4);
  to.function<[](S t, S p, I from) { return regexp_count(t, p, from, ""); }>("regexp_count", {kT, kT, kI4}, kI4);
  to.function<[](S t, S p, I from, S f) { return regexp_count(t, p, from, f); }>("regexp_count", {kT, kT, kI4, kT},
                                                                                 kI4);
  to.function<[](S t, S p) { return regexp_substr(t, p, {}, "", 0); }>("regexp_substr", {kT, kT}, kT);
  to.function<[](S t, S p, I from) {
    return regexp_substr(t, p, {from, 1}, "", 0);
  }>("regexp_substr", {kT, kT, kI4}, kT);
  to.function<[](S t, S p, I from, I n) {
    return regexp_substr(t, p, {from, n}, "", 0);
  }>("regexp_substr", {kT, kT, kI4, kI4}, kT);
  to.function<[](S t, S p, I from, I n, S f) {
    return regexp_substr(t, p, {from, n}, f, 0);
  }>("regexp_substr", {kT, kT, kI4, kI4, kT}, kT);
  to.function<[](S t, S p, I from, I n, S f, I group) {
    return regexp_substr(t, p, {from, n}, f, group);
  }>("regexp_substr", {kT, kT, kI4, kI4, kT, kI4}, kT);
  to.function<[](S t, S p) { return regexp_instr(t, p, {}); }>("regexp_instr", {kT, kT}, kI4);
  to.function<[](S t, S p, I from) {
    return regexp_instr(t, p, {from, 1, 0, "", 0});
  }>("regexp_instr", {kT, kT, kI4}, kI4);
  to.function<[](S t, S p, I from, I n) {
    return regexp_instr(t, p, {from, n, 0, "", 0});
  }>("regexp_instr", {kT, kT, kI4, kI4}, kI4);
  to.function<[](S t, S p, I from, I n, I end) {
    return regexp_instr(t, p, {from, n, end, "", 0});
  }>("regexp_instr", {kT, kT, kI4, kI4, kI4}, kI4);
  to.function<[](S t, S p, I from, I n, I end, S f) {
    return regexp_instr(t, p, {from, n, end, f, 0});
  }>("regexp_instr", {kT, kT, kI4, kI4, kI4, kT}, kI4);
  to.function<[](S t, S p, I from, I n, I end, S f, I group) {
    return regexp_instr(t, p, {from, n, end, f, group});
  }>("regexp_instr", {kT, kT, kI4, kI4, kI4, kT, kI4}, kI4);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> regexp_matches(std::string_view text, std::string_view pattern,
                                                        std::string_view flags) {
  bool global;
  TROUPE_ASSIGN_OR_RETURN(const Regex* regex, compiled(pattern, flags, &global));
  std::vector<std::string> matches;
  TROUPE_RETURN_IF_ERROR(for_each_match(*regex, text, 0, [&](const std::vector<Regex::Span>& groups) {
    std::vector<Value> parts;
    for (size_t i = regex->groups() > 0 ? 1 : 0; i < groups.size(); ++i) parts.push_back(group_value(text, groups[i]));
    matches.push_back(pack_array(kT, Physical::kVarlen, parts));
    return global;
  }));
  return matches;
}

void register_regular_expressions(Registrar& to) {
  using S = std::string_view;
  register_operators(to);
  register_replacing(to);
  register_finding(to);
  to.function<[](S p) { return similar_to_regex(p, "\\"); }>("similar_to_escape", {kT}, kT);
  to.function<[](S p, S e) { return similar_to_regex(p, e); }>("similar_to_escape", {kT, kT}, kT);
  to.function<[](S t, S p) { return regexp_match(t, p, ""); }>("regexp_match", {kT, kT}, oid::kTextArray);
  to.function<[](S t, S p, S f) { return regexp_match(t, p, f); }>("regexp_match", {kT, kT, kT}, oid::kTextArray);
  to.function<[](S t, S p) { return regexp_split(t, p, ""); }>("regexp_split_to_array", {kT, kT}, oid::kTextArray);
  to.function<[](S t, S p, S f) { return regexp_split(t, p, f); }>("regexp_split_to_array", {kT, kT, kT},
                                                                   oid::kTextArray);
  to.function<[](S t, S p) { return regexp_part(t, p); }>("substring", {kT, kT}, kT);
  to.function<[](S t, S p, S e) -> absl::StatusOr<std::optional<std::string>> {
    TROUPE_ASSIGN_OR_RETURN(const std::string pattern, similar_to_regex(p, e));
    return regexp_part(t, pattern);
  }>("substring", {kT, kT, kT}, kT);
  to.function<[](S t, S p) { return regexp_like(t, p, ""); }>("regexp_like", {kT, kT}, kB);
  to.function<[](S t, S p, S f) { return regexp_like(t, p, f); }>("regexp_like", {kT, kT, kT}, kB);
}

}  // namespace troupe
