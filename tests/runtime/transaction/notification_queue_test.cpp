#include "runtime/transaction/notification_queue.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace troupe;

namespace {

constexpr Oid kDatabase = 5;

std::shared_ptr<NotificationBatch> says(NotificationQueue& queue, const std::vector<std::string>& payloads,
                                        const std::string& channel = "a", Oid database = kDatabase) {
  auto batch = std::make_shared<NotificationBatch>(queue, database, 1);
  for (const std::string& payload : payloads) REQUIRE(batch->add(channel, payload).ok());
  return batch;
}

struct Listener {
  explicit Listener(NotificationQueue& queue, int32_t process_id = 7, Oid database = kDatabase)
      : inbox{queue, database, process_id, [this] { ++woken; }} {}

  std::vector<std::string> heard() {
    std::vector<std::string> payloads;
    while (const NotificationBatchPtr batch = inbox.take()) {
      for (size_t i = 0; i < batch->size(); ++i) payloads.push_back((*batch)[i].payload);
    }
    return payloads;
  }

  int woken = 0;
  NotificationInbox inbox;
};

using Payloads = std::vector<std::string>;

}  // namespace

TEST_CASE("what commits say arrives in their order once they are durable", "[notify]") {
  NotificationQueue queue(1 << 20, 10);
  Listener listener(queue);
  REQUIRE(listener.inbox.listen("a").ok());
  queue.order(11, says(queue, {"first"}));
  queue.order(12, says(queue, {"second"}));
  queue.deliver(10);
  CHECK(listener.heard().empty());
  queue.deliver(11);
  CHECK(listener.heard() == Payloads{"first"});
  queue.deliver(15, says(queue, {"third"}));
  CHECK(listener.heard() == Payloads{"second", "third"});
  CHECK_FALSE(queue.has_ordered());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("whoever listens is woken once for all that waits", "[notify]") {
  NotificationQueue queue(1 << 20, 10);
  Listener listener(queue);
  REQUIRE(listener.inbox.listen("a").ok());
  queue.deliver(1, says(queue, {"x"}));
  queue.deliver(1, says(queue, {"y"}));
  CHECK(listener.woken == 1);
  CHECK(listener.heard() == Payloads{"x", "y"});
  queue.deliver(1, says(queue, {"z"}));
  CHECK(listener.woken == 2);
}

TEST_CASE("other channels, other databases and those who listen no longer hear nothing", "[notify]") {
  NotificationQueue queue(1 << 20, 10);
  Listener listener(queue), elsewhere(queue, 8, kDatabase + 1);
  REQUIRE(listener.inbox.listen("a").ok());
  REQUIRE(elsewhere.inbox.listen("a").ok());
  queue.deliver(1, says(queue, {"x"}, "b"));
  CHECK(listener.heard().empty());
  queue.deliver(1, says(queue, {"x"}));
  CHECK(elsewhere.heard().empty());
  CHECK(listener.heard() == Payloads{"x"});
  listener.inbox.unlisten("a");
  queue.deliver(1, says(queue, {"x"}));
  CHECK(listener.heard().empty());
  CHECK(queue.bytes() == 0);
}

TEST_CASE("the same is said once, and again after a rollback took it back", "[notify]") {
  NotificationQueue queue(1 << 20, 10);
  const auto batch = says(queue, {"x", "y", "x"});
  CHECK(batch->size() == 2);
  const uint64_t bytes = queue.bytes();
  batch->cut(1);
  CHECK(queue.bytes() < bytes);
  REQUIRE(batch->add("a", "y").ok());
  CHECK(batch->size() == 2);
  CHECK(queue.bytes() == bytes);
}

TEST_CASE("a full queue refuses what is said next, and those who read make room", "[notify]") {
  NotificationQueue queue(10'000, 10);
  Listener slow(queue, 42);
  REQUIRE(slow.inbox.listen("a").ok());
  absl::Status status;
  size_t said = 0;
  for (; said < 100 && status.ok(); ++said) {
    auto batch = std::make_shared<NotificationBatch>(queue, kDatabase, 1);
    status = batch->add("a", std::string(500, 'x'));
    if (status.ok()) queue.deliver(1, std::move(batch));
  }
  CHECK(error_code(status) == ErrorCode::kProgramLimitExceeded);
  CHECK(error_fields(status).detail.find("PID 42") != std::string::npos);
  CHECK(slow.heard().size() == said - 1);
  CHECK(queue.bytes() == 0);
  CHECK(says(queue, {"room again"})->size() == 1);
}

TEST_CASE("a session that is gone leaves nothing behind", "[notify]") {
  NotificationQueue queue(1 << 20, 2);
  {
    Listener listener(queue);
    REQUIRE(listener.inbox.listen("a").ok());
    REQUIRE(listener.inbox.listen("b").ok());
    CHECK(error_code(listener.inbox.listen("c")) == ErrorCode::kProgramLimitExceeded);
    queue.deliver(1, says(queue, {"x"}));
    CHECK(queue.bytes() > 0);
  }
  CHECK(queue.bytes() == 0);
  CHECK(queue.channels() == 0);
  queue.deliver(1, says(queue, {"y"}));
  CHECK(queue.bytes() == 0);
}
