#include "actors/session/read_tracker.hpp"

#include <algorithm>
#include <utility>

#include "runtime/exec/messages.hpp"

namespace troupe {
namespace {

/// What is shown of the statements that met.
constexpr size_t kTextsMax = 16;
constexpr size_t kTextBytesMax = 256;

TreePart part_of(TreeId tree, const schema::ReadHead& head) { return {tree, head.partition()}; }

bool over_index(schema::ReadKind kind) {
  return kind == schema::ReadKind::index_scan || kind == schema::ReadKind::index_aggregate;
}

/// Whether the key's lock, which the transaction keeps, or its own write does for all that it learned of the key.
bool is_kept(schema::WriteOutcome outcome) {
  return outcome == schema::WriteOutcome::done || outcome == schema::WriteOutcome::updated ||
         outcome == schema::WriteOutcome::self_modified;
}

}  // namespace

void ReadTracker::begin_statement(std::string_view text) {
  statement_ = static_cast<uint32_t>(trail_.texts.size());
  if (trail_.texts.size() < kTextsMax) trail_.texts.emplace_back(text.substr(0, kTextBytesMax));
}

void ReadTracker::asked(uint64_t request, const WriteFrame& question) {
  write_questions_.push_back({request, statement_, question});
  if (question->head()->kind() != schema::WriteKind::lock) note_write(question->head()->tree());
}

void ReadTracker::note_write(TreeId tree) {
  for (auto& [known, statement] : trail_.wrote) {
    if (known != tree) continue;
    statement = statement_;
    return;
  }
  trail_.wrote.emplace_back(tree, statement_);
}

template <typename Question>
bool ReadTracker::take_question(std::vector<Asked<Question>>& asked, uint64_t request, Asked<Question>* taken) {
  for (size_t i = 0; i < asked.size(); ++i) {
    if (asked[i].request != request) continue;
    *taken = std::move(asked[i]);
    asked.erase(asked.begin() + static_cast<ptrdiff_t>(i));
    return true;
  }
  return false;
}

void ReadTracker::abandoned(uint64_t request) {
  Asked<ReadFrame> read{};
  Asked<WriteFrame> write{};
  if (!take_question(read_questions_, request, &read)) take_question(write_questions_, request, &write);
}

void ReadTracker::answered(const ReadResultFrame& answer) {
  Asked<ReadFrame> asked{};
  if (!take_question(read_questions_, answer->head()->request(), &asked)) return;
  if (answer->head()->status() == schema::ReadStatus::unknown_fragment) return;  // nothing was read
  if (asked.question->head()->kind() == schema::ReadKind::get) {
    note_lookup(asked);
  } else {
    note_scan(asked, *answer);
  }
}

void ReadTracker::note_lookup(const Asked<ReadFrame>& asked) {
  if (planted_ == PlantedBug::kKeyNotRecorded) return;
  const TreePart part = part_of(asked.question->head()->tree(), *asked.question->head());
  PackedStrings keys(bytes_view(asked.question->keys()));
  for (std::string_view key; keys.next(&key);) reads_.add_key(part, key, asked.statement);
}

/// As far as it was answered, from where the answer before it ended.
void ReadTracker::note_scan(const Asked<ReadFrame>& asked, const schema::ReadResult& answer) {
  const schema::ReadHead& head = *asked.question->head();
  const bool by_index = over_index(head.kind());
  PackedStrings bounds(bytes_view(asked.question->keys()));
  std::string_view lower, upper;
  bounds.next(&lower);
  bounds.next(&upper);
  const bool backward = has_flag(head, schema::ReadFlag::backward);
  const bool more = answer.head()->status() == schema::ReadStatus::more && answer.resume() != nullptr;
  const bool resumed = asked.question->resume() != nullptr;
  const std::string_view from = bytes_view(asked.question->resume());
  const std::string_view to = bytes_view(answer.resume());
  // The key that the answer before this one ended with was seen then, the one that this ends with is seen now.
  std::string begin(backward && more ? to : lower);
  std::string end(backward && resumed ? from : upper);
  if (!backward && resumed) begin = key_after(from);
  if (!backward && more) end = key_after(to);
  if (planted_ != PlantedBug::kRangeNotRecorded) {
    reads_.add_range(part_of(by_index ? head.index() : head.tree(), head), begin, end, asked.statement);
  }
  if (by_index && answer.head()->status() == schema::ReadStatus::failed) {
    reads_.add_range(part_of(head.tree(), head), {}, {}, asked.statement);  // which row it was is not said
  }
  if (planted_ == PlantedBug::kIndexRowsNotRecorded) return;
  PackedStrings rows(bytes_view(answer.rows_read()));
  for (std::string_view first, last; rows.next(&first) && rows.next(&last);) {
    reads_.add_range(part_of(head.tree(), head), first, last, asked.statement);
  }
}

void ReadTracker::answered(const WriteResultFrame& answer) {
  Asked<WriteFrame> asked{};
  if (!take_question(write_questions_, answer->head()->request(), &asked)) return;
  const schema::WriteResultHead& head = *answer->head();
  if (head.status() == schema::WriteStatus::unknown_fragment) return;
  const bool failed = head.status() == schema::WriteStatus::failed;
  const std::string_view outcomes = bytes_view(answer->outcomes());
  if (!failed && outcomes.empty() && !rollbacks_) return;
  const TreePart part{asked.question->head()->tree(), asked.question->head()->partition()};
  PackedStrings keys = keys_of(*asked.question);
  std::string_view key;
  for (uint32_t i = 0; keys.next(&key); ++i) {
    const auto outcome = outcomes.empty() ? schema::WriteOutcome::done : static_cast<schema::WriteOutcome>(outcomes[i]);
    if (outcome == schema::WriteOutcome::skipped) continue;  // nobody looked
    if (!failed && is_kept(outcome) && !rollbacks_) continue;
    saw_newest_ = true;
    reads_.add_key(part, key, asked.statement);
  }
}

std::shared_ptr<SerializableCommit> ReadTracker::take(Scn snapshot) {
  auto commit = std::make_shared<SerializableCommit>();
  commit->snapshot = snapshot;
  commit->reads = reads_.take();
  commit->trail = std::make_shared<StatementTrail>(trail_);
  return commit;
}

std::string_view ReadTracker::statement_text(uint32_t statement) const {
  return statement < trail_.texts.size() ? std::string_view(trail_.texts[statement]) : std::string_view();
}

void ReadTracker::clear() {
  reads_.clear();
  read_questions_.clear();
  write_questions_.clear();
  trail_ = {};
  statement_ = 0;
  rollbacks_ = false;
  saw_newest_ = false;
}

}  // namespace troupe
