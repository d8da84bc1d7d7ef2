#pragma once
/// Applies one subscription: copies tables that are new to it, follows its publisher, and does in transactions of its
/// own, as the subscription's owner, what the publisher's transactions did. How far it is stands in the same
/// transaction (sys.subscription_places), so that nothing is lost or done twice however either side ends.
///
/// Tables are copied before anything is followed, all of them in one snapshot of a temporary slot: the slot says which
/// commits the snapshot has, and of those behind it none has been passed over (docs/decisions/0023). Transactions that
/// have come together are committed together; when one of them fails, they are done again one by one.
///
/// It ends with the first error: whoever starts workers starts another one, later.
/// Owner: one session's coroutine, which runs nothing else.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/session/publisher_client.hpp"
#include "actors/session/subscription_rows.hpp"
#include "runtime/stream/replica_target.hpp"
#include "runtime/transaction/subscription_boards.hpp"

namespace troupe {

struct Prepared;
class CopyIn;

class SubscriptionWorker {
 public:
  SubscriptionWorker(Backend& backend, Oid subscription);
  ~SubscriptionWorker();

  Task<void> run();

 private:
  /// What a table of the publisher is here; no target: it is not followed.
  struct Followed {
    replication::RelationMessage remote;
    std::optional<ReplicaTarget> target;
    bool looked = false;
  };
  /// A transaction of the publisher that is being told.
  struct Told {
    Lsn final_lsn = kNoLsn;
    uint32_t xid = 0;
    bool skipped = false;
  };

  // Its life.
  Task<absl::Status> work();
  Task<absl::Status> load();
  Task<void> report(const absl::Status& status);
  Task<absl::Status> disable();

  // Copying (subscription_copy.cpp).
  Task<absl::Status> copy_tables();
  Task<absl::Status> copy_table(PublisherClient& publisher, SubscribedTable* table, Lsn snapshot);
  Task<absl::StatusOr<replication::RelationMessage>> remote_table(PublisherClient& publisher, const TableDef& table,
                                                                  std::string* source);
  Task<absl::StatusOr<std::string>> remote_filter(PublisherClient& publisher, const std::string& relation);
  Task<absl::Status> copy_rows(PublisherClient& publisher, const ReplicaTarget& target, const std::string& source);
  Task<absl::Status> feed(PublisherClient& publisher, CopyIn& copy);

  // Following.
  Task<absl::Status> follow();
  Task<absl::Status> take_frame(std::string_view data);
  Task<absl::Status> take_message(std::string_view bytes);
  Task<absl::Status> idle();
  Task<absl::Status> commit_told(const replication::CommitMessage& commit);
  Task<absl::Status> commit_batch();
  Task<absl::Status> settle_tables();
  absl::Status check_alive();
  void confirm(bool wanted);
  std::string start_command() const;

  // Applying (subscription_apply.cpp).
  Task<absl::Status> apply(const replication::InsertMessage& insert);
  Task<absl::Status> apply(const replication::UpdateMessage& update);
  Task<absl::Status> apply(const replication::DeleteMessage& gone);
  Task<absl::Status> apply(const replication::TruncateMessage& truncate);
  Task<absl::Status> begin_if_needed();
  absl::StatusOr<Followed*> followed(Oid relation);
  absl::Status look_up(Followed* followed);
  bool applies(const ReplicaTarget& target) const;
  absl::Status check_target(const ReplicaTarget& target) const;
  Task<absl::Status> run_values(const ReplicaTarget& target, ReplicaStatement statement,
                                const replication::Tuple& before, const replication::Tuple& after);
  Task<absl::Status> run_on_one_row(const ReplicaTarget& target, const replication::Tuple& before,
                                    const replication::Tuple* after);
  Task<absl::Status> run_text(std::string text);
  Task<absl::Status> execute(std::shared_ptr<Prepared> statement, std::vector<Value> values);
  absl::StatusOr<Value> value_of(const ReplicaTarget& target, size_t column, const replication::TupleValue& told) const;
  absl::StatusOr<replication::Tuple> as_text(const ReplicaTarget& target, const replication::Tuple& tuple,
                                             std::vector<std::string>* texts) const;
  absl::Status with_context(const absl::Status& status) const;

  // Transactions.
  absl::Status begin(std::string_view doing);
  Task<absl::Status> commit();

  Backend& backend_;
  SubscriptionRows rows_;
  SubscriptionBoards& boards_;
  const Oid oid_;
  bool entered_ = false;
  SubscriptionDef definition_;
  std::map<Oid, SubscribedTable> tables_;
  bool copying_ = false;

  std::unique_ptr<PublisherClient> publisher_;
  std::map<Oid, Followed> followed_;  ///< by the publisher's numbers
  std::map<std::string, std::shared_ptr<Prepared>, std::less<>> statements_;
  uint64_t catalog_version_ = 0;

  std::optional<Told> told_;  ///< between BEGIN and COMMIT
  bool open_ = false;         ///< a transaction of ours is
  uint32_t batch_ = 0;        ///< transactions of the publisher's that are in it
  uint64_t batch_bytes_ = 0;
  int64_t batch_us_ = 0;                     ///< when it was begun, monotonic
  Lsn batch_lsn_ = kNoLsn;                   ///< where the last of them ends
  bool one_by_one_ = false;                  ///< a batch has failed
  Lsn received_ = kNoLsn;                    ///< what the publisher has said it has
  Lsn applied_ = kNoLsn;                     ///< nothing before it is wanted again
  Lsn confirmed_ = kNoLsn;                   ///< and the publisher knows
  int64_t heard_us_ = 0, confirmed_us_ = 0;  ///< monotonic
  bool asked_ = false;                       ///< whether the publisher is still there
  const char* action_ = "";                  ///< what is being applied, for errors
  std::string relation_;                     ///< and to which table
};

}  // namespace troupe
