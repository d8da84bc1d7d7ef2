#include "actors/stream/publisher.hpp"

#include <algorithm>

#include "storage/log/frame_cursor.hpp"

namespace troupe {
namespace {

/// Commits kept in memory for those who follow closely (limit streams.memory_bytes).
constexpr uint64_t kMemoryBytes = 16u << 20;
/// Whoever waits without a commit of interest is told so after so many bytes of others: its place in the log must not
/// fall behind what the log keeps, nor what memory has.
constexpr uint64_t kSilenceBytes = 4u << 20;
/// So often it is looked for whom that is.
constexpr uint64_t kProgressBytes = 1u << 20;

/// Whether a record can be sent with `sent` bytes before it: one of any size goes alone.
bool fits(uint64_t record_bytes, uint64_t sent, uint64_t bytes_max) {
  return sent == 0 || sent + record_bytes <= bytes_max;
}

/// Whether what is of interest may be something else behind it: a table may have another tree.
bool defines(const CommitFrame& record) {
  ChangeReader reader(bytes_view(record->changes()));
  Change change;
  while (reader.next(&change)) {
    if (change.tree == kCatalogObjectTree) return true;
  }
  return false;
}

}  // namespace

Publisher::Publisher(caf::actor_config& config, ActorSeat seat, NodeContext& node)
    : ActorOf(config, std::move(seat)), node_{node}, index_{node.services.files, node.log_directory} {
  unfollow();  // what a predecessor was sent is lost
}

Publisher::behavior_type Publisher::make_behavior() {
  running();
  return {
      [this](durable_atom, const CommitsPtr& commits) { on_durable(*commits); },
      [this](next_atom, uint64_t subscription, Scn after, uint32_t records_behind, uint64_t bytes_max,
             InterestPtr& interest) {
        Request request;
        request.subscription = subscription;
        request.question = {after, records_behind, kNoTxn, 0, std::move(interest)};
        request.bytes_max = bytes_max;
        request.asker = current_sender();
        request.looked_through = after;
        on_request(std::move(request));
      },
      [this](bulk_atom, uint64_t subscription, TxnId txn, uint32_t record, uint64_t position, uint64_t bytes_max) {
        on_bulk_request({subscription, txn, record, position, bytes_max, current_sender()});
      },
      [this](save_atom, uint64_t request) {
        const absl::Status saved = save_slots();
        tell(caf::actor_cast<SessionActor>(current_sender()), granted_atom::value, request,
             saved.ok() ? std::string() : encode_error(saved));
      },
      [this](release_atom, uint64_t subscription) {
        catching_up_.erase(subscription);
        reading_bulk_.erase(subscription);
        waiting_.erase(subscription);
        all_wanted_by_.erase(subscription);
        interests_.remove(subscription);
      },
  };
}

/// From now on the log writer tells of commits; those before are in the log's files.
void Publisher::follow() {
  bytes_unasked_ = 0;
  if (node_.changes_followed.exchange(true, std::memory_order_seq_cst)) return;
  before_newest_ = node_.services.commits.durable();
}

void Publisher::unfollow() {
  node_.changes_followed.store(false, std::memory_order_seq_cst);
  newest_.clear();
  newest_bytes_ = 0;
}

void Publisher::on_durable(const std::vector<CommitRequestPtr>& commits) {
  if (!node_.changes_followed.load(std::memory_order_relaxed)) return;  // sent before unfollow()
  const Scn before = newest_.empty() ? before_newest_ : newest_.back()->scn;
  for (const CommitRequestPtr& commit : commits) {
    const Scn previous = newest_.empty() ? before_newest_ : newest_.back()->scn;
    if (commit->scn <= previous) continue;
    if (commit->scn != previous + 1 && node_.services.config.planted != PlantedBug::kEventsLost) {
      // A predecessor of this actor took some with it: only the files have them.
      newest_.clear();
      newest_bytes_ = 0;
      before_newest_ = commit->scn - 1;
    }
    newest_.push_back(commit);
    const uint64_t bytes = commit->bytes();
    newest_bytes_ += bytes;
    bytes_unasked_ += bytes;
    bytes_told_ += bytes;
  }
  // Whoever is that far behind reads the files anyway.
  if (waiting_.empty() && bytes_unasked_ > kMemoryBytes) return unfollow();
  serve_waiting(before);
  while (newest_bytes_ > kMemoryBytes && newest_.size() > 1) {
    newest_bytes_ -= newest_.front()->bytes();
    before_newest_ = newest_.front()->scn;
    newest_.pop_front();
  }
  if (bytes_told_ - progress_told_ >= kProgressBytes) tell_progress();
}

/// `before`: those who wait have looked at everything up to it, or it is of no interest to them.
void Publisher::serve_waiting(Scn before) {
  if (before < before_newest_) before = kNoScn;  // some are in the files only: everybody looks for himself
  std::unordered_set<uint64_t> concerned;
  if (before == kNoScn) {
    for (const auto& [subscription, request] : waiting_) concerned.insert(subscription);
  } else {
    concerned = all_wanted_by_;
    for (size_t i = before - before_newest_; i < newest_.size() && interests_.followers() > 0; ++i) {
      for (const CommitFrame& record : newest_[i]->records) interests_.match(bytes_view(record->changes()), &concerned);
    }
  }
  for (const uint64_t subscription : concerned) {
    const auto at = waiting_.find(subscription);
    if (at == waiting_.end()) continue;  // it has been answered, and has not asked again yet
    Request request = std::move(at->second);
    waiting_.erase(at);
    all_wanted_by_.erase(subscription);
    if (before != kNoScn) request.looked_through = std::max(request.looked_through, before);
    on_request(std::move(request));
  }
}

/// To those who have waited long for something of interest: how far there was nothing.
void Publisher::tell_progress() {
  progress_told_ = bytes_told_;
  std::erase_if(waiting_, [&](const auto& entry) {
    const Request& request = entry.second;
    if (bytes_told_ - request.waiting_since < kSilenceBytes) return false;
    auto changes = std::make_shared<Changes>();
    changes->question = request.question;
    changes->through = newest_.empty() ? before_newest_ : newest_.back()->scn;
    answer(request.asker, std::move(changes));
    all_wanted_by_.erase(entry.first);
    return true;
  });
}

/// There is nothing for the request: it waits, unless the question was how far there is nothing.
void Publisher::answer_nothing(Request request) {
  if (request.bytes_max > 0) return wait(std::move(request));
  auto changes = std::make_shared<Changes>();
  changes->question = request.question;
  changes->through = request.looked_through;
  changes->records_behind = request.looked_through == request.question.after ? request.question.record : 0;
  answer(request.asker, std::move(changes));
}

void Publisher::wait(Request request) {
  const uint64_t subscription = request.subscription;
  if (request.question.interest == nullptr) {
    interests_.remove(subscription);
    all_wanted_by_.insert(subscription);
  } else {
    interests_.set(subscription, request.question.interest);
    all_wanted_by_.erase(subscription);
  }
  request.waiting_since = bytes_told_;
  waiting_.insert_or_assign(subscription, std::move(request));
}

void Publisher::on_request(Request request) {
  follow();
  reading_bulk_.erase(request.subscription);
  const Scn known = newest_.empty() ? before_newest_ : newest_.back()->scn;
  if (request.looked_through >= known) return answer_nothing(std::move(request));
  if (serve_from_memory(request)) return;
  const absl::Status status = serve_from_log(request);
  if (status.ok()) return;
  catching_up_.erase(request.subscription);
  refuse(request.asker, request.question, status);
}

bool Publisher::serve_from_memory(Request& request) {
  if (request.looked_through < before_newest_) return false;
  catching_up_.erase(request.subscription);
  auto changes = std::make_shared<Changes>();
  changes->question = request.question;
  changes->through = request.looked_through;
  changes->records_behind = request.looked_through == request.question.after ? request.question.record : 0;
  take_newest(request, *changes);
  if (changes->records.empty()) {
    request.looked_through = changes->through;
    answer_nothing(std::move(request));
  } else {
    answer(request.asker, std::move(changes));
  }
  return true;
}

/// Of what comes behind `changes`, what is of interest, as long as it fits.
void Publisher::take_newest(const Request& request, Changes& changes) const {
  const Interest* interest = request.question.interest.get();
  const uint64_t bytes_max = request.bytes_max;
  uint64_t bytes = 0;
  for (size_t i = changes.through - before_newest_; i < newest_.size(); ++i) {
    const CommitRequest& commit = *newest_[i];
    const auto concerned = [&](const CommitFrame& record) { return concerns(*interest, bytes_view(record->changes())); };
    const bool wanted = interest == nullptr || changes.records_behind > 0 ||  // a part of it was
                        std::any_of(commit.records.begin(), commit.records.end(), concerned);
    if (!wanted) {
      changes.through = commit.scn;
      continue;
    }
    for (; changes.records_behind < commit.records.size(); ++changes.records_behind) {
      const CommitFrame& record = commit.records[changes.records_behind];
      if (!fits(record.size(), bytes, bytes_max)) return;
      changes.records.push_back(record);
      bytes += record.size();
    }
    changes.through = commit.scn;
    changes.records_behind = 0;
    if (interest != nullptr && std::any_of(commit.records.begin(), commit.records.end(), defines)) return;
  }
}

/// Makes the next record of the log `unsent`; false at the log's end.
absl::StatusOr<bool> Publisher::read_record(CatchUp& catch_up) {
  const LogPosition durable = node_.durable_log_position.load(std::memory_order_acquire);
  while (!catch_up.unsent) {
    TROUPE_ASSIGN_OR_RETURN(const auto record, catch_up.reader->next(durable));
    if (!record) return false;
    if (record->kind != LogRecordKind::commit && record->kind != LogRecordKind::commit_part) continue;
    TROUPE_ASSIGN_OR_RETURN(catch_up.unsent, verify_frame<schema::Commit>(FrameBytes::copy_of(record->payload)));
    catch_up.unsent_is_part = record->kind == LogRecordKind::commit_part;
  }
  return true;
}

absl::Status Publisher::position(CatchUp& catch_up, const Request& request) {
  TROUPE_RETURN_IF_ERROR(index_.refresh(node_.durable_log_position.load(std::memory_order_acquire)));
  TROUPE_ASSIGN_OR_RETURN(const SegmentId segment, index_.find(request.question.after));
  catch_up.reader = std::make_unique<LogReader>(node_.services.files, node_.log_directory);
  catch_up.through = request.question.after;
  catch_up.unsent.reset();
  TROUPE_RETURN_IF_ERROR(catch_up.reader->seek_behind(segment, request.question.after));
  for (catch_up.records_behind = 0; catch_up.records_behind < request.question.record; ++catch_up.records_behind) {
    TROUPE_ASSIGN_OR_RETURN(const bool found, read_record(catch_up));
    if (!found) break;
    catch_up.unsent.reset();
  }
  return absl::OkStatus();
}

absl::Status Publisher::serve_from_log(const Request& request) {
  CatchUp& catch_up = catching_up_[request.subscription];
  if (catch_up.reader == nullptr || catch_up.through != request.question.after ||
      catch_up.records_behind != request.question.record) {
    TROUPE_RETURN_IF_ERROR(position(catch_up, request));
  }
  auto changes = std::make_shared<Changes>();
  changes->question = request.question;
  const Interest* interest = request.question.interest.get();
  uint64_t bytes = 0, passed_over = 0;
  while (passed_over < kSilenceBytes) {
    TROUPE_ASSIGN_OR_RETURN(const bool found, read_record(catch_up));
    if (!found || !fits(catch_up.unsent->size(), bytes, request.bytes_max)) break;
    ++catch_up.records_behind;
    // A commit of several records is told whole: its changes are counted.
    const bool whole = !catch_up.unsent_is_part && catch_up.records_behind == 1;
    const bool wanted = interest == nullptr || !whole || concerns(*interest, bytes_view((*catch_up.unsent)->changes()));
    (wanted ? bytes : passed_over) += catch_up.unsent->size();
    if (!catch_up.unsent_is_part) {
      catch_up.through = (*catch_up.unsent)->head()->scn();
      catch_up.records_behind = 0;
    }
    if (wanted) changes->records.push_back(*catch_up.unsent);
    const bool others_behind = interest != nullptr && wanted && defines(*catch_up.unsent);
    catch_up.unsent.reset();
    if (others_behind) break;
  }
  changes->through = catch_up.through;
  changes->records_behind = catch_up.records_behind;
  if (changes->records.empty() && changes->through == request.question.after) {
    answer_nothing(request);  // the log's end: what comes next will be in memory
    return absl::OkStatus();
  }
  answer(request.asker, std::move(changes));
  return absl::OkStatus();
}

void Publisher::on_bulk_request(const BulkRequest& request) {
  const absl::Status status = serve_bulk(request);
  if (status.ok()) return;
  reading_bulk_.erase(request.subscription);
  refuse(request.asker, {kNoScn, request.record, request.txn, request.position}, status);
}

/// The commit that they belong to is durable, so all of them are.
absl::Status Publisher::serve_bulk(const BulkRequest& request) {
  const LogPosition durable = node_.durable_log_position.load(std::memory_order_acquire);
  BulkReading& reading = reading_bulk_[request.subscription];
  if (reading.reader == nullptr || reading.position != request.position) {
    TROUPE_RETURN_IF_ERROR(index_.refresh(durable));
    TROUPE_ASSIGN_OR_RETURN(const SegmentId segment, index_.find_position(request.position));
    reading.reader = std::make_unique<LogReader>(node_.services.files, node_.log_directory);
    TROUPE_RETURN_IF_ERROR(reading.reader->seek(segment, request.position));
  }
  auto changes = std::make_shared<Changes>();
  changes->question = {kNoScn, request.record, request.txn, request.position};
  uint64_t bytes = 0;
  while (bytes < request.bytes_max) {
    TROUPE_ASSIGN_OR_RETURN(const auto record, reading.reader->next_bulk(durable));
    if (!record) break;
    bytes += record->payload.size();
    TROUPE_ASSIGN_OR_RETURN(const schema::Bulk* bulk, read_bulk(*record));
    if (bulk->head()->txn() != request.txn || bulk->head()->record() < request.record) continue;
    changes->bulk.emplace_back(FrameBytes::copy_of(record->payload));
  }
  if (bytes == 0) {
    return error(ErrorCode::kDataCorrupted, "the log ends at ", reading.reader->position(),
                 " without the rows that transaction ", request.txn, " wrote in bulk");
  }
  changes->resume = reading.position = reading.reader->position();
  answer(request.asker, std::move(changes));
  return absl::OkStatus();
}

absl::Status Publisher::save_slots() {
  const auto [bytes, version] = node_.services.replication_slots.encode();
  if (slots_saved_ == version) return absl::OkStatus();
  const std::string path = slots_path(node_.services.config.data_directory);
  TROUPE_RETURN_IF_ERROR(replace_file(node_.services.files, path, bytes));
  slots_saved_ = version;
  return absl::OkStatus();
}

void Publisher::answer(const caf::strong_actor_ptr& asker, std::shared_ptr<Changes> changes) {
  tell(caf::actor_cast<SessionActor>(asker), changes_atom::value, std::move(changes), std::string());
}

void Publisher::refuse(const caf::strong_actor_ptr& asker, const ChangesQuestion& question,
                       const absl::Status& status) {
  auto changes = std::make_shared<Changes>();
  changes->question = question;
  if (error_code(status) == ErrorCode::kSnapshotTooOld) changes->through = index_.earliest();
  tell(caf::actor_cast<SessionActor>(asker), changes_atom::value, ChangesPtr(std::move(changes)), encode_error(status));
}

}  // namespace troupe
