#pragma once
/// Who of a consumer group reads what. A group's keys are spread over partitions; each is read by one member at a time
/// and has at most one window of events that were delivered and not acknowledged, so that the events of a key keep
/// their order whoever reads them. What is not acknowledged in time is delivered again, and if that is in vain one
/// event at a time, until the event that cannot be processed is alone; after so many deliveries of it, whether alone or
/// with others, it goes to the dead letters. Pure: rows in, a decision out; whoever acts on it finds out whether the
/// rows still are what they were.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "runtime/stream/token.hpp"

namespace troupe {

/// "All of the commit", in an order: behind each of its changes. (As a token's text that is event 0.)
inline constexpr uint64_t kWholeCommit = std::numeric_limits<int64_t>::max();
inline constexpr StreamToken kEndOfStream{std::numeric_limits<int64_t>::max(), kWholeCommit};

/// A row of sys.stream_partitions.
struct GroupPartition {
  uint32_t number = 0;
  StreamToken acknowledged;  ///< what comes behind it is still to be processed,
  StreamToken sent;          ///< of it, what comes up to here has been delivered
  StreamToken careful;       ///< up to here events are delivered one at a time;
  int32_t careful_deliveries = 0;  ///< those that are not in flight have been delivered so often
  std::string member;        ///< empty: nobody's
  int64_t batch = 0;         ///< by which it was delivered last
  int64_t deadline_us = 0;
  int32_t deliveries = 0;  ///< of what is in flight
  std::string error;       ///< what REJECT said of it
  bool in_flight() const { return sent > acknowledged; }
  bool operator==(const GroupPartition&) const = default;
};
struct GroupMember {
  std::string name;
  int64_t seen_us = 0;
};
struct GroupLimits {
  int64_t ack_timeout_us = 0;
  int32_t max_deliveries = 0;  ///< 0: no end
};

struct GroupReading {
  GroupPartition from;
  bool again = false;     ///< it was delivered before
  bool alone = false;     ///< one event only
  bool gives_up = false;  ///< that event goes to the dead letters
};
/// How often the event has been delivered once this reading is.
int32_t delivery_of(const GroupReading& reading, StreamToken event);

struct GroupShare {
  std::vector<GroupReading> reads;
  std::vector<GroupPartition> releases;  ///< for members that have less than their share
  int64_t look_again_us = 0;             ///< when there may be more to read
};

/// What `member` may read now. `partitions` by number.
GroupShare share_of(const std::string& member, const std::vector<GroupPartition>& partitions,
                    const std::vector<GroupMember>& members, const GroupLimits& limits, int64_t now_us);

}  // namespace troupe
