#pragma once
/// One CONSUME: what its coroutines share.
#include <string>
#include <vector>

#include "actors/session/backend.hpp"
#include "actors/session/group_reader.hpp"

namespace troupe {

struct Backend::Consuming {
  GroupNamed group;
  std::string member;
  size_t events_max = 0;
  int64_t until_us = 0;  ///< monotonic

  // As it was looked at last.
  std::vector<GroupPartition> partitions;
  std::vector<GroupMember> members;
  GroupShare share;
  bool to_be_seen = false;  ///< it is time to write down that the member is there

  // What was read.
  std::vector<KeptEvent> events;
  std::vector<KeptEvent> letters;
  int64_t batch = 0;

  GroupLimits limits() const { return {group.group.ack_timeout_us, group.group.max_deliveries}; }
  /// What the partition's row says once what was read of it is the member's.
  GroupPartition claimed(const GroupReading& reading, StreamToken read_through, int64_t now_us) const;
  bool has_read() const { return !events.empty() || !letters.empty(); }
};

}  // namespace troupe
