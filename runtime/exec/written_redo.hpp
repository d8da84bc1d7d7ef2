#pragma once
/// The redo that came along with the answers to a transaction's writes. While it is complete, the participants need not
/// be asked for theirs at the commit (prepare); most transactions end that way. It is not when a key was written twice,
/// a write was long or failed, an answer was given up, or a savepoint was gone back to: then the participants' word
/// counts. Pure. Owner: one transaction's session.
#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/exec/data_access.hpp"

namespace troupe {

class WrittenRedo {
 public:
  /// More than this is not kept.
  static constexpr uint64_t kBytesMax = 64 * 1024;

  /// A write goes out: asks for its redo when that is of use. False: it writes nothing (a lock), or past the log.
  bool ask(WriteFrame& question);
  /// The answer to one for which ask() said true.
  void answered(const WriteResultFrame& answer);
  void spoil();
  /// The transaction is over.
  void clear();

  bool complete() const { return !spoiled_ && under_way_ == 0; }
  /// Packed changes, in the order of the writes. Views into this object's frames.
  std::vector<std::string_view> redo() const;

 private:
  std::vector<WriteResultFrame> answers_;
  uint64_t bytes_ = 0;
  uint32_t under_way_ = 0;
  bool spoiled_ = false;
};

}  // namespace troupe
