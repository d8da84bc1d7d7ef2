#include "storage/partition/moved_rows.hpp"

#include "storage/base/check.hpp"

namespace troupe {
namespace {

/// What a move costs beside its bytes.
constexpr uint64_t kMoveBytes = 128;

}  // namespace

uint64_t MovedRows::cost_of(const Moves::value_type& move) {
  return kMoveBytes + move.first.key.size() + move.second.size();
}

void MovedRows::add(MoveTime at, TreeId tree, std::string_view key, std::string_view place) {
  const auto [move, fresh] = moves_.emplace(Key{tree, std::string(key), at}, place);
  if (!fresh) return;
  by_age_.push_back(move);
  bytes_ += cost_of(*move);
  while (bytes_ > bytes_max_) {
    floor_ = by_age_.front()->first.at.scn;
    drop_oldest();
  }
}

std::optional<MovedRows::Move> MovedRows::find(TreeId tree, std::string_view key, MoveTime after) const {
  const auto move = moves_.upper_bound(KeyView{tree, key, after});
  if (move == moves_.end() || move->first.tree != tree || move->first.key != key) return std::nullopt;
  return Move{move->first.at, move->second};
}

void MovedRows::set_oldest_snapshot(Scn oldest) {
  while (!by_age_.empty() && by_age_.front()->first.at.scn <= oldest) drop_oldest();
}

void MovedRows::drop_oldest() {
  bytes_ -= cost_of(*by_age_.front());
  moves_.erase(by_age_.front());
  by_age_.pop_front();
}

void MovedRows::check_invariants() const {
  uint64_t bytes = 0;
  for (const auto& move : moves_) bytes += cost_of(move);
  TROUPE_CHECK(bytes == bytes_);
  TROUPE_CHECK(bytes_ <= bytes_max_);
  TROUPE_CHECK(moves_.size() == by_age_.size());
  for (size_t i = 1; i < by_age_.size(); ++i) {
    TROUPE_CHECK(by_age_[i - 1]->first.at.scn <= by_age_[i]->first.at.scn);
  }
}

}  // namespace troupe
