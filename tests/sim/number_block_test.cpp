#include "actors/node/number_block.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/client.hpp"

namespace troupe::sim {
namespace {

Task<void> ask(Client& client, std::vector<std::string> statements, std::vector<Reply>* replies) {
  auto connecting = client.connect();
  co_await connecting;
  for (std::string& statement : statements) {
    auto asking = client.query(std::move(statement));
    replies->push_back(co_await asking);
  }
  client.leave();
}

std::vector<Reply> answers(World& world, std::vector<std::string> statements) {
  Client client(world, "definer");
  std::vector<Reply> replies;
  auto asking = ask(client, std::move(statements), &replies);
  asking.start();
  for (int step = 0; step < 200'000 && !asking.done(); ++step) world.step();
  REQUIRE(asking.done());
  asking.result();
  return replies;
}

TEST_CASE("a block of numbers ends where numbers end", "[sim]") {
  std::atomic<uint32_t> next{90};
  CHECK(take_block(next, 8, 100) == 90u);
  CHECK(take_block(next, 8, 100) == std::nullopt);
  CHECK(take_block(next, 2, 100) == 98u);
  CHECK(take_block(next, 1, 100) == std::nullopt);
  next = 0xFFFF'FFF0;
  CHECK(take_block(next, 64, kOidsEnd) == std::nullopt);
  CHECK(next == 0xFFFF'FFF0);
}

TEST_CASE("without a number for it a definition is refused, and all else goes on", "[sim]") {
  World world(5, nullptr);
  REQUIRE(world.start_node().ok());
  for (const bool trees : {false, true}) {
    if (trees) {
      world.context()->services.next_oid = kFirstUserOid + 1'000;
      world.context()->services.next_tree = kTreesEnd - 1;
    } else {
      world.context()->services.next_oid = kOidsEnd - 1;
    }
    const std::string table = trees ? "of_trees" : "of_oids";
    const std::vector<Reply> replies =
        answers(world, {"CREATE TABLE " + table + " (id int PRIMARY KEY)", "SELECT 1", "ANALYZE",
                        "SELECT count(*) FROM pg_class WHERE relname = '" + table + "'"});
    INFO(table);
    CHECK(replies[0].code == "54000");
    CHECK(replies[0].message == (trees ? "out of identifiers of trees" : "out of object identifiers"));
    CHECK(replies[1].ok());
    CHECK(replies[2].ok());
    REQUIRE(replies[3].rows.size() == 1);
    CHECK(replies[3].rows[0] == Row{"0"});
  }
}

}  // namespace
}  // namespace troupe::sim
