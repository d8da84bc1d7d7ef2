/// What a replication connection may say beside SQL, and replication slots.
#include "actors/session/backend.hpp"
#include "runtime/stream/pgoutput_options.hpp"
#include "storage/base/text.hpp"
#include "storage/catalog/rights.hpp"

namespace troupe {
namespace {

constexpr int64_t kDropPollUs = 20'000;

OutputColumn text_column(std::string name) { return OutputColumn{std::move(name), Type{oid::kText}, kNoOid, 0}; }

absl::Status check_plugin(std::string_view plugin) {
  if (plugin == "pgoutput") return absl::OkStatus();
  return with_hint(error(ErrorCode::kFeatureNotSupported, "output plugin \"", plugin, "\" is not supported"),
                   "Use pgoutput, or SUBSCRIBE TO table on an ordinary connection.");
}

struct SlotOptions {
  std::string snapshot = "export";
};

absl::StatusOr<SlotOptions> slot_options(const CreateSlotCommand& command) {
  SlotOptions read;
  bool snapshot_given = false;
  for (const auto& [name, value] : command.options) {
    if (name == "snapshot") {
      if (snapshot_given) return error(ErrorCode::kSyntaxError, "conflicting or redundant options");
      snapshot_given = true;
      if (value != "export" && value != "use" && value != "nothing") {
        return error(ErrorCode::kInvalidParameterValue, "unrecognized value for CREATE_REPLICATION_SLOT option \"",
                     name, "\": \"", value, "\"");
      }
      read.snapshot = value;
    } else if (name == "two_phase") {
      TROUPE_ASSIGN_OR_RETURN(const bool wanted, replication_flag(name, value));
      if (!wanted) continue;
      return with_hint(error(ErrorCode::kFeatureNotSupported, "two_phase is not supported"),
                       "Make the slot without it: prepared transactions are told when they are committed.");
    } else {
      return error(ErrorCode::kInternalError, "unrecognized option: ", name);
    }
  }
  return read;
}

}  // namespace

/// The startup packet's parameter. Errors: 22023, 42501; 0A000 for a physical one.
absl::Status Backend::begin_replication(std::string_view value) {
  if (value == "false" || value == "off" || value == "no" || value == "0") return absl::OkStatus();
  const bool logical = value == "database";
  if (!logical && value != "true" && value != "on" && value != "yes" && value != "1") {
    return with_hint(
        error(ErrorCode::kInvalidParameterValue, "invalid value for parameter \"replication\": \"", value, "\""),
        "Valid values are: \"false\", 0, \"true\", 1, \"database\".");
  }
  const CatalogPtr& catalog = transaction_.catalog();
  if (!is_superuser(*catalog, login_role_) && !role_or_nobody(*catalog, login_role_).replication) {
    return error(ErrorCode::kInsufficientPrivilege, "must be superuser or replication role to start walsender");
  }
  if (!logical) {
    return with_hint(error(ErrorCode::kFeatureNotSupported, "physical replication is not supported"),
                     "Connect with replication=database and use logical replication.");
  }
  replicates_ = true;
  return absl::OkStatus();
}

absl::Status Backend::check_may_replicate() const {
  const CatalogPtr& catalog = system_session_.catalog();
  if (is_superuser(*catalog, role_) || role_or_nobody(*catalog, role_).replication) return absl::OkStatus();
  return error(ErrorCode::kInsufficientPrivilege, "must be superuser or replication role to use replication slots");
}

Task<absl::Status> Backend::run_replication_command(std::string_view text) {
  forget_slot_snapshot();
  begin_clock(text);
  const auto command = parse_replication_command(text);
  if (!command.ok()) co_return command.status();
  if (const absl::Status usable = transaction_.state().check_usable(); !usable.ok()) co_return usable;
  if (std::holds_alternative<IdentifySystemCommand>(*command)) co_return identify_system();
  if (const auto* create = std::get_if<CreateSlotCommand>(&*command)) {
    auto creating = create_slot(*create);
    co_return co_await creating;
  }
  if (const auto* drop = std::get_if<DropSlotCommand>(&*command)) {
    auto dropping = drop_slot(drop->slot, drop->wait);
    const absl::Status dropped = co_await dropping;
    if (dropped.ok()) writer_.command_complete("DROP_REPLICATION_SLOT");
    co_return dropped;
  }
  if (const auto* start = std::get_if<StartReplicationCommand>(&*command)) {
    auto starting = start_replication(*start);
    const absl::Status ended = co_await starting;
    if (ended.ok()) writer_.command_complete("START_REPLICATION");
    co_return ended;
  }
  co_return with_hint(
      error(ErrorCode::kFeatureNotSupported, std::get<PhysicalCommand>(*command).name, " is not supported"),
      "Only logical replication is there; for a copy of the node use pg_dump.");
}

void Backend::send_one_row(const std::vector<OutputColumn>& columns, const std::vector<std::optional<std::string>>& row,
                           std::string_view tag) {
  send_columns(columns, {});
  writer_.begin_row(static_cast<uint16_t>(row.size()));
  for (const std::optional<std::string>& value : row) {
    if (value) {
      writer_.field(*value);
    } else {
      writer_.null_field();
    }
  }
  writer_.end_row();
  writer_.command_complete(tag);
}

absl::Status Backend::identify_system() {
  send_one_row({text_column("systemid"), OutputColumn{"timeline", Type{oid::kInt4}, kNoOid, 0}, text_column("xlogpos"),
                text_column("dbname")},
               {cat(services_.system_identifier), "1", lsn_text(lsn_behind(services_.commits.durable())), database_},
               "IDENTIFY_SYSTEM");
  return absl::OkStatus();
}

// --- slots ---

absl::Status Backend::check_snapshot_use(std::string_view snapshot) const {
  const Transaction& transaction = transaction_.state();
  const std::string what = cat("CREATE_REPLICATION_SLOT ... (SNAPSHOT '", snapshot, "')");
  if (snapshot == "export") {
    return transaction.in_block() ? error(ErrorCode::kInternalError, what, " must not be called inside a transaction")
                                  : absl::OkStatus();
  }
  if (snapshot != "use") return absl::OkStatus();
  if (!transaction.in_block()) return error(ErrorCode::kInternalError, what, " must be called inside a transaction");
  if (transaction.modes().isolation != IsolationLevel::kRepeatableRead) {
    return error(ErrorCode::kInternalError, what, " must be called in REPEATABLE READ isolation mode transaction");
  }
  if (transaction.snapshot() != kNoScn) {
    return error(ErrorCode::kInternalError, what, " must be called before any query");
  }
  if (transaction.has_savepoints()) {
    return error(ErrorCode::kInternalError, what, " must not be called in a subtransaction");
  }
  return absl::OkStatus();
}

/// A snapshot that others may take over until this connection's next command.
absl::StatusOr<Scn> Backend::export_slot_snapshot() {
  SnapshotRegistry::Slot held = services_.snapshots.take_slot();
  if (!held) return error(ErrorCode::kTooManyConnections, "no room for one more snapshot (limits.connections_max)");
  const Scn at = held.acquire();
  slot_snapshot_ = cat("slot-", record_->process_id, "-", at);
  TransactionModes modes;
  modes.isolation = IsolationLevel::kRepeatableRead;
  modes.read_only = true;
  services_.exported_snapshots.add(slot_snapshot_, std::make_shared<const ExportedSnapshot>(
                                                       ExportedSnapshot{at, std::move(held), modes, database_oid()}));
  return at;
}

void Backend::forget_slot_snapshot() {
  if (!slot_snapshot_.empty()) services_.exported_snapshots.remove(std::exchange(slot_snapshot_, {}));
}

absl::StatusOr<Scn> Backend::add_slot(std::string_view name, std::string_view plugin, bool temporary, Scn at) {
  ReplicationSlot slot;
  slot.name = name;
  slot.plugin = plugin;
  slot.database = database_oid();
  slot.temporary = temporary;
  slot.owner_pid = record_->process_id;
  slot.confirmed = at;
  TROUPE_RETURN_IF_ERROR(services_.replication_slots.create(std::move(slot)));
  return at;
}

Task<absl::Status> Backend::create_slot(const CreateSlotCommand& command) {
  if (!command.logical) {
    co_return with_hint(error(ErrorCode::kFeatureNotSupported, "physical replication slots are not supported"),
                        "Use CREATE_REPLICATION_SLOT name LOGICAL pgoutput.");
  }
  if (absl::Status may = check_may_replicate(); !may.ok()) co_return may;
  if (absl::Status known = check_plugin(command.plugin); !known.ok()) co_return known;
  const auto options = slot_options(command);
  if (!options.ok()) co_return options.status();
  if (absl::Status usable = check_snapshot_use(options->snapshot); !usable.ok()) co_return usable;
  // The slot begins behind what the snapshot sees: the two join without a gap, and nobody waits for anybody.
  absl::StatusOr<Scn> at = services_.commits.durable();
  if (options->snapshot == "use") {
    begin_transaction_statement();
    transaction_.state().note_query();
    at = transaction_.take_snapshot();
  } else if (options->snapshot == "export") {
    at = export_slot_snapshot();
  }
  if (at.ok()) at = add_slot(command.slot, command.plugin, command.temporary, *at);
  if (!at.ok()) co_return at.status();
  auto saving = save_slots();
  const absl::Status saved = co_await saving;
  if (!saved.ok()) co_return saved;
  const std::optional<std::string> snapshot =
      slot_snapshot_.empty() ? std::nullopt : std::optional<std::string>(slot_snapshot_);
  send_one_row({text_column("slot_name"), text_column("consistent_point"), text_column("snapshot_name"),
                text_column("output_plugin")},
               {command.slot, lsn_text(lsn_behind(*at)), snapshot, command.plugin}, "CREATE_REPLICATION_SLOT");
  co_return absl::OkStatus();
}

Task<absl::Status> Backend::drop_slot(std::string_view name, bool waits) {
  const std::string slot(name);
  if (absl::Status may = check_may_replicate(); !may.ok()) co_return may;
  absl::Status status = services_.replication_slots.drop(slot, record_->process_id);
  while (waits && error_code(status) == ErrorCode::kObjectInUse) {
    sleep_us_ = kDropPollUs;
    auto sleeping = sleep_if_asked();
    const absl::Status slept = co_await sleeping;
    if (!slept.ok()) co_return slept;
    if (closed_ || !end_reason_.ok()) co_return status;
    status = services_.replication_slots.drop(slot, record_->process_id);
  }
  if (!status.ok()) co_return status;
  auto saving = save_slots();
  co_return co_await saving;
}

Task<absl::Status> Backend::save_slots() {
  slots_changed_ = false;
  save_request_ = ++next_checkpoint_request_ | kSlotsRequest;
  host_.send_save_slots(save_request_);
  while (save_request_ != 0) co_await saved_;
  co_return save_status_;
}

// --- for functions (SystemSession) ---

Scn SessionSystem::newest_commit() const { return backend_.services_.commits.durable(); }

std::vector<ReplicationSlot> SessionSystem::replication_slots() const {
  return backend_.services_.replication_slots.list();
}

absl::StatusOr<Lsn> SessionSystem::create_replication_slot(std::string_view name, std::string_view plugin,
                                                           bool temporary) {
  TROUPE_RETURN_IF_ERROR(backend_.check_may_replicate());
  TROUPE_RETURN_IF_ERROR(check_plugin(plugin));
  if (backend_.transaction_.state().id() != kNoTxn) {
    return error(ErrorCode::kActiveSqlTransaction,
                 "cannot create logical replication slot in transaction that has performed writes");
  }
  TROUPE_ASSIGN_OR_RETURN(const Scn at, backend_.add_slot(name, plugin, temporary, newest_commit()));
  backend_.slots_changed_ = true;
  return lsn_behind(at);
}

absl::Status SessionSystem::drop_replication_slot(std::string_view name) {
  TROUPE_RETURN_IF_ERROR(backend_.check_may_replicate());
  TROUPE_RETURN_IF_ERROR(backend_.services_.replication_slots.drop(name, process_id()));
  backend_.slots_changed_ = true;
  return absl::OkStatus();
}

absl::StatusOr<Lsn> SessionSystem::advance_replication_slot(std::string_view name, Lsn to) {
  TROUPE_RETURN_IF_ERROR(backend_.check_may_replicate());
  if (to == kNoLsn) return error(ErrorCode::kInvalidParameterValue, "invalid target WAL LSN");
  ReplicationSlots& slots = backend_.services_.replication_slots;
  TROUPE_ASSIGN_OR_RETURN(const ReplicationSlot slot, slots.acquire(name, process_id()));
  slots.release(process_id());
  if (scn_before(to) < slot.confirmed) {
    return error(ErrorCode::kObjectNotInPrerequisiteState, "cannot advance replication slot to ", lsn_text(to),
                 ", minimum is ", lsn_text(lsn_behind(slot.confirmed)));
  }
  slots.confirm(name, std::min(scn_before(to), newest_commit()));
  backend_.slots_changed_ = true;
  return lsn_behind(slots.find(name)->confirmed);
}

}  // namespace troupe
