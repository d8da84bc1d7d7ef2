#include <charconv>
#include <optional>

#include "runtime/types/kernel.hpp"
#include "runtime/types/scalar_text.hpp"
#include "storage/column/array_format.hpp"
#include "storage/column/json_format.hpp"

/// jsonb made from jsonb: || - #- jsonb_set, jsonb_insert, json_strip_nulls, jsonb_pretty. What is put together here is
/// brought into canonical form at the end.
namespace troupe {
namespace {

using MadeJson = absl::StatusOr<std::string>;

bool is_scalar(std::string_view json) { return !is_json_container(json_kind(json)); }

absl::Status bad_parameter(std::string_view message) { return error(ErrorCode::kInvalidParameterValue, message); }

/// Elements or members one after the other.
class ContainerWriter {
 public:
  explicit ContainerWriter(JsonKind kind) : object_{kind == JsonKind::kObject}, text_(1, object_ ? '{' : '[') {}
  /// Of an array the key does not matter.
  void add(std::string_view quoted_key, std::string_view value) {
    if (text_.size() > 1) text_ += ", ";
    if (object_) text_.append(quoted_key).append(": ");
    text_.append(value);
  }
  void add_all(std::string_view container) {
    for (JsonItems items(container); items.next();) add(items.key(), items.value());
  }
  std::string take() {
    text_.push_back(object_ ? '}' : ']');
    return std::move(text_);
  }

 private:
  bool object_;
  std::string text_;
};

MadeJson concatenate(std::string_view a, std::string_view b) {
  const bool objects = json_kind(a) == JsonKind::kObject && json_kind(b) == JsonKind::kObject;
  ContainerWriter out(objects ? JsonKind::kObject : JsonKind::kArray);
  for (const std::string_view side : {a, b}) {
    if (objects || json_kind(side) == JsonKind::kArray) {
      out.add_all(side);
    } else {
      out.add("", side);
    }
  }
  return objects ? normalize_json(out.take()) : out.take();
}

template <typename Drop>
std::string without(std::string_view json, Drop drop) {
  const JsonKind kind = json_kind(json);
  ContainerWriter out(kind);
  for (JsonItems items(json); items.next();) {
    const std::string_view name = kind == JsonKind::kObject ? items.key() : items.value();
    if (json_kind(name) != JsonKind::kString || !drop(name)) out.add(items.key(), items.value());
  }
  return out.take();
}

MadeJson delete_key(std::string_view json, std::string_view key) {
  if (is_scalar(json)) return bad_parameter("cannot delete from scalar");
  return without(json, [&](std::string_view quoted) { return json_string_is(quoted, key); });
}

MadeJson delete_keys(std::string_view json, std::string_view keys) {
  const ArrayView unwanted(keys);
  if (unwanted.dimensions() > 1) return error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts");
  if (is_scalar(json)) return bad_parameter("cannot delete from scalar");
  return without(json, [&](std::string_view quoted) {
    for (uint32_t i = 0; i < unwanted.size(); ++i) {
      if (!unwanted.is_null(i) && json_string_is(quoted, unwanted.string(i))) return true;
    }
    return false;
  });
}

MadeJson delete_element(std::string_view json, int32_t index) {
  if (is_scalar(json)) return bad_parameter("cannot delete from scalar");
  if (json_kind(json) == JsonKind::kObject) return bad_parameter("cannot delete from object using integer index");
  const int64_t at = index < 0 ? int64_t{index} + json_item_count(json) : index;
  ContainerWriter out(JsonKind::kArray);
  int64_t i = 0;
  for (JsonItems items(json); items.next(); ++i) {
    if (i != at) out.add("", items.value());
  }
  return out.take();
}

enum class PathChange : uint8_t { kDelete, kReplace, kCreate, kInsertBefore, kInsertAfter };

/// One change at the end of a path.
class PathChanger {
 public:
  PathChanger(std::string_view path, PathChange change, std::string_view value)
      : path_{path}, change_{change}, value_{value} {}

  MadeJson apply(std::string_view json) const {
    if (path_.dimensions() > 1) return error(ErrorCode::kArraySubscriptError, "wrong number of array subscripts");
    if (is_scalar(json)) return bad_parameter(change_ == PathChange::kDelete ? "cannot delete path in scalar" : "cannot set path in scalar");
    const bool empty = json_item_count(json) == 0;
    if (path_.size() == 0 || (empty && !makes_new())) return std::string(json);
    TROUPE_ASSIGN_OR_RETURN(const std::string changed, at_level(json, 0));
    return normalize_json(changed);
  }

 private:
  bool makes_new() const { return change_ >= PathChange::kCreate; }
  bool inserts() const { return change_ >= PathChange::kInsertBefore; }
  bool is_last(uint32_t level) const { return level + 1 == path_.size(); }

  MadeJson at_level(std::string_view json, uint32_t level) const {
    if (path_.is_null(level)) {
      return error(ErrorCode::kNullValueNotAllowed, "path element at position ", level + 1, " is null");
    }
    if (is_scalar(json)) return std::string(json);
    return json_kind(json) == JsonKind::kObject ? in_object(json, level) : in_array(json, level);
  }
  MadeJson in_object(std::string_view json, uint32_t level) const {
    ContainerWriter out(JsonKind::kObject);
    bool done = false;
    for (JsonItems items(json); items.next();) {
      if (!json_string_is(items.key(), path_.string(level))) {
        out.add(items.key(), items.value());
        continue;
      }
      done = true;
      if (!is_last(level)) {
        TROUPE_ASSIGN_OR_RETURN(const std::string changed, at_level(items.value(), level + 1));
        out.add(items.key(), changed);
      } else if (inserts()) {
        return with_hint(bad_parameter("cannot replace existing key"),
                         "Try using the function jsonb_set to replace key value.");
      } else if (change_ != PathChange::kDelete) {
        out.add(items.key(), value_);
      }
    }
    if (!done && makes_new() && is_last(level)) {
      std::string key;
      append_json_string(path_.string(level), &key);
      out.add(key, value_);
    }
    return out.take();
  }
  absl::StatusOr<int64_t> index_at(uint32_t level) const {
    std::string_view text = path_.string(level);
    while (text.starts_with(' ')) text.remove_prefix(1);
    if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
    int32_t index = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (failed == std::errc() && end == text.data() + text.size()) return index;
    return error(ErrorCode::kInvalidTextRepresentation, "path element at position ", level + 1,
                 " is not an integer: \"", path_.string(level), "\"");
  }
  MadeJson in_array(std::string_view json, uint32_t level) const {
    TROUPE_ASSIGN_OR_RETURN(int64_t index, index_at(level));
    const int64_t count = json_item_count(json);
    if (index < 0) index += count;
    ContainerWriter out(JsonKind::kArray);
    // Before the first: put in front.
    bool done = index < 0 && makes_new() && is_last(level);
    if (done) out.add("", value_);
    int64_t i = 0;
    for (JsonItems items(json); items.next(); ++i) {
      if (i != index) {
        out.add("", items.value());
        continue;
      }
      done = true;
      if (is_last(level)) {
        add_changed(items.value(), &out);
      } else {
        TROUPE_ASSIGN_OR_RETURN(const std::string changed, at_level(items.value(), level + 1));
        out.add("", changed);
      }
    }
    if (!done && makes_new() && is_last(level)) out.add("", value_);
    return out.take();
  }
  void add_changed(std::string_view old, ContainerWriter* out) const {
    if (change_ == PathChange::kInsertAfter) out->add("", old);
    if (change_ != PathChange::kDelete) out->add("", value_);
    if (change_ == PathChange::kInsertBefore) out->add("", old);
  }

  ArrayView path_;
  PathChange change_;
  std::string_view value_;
};

MadeJson set_path(std::string_view json, std::string_view path, std::string_view value, bool create) {
  return PathChanger(path, create ? PathChange::kCreate : PathChange::kReplace, value).apply(json);
}

MadeJson insert_at(std::string_view json, std::string_view path, std::string_view value, bool after) {
  return PathChanger(path, after ? PathChange::kInsertAfter : PathChange::kInsertBefore, value).apply(json);
}

/// `compact` is json's way to write, else jsonb's.
void strip_nulls(std::string_view json, bool compact, std::string* out) {
  const JsonKind kind = json_kind(json);
  if (!is_json_container(kind)) {
    out->append(json);
    return;
  }
  const bool object = kind == JsonKind::kObject;
  out->push_back(object ? '{' : '[');
  const size_t from = out->size();
  for (JsonItems items(json); items.next();) {
    if (object && json_kind(items.value()) == JsonKind::kNull) continue;
    if (out->size() > from) out->append(compact ? "," : ", ");
    if (object) out->append(items.key()).append(compact ? ":" : ": ");
    strip_nulls(items.value(), compact, out);
  }
  out->push_back(object ? '}' : ']');
}

/// json that functions put together may be nested deeper than what was read.
MadeJson stripped(std::string_view json, bool compact) {
  if (compact) TROUPE_RETURN_IF_ERROR(validate_json(json));
  std::string out;
  strip_nulls(trim_json(json), compact, &out);
  return out;
}

void append_pretty(std::string_view json, size_t level, std::string* out) {
  const JsonKind kind = json_kind(json);
  if (!is_json_container(kind)) {
    out->append(json);
    return;
  }
  constexpr size_t kIndent = 4;
  const bool object = kind == JsonKind::kObject;
  out->push_back(object ? '{' : '[');
  bool first = true;
  for (JsonItems items(json); items.next();) {
    out->append(first ? "\n" : ",\n").append(kIndent * (level + 1), ' ');
    first = false;
    if (object) out->append(items.key()).append(": ");
    append_pretty(items.value(), level + 1, out);
  }
  out->append("\n").append(kIndent * level, ' ').push_back(object ? '}' : ']');
}

std::string pretty(std::string_view json) {
  std::string out;
  append_pretty(json, 0, &out);
  return out;
}

}  // namespace

void register_json_changes(Registrar& to) {
  using View = std::string_view;
  constexpr Oid kB = oid::kJsonb, kPath = oid::kTextArray;
  to.op_and_function<[](View a, View b) { return concatenate(a, b); }>("||", "jsonb_concat", {kB, kB}, kB);
  to.op_and_function<[](View a, View b) { return delete_key(a, b); }>("-", "jsonb_delete", {kB, oid::kText}, kB);
  to.op_and_function<[](View a, View b) { return delete_keys(a, b); }>("-", "jsonb_delete", {kB, kPath}, kB);
  to.op_and_function<[](View a, int32_t b) { return delete_element(a, b); }>("-", "jsonb_delete", {kB, oid::kInt4}, kB);
  to.op_and_function<[](View a, View b) { return PathChanger(b, PathChange::kDelete, {}).apply(a); }>(
      "#-", "jsonb_delete_path", {kB, kPath}, kB);
  to.function<[](View a, View p, View v) { return set_path(a, p, v, true); }>("jsonb_set", {kB, kPath, kB}, kB);
  to.function<[](View a, View p, View v, bool c) { return set_path(a, p, v, c); }>("jsonb_set", {kB, kPath, kB, oid::kBool}, kB);
  to.function<[](View a, View p, View v) { return insert_at(a, p, v, false); }>("jsonb_insert", {kB, kPath, kB}, kB);
  to.function<[](View a, View p, View v, bool f) { return insert_at(a, p, v, f); }>("jsonb_insert", {kB, kPath, kB, oid::kBool}, kB);
  to.function<[](View v) { return stripped(v, true); }>("json_strip_nulls", {oid::kJson}, oid::kJson);
  to.function<[](View v) { return stripped(v, false); }>("jsonb_strip_nulls", {kB}, kB);
  to.function<[](View v) { return pretty(v); }>("jsonb_pretty", {kB}, oid::kText);
}

}  // namespace troupe
