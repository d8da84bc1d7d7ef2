#pragma once
/// Random patterns, and what they match by SQL:2016's definition: every sequence of variables that a pattern stands
/// for, written out in the order of preference. Nothing here is shared with the matcher but the pattern's tree.
#include <optional>
#include <vector>

#include "runtime/cep/pattern.hpp"
#include "storage/base/random.hpp"

namespace troupe {

/// An element of a sequence: a row of a variable, or a place.
struct PatternLetter {
  enum class Kind : uint8_t { kRow, kStart, kEnd };
  Kind kind = Kind::kRow;
  uint16_t variable = 0;
  bool excluded = false;
};
using PatternWord = std::vector<PatternLetter>;

inline size_t rows_of(const PatternWord& word) {
  size_t rows = 0;
  for (const PatternLetter& letter : word) rows += letter.kind == PatternLetter::Kind::kRow ? 1 : 0;
  return rows;
}

/// The sequences of at most `rows_max` rows that a pattern stands for, the preferred one first.
class PatternWords {
 public:
  PatternWords(size_t rows_max, size_t words_max) : rows_max_{rows_max}, words_max_{words_max} {}

  /// Nothing when there are more than words_max.
  std::optional<std::vector<PatternWord>> of(const Pattern& pattern) {
    std::vector<PatternWord> all = words(pattern, rows_max_, false);
    if (too_many_) return std::nullopt;
    return all;
  }

 private:
  using Words = std::vector<PatternWord>;
  using Kind = Pattern::Kind;

  void add(Words* words, PatternWord word) {
    if (words->size() >= words_max_) {
      too_many_ = true;
      return;
    }
    words->push_back(std::move(word));
  }
  static PatternWord joined(PatternWord first, const PatternWord& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
  }

  Words words(const Pattern& pattern, size_t rows, bool excluded) {
    if (too_many_) return {};
    switch (pattern.kind) {
      case Kind::kVariable:
        if (rows == 0) return {};
        return {{{PatternLetter::Kind::kRow, pattern.variable, excluded}}};
      case Kind::kEmpty: return {{}};
      case Kind::kStart: return {{{PatternLetter::Kind::kStart, 0, false}}};
      case Kind::kEnd: return {{{PatternLetter::Kind::kEnd, 0, false}}};
      case Kind::kConcatenation: return sequence(pointers(pattern), 0, rows, excluded);
      case Kind::kAlternation: {
        Words all;
        for (const Pattern& item : pattern.items) {
          for (PatternWord& word : words(item, rows, excluded)) add(&all, std::move(word));
        }
        return all;
      }
      case Kind::kPermute: {
        Words all;
        permute({}, pointers(pattern), rows, excluded, &all);
        return all;
      }
      case Kind::kExclusion: return words(pattern.items[0], rows, true);
      case Kind::kRepeat: return repeated(pattern, 0, rows, excluded);
    }
    return {};
  }

  using Items = std::vector<const Pattern*>;
  static Items pointers(const Pattern& pattern) {
    Items items;
    for (const Pattern& item : pattern.items) items.push_back(&item);
    return items;
  }

  Words sequence(const Items& items, size_t at, size_t rows, bool excluded) {
    if (at == items.size()) return {{}};
    Words all;
    for (const PatternWord& first : words(*items[at], rows, excluded)) {
      for (const PatternWord& rest : sequence(items, at + 1, rows - rows_of(first), excluded)) {
        add(&all, joined(first, rest));
      }
    }
    return all;
  }

  /// In the order of the items: the first place goes to the earliest item that leads somewhere.
  void permute(const Items& chosen, const Items& left, size_t rows, bool excluded, Words* all) {
    if (left.empty()) {
      for (PatternWord& word : sequence(chosen, 0, rows, excluded)) add(all, std::move(word));
      return;
    }
    for (size_t i = 0; i < left.size(); ++i) {
      Items more = chosen, fewer = left;
      more.push_back(left[i]);
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
      permute(more, fewer, rows, excluded, all);
    }
  }

  /// `turns` have been; a turn without rows that need not be is the last one.
  Words repeated(const Pattern& pattern, uint32_t turns, size_t rows, bool excluded) {
    Words all;
    const bool may_stop = turns >= pattern.minimum;
    if (may_stop && pattern.reluctant) add(&all, {});
    if (turns < pattern.maximum) {
      for (const PatternWord& turn : words(pattern.items[0], rows, excluded)) {
        if (rows_of(turn) == 0 && may_stop) {
          add(&all, turn);
          continue;
        }
        for (const PatternWord& rest : repeated(pattern, turns + 1, rows - rows_of(turn), excluded)) {
          add(&all, joined(turn, rest));
        }
      }
    }
    if (may_stop && !pattern.reluctant) add(&all, {});
    return all;
  }

  size_t rows_max_;
  size_t words_max_;
  bool too_many_ = false;
};

/// Makes patterns over `variables` variables.
class RandomPattern {
 public:
  RandomPattern(Random& random, uint16_t variables) : random_{random}, variables_{variables} {}

  Pattern make(int depth) {
    Pattern pattern;
    const uint64_t choice = depth == 0 ? random_.below(10) : random_.below(24);
    if (choice < 8) {
      pattern.kind = Pattern::Kind::kVariable;
      pattern.variable = static_cast<uint16_t>(random_.below(variables_));
    } else if (choice < 10) {
      constexpr Pattern::Kind kPlaces[] = {Pattern::Kind::kEmpty, Pattern::Kind::kStart, Pattern::Kind::kEnd};
      pattern.kind = kPlaces[random_.below(3)];
    } else if (choice < 15) {
      fill(&pattern, Pattern::Kind::kConcatenation, 2 + random_.below(2), depth);
    } else if (choice < 17) {
      fill(&pattern, Pattern::Kind::kAlternation, 2 + random_.below(2), depth);
    } else if (choice < 18) {
      fill(&pattern, Pattern::Kind::kPermute, 2 + random_.below(2), depth);
    } else if (choice < 19) {
      fill(&pattern, Pattern::Kind::kExclusion, 1, depth);
    } else {
      fill(&pattern, Pattern::Kind::kRepeat, 1, depth);
      pattern.reluctant = random_.below(3) == 0;
      pattern.minimum = static_cast<uint32_t>(random_.below(3));
      const auto more = static_cast<uint32_t>(random_.below(3));
      pattern.maximum = random_.below(2) == 0 ? Pattern::kUnbounded : std::max(1u, pattern.minimum + more);
    }
    return pattern;
  }

 private:
  void fill(Pattern* pattern, Pattern::Kind kind, uint64_t items, int depth) {
    pattern->kind = kind;
    for (uint64_t i = 0; i < items; ++i) pattern->items.push_back(make(depth - 1));
  }

  Random& random_;
  uint16_t variables_;
};

}  // namespace troupe
