#pragma once
/// Regular expressions with PostgreSQL's ARE syntax, by simulation of an automaton (Thompson 1968, Pike's captures), so
/// that no pattern takes exponential time. As PostgreSQL: the leftmost match, the longest one, or the shortest when
/// the first quantifier is non-greedy. Patterns with back-references are tried every way, with a limit.
/// Sub-matches inside that overall match follow the pattern's quantifiers from left to right.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/base/error.hpp"

namespace troupe {

struct RegexOptions {
  bool ignore_case = false;
  bool newline_sensitive = false;  ///< . and [^x] stop at newlines, ^ and $ match around them
  bool literal = false;
  bool expanded = false;  ///< white space and # comments in the pattern mean nothing
  // Halves of newline_sensitive.
  bool dot_stops_at_newline = false;  ///< . and [^x]
  bool line_anchors = false;          ///< ^ and $
};

/// The flags argument of regexp_replace() and its like; "g" is reported apart. Errors: 22023.
absl::StatusOr<RegexOptions> parse_regex_flags(std::string_view flags, bool* global);

/// regexp_matches(): for each match (without the flag g: the first) its groups, or all of it when there are none, as a
/// packed text array. Errors: 2201B, 22023.
absl::StatusOr<std::vector<std::string>> regexp_matches(std::string_view text, std::string_view pattern,
                                                        std::string_view flags);

class Regex {
 public:
  /// Errors: 2201B `invalid regular expression: ...`.
  static absl::StatusOr<Regex> compile(std::string_view pattern, RegexOptions options);

  /// Byte offsets; -1 for groups that took no part. [0] is the whole match.
  struct Span {
    int64_t begin = -1;
    int64_t end = -1;
  };
  /// Errors: 2201B, of patterns with back-references only, when there are too many ways to match.
  absl::StatusOr<bool> search(std::string_view text, size_t from, std::vector<Span>* groups) const;
  absl::StatusOr<bool> matches(std::string_view text) const;
  int groups() const;

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

}  // namespace troupe
