#include "actors/session/publisher_client.hpp"

#include "actors/session/backend.hpp"

namespace troupe {
namespace {

/// So that the search path of whoever owns the publisher's tables means nothing, as PostgreSQL's subscribers have it.
constexpr std::string_view kSecureSearchPath = "SELECT pg_catalog.set_config('search_path', '', false);";

}  // namespace

PublisherClient::PublisherClient(Backend& backend)
    : backend_{backend}, channel_{std::make_shared<PublisherChannel>([record = backend.record_] {
        record->tell.granted(kPublisherRequest, "");
      })} {}

PublisherClient::~PublisherClient() { channel_->close(); }

Task<absl::Status> PublisherClient::connect(std::string conninfo, std::string name) {
  if (!PublisherLinks::of_node(&backend_.services_).open(channel_)) {
    co_return error(ErrorCode::kConnectionFailure, "this node makes no connections now");
  }
  channel_->ask({PublisherCommand::Kind::kConnect, std::move(conninfo), std::move(name)});
  auto receiving = receive();
  const auto connected = co_await receiving;
  if (!connected.ok()) co_return connected.status();
  if (!connected->status.ok()) co_return connected->status;
  auto securing = execute(std::string(kSecureSearchPath));
  const auto secured = co_await securing;
  co_return secured.status();
}

Task<absl::StatusOr<PublisherAnswer>> PublisherClient::execute(std::string text) {
  channel_->ask({PublisherCommand::Kind::kExecute, std::move(text), {}});
  auto receiving = receive();
  auto answer = co_await receiving;
  if (answer.ok() && !answer->status.ok()) co_return answer->status;
  co_return answer;
}

void PublisherClient::copy(std::string text) { channel_->ask({PublisherCommand::Kind::kCopy, std::move(text), {}}); }
void PublisherClient::follow(std::string text) {
  channel_->ask({PublisherCommand::Kind::kFollow, std::move(text), {}});
}
void PublisherClient::say(std::string data) { channel_->ask({PublisherCommand::Kind::kSay, std::move(data), {}}); }

Task<absl::StatusOr<PublisherAnswer>> PublisherClient::receive() {
  while (true) {
    if (!backend_.end_reason_.ok()) co_return backend_.end_reason_;
    if (const absl::Status cancelled = backend_.data_.check_cancelled(); !cancelled.ok()) co_return cancelled;
    if (auto answer = channel_->take()) co_return *std::move(answer);
    co_await backend_.publisher_signal_;
  }
}

}  // namespace troupe
