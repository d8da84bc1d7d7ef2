#pragma once
/// One round over a data file that its node goes on writing to: every page that the newest checkpoint reaches, in the
/// order of trees and keys, a few at a time. Where it is, is a key, so it survives checkpoints between two steps. What
/// a page of the checkpoint before has become may look damaged: a finding counts only when the superblock that led to
/// it is still the newest one. Pure but for the file that it reads. Owner: one thread.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/checkpoint/directory.hpp"
#include "storage/checkpoint/superblock.hpp"
#include "storage/file/file_system.hpp"
#include "storage/page/page_format.hpp"
#include "storage/page/slotted_page.hpp"

namespace troupe {

struct Damage {
  std::string file;
  uint64_t at_byte = 0;
  uint64_t bytes = 0;
  TreeId tree = 0;  ///< 0: of none
  std::string problem;
};

class ScrubWalk {
 public:
  /// The file must stay open.
  explicit ScrubWalk(const File& file) : file_{file} {}

  /// Reads on until about `budget_bytes` of pages are checked. True: the round is over. Errors: I/O.
  absl::StatusOr<bool> step(uint64_t budget_bytes, std::vector<Damage>* damage);
  uint64_t pages() const { return pages_; }
  uint64_t bytes() const { return bytes_; }
  uint64_t file_bytes() const { return superblock_.file_grains * kGrainBytes; }

 private:
  enum class Found : uint8_t { kGood, kDamaged, kStale };
  absl::Status follow_checkpoint(std::vector<Damage>* damage);
  absl::Status check_slots(std::vector<Damage>* damage);
  absl::StatusOr<Found> read_directory(std::vector<Damage>* damage);
  absl::StatusOr<Found> read(PageAddress address, PageKind kind, PageImage* image, std::vector<Damage>* damage);
  absl::StatusOr<Found> read_tree_page(PageAddress address, uint8_t level, PageImage* image,
                                       std::vector<Damage>* damage);
  absl::StatusOr<Found> note(PageAddress address, std::string problem, std::vector<Damage>* damage);
  absl::StatusOr<Found> check_tree(const DirectoryEntry& tree, uint64_t until_bytes, std::vector<Damage>* damage);
  absl::StatusOr<Found> check_leaf(PageAddress address, std::vector<Damage>* damage);
  absl::StatusOr<Found> check_leaves(const PageImage& parent, std::optional<std::string> behind, uint64_t until_bytes,
                                     std::vector<Damage>* damage);
  void next_tree();
  void move_to(const std::optional<std::string>& position);

  const File& file_;
  Superblock superblock_;
  Directory directory_;
  bool known_ = false;  ///< directory_ is the superblock's
  bool done_ = false;
  TreeId tree_ = 0;                      ///< it goes on with this one, or the next there is
  std::string position_;                 ///< ... at this key
  std::optional<uint64_t> bad_slot_at_;  ///< a slot was not valid when the newest had this sequence
  uint64_t pages_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace troupe
