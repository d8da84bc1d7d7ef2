#include "actors/session/group_reader.hpp"

#include <algorithm>

namespace troupe {
namespace {

std::optional<std::string> kept(bool present, std::string_view text) {
  return present ? std::optional<std::string>(text) : std::nullopt;
}

}  // namespace

size_t KeptEvent::bytes() const {
  return sizeof *this + table.size() + (key ? key->size() : 0) + (before ? before->size() : 0) +
         (after ? after->size() : 0);
}

KeptEvent keep(const RowEvent& event, const schema::CommitHead& head) {
  KeptEvent out;
  out.token = {head.scn(), event.number};
  out.xid = head.txn();
  out.committed_at_us = head.committed_at_us();
  out.partition = event.partition;
  out.op = event.op;
  out.table = event.table;
  out.schema = event.schema;
  out.key = kept(event.has_key, event.key);
  out.before = kept(event.has_before, event.before);
  out.after = kept(event.has_after && event.op != RowOp::kError, event.after);
  out.error = event.error;
  return out;
}

GroupReader::GroupReader(std::shared_ptr<const StreamDef> stream, CatalogPtr catalog, EvalContext& context,
                         uint32_t partitions)
    : stream_{std::move(stream)}, catalog_{std::move(catalog)}, context_{context}, parts_(partitions) {}

bool GroupReader::wants(uint32_t partition, uint64_t number) const {
  const Part& part = parts_[partition];
  if (!part.wanted || (part.alone && part.has_event)) return false;
  const StreamToken at{subscription_->head().scn(), number};
  return at > part.after && at <= part.until;
}

bool GroupReader::read(const std::vector<GroupReading>& readings) {
  for (Part& part : parts_) part = Part{};
  bool reaches = subscription_ != nullptr;
  for (const GroupReading& reading : readings) {
    Part& part = parts_[reading.from.number];
    part.wanted = true;
    part.alone = reading.alone;
    part.after = reading.from.acknowledged;
    // What is delivered again is the same window, so that all of it was delivered as often.
    part.until = reading.again ? reading.from.sent : kEndOfStream;
    reaches = reaches && part.after >= position_;
  }
  return reaches;
}

void GroupReader::rewind(const std::vector<GroupReading>& readings) {
  position_ = readings.front().from.acknowledged;
  for (const GroupReading& reading : readings) position_ = std::min(position_, reading.from.acknowledged);
  teller_ =
      std::make_unique<StreamTeller>(stream_, catalog_, context_, static_cast<uint32_t>(parts_.size()),
                                     [this](uint32_t partition, uint64_t number) { return wants(partition, number); });
  const uint64_t event = position_.event == kWholeCommit ? 0 : position_.event;
  // In the middle of a commit: the changes up to there are passed over by their number, for each partition its own.
  subscription_ = std::make_unique<Subscription>(
      context_, event == 0 ? StreamToken{position_.scn, 0} : StreamToken{position_.scn - 1, 0}, teller_.get());
  changes = nullptr;
  bulk = nullptr;
  next_record = bulk_next = 0;
  in_record = false;
  behind = 0;
}

StreamToken GroupReader::read_through(uint32_t partition) const {
  const Part& part = parts_[partition];
  const StreamToken through = part.alone && part.has_event ? part.last : std::min(position_, part.until);
  return std::max(part.after, through);
}

void GroupReader::take(const KeptEvent& event) {
  Part& part = parts_[event.partition];
  part.has_event = true;
  part.last = event.token;
}

}  // namespace troupe
