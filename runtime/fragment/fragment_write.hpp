#pragma once
/// What one write makes of the newest versions of its rows: which of them still count, their new versions, what has to
/// change in which tree, and what RETURNING answers. It changes nothing itself.
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/exec/messages.hpp"

namespace troupe {

class Fragment;

/// One key of the question that is to be written, in the question's order.
struct TargetRow {
  uint32_t ordinal = 0;
  std::string_view key;
  bool exists = false;
  std::string_view row;    ///< the newest version
  std::string_view input;  ///< insert: the row; remove with WriteFlag::moves: where it goes; else the extras
  bool recheck = false;    ///< newer than the statement's snapshot
};

struct TreeChange {
  TreeId tree = 0;
  bool erase = false;
  std::string key;
  std::string row;  ///< of an erase: where the row goes on, if it does
};

struct WrittenRows {
  std::vector<TreeChange> changes;
  std::string returning;       ///< batch_codec
  uint32_t returned = 0;
  std::string unique_changes;
  uint32_t affected = 0;
};

/// `outcomes` has one byte per key of the question and is set for every target.
/// Errors: 23502, 23514, and what the fragment's expressions say.
absl::StatusOr<WrittenRows> compute_write(const schema::Write& question, const Fragment& fragment,
                                          const std::vector<TargetRow>& targets, std::string* outcomes);

/// Whether an insert whose key exists becomes an update (ON CONFLICT DO UPDATE).
bool updates_existing(const Fragment& fragment);
/// Whether the filter stands for the whole WHERE clause: no scan has found the rows.
bool is_direct(const Fragment& fragment);

}  // namespace troupe
