#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "runtime/settings/string_value.hpp"

namespace troupe {
namespace {

constexpr std::string_view kOutputs[] = {"ISO", "SQL", "Postgres", "German"};  // by DateOutput
constexpr std::string_view kOrders[] = {"MDY", "DMY", "YMD"};                  // by DateOrder

struct DateStyle {
  std::optional<DateOutput> output;
  std::optional<DateOrder> order;
  bool german_order = false;  ///< DMY came with German and yields to an explicit order
  bool conflict = false;

  void set_output(DateOutput v) {
    conflict |= output && *output != v;
    output = v;
  }
  void set_order(DateOrder v) {
    conflict |= order && !german_order && *order != v;
    order = v;
    german_order = false;
  }
  /// False when the word means nothing.
  bool add(std::string_view word);
};

bool DateStyle::add(std::string_view word) {
  const std::string lower = absl::AsciiStrToLower(absl_view(word));
  if (lower == "iso") {
    set_output(DateOutput::kIso);
  } else if (lower == "sql") {
    set_output(DateOutput::kSql);
  } else if (absl::StartsWith(lower, "postgres")) {
    set_output(DateOutput::kPostgres);
  } else if (lower == "german") {
    set_output(DateOutput::kGerman);
    if (!order) {
      order = DateOrder::kDmy;
      german_order = true;
    }
  } else if (lower == "ymd") {
    set_order(DateOrder::kYmd);
  } else if (lower == "dmy" || absl::StartsWith(lower, "euro")) {
    set_order(DateOrder::kDmy);
  } else if (lower == "mdy" || lower == "us" || absl::StartsWith(lower, "noneuro")) {
    set_order(DateOrder::kMdy);
  } else if (lower == "default") {
    if (!output) output = DateOutput::kIso;
    if (!order) order = DateOrder::kMdy;
  } else {
    return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::string> canonical_date_style(std::string_view text, std::string_view current) {
  const auto words = split_identifiers(text);
  if (!words) return with_detail(invalid_parameter_value("DateStyle", text), "List syntax is invalid.");
  DateStyle style;
  for (const std::string& word : *words) {
    if (!style.add(word)) {
      return with_detail(invalid_parameter_value("DateStyle", text), cat("Unrecognized key word: \"", word, "\"."));
    }
  }
  if (style.conflict) {
    return with_detail(invalid_parameter_value("DateStyle", text), "Conflicting \"datestyle\" specifications.");
  }
  DateOutput output = DateOutput::kIso;
  DateOrder order = DateOrder::kMdy;
  decode_date_style(current, &output, &order);
  return cat(kOutputs[static_cast<int>(style.output.value_or(output))], ", ",
             kOrders[static_cast<int>(style.order.value_or(order))]);
}

void decode_date_style(std::string_view canonical, DateOutput* output, DateOrder* order) {
  for (int i = 0; i < 4; ++i) {
    if (canonical.starts_with(kOutputs[i])) *output = static_cast<DateOutput>(i);
  }
  for (int i = 0; i < 3; ++i) {
    if (canonical.ends_with(kOrders[i])) *order = static_cast<DateOrder>(i);
  }
}

}  // namespace troupe
