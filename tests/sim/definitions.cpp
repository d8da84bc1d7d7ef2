#include "tests/sim/definitions.hpp"

#include <cstdlib>

#include "storage/base/text.hpp"

namespace troupe::sim {

Task<void> Definitions::set_up(Client&) {
  for (int table = 0; table < kTables; ++table) may_be_[table] = {std::nullopt};
  co_return;
}

Task<void> Definitions::turn(Client& client, int) {
  Random& random = client.random();
  const int table = static_cast<int>(random.below(kTables));
  const uint64_t dice = random.below(12);
  if (dice == 0) {
    auto task = maintain(client);
    co_await task;
  } else if (dice < 3) {
    auto task = count(client, table);
    co_await task;
  } else {
    constexpr Deed kDeeds[] = {Deed::kCreate, Deed::kCreate, Deed::kInsert,   Deed::kInsert,    Deed::kInsert,
                               Deed::kIndex,  Deed::kDrop,   Deed::kTruncate, Deed::kDropIndex, Deed::kAddColumn};
    auto task = act(client, table, kDeeds[random.below(std::size(kDeeds))]);
    co_await task;
  }
  auto pausing = client.pause(static_cast<int64_t>(random.below(5'000)));
  co_await pausing;
}

std::optional<Definitions::State> Definitions::after(const State& before, Deed deed, int rows) {
  if (deed == Deed::kCreate) return before ? std::nullopt : std::optional<State>(Shape{});
  if (!before) return std::nullopt;
  Shape shape = *before;
  switch (deed) {
    case Deed::kDrop: return std::optional<State>(State(std::nullopt));
    case Deed::kInsert: shape.rows += rows; break;
    case Deed::kTruncate: shape.rows = 0; break;
    case Deed::kIndex:
      if (shape.indexed) return std::nullopt;
      shape.indexed = true;
      break;
    case Deed::kDropIndex:
      if (!shape.indexed) return std::nullopt;
      shape.indexed = false;
      break;
    case Deed::kAddColumn:
    case Deed::kCreate: break;
  }
  return std::optional<State>(State(shape));
}

Task<void> Definitions::act(Client& client, int table, Deed deed) {
  const int rows = 1 + static_cast<int>(client.random().below(30));
  std::string sql;
  switch (deed) {
    case Deed::kCreate: sql = cat("CREATE TABLE d", table, " (id bigserial PRIMARY KEY, v int)"); break;
    case Deed::kDrop: sql = cat("DROP TABLE d", table); break;
    case Deed::kInsert:
      sql = cat("INSERT INTO d", table, " (v) SELECT i FROM generate_series(1, ", rows, ") AS g(i) RETURNING id");
      break;
    case Deed::kTruncate: sql = cat("TRUNCATE d", table); break;
    case Deed::kIndex: sql = cat("CREATE INDEX d", table, "_v ON d", table, " (v)"); break;
    case Deed::kDropIndex: sql = cat("DROP INDEX d", table, "_v"); break;
    case Deed::kAddColumn: sql = cat("ALTER TABLE d", table, " ADD COLUMN c", next_column_++, " int DEFAULT 7"); break;
  }
  auto asking = client.query(sql);
  const Reply reply = co_await asking;
  // No such table, table exists already, no such index.
  referee_.accept(client, reply, {"42P01", "42P07", "42704"});
  std::set<State> next;
  if (reply.in_doubt()) doubt_in_life_ = referee_.lives;
  // While an earlier statement may still be under way, a refusal tells nothing: it may come about right after.
  const bool refused = reply.code.starts_with("42") && doubt_in_life_ != referee_.lives;
  for (const State& state : may_be_[table]) {
    const std::optional<State> done = after(state, deed, rows);
    if (reply.ok()) {
      if (done) next.insert(*done);
    } else if (refused) {
      if (!done) next.insert(state);
    } else {
      next.insert(state);
      if (done && reply.in_doubt()) next.insert(*done);
    }
  }
  if (next.empty()) co_return complain(cat("definitions: ", sql, " is answered ", reply.ok() ? reply.tag : reply.code));
  may_be_[table] = next;
  if (deed == Deed::kCreate && (reply.ok() || reply.in_doubt())) highest_id_[table] = 0;
  if (deed == Deed::kInsert && reply.ok()) take_ids(table, reply);
}

void Definitions::take_ids(int table, const Reply& reply) {
  for (const Row& row : reply.rows) {
    const int64_t id = std::atoll(row[0].value_or("").c_str());
    if (id <= highest_id_[table]) return complain(cat("definitions: id ", id, " of d", table, " is given out again"));
    highest_id_[table] = id;
  }
}

Task<void> Definitions::count(Client& client, int table) {
  auto asking = client.query(cat("SELECT count(*), count(id) FROM d", table));
  const Reply reply = co_await asking;
  referee_.accept(client, reply, {"42P01"});
  if (!reply.ok() && reply.code != "42P01") co_return;
  const int rows = reply.ok() ? std::atoi(reply.rows.at(0).at(0).value_or("").c_str()) : -1;
  std::set<State> next;
  for (const State& state : may_be_[table]) {
    if ((state ? state->rows : -1) == rows) next.insert(state);
  }
  if (next.empty()) co_return complain(cat("definitions: d", table, " has ", rows, " rows (-1: it is not there)"));
  // Not narrowed: what is in doubt may still be under way.
}

Task<void> Definitions::maintain(Client& client) {
  auto asking = client.query(client.random().below(4) == 0 ? "VACUUM" : "CHECKPOINT");
  const Reply reply = co_await asking;
  // A partition that waits for a page refuses.
  referee_.accept(client, reply, {"55006"});
}

Task<void> Definitions::verify(Client& client) {
  for (int table = 0; table < kTables; ++table) {
    auto counting = count(client, table);
    co_await counting;
  }
}

}  // namespace troupe::sim
