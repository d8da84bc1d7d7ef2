#include "runtime/plan/partition_text.hpp"

#include <algorithm>

#include "runtime/partition/partition_router.hpp"
#include "runtime/plan/index_terms.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {
namespace {

bool shows_plainly(Oid type, std::string_view text) {
  if (type == oid::kBool) return true;
  const bool number = !text.empty() && text[0] >= '0' && text[0] <= '9';
  if (type == oid::kInt4) return number;
  return type == oid::kNumeric && number && text.find_first_of("eE") == std::string_view::npos;
}

std::string quoted(std::string_view text) {
  std::string out = text.find('\\') == std::string_view::npos ? "'" : "E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += c;
    out += c;
  }
  return out + "'";
}

std::string_view method_name(PartitionMethod method) {
  switch (method) {
    case PartitionMethod::range: return "RANGE";
    case PartitionMethod::list: return "LIST";
    default: return "HASH";
  }
}

std::string end_text(const std::vector<BoundDatum>& end, const PartitionKeyDef& key, const EvalContext& context) {
  std::string text;
  for (size_t i = 0; i < end.size(); ++i) {
    const Type type{key.parts[i].type, key.parts[i].typmod};
    text += cat(i == 0 ? "(" : ", ", bound_datum_text(end[i], type, context));
  }
  return text + ")";
}

/// The bounds of one partitioned table as conditions, in PostgreSQL's words.
class ConstraintText {
 public:
  ConstraintText(const TableDef& parent, const EvalContext& context)
      : key_{parent.partition_key}, context_{context}, parent_{parent.oid} {
    for (const PartitionKeyPart& part : key_.parts) {
      names_.push_back(part.attnum > 0 ? sql::quote_identifier(parent.column(part.attnum).name)
                                       : index_expression_text(part.expression_sql));
    }
  }

  /// Conjuncts.
  std::vector<std::string> of(const PartitionBoundDef& bound, const std::vector<const TableDef*>& siblings) const {
    if (bound.is_default) return of_default(siblings);
    if (bound.method == PartitionMethod::hash) return {of_hash(bound)};
    if (bound.method == PartitionMethod::list) return of_list(bound.values);
    std::vector<std::string> all = not_null();
    for (std::string& one : of_range(bound)) all.push_back(std::move(one));
    return all;
  }

 private:
  std::string constant(size_t part, const Value& value) const {
    const Type type{key_.parts[part].type, key_.parts[part].typmod};
    std::string text;
    format_text(type, value, context_, &text);
    if (type.oid == oid::kBool) return value.get<bool>() ? "true" : "false";
    return shows_plainly(type.oid, text) ? text : cat(quoted(text), "::", format_type(Type{type.oid, type.typmod}));
  }
  std::vector<std::string> not_null() const {
    std::vector<std::string> all;
    for (const std::string& name : names_) all.push_back(cat("(", name, " IS NOT NULL)"));
    return all;
  }
  std::string of_hash(const PartitionBoundDef& bound) const {
    std::string names;
    for (const std::string& name : names_) names += cat(", ", name);
    return cat("satisfies_hash_partition('", parent_, "'::oid, ", bound.modulus, ", ", bound.remainder, names, ")");
  }

  std::string any_of(const std::vector<Value>& values) const {
    std::vector<std::string> texts;
    for (const Value& value : values) {
      if (!value.is_null()) texts.push_back(constant(0, value));
    }
    if (texts.size() == 1) return cat("(", names_[0], " = ", texts[0], ")");
    std::string list;
    for (const std::string& text : texts) list += cat(list.empty() ? "" : ", ", text);
    return texts.empty() ? std::string() : cat("(", names_[0], " = ANY (ARRAY[", list, "]))");
  }
  std::vector<std::string> of_list(const std::vector<Value>& values) const {
    const bool null = std::any_of(values.begin(), values.end(), [](const Value& value) { return value.is_null(); });
    const std::string listed = any_of(values);
    if (!null) return {not_null()[0], listed};
    const std::string is_null = cat("(", names_[0], " IS NULL)");
    return {listed.empty() ? is_null : cat("(", is_null, " OR ", listed, ")")};
  }

  std::string compared(size_t part, std::string_view op, const Value& value) const {
    return cat("(", names_[part], " ", op, " ", constant(part, value), ")");
  }
  /// Columns in which both ends agree are equalities.
  std::vector<std::string> of_range(const PartitionBoundDef& bound) const {
    std::vector<std::string> all;
    size_t at = 0;
    for (; at + 1 < key_.parts.size(); ++at) {
      const BoundDatum &lower = bound.lower[at], &upper = bound.upper[at];
      if (lower.kind != BoundKind::value || upper.kind != BoundKind::value) break;
      const CompareKind kind = compare_kind(key_.parts[at].type, key_.parts[at].physical);
      if (compare_values(kind, lower.value, upper.value) != 0) break;
      all.push_back(compared(at, "=", lower.value));
    }
    const std::string above = end(bound.lower, at, true), below = end(bound.upper, at, false);
    if (!above.empty()) all.push_back(above);
    if (!below.empty()) all.push_back(below);
    return all;
  }
  /// (a > 1) OR ((a = 1) AND (b >= 2)); empty: always true.
  std::string end(const std::vector<BoundDatum>& datums, size_t from, bool lower) const {
    std::vector<std::string> arms;
    std::string same;
    for (size_t i = from; i < datums.size(); ++i) {
      if (datums[i].kind != BoundKind::value) {
        const bool includes = (datums[i].kind == BoundKind::minvalue) == lower;
        if (i == from) return {};
        if (includes) arms.push_back(same);
        break;
      }
      const bool last = i + 1 == datums.size();
      const bool reaches = last || datums[i + 1].kind != BoundKind::value;
      const bool includes = reaches && !last && (datums[i + 1].kind == BoundKind::minvalue) == lower;
      const std::string_view op = lower ? (last || includes ? ">=" : ">") : (includes ? "<=" : "<");
      const std::string here = compared(i, op, datums[i].value);
      arms.push_back(same.empty() ? here : cat("(", same, " AND ", here, ")"));
      if (reaches) break;
      const std::string equal = compared(i, "=", datums[i].value);
      same = same.empty() ? equal : cat(same, " AND ", equal);
    }
    if (arms.size() == 1) return arms[0];
    std::string text;
    for (const std::string& arm : arms) text += cat(text.empty() ? "(" : " OR ", arm);
    return text + ")";
  }

  std::vector<std::string> of_default(std::vector<const TableDef*> siblings) const {
    if (key_.method == PartitionMethod::range) {
      const PartitionRouter order(key_, {});
      std::sort(siblings.begin(), siblings.end(), [&](const TableDef* a, const TableDef* b) {
        return order.compare_ends(a->bound.lower, b->bound.lower) < 0;
      });
    }
    std::vector<Value> values;
    std::vector<std::string> ranges;
    for (const TableDef* sibling : siblings) {
      if (sibling->bound.is_default) continue;
      values.insert(values.end(), sibling->bound.values.begin(), sibling->bound.values.end());
      if (key_.method != PartitionMethod::range) continue;
      std::string all;
      const std::vector<std::string> parts = of_range(sibling->bound);
      for (const std::string& part : parts) all += cat(all.empty() ? "" : " AND ", part);
      ranges.push_back(parts.size() == 1 ? all : cat("(", all, ")"));
    }
    if (key_.method == PartitionMethod::list) {
      if (values.empty()) return {};
      const CompareKind kind = compare_kind(key_.parts[0].type, key_.parts[0].physical);
      std::sort(values.begin(), values.end(), [&](const Value& a, const Value& b) {
        return a.is_null() || b.is_null() ? b.is_null() < a.is_null() : compare_values(kind, a, b) < 0;
      });
      std::string all;
      for (const std::string& part : of_list(values)) all += cat(all.empty() ? "" : " AND ", part);
      return {cat("(NOT (", all, "))")};
    }
    if (ranges.empty()) return {};
    std::string any, all;
    for (const std::string& name : not_null()) all += cat(name, " AND ");
    for (const std::string& range : ranges) any += cat(any.empty() ? "" : " OR ", range);
    return {cat("(NOT (", all, ranges.size() == 1 ? any : cat("(", any, ")"), "))")};
  }

  const PartitionKeyDef& key_;
  const EvalContext& context_;
  const Oid parent_;
  std::vector<std::string> names_;
};

}  // namespace

std::string partition_constraint_text(const TableDef& partition, const Catalog& catalog, const EvalContext& context) {
  std::vector<std::string> all;
  for (const TableDef* table = &partition; table->is_partition();) {
    const TableDef* parent = catalog.find_table(table->partition_of);
    if (parent == nullptr) break;
    std::vector<const TableDef*> siblings;
    for (const Oid oid : parent->partitions) {
      const TableDef* sibling = catalog.find_table(oid);
      if (sibling != nullptr && sibling->oid != table->oid) siblings.push_back(sibling);
    }
    const std::vector<std::string> own = ConstraintText(*parent, context).of(table->bound, siblings);
    all.insert(all.begin(), own.begin(), own.end());
    table = parent;
  }
  if (all.size() == 1) return all[0];
  std::string text;
  for (const std::string& one : all) text += cat(text.empty() ? "(" : " AND ", one);
  return text.empty() ? text : text + ")";
}

std::string partition_key_text(const TableDef& table) {
  std::string text = cat(method_name(table.partition_key.method), " (");
  bool first = true;
  for (const PartitionKeyPart& part : table.partition_key.parts) {
    if (!first) text += ", ";
    first = false;
    text += part.attnum > 0 ? sql::quote_identifier(table.column(part.attnum).name)
                            : index_expression_text(part.expression_sql);
    if (!part.collation.empty()) text += cat(" COLLATE ", part.collation);
    if (!part.operator_class.empty()) text += cat(" ", part.operator_class);
  }
  return text + ")";
}

std::string bound_value_text(const Value& value, Type type, const EvalContext& context) {
  if (value.is_null()) return "NULL";
  if (type.oid == oid::kBool) return value.get<bool>() ? "true" : "false";
  std::string text;
  format_text(type, value, context, &text);
  return shows_plainly(type.oid, text) ? text : quoted(text);
}

std::string bound_datum_text(const BoundDatum& datum, Type type, const EvalContext& context) {
  if (datum.kind == BoundKind::minvalue) return "MINVALUE";
  if (datum.kind == BoundKind::maxvalue) return "MAXVALUE";
  return bound_value_text(datum.value, type, context);
}

std::string partition_bound_text(const PartitionBoundDef& bound, const PartitionKeyDef& key,
                                 const EvalContext& context) {
  if (bound.is_default) return "DEFAULT";
  if (bound.method == PartitionMethod::hash) {
    return cat("FOR VALUES WITH (modulus ", bound.modulus, ", remainder ", bound.remainder, ")");
  }
  if (bound.method == PartitionMethod::range) {
    return cat("FOR VALUES FROM ", end_text(bound.lower, key, context), " TO ", end_text(bound.upper, key, context));
  }
  std::string values;
  for (const Value& value : bound.values) {
    const Type type{key.parts[0].type, key.parts[0].typmod};
    values += cat(values.empty() ? "" : ", ", bound_value_text(value, type, context));
  }
  return cat("FOR VALUES IN (", values, ")");
}

}  // namespace troupe
