#pragma once
/// What system relations and functions ask about this session and its node: pg_stat_activity, sys.actors, hooks.
/// Owner: one backend.
#include <string>
#include <vector>

#include "actors/session/session_list.hpp"
#include "runtime/system/system_session.hpp"

namespace troupe {

class Backend;

class SessionSystem final : public SystemSession {
 public:
  explicit SessionSystem(Backend& backend) : backend_{backend} {}

  const CatalogPtr& catalog() const override;
  const SessionParameters& parameters() const override;
  absl::Status set_parameter(std::string_view name, std::string_view value, bool local) override;
  Oid user() const override;
  Oid session_user() const override;
  Oid database() const override;
  int32_t process_id() const override;
  int64_t started_us() const override;
  absl::StatusOr<TxnId> transaction_id() override;
  std::optional<TxnId> transaction_id_if_assigned() const override;
  std::string server_address() const override;
  int32_t server_port() const override;
  std::string client_address() const override;
  int32_t client_port() const override;

  absl::StatusOr<bool> cancel_session(int32_t process_id) override;
  absl::StatusOr<bool> terminate_session(int32_t process_id) override;
  absl::StatusOr<bool> kill_actor(uint64_t id) override;
  void sleep_for(double seconds) override;
  absl::StatusOr<bool> try_advisory_lock(const AdvisoryLock& lock, AdvisoryScope scope) override;
  absl::Status advisory_lock(const AdvisoryLock& lock, AdvisoryScope scope) override;
  bool advisory_unlock(const AdvisoryLock& lock) override;
  void advisory_unlock_all() override;

  absl::StatusOr<std::optional<std::string>> current_row(std::string_view cursor, Oid table) const override;
  absl::Status notify(std::string_view channel, std::string_view payload) override;
  std::vector<std::string> listening_channels() const override;
  double notification_queue_usage() const override;

  std::vector<SessionInfo> sessions() const override;
  std::vector<LockInfo> locks() const override;
  std::vector<ActorInfo> actors() const override;
  std::vector<LimitInfo> limits() const override;
  std::vector<EventInfo> events() const override;
  std::vector<PartitionInfo> partitions() const override;
  std::optional<SequenceStanding> sequence_position(Oid sequence) const override;
  std::vector<CheckpointInfo> checkpoints() const override;
  std::vector<ScrubInfo> scrubs() const override;
  std::vector<DamageInfo> damages() const override;
  std::vector<RecoveryInfo> recovery() const override;
  std::vector<ConflictInfo> conflicts() const override;
  std::string current_token() const override;
  int64_t relation_bytes(Oid relation) const override;
  int64_t database_bytes(Oid database) const override;
  std::vector<PreparedInfo> prepared_statements() const override;
  std::vector<CursorInfo> cursors() const override;
  absl::StatusOr<std::string> export_snapshot() override;
  Scn newest_commit() const override;
  std::vector<ReplicationSlot> replication_slots() const override;
  absl::StatusOr<Lsn> create_replication_slot(std::string_view name, std::string_view plugin, bool temporary) override;
  absl::Status drop_replication_slot(std::string_view name) override;
  absl::StatusOr<Lsn> advance_replication_slot(std::string_view name, Lsn to) override;
  std::vector<PreparedTransactionInfo> prepared_transactions() const override;

 private:
  SessionRecordPtr find_session(int32_t process_id);
  absl::Status check_may_signal(const SessionRecord& other, std::string_view what) const;

  Backend& backend_;
};

}  // namespace troupe
