#include "actors/http/group_consumer.hpp"

#include <algorithm>

#include "actors/http/subscriber.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr uint64_t kEventsAtOnce = 1'000;

std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted.push_back(c);
    if (c == '\'') quoted.push_back(c);
  }
  return quoted + "'";
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

absl::Status nul_refused() {
  return error(ErrorCode::kCharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": 0x00");
}

}  // namespace

GroupConsumer::GroupConsumer(GroupConsumerEvents& events, HttpScene& scene)
    : events_{events}, scene_{scene}, reader_{reader_events_, scene.wake}, teller_{teller_events_, scene.wake} {}

absl::Status GroupConsumer::start(const LocalLogin& login, GroupTarget target) {
  if (target.stream.empty() || target.group.empty()) {
    return error(ErrorCode::kInvalidParameterValue, "\"stream\" and \"group\" must be names as in SQL");
  }
  if (has_nul(target.stream) || has_nul(target.group) || has_nul(target.member)) return nul_refused();
  target_ = std::move(target);
  reader_.connect(scene_.node, scene_.unit, login);
  teller_.connect(scene_.node, scene_.unit, login);
  return absl::OkStatus();
}

void GroupConsumer::run() {
  reader_.run();
  // What is wrong with a statement is told in the same breath as its columns.
  if (accepted_ && !failed_) tell_joined();
  teller_.run();
  if (!failed_) consume();
}

void GroupConsumer::tell_joined() {
  if (!std::exchange(joined_, true)) events_.on_joined();
}

/// Answers still come: they are few.
void GroupConsumer::pause(bool paused) {
  paused_ = paused;
  reader_.pause(paused);
}

void GroupConsumer::grant(uint64_t events) {
  credit_ = credit_ > UINT64_MAX - events ? UINT64_MAX : credit_ + events;
  scene_.wake();
}

void GroupConsumer::consume() {
  if (consuming_ || paused_ || credit_ == 0) return;
  consuming_ = true;
  std::string sql =
      cat("CONSUME ", std::min(credit_, kEventsAtOnce), " FROM ", target_.stream, "\nGROUP ", target_.group, "\n");
  if (!target_.member.empty()) sql += cat("MEMBER ", literal(target_.member), " ");
  reader_.execute(sql + "WAIT '5s'", {});
}

absl::Status GroupConsumer::answer(GroupAnswer answer) {
  for (const std::string* text : {&answer.batch, &answer.upto, &answer.reason, &answer.after}) {
    if (has_nul(*text)) return nul_refused();
  }
  if (answer.batch.empty()) {
    return error(ErrorCode::kInvalidParameterValue, "\"batch\" must be what the event's batch is");
  }
  if (!may_be_token(answer.upto)) return error(ErrorCode::kInvalidParameterValue, "invalid resume token");
  std::string sql = cat(answer.rejects ? "REJECT " : "ACKNOWLEDGE ", target_.stream, "\nGROUP ", target_.group,
                        "\nBATCH ", literal(answer.batch));
  if (answer.partition) sql += cat(" PARTITION ", *answer.partition);
  if (!answer.upto.empty()) sql += cat(" UPTO ", literal(answer.upto));
  if (!answer.reason.empty()) sql += cat(" REASON ", literal(answer.reason));
  if (!answer.after.empty()) sql += cat(" AFTER ", literal(answer.after));
  teller_.execute(sql, {});
  answers_.push_back(std::move(answer));
  return absl::OkStatus();
}

void GroupConsumer::fail(const ServerReport& report) {
  if (!std::exchange(failed_, true)) events_.on_failed(report);
}

void GroupConsumer::on_closed() {
  ServerReport report;
  report.severity = "FATAL";
  report.sqlstate = "08006";
  report.message = "the session has ended";
  fail(report);
}

void GroupConsumer::Reader::on_ready(char) {
  // A client that has granted nothing yet has nothing else to hear.
  if (!std::exchange(logged_in, true)) {
    consumer.accepted_ = consumer.credit_ == 0;
    return;
  }
  consumer.consuming_ = false;
}

void GroupConsumer::Reader::on_row(const DataRow& row) {
  const auto change = change_of_stream(row);
  if (!change || consumer.failed_) return;
  consumer.tell_joined();
  if (consumer.credit_ > 0) --consumer.credit_;
  consumer.events_.on_consumed(*change);
}

void GroupConsumer::Teller::on_ready(char) {
  if (!std::exchange(logged_in, true) || consumer.answers_.empty()) return;
  const GroupAnswer answer = std::move(consumer.answers_.front());
  consumer.answers_.pop_front();
  const auto wrong = std::exchange(problem, std::nullopt);
  consumer.events_.on_answered(answer, wrong ? &*wrong : nullptr);
}

void GroupConsumer::Teller::on_error(const ServerReport& report) {
  if (consumer.answers_.empty()) return consumer.fail(report);  // of the login
  problem = report;
}

}  // namespace troupe
