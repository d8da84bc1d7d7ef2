#pragma once
/// Values of megabytes: how long they may be, and how a function that works long on one hears that its statement ends.
#include <algorithm>
#include <string_view>

#include "runtime/types/eval_context.hpp"
#include "storage/base/text.hpp"
#include "storage/column/vector.hpp"

namespace troupe {

/// PostgreSQL's limit of one value: 1 GB - 1.
inline constexpr size_t kValueBytesMax = 0x3FFFFFFF;
/// How much is worked on before asking whether the statement ends.
inline constexpr size_t kWorkPieceBytes = 1u << 20;

inline absl::Status requested_length_too_large() {
  return error(ErrorCode::kProgramLimitExceeded, "requested length too large");
}

/// Whether `more` bytes can be added to a value of `size` bytes. Errors: 54000.
inline absl::Status check_room(size_t size, size_t more) {
  if (more <= kValueBytesMax && size <= kValueBytesMax - more) return absl::OkStatus();
  return with_detail(error(ErrorCode::kProgramLimitExceeded, "out of memory"),
                     cat("Cannot enlarge string buffer containing ", size, " bytes by ", more, " more bytes."));
}

/// For work that is given up once it is long: folding, because what is left unfolded runs where it can be interrupted.
inline const Interrupt& impatience() {
  static const Interrupt* const raised = [] {
    auto* made = new Interrupt;
    made->raise(Interrupt::Reason::kCancel);
    return made;
  }();
  return *raised;
}

/// Calls work(piece) for one piece of `bytes` after the other. Errors: why the statement ends.
template <typename Work>
absl::Status in_pieces(const EvalContext& context, std::string_view bytes, Work work,
                       size_t piece_bytes = kWorkPieceBytes) {
  while (bytes.size() > piece_bytes) {
    work(bytes.substr(0, piece_bytes));
    bytes.remove_prefix(piece_bytes);
    TROUPE_RETURN_IF_ERROR(context.check_interrupt());
  }
  work(bytes);
  return absl::OkStatus();
}

/// Between one function and the next: ends the statement if it is to end and much was done. Errors also: 54000.
inline absl::Status check_result(const Vector& result, uint32_t rows, const EvalContext& context) {
  const size_t bytes = result.memory_bytes();
  if (bytes <= kWorkPieceBytes) return absl::OkStatus();
  if (bytes > kValueBytesMax && result.kind() == Physical::kVarlen) {
    for (uint32_t row = 0; row < rows; ++row) {
      if (!result.is_null(row)) TROUPE_RETURN_IF_ERROR(check_room(0, result.string(row).size()));
    }
  }
  return context.check_interrupt();
}

}  // namespace troupe
