#include "tests/sim/append.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "absl/strings/str_split.h"
#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

constexpr int kLists = 5;

std::vector<std::string> split(const std::string& text) {
  if (text.empty()) return {};
  return absl::StrSplit(text, ',');
}

std::string update_of(int key, const std::string& token) {
  return cat("UPDATE list SET n = n + 1, tokens = CASE WHEN tokens = '' THEN '", token, "' ELSE tokens || ',", token,
             "' END WHERE k = ", key);
}

}  // namespace

Task<void> Append::set_up(Client& client) {
  auto making = must(client, "CREATE TABLE list (k int PRIMARY KEY, n int NOT NULL, tokens text NOT NULL)");
  if (!co_await making) co_return;
  for (int key = 0; key < kLists; ++key) lists_[key];
  auto filling =
      must(client, cat("INSERT INTO list SELECT i, 0, '' FROM generate_series(0, ", kLists - 1, ") AS g(i)"));
  co_await filling;
}

Task<void> Append::turn(Client& client, int) {
  const uint64_t dice = client.random().below(10);
  if (dice < 3) {
    auto task = append_one(client);
    co_await task;
  } else if (dice < 5) {
    auto task = append_with_lock(client);
    co_await task;
  } else if (dice < 6) {
    auto task = append_two(client);
    co_await task;
  } else if (dice < 9) {
    auto task = read(client, static_cast<int>(client.random().below(kLists)));
    co_await task;
  } else {
    auto task = read_all(client);
    co_await task;
  }
}

std::string Append::new_token(int key) {
  std::string token = cat("t", next_token_++);
  lists_[key].attempts[token];
  return token;
}

Task<void> Append::append_one(Client& client) {
  const int key = static_cast<int>(client.random().below(kLists));
  const std::string token = new_token(key);
  Attempt& attempt = lists_[key].attempts[token];
  attempt.committing();
  auto asking = client.query(update_of(key, token));
  const Reply reply = co_await asking;
  if (referee_.accept(client, reply) && reply.tag != "UPDATE 1") {
    complain(cat("append: the update of list ", key, " is answered ", reply.tag));
  }
  attempt.answered(reply, referee_.lives);
}

/// SELECT FOR UPDATE shows the newest version, which its transaction may rely on once it has committed.
Task<void> Append::append_with_lock(Client& client) {
  const int key = static_cast<int>(client.random().below(kLists));
  auto beginning = client.query("BEGIN");
  Reply reply = co_await beginning;
  if (!referee_.accept(client, reply)) co_return;
  const Floor floor = floor_of(key);
  auto locking = client.query("SELECT n, tokens FROM list WHERE k = $1::int FOR UPDATE", {std::to_string(key)});
  const Reply locked = co_await locking;
  if (!referee_.accept(client, locked)) {
    if (!client.connected()) co_return;
    auto ending = client.query("ROLLBACK");
    reply = co_await ending;
    referee_.accept(client, reply);
    co_return;
  }
  const std::string token = new_token(key);
  Attempt& attempt = lists_[key].attempts[token];
  auto writing = client.query(update_of(key, token));
  reply = co_await writing;
  if (!referee_.accept(client, reply)) {
    attempt.answered(reply, referee_.lives);
    if (!client.connected()) co_return;
    auto ending = client.query("ROLLBACK");
    reply = co_await ending;
    referee_.accept(client, reply);
    co_return;
  }
  attempt.committing();
  auto ending = client.query("COMMIT");
  reply = co_await ending;
  const bool committed = referee_.accept(client, reply);
  attempt.answered(reply, referee_.lives);
  if (!committed) co_return;
  if (locked.rows.size() != 1)
    co_return complain(cat("append: list ", key, " is locked ", locked.rows.size(), " times"));
  compare(key, locked.rows[0], floor);
}

/// Two lists in one transaction, in any order: deadlocks are found.
Task<void> Append::append_two(Client& client) {
  const int first = static_cast<int>(client.random().below(kLists));
  const int second = static_cast<int>(client.random().below(kLists));
  const std::string tokens[] = {new_token(first), new_token(second)};
  const int keys[] = {first, second};
  auto beginning = client.query("BEGIN");
  Reply reply = co_await beginning;
  for (int i = 0; i < 2 && referee_.accept(client, reply); ++i) {
    auto writing = client.query(update_of(keys[i], tokens[i]));
    reply = co_await writing;
  }
  const bool commits = referee_.accept(client, reply);
  if (commits) {
    for (int i = 0; i < 2; ++i) lists_[keys[i]].attempts[tokens[i]].committing();
  }
  if (client.connected()) {
    auto ending = client.query(commits ? "COMMIT" : "ROLLBACK");
    reply = co_await ending;
    referee_.accept(client, reply);
    if (!commits && reply.ok()) reply.code = "rolled back";
  }
  for (int i = 0; i < 2; ++i) lists_[keys[i]].attempts[tokens[i]].answered(reply, referee_.lives);
}

// --- reading ---

Append::Floor Append::floor_of(int key) const {
  Floor floor;
  const List& list = lists_.at(key);
  floor.known = list.known;
  floor.life = referee_.lives;
  for (const auto& [token, attempt] : list.attempts) {
    if (attempt.must_be_there()) floor.acknowledged.push_back(token);
  }
  return floor;
}

Task<void> Append::read(Client& client, int key) {
  const Floor floor = floor_of(key);
  auto asking = client.query("SELECT n, tokens FROM list WHERE k = $1::int", {std::to_string(key)});
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  if (reply.rows.size() != 1) co_return complain(cat("append: list ", key, " is there ", reply.rows.size(), " times"));
  compare(key, reply.rows[0], floor);
}

Task<void> Append::read_all(Client& client) {
  std::map<int, Floor> floors;
  for (const auto& [key, list] : lists_) floors[key] = floor_of(key);
  auto asking = client.query("SELECT n, tokens, k FROM list");
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  if (reply.rows.size() != lists_.size()) co_return complain(cat("append: ", reply.rows.size(), " lists"));
  for (const Row& row : reply.rows) {
    const int key = std::atoi(row[2].value_or("").c_str());
    compare(key, row, floors[key]);
  }
}

void Append::compare(int key, const Row& row, const Floor& floor) {
  const std::vector<std::string> tokens = split(row[1].value_or(""));
  List& list = lists_.at(key);
  const auto wrong = [&](std::string_view what) {
    complain(cat("append: list ", key, " (", row[1].value_or("null"), "): ", what));
  };
  if (std::to_string(tokens.size()) != row[0].value_or("")) return wrong("its counter is wrong");
  const std::set<std::string> present(tokens.begin(), tokens.end());
  if (present.size() != tokens.size()) return wrong("a token is there twice");
  if (tokens.size() < floor.known.size()) return wrong("it was longer when it was read before");
  const auto& shorter = tokens.size() < list.known.size() ? tokens : list.known;
  const auto& longer = tokens.size() < list.known.size() ? list.known : tokens;
  if (!std::equal(shorter.begin(), shorter.end(), longer.begin())) return wrong("it does not continue what was read");
  for (const std::string& token : tokens) {
    if (!list.attempts.contains(token)) return wrong("a token nobody wrote");
  }
  for (auto& [token, attempt] : list.attempts) {
    const bool acknowledged =
        std::find(floor.acknowledged.begin(), floor.acknowledged.end(), token) != floor.acknowledged.end();
    const char* why = attempt.observe(present.contains(token), acknowledged, floor.life);
    if (why != nullptr) return wrong(cat(token, " ", why));
  }
  if (tokens.size() > list.known.size()) list.known = tokens;
}

Task<void> Append::verify(Client& client) {
  for (const auto& [key, list] : lists_) {
    auto reading = read(client, key);
    co_await reading;
  }
  auto all = read_all(client);
  co_await all;
}

}  // namespace troupe::sim
