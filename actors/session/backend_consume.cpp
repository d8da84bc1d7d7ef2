/// CONSUME, ACKNOWLEDGE, REJECT. CONSUME looks at its group's rows, reads the log without holding anything, and then
/// claims what it has read: rows that somebody else has changed meanwhile, or has locked, are left to him. What is
/// claimed is durable before the client is told. ACKNOWLEDGE changes the rows in the client's own transaction.
#include <algorithm>
#include <charconv>
#include <set>

#include "actors/session/consuming.hpp"
#include "actors/session/event_writer.hpp"
#include "actors/session/group_rows.hpp"
#include "runtime/plan/stream_options.hpp"
#include "runtime/sql/ast_group.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

int64_t number_of(const ConsumerGroupDef& group) { return static_cast<int64_t>(group.oid); }

}  // namespace

std::string Backend::own_member() const { return cat("session ", record_->process_id); }

// --- CONSUME ---

absl::Status Backend::check_may_consume(const sql::ConsumeStatement& statement) {
  const Transaction& transaction = transaction_.state();
  if (transaction.in_block() || transaction.implicit_block() || function_depth_ > 0) {
    return with_hint(error(ErrorCode::kActiveSqlTransaction, "CONSUME cannot run inside a transaction block"),
                     "What was delivered is remembered whatever becomes of the work on it: CONSUME, then BEGIN, and "
                     "ACKNOWLEDGE before COMMIT.");
  }
  TROUPE_RETURN_IF_ERROR(transaction.check_writable("CONSUME"));
  const auto most = static_cast<int32_t>(std::min<uint32_t>(services_.config.stream_batch_events_max, INT32_MAX));
  if (statement.count >= 1 && statement.count <= most) return absl::OkStatus();
  return with_hint(
      error(ErrorCode::kInvalidParameterValue, "CONSUME takes between 1 and ", most, " events, not ", statement.count),
      "streams.batch_events_max limits one batch.");
}

Task<absl::Status> Backend::run_consume(const sql::ConsumeStatement& statement, Portal& portal) {
  if (const absl::Status may = check_may_consume(statement); !may.ok()) co_return may;
  auto group = find_group_to_use(*statement.stream, statement.group);
  if (!group.ok()) co_return group.status();
  int64_t wait_us = 0;
  if (statement.has_wait) {
    const auto wait = interval_us(statement.wait, "WAIT", eval_);
    if (!wait.ok()) co_return wait.status();
    wait_us = *wait;
  }
  Consuming consuming;
  consuming.group = *std::move(group);
  consuming.member = statement.member.empty() ? own_member() : std::string(statement.member);
  batches_.try_emplace(consuming.group.group.oid, 0);
  consuming.events_max = static_cast<size_t>(statement.count);
  consuming.until_us = services_.clock.monotonic_us() + wait_us;
  auto running = consume(consuming);
  const absl::Status status = co_await running;
  if (!status.ok()) {
    group_reader_ = nullptr;
    host_.send_subscription_end();
    const std::string name = cat("consumer group \"", consuming.group.group.name, "\"");
    co_return lost_place(status, name, "ALTER CONSUMER GROUP ... SEEK TO EARLIEST goes on with what there is.");
  }
  if (portal.describe_first) send_columns(event_columns(true), portal.result_formats);
  EventWriter out(portal, writer_, eval_, true);
  const std::string batch = cat(consuming.batch);
  for (const KeptEvent& event : consuming.events) out.write(event, batch);
  out.flush();
  if (!consuming.events.empty()) batches_[consuming.group.group.oid] = consuming.batch;
  portal.rows_sent = consuming.events.size();
  portal.tag = cat("CONSUME ", consuming.events.size());
  co_return absl::OkStatus();
}

/// Looks, reads, claims, until there are events or the time is over.
Task<absl::Status> Backend::consume(Consuming& consuming) {
  while (true) {
    auto looking = look_at_group(consuming);
    absl::Status status = co_await looking;
    if (!status.ok()) co_return status;
    let_go_of_rows();
    const int64_t now_us = services_.clock.monotonic_us();
    const int64_t look_us =
        now_us + std::max<int64_t>(consuming.share.look_again_us - services_.clock.wall_us(), 1'000);
    const int64_t until_us = std::min(consuming.until_us, look_us);
    if (!consuming.share.reads.empty()) {
      auto reading = read_events(consuming, until_us);
      status = co_await reading;
    } else if (until_us > now_us) {
      sleep_us_ = until_us - now_us;
      auto sleeping = sleep_if_asked();
      status = co_await sleeping;
    }
    if (status.ok() && (closed_ || !end_reason_.ok())) {
      status = closed_ ? error(ErrorCode::kConnectionFailure, "the client closed the connection") : end_reason_;
    }
    if (!status.ok()) co_return status;
    if (consuming.has_read() || consuming.to_be_seen || !consuming.share.releases.empty()) {
      auto claiming = claim(consuming);
      status = co_await claiming;
      if (!status.ok()) co_return status;
    }
    if (!consuming.events.empty() || services_.clock.monotonic_us() >= consuming.until_us) co_return absl::OkStatus();
  }
}

/// The group may have gone while it was waited.
absl::Status Backend::check_group_stays(const Consuming& consuming) const {
  const ConsumerGroupDef& group = consuming.group.group;
  CatalogPtr catalog;
  TROUPE_ASSIGN_OR_RETURN(const auto stream, stream_now(*consuming.group.stream, &catalog));
  const auto& groups = stream->groups;
  if (std::any_of(groups.begin(), groups.end(), [&](const auto& known) { return known.oid == group.oid; })) {
    return absl::OkStatus();
  }
  return error(ErrorCode::kUndefinedObject, "consumer group \"", group.name, "\" of stream \"", stream->name,
               "\" was dropped");
}

Task<absl::Status> Backend::look_at_group(Consuming& consuming) {
  if (const absl::Status stays = check_group_stays(consuming); !stays.ok()) co_return stays;
  TransactionModes modes = transaction_.state().modes();
  modes.isolation = IsolationLevel::kReadCommitted;
  if (const absl::Status set = transaction_.state().set_modes(modes); !set.ok()) co_return set;
  const int64_t group = number_of(consuming.group.group);
  auto asking =
      run_internal(group_partitions_statement().text, group_partitions_statement().parameters, {Value::of(group)});
  const auto partitions = co_await asking;
  if (!partitions.ok()) co_return partitions.status();
  auto asking_members =
      run_internal(group_members_statement().text, group_members_statement().parameters, {Value::of(group)});
  const auto members = co_await asking_members;
  if (!members.ok()) co_return members.status();
  consuming.partitions = partitions_of(*partitions);
  consuming.members = members_of(*members);
  const int64_t now_us = services_.clock.wall_us();
  consuming.share = share_of(consuming.member, consuming.partitions, consuming.members, consuming.limits(), now_us);
  const auto self = std::find_if(consuming.members.begin(), consuming.members.end(),
                                 [&](const GroupMember& member) { return member.name == consuming.member; });
  consuming.to_be_seen =
      self == consuming.members.end() || self->seen_us < now_us - consuming.group.group.ack_timeout_us / 3;
  if (self == consuming.members.end() && consuming.members.size() >= services_.config.stream_members_max) {
    co_return with_hint(error(ErrorCode::kConfigurationLimitExceeded, "consumer group \"", consuming.group.group.name,
                              "\" has too many members"),
                        "Give the members names that stay (MEMBER), or raise streams.members_max.");
  }
  consuming.events.clear();
  consuming.letters.clear();
  co_return absl::OkStatus();
}

// --- reading ---

/// The reader goes on where it was, if that is not behind what is to be read.
Task<absl::Status> Backend::prepare_reader(Consuming& consuming) {
  CatalogPtr catalog;
  auto stream = stream_now(*consuming.group.stream, &catalog);
  if (!stream.ok()) co_return stream.status();
  const bool known = group_reader_ != nullptr && reader_group_ == consuming.group.group.oid &&
                     group_reader_->stream().version == (*stream)->version;
  if (!known) {
    const auto partitions = static_cast<uint32_t>(consuming.group.group.partitions);
    group_reader_ = std::make_unique<GroupReader>(*stream, catalog, eval_, partitions);
    reader_group_ = consuming.group.group.oid;
  }
  if (group_reader_->read(consuming.share.reads)) co_return absl::OkStatus();
  group_reader_->rewind(consuming.share.reads);
  const absl::Status following = follow_tables(**stream, catalog, &group_reader_->subscription());
  if (!following.ok()) co_return following;
  auto looking = look_back(group_reader_->subscription(), catalog->version());
  co_return co_await looking;
}

/// Makes the next record the reader's; false: there is none in time.
Task<absl::StatusOr<bool>> Backend::read_more(GroupReader& reader, int64_t until_us) {
  while (true) {
    if (reader.changes != nullptr && reader.next_record < reader.changes->records.size()) {
      const CommitFrame record = reader.changes->records[reader.next_record++];
      reader.bulk = nullptr;
      if (!reader.subscription().begin(record)) continue;
      const int64_t oldest_us = services_.clock.wall_us() - reader.stream().retention_us;
      if (reader.stream().retention_us > 0 && record->head()->committed_at_us() < oldest_us) {
        auto finding = too_old(reader.stream().retention_us);
        co_return co_await finding;
      }
      reader.in_record = true;
      co_return true;
    }
    if (reader.changes != nullptr) {
      reader.subscription().finished(reader.changes->through);
      reader.behind = reader.changes->records_behind;
      reader.at(std::max(reader.position(), StreamToken{reader.changes->through, kWholeCommit}));
      reader.changes = nullptr;
    }
    const Scn after = reader.subscription().seen_through();
    const bool at_end = after >= services_.commits.durable();
    if (at_end && until_us <= services_.clock.monotonic_us()) co_return false;
    auto receiving =
        receive_changes_until({after, reader.behind}, services_.config.stream_window_bytes, at_end ? until_us : 0);
    const absl::Status status = co_await receiving;
    if (!status.ok()) co_return status;
    if (changes_ == nullptr) co_return false;
    reader.changes = std::move(changes_);
    reader.next_record = 0;
  }
}

/// The next of the rows that a transaction wrote in bulk.
Task<absl::Status> Backend::feed_reader(GroupReader& reader) {
  bulk_ = reader.bulk;
  bulk_next_ = reader.bulk_next;
  auto feeding = feed_bulk_rows(reader.subscription());
  const absl::Status status = co_await feeding;
  reader.bulk = std::move(bulk_);
  reader.bulk_next = bulk_next_;
  co_return status;
}

Task<absl::Status> Backend::read_events(Consuming& consuming, int64_t until_us) {
  auto preparing = prepare_reader(consuming);
  absl::Status status = co_await preparing;
  if (!status.ok()) co_return status;
  GroupReader& reader = *group_reader_;
  std::map<uint32_t, const GroupReading*> readings;
  for (const GroupReading& reading : consuming.share.reads) readings[reading.from.number] = &reading;
  size_t bytes = 0;
  RowEvent event;
  while (consuming.events.size() + consuming.letters.size() < consuming.events_max &&
         bytes < services_.config.stream_batch_bytes_max) {
    if (!reader.in_record) {
      // What has been read goes out before anything is waited for.
      auto reading = read_more(reader, consuming.has_read() ? 0 : until_us);
      const auto more = co_await reading;
      if (!more.ok()) co_return more.status();
      if (!*more) break;
      continue;
    }
    const DecodeStep step = reader.subscription().next(&event);
    if (step == DecodeStep::kNeedsBulk) {
      auto feeding = feed_reader(reader);
      status = co_await feeding;
      if (!status.ok()) co_return status;
      continue;
    }
    const Scn scn = reader.subscription().head().scn();
    reader.at(std::max(reader.position(), StreamToken{scn, reader.subscription().number()}));
    if (step == DecodeStep::kEnd) {
      reader.in_record = false;
      if (!reader.subscription().status().ok()) co_return reader.subscription().status();
      continue;
    }
    KeptEvent kept = keep(event, reader.subscription().head());
    if (kept.bytes() > services_.config.stream_batch_bytes_max) {
      kept.error = cat("the event has ", uint64_t{kept.bytes()}, " bytes, more than streams.batch_bytes_max");
      kept.before.reset();
      kept.after.reset();
    }
    reader.take(kept);
    bytes += kept.bytes();
    const GroupReading& reading = *readings.at(kept.partition);
    const bool dead = reading.gives_up || !kept.error.empty();
    kept.delivery = kept.error.empty() ? delivery_of(reading, kept.token) : 0;
    (dead ? consuming.letters : consuming.events).push_back(std::move(kept));
  }
  co_return absl::OkStatus();
}

// --- claiming ---

GroupPartition Backend::Consuming::claimed(const GroupReading& reading, StreamToken read_through,
                                           int64_t now_us) const {
  const auto is_of = [&](const KeptEvent& event) { return event.partition == reading.from.number; };
  GroupPartition row = reading.from;
  row.member = member;
  const StreamToken through = std::max(read_through, row.acknowledged);
  // What was delivered with it, and is not now, comes one at a time from here on, and that delivery counts.
  if (reading.again && row.sent > row.careful && (reading.alone || through < row.sent)) {
    row.careful = row.sent;
    row.careful_deliveries = row.deliveries;
  }
  if (reading.alone) row.careful = std::max(row.careful, through);
  row.sent = through;
  if (const auto first = std::find_if(events.begin(), events.end(), is_of); first != events.end()) {
    row.batch = batch;
    row.deadline_us = now_us + group.group.ack_timeout_us;
    row.deliveries = first->delivery;
    return row;
  }
  row.acknowledged = row.sent;  // nothing of it is left to be acknowledged
  row.batch = 0;
  row.deliveries = 0;
  row.error.clear();
  return row;
}

namespace {

/// Nobody has changed it since it was looked at, and nobody is about to.
bool is_locked(const GroupPartition& row, const std::vector<GroupPartition>& locked) {
  return std::find(locked.begin(), locked.end(), row) != locked.end();
}

}  // namespace

Task<absl::Status> Backend::claim(Consuming& consuming) {
  const int64_t group = number_of(consuming.group.group);
  std::vector<GroupPartition> wanted = consuming.share.releases;
  if (group_reader_ != nullptr) {
    for (const GroupReading& reading : consuming.share.reads) wanted.push_back(reading.from);
  }
  auto locking = run_internal(lock_partitions_statement().text, lock_partitions_statement().parameters,
                              {Value::of(group), numbers_value(wanted)});
  const auto rows = co_await locking;
  if (!rows.ok()) co_return rows.status();
  const std::vector<GroupPartition> locked = partitions_of(*rows);
  const auto lost = [&](const KeptEvent& event) {
    return std::none_of(wanted.begin(), wanted.end(), [&](const GroupPartition& row) {
      return row.number == event.partition && is_locked(row, locked);
    });
  };
  std::erase_if(consuming.events, lost);
  std::erase_if(consuming.letters, lost);
  consuming.batch = static_cast<int64_t>(transaction_.ensure_id());
  const int64_t now_us = services_.clock.wall_us();
  std::vector<GroupPartition> next;
  std::set<uint32_t> parts;
  for (const KeptEvent& event : consuming.events) parts.insert(event.partition);
  for (const GroupReading& reading : consuming.share.reads) {
    if (group_reader_ == nullptr || !is_locked(reading.from, locked)) continue;
    next.push_back(consuming.claimed(reading, group_reader_->read_through(reading.from.number), now_us));
  }
  for (const GroupPartition& release : consuming.share.releases) {
    if (!is_locked(release, locked)) continue;
    next.push_back(release);
    next.back().member.clear();
  }
  absl::Status status;
  if (!next.empty()) {
    auto claiming = run_internal(claim_statement().text, claim_statement().parameters,
                                 claim_values(group, next, static_cast<int64_t>(parts.size())));
    status = (co_await claiming).status();
  }
  if (status.ok() && !consuming.letters.empty()) {
    auto burying = bury(consuming);
    status = co_await burying;
  }
  if (status.ok() && consuming.to_be_seen) {
    // Whoever has not been seen for so long has nothing any more.
    const int64_t forgotten_us = now_us - 10 * std::max<int64_t>(consuming.group.group.ack_timeout_us, 60'000'000);
    auto forgetting = run_internal(forget_members_statement().text, forget_members_statement().parameters,
                                   {Value::of(group), Value::of(forgotten_us)});
    status = (co_await forgetting).status();
    if (!status.ok()) co_return status;
    auto telling = run_internal(seen_statement().text, seen_statement().parameters,
                                {Value::of(group), Value::text(consuming.member), Value::of(now_us)});
    status = (co_await telling).status();
  }
  if (!status.ok()) co_return status;
  auto committing = transaction_.commit();
  status = co_await committing;
  begin_transaction_statement();
  co_return status;
}

/// Events that were delivered in vain too often.
Task<absl::Status> Backend::bury(Consuming& consuming) {
  const int64_t group = number_of(consuming.group.group);
  auto counting =
      run_internal(count_letters_statement().text, count_letters_statement().parameters, {Value::of(group)});
  const auto counted = co_await counting;
  if (!counted.ok()) co_return counted.status();
  const int64_t dead = counted->front().columns[0].get<int64_t>(0);
  if (dead + static_cast<int64_t>(consuming.letters.size()) > services_.config.stream_dead_letters_max) {
    co_return with_hint(error(ErrorCode::kConfigurationLimitExceeded, "consumer group \"", consuming.group.group.name,
                              "\" has too many dead letters"),
                        "Look at sys.stream_dead_letters, then ALTER CONSUMER GROUP ... DISCARD DEAD LETTERS, or raise "
                        "streams.dead_letters_max.");
  }
  std::vector<std::string> errors;
  for (const KeptEvent& letter : consuming.letters) {
    const auto row = std::find_if(consuming.partitions.begin(), consuming.partitions.end(),
                                  [&](const GroupPartition& one) { return one.number == letter.partition; });
    const std::string& why = letter.error.empty() ? row->error : letter.error;
    errors.push_back(why.empty() ? "it was not acknowledged in time" : why);
  }
  auto burying = run_internal(bury_statement().text, bury_statement().parameters,
                              letter_values(group, consuming.letters, errors, services_.clock.wall_us()));
  co_return (co_await burying).status();
}

/// The session is a member by its number, of which nobody else will ever make use: what it has is others' now.
Task<void> Backend::release_memberships() {
  if (batches_.empty() || error_code(end_reason_) == ErrorCode::kAdminShutdown) co_return;
  clean_up();
  keys_.events().clear();
  data_.begin_statement();
  begin_clock("");
  begin_transaction_statement();
  absl::Status status;
  for (const auto& [oid, batch] : std::exchange(batches_, {})) {
    auto releasing = release_membership(static_cast<int64_t>(oid));
    status = co_await releasing;
    if (!status.ok()) break;
  }
  auto ending = end_transaction(status.ok());
  co_await ending;
}

Task<absl::Status> Backend::release_membership(int64_t group) {
  auto asking =
      run_internal(group_partitions_statement().text, group_partitions_statement().parameters, {Value::of(group)});
  const auto partitions = co_await asking;
  if (!partitions.ok()) co_return partitions.status();
  const std::string member = own_member();
  std::vector<GroupPartition> mine = partitions_of(*partitions);
  std::erase_if(mine, [&](const GroupPartition& one) { return one.member != member; });
  // Who has locked a row is about to acknowledge it, or to take it.
  auto locking = run_internal(lock_partitions_statement().text, lock_partitions_statement().parameters,
                              {Value::of(group), numbers_value(mine)});
  const auto locked = co_await locking;
  if (!locked.ok()) co_return locked.status();
  std::vector<GroupPartition> held = partitions_of(*locked);
  std::erase_if(held, [&](const GroupPartition& one) { return one.member != member; });
  auto releasing =
      run_internal(release_statement().text, release_statement().parameters, {Value::of(group), numbers_value(held)});
  const absl::Status released = (co_await releasing).status();
  if (!released.ok()) co_return released;
  auto leaving =
      run_internal(leave_statement().text, leave_statement().parameters, {Value::of(group), Value::text(member)});
  co_return (co_await leaving).status();
}

// --- ACKNOWLEDGE and REJECT ---

Task<absl::Status> Backend::run_acknowledge(const sql::AcknowledgeStatement& statement, std::string* tag) {
  const auto& answer = statement.to<sql::AnswerStatement>();
  *tag = statement.reject ? "REJECT" : "ACKNOWLEDGE";
  if (const absl::Status may = transaction_.state().check_writable(*tag); !may.ok()) co_return may;
  const auto group = find_group_to_use(*statement.stream, statement.group);
  if (!group.ok()) co_return group.status();
  int64_t batch = batches_[group->group.oid];
  if (!statement.batch.empty()) {
    const auto [end, problem] =
        std::from_chars(statement.batch.data(), statement.batch.data() + statement.batch.size(), batch);
    if (problem != std::errc() || end != statement.batch.data() + statement.batch.size() || batch <= 0) {
      co_return with_hint(error(ErrorCode::kInvalidParameterValue, "invalid batch: \"", statement.batch, "\""),
                          "Give what the column \"batch\" of CONSUME says.");
    }
  }
  if (batch == 0) {
    co_return with_hint(error(ErrorCode::kObjectNotInPrerequisiteState, "this session has consumed nothing of group \"",
                              group->group.name, "\""),
                        "Say which batch is meant: BATCH '...'.");
  }
  StreamToken upto = kEndOfStream;
  if (statement.has_token) {
    const auto token = parse_token(statement.token);
    if (!token.ok()) co_return token.status();
    upto = token->event == 0 ? StreamToken{token->scn, kWholeCommit} : *token;
  }
  const InternalStatement& change = statement.reject ? reject_statement() : acknowledge_statement();
  int64_t pause_us = statement.reject ? 0 : group->group.ack_timeout_us;
  if (answer.has_pause) {
    const auto pause = interval_us(answer.pause, "AFTER", eval_);
    if (!pause.ok()) co_return pause.status();
    pause_us = *pause;
  }
  std::vector<Value> values{Value::of(number_of(group->group)), Value::of(batch),
                            Value::of(static_cast<int64_t>(upto.scn)), Value::of(static_cast<int64_t>(upto.event)),
                            Value::of(answer.partition)};
  if (statement.reject) {
    values.push_back(statement.reason.empty() ? Value::null(Physical::kVarlen)
                                              : Value::text(std::string(statement.reason)));
  }
  values.push_back(Value::of(pause_us == 0 ? 0 : services_.clock.wall_us() + pause_us));
  auto running = run_internal(change.text, change.parameters, std::move(values));
  const auto rows = co_await running;
  if (!rows.ok()) co_return rows.status();
  int64_t found = 0, parts = 0;
  for (const Batch& part : *rows) {
    found += part.rows;
    parts = part.columns[0].get<int32_t>(0);
  }
  if (statement.reject || (found > 0 && (answer.partition >= 0 || found == parts))) co_return absl::OkStatus();
  co_return with_hint(
      with_detail(error(ErrorCode::kObjectNotInPrerequisiteState, "batch ", batch, " of consumer group \"",
                        group->group.name, "\" can no longer be acknowledged"),
                  "It was not acknowledged in time and has been delivered again, or the group was sent elsewhere."),
      "Roll back what was done for it, and CONSUME again.");
}

}  // namespace troupe
