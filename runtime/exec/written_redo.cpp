#include "runtime/exec/written_redo.hpp"

#include "runtime/exec/messages.hpp"

namespace troupe {

bool WrittenRedo::ask(WriteFrame& question) {
  schema::WriteHead* head = question.mutable_root()->mutable_head();
  if (head->kind() == schema::WriteKind::lock || head->kind() == schema::WriteKind::bulk) return false;
  if (!spoiled_) head->mutate_flags(head->flags() | bit(schema::WriteFlag::prepare));
  ++under_way_;
  return true;
}

void WrittenRedo::answered(const WriteResultFrame& answer) {
  --under_way_;
  if (spoiled_) return;
  const schema::WriteResultHead& head = *answer->head();
  if (head.status() == schema::WriteStatus::unknown_fragment) return;  // nothing was written; it is sent again
  if (head.status() == schema::WriteStatus::failed || !head.prepared()) return spoil();
  bytes_ += bytes_view(answer->redo()).size();
  if (bytes_ > kBytesMax) return spoil();
  if (answer->redo() != nullptr) answers_.push_back(answer);
}

void WrittenRedo::spoil() {
  spoiled_ = true;
  answers_.clear();
}

void WrittenRedo::clear() {
  answers_.clear();
  bytes_ = 0;
  under_way_ = 0;
  spoiled_ = false;
}

std::vector<std::string_view> WrittenRedo::redo() const {
  std::vector<std::string_view> pieces;
  pieces.reserve(answers_.size());
  for (const WriteResultFrame& answer : answers_) pieces.push_back(bytes_view(answer->redo()));
  return pieces;
}

}  // namespace troupe
