#pragma once
/// A node: recovers what is in its data directory, starts its actors, serves, stops.
///
///   TROUPE_ASSIGN_OR_RETURN(auto node, Node::start(config, files, clock));
///   ... node->stop();
#include <functional>
#include <memory>
#include <string>

#include "actors/node/config.hpp"
#include "storage/base/clock.hpp"
#include "storage/file/file_system.hpp"

namespace troupe {

class Platform;
struct NodeEvent;

class Node {
 public:
  /// Errors: a port or directory that is in use, damaged files, I/O; each says what to do.
  /// `on_fenced` is called once, from any thread, when the disk failed: nothing is acknowledged any more.
  /// Without a `platform` it runs on threads and listens on sockets. `say` hears how far a long recovery is.
  static absl::StatusOr<std::unique_ptr<Node>> start(NodeConfig config, FileSystem& files, const Clock& clock,
                                                     std::function<void(const std::string&)> on_fenced,
                                                     std::shared_ptr<Platform> platform = nullptr,
                                                     std::function<void(const std::string&)> say = {});
  ~Node();

  /// sys.events as they come; the watcher is called from any thread and must not wait for anything.
  void watch_events(std::function<void(const NodeEvent&)> watcher);

  /// Ends sessions with an error message, stops actors in reverse order, marks the log as cleanly closed.
  void stop();

  struct Facts {
    uint32_t cells = 0;
    uint32_t partitions = 0;
    uint64_t recovered_scn = 0;
    int64_t recovery_ms = 0;
    std::string log_ended;  ///< why the log was cut; empty: it was not
  };
  const Facts& facts() const;

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace troupe
