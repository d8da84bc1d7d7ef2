#include "actors/subscription/publisher_link.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include <poll.h>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

/// A session that is gone, or a node that stops, is noticed by then.
constexpr int kWaitMs = 200;
/// What a connection may take, unless its connect_timeout says otherwise.
constexpr int64_t kConnectUs = 60'000'000;
constexpr int64_t kSecondUs = 1'000'000;
/// Messages that are passed on together.
constexpr size_t kPieceBytes = 256 << 10;

std::string chomped(const char* message) {
  std::string text(message == nullptr ? "" : message);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

ErrorCode code_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr || std::strlen(state) != 5) return ErrorCode::kConnectionFailure;
  char text[6];
  std::memcpy(text, state, sizeof text);
  return static_cast<ErrorCode>(pack_sqlstate(text));
}

}  // namespace

absl::Status check_conninfo(const std::string& conninfo) {
  char* problem = nullptr;
  PQconninfoOption* options = PQconninfoParse(conninfo.c_str(), &problem);
  if (options != nullptr) {
    PQconninfoFree(options);
    return absl::OkStatus();
  }
  const std::string why = chomped(problem);
  PQfreemem(problem);
  return error(ErrorCode::kSyntaxError, "invalid connection string syntax: ", why);
}

PublisherLink::PublisherLink(caf::actor_config& config, ActorSeat seat, NodeContext& node, PublisherChannelPtr channel)
    : ActorOf(config, std::move(seat)), node_{node}, channel_{std::move(channel)} {}

PublisherLink::behavior_type PublisherLink::make_behavior() {
  running();
  return {[this](turn_atom) { turn(); }};
}

void PublisherLink::on_exit() {
  connection_.reset();
  fail(error(ErrorCode::kConnectionFailure, "the connection to the publisher was given up"));
}

void PublisherLink::turn() {
  if (channel_->closed()) return quit();
  const Step next = step();
  if (next != Step::kAgain) wait(next);
  tell(caf::actor_cast<PublisherLinkActor>(this), turn_atom::value);
}

/// For the socket, or for the session.
void PublisherLink::wait(Step step) {
  std::array<pollfd, 2> waits{};
  waits[0] = {channel_->wake_descriptor(), POLLIN, 0};
  nfds_t count = 1;
  if (step != Step::kCommand && connection_ != nullptr && PQsocket(connection_.get()) >= 0) {
    const bool writes = step == Step::kWritable;
    waits[count++] = {PQsocket(connection_.get()), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
  }
  if (state_ == State::kConnecting && step == Step::kWritable) waits[1].events = POLLOUT;
  static_cast<void>(::poll(waits.data(), count, kWaitMs));
  if (waits[0].revents != 0) channel_->slept();
}

PublisherLink::Step PublisherLink::step() {
  switch (state_) {
    case State::kIdle: {
      const auto command = channel_->next();
      return command ? begin(*command) : Step::kCommand;
    }
    case State::kConnecting: return go_on_connecting();
    case State::kExecuting: return execute();
    case State::kCopying:
    case State::kFollowing: return receive();
  }
  return Step::kCommand;
}

PublisherLink::Step PublisherLink::begin(const PublisherCommand& command) {
  kind_ = command.kind;
  if (kind_ == PublisherCommand::Kind::kConnect) return connect(command);
  if (kind_ == PublisherCommand::Kind::kSay) return Step::kAgain;  // the stream that it was for has ended
  if (connection_ == nullptr || PQsendQuery(connection_.get(), command.text.c_str()) == 0) {
    fail(failure());
    return Step::kAgain;
  }
  pending_ = PublisherAnswer();
  state_ = State::kExecuting;
  return Step::kAgain;
}

// --- connecting ---

PublisherLink::Step PublisherLink::connect(const PublisherCommand& command) {
  // As PostgreSQL's own subscriber does it.
  constexpr const char* kKeywords[] = {"dbname",          "replication", "options", "fallback_application_name",
                                       "client_encoding", nullptr};
  const char* values[] = {
      command.text.c_str(), "database", "-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3",
      command.name.c_str(), "UTF8",     nullptr};
  connection_.reset(PQconnectStartParams(kKeywords, values, 1));
  if (connection_ == nullptr || PQstatus(connection_.get()) == CONNECTION_BAD) {
    fail(failure());
    return Step::kAgain;
  }
  int64_t timeout_us = kConnectUs;
  if (PQconninfoOption* options = PQconninfo(connection_.get())) {
    for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
      if (std::strcmp(option->keyword, "connect_timeout") != 0 || option->val == nullptr) continue;
      if (const int64_t seconds = std::atoll(option->val); seconds > 0) timeout_us = seconds * kSecondUs;
    }
    PQconninfoFree(options);
  }
  deadline_us_ = node_.services.clock.monotonic_us() + timeout_us;
  polling_ = PGRES_POLLING_WRITING;
  state_ = State::kConnecting;
  return Step::kWritable;
}

PublisherLink::Step PublisherLink::go_on_connecting() {
  pollfd ready{PQsocket(connection_.get()), static_cast<short>(polling_ == PGRES_POLLING_READING ? POLLIN : POLLOUT),
               0};
  if (::poll(&ready, 1, 0) > 0) polling_ = PQconnectPoll(connection_.get());
  switch (polling_) {
    case PGRES_POLLING_OK:
      PQsetnonblocking(connection_.get(), 1);
      state_ = State::kIdle;
      answer({});
      return Step::kAgain;
    case PGRES_POLLING_FAILED: fail(failure()); return Step::kAgain;
    default: break;
  }
  if (node_.services.clock.monotonic_us() > deadline_us_) {
    fail(error(ErrorCode::kConnectionFailure, "connection to server failed: timeout expired"));
    return Step::kAgain;
  }
  return polling_ == PGRES_POLLING_READING ? Step::kReadable : Step::kWritable;
}

// --- statements ---

PublisherLink::Step PublisherLink::execute() {
  if (PQflush(connection_.get()) > 0) return Step::kWritable;
  if (PQconsumeInput(connection_.get()) == 0) {
    fail(failure());
    return Step::kAgain;
  }
  while (PQisBusy(connection_.get()) == 0) {
    PGresult* result = PQgetResult(connection_.get());
    if (result == nullptr) {
      state_ = State::kIdle;
      answer(std::exchange(pending_, {}));
      return Step::kAgain;
    }
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      PQclear(result);
      state_ = kind_ == PublisherCommand::Kind::kFollow ? State::kFollowing : State::kCopying;
      return Step::kAgain;
    }
    read_result(result, &pending_);
    PQclear(result);
  }
  return Step::kReadable;
}

void PublisherLink::read_result(PGresult* result, PublisherAnswer* answer) {
  switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY: return;
    case PGRES_TUPLES_OK: break;
    default: {
      std::string message = chomped(PQresultErrorMessage(result));
      answer->status = error(code_of(result), message);
      return;
    }
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    PublisherAnswer::Row& values = answer->rows.emplace_back();
    for (int column = 0; column < PQnfields(result); ++column) {
      if (PQgetisnull(result, row, column) != 0) {
        values.emplace_back(std::nullopt);
      } else {
        values.emplace_back(
            std::string(PQgetvalue(result, row, column), static_cast<size_t>(PQgetlength(result, row, column))));
      }
    }
  }
}

// --- COPY ---

/// What the session says of the stream, while it comes.
PublisherLink::Step PublisherLink::hear_session() {
  while (auto command = channel_->next()) {
    if (command->kind != PublisherCommand::Kind::kSay) continue;  // nothing else can be said meanwhile
    if (PQputCopyData(connection_.get(), command->text.data(), static_cast<int>(command->text.size())) < 0) {
      fail(failure());
      return Step::kAgain;
    }
  }
  const int flushed = PQflush(connection_.get());
  if (flushed < 0) fail(failure());
  return flushed > 0 ? Step::kWritable : Step::kReadable;
}

PublisherLink::Step PublisherLink::receive() {
  Step next = Step::kReadable;
  if (state_ == State::kFollowing) next = hear_session();
  if (connection_ == nullptr) return Step::kAgain;
  if (channel_->full()) return next == Step::kWritable ? next : Step::kCommand;
  if (PQconsumeInput(connection_.get()) == 0) {
    fail(failure());
    return Step::kAgain;
  }
  PublisherAnswer pieces;
  pieces.last = false;
  size_t bytes = 0;
  while (bytes < kPieceBytes) {
    char* data = nullptr;
    const int size = PQgetCopyData(connection_.get(), &data, 1);
    if (size > 0) {
      pieces.data.emplace_back(data, static_cast<size_t>(size));
      bytes += static_cast<size_t>(size);
      PQfreemem(data);
      continue;
    }
    if (!pieces.data.empty()) answer(std::exchange(pieces, {}));
    if (size == 0) return next;
    if (size == -1) {
      finish_copy();
    } else {
      fail(failure());
    }
    return Step::kAgain;
  }
  answer(std::move(pieces));
  return Step::kAgain;
}

/// How it ended: the last results say so.
void PublisherLink::finish_copy() {
  const bool followed = state_ == State::kFollowing;
  if (followed) {
    // The publisher ended the stream. What it says of that is an error, if it says something.
    PGresult* result = PQgetResult(connection_.get());
    if (result != nullptr && PQresultStatus(result) != PGRES_FATAL_ERROR) {
      PQclear(result);
      return fail(error(ErrorCode::kConnectionFailure, "data stream from publisher has ended"));
    }
    PublisherAnswer end;
    if (result != nullptr) read_result(result, &end);
    PQclear(result);
    return fail(
        error(ErrorCode::kConnectionFailure, "could not receive data from WAL stream: ",
              end.status.ok() ? chomped(PQerrorMessage(connection_.get())) : std::string(end.status.message())));
  }
  state_ = State::kExecuting;  // the results that follow are the statement's
}

void PublisherLink::answer(PublisherAnswer answer) { channel_->answer(std::move(answer)); }

absl::Status PublisherLink::failure() const {
  if (connection_ == nullptr) return error(ErrorCode::kConnectionFailure, "there is no connection to the publisher");
  return error(ErrorCode::kConnectionFailure, chomped(PQerrorMessage(connection_.get())));
}

/// The connection is of no use any more.
void PublisherLink::fail(const absl::Status& status) {
  PublisherAnswer failed;
  failed.status = status;
  state_ = State::kIdle;
  connection_.reset();
  answer(std::move(failed));
}

ChildSpecPtr publisher_link_child(NodeContext& node, PublisherChannelPtr channel) {
  auto spec = std::make_shared<ChildSpec>();
  spec->kind = "publisher_link";
  spec->name = "publisher_link";
  spec->restart = RestartType::kTemporary;  // whoever wants another one asks for it
  spec->start = [&node, channel = std::move(channel)](caf::local_actor& supervisor, const ActorSeat& seat) {
    const auto link = supervisor.spawn<PublisherLink, caf::detached>(seat, std::ref(node), channel);
    caf::anon_send(link, turn_atom::value);
    return caf::actor_cast<caf::actor>(link);
  };
  return spec;
}

}  // namespace troupe
