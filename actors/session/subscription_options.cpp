#include "actors/session/subscription_options.hpp"

#include <algorithm>
#include <cctype>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// A bare word could be a type's name, for all that the grammar knows.
std::string text_of(const sql::Option& option) {
  if (const auto* type = option.value == nullptr ? nullptr : option.value->as<sql::TypeName>()) {
    std::string words;
    for (const std::string_view word : type->name) words += cat(words.empty() ? "" : ".", word);
    return words;
  }
  const auto* literal = option.value == nullptr ? nullptr : option.value->as<sql::Literal>();
  if (literal == nullptr) return {};
  switch (literal->type) {
    case sql::LiteralType::kBoolean: return literal->integer != 0 ? "true" : "false";
    case sql::LiteralType::kInt4:
    case sql::LiteralType::kInt8: return std::to_string(literal->integer);
    default: return std::string(literal->text);
  }
}

absl::StatusOr<bool> boolean_of(const sql::Option& option) {
  if (option.value == nullptr) return true;
  std::string text = text_of(option);
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  if (text == "true" || text == "on" || text == "1") return true;
  if (text == "false" || text == "off" || text == "0") return false;
  return error(ErrorCode::kSyntaxError, option.name, " requires a Boolean value");
}

absl::StatusOr<std::string> string_of(const sql::Option& option) {
  if (option.value == nullptr) return error(ErrorCode::kSyntaxError, option.name, " requires a parameter");
  return text_of(option);
}

absl::Status check_synchronous_commit(const std::string& value) {
  constexpr std::string_view kValues[] = {"local", "remote_write", "remote_apply", "on", "off", "true",
                                          "false", "yes",          "no",           "1",  "0"};
  if (std::find(std::begin(kValues), std::end(kValues), value) != std::end(kValues)) return absl::OkStatus();
  return with_hint(
      error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"synchronous_commit\": \"", value, "\""),
      "Available values: local, remote_write, remote_apply, on, off.");
}

absl::Status exclusive(std::string_view a, std::string_view b) {
  return error(ErrorCode::kSyntaxError, a, " and ", b, " are mutually exclusive options");
}

absl::Status read_option(const sql::Option& option, SubscriptionOptions* into) {
  const std::string_view name = option.name;
  if (name == "slot_name") {
    TROUPE_ASSIGN_OR_RETURN(std::string slot, string_of(option));
    if (slot != "none") into->slot_name = std::move(slot);
    return absl::OkStatus();
  }
  if (name == "synchronous_commit") {
    TROUPE_ASSIGN_OR_RETURN(into->synchronous_commit, string_of(option));
    return check_synchronous_commit(into->synchronous_commit);
  }
  if (name == "lsn") {
    TROUPE_ASSIGN_OR_RETURN(const std::string text, string_of(option));
    if (text == "none") return absl::OkStatus();
    const auto lsn = parse_lsn_text(text);
    if (!lsn) {
      return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type pg_lsn: \"", text, "\"");
    }
    if (*lsn == kNoLsn) return error(ErrorCode::kInvalidParameterValue, "invalid WAL location (LSN): ", text);
    into->lsn = *lsn;
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(const bool value, boolean_of(option));
  if (name == "connect") into->connect = value;
  if (name == "enabled") into->enabled = value;
  if (name == "create_slot") into->create_slot = value;
  if (name == "copy_data") into->copy_data = value;
  if (name == "refresh") into->refresh = value;
  if (name == "binary") into->binary = value;
  if (name == "streaming") into->streaming = value;
  if (name == "disable_on_error") into->disable_on_error = value;
  if (name == "two_phase" && value) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "subscriptions with two_phase are not supported"),
                     "Without it prepared transactions are applied when they are committed.");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SubscriptionOptions> parse_subscription_options(sql::List<const sql::Option*> options,
                                                               std::span<const std::string_view> allowed) {
  SubscriptionOptions read;
  for (const sql::Option* option : options) {
    if (std::find(allowed.begin(), allowed.end(), option->name) == allowed.end()) {
      return error(ErrorCode::kSyntaxError, "unrecognized subscription parameter: \"", option->name, "\"");
    }
    if (!read.given.insert(std::string(option->name)).second) {
      return error(ErrorCode::kSyntaxError, "conflicting or redundant options");
    }
    TROUPE_RETURN_IF_ERROR(read_option(*option, &read));
  }
  return read;
}

absl::Status settle_create_options(SubscriptionOptions* options) {
  if (!options->connect) {
    if (options->enabled && options->has("enabled")) return exclusive("connect = false", "enabled = true");
    if (options->create_slot && options->has("create_slot")) return exclusive("connect = false", "create_slot = true");
    if (options->copy_data && options->has("copy_data")) return exclusive("connect = false", "copy_data = true");
    options->enabled = options->create_slot = options->copy_data = false;
  }
  if (!options->has("slot_name") || options->slot_name) return absl::OkStatus();
  const auto must_not = [&](bool value, std::string_view name) -> absl::Status {
    if (!value) return absl::OkStatus();
    if (options->has(name)) return exclusive("slot_name = NONE", cat(name, " = true"));
    return error(ErrorCode::kSyntaxError, "subscription with slot_name = NONE must also set ", name, " = false");
  };
  TROUPE_RETURN_IF_ERROR(must_not(options->enabled, "enabled"));
  return must_not(options->create_slot, "create_slot");
}

absl::Status check_publication_names(const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (std::find(names.begin(), names.begin() + static_cast<ptrdiff_t>(i), names[i]) ==
        names.begin() + static_cast<ptrdiff_t>(i)) {
      continue;
    }
    return error(ErrorCode::kDuplicateObject, "publication name \"", names[i], "\" used more than once");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> merge_publications(std::vector<std::string> before,
                                                            const std::vector<std::string>& named, bool adds,
                                                            std::string_view subscription) {
  TROUPE_RETURN_IF_ERROR(check_publication_names(named));
  for (const std::string& name : named) {
    const auto found = std::find(before.begin(), before.end(), name);
    if (adds && found != before.end()) {
      return error(ErrorCode::kDuplicateObject, "publication \"", name, "\" is already in subscription \"",
                   subscription, "\"");
    }
    if (adds) {
      before.push_back(name);
    } else if (found == before.end()) {
      return error(ErrorCode::kInvalidObjectDefinition, "publication \"", name, "\" is not in subscription \"",
                   subscription, "\"");
    } else {
      before.erase(found);
    }
  }
  if (before.empty()) {
    return error(ErrorCode::kInvalidObjectDefinition, "cannot drop all the publications from a subscription");
  }
  return before;
}

std::optional<Lsn> parse_lsn_text(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  Lsn lsn = 0;
  for (const std::string_view half : {text.substr(0, slash), text.substr(slash + 1)}) {
    if (half.empty() || half.size() > 8) return std::nullopt;
    uint64_t value = 0;
    for (const char c : half) {
      if (std::isxdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
      const int digit = c <= '9' ? c - '0' : std::tolower(static_cast<unsigned char>(c)) - 'a' + 10;
      value = value << 4 | static_cast<uint64_t>(digit);
    }
    lsn = lsn << 32 | value;
  }
  return lsn;
}

std::string lsn_text(Lsn lsn) {
  char text[24];
  std::snprintf(text, sizeof text, "%X/%X", static_cast<unsigned>(lsn >> 32), static_cast<unsigned>(lsn));
  return text;
}

}  // namespace troupe
