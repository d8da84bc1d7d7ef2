#include "tests/sim/referee.hpp"

#include <algorithm>
#include <array>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

/// Serialization, deadlock, lock not available, cancelled, shut down, failed block, unknown outcome: a client that
/// works with others on a node that is hit now and then has to live with these.
constexpr std::array<std::string_view, 8> kEveryday = {"40001", "40P01", "55P03", "57014",
                                                       "57P01", "25P02", "40003", "08006"};

}  // namespace

bool Referee::is_damage_report(std::string_view code, std::string_view message) {
  if (!mischief_.bits_flipped || code != "XX001") return false;
  if (message.find("data/") == std::string_view::npos) {
    world_.complain(cat("damage is reported without a file's name: ", message));
  }
  ++damage_reports_;
  return true;
}

bool Referee::accept(const Client& client, const Reply& reply, std::initializer_list<std::string_view> also) {
  if (reply.ok()) return true;
  if (reply.code.empty()) return false;  // lost
  const std::string& code = reply.code;
  if (std::find(kEveryday.begin(), kEveryday.end(), code) != kEveryday.end()) return false;
  if (std::find(also.begin(), also.end(), code) != also.end()) return false;
  if (mischief_.io_failed && code == "58030") return false;
  if (mischief_.disk_full && code == "53100") return false;
  // A partition that was built again after a failed read has no older versions for the snapshots that were open.
  if ((mischief_.io_failed || mischief_.bits_flipped) && code == "72000") return false;
  if (is_damage_report(code, reply.message)) return false;
  world_.complain(cat(client.name(), ": unexpected error ", code, ": ", reply.message, " (", reply.detail,
                      ") for: ", client.asked()));
  return false;
}

}  // namespace troupe::sim
