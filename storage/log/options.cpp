#include "storage/log/options.hpp"

#include <algorithm>

namespace troupe {

absl::Status check_options(const LogOptions& options) {
  if (options.segment_bytes % kLogSectorBytes != 0 || options.segment_bytes > kSegmentBytesMax) {
    return error(ErrorCode::kInvalidParameterValue, "log.segment_bytes must be a multiple of ", kLogSectorBytes,
                 " and at most ", kSegmentBytesMax);
  }
  if (frame_bytes(options.record_bytes_max) + kSegmentHeaderBytes > options.segment_bytes) {
    return error(ErrorCode::kInvalidParameterValue, "log.record_bytes_max (", options.record_bytes_max,
                 ") must fit into log.segment_bytes (", options.segment_bytes, ")");
  }
  if (options.queued_bytes_max < frame_bytes(options.record_bytes_max) || options.queued_bytes_max > kSegmentBytesMax) {
    return error(ErrorCode::kInvalidParameterValue,
                 "limits.log_queued_bytes_max must be at least log.record_bytes_max and at most ", kSegmentBytesMax);
  }
  return absl::OkStatus();
}

LogPosition keep_from(LogPosition checkpoint, LogPosition subscribers, LogPosition end, const LogOptions& options) {
  const LogPosition retained = end > options.retention_bytes_max ? end - options.retention_bytes_max : 0;
  return std::min(checkpoint, std::max(subscribers, retained));
}

}  // namespace troupe
