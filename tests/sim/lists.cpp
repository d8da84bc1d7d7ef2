#include "tests/sim/lists.hpp"

#include <cstdlib>
#include <map>

#include "absl/strings/str_split.h"
#include "runtime/transaction/transaction.hpp"
#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

/// What a list's second column, which has an index, is: it never changes, so the index leads to rows of any version.
constexpr int kGroups = 3;
/// The third, which is unique, is the list's number plus this.
constexpr int kUniqueOffset = 1'000;

std::vector<uint64_t> values_of(const std::string& text) {
  std::vector<uint64_t> values;
  for (const auto piece : absl::StrSplit(text, ',')) {
    values.push_back(std::strtoull(std::string(piece).c_str(), nullptr, 10));
  }
  return values;
}

IsolationLevel draw(Random& random) {
  constexpr IsolationLevel kLevels[] = {IsolationLevel::kReadCommitted, IsolationLevel::kRepeatableRead,
                                        IsolationLevel::kSerializable, IsolationLevel::kSerializable};
  return kLevels[random.below(4)];
}

}  // namespace

Lists::Lists(Referee& referee, std::optional<IsolationLevel> level)
    : Workload(referee), level_{level ? *level : draw(referee.world().seeds().work)} {}

Task<void> Lists::set_up(Client& client) {
  auto making = must(client,
                     "CREATE TABLE lists (k int PRIMARY KEY, g int NOT NULL, u int NOT NULL UNIQUE, "
                     "elements text NOT NULL)");
  if (!co_await making) co_return;
  auto indexing = must(client, "CREATE INDEX lists_g ON lists (g)");
  co_await indexing;
}

int Lists::random_list(Client& client) { return first_list() + static_cast<int>(client.random().below(kLists)); }

Task<void> Lists::turn(Client& client, int) {
  HistoryTransaction transaction;
  transaction.client = client.name();
  transaction.began = ++moments_;
  auto beginning = run(client, cat("BEGIN ISOLATION LEVEL ", isolation_name(level_)));
  bool good = co_await beginning;
  for (uint64_t left = 1 + client.random().below(4); good && left > 0; --left) {
    auto operating = operate(client, &transaction);
    good = co_await operating;
  }
  const bool commits = good && client.random().below(12) != 0;
  if (commits) transaction.outcome = HistoryTransaction::Outcome::kUnknown;
  // Others may see it before the answer comes.
  const size_t number = history_.size();
  history_.push_back(transaction);
  if (!client.connected()) co_return;
  auto ending = client.query(commits ? "COMMIT" : "ROLLBACK");
  const Reply reply = co_await ending;
  const bool ended = referee_.accept(client, reply);
  if (!commits) co_return;
  HistoryTransaction& told = history_[number];
  if (ended && reply.tag == "COMMIT") {
    told.outcome = HistoryTransaction::Outcome::kCommitted;
    told.ended = ++moments_;
  } else if (ended || !reply.in_doubt()) {
    told.outcome = HistoryTransaction::Outcome::kAborted;
  }
}

Task<bool> Lists::run(Client& client, std::string sql) {
  auto asking = client.query(std::move(sql));
  const Reply reply = co_await asking;
  co_return referee_.accept(client, reply);
}

Task<bool> Lists::operate(Client& client, HistoryTransaction* transaction) {
  const uint64_t dice = client.random().below(20);
  auto operating = dice < 6    ? append(client, transaction)
                   : dice < 9  ? append_or_insert(client, transaction)
                   : dice < 10 ? append_and_take_back(client)
                               : read(client, transaction);
  co_return co_await operating;
}

Task<bool> Lists::append(Client& client, HistoryTransaction* transaction) {
  const int list = random_list(client);
  const uint64_t value = next_value_++;
  transaction->operations.push_back({true, list, value});
  auto writing =
      run(client, cat("INSERT INTO lists VALUES (", list, ", ", list % kGroups, ", ", list + kUniqueOffset, ", '",
                      value, "') ON CONFLICT (k) DO UPDATE SET elements = lists.elements || ',", value, "'"));
  co_return co_await writing;
}

/// Of two that find no list and make it one fails, whatever the level.
Task<bool> Lists::append_or_insert(Client& client, HistoryTransaction* transaction) {
  const int list = random_list(client);
  const uint64_t value = next_value_++;
  transaction->operations.push_back({true, list, value});
  auto updating = client.query(cat("UPDATE lists SET elements = elements || ',", value, "' WHERE k = ", list));
  const Reply updated = co_await updating;
  if (!referee_.accept(client, updated)) co_return false;
  if (updated.tag == "UPDATE 1") co_return true;
  // That there was none is something that it read.
  transaction->operations.insert(transaction->operations.end() - 1, Operation{false, list, 0, {}});
  auto inserting = client.query(
      cat("INSERT INTO lists VALUES (", list, ", ", list % kGroups, ", ", list + kUniqueOffset, ", '", value, "')"));
  const Reply inserted = co_await inserting;
  co_return referee_.accept(client, inserted, {"23505"});
}

/// What a savepoint gives back must never be seen.
Task<bool> Lists::append_and_take_back(Client& client) {
  HistoryTransaction taken_back;
  taken_back.client = client.name();
  auto marking = run(client, "SAVEPOINT s");
  if (!co_await marking) co_return false;
  auto appending = append(client, &taken_back);
  const bool good = co_await appending;
  history_.push_back(taken_back);
  if (!good) co_return false;
  auto returning = run(client, "ROLLBACK TO s");
  co_return co_await returning;
}

Task<bool> Lists::read(Client& client, HistoryTransaction* transaction) {
  const int list = random_list(client);
  std::string where;
  int first = list, end = list + 1, step = 1;
  switch (client.random().below(6)) {
    case 0: where = cat("k = ", list); break;
    case 1: where = cat("u = ", list + kUniqueOffset); break;
    case 2:
      end = list + 3;
      where = cat("k >= ", first, " AND k < ", end);
      break;
    case 3:
      end = list + 3;
      where = cat("u >= ", first + kUniqueOffset, " AND u < ", end + kUniqueOffset);
      break;
    case 4:
      first = list % kGroups;
      end = first_list() + kLists + 8;
      step = kGroups;
      where = cat("g = ", list % kGroups);
      break;
    default:
      first = 0;
      end = first_list() + kLists + 8;
      where = "elements <> ''";
  }
  auto asking = client.query(cat("SELECT k, elements FROM lists WHERE ", where));
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return false;
  note_read(reply, first, end, step, transaction);
  co_return true;
}

/// Lists that are not there are read as empty.
void Lists::note_read(const Reply& reply, int first, int end, int step, HistoryTransaction* transaction) {
  std::map<int, std::vector<uint64_t>> there;
  for (const Row& row : reply.rows) {
    there[std::atoi(row[0].value_or("").c_str())] = values_of(row[1].value_or(""));
  }
  if (there.size() != reply.rows.size()) complain("lists: a list is there twice");
  for (int list = first; list < end; list += step) {
    const auto at = there.find(list);
    transaction->operations.push_back({false, list, 0, at == there.end() ? std::vector<uint64_t>{} : at->second});
    if (at != there.end()) there.erase(at);
  }
  if (!there.empty()) complain(cat("lists: list ", there.begin()->first, " is not what was asked for"));
}

Task<void> Lists::verify(Client& client) {
  HistoryTransaction all;
  all.client = client.name();
  all.began = ++moments_;
  auto asking = client.query("SELECT k, elements FROM lists");
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  note_read(reply, 0, first_list() + kLists + 8, 1, &all);
  all.outcome = HistoryTransaction::Outcome::kCommitted;
  all.ended = ++moments_;
  history_.push_back(std::move(all));
  const auto wrong = first_forbidden(find_anomalies(history_, true), level_);
  if (wrong) complain(cat("lists: ", isolation_name(level_), ": ", anomaly_name(wrong->anomaly), ": ", wrong->story));
}

}  // namespace troupe::sim
