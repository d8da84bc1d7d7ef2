#include "runtime/transaction/snapshot_registry.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <thread>

namespace troupe {
namespace {

TEST_CASE("the oldest snapshot in use is what garbage collection may go up to", "[transaction]") {
  CommitClock clock(10);
  SnapshotRegistry registry(clock, 4);
  auto first = registry.take_slot();
  auto second = registry.take_slot();
  CHECK(first.acquire() == 10);
  clock.publish(15);
  CHECK(second.acquire() == 15);
  CHECK(registry.oldest() == 10);
  first.release();
  CHECK(first.held() == kNoScn);
  CHECK(registry.oldest() == 15);
  second = {};
  clock.publish(20);
  CHECK(registry.oldest() == 20);
}

TEST_CASE("slots are given out until there are none, and again when they come back", "[transaction]") {
  CommitClock clock;
  SnapshotRegistry registry(clock, 2);
  auto first = registry.take_slot();
  auto second = registry.take_slot();
  CHECK_FALSE(static_cast<bool>(registry.take_slot()));
  auto moved = std::move(first);
  CHECK_FALSE(static_cast<bool>(first));
  moved = {};
  CHECK(static_cast<bool>(registry.take_slot()));
}

TEST_CASE("no snapshot is older than what any collector was told, with everyone running", "[transaction]") {
  CommitClock clock;
  SnapshotRegistry registry(clock, 3);
  std::atomic<Scn> collected[2]{};  // by each: versions below it are gone
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> broken{0};
  std::vector<std::thread> collectors;
  for (std::atomic<Scn>& mine : collected) {
    collectors.emplace_back([&] {
      while (!stop) mine.store(registry.oldest());
    });
  }
  std::thread committer([&] {
    while (!stop) clock.publish(clock.assign());
  });
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      for (int round = 0; round < 20'000; ++round) {
        auto slot = registry.take_slot();
        const Scn snapshot = slot.acquire();
        for (int look = 0; look < 3; ++look) {
          for (const std::atomic<Scn>& gone : collected) broken += gone.load() > snapshot ? 1 : 0;
        }
        slot.release();
      }
    });
  }
  for (std::thread& reader : readers) reader.join();
  stop = true;
  committer.join();
  for (std::thread& collector : collectors) collector.join();
  CHECK(broken == 0);
}

TEST_CASE("a collector that was held up lets in no snapshot that another one has collected past", "[transaction]") {
  CommitClock clock(10);
  SnapshotRegistry registry(clock, 1);
  const Scn read_long_ago = clock.durable();
  auto slot = registry.take_slot();
  clock.publish(15);
  CHECK(registry.oldest(20) == 20);  // somebody who has seen 20 already, as this reader will in a moment
  CHECK(registry.oldest(read_long_ago) == 10);
  std::thread publisher([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    clock.publish(20);
  });
  CHECK(slot.acquire() == 20);
  publisher.join();
}

TEST_CASE("SCNs are given out once each, and a published one never goes back", "[transaction]") {
  CommitClock clock(7);
  CHECK(clock.assign() == 8);
  CHECK(clock.assigned() == 8);
  CHECK(clock.durable() == 7);
  clock.publish(8);
  CHECK(clock.durable() == 8);
  CHECK_THROWS_AS(clock.publish(7), CheckFailure);
}

TEST_CASE("transaction ids are not used again after a restart", "[transaction]") {
  TxnIdAllocator first(1);
  TxnIdAllocator second(2);
  std::set<TxnId> ids;
  for (int i = 0; i < 1000; ++i) ids.insert({first.next(), second.next()});
  CHECK(ids.size() == 2000);
  CHECK_FALSE(ids.contains(kNoTxn));
}

}  // namespace
}  // namespace troupe
