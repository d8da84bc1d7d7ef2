#pragma once
/// Rows that refer to others, which come, go and change their keys meanwhile: one table that nothing may be taken from,
/// one that goes along, one that is looked at when the transaction ends.
/// Checked: in no snapshot is there a row that refers to nothing.
#include "tests/sim/workload.hpp"

namespace troupe::sim {

class References final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return 3; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  std::string statement(Random& random) const;
  Task<void> play(Client& client);
  Task<void> look_for_orphans(Client& client);
};

}  // namespace troupe::sim
