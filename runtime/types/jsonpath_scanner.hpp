#pragma once
/// Tokens of the path language.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

enum class PathToken : uint8_t {
  kEnd,
  kIdent,     ///< a bare word that is no keyword, decoded
  kKeyword,   ///< value() is in lower case
  kString,
  kVariable,
  kInt,
  kNumeric,
  kSymbol,    ///< value() is it: one character, or && || == != <> <= >= **
};

class PathScanner {
 public:
  explicit PathScanner(std::string_view text) : text_{text} {}

  absl::Status step();
  PathToken kind() const { return kind_; }
  const std::string& value() const { return value_; }
  bool is(std::string_view symbol) const { return kind_ == PathToken::kSymbol && value_ == symbol; }
  bool is_word(std::string_view keyword) const { return kind_ == PathToken::kKeyword && value_ == keyword; }
  /// `syntax error at or near "..." of jsonpath input`
  absl::Status syntax_error(std::string_view message = "syntax error") const;

 private:
  absl::Status skip_space();
  absl::Status number();
  absl::Status word();
  absl::Status quoted();
  absl::Status escape(std::string* out);
  absl::Status unicode(uint32_t* high, std::string* out);
  absl::StatusOr<uint32_t> hex(size_t digits);

  std::string_view text_;
  size_t at_ = 0;
  size_t start_ = 0;
  PathToken kind_ = PathToken::kEnd;
  std::string value_;
};

}  // namespace troupe
