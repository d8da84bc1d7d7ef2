#include "tests/sim/load.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

constexpr uint64_t kRows = 40;
constexpr uint64_t kGroups = 4;
constexpr int kColumnsMax = 12;

std::vector<std::string> ids_of(const Reply& reply) {
  std::vector<std::string> ids;
  for (const Row& row : reply.rows) ids.push_back(row[0].value_or(""));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

Task<void> Load::set_up(Client& client) {
  auto making = must(client, "CREATE TABLE loaded (id int PRIMARY KEY, grp int NOT NULL, v int)");
  co_await making;
}

Task<void> Load::turn(Client& client, int number) {
  if (number == 0) {
    auto defining = client.random().below(3) == 0 ? define(client) : compare(client);
    co_await defining;
  } else {
    auto writing = write(client);
    co_await writing;
  }
}

std::string Load::statement(Random& random) const {
  const uint64_t id = random.below(kRows), group = random.below(kGroups);
  switch (random.below(4)) {
    case 0: return cat("DELETE FROM loaded WHERE id = ", id);
    case 1: return cat("UPDATE loaded SET grp = ", group, " WHERE id = ", id);
    default:
      return cat("INSERT INTO loaded (id, grp, v) VALUES (", id, ", ", group,
                 ", 1) ON CONFLICT (id) DO UPDATE SET grp = ", group);
  }
}

Task<void> Load::write(Client& client) {
  auto beginning = client.query("BEGIN");
  Reply reply = co_await beginning;
  bool good = referee_.accept(client, reply);
  for (uint64_t left = 1 + client.random().below(3); good && left > 0; --left) {
    auto asking = client.query(statement(client.random()));
    reply = co_await asking;
    good = referee_.accept(client, reply);
  }
  if (!client.connected()) co_return;
  auto ending = client.query(good ? "COMMIT" : "ROLLBACK");
  reply = co_await ending;
  referee_.accept(client, reply);
}

Task<void> Load::define(Client& client) {
  std::string sql;
  const uint64_t dice = client.random().below(8);
  if (dice == 0 && next_column_ < kColumnsMax) {
    sql = cat("ALTER TABLE loaded ADD COLUMN c", next_column_++, " int DEFAULT 7");
  } else if (dice < 5) {
    sql = "CREATE INDEX loaded_grp ON loaded (grp)";
  } else {
    sql = "DROP INDEX loaded_grp";
  }
  auto asking = client.query(sql);
  const Reply reply = co_await asking;
  referee_.accept(client, reply, {"42P07", "42704"});  // it is there already; it is not there
}

Task<void> Load::compare(Client& client) {
  auto beginning = client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  Reply reply = co_await beginning;
  if (!referee_.accept(client, reply)) co_return;
  for (uint64_t group = 0; group < kGroups && client.connected(); ++group) {
    auto scanning = client.query(cat("SELECT id FROM loaded WHERE grp + 0 = ", group));
    const Reply scanned = co_await scanning;
    if (!referee_.accept(client, scanned)) break;
    auto looking = client.query(cat("SELECT id FROM loaded WHERE grp = ", group));
    const Reply found = co_await looking;
    if (!referee_.accept(client, found)) break;
    if (ids_of(found) == ids_of(scanned)) continue;
    complain(cat("load: group ", group, " has ", scanned.rows.size(), " rows, the index finds ", found.rows.size()));
  }
  if (!client.connected()) co_return;
  auto ending = client.query("COMMIT");
  reply = co_await ending;
  referee_.accept(client, reply);
}

Task<void> Load::verify(Client& client) {
  auto comparing = compare(client);
  co_await comparing;
}

}  // namespace troupe::sim
