#include "runtime/plan/stream_options.hpp"

#include <charconv>

#include "runtime/types/datetime.hpp"

namespace troupe {

std::string option_text(const sql::Option& option) {
  const auto* literal = option.value == nullptr ? nullptr : option.value->as<sql::Literal>();
  if (literal == nullptr) {
    // A bare word is read as a type's name.
    const auto* word = option.value == nullptr ? nullptr : option.value->as<sql::TypeName>();
    return word == nullptr || word->name.empty() ? std::string() : std::string(word->name.back());
  }
  switch (literal->type) {
    case sql::LiteralType::kBoolean: return literal->integer != 0 ? "true" : "false";
    case sql::LiteralType::kInt4:
    case sql::LiteralType::kInt8: return cat(literal->integer);
    default: return std::string(literal->text);
  }
}

absl::Status invalid_option(const sql::Option& option, std::string_view value, std::string_view hint) {
  return with_hint(
      error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"", option.name, "\": \"", value, "\""),
      std::string(hint));
}

absl::Status check_option_once(const sql::Option& option, std::set<std::string_view>* given, const DdlBuilder& ddl) {
  if (given->insert(option.name).second) return absl::OkStatus();
  return ddl.fail_at(ErrorCode::kSyntaxError, option, "conflicting or redundant options");
}

namespace {

constexpr int32_t kPartitionsMax = 256;
constexpr int32_t kDeliveriesMax = 1'000'000;
constexpr int64_t kDayUs = 86'400'000'000;

absl::StatusOr<int32_t> number_of(const sql::Option& option, int32_t least, int32_t most) {
  const std::string text = option_text(option);
  int32_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem == std::errc() && end == text.data() + text.size() && number >= least && number <= most) return number;
  return invalid_option(option, text, cat("Give a number from ", least, " to ", most, "."));
}

absl::StatusOr<int64_t> time_of(const sql::Option& option, const DdlBuilder& ddl) {
  return interval_us(option_text(option), option.name, *ddl.context().eval);
}

absl::Status set_stream_option(const sql::Option& option, StreamDef* stream, const DdlBuilder& ddl) {
  const std::string text = option_text(option);
  if (option.name == "envelope") {
    if (text == "full") {
      stream->envelope = StreamEnvelope::full;
    } else if (text == "after") {
      stream->envelope = StreamEnvelope::after;
    } else if (text == "key") {
      stream->envelope = StreamEnvelope::key;
    } else {
      return invalid_option(option, text, "Valid values are \"full\", \"after\" and \"key\".");
    }
    return absl::OkStatus();
  }
  if (option.name == "snapshot") {
    if (text != "initial" && text != "never") {
      return invalid_option(option, text, "Valid values are \"initial\" and \"never\".");
    }
    stream->snapshot = text == "initial";
    return absl::OkStatus();
  }
  if (option.name == "retention") {
    TROUPE_ASSIGN_OR_RETURN(stream->retention_us, time_of(option, ddl));
    return absl::OkStatus();
  }
  if (option.name == "retention_bytes") {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "retention_bytes of one stream is not supported"),
                     "All streams share the log, whose size log.retention_bytes_max limits.");
  }
  return error(ErrorCode::kInvalidParameterValue, "unrecognized stream parameter \"", option.name, "\"");
}

absl::Status reset_stream_option(const sql::Option& option, StreamDef* stream) {
  if (option.value != nullptr) return error(ErrorCode::kSyntaxError, "RESET must not include values for parameters");
  const StreamDef fresh;
  if (option.name == "envelope") {
    stream->envelope = fresh.envelope;
  } else if (option.name == "snapshot") {
    stream->snapshot = fresh.snapshot;
  } else if (option.name == "retention") {
    stream->retention_us = fresh.retention_us;
  } else {
    return error(ErrorCode::kInvalidParameterValue, "unrecognized stream parameter \"", option.name, "\"");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> interval_us(std::string_view text, std::string_view what, const EvalContext& context) {
  TROUPE_ASSIGN_OR_RETURN(const Interval interval, parse_interval(text, -1, context));
  const int64_t days = int64_t{interval.months} * 30 + interval.days;
  const bool too_large = days > 36'500 || interval.us > 36'500 * kDayUs;
  const int64_t us = too_large ? -1 : days * kDayUs + interval.us;
  if (us >= 0) return us;
  return error(ErrorCode::kInvalidParameterValue, "\"", what, "\" must be a time between 0 and 100 years, not \"", text,
               "\"");
}

absl::Status set_stream_options(sql::List<const sql::Option*> options, bool reset, StreamDef* stream,
                                const DdlBuilder& ddl) {
  std::set<std::string_view> given;
  for (const sql::Option* option : options) {
    TROUPE_RETURN_IF_ERROR(check_option_once(*option, &given, ddl));
    TROUPE_RETURN_IF_ERROR(reset ? reset_stream_option(*option, stream) : set_stream_option(*option, stream, ddl));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> set_group_option(const sql::Option& option, bool is_new, ConsumerGroupDef* group,
                                      const DdlBuilder& ddl) {
  if (option.name == "ack_timeout") {
    TROUPE_ASSIGN_OR_RETURN(group->ack_timeout_us, time_of(option, ddl));
    if (group->ack_timeout_us < 1'000) {
      return invalid_option(option, option_text(option), "Give at least one millisecond.");
    }
    return true;
  }
  if (option.name == "max_deliveries") {
    TROUPE_ASSIGN_OR_RETURN(group->max_deliveries, number_of(option, 0, kDeliveriesMax));
    return true;
  }
  if (option.name != "partitions") return false;
  if (!is_new) {
    return with_hint(
        error(ErrorCode::kFeatureNotSupported, "the number of partitions of a ", group->kind(), " is fixed"),
        "Make another one.");
  }
  TROUPE_ASSIGN_OR_RETURN(group->partitions, number_of(option, 1, kPartitionsMax));
  return true;
}

absl::Status set_group_options(sql::List<const sql::Option*> options, bool is_new, ConsumerGroupDef* group,
                               const DdlBuilder& ddl) {
  std::set<std::string_view> given;
  for (const sql::Option* option : options) {
    TROUPE_RETURN_IF_ERROR(check_option_once(*option, &given, ddl));
    TROUPE_ASSIGN_OR_RETURN(const bool known, set_group_option(*option, is_new, group, ddl));
    if (known) continue;
    return error(ErrorCode::kInvalidParameterValue, "unrecognized consumer group parameter \"", option->name, "\"");
  }
  return absl::OkStatus();
}

}  // namespace troupe
