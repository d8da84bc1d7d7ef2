#pragma once
/// The automaton behind Regex: made by regex_compile.cpp, run by regex_run.cpp.
#include <cstdint>
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

enum class Op : uint8_t { kChar, kAny, kClass, kSplit, kJump, kSave, kAssert, kMatch };
enum class Assertion : uint8_t { kTextStart, kTextEnd, kLineStart, kLineEnd, kWordStart, kWordEnd, kWordEdge, kNotWordEdge };

struct Instruction {
  Op op;
  uint32_t x = 0;  ///< code, class, slot, assertion, or the preferred branch
  uint32_t y = 0;  ///< the other branch
};

struct Regex::Program {
  std::vector<Instruction> code;
  std::vector<CharacterClass> classes;
  int groups = 0;
  bool ignore_case = false;
  bool dot_stops_at_newline = false;
  bool shortest = false;
  std::string literal;  ///< when the whole pattern is one
  bool is_literal = false;
};

bool is_word_character(uint32_t code);

}  // namespace troupe
