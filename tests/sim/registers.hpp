#pragma once
/// Rows that each have one writer, who makes them larger and larger; everybody reads them all at once.
/// Checked: a value is one that was written, not older than what was acknowledged when the read began (register); of
/// two reads, one is in no row ahead and in another behind the other (long fork), and one that began when the other had
/// ended is in no row behind it (monotonic).
#include <array>
#include <vector>

#include "tests/sim/workload.hpp"

namespace troupe::sim {

class Registers final : public Workload {
 public:
  using Workload::Workload;
  int clients() const override { return kWriters + kReaders; }
  Task<void> set_up(Client& client) override;
  Task<void> turn(Client& client, int number) override;
  Task<void> verify(Client& client) override;

 private:
  static constexpr int kWriters = 3;
  static constexpr int kReaders = 2;
  using Values = std::array<int64_t, kWriters>;

  Task<void> write(Client& client, int row);
  Task<void> read(Client& client);
  void compare(const Values& seen, const Values& at_least, size_t reads_before);

  Values begun_{};             ///< the largest value that was sent
  Values acknowledged_{};      ///< ... and answered
  std::vector<Values> reads_;  ///< in the order of their ends
};

}  // namespace troupe::sim
