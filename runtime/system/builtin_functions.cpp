/// The functions and operators of builtin_objects.hpp: registries matched with PostgreSQL's oids.
#include <algorithm>
#include <charconv>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_split.h"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/oid_text.hpp"
#include "runtime/types/aggregate.hpp"
#include "runtime/types/type.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

Oid to_oid(std::string_view text) {
  Oid value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string signature(std::string_view name, std::span<const Oid> arguments) {
  std::string text(name);
  for (size_t i = 0; i < arguments.size(); ++i) text += cat(i == 0 ? "(" : ",", arguments[i]);
  return text;
}

/// PostgreSQL's functions: oid by signature, and signature by oid for the ones behind types.
struct OidBook {
  struct Entry {
    std::string_view name;
    std::vector<Oid> arguments;
  };
  absl::flat_hash_map<std::string, Oid> by_signature;
  absl::flat_hash_map<Oid, Entry> by_oid;

  OidBook();
  /// 0 when PostgreSQL has no such function.
  Oid find(std::string_view name, std::span<const Oid> arguments) const {
    const auto at = by_signature.find(signature(name, arguments));
    return at != by_signature.end() ? at->second : 0;
  }
};

OidBook::OidBook() {
  static const std::string text = cat(system_text::kFunctionOids, system_text::kRangeFunctionOids);
  for (const absl::string_view piece : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    std::string_view rest = std_view(piece);
    const size_t equals = rest.find('=');
    const std::string_view name = rest.substr(0, equals);
    rest.remove_prefix(equals + 1);
    while (!rest.empty()) {
      const size_t open = rest.find('('), close = rest.find(')');
      Entry entry{name, {}};
      for (const absl::string_view argument :
           absl::StrSplit(absl_view(rest.substr(open + 1, close - open - 1)), ',', absl::SkipEmpty())) {
        entry.arguments.push_back(to_oid(std_view(argument)));
      }
      const Oid oid = to_oid(rest.substr(0, open));
      by_signature.emplace(signature(name, entry.arguments), oid);
      by_oid.emplace(oid, std::move(entry));
      rest.remove_prefix(close + 1);
    }
  }
}

const OidBook& oid_book() {
  static const OidBook book;
  return book;
}

class FunctionList {
 public:
  std::vector<BuiltinFunction> take() {
    for (const Function& f : function_registry().all()) {
      if (f.is_operator) continue;
      add({0, f.name, f.arguments, f.result, 'f', f.strict, f.variadic, f.volatility});
    }
    for (const Aggregate& a : all_aggregates()) add({0, a.name, a.arguments, a.result, 'a', false});
    add_window_functions();
    add_type_support();
    add_range_support();
    std::sort(all_.begin(), all_.end(), [](const auto& a, const auto& b) { return a.oid < b.oid; });
    return std::move(all_);
  }

 private:
  /// Ignores what is there already.
  void add(BuiltinFunction function) {
    if (!seen_.emplace(signature(function.name, function.arguments), true).second) return;
    function.oid = oid_book().find(function.name, function.arguments);
    if (function.oid == 0) function.oid = next_own_++;
    all_.push_back(std::move(function));
  }

  /// The planner knows them by name; they are in no registry.
  void add_window_functions() {
    using namespace oid;
    for (const std::string_view name : {"row_number", "rank", "dense_rank"}) add({0, name, {}, kInt8, 'w', false});
    for (const std::string_view name : {"percent_rank", "cume_dist"}) add({0, name, {}, kFloat8, 'w', false});
    add({0, "ntile", {kInt4}, kInt4, 'w', true});
    for (const std::string_view name : {"lag", "lead"}) {
      add({0, name, {kAnyElement}, kAnyElement, 'w', true});
      add({0, name, {kAnyElement, kInt4}, kAnyElement, 'w', true});
      add({0, name, {kAnyCompatible, kInt4, kAnyCompatible}, kAnyCompatible, 'w', true});
    }
    for (const std::string_view name : {"first_value", "last_value"}) {
      add({0, name, {kAnyElement}, kAnyElement, 'w', true});
    }
    add({0, "nth_value", {kAnyElement, kInt4}, kAnyElement, 'w', true});
  }

  void add_known(Oid function, Oid result) {
    const auto entry = oid_book().by_oid.find(function);
    if (entry != oid_book().by_oid.end()) add({0, entry->second.name, entry->second.arguments, result});
  }

  /// What pg_range mentions.
  void add_range_support() {
    add_known(3914, oid::kInt4Range);
    add_known(3915, oid::kDateRange);
    add_known(3928, oid::kInt8Range);
    for (const Oid difference : {3922, 3923, 3924, 3925, 3929, 3930}) add_known(difference, oid::kFloat8);
  }

  /// typinput and the rest must be found in pg_proc: drivers join on them.
  void add_type_support() {
    for (const TypeInfo& type : all_types()) {
      const TypeSupport* support = find_type_support(type.oid);
      if (support == nullptr) continue;
      add_known(support->input, type.oid);
      add_known(support->output, oid::kCstring);
      add_known(support->receive, type.oid);
      add_known(support->send, oid::kBytea);
      add_known(support->modin, oid::kInt4);
      add_known(support->modout, oid::kCstring);
    }
  }

  std::vector<BuiltinFunction> all_;
  absl::flat_hash_map<std::string, bool> seen_;
  Oid next_own_ = kOwnOids;
};

std::vector<BuiltinOperator> match_operators() {
  absl::flat_hash_map<std::string, BuiltinOperator> known;
  static const std::string text = cat(system_text::kOperatorOids, system_text::kRangeOperatorOids);
  for (const absl::string_view entry : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    const std::vector<absl::string_view> f = absl::StrSplit(entry, ',');
    BuiltinOperator op{
        to_oid(std_view(f[1])), std_view(f[0]),         to_oid(std_view(f[2])), to_oid(std_view(f[3])), 0,
        to_oid(std_view(f[4])), to_oid(std_view(f[5])), to_oid(std_view(f[6]))};
    op.can_merge = f[7].find('m') != absl::string_view::npos;
    op.can_hash = f[7].find('h') != absl::string_view::npos;
    known.emplace(signature(op.name, std::vector<Oid>{op.left, op.right}), op);
  }
  std::vector<BuiltinOperator> all;
  absl::flat_hash_map<std::string, bool> seen;
  Oid next_own = kOwnOids + 1500;
  for (const Function& f : function_registry().all()) {
    if (!f.is_operator || f.arguments.empty()) continue;
    const Oid left = f.arguments.size() == 2 ? f.arguments[0] : 0, right = f.arguments.back();
    const std::string key = signature(f.name, std::vector<Oid>{left, right});
    if (!seen.emplace(key, true).second) continue;
    const auto at = known.find(key);
    BuiltinOperator op = at != known.end() ? at->second : BuiltinOperator{next_own++, f.name, left, right};
    op.result = f.result;
    all.push_back(op);
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.oid < b.oid; });
  return all;
}

}  // namespace

void register_operator_functions(FunctionRegistry& registry) {
  std::vector<Function> behind;
  for (const BuiltinOperator& op : builtin_operators()) {
    const auto entry = oid_book().by_oid.find(op.function);
    if (entry == oid_book().by_oid.end()) continue;
    const auto named = registry.functions(entry->second.name);
    const auto& arguments = entry->second.arguments;
    if (std::any_of(named.begin(), named.end(), [&](const Function* f) { return f->arguments == arguments; })) continue;
    for (const Function* f : registry.operators(op.name)) {
      if (f->arguments != arguments) continue;
      Function function = *f;
      function.name = std::string(entry->second.name);
      function.is_operator = false;
      function.comparison = Comparison::kNone;
      behind.push_back(std::move(function));
      break;
    }
  }
  for (const auto& [name, symbol] : {std::pair("like", "~~"), std::pair("notlike", "!~~")}) {
    for (const Function* f : registry.operators(symbol)) {
      Function function = *f;
      function.name = name;
      function.is_operator = false;
      behind.push_back(std::move(function));
    }
  }
  for (Function& function : behind) registry.add(std::move(function));
}

std::span<const BuiltinFunction> builtin_functions() {
  static const std::vector<BuiltinFunction> all = FunctionList().take();
  return all;
}

const BuiltinFunction* find_builtin_function(Oid oid) {
  const auto all = builtin_functions();
  const auto at = std::lower_bound(all.begin(), all.end(), oid,
                                   [](const BuiltinFunction& f, Oid wanted) { return f.oid < wanted; });
  return at != all.end() && at->oid == oid ? &*at : nullptr;
}

std::span<const BuiltinOperator> builtin_operators() {
  static const std::vector<BuiltinOperator> all = match_operators();
  return all;
}

}  // namespace troupe
