#include "storage/history/history.hpp"

#include <catch2/catch.hpp>

#include <map>

#include "storage/base/random.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

History::Version version(TreeId tree, std::string_view key, Scn scn, Scn superseded_at, std::string_view row) {
  return {tree, key, scn, superseded_at, row == "(none)", row == "(none)" ? "" : row};
}

}  // namespace

TEST_CASE("a snapshot finds the version that was newest at its time, or is told that it is gone", "[history]") {
  for (const uint64_t limit : {uint64_t{20'000}, uint64_t{1'000'000}, uint64_t{100'000'000}}) {
    Random random(limit);
    History history(limit);
    std::map<std::pair<TreeId, std::string>, std::map<Scn, std::string>> model;
    Scn oldest = 1;
    for (Scn scn = 2; scn < 4000; ++scn) {
      const std::pair<TreeId, std::string> key{static_cast<TreeId>(random.below(2)),
                                               cat("key", random.below(20) * random.below(20))};
      auto& versions = model[key];
      if (!versions.empty()) {
        const auto& [since, row] = *versions.rbegin();
        history.add(version(key.first, key.second, since, scn, row));
      }
      versions[scn] = random.chance(0.2) ? "(none)" : cat("row ", scn);
      if (scn % 300 == 0) {
        oldest += random.below(scn - oldest);
        history.set_oldest_snapshot(oldest);
        history.check_invariants();
      }
      CHECK(history.bytes() <= limit);
      const Scn snapshot = oldest + random.below(scn - oldest + 1);
      const auto asked = std::next(model.begin(), static_cast<long>(random.below(model.size())));
      if (asked->second.rbegin()->first <= snapshot) continue;  // its newest version is in the tree
      const auto after = asked->second.upper_bound(snapshot);
      const std::string expected = after == asked->second.begin() ? "(none)" : std::prev(after)->second;
      const auto found = history.find(asked->first.first, asked->first.second, snapshot);
      if (found.outcome == History::Outcome::kTooOld) {
        CHECK(snapshot < history.floor());
      } else {
        CHECK((found.outcome == History::Outcome::kFound ? std::string(found.version.row) : "(none)") == expected);
      }
    }
    CHECK((limit > 20'000) == (history.floor() == kNoScn));
  }
}

TEST_CASE("history that no snapshot needs is dropped", "[history]") {
  History history(100 << 20);
  const std::string row(1000, 'r');
  for (Scn scn = 2; scn < 20000; ++scn) {
    history.add(version(1, cat("key", scn % 100), scn - 1, scn, row));
    history.set_oldest_snapshot(scn);
  }
  CHECK(history.bytes() < (8 << 20));
  CHECK(history.floor() == kNoScn);
}

}  // namespace troupe
