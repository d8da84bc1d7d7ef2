/// The checker of histories: each anomaly is found in a history made for it, and named for what it is.
#include "tests/sim/history.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace troupe::sim {
namespace {

using Outcome = HistoryTransaction::Outcome;

Operation append(int list, uint64_t value) { return {true, list, value}; }
Operation read(int list, std::vector<uint64_t> values) { return {false, list, 0, std::move(values)}; }

/// All at the same time, unless told otherwise.
HistoryTransaction done(std::vector<Operation> operations, Outcome outcome = Outcome::kCommitted) {
  HistoryTransaction transaction;
  transaction.operations = std::move(operations);
  transaction.outcome = outcome;
  return transaction;
}

bool has(const std::vector<Finding>& findings, Anomaly anomaly) {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) { return f.anomaly == anomaly; });
}

/// The weakest level that must not show the history.
IsolationLevel excluded_by(const std::vector<HistoryTransaction>& history) {
  const auto findings = find_anomalies(history, false);
  for (const auto level : {IsolationLevel::kReadCommitted, IsolationLevel::kRepeatableRead}) {
    if (first_forbidden(findings, level)) return level;
  }
  REQUIRE(first_forbidden(findings, IsolationLevel::kSerializable));
  return IsolationLevel::kSerializable;
}

}  // namespace

TEST_CASE("one after the other is fine", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10), append(2, 11)}),
                                                   done({read(1, {10}), append(1, 12), read(1, {10, 12})}),
                                                   done({read(1, {10, 12}), read(2, {11}), read(3, {})})};
  CHECK(find_anomalies(history, true).empty());
}

TEST_CASE("G0: two lists in opposite orders", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10), append(2, 11)}),
                                                   done({append(1, 20), append(2, 21)}), done({read(1, {10, 20})}),
                                                   done({read(2, {21, 11})})};
  CHECK(has(find_anomalies(history, false), Anomaly::kDirtyWrite));
  CHECK(excluded_by(history) == IsolationLevel::kReadCommitted);
}

TEST_CASE("G1a: a value that was rolled back", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10)}, Outcome::kAborted), done({read(1, {10})})};
  CHECK(has(find_anomalies(history, false), Anomaly::kAbortedRead));
}

TEST_CASE("a transaction whose outcome nobody was told counts as soon as it is seen", "[history]") {
  const std::vector<HistoryTransaction> seen = {done({append(1, 10), append(2, 11)}, Outcome::kUnknown),
                                                done({read(1, {10})}), done({read(2, {11})})};
  CHECK(find_anomalies(seen, true).empty());
  const std::vector<HistoryTransaction> half = {done({append(1, 10), append(2, 11)}, Outcome::kUnknown),
                                                done({read(1, {10}), read(2, {})}), done({read(2, {11})})};
  CHECK(has(find_anomalies(half, false), Anomaly::kReadSkew));
  CHECK(find_anomalies({done({append(1, 10)}, Outcome::kUnknown), done({read(1, {})})}, true).empty());
}

TEST_CASE("G1b: a value that its transaction had not appended all to", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10), append(1, 11)}), done({read(1, {10})}),
                                                   done({read(1, {10, 11})})};
  CHECK(has(find_anomalies(history, false), Anomaly::kIntermediateRead));
}

TEST_CASE("G1c: each reads from the other", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10), read(2, {20})}),
                                                   done({append(2, 20), read(1, {10})})};
  CHECK(has(find_anomalies(history, false), Anomaly::kCircularFlow));
  CHECK(excluded_by(history) == IsolationLevel::kReadCommitted);
}

TEST_CASE("G-single: half of a transaction is seen", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10), append(2, 11)}),
                                                   done({read(1, {10}), read(2, {})}), done({read(2, {11})})};
  CHECK(has(find_anomalies(history, false), Anomaly::kReadSkew));
  CHECK(excluded_by(history) == IsolationLevel::kRepeatableRead);
}

TEST_CASE("a lost update is a read skew", "[history]") {
  const std::vector<HistoryTransaction> history = {done({read(1, {}), append(1, 10)}),
                                                   done({read(1, {}), append(1, 20)}), done({read(1, {10, 20})})};
  CHECK(excluded_by(history) == IsolationLevel::kRepeatableRead);
}

TEST_CASE("G-nonadjacent: two rw with something in between are no snapshots", "[history]") {
  // T0 -rw-> T1 -wr-> T2 -rw-> T3 -wr-> T0
  const std::vector<HistoryTransaction> history = {
      done({read(1, {}), read(3, {30})}), done({append(1, 10), append(4, 40)}), done({read(4, {40}), read(2, {})}),
      done({append(2, 20), append(3, 30)}), done({read(1, {10}), read(2, {20})})};
  const auto findings = find_anomalies(history, false);
  CHECK_FALSE(has(findings, Anomaly::kReadSkew));
  CHECK(has(findings, Anomaly::kNonadjacent));
  CHECK(excluded_by(history) == IsolationLevel::kRepeatableRead);
}

TEST_CASE("G2: write skew, which snapshots allow", "[history]") {
  const std::vector<HistoryTransaction> history = {done({read(1, {}), read(2, {}), append(1, 10)}),
                                                   done({read(1, {}), read(2, {}), append(2, 20)}),
                                                   done({read(1, {10}), read(2, {20})})};
  CHECK(has(find_anomalies(history, false), Anomaly::kWriteSkew));
  CHECK(excluded_by(history) == IsolationLevel::kSerializable);
}

TEST_CASE("G2: the anomaly of a transaction that only reads", "[history]") {
  // The reader sees T1 and not T0, which did not see T1.
  const std::vector<HistoryTransaction> history = {done({read(1, {}), read(2, {}), append(1, 10)}),
                                                   done({append(2, 20)}), done({read(1, {}), read(2, {20})}),
                                                   done({read(1, {10}), read(2, {20})})};
  CHECK(excluded_by(history) == IsolationLevel::kSerializable);
}

TEST_CASE("who begins after an end sees what was committed", "[history]") {
  HistoryTransaction writer = done({append(1, 10)});
  writer.began = 1;
  writer.ended = 2;
  HistoryTransaction reader = done({read(1, {})});
  reader.began = 3;
  reader.ended = 4;
  HistoryTransaction later = done({read(1, {10})});
  later.began = 5;
  later.ended = 6;
  CHECK(has(find_anomalies({writer, reader, later}, false), Anomaly::kNotInRealTime));
  reader.began = 1;
  CHECK(find_anomalies({writer, reader, later}, false).empty());
}

TEST_CASE("two reads of which neither continues the other, and what is lost", "[history]") {
  const std::vector<HistoryTransaction> history = {done({append(1, 10)}), done({append(1, 20)}), done({read(1, {10})}),
                                                   done({read(1, {20})})};
  const auto findings = find_anomalies(history, true);
  CHECK(has(findings, Anomaly::kIncompatibleOrder));
  CHECK(has(findings, Anomaly::kLostAppend));
}

}  // namespace troupe::sim
