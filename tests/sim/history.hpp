#pragma once
/// A history of transactions over lists, and what is wrong with it. Each append adds a value that nobody else adds, so
/// that a list that was read tells which appends it has seen, in which order: from these follow which transaction wrote
/// over which (ww), read from which (wr) and did not see which (rw). A cycle of them is an anomaly; which one, says
/// what the cycle is made of (Adya 1999; Kingsbury and Alvaro, "Elle", 2020). Pure.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/settings/settings_snapshot.hpp"

namespace troupe::sim {

struct Operation {
  bool appends = false;
  int list = 0;
  uint64_t value = 0;            ///< appended
  std::vector<uint64_t> read{};  ///< what was in it, own appends included
};

struct HistoryTransaction {
  enum class Outcome : uint8_t { kCommitted, kAborted, kUnknown };
  std::string client;
  std::vector<Operation> operations;
  Outcome outcome = Outcome::kAborted;
  /// Places in the order of all beginnings and ends that the clients saw: one that ended before another began came
  /// first for everybody.
  uint64_t began = 0;
  uint64_t ended = UINT64_MAX;
};

enum class Anomaly : uint8_t {
  kDirtyWrite,         ///< G0: a cycle of ww
  kAbortedRead,        ///< G1a: a value of a transaction that was rolled back
  kIntermediateRead,   ///< G1b: a value that its transaction has appended to since
  kCircularFlow,       ///< G1c: a cycle of ww and wr
  kReadSkew,           ///< G-single: a cycle with one rw; lost updates are among them
  kNonadjacent,        ///< a cycle whose rw are not next to each other: snapshot isolation has none
  kWriteSkew,          ///< G2: any cycle
  kNotInRealTime,      ///< a cycle once "ended before the other began" counts too
  kIncompatibleOrder,  ///< two reads of a list of which neither continues the other
  kLostAppend          ///< committed, and not in the list in the end
};
std::string_view anomaly_name(Anomaly anomaly);

struct Finding {
  Anomaly anomaly;
  std::string story;
};

/// All kinds that the history shows, each with one example. `complete`: the last reads of every list are in it, so what
/// they lack is lost.
std::vector<Finding> find_anomalies(const std::vector<HistoryTransaction>& history, bool complete);

/// Whether the level lets it happen: PostgreSQL's, and for SERIALIZABLE the order of real time as well.
bool is_allowed(Anomaly anomaly, IsolationLevel level);

/// The first finding that the level must exclude.
std::optional<Finding> first_forbidden(const std::vector<Finding>& findings, IsolationLevel level);

}  // namespace troupe::sim
