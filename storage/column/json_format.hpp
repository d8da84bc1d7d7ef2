#pragma once
/// json and jsonb values: JSON text. json is the text as given; jsonb is canonical: one space after `:` and `,`, keys
/// unique and sorted by length, then bytes, strings with PostgreSQL's escapes only, numbers as numeric prints them.
/// What is here walks text that is known to be valid, without a tree.
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

/// In the order of jsonb's comparison.
enum class JsonKind : uint8_t { kNull, kString, kNumber, kBool, kArray, kObject };

/// Of the value that `json` starts with (behind white space).
JsonKind json_kind(std::string_view json);
inline bool is_json_container(JsonKind kind) { return kind >= JsonKind::kArray; }

/// Where the value that starts at `at` ends.
size_t json_value_end(std::string_view json, size_t at);
/// Without the white space around.
std::string_view trim_json(std::string_view json);

/// The elements of an array or the members of an object, one after the other.
class JsonItems {
 public:
  explicit JsonItems(std::string_view container);
  /// Steps to the next; false at the end.
  bool next();
  /// With its quotes and escapes; of an object only.
  std::string_view key() const { return key_; }
  std::string_view value() const { return value_; }

 private:
  void skip_space();

  std::string_view text_;
  std::string_view key_;
  std::string_view value_;
  size_t at_ = 0;
  bool object_ = false;
};

/// What a string (with quotes) says. Half of a surrogate pair and \u0000 are for who reads json to refuse
/// (runtime/types/json.hpp); here they are dropped.
std::string json_string_value(std::string_view quoted);
/// Whether the string (with quotes) says `text`, without making a copy when it has no escapes.
bool json_string_is(std::string_view quoted, std::string_view text);
uint32_t json_item_count(std::string_view container);

/// Appends `text` (UTF-8) as a JSON string, quotes included, as PostgreSQL's escape_json().
void append_json_string(std::string_view text, std::string* out);

/// Decimal texts as jsonb writes numbers: no exponent.
int compare_json_numbers(std::string_view a, std::string_view b);
/// PostgreSQL's order of jsonb. Both are canonical.
int compare_jsonb(std::string_view a, std::string_view b);
/// A key that sorts so.
void encode_jsonb_key(std::string_view json, std::string* out);

}  // namespace troupe
