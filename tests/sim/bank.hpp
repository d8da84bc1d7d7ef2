#pragma once
/// Transfers between accounts of several partitions, each with a line in a ledger.
/// Checked: the sum never changes in any snapshot; in a repeatable-read snapshot every balance is what the ledger says;
/// every acknowledged transfer is in the ledger, no rolled back one is.
#include <map>

#include "tests/sim/attempt.hpp"
#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Bank final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return 3; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  struct Transfer {
    int from = 0;
    int to = 0;
    int64_t amount = 0;
    Attempt attempt;
  };
  Task<void> transfer(Client& client);
  Task<void> transfer_at_once(Client& client, uint64_t id);
  Task<void> check_sum(Client& client);
  Task<void> audit(Client& client);
  void compare(const Reply& balances, const Reply& ledger, const std::map<uint64_t, bool>& must, uint64_t life);

  std::map<uint64_t, Transfer> transfers_;
  uint64_t next_id_ = 1;
};

}  // namespace troupe::sim
