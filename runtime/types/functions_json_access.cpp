#include <charconv>
#include <optional>

#include "runtime/types/kernel.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"

/// Looking into json and jsonb: -> ->> #> #>> @> <@ ? ?| ?&, json_typeof ... They walk the text; no tree is built.
namespace troupe {
namespace {

using MaybeJson = std::optional<std::string_view>;

/// Of equal keys of json the last one counts.
MaybeJson member_of(std::string_view json, std::string_view key) {
  if (json_kind(json) != JsonKind::kObject) return std::nullopt;
  MaybeJson found;
  for (JsonItems items(json); items.next();) {
    if (json_string_is(items.key(), key)) found = items.value();
  }
  return found;
}

MaybeJson element_of(std::string_view json, int64_t index) {
  if (json_kind(json) != JsonKind::kArray) return std::nullopt;
  if (index < 0) index += json_item_count(json);
  if (index < 0) return std::nullopt;
  for (JsonItems items(json); items.next();) {
    if (index-- == 0) return items.value();
  }
  return std::nullopt;
}

/// A scalar of jsonb is an array of one element to ->.
MaybeJson jsonb_element_of(std::string_view json, int64_t index) {
  if (is_json_container(json_kind(json))) return element_of(json, index);
  return index == 0 || index == -1 ? MaybeJson(json) : std::nullopt;
}

/// As strtoint(): leading white space and a sign are fine.
std::optional<int32_t> index_of(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || (text.front() >= '\t' && text.front() <= '\r'))) text.remove_prefix(1);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  int32_t index = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return index;
}

MaybeJson step_into(std::string_view json, std::string_view step) {
  if (json_kind(json) == JsonKind::kObject) return member_of(json, step);
  const std::optional<int32_t> index = index_of(step);
  return index ? element_of(json, *index) : std::nullopt;
}

MaybeJson follow(std::string_view json, std::string_view path) {
  const ArrayView steps(path);
  for (uint32_t i = 0; i < steps.size(); ++i) {
    if (steps.is_null(i)) return std::nullopt;
  }
  MaybeJson at = trim_json(json);
  for (uint32_t i = 0; i < steps.size() && at; ++i) at = step_into(*at, steps.string(i));
  return at;
}

/// -> and, for Text, ->>: strings without their quotes, null as NULL.
template <auto Find, bool Text>
absl::Status find_kernel(const BoundFunction&, std::span<const Vector> args, uint32_t rows, EvalContext&, Vector& out) {
  for (uint32_t row = 0; row < rows; ++row) {
    if (out.is_null(row)) continue;
    const MaybeJson found = Find(args, row);
    const bool quoted = Text && found && json_kind(*found) == JsonKind::kString;
    if (!found || (Text && json_kind(*found) == JsonKind::kNull)) {
      out.set_null(row);
    } else if (quoted && found->find('\\') != std::string_view::npos) {
      const absl::StatusOr<std::string> text = json_text_of(*found);
      // The whole document's error says where in it.
      if (!text.ok()) return normalize_json(args[0].string(row)).status();
      out.set_string(row, *text);
    } else {
      out.set_string(row, quoted ? found->substr(1, found->size() - 2) : *found);
    }
  }
  return absl::OkStatus();
}

constexpr auto kMember = [](std::span<const Vector> args, uint32_t row) {
  return member_of(args[0].string(row), args[1].string(row));
};
constexpr auto kElement = [](std::span<const Vector> args, uint32_t row) {
  return element_of(args[0].string(row), args[1].get<int32_t>(row));
};
constexpr auto kJsonbElement = [](std::span<const Vector> args, uint32_t row) {
  return jsonb_element_of(args[0].string(row), args[1].get<int32_t>(row));
};
constexpr auto kPath = [](std::span<const Vector> args, uint32_t row) {
  return follow(args[0].string(row), args[1].string(row));
};
/// The steps are arguments of their own (VARIADIC).
constexpr auto kSteps = [](std::span<const Vector> args, uint32_t row) {
  MaybeJson at = trim_json(args[0].string(row));
  for (size_t i = 1; i < args.size() && at; ++i) at = step_into(*at, args[i].string(row));
  return at;
};

std::string_view kind_name(std::string_view json) {
  constexpr std::string_view kNames[] = {"null", "string", "number", "boolean", "array", "object"};
  return kNames[static_cast<size_t>(json_kind(json))];
}

absl::StatusOr<int32_t> array_length(std::string_view json) {
  const JsonKind kind = json_kind(json);
  if (kind == JsonKind::kArray) return static_cast<int32_t>(json_item_count(json));
  return error(ErrorCode::kInvalidParameterValue, "cannot get array length of a ",
               kind == JsonKind::kObject ? "non-array" : "scalar");
}

bool equal_json(std::string_view a, std::string_view b) {
  return json_kind(a) == json_kind(b) && compare_jsonb(a, b) == 0;
}

bool contains(std::string_view json, std::string_view part);

bool array_contains(std::string_view array, std::string_view part) {
  const bool scalar = !is_json_container(json_kind(part));
  for (JsonItems items(array); items.next();) {
    if (json_kind(items.value()) != json_kind(part)) continue;
    if (scalar ? equal_json(items.value(), part) : contains(items.value(), part)) return true;
  }
  return false;
}

bool contains(std::string_view json, std::string_view part) {
  const JsonKind kind = json_kind(json);
  if (kind != json_kind(part)) return false;
  if (!is_json_container(kind)) return equal_json(json, part);
  for (JsonItems items(part); items.next();) {
    if (kind == JsonKind::kArray) {
      if (!array_contains(json, items.value())) return false;
      continue;
    }
    const MaybeJson mine = member_of(json, json_string_value(items.key()));
    if (!mine || !contains(*mine, items.value())) return false;
  }
  return true;
}

/// At the top a scalar counts as an element of an array.
bool jsonb_contains(std::string_view json, std::string_view part) {
  const bool element = json_kind(json) == JsonKind::kArray && !is_json_container(json_kind(part));
  return element ? array_contains(json, part) : contains(json, part);
}

bool exists(std::string_view json, std::string_view key) {
  switch (json_kind(json)) {
    case JsonKind::kObject: return member_of(json, key).has_value();
    case JsonKind::kString: return json_string_is(json, key);
    case JsonKind::kArray: break;
    default: return false;
  }
  for (JsonItems items(json); items.next();) {
    if (json_kind(items.value()) == JsonKind::kString && json_string_is(items.value(), key)) return true;
  }
  return false;
}

/// Nulls among the keys do not count.
template <bool All>
bool exists_of(std::string_view json, std::string_view keys) {
  const ArrayView wanted(keys);
  for (uint32_t i = 0; i < wanted.size(); ++i) {
    if (!wanted.is_null(i) && exists(json, wanted.string(i)) != All) return !All;
  }
  return All;
}

void register_access(Registrar& to, Oid json, Kernel element, Kernel element_text) {
  const std::string prefix = json == oid::kJson ? "json" : "jsonb";
  const auto add = [&](std::string_view symbol, std::string_view name, Oid by, Oid result, Kernel kernel) {
    to.raw({.name = std::string(symbol), .arguments = {json, by}, .result = result, .kernel = kernel,
            .is_operator = true});
    if (!name.empty()) to.raw({.name = prefix + std::string(name), .arguments = {json, by}, .result = result, .kernel = kernel});
  };
  add("->", "_object_field", oid::kText, json, find_kernel<kMember, false>);
  add("->>", "_object_field_text", oid::kText, oid::kText, find_kernel<kMember, true>);
  add("->", "_array_element", oid::kInt4, json, element);
  add("->>", "_array_element_text", oid::kInt4, oid::kText, element_text);
  add("#>", "", oid::kTextArray, json, find_kernel<kPath, false>);
  add("#>>", "", oid::kTextArray, oid::kText, find_kernel<kPath, true>);
  to.raw({.name = prefix + "_extract_path", .arguments = {json, oid::kTextArray}, .result = json,
          .kernel = find_kernel<kSteps, false>, .variadic = true});
  to.raw({.name = prefix + "_extract_path_text", .arguments = {json, oid::kTextArray}, .result = oid::kText,
          .kernel = find_kernel<kSteps, true>, .variadic = true});
  to.function<[](std::string_view v) { return std::string(kind_name(v)); }>(prefix + "_typeof", {json}, oid::kText);
  to.function<[](std::string_view v) { return array_length(v); }>(prefix + "_array_length", {json}, oid::kInt4);
}

}  // namespace

void register_json_access(Registrar& to) {
  register_access(to, oid::kJson, find_kernel<kElement, false>, find_kernel<kElement, true>);
  register_access(to, oid::kJsonb, find_kernel<kJsonbElement, false>, find_kernel<kJsonbElement, true>);
  using View = std::string_view;
  to.op_and_function<[](View a, View b) { return jsonb_contains(a, b); }>("@>", "jsonb_contains", {oid::kJsonb, oid::kJsonb}, oid::kBool);
  to.op_and_function<[](View a, View b) { return jsonb_contains(b, a); }>("<@", "jsonb_contained", {oid::kJsonb, oid::kJsonb}, oid::kBool);
  to.op_and_function<[](View a, View b) { return exists(a, b); }>("?", "jsonb_exists", {oid::kJsonb, oid::kText}, oid::kBool);
  to.op_and_function<[](View a, View b) { return exists_of<false>(a, b); }>("?|", "jsonb_exists_any", {oid::kJsonb, oid::kTextArray}, oid::kBool);
  to.op_and_function<[](View a, View b) { return exists_of<true>(a, b); }>("?&", "jsonb_exists_all", {oid::kJsonb, oid::kTextArray}, oid::kBool);
}

}  // namespace troupe
