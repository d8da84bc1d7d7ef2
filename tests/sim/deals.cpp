#include "tests/sim/deals.hpp"

#include <cstdlib>
#include <set>
#include <vector>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

constexpr uint64_t kVaults = 6;
constexpr int64_t kFirstBalance = 1'000;

int64_t number(const std::optional<std::string>& text) { return text ? std::atoll(text->c_str()) : INT64_MIN; }

}  // namespace

Task<void> Deals::set_up(Client& client) {
  auto making = must(client, "CREATE TABLE vault (id int PRIMARY KEY, balance bigint NOT NULL)");
  if (!co_await making) co_return;
  auto ledger = must(client, "CREATE TABLE deal (id bigint PRIMARY KEY)");
  if (!co_await ledger) co_return;
  auto filling = must(client, cat("INSERT INTO vault SELECT i, ", kFirstBalance, " FROM generate_series(0, ",
                                  kVaults - 1, ") AS g(i)"));
  co_await filling;
}

Task<void> Deals::turn(Client& client, int) {
  const uint64_t dice = client.random().below(10);
  if (dice < 4) {
    auto task = prepare(client);
    co_await task;
  } else if (dice < 8) {
    auto task = decide_one(client);
    co_await task;
  } else {
    auto task = audit(client);
    co_await task;
  }
}

/// Rows may be locked by deals that nobody decides soon, so nobody waits long.
Task<void> Deals::prepare(Client& client) {
  Random& random = client.random();
  const uint64_t id = next_id_++;
  Deal& deal = deals_[id];
  deal.from = random.below(kVaults);
  deal.to = random.below(kVaults);
  deal.amount = 1 + static_cast<int64_t>(random.below(50));
  const std::string statements[] = {
      cat("UPDATE vault SET balance = balance - ", deal.amount, " WHERE id = ", deal.from),
      cat("UPDATE vault SET balance = balance + ", deal.amount, " WHERE id = ", deal.to),
      cat("INSERT INTO deal VALUES (", id, ")")};
  auto beginning = client.query("BEGIN; SET LOCAL lock_timeout = '20ms'");
  Reply reply = co_await beginning;
  for (const std::string& statement : statements) {
    if (!referee_.accept(client, reply)) break;
    auto asking = client.query(statement);
    reply = co_await asking;
  }
  const bool good = referee_.accept(client, reply);
  if (!client.connected()) co_return;
  auto ending = client.query(good ? cat("PREPARE TRANSACTION 'deal ", id, "'") : "ROLLBACK");
  reply = co_await ending;
  const bool prepared = referee_.accept(client, reply, {"53200"}) && good;
  if (prepared && reply.tag != "PREPARE TRANSACTION") complain(cat("deals: PREPARE is answered ", reply.tag));
  if (prepared) deal.state = State::kPrepared;
}

Task<void> Deals::decide_one(Client& client) {
  std::vector<uint64_t> waiting;
  for (const auto& [id, deal] : deals_) {
    if (deal.state == State::kPrepared) waiting.push_back(id);
  }
  if (waiting.empty()) co_return;
  auto deciding = decide(client, waiting[client.random().below(waiting.size())], client.random().below(3) != 0);
  co_await deciding;
}

Task<bool> Deals::decide(Client& client, uint64_t id, bool commit) {
  Deal& deal = deals_[id];
  deal.state = State::kDeciding;
  const std::string sql = cat(commit ? "COMMIT" : "ROLLBACK", " PREPARED 'deal ", id, "'");
  while (client.connected()) {
    if (commit) deal.attempt.committing();
    auto asking = client.query(sql);
    Reply reply = co_await asking;
    // An answer that was lost on the way, or never came: the next one says that there is no such transaction.
    if (reply.code == "55000") {  // a session that has lost its client is still at it
      auto pausing = client.pause(1'000);
      co_await pausing;
      continue;
    }
    const bool repeated = reply.code == "42704" && deal.state == State::kDecided;
    if (referee_.accept(client, reply, {"42704"}) || repeated) {
      deal.state = State::kDecided;
      if (repeated) reply.code.clear();
      if (!commit) reply.code = "rolled back";
      deal.attempt.answered(reply, referee_.lives);
      co_return true;
    }
    if (reply.code == "42704") complain(cat("deals: deal ", id, " was prepared and is gone"));
    if (!reply.in_doubt()) {
      deal.state = State::kPrepared;  // refused: it still waits
      co_return false;
    }
    deal.state = State::kDecided;
    deal.attempt.answered(reply, referee_.lives);
    auto connecting = client.connect();
    co_await connecting;
  }
  co_return false;
}

Task<void> Deals::audit(Client& client) {
  std::map<uint64_t, bool> must;
  for (const auto& [id, deal] : deals_) must[id] = deal.attempt.must_be_there();
  const uint64_t life = referee_.lives;
  auto beginning = client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  Reply reply = co_await beginning;
  if (!referee_.accept(client, reply)) co_return;
  auto first = client.query("SELECT id, balance FROM vault ORDER BY id");
  const Reply balances = co_await first;
  if (referee_.accept(client, balances)) {
    auto second = client.query("SELECT id FROM deal");
    const Reply ledger = co_await second;
    if (referee_.accept(client, ledger)) compare(balances, ledger, must, life);
  }
  if (!client.connected()) co_return;
  auto ending = client.query("COMMIT");
  reply = co_await ending;
  referee_.accept(client, reply);
}

void Deals::compare(const Reply& balances, const Reply& ledger, const std::map<uint64_t, bool>& must, uint64_t life) {
  std::map<uint64_t, int64_t> expected;
  for (uint64_t i = 0; i < kVaults; ++i) expected[i] = kFirstBalance;
  std::set<uint64_t> seen;
  for (const Row& row : ledger.rows) {
    const auto id = static_cast<uint64_t>(number(row[0]));
    const auto found = deals_.find(id);
    if (found == deals_.end()) return complain(cat("deals: deal ", id, " was never made"));
    seen.insert(id);
    expected[found->second.from] -= found->second.amount;
    expected[found->second.to] += found->second.amount;
  }
  for (auto& [id, deal] : deals_) {
    const auto was_there = must.find(id);
    const char* wrong = deal.attempt.observe(seen.contains(id), was_there != must.end() && was_there->second, life);
    if (wrong != nullptr) return complain(cat("deals: deal ", id, " ", wrong));
  }
  for (const Row& row : balances.rows) {
    const auto id = static_cast<uint64_t>(number(row[0]));
    if (number(row[1]) == expected[id]) continue;
    return complain(cat("deals: vault ", id, " has ", row[1].value_or("null"), ", by the ledger ", expected[id]));
  }
}

/// What was prepared waits; whatever waits is decided now.
Task<void> Deals::decide_leftovers(Client& client) {
  auto asking = client.query("SELECT gid FROM pg_prepared_xacts");
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  std::set<uint64_t> waiting;
  for (const Row& row : reply.rows)
    waiting.insert(static_cast<uint64_t>(std::atoll(row[0].value_or("deal 0").c_str() + 5)));
  for (const auto& [id, deal] : deals_) {
    if (deal.state == State::kPrepared && !waiting.contains(id)) {
      co_return complain(cat("deals: deal ", id, " was prepared and does not wait"));
    }
  }
  for (const uint64_t id : waiting) {
    auto deciding = decide(client, id, client.random().below(2) == 0);
    co_await deciding;
  }
}

Task<void> Deals::verify(Client& client) {
  auto before = audit(client);
  co_await before;
  auto deciding = decide_leftovers(client);
  co_await deciding;
  auto after = audit(client);
  co_await after;
}

}  // namespace troupe::sim
