#include "tests/sim/history.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <set>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

using Outcome = HistoryTransaction::Outcome;

enum class EdgeKind : uint8_t { kWw, kWr, kRw, kTime };
constexpr std::array<const char*, 4> kEdgeNames = {"ww", "wr", "rw", "rt"};

struct Edge {
  size_t to;
  EdgeKind kind;
  int list;
};
using Graph = std::vector<std::vector<Edge>>;

/// Which transaction appended a value, and whether it appended to the list again afterwards.
struct Writer {
  size_t transaction = 0;
  bool last = true;
};

class Checker {
 public:
  Checker(const std::vector<HistoryTransaction>& history, bool complete)
      : history_{history}, complete_{complete}, committed_(history.size()), graph_(history.size()) {}

  std::vector<Finding> run() {
    note_writers();
    decide_unknown();
    order_lists();
    add_writes();
    for (size_t t = 0; t < history_.size(); ++t) {
      if (committed_[t]) add_reads(t);
    }
    if (complete_) find_lost();
    find_cycles();
    return std::move(findings_);
  }

 private:
  void found(Anomaly anomaly, std::string story) {
    const bool known = std::any_of(findings_.begin(), findings_.end(),
                                   [&](const Finding& finding) { return finding.anomaly == anomaly; });
    if (!known) findings_.push_back({anomaly, std::move(story)});
  }

  void note_writers() {
    for (size_t t = 0; t < history_.size(); ++t) {
      committed_[t] = history_[t].outcome == Outcome::kCommitted;
      std::map<int, uint64_t> newest;
      for (const Operation& operation : history_[t].operations) {
        if (!operation.appends) continue;
        const auto before = newest.find(operation.list);
        if (before != newest.end()) writers_[before->second].last = false;
        newest[operation.list] = operation.value;
        writers_[operation.value] = {t, true};
      }
    }
  }

  const Writer* writer_of(uint64_t value) const {
    const auto at = writers_.find(value);
    return at == writers_.end() ? nullptr : &at->second;
  }

  /// Whose outcome nobody was told committed if a committed one has seen it.
  void decide_unknown() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t t = 0; t < history_.size(); ++t) {
        if (!committed_[t]) continue;
        for (const Operation& operation : history_[t].operations) {
          for (const uint64_t value : operation.read) {
            const Writer* writer = writer_of(value);
            if (writer == nullptr || committed_[writer->transaction]) continue;
            if (history_[writer->transaction].outcome != Outcome::kUnknown) continue;
            committed_[writer->transaction] = true;
            changed = true;
          }
        }
      }
    }
  }

  /// The longest that was read is the order; all others have to be its beginnings.
  void order_lists() {
    for (size_t t = 0; t < history_.size(); ++t) {
      if (!committed_[t]) continue;
      for (const Operation& operation : history_[t].operations) {
        if (operation.appends) continue;
        auto& longest = order_[operation.list];
        if (operation.read.size() > longest.size()) longest = operation.read;
      }
    }
    for (size_t t = 0; t < history_.size(); ++t) {
      if (!committed_[t]) continue;
      for (const Operation& operation : history_[t].operations) {
        if (operation.appends) continue;
        const auto& longest = order_[operation.list];
        if (std::equal(operation.read.begin(), operation.read.end(), longest.begin())) continue;
        found(Anomaly::kIncompatibleOrder, cat("list ", operation.list, ": ", name(t), " read ", show(operation.read),
                                               ", somebody read ", show(longest)));
      }
    }
  }

  void add_edge(size_t from, size_t to, EdgeKind kind, int list) {
    if (from != to) graph_[from].push_back({to, kind, list});
  }

  void add_writes() {
    for (const auto& [list, values] : order_) {
      for (size_t i = 1; i < values.size(); ++i) {
        const Writer* earlier = writer_of(values[i - 1]);
        const Writer* later = writer_of(values[i]);
        if (earlier == nullptr || later == nullptr) continue;
        add_edge(earlier->transaction, later->transaction, EdgeKind::kWw, list);
      }
    }
  }

  void add_reads(size_t t) {
    for (const Operation& operation : history_[t].operations) {
      if (operation.appends) continue;
      // Its own appends come last.
      size_t seen = operation.read.size();
      while (seen > 0 && is_writer(t, operation.read[seen - 1])) --seen;
      for (size_t i = 0; i < seen; ++i) judge_value(t, operation, operation.read[i], i + 1 == seen);
      const auto& order = order_[operation.list];
      if (seen != operation.read.size() || seen >= order.size()) continue;
      const Writer* next = writer_of(order[seen]);
      if (next != nullptr) add_edge(t, next->transaction, EdgeKind::kRw, operation.list);
    }
  }

  bool is_writer(size_t t, uint64_t value) const {
    const Writer* writer = writer_of(value);
    return writer != nullptr && writer->transaction == t;
  }

  void judge_value(size_t t, const Operation& operation, uint64_t value, bool is_last) {
    const Writer* writer = writer_of(value);
    const auto tell = [&](Anomaly anomaly, std::string_view what) {
      found(anomaly,
            cat("list ", operation.list, ": ", name(t), " read ", show(operation.read), ", where ", value, what));
    };
    if (writer == nullptr) return tell(Anomaly::kAbortedRead, " was appended by nobody");
    if (!committed_[writer->transaction]) return tell(Anomaly::kAbortedRead, " was rolled back");
    if (!is_last) return;
    if (!writer->last) return tell(Anomaly::kIntermediateRead, " was not yet all of its transaction");
    add_edge(writer->transaction, t, EdgeKind::kWr, operation.list);
  }

  void find_lost() {
    for (size_t t = 0; t < history_.size(); ++t) {
      if (history_[t].outcome != Outcome::kCommitted) continue;
      for (const Operation& operation : history_[t].operations) {
        if (!operation.appends) continue;
        const auto& order = order_[operation.list];
        if (std::find(order.begin(), order.end(), operation.value) != order.end()) continue;
        found(Anomaly::kLostAppend,
              cat("list ", operation.list, " is ", show(order), " and lacks ", operation.value, " of ", name(t)));
      }
    }
  }

  // --- cycles ---

  using Allowed = std::function<bool(EdgeKind)>;

  /// The shortest way by allowed edges; empty: there is none. The edges, from the first.
  std::vector<Edge> path(const Graph& graph, size_t from, size_t to, const Allowed& allowed) const {
    std::vector<std::optional<std::pair<size_t, Edge>>> came(graph.size());
    std::deque<size_t> queue{from};
    while (!queue.empty()) {
      const size_t at = queue.front();
      queue.pop_front();
      for (const Edge& edge : graph[at]) {
        if (!allowed(edge.kind) || came[edge.to]) continue;
        came[edge.to] = {at, edge};
        if (edge.to == to) {
          std::vector<Edge> edges;
          for (size_t node = to; edges.empty() || node != from;) {
            edges.push_back(came[node]->second);
            node = came[node]->first;
          }
          std::reverse(edges.begin(), edges.end());
          return edges;
        }
        queue.push_back(edge.to);
      }
    }
    return {};
  }

  /// Whether allowed edges have a cycle, and then some transaction on one.
  std::optional<size_t> on_cycle(const Graph& graph, const Allowed& allowed) const {
    // What cannot be reached from a cycle is taken away, as long as there is such (Kahn 1962).
    std::vector<size_t> incoming(graph.size());
    for (const auto& edges : graph) {
      for (const Edge& edge : edges) incoming[edge.to] += allowed(edge.kind) ? 1 : 0;
    }
    std::deque<size_t> free;
    for (size_t t = 0; t < graph.size(); ++t) {
      if (incoming[t] == 0) free.push_back(t);
    }
    while (!free.empty()) {
      const size_t t = free.front();
      free.pop_front();
      for (const Edge& edge : graph[t]) {
        if (allowed(edge.kind) && --incoming[edge.to] == 0) free.push_back(edge.to);
      }
    }
    // Some that are left are on a cycle, the others behind one.
    for (size_t t = 0; t < graph.size(); ++t) {
      if (incoming[t] != 0 && !path(graph, t, t, allowed).empty()) return t;
    }
    return std::nullopt;
  }

  void find_cycle(Anomaly anomaly, const Graph& graph, const Allowed& allowed) {
    if (const auto t = on_cycle(graph, allowed)) found(anomaly, tell(*t, path(graph, *t, *t, allowed)));
  }

  void find_cycles() {
    const auto depends = [](EdgeKind kind) { return kind == EdgeKind::kWw || kind == EdgeKind::kWr; };
    find_cycle(Anomaly::kDirtyWrite, graph_, [](EdgeKind kind) { return kind == EdgeKind::kWw; });
    find_cycle(Anomaly::kCircularFlow, graph_, depends);
    find_read_skew(depends);
    // An rw only together with what follows it: in a cycle of these no two are next to each other.
    Graph composed(graph_.size());
    for (size_t t = 0; t < graph_.size(); ++t) {
      for (const Edge& edge : graph_[t]) {
        if (depends(edge.kind)) composed[t].push_back(edge);
        if (edge.kind != EdgeKind::kRw) continue;
        for (const Edge& next : graph_[edge.to]) {
          if (depends(next.kind)) composed[t].push_back({next.to, EdgeKind::kRw, edge.list});
        }
      }
    }
    find_cycle(Anomaly::kNonadjacent, composed, [](EdgeKind) { return true; });
    find_cycle(Anomaly::kWriteSkew, graph_, [](EdgeKind) { return true; });
    add_real_time();
    find_cycle(Anomaly::kNotInRealTime, graph_, [](EdgeKind) { return true; });
  }

  void find_read_skew(const Allowed& depends) {
    for (size_t t = 0; t < graph_.size(); ++t) {
      for (const Edge& edge : graph_[t]) {
        if (edge.kind != EdgeKind::kRw) continue;
        std::vector<Edge> back = path(graph_, edge.to, t, depends);
        if (back.empty()) continue;
        back.insert(back.begin(), edge);
        return found(Anomaly::kReadSkew, tell(t, back));
      }
    }
  }

  /// Only the newest of those that had ended: the older ones are before these.
  void add_real_time() {
    for (size_t t = 0; t < history_.size(); ++t) {
      if (!committed_[t]) continue;
      uint64_t newest_begin = 0;
      for (size_t other = 0; other < history_.size(); ++other) {
        if (committed_[other] && history_[other].ended < history_[t].began) {
          newest_begin = std::max(newest_begin, history_[other].began);
        }
      }
      for (size_t other = 0; other < history_.size(); ++other) {
        const HistoryTransaction& before = history_[other];
        if (committed_[other] && before.ended < history_[t].began && before.ended >= newest_begin) {
          add_edge(other, t, EdgeKind::kTime, 0);
        }
      }
    }
  }

  // --- words ---

  std::string name(size_t t) const { return cat("T", t, " (", history_[t].client, ")"); }

  static std::string show(const std::vector<uint64_t>& values) {
    std::string text = "[";
    for (const uint64_t value : values) text += cat(text.size() > 1 ? "," : "", value);
    return text + "]";
  }

  std::string tell(size_t first, const std::vector<Edge>& cycle) const {
    std::string story = name(first);
    std::set<size_t> told{first};
    for (const Edge& edge : cycle) {
      story += cat(" -", kEdgeNames[static_cast<size_t>(edge.kind)]);
      if (edge.kind != EdgeKind::kTime) story += cat("(", edge.list, ")");
      story += cat("-> ", name(edge.to));
      told.insert(edge.to);
    }
    for (const size_t t : told) {
      story += cat("; T", t, ":");
      for (const Operation& operation : history_[t].operations) {
        story += operation.appends ? cat(" append(", operation.list, ",", operation.value, ")")
                                   : cat(" read(", operation.list, ")=", show(operation.read));
      }
    }
    return story;
  }

  const std::vector<HistoryTransaction>& history_;
  const bool complete_;
  std::vector<bool> committed_;
  std::map<uint64_t, Writer> writers_;
  std::map<int, std::vector<uint64_t>> order_;
  Graph graph_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view anomaly_name(Anomaly anomaly) {
  switch (anomaly) {
    case Anomaly::kDirtyWrite: return "G0 (dirty write)";
    case Anomaly::kAbortedRead: return "G1a (aborted read)";
    case Anomaly::kIntermediateRead: return "G1b (intermediate read)";
    case Anomaly::kCircularFlow: return "G1c (circular flow)";
    case Anomaly::kReadSkew: return "G-single (read skew)";
    case Anomaly::kNonadjacent: return "G-nonadjacent";
    case Anomaly::kWriteSkew: return "G2 (write skew)";
    case Anomaly::kNotInRealTime: return "not in the order of real time";
    case Anomaly::kIncompatibleOrder: return "incompatible order";
    case Anomaly::kLostAppend: return "lost append";
  }
  return "";
}

std::vector<Finding> find_anomalies(const std::vector<HistoryTransaction>& history, bool complete) {
  return Checker(history, complete).run();
}

bool is_allowed(Anomaly anomaly, IsolationLevel level) {
  switch (anomaly) {
    case Anomaly::kReadSkew:
    case Anomaly::kNonadjacent: return level < IsolationLevel::kRepeatableRead;
    case Anomaly::kWriteSkew:
    case Anomaly::kNotInRealTime: return level < IsolationLevel::kSerializable;
    default: return false;
  }
}

std::optional<Finding> first_forbidden(const std::vector<Finding>& findings, IsolationLevel level) {
  for (const Finding& finding : findings) {
    if (!is_allowed(finding.anomaly, level)) return finding;
  }
  return std::nullopt;
}

}  // namespace troupe::sim
