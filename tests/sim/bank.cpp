#include "tests/sim/bank.hpp"

#include <cstdlib>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

constexpr int kAccounts = 10;
constexpr int64_t kFirstBalance = 1'000;

int64_t number(const std::optional<std::string>& text) { return text ? std::atoll(text->c_str()) : INT64_MIN; }

}  // namespace

Task<void> Bank::set_up(Client& client) {
  auto accounts = must(client, "CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL)");
  if (!co_await accounts) co_return;
  auto ledger = must(client, "CREATE TABLE ledger (id bigint PRIMARY KEY, a int, b int, amount bigint)");
  if (!co_await ledger) co_return;
  auto fill = must(client, cat("INSERT INTO account SELECT i, ", kFirstBalance, " FROM generate_series(1, ", kAccounts,
                               ") AS g(i)"));
  co_await fill;
}

Task<void> Bank::turn(Client& client, int) {
  const uint64_t dice = client.random().below(10);
  if (dice < 7) {
    auto task = transfer(client);
    co_await task;
  } else if (dice < 9) {
    auto task = check_sum(client);
    co_await task;
  } else {
    auto task = audit(client);
    co_await task;
  }
}

Task<void> Bank::transfer(Client& client) {
  Random& random = client.random();
  const uint64_t id = next_id_++;
  Transfer& transfer = transfers_[id];
  transfer.from = 1 + static_cast<int>(random.below(kAccounts));
  transfer.to = 1 + static_cast<int>(random.below(kAccounts));
  transfer.amount = 1 + static_cast<int64_t>(random.below(50));
  if (random.below(5) == 0) {
    auto at_once = transfer_at_once(client, id);
    co_await at_once;
    co_return;
  }
  auto beginning = client.query(random.below(3) == 0 ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
  Reply reply = co_await beginning;
  const std::string amount = std::to_string(transfer.amount);
  struct Statement {
    const char* sql;
    std::vector<std::string> parameters;
  };
  const Statement statements[] = {
      {"UPDATE account SET balance = balance - $1::bigint WHERE id = $2::int", {amount, std::to_string(transfer.from)}},
      {"UPDATE account SET balance = balance + $1::bigint WHERE id = $2::int", {amount, std::to_string(transfer.to)}},
      {"INSERT INTO ledger VALUES ($1::bigint, $2::int, $3::int, $4::bigint)",
       {std::to_string(id), std::to_string(transfer.from), std::to_string(transfer.to), amount}}};
  for (const Statement& statement : statements) {
    if (!referee_.accept(client, reply)) break;
    auto asking = client.query(statement.sql, statement.parameters);
    reply = co_await asking;
  }
  const bool good = referee_.accept(client, reply);
  const bool commits = good && random.below(12) != 0;
  if (commits) transfer.attempt.committing();
  if (!client.connected()) {
    transfer.attempt.answered(reply, referee_.lives);
    co_return;
  }
  auto ending = client.query(commits ? "COMMIT" : "ROLLBACK");
  Reply end = co_await ending;
  if (referee_.accept(client, end) && end.tag != (commits ? "COMMIT" : "ROLLBACK")) {
    complain(cat("bank: the end of transfer ", id, " is answered ", end.tag));
  }
  if (!commits && end.ok()) end.code = "rolled back";
  transfer.attempt.answered(end, referee_.lives);
}

/// Four statements in one message are one transaction.
Task<void> Bank::transfer_at_once(Client& client, uint64_t id) {
  Transfer& transfer = transfers_[id];
  const std::string sql =
      cat("UPDATE account SET balance = balance - ", transfer.amount, " WHERE id = ", transfer.from,
          "; UPDATE account SET balance = balance + ", transfer.amount, " WHERE id = ", transfer.to,
          "; INSERT INTO ledger VALUES (", id, ", ", transfer.from, ", ", transfer.to, ", ", transfer.amount, ")");
  transfer.attempt.committing();
  auto asking = client.query(sql);
  const Reply reply = co_await asking;
  referee_.accept(client, reply);
  transfer.attempt.answered(reply, referee_.lives);
}

Task<void> Bank::check_sum(Client& client) {
  auto asking = client.query("SELECT sum(balance), count(*) FROM account");
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  if (reply.rows.size() != 1 || number(reply.rows[0][0]) != kAccounts * kFirstBalance ||
      number(reply.rows[0][1]) != kAccounts) {
    complain(
        cat("bank: the sum of ", reply.rows[0][1].value_or("no"), " balances is ", reply.rows[0][0].value_or("null")));
  }
}

Task<void> Bank::audit(Client& client) {
  std::map<uint64_t, bool> must;
  for (const auto& [id, transfer] : transfers_) must[id] = transfer.attempt.must_be_there();
  const uint64_t life = referee_.lives;
  auto beginning = client.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
  Reply reply = co_await beginning;
  if (!referee_.accept(client, reply)) co_return;
  auto first = client.query("SELECT id, balance FROM account ORDER BY id");
  const Reply balances = co_await first;
  if (referee_.accept(client, balances)) {
    auto second = client.query("SELECT id, a, b, amount FROM ledger");
    const Reply ledger = co_await second;
    if (referee_.accept(client, ledger)) compare(balances, ledger, must, life);
  }
  if (!client.connected()) co_return;
  auto ending = client.query("COMMIT");
  reply = co_await ending;
  referee_.accept(client, reply);
}

void Bank::compare(const Reply& balances, const Reply& ledger, const std::map<uint64_t, bool>& must, uint64_t life) {
  std::map<int, int64_t> expected;
  for (int i = 1; i <= kAccounts; ++i) expected[i] = kFirstBalance;
  std::map<uint64_t, bool> seen;
  for (const Row& row : ledger.rows) {
    const auto id = static_cast<uint64_t>(number(row[0]));
    const auto found = transfers_.find(id);
    if (found == transfers_.end()) return complain(cat("bank: transfer ", id, " was never made"));
    if (std::exchange(seen[id], true)) return complain(cat("bank: transfer ", id, " is there twice"));
    const Transfer& transfer = found->second;
    if (number(row[1]) != transfer.from || number(row[2]) != transfer.to || number(row[3]) != transfer.amount) {
      return complain(cat("bank: transfer ", id, " is not what was written"));
    }
    expected[transfer.from] -= transfer.amount;
    expected[transfer.to] += transfer.amount;
  }
  for (auto& [id, transfer] : transfers_) {
    const auto was_there = must.find(id);
    const char* wrong = transfer.attempt.observe(seen.contains(id), was_there != must.end() && was_there->second, life);
    if (wrong != nullptr) return complain(cat("bank: transfer ", id, " ", wrong));
  }
  if (balances.rows.size() != expected.size()) return complain(cat("bank: ", balances.rows.size(), " accounts"));
  for (const Row& row : balances.rows) {
    const int id = static_cast<int>(number(row[0]));
    if (number(row[1]) == expected[id]) continue;
    return complain(cat("bank: account ", id, " has ", row[1].value_or("null"), ", by the ledger ", expected[id]));
  }
}

Task<void> Bank::verify(Client& client) {
  auto sum = check_sum(client);
  co_await sum;
  auto auditing = audit(client);
  co_await auditing;
}

}  // namespace troupe::sim
