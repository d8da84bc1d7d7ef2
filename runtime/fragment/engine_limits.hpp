#pragma once
#include <cstddef>
#include <cstdint>

namespace troupe {

/// What one partition's engine holds and does at most.
struct EngineLimits {
  uint32_t reply_rows = 2048;  ///< rows a reply carries at most, unless the question asks for fewer
  uint64_t reply_bytes = 256 << 10;
  /// The same for the later answers of a scan, so that a long one costs less than a message per 10,000 rows.
  uint32_t long_reply_rows = 32'768;
  uint64_t long_reply_bytes = 3 << 20;
  uint32_t slice_visits = 1024;        ///< entries a scan looks at before it lets others run
  uint32_t partial_groups = 1 << 16;   ///< groups a partial aggregate holds before it sends them on
  uint64_t task_bytes = 256ull << 20;  ///< what one scan's top-n or aggregate may hold (53200)
  size_t fragments = 8192;             ///< definitions kept; older ones are asked for again
};

}  // namespace troupe
