/// Mutation testing of the checkers: each planted bug is found within a few hundred seeds.
#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "storage/base/planted_bug.hpp"
#include "tests/sim/simulation.hpp"

namespace troupe::sim {
namespace {

struct Case {
  PlantedBug bug;
  const char* name;
  const char* workload;
  std::vector<std::string> faults;
  const char* about;  ///< part of the complaint
  bool may_crash = false;  ///< runs in a process of its own, whose end is a complaint too
};

RunResult run(uint64_t seed, const Case& tried, PlantedBug bug) {
  RunOptions options;
  options.seed = seed;
  options.steps = 6'000;
  options.workloads = {tried.workload};
  options.faults = tried.faults;
  options.planted = bug;
  return run_simulation(options);
}

constexpr char kProcessEnded[] = "the process ended";

/// The complaint of a run in a process of its own.
std::string complaint_of_child(uint64_t seed, const Case& tried, PlantedBug bug) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const std::string complaint = run(seed, tried, bug).complaint;
    const bool told = write(ends[1], complaint.data(), complaint.size()) >= 0;
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  std::string complaint;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(ends[0], buffer, sizeof buffer)) > 0;) complaint.append(buffer, size);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? complaint : kProcessEnded;
}

std::string complaint_of(uint64_t seed, const Case& tried, PlantedBug bug) {
  return tried.may_crash ? complaint_of_child(seed, tried, bug) : run(seed, tried, bug).complaint;
}

/// The first seed whose run complains; 0: none did.
uint64_t found_at(const Case& tried) {
  constexpr uint64_t kSeeds = 500;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::string complaint = complaint_of(seed, tried, tried.bug);
    // Others may find it too, and first; who is named here must find it by itself.
    if (complaint.empty()) continue;
    if (complaint != kProcessEnded && complaint.find(tried.about) == std::string::npos) continue;
    return seed;
  }
  return 0;
}

const std::vector<std::string> kNoFaults = {"none"};

/// The list of planted bugs: who is to find each, and by what.
const std::vector<Case>& cases() {
  using enum PlantedBug;
  static const std::vector<Case> all = {
      {kValidationSkipped, "validation skipped", "lists-serializable", kNoFaults, "G2"},
      {kRangeNotRecorded, "range not recorded", "lists-serializable", kNoFaults, "G2"},
      {kKeyNotRecorded, "key not recorded", "lists-serializable", kNoFaults, "G2"},
      {kIndexRowsNotRecorded, "index rows not recorded", "lists-serializable", kNoFaults, "G2"},
      {kWritesForgotten, "writes forgotten", "lists-serializable", kNoFaults, "G2"},
      {kValidatedTooLate, "validated too late", "lists-serializable", kNoFaults, "G2"},
      {kSnapshotTooNew, "snapshot too new", "lists-repeatable-read", kNoFaults, "G-single"},
      {kUpdatesOverwritten, "updates overwritten", "lists-repeatable-read", kNoFaults, "G-single"},
      {kSnapshotTooOld, "snapshot too old", "registers", kNoFaults, "registers: "},
      {kLogNotSynced, "log not synced", "bank", {"power"}, "the node refuses to start"},
      {kAcknowledgedEarly, "acknowledged early", "bank", {"power"}, "was committed and is gone"},
      {kLogReleasedEarly, "log released early", "items", {"power", "power-in-io"}, "the node refuses to start"},
      {kMissedNotAskedFor, "missed commits not asked for", "append", {"kill-actor"}, "append: "},
      {kEventsLost, "events lost", "feed", kNoFaults, "feed: "},
      {kRowLockSkipped, "row lock skipped", "append", kNoFaults, "append: "},
      {kUnlockedEarly, "unlocked early", "append", kNoFaults, "append: "},
      {kGateIgnored, "gate ignored", "load", kNoFaults, "load: "},
      {kSavepointIgnored, "savepoint ignored", "lists-read-committed", kNoFaults, "G1a"},
      {kUniqueUnchecked, "unique unchecked", "items", kNoFaults, "items: "},
      {kIndexEntryForgotten, "index entry forgotten", "items", kNoFaults, "items: "},
      {kReferencesUnchecked, "references unchecked", "references", kNoFaults, "are orphans"},
      {kSequenceNotLogged, "sequence not logged", "definitions", {"power"}, "duplicate key"},
      {kPreparedUnlocked, "prepared unlocked", "deals", {"kill9"}, "by the ledger"},
      // Bytes that nobody has looked at may be anything, an address too.
      {kPageChecksumSkipped, "page checksum skipped", "items", {"flip-page"}, "", true},
      {kTornRecordAccepted, "torn record accepted", "bank", {"power", "power-in-io"}, "the node refuses to start"}};
  return all;
}

}  // namespace

TEST_CASE("planted bugs are found", "[planted]") {
  for (const Case& tried : cases()) {
    const uint64_t seed = found_at(tried);
    WARN(tried.name << ": seed " << seed);
    INFO(tried.name);
    CHECK(seed != 0);
  }
}

TEST_CASE("without a planted bug the same runs are fine", "[planted]") {
  for (const Case& tried : cases()) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      INFO(tried.name << ", seed " << seed);
      CHECK(complaint_of(seed, tried, PlantedBug::kNone) == "");
    }
  }
}

}  // namespace troupe::sim
