/// Patterns with back-references, which no automaton recognizes: every way through the program is tried, the preferred
/// one first, and none twice from the same place with the same groups. Ends with an error where there are too many of
/// them.
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "runtime/types/regex_program.hpp"
#include "runtime/types/utf8.hpp"

namespace troupe {
namespace {

/// About a second, and what a plain search of a long text takes.
constexpr size_t kStepsMax = 1'000'000, kStepsPerByte = 50;

/// Of what decides how a state goes on. Two that differ have the same by chance once in 2^128.
using StateHash = std::pair<uint64_t, uint64_t>;

uint64_t mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  return hash ^ (hash >> 29);
}

class Backtracking {
 public:
  Backtracking(const Regex::Program& program, std::string_view text)
      : program_{program}, text_{text}, slots_{static_cast<size_t>(program.groups + 1) * 2} {}

  absl::StatusOr<bool> run(size_t from) {
    for (size_t at = from;; at += utf8::size_at(text_, at)) {
      TROUPE_RETURN_IF_ERROR(try_from(at));
      if (!best_.empty()) return true;
      if (at >= text_.size()) return false;
    }
  }
  const std::vector<int64_t>& best() const { return best_; }

 private:
  struct State {
    uint32_t pc;
    size_t at;
    std::vector<int64_t> saved;
  };

  absl::Status try_from(size_t start) {
    seen_.clear();
    stack_.push_back({0, start, std::vector<int64_t>(slots_, -1)});
    while (!stack_.empty()) {
      if (++steps_ > kStepsMax + text_.size() * kStepsPerByte) {
        return error(ErrorCode::kInvalidRegularExpression, "regular expression failed: too many ways to match");
      }
      State state = std::move(stack_.back());
      stack_.pop_back();
      if (!seen_.insert(hash_of(state)).second) continue;
      follow(std::move(state));
    }
    return absl::OkStatus();
  }

  StateHash hash_of(const State& state) const {
    uint64_t first = mix(mix(0x243F6A8885A308D3u, state.pc), state.at);
    uint64_t second = mix(mix(0x13198A2E03707344u, state.at), state.pc);
    for (const uint32_t group : program_.referenced) {
      for (const uint32_t slot : {group * 2, group * 2 + 1}) {
        first = mix(first, static_cast<uint64_t>(state.saved[slot]));
        second = mix(second, ~static_cast<uint64_t>(state.saved[slot]));
      }
    }
    return {first, second};
  }

  void follow(State state) {
    const Instruction& i = program_.code[state.pc];
    switch (i.op) {
      case Op::kMatch: take(state.saved); return;
      case Op::kJump: go(i.x, state.at, std::move(state.saved)); return;
      case Op::kSplit:
        go(i.y, state.at, state.saved);
        go(i.x, state.at, std::move(state.saved));
        return;
      case Op::kSave:
        if (i.x < state.saved.size()) state.saved[i.x] = static_cast<int64_t>(state.at);
        break;
      case Op::kAssert:
        if (!holds(static_cast<Assertion>(i.x), text_, state.at)) return;
        break;
      case Op::kLook:
        if (!looks(program_.looks[i.x], text_, state.at)) return;
        break;
      case Op::kBackReference:
        if (!repeats(i.x, &state)) return;
        break;
      default: {
        if (state.at >= text_.size() || !accepts(program_, i, utf8::decode(text_, state.at))) return;
        state.at += utf8::size_at(text_, state.at);
      }
    }
    go(state.pc + 1, state.at, std::move(state.saved));
  }
  void go(uint32_t pc, size_t at, std::vector<int64_t> saved) { stack_.push_back({pc, at, std::move(saved)}); }

  /// Goes past what the group matched, where it stands there again.
  bool repeats(uint32_t group, State* state) const {
    const int64_t begin = state->saved[group * 2], end = state->saved[group * 2 + 1];
    if (begin < 0 || end < begin) return false;
    for (auto at = static_cast<size_t>(begin); at < static_cast<size_t>(end); at += utf8::size_at(text_, at)) {
      if (state->at >= text_.size()) return false;
      const uint32_t wanted = utf8::decode(text_, at), found = utf8::decode(text_, state->at);
      const bool same =
          wanted == found || (program_.ignore_case && utf8::lower_code(wanted) == utf8::lower_code(found));
      if (!same) return false;
      state->at += utf8::size_at(text_, state->at);
    }
    return true;
  }

  void take(const std::vector<int64_t>& saved) {
    const bool better = best_.empty() || (program_.shortest ? saved[1] < best_[1] : saved[1] > best_[1]);
    if (better) best_ = saved;
  }

  const Regex::Program& program_;
  std::string_view text_;
  size_t slots_;
  size_t steps_ = 0;
  std::vector<State> stack_;
  absl::flat_hash_set<StateHash> seen_;
  std::vector<int64_t> best_;
};

}  // namespace

absl::StatusOr<bool> search_by_backtracking(const Regex::Program& program, std::string_view text, size_t from,
                                            std::vector<int64_t>* found) {
  Backtracking search(program, text);
  TROUPE_ASSIGN_OR_RETURN(const bool matched, search.run(from));
  *found = search.best();
  return matched;
}

}  // namespace troupe
