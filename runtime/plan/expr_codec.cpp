/// Expressions as bytes. Node: kind, flags, type, index, then what the kind has, then the arguments.
#include "runtime/plan/expr.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/base/bytes.hpp"
#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {

/// Deeper than any statement may be nested: bytes from outside cannot exhaust the stack.
constexpr int kDepthMax = 4000;

void put_type(Type type, ByteWriter& out) {
  out.varint(type.oid);
  out.u32(static_cast<uint32_t>(type.typmod));
}

Type get_type(ByteReader& in) {
  Type type;
  type.oid = static_cast<Oid>(in.varint());
  type.typmod = static_cast<int32_t>(in.u32());
  return type;
}

void put_types(const std::vector<Type>& types, ByteWriter& out) {
  out.varint(types.size());
  for (const Type type : types) put_type(type, out);
}

std::vector<Type> get_types(ByteReader& in) {
  std::vector<Type> types;
  const uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) types.push_back(get_type(in));
  return types;
}

void put_oids(const std::vector<Oid>& oids, ByteWriter& out) {
  out.varint(oids.size());
  for (const Oid oid : oids) out.varint(oid);
}

std::vector<Oid> get_oids(ByteReader& in) {
  std::vector<Oid> oids;
  const uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) oids.push_back(static_cast<Oid>(in.varint()));
  return oids;
}

void put_function(const BoundFunction& call, ByteWriter& out) {
  out.u8(call.function->is_operator ? 1 : 0);
  out.bytes(call.function->name);
  put_oids(call.function->arguments, out);
  put_types(call.arguments, out);
  put_type(call.result, out);
}

absl::Status get_function(ByteReader& in, BoundFunction* call) {
  const bool is_operator = in.u8() != 0;
  const std::string_view name = in.bytes();
  const std::vector<Oid> declared = get_oids(in);
  call->arguments = get_types(in);
  call->result = get_type(in);
  const auto candidates = is_operator ? function_registry().operators(name) : function_registry().functions(name);
  for (const Function* function : candidates) {
    if (function->arguments == declared) call->function = function;
  }
  if (call->function != nullptr) return absl::OkStatus();
  return error(ErrorCode::kUndefinedFunction, "function ", describe_call(name, call->arguments), " does not exist");
}

void put_expr(const Expr& expr, ByteWriter& out);

void put_list(std::span<const ExprPtr> list, ByteWriter& out) {
  out.varint(list.size());
  for (const ExprPtr& expr : list) put_expr(*expr, out);
}

void put_aggregate(const AggregateCall& call, ByteWriter& out) {
  out.bytes(call.aggregate.aggregate->name);
  put_oids(call.aggregate.aggregate->arguments, out);
  put_types(call.aggregate.arguments, out);
  put_type(call.aggregate.result, out);
  out.u8(call.distinct ? 1 : 0);
  put_list(call.args, out);
  out.varint(call.order.size());
  for (const SortKey& key : call.order) {
    out.u8(static_cast<uint8_t>((key.descending ? 1 : 0) | (key.nulls_first ? 2 : 0)));
    put_expr(*key.value, out);
  }
  out.u8(call.filter ? 1 : 0);
  if (call.filter) put_expr(*call.filter, out);
}

bool has_function(ExprKind kind) {
  return kind == ExprKind::kCall || kind == ExprKind::kDistinctTest || kind == ExprKind::kNullIf ||
         kind == ExprKind::kInList || kind == ExprKind::kArrayCompare;
}

bool has_value(ExprKind kind) { return kind == ExprKind::kConstant || kind == ExprKind::kRow; }

void put_expr(const Expr& expr, ByteWriter& out) {
  TROUPE_CHECK(expr.kind < ExprKind::kAggregate);
  out.u8(static_cast<uint8_t>(expr.kind));
  out.u8(static_cast<uint8_t>((expr.negated ? 1 : 0) | (expr.all_of ? 2 : 0) | (expr.hashed ? 4 : 0) |
                              (expr.nested ? 8 : 0)));
  out.u8(static_cast<uint8_t>(expr.truth));
  out.u8(static_cast<uint8_t>(expr.sequence_op));
  out.u8(static_cast<uint8_t>(expr.setting));
  put_type(expr.type, out);
  out.varint(expr.index);
  if (has_value(expr.kind)) {
    std::string value;
    encode_values({&expr.value, 1}, &value);
    out.bytes(value);
  }
  if (has_function(expr.kind)) put_function(expr.call, out);
  if (expr.kind == ExprKind::kCast) {
    put_type(expr.cast.from, out);
    out.u8(static_cast<uint8_t>(expr.cast.context));
  }
  put_list(expr.args, out);
}

absl::StatusOr<ExprPtr> get_expr(ByteReader& in, int depth);

absl::Status get_list(ByteReader& in, int depth, ExprList* list) {
  const uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr expr, get_expr(in, depth + 1));
    list->push_back(std::move(expr));
  }
  return absl::OkStatus();
}

absl::Status damaged() { return error(ErrorCode::kDataCorrupted, "an expression in a message is damaged"); }

absl::Status get_constant(ByteReader& in, Expr* expr) {
  TROUPE_ASSIGN_OR_RETURN(std::vector<Value> values, decode_values(in.bytes()));
  if (values.size() != 1) return damaged();
  expr->value = std::move(values[0]);
  return absl::OkStatus();
}

absl::StatusOr<ExprPtr> get_expr(ByteReader& in, int depth) {
  if (depth > kDepthMax) return damaged();
  auto expr = std::make_shared<Expr>();
  expr->kind = static_cast<ExprKind>(in.u8());
  if (expr->kind < ExprKind::kConstant || expr->kind > ExprKind::kNamedSetting) return damaged();
  const uint8_t flags = in.u8();
  expr->negated = (flags & 1) != 0;
  expr->all_of = (flags & 2) != 0;
  expr->hashed = (flags & 4) != 0;
  expr->nested = (flags & 8) != 0;
  expr->truth = static_cast<Truth>(in.u8());
  expr->sequence_op = static_cast<SequenceOp>(in.u8());
  expr->setting = static_cast<NamedSetting>(in.u8());
  expr->type = get_type(in);
  expr->index = static_cast<uint32_t>(in.varint());
  if (has_value(expr->kind)) TROUPE_RETURN_IF_ERROR(get_constant(in, expr.get()));
  if (has_function(expr->kind)) TROUPE_RETURN_IF_ERROR(get_function(in, &expr->call));
  if (expr->kind == ExprKind::kCast) {
    const Type from = get_type(in);
    const auto context = static_cast<CastContext>(in.u8());
    TROUPE_ASSIGN_OR_RETURN(expr->cast, plan_cast(from, expr->type, context));
  }
  TROUPE_RETURN_IF_ERROR(get_list(in, depth, &expr->args));
  if (!in.ok()) return damaged();
  return expr;
}

absl::Status get_aggregate(ByteReader& in, AggregateCall* call) {
  const std::string_view name = in.bytes();
  const std::vector<Oid> declared = get_oids(in);
  for (const Aggregate& aggregate : all_aggregates()) {
    if (aggregate.name == name && aggregate.arguments == declared) call->aggregate.aggregate = &aggregate;
  }
  call->aggregate.arguments = get_types(in);
  call->aggregate.result = get_type(in);
  if (call->aggregate.aggregate == nullptr) {
    return error(ErrorCode::kUndefinedFunction, "aggregate ", describe_call(name, call->aggregate.arguments),
                 " does not exist");
  }
  call->distinct = in.u8() != 0;
  TROUPE_RETURN_IF_ERROR(get_list(in, 0, &call->args));
  const uint64_t keys = in.varint();
  for (uint64_t i = 0; i < keys && in.ok(); ++i) {
    SortKey key;
    const uint8_t flags = in.u8();
    key.descending = (flags & 1) != 0;
    key.nulls_first = (flags & 2) != 0;
    TROUPE_ASSIGN_OR_RETURN(key.value, get_expr(in, 0));
    call->order.push_back(std::move(key));
  }
  if (in.u8() != 0) {
    TROUPE_ASSIGN_OR_RETURN(call->filter, get_expr(in, 0));
  }
  return in.ok() ? absl::OkStatus() : damaged();
}

}  // namespace

void encode_expr(const Expr& expr, std::string* out) {
  ByteWriter writer(out);
  put_expr(expr, writer);
}

absl::StatusOr<ExprPtr> decode_expr(std::string_view bytes) {
  ByteReader in(bytes);
  return get_expr(in, 0);
}

void encode_exprs(std::span<const ExprPtr> exprs, std::string* out) {
  ByteWriter writer(out);
  put_list(exprs, writer);
}

absl::StatusOr<ExprList> decode_exprs(std::string_view bytes) {
  ByteReader in(bytes);
  ExprList list;
  TROUPE_RETURN_IF_ERROR(get_list(in, 0, &list));
  if (!in.ok()) return damaged();
  return list;
}

void encode_aggregate_call(const AggregateCall& call, std::string* out) {
  ByteWriter writer(out);
  put_aggregate(call, writer);
}

absl::StatusOr<AggregateCall> decode_aggregate_call(std::string_view bytes) {
  ByteReader in(bytes);
  AggregateCall call;
  TROUPE_RETURN_IF_ERROR(get_aggregate(in, &call));
  return call;
}

}  // namespace troupe
