#pragma once
/// Transfers that are prepared, and later committed or rolled back by whoever comes along (two-phase commit).
/// Checked: the sum never changes; every balance is what the ledger says, so nobody changes a row that a prepared
/// transfer has locked, whatever happens to the node; what was prepared waits until it is decided, and then is there or
/// is not.
#include <map>
#include <string>

#include "tests/sim/attempt.hpp"
#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Deals final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return 3; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  enum class State : uint8_t { kOpen, kPrepared, kDeciding, kDecided };
  struct Deal {
    uint64_t from = 0, to = 0;
    int64_t amount = 0;
    State state = State::kOpen;
    Attempt attempt;
  };

  Task<void> prepare(Client& client);
  /// True: it is decided by now.
  Task<bool> decide(Client& client, uint64_t id, bool commit);
  Task<void> decide_one(Client& client);
  Task<void> audit(Client& client);
  void compare(const Reply& balances, const Reply& ledger, const std::map<uint64_t, bool>& must, uint64_t life);
  Task<void> decide_leftovers(Client& client);

  std::map<uint64_t, Deal> deals_;
  uint64_t next_id_ = 1;
};

}  // namespace troupe::sim
