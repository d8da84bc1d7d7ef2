#include "runtime/stream/group_share.hpp"

#include <algorithm>
#include <set>

#include "storage/column/hash.hpp"

namespace troupe {
namespace {

std::set<std::string> living(const std::string& self, const std::vector<GroupMember>& members,
                             const GroupLimits& limits, int64_t now_us) {
  std::set<std::string> names{self};
  for (const GroupMember& member : members) {
    if (member.seen_us > now_us - limits.ack_timeout_us) names.insert(member.name);
  }
  return names;
}

GroupReading reading_of(const GroupPartition& partition, const GroupLimits& limits) {
  GroupReading reading;
  reading.from = partition;
  reading.again = partition.in_flight();
  const int32_t most = limits.max_deliveries;
  const bool often = most > 0 && partition.deliveries >= most;
  // Nothing is given up that was not delivered alone once, and that is within its deliveries.
  const bool last = most > 0 && partition.deliveries + 1 >= most;
  // Members die, and that is nobody's fault: only the second time something is wrong with an event.
  const bool suspicious = reading.again && (last || partition.deliveries >= 2);
  reading.alone = suspicious || most == 1 || partition.careful > partition.acknowledged;
  const bool was_alone = partition.careful >= partition.sent;
  reading.gives_up = reading.again && often && was_alone;
  return reading;
}

}  // namespace

int32_t delivery_of(const GroupReading& reading, StreamToken event) {
  const GroupPartition& from = reading.from;
  if (reading.again) return from.deliveries + (reading.gives_up ? 0 : 1);
  return event <= from.careful ? from.careful_deliveries + 1 : 1;
}

GroupShare share_of(const std::string& member, const std::vector<GroupPartition>& partitions,
                    const std::vector<GroupMember>& members, const GroupLimits& limits, int64_t now_us) {
  const std::set<std::string> alive = living(member, members, limits, now_us);
  // What is left over is the first ones'.
  const auto rank = static_cast<size_t>(std::distance(alive.begin(), alive.find(member)));
  const size_t fair = partitions.size() / alive.size() + (rank < partitions.size() % alive.size() ? 1 : 0);
  GroupShare share;
  share.look_again_us = now_us + std::clamp<int64_t>(limits.ack_timeout_us / 3, 20'000, 1'000'000);
  size_t held = static_cast<size_t>(std::count_if(partitions.begin(), partitions.end(),
                                                  [&](const GroupPartition& one) { return one.member == member; }));
  const auto read = [&](const GroupPartition& partition) {
    if (partition.in_flight() && partition.deadline_us > now_us) {
      share.look_again_us = std::min(share.look_again_us, partition.deadline_us);
    } else {
      share.reads.push_back(reading_of(partition, limits));
    }
  };
  for (const GroupPartition& partition : partitions) {
    if (partition.member != member) continue;
    if (held > fair && !partition.in_flight()) {
      share.releases.push_back(partition);
      --held;
    } else {
      read(partition);
    }
  }
  // Each begins elsewhere, so that they seldom want the same.
  const size_t begin = partitions.empty() ? 0 : hash_bytes(member) % partitions.size();
  for (size_t i = 0; i < partitions.size() && held < fair; ++i) {
    const GroupPartition& partition = partitions[(begin + i) % partitions.size()];
    const bool free = partition.member.empty() || !alive.contains(partition.member);
    const bool held_back = partition.in_flight() && partition.deadline_us > now_us;
    if (!free || held_back) continue;
    ++held;
    read(partition);
  }
  return share;
}

}  // namespace troupe
