#include "actors/http/subscriber.hpp"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "runtime/stream/token.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr size_t kTokenBytesMax = 200;

/// STREAM s, not a table of that name.
bool names_stream(std::string_view target) {
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(absl_view(target));
  return text.size() > 7 && absl::EqualsIgnoreCase(text.substr(0, 6), "stream") &&
         absl::ascii_isspace(static_cast<unsigned char>(text[6]));
}

bool is_on(const std::optional<std::string_view>& parameter) {
  return parameter && *parameter != "false" && *parameter != "0" && *parameter != "off";
}

}  // namespace

bool may_be_token(std::string_view text) {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-_/";
  return text.size() <= kTokenBytesMax && text.find_first_not_of(kLetters) == std::string_view::npos;
}

void SubscribeTarget::name_stream(std::string_view name) {
  text = cat("STREAM ", name);
  stream = true;
}

void SubscribeTarget::name_anything(std::string_view what) {
  text = what;
  stream = names_stream(what);
}

std::string Subscriber::statement(const SubscribeTarget& target) const {
  // Each behind a line end: there may be a comment before it.
  std::string sql = cat("SUBSCRIBE TO ", target.text);
  if (target.from == "earliest" || target.from == "latest") {
    sql += cat("\nFROM ", target.from);
  } else if (!target.from.empty()) {
    sql += cat("\nFROM '", target.from, "'");
  } else if (target.snapshot) {
    sql += "\nSNAPSHOT";
  }
  return cat(sql, "\nWITH (", target.transactions ? "transactions, " : "", "progress = '",
             scene_.config().http_heartbeat_s, "s')");
}

absl::Status Subscriber::start(const LocalLogin& login, SubscribeTarget target) {
  if (target.text.empty()) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "nothing is named to subscribe to"),
                     "Name tables: table=public.orders.");
  }
  if (target.text.find('\0') != std::string::npos) {
    return error(ErrorCode::kCharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00");
  }
  if (!may_be_token(target.from)) return error(ErrorCode::kInvalidParameterValue, "invalid resume token");
  if ((target.snapshot || target.transactions) && !target.stream) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "snapshot and transactions are of streams only"),
                     "CREATE STREAM s ON t, then stream=s.");
  }
  if (target.from.empty() && target.tables) {
    append_token({scene_.node.services.commits.durable(), 0}, &target.from);
  }
  from_ = target.from;
  of_stream_ = target.stream;
  client_.connect(scene_.node, scene_.unit, login);
  client_.execute(statement(target), {});
  return absl::OkStatus();
}

/// Columns come when the statement is described; what is wrong with it is told in the same breath. Where a stream
/// begins, its first row says.
void Subscriber::run() {
  client_.run();
  if (accepted_ && !failed_ && !of_stream_) tell_subscribed(from_);
}

void Subscriber::tell_subscribed(std::string_view token) {
  if (!std::exchange(told_, true)) events_.on_subscribed(token);
}

void Subscriber::on_row(const DataRow& row) {
  const auto change = of_stream_ ? change_of_stream(row) : change_of_table(row);
  if (!change) return;
  const bool is_mark = change->op == "progress";
  if (!told_ && of_stream_ && is_mark) return tell_subscribed(change->token);
  tell_subscribed(of_stream_ ? std::string_view() : from_);
  if (is_mark) {
    events_.on_progress(change->token);
  } else {
    events_.on_change(*change);
  }
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
  if (!target.tables) {
    if (const auto stream = request.parameter("stream")) {
      target.name_stream(*stream);
    } else if (const auto text = request.parameter("target")) {
      target.name_anything(*text);
    }
  }
  target.from = request.header("Last-Event-ID").value_or(request.parameter("from").value_or(""));
  target.snapshot = target.from.empty() && is_on(request.parameter("snapshot"));
  target.transactions = is_on(request.parameter("transactions"));
  return target;
}

}  // namespace troupe
