#include "storage/catalog/function_def.hpp"

#include "storage/base/text.hpp"

namespace troupe {

std::vector<Oid> FunctionDef::input_types() const {
  std::vector<Oid> types;
  for (const ArgumentDef& argument : arguments) {
    if (argument.is_input()) types.push_back(argument.domain != kNoOid ? argument.domain : argument.type);
  }
  return types;
}

std::vector<const ArgumentDef*> FunctionDef::outputs() const {
  std::vector<const ArgumentDef*> found;
  for (const ArgumentDef& argument : arguments) {
    if (argument.mode != ArgumentMode::in && argument.mode != ArgumentMode::variadic) found.push_back(&argument);
  }
  return found;
}

const ArgumentDef* FunctionDef::variadic() const {
  for (const ArgumentDef& argument : arguments) {
    if (argument.mode == ArgumentMode::variadic) return &argument;
  }
  return nullptr;
}

size_t FunctionDef::defaults() const {
  size_t count = 0;
  for (const ArgumentDef& argument : arguments) count += argument.default_sql.empty() ? 0 : 1;
  return count;
}

void FunctionDef::update_signature() {
  signature = cat(name, "(");
  for (const Oid type : input_types()) signature += cat(type, ",");
  signature += ")";
}

}  // namespace troupe
