#pragma once
/// Prepared transactions that nobody decides: they keep their locks for ever, and nobody but an operator may end them.
/// So sys.events and the log tell of each that is older than transactions.prepared_report_s, and again whenever its age
/// has doubled. Owner: the ticker.
#include <map>

#include "actors/node/services.hpp"

namespace troupe {

class OverduePrepared {
 public:
  explicit OverduePrepared(NodeServices& services) : services_{services} {}

  /// About once a second it looks.
  void tick();

 private:
  void tell_of(const PreparedTransaction& transaction, int64_t age_s) const;

  NodeServices& services_;
  int64_t looked_us_ = 0;                ///< monotonic
  std::map<TxnId, int64_t> tell_again_;  ///< at which age, in seconds
};

}  // namespace troupe
