#include "runtime/transaction/replication_slots.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

ReplicationSlot slot(std::string name, Scn confirmed, bool temporary = false) {
  ReplicationSlot made;
  made.name = std::move(name);
  made.plugin = "pgoutput";
  made.database = 5;
  made.confirmed = confirmed;
  made.temporary = temporary;
  made.owner_pid = 1;
  return made;
}

TEST_CASE("positions grow in commit order, and a commit ends before the next begins", "[replication]") {
  for (const Scn scn : {Scn{1}, Scn{2}, Scn{1} << 40}) {
    CHECK(lsn_of_commit(scn) < lsn_behind(scn));
    CHECK(lsn_behind(scn) < lsn_of_commit(scn + 1));
    CHECK(scn_before(lsn_of_commit(scn)) == scn - 1);
    CHECK(scn_before(lsn_behind(scn)) == scn);
  }
  CHECK(scn_before(kNoLsn) == kNoScn);
  CHECK(lsn_text(lsn_behind(0x1'2345'6789)) == "12/34567898");
}

TEST_CASE("slots outlive the node, temporary ones do not", "[replication]") {
  ReplicationSlots slots(3);
  REQUIRE(slots.create(slot("a", 5)).ok());
  REQUIRE(slots.create(slot("tmp", 7, true)).ok());
  slots.confirm("a", 9);
  slots.confirm("a", 8);
  ReplicationSlots again(3);
  REQUIRE(again.decode(slots.encode().first).ok());
  REQUIRE(again.list().size() == 1);
  CHECK(again.list()[0].name == "a");
  CHECK(again.list()[0].confirmed == 9);
  std::string damaged = slots.encode().first;
  damaged[6] ^= 1;
  CHECK(error_code(again.decode(damaged)) == ErrorCode::kDataCorrupted);
}

TEST_CASE("a slot is one session's at a time", "[replication]") {
  ReplicationSlots slots(2);
  REQUIRE(slots.create(slot("a", 5)).ok());
  CHECK(error_code(slots.create(slot("a", 5))) == ErrorCode::kDuplicateObject);
  CHECK(error_code(slots.create(slot("B", 5))) == ErrorCode::kInvalidName);
  REQUIRE(slots.acquire("a", 1).ok());
  CHECK(error_code(slots.acquire("a", 2).status()) == ErrorCode::kObjectInUse);
  CHECK(error_code(slots.drop("a", 2)) == ErrorCode::kObjectInUse);
  slots.end_session(1);
  CHECK(slots.acquire("a", 2).ok());
  REQUIRE(slots.create(slot("b", 5)).ok());
  CHECK(error_code(slots.create(slot("c", 5))) == ErrorCode::kConfigurationLimitExceeded);
  CHECK(slots.drop("b", 3).ok());
  CHECK(error_code(slots.drop("b", 3)) == ErrorCode::kUndefinedObject);
}

TEST_CASE("a slot behind the log's beginning is lost", "[replication]") {
  ReplicationSlots slots(2);
  REQUIRE(slots.create(slot("old", 5)).ok());
  REQUIRE(slots.create(slot("new", 10)).ok());
  CHECK(slots.lose_before(10) == std::vector<std::string>{"old"});
  CHECK(slots.lose_before(10).empty());
  CHECK(error_code(slots.acquire("old", 1).status()) == ErrorCode::kObjectNotInPrerequisiteState);
  CHECK(slots.acquire("new", 1).ok());
}

TEST_CASE("a version tells whether there is something to save", "[replication]") {
  ReplicationSlots slots(2);
  const uint64_t before = slots.version();
  REQUIRE(slots.create(slot("tmp", 5, true)).ok());
  CHECK(slots.version() == before);
  REQUIRE(slots.create(slot("a", 5)).ok());
  CHECK(slots.encode().second == slots.version());
  CHECK(slots.version() > before);
}

}  // namespace
}  // namespace troupe
