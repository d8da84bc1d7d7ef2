#include "tests/sim/workload.hpp"

#include "storage/base/text.hpp"
#include "tests/sim/append.hpp"
#include "tests/sim/bank.hpp"
#include "tests/sim/deals.hpp"
#include "tests/sim/definitions.hpp"
#include "tests/sim/feed.hpp"
#include "tests/sim/items.hpp"
#include "tests/sim/lists.hpp"
#include "tests/sim/load.hpp"
#include "tests/sim/references.hpp"
#include "tests/sim/registers.hpp"

namespace troupe::sim {

Task<bool> Workload::must(Client& client, std::string sql) {
  auto asking = client.query(sql);
  const Reply reply = co_await asking;
  if (!reply.ok())
    complain(cat("set-up: ", sql, ": ", reply.lost ? "connection lost" : reply.code, " ", reply.message));
  co_return reply.ok();
}

const std::vector<std::string>& workload_names() {
  static const std::vector<std::string> names = {"bank", "append", "items", "feed", "definitions", "lists", "references",
                                                 "registers", "load", "deals"};
  return names;
}

const std::vector<std::string>& workload_variants() {
  static const std::vector<std::string> names = {"lists-read-committed", "lists-repeatable-read", "lists-serializable"};
  return names;
}

std::unique_ptr<Workload> make_workload(std::string_view name, Referee& referee) {
  if (name == "bank") return std::make_unique<Bank>(referee);
  if (name == "append") return std::make_unique<Append>(referee);
  if (name == "items") return std::make_unique<Items>(referee);
  if (name == "feed") return std::make_unique<Feed>(referee);
  if (name == "definitions") return std::make_unique<Definitions>(referee);
  if (name == "lists") return std::make_unique<Lists>(referee, std::nullopt);
  if (name == "lists-read-committed") return std::make_unique<Lists>(referee, IsolationLevel::kReadCommitted);
  if (name == "lists-repeatable-read") return std::make_unique<Lists>(referee, IsolationLevel::kRepeatableRead);
  if (name == "lists-serializable") return std::make_unique<Lists>(referee, IsolationLevel::kSerializable);
  if (name == "registers") return std::make_unique<Registers>(referee);
  if (name == "load") return std::make_unique<Load>(referee);
  if (name == "deals") return std::make_unique<Deals>(referee);
  if (name == "references") return std::make_unique<References>(referee);
  return nullptr;
}

}  // namespace troupe::sim
