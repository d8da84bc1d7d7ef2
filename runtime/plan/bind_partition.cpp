/// What partition bounds mean for rows.
#include "runtime/plan/binder.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {
namespace {

/// Bounds as conditions over key expressions.
class BoundCondition {
 public:
  BoundCondition(Oid parent, const ExprList& keys, const EvalContext& context)
      : parent_{parent}, keys_{keys}, context_{context} {}

  absl::StatusOr<ExprPtr> of(const PartitionBoundDef& bound) const {
    switch (bound.method) {
      case PartitionMethod::list: return of_list(bound);
      case PartitionMethod::range: return of_range(bound);
      case PartitionMethod::hash: return of_hash(bound);
      case PartitionMethod::none: break;
    }
    return make_bool(true);
  }

 private:
  ExprPtr constant(size_t part, const Value& value) const { return make_constant(keys_[part]->type, value); }

  absl::StatusOr<ExprPtr> of_list(const PartitionBoundDef& bound) const {
    ExprList any;
    bool null = false;
    for (const Value& value : bound.values) {
      if (value.is_null()) {
        null = true;
        continue;
      }
      TROUPE_ASSIGN_OR_RETURN(ExprPtr same, make_operator("=", keys_[0], constant(0, value), context_));
      any.push_back(std::move(same));
    }
    const ExprPtr listed = any.empty() && null ? nullptr : make_or(std::move(any));
    if (!null) return make_and({make_null_test(keys_[0], true), listed});
    const ExprPtr is_null = make_null_test(keys_[0], false);
    return listed ? make_or({is_null, listed}) : is_null;
  }

  absl::StatusOr<ExprPtr> of_range(const PartitionBoundDef& bound) const {
    ExprList all;
    for (const ExprPtr& key : keys_) all.push_back(make_null_test(key, true));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr above, beyond(bound.lower, 0, true));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr below, beyond(bound.upper, 0, false));
    all.push_back(std::move(above));
    all.push_back(std::move(below));
    return make_and(std::move(all));
  }

  /// Whether the key from column `at` on is at or after the lower end, or before the upper one.
  absl::StatusOr<ExprPtr> beyond(const std::vector<BoundDatum>& end, size_t at, bool lower) const {
    if (at == end.size()) return make_bool(lower);
    if (end[at].kind != BoundKind::value) return make_bool((end[at].kind == BoundKind::minvalue) == lower);
    const ExprPtr value = constant(at, end[at].value);
    if (at + 1 == end.size()) return make_operator(lower ? ">=" : "<", keys_[at], value, context_);
    TROUPE_ASSIGN_OR_RETURN(ExprPtr strictly, make_operator(lower ? ">" : "<", keys_[at], value, context_));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr same, make_operator("=", keys_[at], value, context_));
    TROUPE_ASSIGN_OR_RETURN(ExprPtr rest, beyond(end, at + 1, lower));
    return make_or({std::move(strictly), make_and({std::move(same), std::move(rest)})});
  }

  absl::StatusOr<ExprPtr> of_hash(const PartitionBoundDef& bound) const {
    ExprList args{make_constant(Type{oid::kOid}, Value::of(int64_t{parent_})),
                  make_constant(Type{oid::kInt4}, Value::of(bound.modulus)),
                  make_constant(Type{oid::kInt4}, Value::of(bound.remainder))};
    args.insert(args.end(), keys_.begin(), keys_.end());
    std::vector<Type> types;
    for (const ExprPtr& arg : args) types.push_back(arg->type);
    TROUPE_ASSIGN_OR_RETURN(BoundFunction call, resolve_function("satisfies_hash_partition", types));
    return make_call(std::move(call), std::move(args));
  }

  const Oid parent_;
  const ExprList& keys_;
  const EvalContext& context_;
};

}  // namespace

absl::StatusOr<ExprList> Binder::bind_partition_key(const PartitionKeyDef& key, const TableDef& parent,
                                                    const std::shared_ptr<BoundRelation>& relation) {
  ExprList keys;
  for (const PartitionKeyPart& part : key.parts) {
    if (part.attnum == 0) {
      TROUPE_ASSIGN_OR_RETURN(ExprPtr value, bind_stored(part.expression_sql, relation, Clause::kPartitionKey));
      TROUPE_ASSIGN_OR_RETURN(value, coerce(std::move(value), Type{part.type, part.typmod}, CastContext::kImplicit));
      keys.push_back(std::move(value));
      continue;
    }
    const ColumnDef* column = relation->table->find_column(parent.column(part.attnum).name);
    if (column == nullptr) {
      return error(ErrorCode::kInternalError, "partition \"", relation->table->name, "\" lacks a column of its key");
    }
    keys.push_back(column_of(*relation, static_cast<uint32_t>(column->attnum - 1)));
  }
  return keys;
}

absl::StatusOr<ExprPtr> Binder::bind_bound(const TableDef& parent, const PartitionBoundDef& bound,
                                           const std::vector<PartitionBoundDef>& others,
                                           const std::shared_ptr<BoundRelation>& relation) {
  TROUPE_ASSIGN_OR_RETURN(const ExprList keys, bind_partition_key(parent.partition_key, parent, relation));
  const BoundCondition condition(parent.oid, keys, eval());
  if (!bound.is_default) return condition.of(bound);
  ExprList taken;
  for (const PartitionBoundDef& other : others) {
    if (other.is_default) continue;
    TROUPE_ASSIGN_OR_RETURN(ExprPtr one, condition.of(other));
    taken.push_back(std::move(one));
  }
  return taken.empty() ? make_bool(true) : make_not(make_or(std::move(taken)));
}

absl::StatusOr<ExprPtr> Binder::bind_partition_condition(const std::shared_ptr<BoundRelation>& relation) {
  ExprList all;
  for (const TableDef* table = relation->table.get(); table->is_partition();) {
    const TableDef* parent = catalog().find_table(table->partition_of);
    TROUPE_CHECK_MSG(parent != nullptr, "a partition without its table");
    std::vector<PartitionBoundDef> others;
    for (const Oid oid : parent->partitions) {
      if (const TableDef* sibling = oid == table->oid ? nullptr : catalog().find_table(oid)) {
        others.push_back(sibling->bound);
      }
    }
    TROUPE_ASSIGN_OR_RETURN(ExprPtr one, bind_bound(*parent, table->bound, others, relation));
    all.push_back(std::move(one));
    table = parent;
  }
  return make_and(std::move(all));
}

}  // namespace troupe
