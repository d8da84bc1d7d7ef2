#pragma once
/// What a participant answers to a prepare: its redo, in pieces, so that a transaction of any size needs no memory for
/// a second copy of it in one place. Pieces of one transaction are always cut in the same places, so when a partition
/// is restarted and asked again, it does not matter which of its answers a piece comes from.
#include <cstring>
#include <string_view>

#include "storage/base/check.hpp"
#include "storage/file/frame_files.hpp"

namespace troupe {

inline constexpr size_t kRedoPieceBytes = 4 << 20;

struct RedoPiece {
  uint32_t number = 0;  ///< from 0
  bool last = false;
  std::string_view changes;  ///< whole ones; valid while the frame is
};

struct RedoPieceHead {
  uint32_t number;
  uint32_t last;
};

/// Of `files`: from there, when the transaction is large.
inline absl::StatusOr<FrameBytes> pack_redo(const RedoPiece& piece, const FrameFiles* files) {
  TROUPE_CHECK(piece.changes.size() <= UINT32_MAX - sizeof(RedoPieceHead));
  const auto size = static_cast<uint32_t>(sizeof(RedoPieceHead) + piece.changes.size());
  FrameBytes frame;
  if (files == nullptr) {
    frame = FrameBytes(FrameBlock::allocate(size));
  } else {
    TROUPE_ASSIGN_OR_RETURN(frame, files->make(size));
  }
  const RedoPieceHead head{piece.number, piece.last ? 1u : 0u};
  std::memcpy(frame.mutable_data(), &head, sizeof head);
  if (!piece.changes.empty()) {
    std::memcpy(frame.mutable_data() + sizeof head, piece.changes.data(), piece.changes.size());
  }
  FrameFiles::let_go(frame);
  return frame;
}

inline RedoPiece read_redo(const FrameBytes& frame) {
  TROUPE_CHECK(frame.size() >= sizeof(RedoPieceHead));
  RedoPieceHead head;
  std::memcpy(&head, frame.view().data(), sizeof head);
  return {head.number, head.last != 0, frame.view().substr(sizeof head)};
}

}  // namespace troupe
