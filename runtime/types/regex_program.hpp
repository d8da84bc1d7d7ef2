#pragma once
/// The automaton behind Regex: made by regex_compile.cpp, run by regex_run.cpp; with back-references by
/// regex_backtrack.cpp.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/types/regex.hpp"

namespace troupe {

struct CharacterClass {
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
  bool negated = false;
  bool contains(uint32_t code) const {
    for (const auto& [low, high] : ranges) {
      if (code >= low && code <= high) return !negated;
    }
    return negated;
  }
};

enum class Op : uint8_t { kChar, kAny, kClass, kSplit, kJump, kSave, kAssert, kLook, kBackReference, kMatch };
enum class Assertion : uint8_t { kTextStart, kTextEnd, kLineStart, kLineEnd, kWordStart, kWordEnd, kWordEdge, kNotWordEdge };

struct Instruction {
  Op op;
  uint32_t x = 0;  ///< code, class, slot, assertion, look, group, or the preferred branch
  uint32_t y = 0;  ///< the other branch
};

/// (?=re) and its like: whether re matches what begins here, or what ends here.
struct Look {
  std::shared_ptr<const Regex::Program> program;
  bool behind = false;
  bool negated = false;
  size_t reach = SIZE_MAX;  ///< the most characters that a match has
};

struct Regex::Program {
  std::vector<Instruction> code;
  std::vector<CharacterClass> classes;
  std::vector<Look> looks;
  std::vector<uint32_t> referenced;  ///< groups that back-references are to, ascending
  int groups = 0;
  bool ignore_case = false;
  bool dot_stops_at_newline = false;
  bool shortest = false;
  std::string literal;  ///< when the whole pattern is one
  bool is_literal = false;
};

bool is_word_character(uint32_t code);
/// Whether an instruction that takes a character takes this one.
bool accepts(const Regex::Program& program, const Instruction& instruction, uint32_t code);
bool holds(Assertion assertion, std::string_view text, size_t at);
bool looks(const Look& look, std::string_view text, size_t at);
/// `found` gets pairs of offsets. Errors: 2201B when it takes too long.
absl::StatusOr<bool> search_by_backtracking(const Regex::Program& program, std::string_view text, size_t from,
                                            std::vector<int64_t>* found);

}  // namespace troupe
