#include "runtime/types/candidates.hpp"

#include <algorithm>

#include "runtime/types/cast.hpp"
#include "runtime/types/range.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

/// One candidate spelled out for this many arguments.
struct Option {
  const Candidate* candidate;
  std::vector<Oid> types;
};

/// What anyelement, anyarray and the anycompatible family mean in one call.
class Polymorphism {
 public:
  /// False when the arguments contradict each other.
  bool learn(std::span<const Oid> declared, std::span<const Type> actual) {
    std::vector<Type> compatible;
    for (size_t i = 0; i < declared.size(); ++i) {
      const Oid type = actual[i].oid;
      if (!is_polymorphic(declared[i]) || type == oid::kUnknown) continue;
      if (is_of_ranges(declared[i])) {
        if (!learn_range(declared[i], type)) return false;
        continue;
      }
      const bool array = declared[i] == oid::kAnyArray || declared[i] == oid::kAnyCompatibleArray;
      const Oid element = array ? element_type_of(type) : type;
      if (element == oid::kInvalid) return false;
      const bool non_array = declared[i] == oid::kAnyNonArray || declared[i] == oid::kAnyCompatibleNonArray;
      if (non_array && is_array_type(type)) return false;
      if (declared[i] == oid::kAnyEnum && (find_type(type) == nullptr || find_type(type)->category != 'E')) return false;
      if (is_compatible(declared[i])) {
        compatible.push_back(Type{element});
      } else if (element_ == oid::kInvalid) {
        element_ = element;
      } else if (element_ != element) {
        return false;
      }
    }
    if (range_ != oid::kInvalid && element_ == oid::kInvalid) element_ = range_subtype_of(range_);
    if (range_ != oid::kInvalid && element_ != range_subtype_of(range_)) return false;
    if (!compatible.empty()) {
      const auto common = select_common_type(compatible, "arguments");
      if (!common.ok()) return false;
      compatible_ = common->oid;
    }
    return true;
  }
  Oid resolve(Oid declared) const {
    if (!is_polymorphic(declared)) return declared;
    if (declared == oid::kAnyRange) return range_;
    if (declared == oid::kAnyMultirange) return multirange_of(range_);
    const Oid element = is_compatible(declared) ? compatible_ : element_;
    const Oid known = element == oid::kInvalid ? oid::kText : element;
    return declared == oid::kAnyArray || declared == oid::kAnyCompatibleArray ? array_type_of(known) : known;
  }
  bool knows(Oid declared) const {
    if (is_of_ranges(declared)) return range_ != oid::kInvalid;
    return !is_polymorphic(declared) || (is_compatible(declared) || element_ != oid::kInvalid);
  }

 private:
  static bool is_compatible(Oid declared) {
    return declared == oid::kAnyCompatible || declared == oid::kAnyCompatibleArray ||
           declared == oid::kAnyCompatibleNonArray;
  }
  static bool is_of_ranges(Oid declared) { return declared == oid::kAnyRange || declared == oid::kAnyMultirange; }
  bool learn_range(Oid declared, Oid actual) {
    const Oid range = declared == oid::kAnyRange ? actual : range_of_multirange(actual);
    if (range_subtype_of(range) == oid::kInvalid || (range_ != oid::kInvalid && range_ != range)) return false;
    range_ = range;
    return true;
  }
  Oid element_ = oid::kInvalid;
  Oid range_ = oid::kInvalid;
  Oid compatible_ = oid::kInvalid;
};

std::optional<Option> spelled_out(const Candidate& candidate, size_t count) {
  Option option{&candidate, {candidate.arguments.begin(), candidate.arguments.end()}};
  if (candidate.variadic && count >= candidate.arguments.size()) {
    const Oid last = option.types.back();
    const Oid element = last == oid::kAny ? oid::kAny
                                          : (last == oid::kAnyArray ? oid::kAnyElement : element_type_of(last));
    option.types.back() = element;
    option.types.resize(count, element);
  }
  if (option.types.size() != count) return std::nullopt;
  return option;
}

bool accepts(Oid declared, Oid actual) {
  if (declared == oid::kAny || actual == oid::kUnknown || declared == actual || is_polymorphic(declared)) return true;
  return can_cast(actual, declared, CastContext::kImplicit);
}

bool fits(const Option& option, std::span<const Type> actual) {
  for (size_t i = 0; i < actual.size(); ++i) {
    if (!accepts(option.types[i], actual[i].oid)) return false;
  }
  return Polymorphism().learn(option.types, actual);
}

/// Keeps the options with the highest score, if any scores at all above the others.
template <typename Score>
void keep_best(std::vector<Option>* options, Score score) {
  int best = 0;
  for (const Option& o : *options) best = std::max(best, score(o));
  std::erase_if(*options, [&](const Option& o) { return score(o) < best; });
}

bool is_preferred(Oid type) {
  const TypeInfo* info = find_type(type);
  return info != nullptr && info->preferred;
}
char category_of(Oid type) {
  const TypeInfo* info = find_type(type);
  return info == nullptr ? 'X' : info->category;
}

int exact_matches(const Option& o, std::span<const Type> actual) {
  int n = 0;
  for (size_t i = 0; i < actual.size(); ++i) n += actual[i].oid != oid::kUnknown && o.types[i] == actual[i].oid;
  return n;
}

int preferred_matches(const Option& o, std::span<const Type> actual) {
  int n = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i].oid == oid::kUnknown) continue;
    n += o.types[i] == actual[i].oid ||
         (category_of(o.types[i]) == category_of(actual[i].oid) && is_preferred(o.types[i]));
  }
  return n;
}

/// Rule 4.e: for every unknown argument a category that the options agree on, string winning.
bool narrow_by_category(std::vector<Option>* options, std::span<const Type> actual) {
  std::vector<char> category(actual.size(), 0);
  std::vector<bool> preferred(actual.size(), false);
  for (size_t i = 0; i < actual.size(); ++i) {
    if (actual[i].oid != oid::kUnknown) continue;
    bool conflict = false;
    for (const Option& o : *options) {
      const char c = category_of(o.types[i]);
      if (category[i] == 0) {
        category[i] = c;
        preferred[i] = is_preferred(o.types[i]);
      } else if (category[i] == c) {
        preferred[i] = preferred[i] || is_preferred(o.types[i]);
      } else if (c == 'S') {
        category[i] = c;
        preferred[i] = is_preferred(o.types[i]);
      } else if (category[i] != 'S') {
        conflict = true;
      }
    }
    if (conflict && category[i] != 'S') return false;
  }
  const auto unsuitable = [&](const Option& o) {
    for (size_t i = 0; i < actual.size(); ++i) {
      if (actual[i].oid != oid::kUnknown) continue;
      if (category_of(o.types[i]) != category[i]) return true;
      if (preferred[i] && !is_preferred(o.types[i])) return true;
    }
    return false;
  };
  std::vector<Option> kept;
  std::copy_if(options->begin(), options->end(), std::back_inserter(kept), [&](const Option& o) { return !unsuitable(o); });
  if (!kept.empty()) *options = std::move(kept);
  return true;
}

/// Rule 4.f: unknown arguments are taken for the type that all the known ones have.
void narrow_by_known_type(std::vector<Option>* options, std::span<const Type> actual) {
  Oid known = oid::kUnknown;
  for (const Type& t : actual) {
    if (t.oid == oid::kUnknown) continue;
    if (known != oid::kUnknown && known != t.oid) return;
    known = t.oid;
  }
  if (known == oid::kUnknown) return;
  const std::vector<Type> assumed(actual.size(), Type{known});
  std::vector<Option> kept;
  std::copy_if(options->begin(), options->end(), std::back_inserter(kept), [&](const Option& o) { return fits(o, assumed); });
  if (kept.size() == 1) *options = std::move(kept);
}

void narrow(std::vector<Option>* options, std::span<const Type> actual) {
  keep_best(options, [&](const Option& o) { return exact_matches(o, actual); });
  if (options->size() == 1) return;
  keep_best(options, [&](const Option& o) { return preferred_matches(o, actual); });
  if (options->size() == 1) return;
  const bool unknown = std::any_of(actual.begin(), actual.end(), [](const Type& t) { return t.oid == oid::kUnknown; });
  if (!unknown) return;
  if (narrow_by_category(options, actual) && options->size() == 1) return;
  narrow_by_known_type(options, actual);
}

Chosen chosen_of(const Option& option, std::span<const Type> actual) {
  Polymorphism types;
  types.learn(option.types, actual);
  Chosen out{option.candidate, {}, Type{types.resolve(option.candidate->result)}, false};
  out.undetermined = !std::all_of(option.types.begin(), option.types.end(), [&](Oid t) { return types.knows(t); });
  for (size_t i = 0; i < actual.size(); ++i) {
    const Oid declared = types.resolve(option.types[i]);
    if (declared == oid::kAny) {
      out.arguments.push_back(actual[i].oid == oid::kUnknown ? Type{oid::kText} : actual[i]);
    } else {
      // A type modifier of the same type is kept: no cast is needed.
      out.arguments.push_back(declared == actual[i].oid ? actual[i] : Type{declared});
    }
  }
  return out;
}

const Option* exact_option(std::span<const Option> options, std::span<const Type> actual, bool is_operator) {
  std::vector<Oid> wanted;
  for (const Type& t : actual) wanted.push_back(t.oid);
  // Of an operator's two operands, an unknown one is first taken for the other's type.
  if (is_operator && wanted.size() == 2) {
    if (wanted[0] == oid::kUnknown) wanted[0] = wanted[1];
    if (wanted[1] == oid::kUnknown) wanted[1] = wanted[0];
  }
  for (const Option& o : options) {
    if (o.types == wanted) return &o;
  }
  return nullptr;
}

}  // namespace

std::optional<Chosen> choose_candidate(std::span<const Candidate> candidates, std::span<const Type> arguments,
                                       bool is_operator, bool* ambiguous) {
  *ambiguous = false;
  std::vector<Option> options;
  for (const Candidate& c : candidates) {
    if (auto option = spelled_out(c, arguments.size())) options.push_back(*std::move(option));
  }
  if (const Option* exact = exact_option(options, arguments, is_operator)) return chosen_of(*exact, arguments);
  std::erase_if(options, [&](const Option& o) { return !fits(o, arguments); });
  if (options.empty()) return std::nullopt;
  if (options.size() > 1) narrow(&options, arguments);
  if (options.size() > 1) {
    // A variadic candidate loses against one that names its arguments.
    std::vector<Option> fixed;
    for (const Option& o : options) {
      if (!o.candidate->variadic) fixed.push_back(o);
    }
    if (fixed.size() == 1) return chosen_of(fixed[0], arguments);
    *ambiguous = true;
    return std::nullopt;
  }
  return chosen_of(options[0], arguments);
}

}  // namespace troupe
