#pragma once
/// The rows of pg_subscription and its kin (storage/catalog/subscription_tables.hpp), read and changed within the
/// session's transaction, on the system's own account.
#include <optional>
#include <string>
#include <vector>

#include "runtime/exec/task.hpp"
#include "runtime/transaction/lsn.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"
#include "storage/column/value.hpp"

namespace troupe {

class Backend;

struct SubscriptionDef {
  Oid oid = 0;
  Oid database = 0;
  Oid owner = 0;
  Lsn skip = kNoLsn;  ///< the transaction that ends there is passed over
  std::string name;
  bool enabled = true;
  bool binary = false;
  bool stream = false;
  bool disable_on_error = false;
  std::string conninfo;
  std::optional<std::string> slot;
  std::string synchronous_commit = "off";
  std::vector<std::string> publications;
};

/// How far a table of it is; PostgreSQL's letters.
struct SubscribedTable {
  static constexpr char kInit = 'i', kSynchronized = 's', kReady = 'r';

  Oid table = 0;
  char state = kInit;
  Lsn lsn = kNoLsn;  ///< kSynchronized: it has what was committed before
};

class SubscriptionRows {
 public:
  explicit SubscriptionRows(Backend& backend) : backend_{backend} {}

  Task<absl::StatusOr<std::vector<SubscriptionDef>>> all();
  Task<absl::StatusOr<std::optional<SubscriptionDef>>> find(Oid subscription);
  Task<absl::StatusOr<std::optional<SubscriptionDef>>> find(Oid database, std::string name);
  /// With its place, nowhere yet.
  Task<absl::Status> insert(SubscriptionDef subscription);
  Task<absl::Status> update(SubscriptionDef subscription);
  /// With all that belongs to it.
  Task<absl::Status> remove(Oid subscription);

  Task<absl::StatusOr<std::vector<SubscribedTable>>> tables(Oid subscription);
  Task<absl::Status> add_table(Oid subscription, SubscribedTable table);
  Task<absl::Status> set_table(Oid subscription, SubscribedTable table);
  Task<absl::Status> remove_table(Oid subscription, Oid table);

  /// Up to where it has applied what the publisher told; kNoLsn: nothing yet.
  Task<absl::StatusOr<Lsn>> place(Oid subscription);
  Task<absl::Status> set_place(Oid subscription, Lsn lsn);

 private:
  Task<absl::StatusOr<std::vector<SubscriptionDef>>> select(std::string_view condition, std::vector<Value> values,
                                                            std::vector<Oid> types);
  Task<absl::Status> change(std::string_view text, std::vector<Oid> types, std::vector<Value> values);

  Backend& backend_;
};

}  // namespace troupe
