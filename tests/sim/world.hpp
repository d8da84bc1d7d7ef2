#pragma once
/// One run's world: the seed's randomness, virtual time, the disk, the node on it, the clients' connections; and what
/// befalls them. Everything happens on the caller's thread, in an order that the seed decides.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/node/node.hpp"
#include "storage/file/sim_file_system.hpp"
#include "tests/sim/connection.hpp"
#include "tests/sim/sim_platform.hpp"
#include "tests/sim/timeline.hpp"
#include "tests/sim/trace.hpp"

namespace troupe::sim {

/// Independent streams, so that what one part draws does not change what another one gets.
struct Seeds {
  explicit Seeds(uint64_t seed)
      : schedule{seed * 4 + 1},
        network{(seed ^ 0x5EED) * 0x9E3779B97F4A7C15u},
        faults{~seed * 0xD1B54A32D192ED03u},
        work{seed * 0x2545F4914F6CDD1Du + 7} {}
  Random schedule;
  Random network;
  Random faults;
  Random work;
};

enum class Ending : uint8_t {
  kClean,        ///< stopped as by SIGTERM
  kProcessDies,  ///< kill -9: what the kernel has is still there
  kPowerCut,     ///< what was not synced may be gone
};

class World {
 public:
  World(uint64_t seed, std::FILE* print);
  ~World();

  Seeds& seeds() { return seeds_; }
  Timeline& timeline() { return timeline_; }
  Trace& trace() { return trace_; }
  SimFileSystem& disk() { return *disk_; }

  /// Recovery included. Errors: why the node refuses to start.
  absl::Status start_node();
  void end_node(Ending ending);
  bool node_runs() const { return node_ != nullptr; }
  /// Null while the node is down.
  SimPlatform* platform() { return platform_; }
  NodeContext* context() { return platform_ == nullptr ? nullptr : &platform_->context(); }
  /// The disk failed under it; it acknowledges nothing any more.
  bool node_fenced() const { return fenced_; }
  NodeConfig& config() { return config_; }

  /// Null while the node is down.
  std::shared_ptr<Connection> connect(const std::string& name, Connection::Client client);
  void cut_random_connection();

  /// One turn of an actor, or one event; time goes on when nothing is ready. False when nothing is left to happen.
  bool step();
  uint64_t steps() const { return steps_; }

  /// Something is wrong with the node: the first complaint is the run's.
  void complain(std::string what);
  const std::string& complaint() const { return complaint_; }
  /// Log position before which every byte has been followed by a durable batch, so that damage there must be noticed.
  uint64_t vouched_log_bytes() const { return vouched_; }

 private:
  void note_log();
  void check_invariants();

  const uint64_t seed_;
  Seeds seeds_;
  Timeline timeline_;
  Trace trace_;
  NodeConfig config_;
  std::unique_ptr<SimFileSystem> disk_;
  uint64_t disks_ = 0;
  SimPlatform* platform_ = nullptr;  ///< owned by the node
  std::unique_ptr<Node> node_;
  bool fenced_ = false;
  std::vector<std::weak_ptr<Connection>> connections_;
  uint64_t steps_ = 0;
  std::string complaint_;
  uint64_t durable_log_ = 0;
  uint64_t vouched_ = 0;
};

}  // namespace troupe::sim
