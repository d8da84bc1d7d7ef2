#include "runtime/exec/fragment_spec.hpp"

#include "storage/base/bytes.hpp"
#include "storage/column/batch_codec.hpp"
#include "storage/column/hash.hpp"

namespace troupe {
namespace {

class SpecWriter {
 public:
  explicit SpecWriter(std::string* out) : out_{out} {}

  void expr(const ExprPtr& expr) {
    std::string bytes;
    if (expr) encode_expr(*expr, &bytes);
    out_.bytes(bytes);
  }
  void exprs(const ExprList& list) {
    out_.varint(list.size());
    for (const ExprPtr& each : list) expr(each);
  }
  void types(const std::vector<Type>& list) {
    out_.varint(list.size());
    for (const Type& type : list) {
      out_.u32(type.oid);
      out_.u32(static_cast<uint32_t>(type.typmod));
    }
  }
  void order(const std::vector<SortKey>& keys) {
    out_.varint(keys.size());
    for (const SortKey& key : keys) {
      expr(key.value);
      out_.u8(static_cast<uint8_t>((key.descending ? 1 : 0) | (key.nulls_first ? 2 : 0)));
    }
  }
  void aggregation(const Aggregation* aggregation) {
    out_.u8(aggregation != nullptr ? 1 : 0);
    if (aggregation == nullptr) return;
    exprs(aggregation->groups);
    out_.varint(aggregation->calls.size());
    for (const AggregateCall& call : aggregation->calls) {
      std::string bytes;
      encode_aggregate_call(call, &bytes);
      out_.bytes(bytes);
    }
    out_.varint(aggregation->grouping_sets.size());
    for (const std::vector<uint16_t>& set : aggregation->grouping_sets) {
      out_.varint(set.size());
      for (const uint16_t group : set) out_.varint(group);
    }
  }
  void index(const FragmentIndex& index) {
    out_.u32(index.tree);
    out_.u8(static_cast<uint8_t>((index.global ? 1 : 0) | (index.nulls_not_distinct ? 2 : 0)));
    out_.varint(index.columns.size());
    for (const KeyColumn& column : index.columns) {
      out_.u8(static_cast<uint8_t>(column.kind));
      out_.u8(static_cast<uint8_t>((column.descending ? 1 : 0) | (column.nulls_first ? 2 : 0)));
    }
    exprs(index.values);
    expr(index.predicate);
  }
  ByteWriter& out() { return out_; }

 private:
  ByteWriter out_;
};

class SpecReader {
 public:
  explicit SpecReader(std::string_view in) : in_{in} {}

  absl::Status expr(ExprPtr* out) {
    const std::string_view bytes = in_.bytes();
    if (bytes.empty()) return absl::OkStatus();
    TROUPE_ASSIGN_OR_RETURN(*out, decode_expr(bytes));
    return absl::OkStatus();
  }
  absl::Status exprs(ExprList* out) {
    out->resize(count());
    for (ExprPtr& each : *out) TROUPE_RETURN_IF_ERROR(expr(&each));
    return absl::OkStatus();
  }
  void types(std::vector<Type>* out) {
    out->resize(count());
    for (Type& type : *out) {
      type.oid = in_.u32();
      type.typmod = static_cast<int32_t>(in_.u32());
    }
  }
  absl::Status order(std::vector<SortKey>* out) {
    out->resize(count());
    for (SortKey& key : *out) {
      TROUPE_RETURN_IF_ERROR(expr(&key.value));
      const uint8_t flags = in_.u8();
      key.descending = (flags & 1) != 0;
      key.nulls_first = (flags & 2) != 0;
    }
    return absl::OkStatus();
  }
  absl::Status aggregation(std::shared_ptr<const Aggregation>* out) {
    if (in_.u8() == 0) return absl::OkStatus();
    auto aggregation = std::make_shared<Aggregation>();
    aggregation->mode = AggregateMode::kPartial;
    TROUPE_RETURN_IF_ERROR(exprs(&aggregation->groups));
    aggregation->calls.resize(count());
    for (AggregateCall& call : aggregation->calls) {
      TROUPE_ASSIGN_OR_RETURN(call, decode_aggregate_call(in_.bytes()));
    }
    aggregation->grouping_sets.resize(count());
    for (std::vector<uint16_t>& set : aggregation->grouping_sets) {
      set.resize(count());
      for (uint16_t& group : set) group = static_cast<uint16_t>(in_.varint());
    }
    *out = std::move(aggregation);
    return absl::OkStatus();
  }
  absl::Status index(FragmentIndex* out) {
    out->tree = in_.u32();
    const uint8_t kind = in_.u8();
    out->global = (kind & 1) != 0;
    out->nulls_not_distinct = (kind & 2) != 0;
    out->columns.resize(count());
    for (KeyColumn& column : out->columns) {
      column.kind = static_cast<CompareKind>(in_.u8());
      const uint8_t flags = in_.u8();
      column.descending = (flags & 1) != 0;
      column.nulls_first = (flags & 2) != 0;
    }
    TROUPE_RETURN_IF_ERROR(exprs(&out->values));
    return expr(&out->predicate);
  }
  /// A number of things of at least a byte each.
  size_t count() {
    const uint64_t n = in_.varint();
    return n <= in_.remaining() ? n : 0;
  }
  ByteReader& in() { return in_; }

 private:
  ByteReader in_;
};

}  // namespace

std::string encode_fragment(const FragmentSpec& spec) {
  std::string bytes;
  SpecWriter writer(&bytes);
  writer.out().bytes(spec.table);
  writer.types(spec.types);
  for (const Physical kind : spec.kinds) writer.out().u8(static_cast<uint8_t>(kind));
  writer.out().varint(spec.column_names.size());
  for (const std::string& name : spec.column_names) writer.out().bytes(name);
  std::string missing;
  encode_values(spec.missing, &missing);
  writer.out().bytes(missing);
  writer.expr(spec.filter);
  writer.exprs(spec.output);
  writer.out().u8(static_cast<uint8_t>((spec.with_row_key ? 1 : 0) | (spec.check_always ? 2 : 0) |
                                       (spec.with_key ? 4 : 0)));
  writer.aggregation(spec.partial.get());
  writer.order(spec.order);
  writer.types(spec.extras);
  writer.out().varint(spec.assignments.size());
  for (const ColumnAssignment& assignment : spec.assignments) {
    writer.out().varint(assignment.column);
    writer.expr(assignment.value);
  }
  writer.out().varint(spec.generated.size());
  for (const ColumnAssignment& assignment : spec.generated) {
    writer.out().varint(assignment.column);
    writer.expr(assignment.value);
  }
  writer.out().varint(spec.not_null.size());
  for (const uint32_t column : spec.not_null) writer.out().varint(column);
  writer.out().varint(spec.checks.size());
  for (const CheckCondition& check : spec.checks) {
    writer.out().bytes(check.name);
    writer.out().u8(static_cast<uint8_t>((check.of_view ? 1 : 0) | (check.of_partition ? 2 : 0)));
    writer.expr(check.condition);
  }
  writer.out().varint(spec.indexes.size());
  for (const FragmentIndex& index : spec.indexes) writer.index(index);
  writer.out().varint(spec.watched.size());
  for (const uint32_t column : spec.watched) writer.out().varint(column);
  writer.out().varint(spec.key.size());
  for (size_t i = 0; i < spec.key.size(); ++i) {
    writer.out().varint(spec.key[i]);
    writer.out().u8(static_cast<uint8_t>(spec.key_kinds[i]));
  }
  return bytes;
}

absl::StatusOr<FragmentSpec> decode_fragment(std::string_view definition) {
  FragmentSpec spec;
  SpecReader reader(definition);
  spec.table = std::string(reader.in().bytes());
  reader.types(&spec.types);
  spec.kinds.resize(spec.types.size());
  for (Physical& kind : spec.kinds) kind = static_cast<Physical>(reader.in().u8() & 7);
  spec.column_names.resize(reader.count());
  for (std::string& name : spec.column_names) name = std::string(reader.in().bytes());
  TROUPE_ASSIGN_OR_RETURN(spec.missing, decode_values(reader.in().bytes()));
  TROUPE_RETURN_IF_ERROR(reader.expr(&spec.filter));
  TROUPE_RETURN_IF_ERROR(reader.exprs(&spec.output));
  const uint8_t flags = reader.in().u8();
  spec.with_row_key = (flags & 1) != 0;
  spec.check_always = (flags & 2) != 0;
  spec.with_key = (flags & 4) != 0;
  TROUPE_RETURN_IF_ERROR(reader.aggregation(&spec.partial));
  TROUPE_RETURN_IF_ERROR(reader.order(&spec.order));
  reader.types(&spec.extras);
  spec.assignments.resize(reader.count());
  for (ColumnAssignment& assignment : spec.assignments) {
    assignment.column = static_cast<uint32_t>(reader.in().varint());
    TROUPE_RETURN_IF_ERROR(reader.expr(&assignment.value));
  }
  spec.generated.resize(reader.count());
  for (ColumnAssignment& assignment : spec.generated) {
    assignment.column = static_cast<uint32_t>(reader.in().varint());
    TROUPE_RETURN_IF_ERROR(reader.expr(&assignment.value));
  }
  spec.not_null.resize(reader.count());
  for (uint32_t& column : spec.not_null) column = static_cast<uint32_t>(reader.in().varint());
  spec.checks.resize(reader.count());
  for (CheckCondition& check : spec.checks) {
    check.name = std::string(reader.in().bytes());
    const uint8_t of = reader.in().u8();
    check.of_view = (of & 1) != 0;
    check.of_partition = (of & 2) != 0;
    TROUPE_RETURN_IF_ERROR(reader.expr(&check.condition));
  }
  spec.indexes.resize(reader.count());
  for (FragmentIndex& index : spec.indexes) TROUPE_RETURN_IF_ERROR(reader.index(&index));
  spec.watched.resize(reader.count());
  for (uint32_t& column : spec.watched) column = static_cast<uint32_t>(reader.in().varint());
  spec.key.resize(reader.count());
  spec.key_kinds.resize(spec.key.size());
  for (size_t i = 0; i < spec.key.size(); ++i) {
    spec.key[i] = static_cast<uint32_t>(reader.in().varint());
    spec.key_kinds[i] = static_cast<CompareKind>(reader.in().u8());
  }
  if (!reader.in().ok() || !reader.in().at_end()) {
    return error(ErrorCode::kDataCorrupted, "a fragment's definition is malformed");
  }
  return spec;
}

uint64_t fragment_id(std::string_view definition) {
  const uint64_t hash = hash_bytes(definition);
  return hash == 0 ? 1 : hash;
}

std::string encode_fragment_params(const EvalContext& context, std::span<const Value> params) {
  std::string bytes;
  ByteWriter writer(&bytes);
  const SessionSettings& settings = context.session();
  writer.u64(static_cast<uint64_t>(context.statement_us));
  writer.u64(static_cast<uint64_t>(context.transaction_us));
  // UTC, ISO dates: nothing to look up on the other side.
  const bool plain = settings.time_zone_name == "UTC" && settings.date_output == DateOutput::kIso &&
                     settings.date_order == DateOrder::kMdy && settings.interval_style == IntervalStyle::kPostgres &&
                     settings.extra_float_digits == 1 && !settings.bytea_escape;
  writer.u8(plain ? 0 : 1);
  if (!plain) {
    writer.bytes(settings.time_zone_name);
    writer.u8(static_cast<uint8_t>(settings.date_output));
    writer.u8(static_cast<uint8_t>(settings.date_order));
    writer.u8(static_cast<uint8_t>(settings.interval_style));
    writer.u32(static_cast<uint32_t>(settings.extra_float_digits));
    writer.u8(settings.bytea_escape ? 1 : 0);
  }
  if (!params.empty()) encode_values(params, &bytes);
  return bytes;
}

absl::Status decode_fragment_params(std::string_view bytes, FragmentParams* out) {
  out->context.settings = &out->settings;
  if (bytes.empty()) return absl::OkStatus();
  ByteReader in(bytes);
  out->context.statement_us = static_cast<int64_t>(in.u64());
  out->context.transaction_us = static_cast<int64_t>(in.u64());
  if (in.u8() != 0) {
    out->settings.time_zone_name = std::string(in.bytes());
    TROUPE_ASSIGN_OR_RETURN(out->settings.time_zone, find_time_zone(out->settings.time_zone_name));
    out->settings.date_output = static_cast<DateOutput>(in.u8());
    out->settings.date_order = static_cast<DateOrder>(in.u8());
    out->settings.interval_style = static_cast<IntervalStyle>(in.u8());
    out->settings.extra_float_digits = static_cast<int>(in.u32());
    out->settings.bytea_escape = in.u8() != 0;
  }
  if (!in.ok()) return error(ErrorCode::kDataCorrupted, "a fragment's parameters are malformed");
  if (in.at_end()) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(out->params, decode_values(in.rest()));
  return absl::OkStatus();
}

}  // namespace troupe
