#pragma once
/// Sequences as expressions see them. Evaluating is synchronous, fetching numbers is not: before a program that calls
/// nextval() runs, its operator reserves as many numbers as it has rows; afterwards it settles what setval() changed.
#include <cstdint>

#include "absl/status/statusor.h"
#include "runtime/exec/task.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

/// Owner: one session.
class SequenceAccess {
 public:
  virtual ~SequenceAccess() = default;
  /// Makes next(sequence) succeed `count` times. Numbers that are not used stay with the session.
  /// Errors: 42P01, 42501, 2200H.
  virtual Task<absl::Status> reserve(Oid sequence, uint32_t count) = 0;
  /// How many numbers are reserved.
  virtual uint32_t reserved(Oid sequence) const = 0;
  virtual absl::StatusOr<int64_t> next(Oid sequence) = 0;
  /// Errors: 55000 before the session's first nextval().
  virtual absl::StatusOr<int64_t> current(Oid sequence) = 0;
  virtual absl::StatusOr<int64_t> last() = 0;
  /// Takes effect in settle(). Errors: 22003 out of the sequence's bounds.
  virtual absl::Status set(Oid sequence, int64_t value, bool is_called) = 0;
  /// Of a sequence that was not known when the statement was planned, and so was not asked about then.
  /// Errors: 42501.
  virtual absl::Status check_right(Oid sequence, bool sets) const = 0;
  virtual bool must_settle() const = 0;
  virtual Task<absl::Status> settle() = 0;
};

}  // namespace troupe
