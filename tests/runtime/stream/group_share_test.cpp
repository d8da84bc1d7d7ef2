#include "runtime/stream/group_share.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace troupe {
namespace {

constexpr int64_t kNow = 1'000'000'000;
constexpr GroupLimits kLimits{.ack_timeout_us = 3'000'000, .max_deliveries = 3};

std::vector<GroupPartition> partitions(uint32_t count) {
  std::vector<GroupPartition> all(count);
  for (uint32_t i = 0; i < count; ++i) {
    all[i].number = i;
    all[i].acknowledged = all[i].sent = {10, kWholeCommit};
  }
  return all;
}

std::set<uint32_t> numbers(const GroupShare& share) {
  std::set<uint32_t> all;
  for (const GroupReading& reading : share.reads) all.insert(reading.from.number);
  return all;
}

/// What the share says is done.
void apply(const GroupShare& share, const std::string& member, std::vector<GroupPartition>* all) {
  for (const GroupReading& reading : share.reads) (*all)[reading.from.number].member = member;
  for (const GroupPartition& release : share.releases) (*all)[release.number].member.clear();
}

}  // namespace

TEST_CASE("a member alone reads everything", "[stream]") {
  const GroupShare share = share_of("a", partitions(5), {}, kLimits, kNow);
  CHECK(numbers(share).size() == 5);
  CHECK(share.releases.empty());
}

TEST_CASE("members come to equal shares, whoever was first", "[stream]") {
  auto all = partitions(16);
  std::vector<GroupMember> members;
  for (const std::string name : {"a", "b", "c"}) {
    members.push_back({name, kNow});
    for (int round = 0; round < 3; ++round) {
      for (const GroupMember& member : members) {
        apply(share_of(member.name, all, members, kLimits, kNow), member.name, &all);
      }
    }
  }
  for (const GroupMember& member : members) {
    const auto held =
        std::count_if(all.begin(), all.end(), [&](const GroupPartition& one) { return one.member == member.name; });
    CHECK((held == 5 || held == 6));
  }
}

TEST_CASE("what was delivered and is neither acknowledged nor too old is nobody's to read", "[stream]") {
  auto all = partitions(1);
  all[0].member = "a";
  all[0].sent = {11, 3};
  all[0].deadline_us = kNow + 1'000;
  for (const std::string member : {"a", "b"}) {
    const GroupShare share = share_of(member, all, {{"a", kNow}}, kLimits, kNow);
    CHECK(share.reads.empty());
    CHECK(share.releases.empty());
  }
  CHECK(share_of("a", all, {{"a", kNow}}, kLimits, kNow).look_again_us == kNow + 1'000);
}

TEST_CASE("what was not acknowledged in time is read again, then one event alone, and in the end given up",
          "[stream]") {
  auto all = partitions(1);
  all[0].member = "a";
  all[0].sent = {11, 3};
  all[0].deadline_us = kNow;
  for (const int32_t deliveries : {1, 2, 3, 4}) {
    all[0].deliveries = deliveries;
    const GroupShare share = share_of("a", all, {{"a", kNow}}, kLimits, kNow);
    REQUIRE(share.reads.size() == 1);
    CHECK(share.reads[0].again);
    CHECK(share.reads[0].alone == (deliveries > 1));
    CHECK_FALSE(share.reads[0].gives_up);  // it has not been alone yet
  }
  all[0].careful = {11, 5};
  for (const int32_t deliveries : {1, 2, 3}) {
    all[0].deliveries = deliveries;
    CHECK(share_of("a", all, {}, kLimits, kNow).reads[0].gives_up == (deliveries == 3));
  }
  CHECK_FALSE(share_of("a", all, {}, {.ack_timeout_us = 1, .max_deliveries = 0}, kNow).reads[0].gives_up);
}

TEST_CASE("where one delivery is all, an event is alone before it is given up", "[stream]") {
  auto all = partitions(1);
  all[0].sent = {11, 3};
  all[0].deliveries = 1;
  const GroupLimits once{.ack_timeout_us = 1, .max_deliveries = 1};
  CHECK(share_of("a", all, {}, once, kNow).reads[0].alone);
  CHECK_FALSE(share_of("a", all, {}, once, kNow).reads[0].gives_up);
  all[0].careful = {11, 3};
  CHECK(share_of("a", all, {}, once, kNow).reads[0].gives_up);
}

TEST_CASE("what is delivered in vain is alone the last time that it may be", "[stream]") {
  auto all = partitions(1);
  all[0].sent = {11, 3};
  all[0].deliveries = 1;
  CHECK(share_of("a", all, {}, {.ack_timeout_us = 1, .max_deliveries = 2}, kNow).reads[0].alone);
  CHECK_FALSE(share_of("a", all, {}, {.ack_timeout_us = 1, .max_deliveries = 3}, kNow).reads[0].alone);
  all[0].sent = all[0].acknowledged;
  CHECK(share_of("a", all, {}, {.ack_timeout_us = 1, .max_deliveries = 1}, kNow).reads[0].alone);
}

TEST_CASE("deliveries are counted of an event, not of a window", "[stream]") {
  GroupReading reading;
  reading.from.deliveries = 2;
  reading.again = true;
  CHECK(delivery_of(reading, {11, 1}) == 3);
  reading.gives_up = true;
  CHECK(delivery_of(reading, {11, 1}) == 2);
  // It came with others that are done with now.
  reading.again = reading.gives_up = false;
  reading.from.careful = {11, 3};
  reading.from.careful_deliveries = 2;
  CHECK(delivery_of(reading, {11, 3}) == 3);
  CHECK(delivery_of(reading, {11, 4}) == 1);
}

TEST_CASE("events of a window that failed come one at a time", "[stream]") {
  auto all = partitions(1);
  all[0].careful = {12, 1};
  CHECK(share_of("a", all, {}, kLimits, kNow).reads[0].alone);
  all[0].acknowledged = all[0].sent = {12, 1};
  CHECK_FALSE(share_of("a", all, {}, kLimits, kNow).reads[0].alone);
}

TEST_CASE("whoever has not been seen for so long loses what he has", "[stream]") {
  auto all = partitions(4);
  for (GroupPartition& one : all) one.member = "gone";
  const std::vector<GroupMember> members{{"gone", kNow - kLimits.ack_timeout_us}, {"a", kNow}};
  CHECK(numbers(share_of("a", all, members, kLimits, kNow)).size() == 4);
  CHECK(share_of("a", all, {{"gone", kNow - 1}, {"a", kNow}}, kLimits, kNow).reads.empty());
}

TEST_CASE("all of a commit is behind each of its changes", "[stream]") {
  CHECK(StreamToken{5, 1'000'000} < StreamToken{5, kWholeCommit});
  CHECK(StreamToken{5, kWholeCommit} < StreamToken{6, 1});
}

}  // namespace troupe
