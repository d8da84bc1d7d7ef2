#include "runtime/transaction/table_gate.hpp"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace troupe {
namespace {

TEST_CASE("weak locks pass an open gate and are counted by mode", "[transaction]") {
  const auto gate = std::make_shared<TableGate>();
  auto reader = TableGate::try_enter(gate, TableLockMode::kAccessShare);
  auto writer = TableGate::try_enter(gate, TableLockMode::kRowExclusive);
  auto second = TableGate::try_enter(gate, TableLockMode::kRowExclusive);
  CHECK(reader.gate() == gate.get());
  CHECK(gate->conflicting(TableLockMode::kAccessExclusive) == 3);
  CHECK(gate->conflicting(TableLockMode::kShare) == 2);
  CHECK(gate->conflicting(TableLockMode::kShareUpdateExclusive) == 0);
  CHECK_FALSE(second.release());
  CHECK(gate->conflicting(TableLockMode::kShare) == 1);
}

TEST_CASE("a closed gate turns weak locks away and tells the one that leaves that somebody waits", "[transaction]") {
  const auto gate = std::make_shared<TableGate>();
  auto early = TableGate::try_enter(gate, TableLockMode::kRowShare);
  gate->close();
  CHECK(gate->closed());
  CHECK(TableGate::try_enter(gate, TableLockMode::kRowShare).gate() == nullptr);
  CHECK(gate->conflicting(TableLockMode::kExclusive) == 1);
  CHECK(early.release());
  CHECK_FALSE(early.release());
  CHECK(gate->conflicting(TableLockMode::kExclusive) == 0);
  gate->open();
  CHECK(TableGate::try_enter(gate, TableLockMode::kRowShare).gate() == gate.get());
}

TEST_CASE("a strong lock is never inside together with a weak one that conflicts", "[transaction]") {
  const auto gate = std::make_shared<TableGate>();
  // Plain, not atomic: ThreadSanitizer would see a reader beside the strong lock's writer.
  uint64_t guarded = 0;
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> entered{0};
  std::vector<std::thread> weak;
  for (int i = 0; i < 3; ++i) {
    weak.emplace_back([&] {
      while (!stop) {
        const auto hold = TableGate::try_enter(gate, TableLockMode::kAccessShare);
        if (hold.gate() == nullptr) continue;
        const uint64_t before = guarded;
        std::this_thread::yield();
        if (guarded != before) std::abort();
        ++entered;
      }
    });
  }
  for (int round = 0; round < 2000; ++round) {
    gate->close();
    while (gate->conflicting(TableLockMode::kAccessExclusive) != 0) std::this_thread::yield();
    ++guarded;
    std::this_thread::yield();
    ++guarded;
    gate->open();
    if (round % 100 == 0) std::this_thread::yield();
  }
  while (entered == 0) std::this_thread::yield();
  stop = true;
  for (std::thread& thread : weak) thread.join();
  CHECK(guarded == 4000);
  CHECK(gate->conflicting(TableLockMode::kAccessExclusive) == 0);
}

TEST_CASE("a session's weak locks can be seen by whoever looks for a deadlock", "[gate]") {
  const auto a = std::make_shared<TableGate>(), b = std::make_shared<TableGate>();
  WeakLockList locks;
  CHECK_FALSE(locks.conflicts(a.get(), TableLockMode::kAccessExclusive));
  locks.add(a.get(), TableLockMode::kAccessShare);
  locks.add(b.get(), TableLockMode::kRowExclusive);
  CHECK(locks.conflicts(a.get(), TableLockMode::kAccessExclusive));
  CHECK_FALSE(locks.conflicts(a.get(), TableLockMode::kShare));
  CHECK(locks.conflicts(b.get(), TableLockMode::kShare));
  for (int i = 0; i < 100; ++i) locks.add(b.get(), TableLockMode::kRowShare);
  CHECK(locks.conflicts(a.get(), TableLockMode::kAccessExclusive));
  locks.clear();
  CHECK_FALSE(locks.conflicts(b.get(), TableLockMode::kShare));
}

TEST_CASE("who was let in through a closed gate is counted", "[gate]") {
  const auto gate = std::make_shared<TableGate>();
  gate->close();
  CHECK(TableGate::try_enter(gate, TableLockMode::kRowExclusive).gate() == nullptr);
  {
    const auto hold = TableGate::enter_closed(gate, TableLockMode::kRowExclusive);
    CHECK(gate->conflicting(TableLockMode::kShare) == 1);
  }
  CHECK(gate->conflicting(TableLockMode::kShare) == 0);
}

}  // namespace
}  // namespace troupe
