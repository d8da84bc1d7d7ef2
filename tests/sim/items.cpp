#include "tests/sim/items.hpp"

#include <algorithm>
#include <cstdlib>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

constexpr int kGroups = 4;
/// So few that clients collide.
constexpr int kCodes = 60;

std::string content_of(int group, int code, size_t pad) { return cat(group, "/", code, "/", pad); }

}  // namespace

Task<void> Items::set_up(Client& client) {
  auto making = must(client, "CREATE TABLE item (id int PRIMARY KEY, grp int NOT NULL, code int UNIQUE, pad text)");
  if (!co_await making) co_return;
  auto indexing = must(client, "CREATE INDEX item_grp ON item (grp)");
  co_await indexing;
  for (int id = 0; id < kClients * kRowsEach; ++id) may_be_[id] = {std::nullopt};
}

Task<void> Items::turn(Client& client, int number) {
  const uint64_t dice = client.random().below(10);
  if (dice < 5) {
    auto task = change(client, number);
    co_await task;
  } else if (dice < 7) {
    auto task = change_many(client, number);
    co_await task;
  } else if (dice < 9) {
    auto task = read_own(client, number);
    co_await task;
  } else {
    auto task = compare_indexes(client);
    co_await task;
  }
}

/// The whole row is written, so that what it is afterwards does not depend on what it was.
Items::Change Items::draw_change(Random& random, int id) const {
  Change change;
  change.id = id;
  const int group = static_cast<int>(random.below(kGroups));
  const int code = static_cast<int>(random.below(kCodes));
  const size_t pad = random.below(6) == 0 ? random.below(5'000) : random.below(60);
  if (random.below(4) == 0) {
    change.sql = cat("DELETE FROM item WHERE id = ", id);
    return change;
  }
  change.after = content_of(group, code, pad);
  change.sql = cat("INSERT INTO item VALUES (", id, ", ", group, ", ", code, ", repeat('x', ", pad,
                   ")) ON CONFLICT (id) DO UPDATE SET grp = excluded.grp, code = excluded.code, pad = excluded.pad");
  return change;
}

Task<void> Items::change(Client& client, int number) {
  const int id = number * kRowsEach + static_cast<int>(client.random().below(kRowsEach));
  const Change change = draw_change(client.random(), id);
  auto asking = client.query(change.sql);
  const Reply reply = co_await asking;
  referee_.accept(client, reply, {"23505"});
  outcome(id, reply, change.after);
}

/// Several rows in one transaction: all or none.
Task<void> Items::change_many(Client& client, int number) {
  std::map<int, Change> changes;
  for (uint64_t left = 2 + client.random().below(6); left > 0; --left) {
    const int id = number * kRowsEach + static_cast<int>(client.random().below(kRowsEach));
    if (!changes.contains(id)) changes[id] = draw_change(client.random(), id);
  }
  auto beginning = client.query("BEGIN");
  Reply reply = co_await beginning;
  for (const auto& [id, change] : changes) {
    if (!referee_.accept(client, reply, {"23505"})) break;
    auto asking = client.query(change.sql);
    reply = co_await asking;
  }
  if (!client.connected()) co_return;
  const bool commits = referee_.accept(client, reply, {"23505"}) && client.random().below(8) != 0;
  auto ending = client.query(commits ? "COMMIT" : "ROLLBACK");
  reply = co_await ending;
  referee_.accept(client, reply, {"23505"});
  if (!commits) co_return;
  for (const auto& [id, change] : changes) outcome(id, reply, change.after);
}

void Items::outcome(int id, const Reply& reply, const Content& after) {
  if (reply.ok()) {
    may_be_[id] = {after};
  } else if (reply.in_doubt()) {
    may_be_[id].insert(after);
  }
}

void Items::observe(int id, const Content& content) {
  std::set<Content>& may_be = may_be_[id];
  if (may_be.contains(content)) return;
  std::string expected;
  for (const Content& one : may_be) expected += cat(expected.empty() ? "" : " or ", one.value_or("nothing"));
  complain(cat("items: row ", id, " is ", content.value_or("nothing"), ", not ", expected));
}

Task<void> Items::read_own(Client& client, int number) {
  const int from = number * kRowsEach;
  auto asking = client.query("SELECT id, grp, code, length(pad) FROM item WHERE id >= $1::int AND id < $2::int",
                             {std::to_string(from), std::to_string(from + kRowsEach)});
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  std::map<int, std::string> found;
  for (const Row& row : reply.rows) {
    const int id = std::atoi(row[0].value_or("").c_str());
    if (!found.emplace(id, cat(row[1].value_or(""), "/", row[2].value_or(""), "/", row[3].value_or(""))).second) {
      co_return complain(cat("items: row ", id, " is there twice"));
    }
  }
  for (int id = from; id < from + kRowsEach; ++id) {
    observe(id, found.contains(id) ? Content(found[id]) : std::nullopt);
  }
}

Task<void> Items::compare_indexes(Client& client) {
  auto beginning = client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  Reply reply = co_await beginning;
  if (!referee_.accept(client, reply)) co_return;
  auto scanning = client.query("SELECT id, grp, code FROM item WHERE pad IS NOT NULL");
  const Reply scan = co_await scanning;
  if (referee_.accept(client, scan)) {
    std::map<std::string, std::set<std::string>> by_group;
    std::map<std::string, std::string> by_code;
    for (const Row& row : scan.rows) {
      by_group[row[1].value_or("")].insert(row[0].value_or(""));
      if (!by_code.emplace(row[2].value_or(""), row[0].value_or("")).second) {
        complain(cat("items: code ", row[2].value_or("null"), " is there twice"));
      }
    }
    for (int group = 0; group < kGroups; ++group) {
      auto asking = client.query(cat("SELECT id FROM item WHERE grp = ", group));
      const Reply found = co_await asking;
      if (!referee_.accept(client, found)) break;
      std::set<std::string> ids;
      for (const Row& row : found.rows) ids.insert(row[0].value_or(""));
      if (ids.size() != found.rows.size() || ids != by_group[std::to_string(group)]) {
        complain(cat("items: the index finds ", found.rows.size(), " rows of group ", group, ", a scan ",
                     by_group[std::to_string(group)].size()));
      }
    }
    const std::string code = std::to_string(client.random().below(kCodes));
    if (client.connected()) {
      auto asking = client.query("SELECT id FROM item WHERE code = $1::int", {code});
      const Reply found = co_await asking;
      const bool answered = referee_.accept(client, found);
      const std::string expected = by_code.contains(code) ? by_code[code] : "";
      const std::string id = found.rows.empty() ? "" : found.rows[0][0].value_or("");
      if (answered && (found.rows.size() > 1 || id != expected)) {
        complain(cat("items: the unique index finds row \"", id, "\" for code ", code, ", a scan \"", expected, "\""));
      }
    }
  }
  if (!client.connected()) co_return;
  auto ending = client.query("COMMIT");
  reply = co_await ending;
  referee_.accept(client, reply);
}

Task<void> Items::verify(Client& client) {
  for (int number = 0; number < kClients; ++number) {
    auto reading = read_own(client, number);
    co_await reading;
  }
  auto comparing = compare_indexes(client);
  co_await comparing;
}

}  // namespace troupe::sim
