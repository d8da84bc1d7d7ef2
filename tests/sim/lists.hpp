#pragma once
/// Transactions that append to lists and read them: one by one, by ranges and by other columns, lists that are not
/// there yet among them. All that clients were told becomes one history (history.hpp). Checked: the history has none of
/// the anomalies that the run's isolation level must exclude.
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/history.hpp"
#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Lists final : public Workload {
 public:
  /// Without a level the seed draws one.
  Lists(Referee& referee, std::optional<IsolationLevel> level);
  int clients() const override { return 4; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  Task<bool> operate(Client& client, HistoryTransaction* transaction);
  Task<bool> append(Client& client, HistoryTransaction* transaction);
  Task<bool> append_or_insert(Client& client, HistoryTransaction* transaction);
  Task<bool> append_and_take_back(Client& client);
  Task<bool> read(Client& client, HistoryTransaction* transaction);
  Task<bool> run(Client& client, std::string sql);
  void note_read(const Reply& reply, int first, int end, int step, HistoryTransaction* transaction);
  int random_list(Client& client);
  /// Lists come into use one after the other, so that none gets long and some are always new.
  int first_list() const { return static_cast<int>(history_.size() / kTransactionsPerList); }

  static constexpr int kLists = 8;  ///< in use at the same time
  static constexpr size_t kTransactionsPerList = 12;

  IsolationLevel level_;
  std::vector<HistoryTransaction> history_;
  uint64_t next_value_ = 1;
  uint64_t moments_ = 0;
};

}  // namespace troupe::sim
