#include "runtime/stream/webhook_lanes.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

using Kind = WebhookAct::Kind;

WebhookEvent event(const std::string& token, int32_t delivery = 1) { return {token, "evt_" + token, "{}", delivery}; }

/// Three events of a partition, the first of them posted.
WebhookLanes three(WebhookLanes::Acts* acts) {
  WebhookLanes lanes;
  for (const char* token : {"5.1", "5.2", "6.1"}) lanes.take(3, "77", event(token), acts);
  return lanes;
}

}  // namespace

TEST_CASE("the events of a partition are posted one after the other", "[webhook]") {
  WebhookLanes::Acts acts;
  WebhookLanes lanes = three(&acts);
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].kind == Kind::kPost);
  CHECK(lanes.posted(3, acts[0].post)->token == "5.1");
  CHECK(lanes.waiting() == 3);

  const uint64_t first = acts[0].post;
  acts.clear();
  lanes.taken(3, first, &acts);

  REQUIRE(acts.size() == 2);
  CHECK(acts[0].kind == Kind::kAcknowledge);
  CHECK(acts[0].upto == "5.1");
  CHECK(acts[0].batch == "77");
  CHECK_FALSE(acts[0].last);
  CHECK(acts[1].kind == Kind::kPost);
  CHECK(lanes.posted(3, acts[1].post)->token == "5.2");
  CHECK(lanes.posted(3, first) == nullptr);
}

TEST_CASE("partitions do not wait for each other", "[webhook]") {
  WebhookLanes::Acts acts;
  WebhookLanes lanes = three(&acts);
  lanes.take(4, "77", event("5.3"), &acts);
  REQUIRE(acts.size() == 2);
  CHECK(acts[1].partition == 4);
}

TEST_CASE("while an acknowledgement is on its way there is no other one but the last", "[webhook]") {
  WebhookLanes::Acts acts;
  WebhookLanes lanes = three(&acts);
  lanes.taken(3, acts.back().post, &acts);
  const WebhookAct told = acts[1];
  REQUIRE(told.upto == "5.1");
  const uint64_t second = acts.back().post;
  acts.clear();
  lanes.taken(3, second, &acts);
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].kind == Kind::kPost);
  const uint64_t third = acts[0].post;

  acts.clear();
  lanes.answered(told, &acts);
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].upto == "5.2");

  acts.clear();
  lanes.taken(3, third, &acts);
  REQUIRE(acts.size() == 1);
  CHECK(acts[0].kind == Kind::kAcknowledge);
  CHECK(acts[0].upto.empty());
  CHECK(acts[0].last);
  CHECK_FALSE(lanes.empty());
  lanes.answered(acts[0], &acts);
  CHECK(lanes.empty());
}

TEST_CASE("the first event that is refused ends the lane, and what was taken before is acknowledged", "[webhook]") {
  WebhookLanes::Acts acts;
  WebhookLanes lanes = three(&acts);
  lanes.taken(3, acts.back().post, &acts);
  const uint64_t second = acts.back().post;
  acts.clear();
  lanes.refused(3, second, "HTTP status 500", 4'000, &acts);
  REQUIRE(acts.size() == 1);  // "5.1" is on its way
  CHECK(acts[0].kind == Kind::kReject);
  CHECK(acts[0].upto == "5.2");
  CHECK(acts[0].reason == "HTTP status 500");
  CHECK(acts[0].pause_us == 4'000);
  CHECK(acts[0].last);
  CHECK(lanes.waiting() == 0);
  lanes.answered(acts[0], &acts);
  CHECK(lanes.empty());
}

TEST_CASE("what is not posted is given back as if it had never been delivered", "[webhook]") {
  WebhookLanes::Acts acts;
  WebhookLanes lanes = three(&acts);
  const uint64_t first = acts[0].post;
  lanes.give_back();
  acts.clear();
  lanes.taken(3, first, &acts);
  REQUIRE(acts.size() == 2);
  CHECK(acts[0].kind == Kind::kAcknowledge);
  CHECK(acts[1].kind == Kind::kReject);
  CHECK(acts[1].upto == "5.1");
  CHECK(acts[1].reason.empty());
}

TEST_CASE("a newer batch of a partition makes the older one void", "[webhook]") {
  WebhookLanes::Acts acts;
  WebhookLanes lanes = three(&acts);
  const uint64_t old = acts[0].post;
  acts.clear();
  lanes.take(3, "99", event("5.1", 2), &acts);
  REQUIRE(acts.size() == 1);
  const uint64_t fresh = acts[0].post;
  lanes.taken(3, old, &acts);
  CHECK(acts.size() == 1);
  CHECK(lanes.posted(3, fresh)->delivery == 2);
  WebhookAct late;
  late.partition = 3;
  late.batch = "77";
  late.last = true;
  lanes.answered(late, &acts);
  lanes.lost(late);
  CHECK(lanes.posted(3, fresh) != nullptr);
}

TEST_CASE("pauses double up to the longest, half of each at random", "[webhook]") {
  CHECK(retry_pause_us(1, 1'000, 60'000, 0.0) == 500);
  CHECK(retry_pause_us(1, 1'000, 60'000, 1.0) == 1'000);
  CHECK(retry_pause_us(2, 1'000, 60'000, 1.0) == 2'000);
  CHECK(retry_pause_us(5, 1'000, 60'000, 0.0) == 8'000);
  CHECK(retry_pause_us(1'000'000, 1'000, 60'000, 1.0) == 60'000);
  CHECK(retry_pause_us(3, 1'000, 500, 1.0) == 500);
}

}  // namespace troupe
