#pragma once
/// The tokens of JSON text and PostgreSQL's words about what is wrong with them.
#include <string>
#include <string_view>

#include "storage/base/error.hpp"

namespace troupe {

enum class JsonToken : uint8_t { kEnd, kString, kNumber, kWord, kPunctuation };

/// Source of the rules about tokens and of the messages: PostgreSQL 15's documentation and answers.
class JsonLexer {
 public:
  /// `strings` says whether what strings say matters: jsonb's must be text, json's only well-formed.
  JsonLexer(std::string_view text, bool strings) : text_{text}, strings_{strings} {}

  absl::Status step();
  JsonToken kind() const { return kind_; }
  std::string_view token() const { return text_.substr(start_, end_ - start_); }
  bool is(char punctuation) const { return kind_ == JsonToken::kPunctuation && text_[start_] == punctuation; }
  /// `Expected <what>, but found "<token>".`, or that the text ended.
  absl::Status expected(std::string_view what) const;

 private:
  absl::Status string();
  absl::Status escape(size_t* at, int32_t* high_surrogate);
  absl::Status unicode_escape(size_t* at, int32_t* high_surrogate);
  absl::Status number();
  absl::Status word();
  absl::Status invalid_token(size_t end);
  absl::Status bad_surrogates(size_t end);
  absl::Status syntax_error(std::string detail) const;
  absl::Status with_line(absl::Status status) const;
  size_t character_end(size_t at) const;

  std::string_view text_;
  bool strings_;
  JsonToken kind_ = JsonToken::kEnd;
  size_t start_ = 0;
  size_t end_ = 0;
  size_t line_start_ = 0;
  int line_ = 1;
};

}  // namespace troupe
