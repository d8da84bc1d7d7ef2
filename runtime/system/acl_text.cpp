#include "runtime/system/acl_text.hpp"

#include <algorithm>

#include "storage/base/text.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

constexpr Oid kAclItemType = 1033;

/// In double quotes unless it is letters, digits and underscores.
std::string quoted_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (std::all_of(name.begin(), name.end(), plain)) return std::string(name);
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text.push_back('"');
    text.push_back(c);
  }
  return text + "\"";
}

std::string role_name(const Catalog& catalog, Oid role) {
  if (role == kNoOid) return {};
  const ObjectDef* def = catalog.find(role);
  return def == nullptr ? cat(role) : quoted_name(def->name);
}

/// Takes a name, quoted or not, from the front of `text`.
std::string take_name(std::string_view* text) {
  std::string name;
  bool quoted = false;
  while (!text->empty()) {
    const char c = text->front();
    if (c == '"' && quoted && text->size() > 1 && (*text)[1] == '"') {
      text->remove_prefix(1);
      name.push_back('"');
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '=' || c == '/')) {
      break;
    } else {
      name.push_back(c);
    }
    text->remove_prefix(1);
  }
  return name;
}

}  // namespace

std::string acl_item_text(const Catalog& catalog, const AclItem& item) {
  std::string text = cat(role_name(catalog, item.grantee), "=");
  for (size_t bit = 0; bit < kPrivilegeLetters.size(); ++bit) {
    const Privileges privilege = Privileges{1} << bit;
    if ((item.privileges & privilege) != 0) text.push_back(kPrivilegeLetters[bit]);
    if ((item.grantable & privilege) != 0) text.push_back('*');
  }
  return cat(text, "/", role_name(catalog, item.grantor));
}

Value acl_array(const Catalog& catalog, const Acl& acl) {
  if (!acl.given) return Value::null(Physical::kVarlen);
  std::vector<Value> items;
  for (const AclItem& item : acl.items) items.push_back(Value::text(acl_item_text(catalog, item)));
  return Value::text(pack_array(kAclItemType, Physical::kVarlen, items));
}

absl::StatusOr<AclItemText> parse_acl_item(std::string_view text) {
  AclItemText item;
  std::string_view rest = text;
  const auto invalid = [&] {
    return error(ErrorCode::kInvalidTextRepresentation, "invalid input syntax for type aclitem: \"", text, "\"");
  };
  item.grantee = take_name(&rest);
  if (!rest.starts_with('=')) return invalid();
  rest.remove_prefix(1);
  Privileges last = 0;
  while (!rest.empty() && rest.front() != '/') {
    if (rest.front() == '*') {
      item.grantable |= last;
    } else {
      const size_t bit = kPrivilegeLetters.find(rest.front());
      if (bit == std::string_view::npos) return invalid();
      last = Privileges{1} << bit;
      item.privileges |= last;
    }
    rest.remove_prefix(1);
  }
  if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    item.grantor = take_name(&rest);
  }
  return item;
}

}  // namespace troupe
