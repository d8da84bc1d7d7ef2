#include "storage/partition/pending_cursor.hpp"

namespace troupe {

PendingCursor::PendingCursor(PendingTransaction& pending, TreeId tree)
    : pending_{pending}, overlay_{*pending.overlay(tree)} {
  if (overlay_.spilled != nullptr) pages_.emplace(overlay_.spilled->tree());
}

PageFault PendingCursor::seek(std::string_view key) {
  forward_ = true;
  at_ = overlay_.memory.lower_bound(key);
  memory_left_ = at_ != overlay_.memory.end();
  return pages_ ? pages_->seek(key) : PageFault{};
}

PageFault PendingCursor::seek_before(std::string_view key) {
  forward_ = false;
  at_ = overlay_.memory.lower_bound(key);
  step_back_in_memory();
  return pages_ ? pages_->seek_before(key) : PageFault{};
}

PageFault PendingCursor::seek_last() {
  forward_ = false;
  at_ = overlay_.memory.end();
  step_back_in_memory();
  return pages_ ? pages_->seek_last() : PageFault{};
}

PageFault PendingCursor::next() {
  const bool memory_goes_on = memory_is_current();
  if (pages_are_current()) {
    if (const PageFault fault = pages_->next(); fault.needed()) return fault;
  }
  if (memory_goes_on) memory_left_ = ++at_ != overlay_.memory.end();
  return {};
}

PageFault PendingCursor::previous() {
  const bool memory_goes_on = memory_is_current();
  if (pages_are_current()) {
    if (const PageFault fault = pages_->previous(); fault.needed()) return fault;
  }
  if (memory_goes_on) step_back_in_memory();
  return {};
}

void PendingCursor::step_back_in_memory() {
  memory_left_ = at_ != overlay_.memory.begin();
  if (memory_left_) --at_;
}

PageFault PendingCursor::read(const PendingKey** found) {
  const PendingKey* in_memory = memory_is_current() ? &at_->second : nullptr;
  if (!pages_are_current()) {
    *found = in_memory;
    return {};
  }
  const PageFault fault = overlay_.spilled->read(pages_->value(), pending_.taken_back(), &merged_);
  if (fault.needed()) return fault;
  merged_.merge(in_memory);
  *found = merged_.entries.empty() ? nullptr : &merged_;
  return {};
}

}  // namespace troupe
