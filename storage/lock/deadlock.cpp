#include "storage/lock/deadlock.hpp"

#include <algorithm>

#include "absl/container/btree_map.h"

namespace troupe {
namespace {

enum class Mark : uint8_t { kNew, kOnPath, kDone };

struct Node {
  std::vector<TxnId> blockers;
  Mark mark = Mark::kNew;
  size_t next = 0;
};

}  // namespace

std::vector<TxnId> find_deadlock(const std::vector<WaitEdge>& edges) {
  absl::btree_map<TxnId, Node> graph;
  for (const WaitEdge& edge : edges) {
    graph[edge.waiter].blockers.push_back(edge.blocker);
    graph[edge.blocker];
  }
  for (auto& [start, start_node] : graph) {
    if (start_node.mark != Mark::kNew) continue;
    std::vector<TxnId> path{start};
    start_node.mark = Mark::kOnPath;
    while (!path.empty()) {
      Node& node = graph[path.back()];
      if (node.next == node.blockers.size()) {
        node.mark = Mark::kDone;
        path.pop_back();
        continue;
      }
      const TxnId blocker = node.blockers[node.next++];
      Node& target = graph[blocker];
      if (target.mark == Mark::kOnPath) return {std::find(path.begin(), path.end(), blocker), path.end()};
      if (target.mark == Mark::kNew) {
        target.mark = Mark::kOnPath;
        path.push_back(blocker);
      }
    }
  }
  return {};
}

TxnId choose_victim(const std::vector<TxnId>& cycle) { return *std::max_element(cycle.begin(), cycle.end()); }

}  // namespace troupe
