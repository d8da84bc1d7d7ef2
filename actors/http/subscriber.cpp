#include "actors/http/subscriber.hpp"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "runtime/stream/token.hpp"
#include "storage/base/text.hpp"
#include "storage/column/json_format.hpp"

namespace troupe {
namespace {

// The columns of SUBSCRIBE.
enum : size_t { kToken, kScn, kXid, kTable, kOp, kBefore, kAfter, kColumns };

/// A token goes into a statement's text, so it is only what tokens are made of.
bool is_token(std::string_view text) {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-_/";
  return text.size() <= 200 && text.find_first_not_of(kLetters) == std::string_view::npos;
}

/// STREAM s, not a table of that name.
bool names_stream(std::string_view target) {
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(absl_view(target));
  return text.size() > 7 && absl::EqualsIgnoreCase(text.substr(0, 6), "stream") &&
         absl::ascii_isspace(static_cast<unsigned char>(text[6]));
}

void append_json_or_null(const TextValue& json, std::string* out) { *out += json ? std::string(*json) : "null"; }

}  // namespace

void StreamedChange::append_fields(std::string* out) const {
  *out += "\"op\": ";
  append_json_string(op, out);
  *out += ", \"table\": ";
  append_json_string(table, out);
  *out += cat(", \"scn\": ", scn, ", \"xid\": ", xid, ", \"token\": ");
  append_json_string(token, out);
  *out += ", \"before\": ";
  append_json_or_null(before, out);
  *out += ", \"after\": ";
  append_json_or_null(after, out);
}

absl::Status Subscriber::start(const LocalLogin& login, SubscribeTarget target) {
  if (target.text.empty()) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "nothing is named to subscribe to"),
                     "Name tables: table=public.orders.");
  }
  if (names_stream(target.text)) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "SUBSCRIBE TO STREAM over HTTP is not supported yet"),
                     "Subscribe to the stream's tables, or use SUBSCRIBE TO STREAM or CONSUME on the SQL port.");
  }
  if (!is_token(target.from)) {
    return error(ErrorCode::kInvalidParameterValue, "invalid resume token");
  }
  if (target.from.empty() && target.tables) {
    append_token({scene_.node.services.commits.durable(), 0}, &target.from);
  }
  from_ = target.from;
  std::string sql = cat("SUBSCRIBE TO ", target.text);
  if (!from_.empty()) sql += cat("\nFROM '", from_, "'");  // behind a comment, should there be one
  client_.connect(scene_.node, scene_.unit, login);
  client_.execute(sql, {});
  return absl::OkStatus();
}

/// Columns come when the statement is described; what is wrong with it is told in the same breath.
void Subscriber::run() {
  client_.run();
  if (accepted_ && !failed_) tell_subscribed();
}

void Subscriber::tell_subscribed() {
  if (!std::exchange(told_, true)) events_.on_subscribed(from_);
}

void Subscriber::on_row(const DataRow& row) {
  if (row.size() != kColumns) return;
  tell_subscribed();
  TextValue fields[kColumns];
  size_t at = 0;
  for (const auto value : row) fields[at++] = value;
  const auto text = [&](size_t column) { return fields[column].value_or(""); };
  events_.on_change({text(kToken), text(kScn), text(kXid), text(kTable), text(kOp), fields[kBefore], fields[kAfter]});
}

void Subscriber::on_error(const ServerReport& report) {
  if (!std::exchange(failed_, true)) events_.on_failed(report);
}

void Subscriber::on_closed() {
  ServerReport report;
  report.severity = "FATAL";
  report.sqlstate = "08006";
  report.message = "the session has ended";
  on_error(report);
}

SubscribeTarget subscribe_target_of(const HttpRequest& request) {
  SubscribeTarget target;
  for (const std::string_view table : request.parameters("table")) {
    target.text += cat(target.text.empty() ? "" : ", ", table);
    target.tables = true;
  }
  if (const auto text = request.parameter("target"); text && !target.tables) target.text = *text;
  target.from = request.header("Last-Event-ID").value_or(request.parameter("from").value_or(""));
  return target;
}

}  // namespace troupe
