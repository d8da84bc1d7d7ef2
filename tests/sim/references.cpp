#include "tests/sim/references.hpp"

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

constexpr uint64_t kKeys = 6;
constexpr const char* kTables[] = {"kept", "taken", "late"};

}  // namespace

Task<void> References::set_up(Client& client) {
  for (const char* sql :
       {"CREATE TABLE referred (id int PRIMARY KEY, v int)",
        "CREATE TABLE kept (id bigserial PRIMARY KEY, r int REFERENCES referred)",
        "CREATE TABLE taken (id bigserial PRIMARY KEY, r int REFERENCES referred ON DELETE CASCADE ON UPDATE CASCADE)",
        "CREATE INDEX ON taken (r)",
        "CREATE TABLE late (id bigserial PRIMARY KEY, r int REFERENCES referred DEFERRABLE INITIALLY DEFERRED)"}) {
    auto making = must(client, sql);
    if (!co_await making) co_return;
  }
}

Task<void> References::turn(Client& client, int) {
  if (client.random().below(6) == 0) {
    auto looking = look_for_orphans(client);
    co_await looking;
  } else {
    auto playing = play(client);
    co_await playing;
  }
}

std::string References::statement(Random& random) const {
  const uint64_t key = random.below(kKeys), other = random.below(kKeys);
  const char* table = kTables[random.below(3)];
  switch (random.below(8)) {
    case 0: return cat("DELETE FROM referred WHERE id = ", key);
    case 1: return cat("UPDATE referred SET id = ", other, " WHERE id = ", key);
    case 2: return cat("UPDATE referred SET v = v + 1 WHERE id = ", key);
    case 3:
    case 4: return cat("INSERT INTO ", table, " (r) VALUES (", key, ")");
    case 5: return cat("UPDATE ", table, " SET r = ", other, " WHERE r = ", key);
    case 6: return cat("DELETE FROM ", table, " WHERE r = ", key);
    default: return cat("INSERT INTO referred VALUES (", key, ", 0) ON CONFLICT DO NOTHING");
  }
}

Task<void> References::play(Client& client) {
  Random& random = client.random();
  auto beginning = client.query(random.below(3) == 0 ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
  Reply reply = co_await beginning;
  bool good = referee_.accept(client, reply);
  for (uint64_t left = 1 + random.below(3); good && left > 0; --left) {
    auto asking = client.query(statement(random));
    reply = co_await asking;
    good = referee_.accept(client, reply, {"23503", "23505"});
  }
  if (!client.connected()) co_return;
  auto ending = client.query(good && random.below(10) != 0 ? "COMMIT" : "ROLLBACK");
  reply = co_await ending;
  referee_.accept(client, reply, {"23503"});
}

Task<void> References::look_for_orphans(Client& client) {
  for (const char* table : kTables) {
    auto asking = client.query(cat("SELECT count(*) FROM ", table, " c WHERE r IS NOT NULL AND NOT EXISTS ",
                                   "(SELECT 1 FROM referred p WHERE p.id = c.r)"));
    const Reply reply = co_await asking;
    if (!referee_.accept(client, reply)) co_return;
    if (reply.rows[0][0] != "0") complain(cat("references: ", *reply.rows[0][0], " rows of ", table, " are orphans"));
  }
}

Task<void> References::verify(Client& client) {
  auto looking = look_for_orphans(client);
  co_await looking;
}

}  // namespace troupe::sim
