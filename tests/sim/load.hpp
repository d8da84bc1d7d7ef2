#pragma once
/// Rows come, change and go in transactions while indexes are made and dropped and columns added.
/// Checked: in one snapshot an index finds exactly what a scan finds, whenever it was made; a statement that was
/// planned before fails at most with what PostgreSQL would say.
#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Load final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return 4; }
  Task<void> set_up(Client& client) override;
  /// Client 0 makes definitions.
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  Task<void> write(Client& client);
  Task<void> define(Client& client);
  Task<void> compare(Client& client);
  std::string statement(Random& random) const;

  int next_column_ = 1;
};

}  // namespace troupe::sim
