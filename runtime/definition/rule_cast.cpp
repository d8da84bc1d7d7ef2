/// Casts, and constants that get their type from what is around them.
#include "runtime/definition/rule_writer.hpp"
#include "runtime/types/cast.hpp"
#include "runtime/types/text_io.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

RuleNodePtr copy_of(const RuleNode& node) { return std::make_shared<RuleNode>(node); }

/// Whether PostgreSQL's cast is a function of its own, which it writes like one; others are as simple as what they
/// cast.
bool is_by_function(Type from, Type to) {
  if (to.typmod >= 0 && from.oid == to.oid) return true;
  const CastInfo* info = find_cast(from.oid, to.oid);
  return info != nullptr && info->kernel != nullptr && !info->by_text;
}

}  // namespace

std::vector<Type> RuleWriter::types_of(const RuleNodes& nodes) {
  std::vector<Type> types;
  for (const RuleNodePtr& node : nodes) types.push_back(node->type);
  return types;
}

RuleNodePtr RuleWriter::named_function(std::string name, Type type, RuleNodes args) const {
  auto node = std::make_shared<RuleNode>();
  node->tag = RuleTag::kFunction;
  node->text = std::move(name);
  node->type = type;
  node->args = std::move(args);
  return node;
}

RuleNodePtr RuleWriter::boolean_node(sql::BooleanOp op, RuleNodes args) const {
  auto node = std::make_shared<RuleNode>();
  node->tag = RuleTag::kBool;
  node->type = Type{oid::kBool};
  node->boolean = op;
  node->args = std::move(args);
  return node;
}

/// The literal as a constant of the type, in the words of the type's output.
RuleNodePtr RuleWriter::typed_constant(const RuleNode& literal, Type type) {
  RuleNodePtr node = copy_of(literal);
  // An interval's fields are part of how it is read; other modifiers are casts of their own.
  node->type = Type{type.oid, type.oid == oid::kInterval ? type.typmod : -1};
  if (literal.null) return node;
  const auto value = parse_text(node->type, literal.text, eval());
  if (value.ok()) node->text = to_text(node->type, *value, eval());
  return node;
}

RuleNodePtr RuleWriter::coerced(RuleNodePtr node, Type wanted, bool implicit) {
  if (wanted.oid == oid::kUnknown || wanted.oid == oid::kAny || is_polymorphic(wanted.oid)) return node;
  const bool untyped = node->tag == RuleTag::kConst && node->type.oid == oid::kUnknown;
  if (untyped) {
    node = typed_constant(*node, wanted);
    if (wanted.typmod < 0 || wanted.oid == oid::kInterval) return node;
  }
  if (node->type.oid == wanted.oid && (wanted.typmod < 0 || wanted.typmod == node->type.typmod)) return node;
  if (node->type.oid == oid::kUnknown || wanted.oid == oid::kRecord || find_type(node->type.oid) == nullptr)
    return node;
  auto cast = std::make_shared<RuleNode>();
  cast->tag = RuleTag::kCast;
  cast->type = wanted;
  cast->implicit = implicit;
  cast->by_function = is_by_function(node->type, wanted);
  cast->args.push_back(std::move(node));
  return cast;
}

RuleNodePtr RuleWriter::analyze_cast(const sql::CastExpr& cast) {
  const auto bound = binder_.bind_type(*cast.type);
  if (!bound.ok()) {
    give_up();
    return std::make_shared<RuleNode>();
  }
  const Type type = *bound;
  const auto* array = cast.argument->as<sql::ArrayExpr>();
  RuleNodePtr node;
  if (array != nullptr && is_array_type(type.oid)) {
    // ARRAY[...]::type[] casts each element.
    node = analyze_array(*array, element_type_of(type.oid));
    node->type = Type{type.oid};
    for (RuleNodePtr& element : node->args) {
      if (element->tag == RuleTag::kCast) element->implicit = false;
    }
  } else {
    node = analyze(*cast.argument);
  }
  if (node->tag == RuleTag::kRow && is_composite_type(type.oid)) {
    const UserType* composite = find_user_type(type.oid);
    size_t field = 0;
    for (const Attribute& attribute : composite->attributes) {
      if (attribute.dropped || field >= node->args.size()) continue;
      node->args[field] = coerced(std::move(node->args[field]), attribute.type);
      ++field;
    }
    node->type = type;
    return node;
  }
  const TypeDef* domain = binder_.domain_of(*cast.type);
  if (domain == nullptr) return coerced(std::move(node), type, false);
  node = coerced(std::move(node), type, true);
  auto checked = std::make_shared<RuleNode>();
  checked->tag = RuleTag::kCast;
  checked->type = Type{domain->oid};
  checked->args.push_back(std::move(node));
  return checked;
}

}  // namespace troupe
