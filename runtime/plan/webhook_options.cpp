/// WITH (...) of webhooks, and where they deliver to.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "runtime/http/http_url.hpp"
#include "runtime/http/webhook_signature.hpp"
#include "runtime/plan/stream_options.hpp"

namespace troupe {
namespace {

constexpr int64_t kTimeoutMinUs = 10'000;
constexpr int64_t kTimeoutMaxUs = 300'000'000;
constexpr int32_t kDeliveriesUnsaid = 10;
constexpr size_t kHeaderBytesMax = 8 * 1024;
constexpr size_t kSecretsMax = 4;
/// Of several deliveries one after the other, and the statement that acknowledges them.
constexpr int64_t kLeaseMarginUs = 5'000'000;

std::string_view trimmed(std::string_view text) { return std_view(absl::StripAsciiWhitespace(absl_view(text))); }

bool is_header_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

/// Those that say where a request ends, or that receivers trust.
bool is_ours(std::string_view name) {
  for (const char* ours : {"host", "content-length", "content-type", "transfer-encoding", "connection", "expect",
                           "upgrade", "te", "trailer"}) {
    if (absl::EqualsIgnoreCase(absl_view(name), ours)) return true;
  }
  return absl::StartsWithIgnoreCase(absl_view(name), "webhook-");
}

/// "Name: value", a line each.
absl::Status set_headers(const sql::Option& option, WebhookDef* webhook) {
  const std::string text = option_text(option);
  if (text.size() > kHeaderBytesMax) {
    return error(ErrorCode::kInvalidParameterValue, "the headers of a webhook are more than ", kHeaderBytesMax,
                 " bytes");
  }
  webhook->headers.clear();
  for (const absl::string_view piece : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    const std::string_view line = trimmed(std_view(piece));
    const size_t colon = line.find(':');
    const std::string_view name = trimmed(line.substr(0, colon));
    const std::string_view value = colon == std::string_view::npos ? "" : trimmed(line.substr(colon + 1));
    const bool printable = std::none_of(value.begin(), value.end(),
                                        [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
    if (colon == std::string_view::npos || !is_header_name(name) || !printable) {
      return with_hint(error(ErrorCode::kInvalidParameterValue, "invalid header of a webhook"),
                       "Give 'Name: value', several with line ends between them: E'A: b\\nC: d'.");
    }
    if (is_ours(name)) {
      return error(ErrorCode::kInvalidParameterValue, "the header \"", name, "\" is set by the node");
    }
    webhook->headers.emplace_back(name, value);
  }
  return absl::OkStatus();
}

/// Several, while receivers change over to another one.
absl::Status set_secrets(const sql::Option& option, WebhookDef* webhook) {
  webhook->secrets.clear();
  const std::string text = option_text(option);
  for (const absl::string_view piece : absl::StrSplit(text, ' ', absl::SkipWhitespace())) {
    const std::string_view secret = trimmed(std_view(piece));
    TROUPE_RETURN_IF_ERROR(webhook_key(secret).status());
    webhook->secrets.emplace_back(secret);
  }
  if (webhook->secrets.size() >= 1 && webhook->secrets.size() <= kSecretsMax) return absl::OkStatus();
  return error(ErrorCode::kInvalidParameterValue, "a webhook has 1 to ", kSecretsMax, " secrets");
}

absl::Status set_time(const sql::Option& option, int64_t least, int64_t most, const DdlBuilder& ddl, int64_t* us) {
  TROUPE_ASSIGN_OR_RETURN(*us, interval_us(option_text(option), option.name, *ddl.context().eval));
  if (*us >= least && *us <= most) return absl::OkStatus();
  return invalid_option(option, option_text(option), cat("Give ", least / 1'000, " ms to ", most / 1'000'000, " s."));
}

absl::Status set_option(const sql::Option& option, bool is_new, ConsumerGroupDef* group, const DdlBuilder& ddl) {
  constexpr int64_t kDayUs = 86'400'000'000;
  WebhookDef* webhook = &group->webhook;
  if (option.name == "secret") return set_secrets(option, webhook);
  if (option.name == "headers") return set_headers(option, webhook);
  if (option.name == "timeout") return set_time(option, kTimeoutMinUs, kTimeoutMaxUs, ddl, &webhook->timeout_us);
  if (option.name == "retry_first") return set_time(option, 1'000, kDayUs, ddl, &webhook->retry_first_us);
  if (option.name == "retry_longest") return set_time(option, 1'000, kDayUs, ddl, &webhook->retry_longest_us);
  if (option.name != "ack_timeout") {
    TROUPE_ASSIGN_OR_RETURN(const bool known, set_group_option(option, is_new, group, ddl));
    if (known) return absl::OkStatus();
  }
  return error(ErrorCode::kInvalidParameterValue, "unrecognized webhook parameter \"", option.name, "\"");
}

}  // namespace

absl::Status set_webhook_options(const sql::GroupOrWebhookStatement& statement, bool is_new, ConsumerGroupDef* group,
                                 const DdlBuilder& ddl) {
  if (is_new) group->max_deliveries = kDeliveriesUnsaid;
  if (is_new || !statement.url.empty()) {
    TROUPE_RETURN_IF_ERROR(parse_http_url(statement.url).status());
    group->webhook.url = statement.url;
  }
  if (statement.enabled) group->webhook.enabled = *statement.enabled;
  std::set<std::string_view> given;
  for (const sql::Option* option : statement.options) {
    TROUPE_RETURN_IF_ERROR(check_option_once(*option, &given, ddl));
    TROUPE_RETURN_IF_ERROR(set_option(*option, is_new, group, ddl));
  }
  if (group->webhook.secrets.empty()) {
    return with_hint(
        error(ErrorCode::kInvalidParameterValue, "a webhook needs a secret, by which its receiver knows it"),
        "WITH (secret = 'whsec_...'): echo whsec_$(openssl rand -base64 32).");
  }
  // What a node that died had under way is delivered again after that.
  group->ack_timeout_us = 2 * group->webhook.timeout_us + kLeaseMarginUs;
  return absl::OkStatus();
}

}  // namespace troupe
