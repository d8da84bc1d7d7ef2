#include "storage/catalog/codec.hpp"

#include "storage/catalog/archive.hpp"
#include "storage/catalog/function_def.hpp"
#include "storage/catalog/publication.hpp"
#include "storage/catalog/stream_def.hpp"

namespace troupe {
namespace {

constexpr uint8_t kFormatVersion = 1;
constexpr uint8_t kDroppedKind = 0;

}  // namespace

// describe() functions are found by argument-dependent look-up, so they are in troupe itself.

template <typename Archive>
void describe(Archive& a, ColumnStatistics& s) {
  a(1, s.attnum);
  a(2, s.null_fraction);
  a(3, s.average_width);
  a(4, s.distinct);
  a(5, s.common_values);
  a(6, s.common_frequencies);
  a(7, s.histogram);
  a(8, s.correlation);
}

template <typename Archive>
void describe(Archive& a, TableStatistics& s) {
  a(1, s.row_count);
  a(2, s.size_bytes);
  a(3, s.analyzed_at_us);
  a(4, s.columns);
}

template <typename Archive>
void describe(Archive& a, AclItem& item) {
  a(1, item.grantee);
  a(2, item.grantor);
  a(3, item.privileges);
  a(4, item.grantable);
}

template <typename Archive>
void describe(Archive& a, Acl& acl) {
  a(1, acl.given);
  a(2, acl.items);
}

template <typename Archive>
void describe(Archive& a, DefaultAcl& d) {
  a(1, d.oid);
  a(2, d.role);
  a(3, d.object_type);
  a(4, d.acl);
}

template <typename Archive>
void describe(Archive& a, Membership& m) {
  a(1, m.role);
  a(2, m.admin);
  a(3, m.grantor);
}

template <typename Archive>
void describe(Archive& a, RoleSettings& s) {
  a(1, s.role);
  a(2, s.settings);
}

template <typename Archive>
void describe(Archive& a, ColumnDef& c) {
  a(1, c.attnum);
  a(2, c.name);
  a(3, c.type);
  a(4, c.typmod);
  a(5, c.physical);
  a(6, c.collation);
  a(7, c.not_null);
  a(8, c.dropped);
  a(9, c.identity);
  a(10, c.generated_stored);
  a(11, c.default_sql);
  a(12, c.missing);
  a(13, c.owned_sequence);
  a(14, c.comment);
  a(15, c.domain);
  a(16, c.acl);
  a(17, c.inherited);
  a(18, c.from_parent);
}

template <typename Archive>
void describe(Archive& a, ForeignKeyDef& f) {
  a(1, f.table);
  a(2, f.columns);
  a(3, f.match_full);
  a(4, f.on_update);
  a(5, f.on_delete);
  a(6, f.on_delete_columns);
  a(7, f.index);
}

template <typename Archive>
void describe(Archive& a, ConstraintDef& c) {
  a(1, c.oid);
  a(2, c.kind);
  a(3, c.name);
  a(4, c.columns);
  a(5, c.check_sql);
  a(6, c.index);
  a(7, c.foreign);
  a(8, c.deferrable);
  a(9, c.initially_deferred);
  a(10, c.not_valid);
  a(11, c.parent);
  a(12, c.from_parent);
}

template <typename Archive>
void describe(Archive& a, PartitionKeyPart& p) {
  a(1, p.attnum);
  a(2, p.expression_sql);
  a(3, p.type);
  a(4, p.typmod);
  a(5, p.physical);
  a(6, p.operator_class);
  a(7, p.collation);
}

template <typename Archive>
void describe(Archive& a, PartitionKeyDef& k) {
  a(1, k.method);
  a(2, k.parts);
}

template <typename Archive>
void describe(Archive& a, BoundDatum& d) {
  a(1, d.kind);
  a(2, d.value);
}

template <typename Archive>
void describe(Archive& a, PartitionBoundDef& b) {
  a(1, b.method);
  a(2, b.is_default);
  a(3, b.values);
  a(4, b.lower);
  a(5, b.upper);
  a(6, b.modulus);
  a(7, b.remainder);
}

template <typename Archive>
void describe(Archive& a, PolicyDef& p) {
  a(1, p.oid);
  a(2, p.name);
  a(3, p.command);
  a(4, p.permissive);
  a(5, p.roles);
  a(6, p.using_sql);
  a(7, p.check_sql);
  a(8, p.depends_on);
  a(9, p.comment);
}

template <typename Archive>
void describe(Archive& a, PublishedTable& t) {
  a(1, t.oid);
  a(2, t.table);
  a(3, t.columns);
  a(4, t.filter_sql);
  a(5, t.filter_columns);
}

template <typename Archive>
void describe(Archive& a, PublishedSchema& s) {
  a(1, s.oid);
  a(2, s.schema);
}

template <typename Archive>
void describe(Archive& a, StreamedTable& t) {
  a(1, t.table);
  a(2, t.columns);
  a(3, t.filter_sql);
  a(4, t.filter_columns);
}

template <typename Archive>
void describe(Archive& a, WebhookDef& w) {
  a(1, w.url);
  a(2, w.secrets);
  a(3, w.headers);
  a(4, w.timeout_us);
  a(5, w.retry_first_us);
  a(6, w.retry_longest_us);
  a(7, w.enabled);
}

template <typename Archive>
void describe(Archive& a, ConsumerGroupDef& g) {
  a(1, g.oid);
  a(2, g.name);
  a(3, g.partitions);
  a(4, g.ack_timeout_us);
  a(5, g.max_deliveries);
  a(6, g.version);
  a(7, g.webhook);
}

template <typename Archive>
void describe(Archive& a, IndexColumn& c) {
  a(1, c.attnum);
  a(2, c.descending);
  a(3, c.nulls_first);
  a(4, c.expression_sql);
  a(5, c.type);
  a(6, c.typmod);
  a(7, c.physical);
  a(8, c.name);
}

template <typename Archive>
void describe(Archive& a, ArgumentDef& d) {
  a(1, d.mode);
  a(2, d.name);
  a(3, d.type);
  a(4, d.default_sql);
  a(5, d.domain);
}

template <typename Archive>
void describe(Archive& a, SupportFunction& f) {
  a(1, f.function);
  a(2, f.name);
}

template <typename Archive>
void describe(Archive& a, AggregateDef& g) {
  a(1, g.state);
  a(2, g.transition);
  a(3, g.final_function);
  a(4, g.final_extra);
  a(5, g.has_initial);
  a(6, g.initial);
  a(7, g.combine);
  a(8, g.serial);
  a(9, g.deserial);
  a(10, g.moving_state);
  a(11, g.moving);
  a(12, g.inverse);
  a(13, g.moving_final);
  a(14, g.moving_final_extra);
  a(15, g.has_moving_initial);
  a(16, g.moving_initial);
  a(17, g.final_modify);
  a(18, g.moving_final_modify);
  a(19, g.sort_operator);
  a(20, g.state_bytes);
  a(21, g.moving_state_bytes);
}

namespace {

/// Fields 1 to 9 are every object's; each kind goes on from 10.
template <typename Archive>
void describe_common(Archive& a, ObjectDef& o) {
  a(1, o.oid);
  a(2, o.schema);
  a(3, o.owner);
  a(4, o.name);
  a(5, o.comment);
  a(6, o.acl);
}

template <typename Archive>
void describe_rest(Archive& a, TableDef& t) {
  a(10, t.tree);
  a(11, t.columns);
  a(12, t.primary_key);
  a(13, t.constraints);
  a(14, t.indexes);
  a(15, t.options);
  a(16, t.unlogged);
  std::string statistics = t.statistics ? encode_statistics(*t.statistics) : std::string();
  a(17, statistics);
  if (!statistics.empty()) {
    auto decoded = decode_statistics(statistics);
    if (decoded.ok()) t.statistics = std::make_shared<const TableStatistics>(*std::move(decoded));
  }
  a(18, t.referenced_by);
  a(19, t.temporary);
  a(20, t.on_commit);
  a(21, t.query_sql);
  a(22, t.depends_on);
  a(23, t.populated);
  a(24, t.partition_key);
  a(25, t.partitions);
  a(26, t.partition_of);
  a(27, t.bound);
  a(40, t.row_security);
  a(41, t.force_row_security);
  a(42, t.policies);
  a(43, t.replica_identity);
  a(44, t.replica_index);
}

template <typename Archive>
void describe_rest(Archive& a, IndexDef& i) {
  a(10, i.table);
  a(11, i.tree);
  a(12, i.unique);
  a(13, i.primary);
  a(14, i.constraint);
  a(15, i.building);
  a(16, i.method);
  a(17, i.columns);
  a(18, i.predicate_sql);
  a(19, i.options);
  a(20, i.included);
  a(21, i.nulls_not_distinct);
  a(22, i.parent);
  a(23, i.incomplete);
  a(24, i.deferrable);
  a(25, i.exclusion);
}

template <typename Archive>
void describe_rest(Archive& a, SequenceDef& s) {
  a(10, s.type);
  a(11, s.start);
  a(12, s.increment);
  a(13, s.minimum);
  a(14, s.maximum);
  a(15, s.cache);
  a(16, s.cycle);
  a(17, s.owner_table);
  a(18, s.owner_column);
}

template <typename Archive>
void describe_rest(Archive& a, ViewDef& v) {
  a(10, v.query_sql);
  a(11, v.columns);
  a(12, v.depends_on);
  a(13, v.options);
  a(14, v.changes);
  a(15, v.changes_columns);
}

template <typename Archive>
void describe_rest(Archive& a, TypeDef& t) {
  a(10, t.type_kind);
  a(11, t.labels);
  a(12, t.base);
  a(13, t.base_typmod);
  a(14, t.not_null);
  a(15, t.default_sql);
  a(16, t.checks);
  a(17, t.array_type);
  a(18, t.label_values);
  a(19, t.label_oids);
  a(20, t.attributes);
  a(21, t.relation);
  a(22, t.multirange_type);
  a(23, t.multirange_array);
  a(24, t.multirange_name);
  a(25, t.subtype_diff);
}

template <typename Archive>
void describe_rest(Archive& a, RoleDef& r) {
  a(10, r.superuser);
  a(11, r.can_login);
  a(12, r.create_role);
  a(13, r.create_database);
  a(14, r.inherit);
  a(15, r.replication);
  a(16, r.connection_limit);
  a(17, r.password);
  a(19, r.member_of);
  a(20, r.bypass_row_security);
  a(21, r.valid_until);
  a(22, r.settings);
}

template <typename Archive>
void describe_rest(Archive& a, DatabaseDef& d) {
  a(10, d.encoding);
  a(11, d.collation);
  a(12, d.connection_limit);
  a(13, d.options);
  a(14, d.is_template);
  a(15, d.allow_connections);
  a(16, d.role_settings);
  a(17, d.default_acls);
}

template <typename Archive>
void describe_rest(Archive& a, PublicationDef& p) {
  a(10, p.database);
  a(11, p.all_tables);
  a(12, p.inserts);
  a(13, p.updates);
  a(14, p.deletes);
  a(15, p.truncates);
  a(16, p.via_root);
  a(17, p.tables);
  a(18, p.schemas);
}

template <typename Archive>
void describe_rest(Archive& a, StreamDef& s) {
  a(10, s.tables);
  a(11, s.envelope);
  a(12, s.retention_us);
  a(13, s.snapshot);
  a(14, s.groups);
}

template <typename Archive>
void describe_rest(Archive& a, SchemaDef& s) {
  a(10, s.database);
  a(11, s.default_acls);
}

template <typename Archive>
void describe_rest(Archive& a, FunctionDef& f) {
  a(10, f.procedure);
  a(11, f.arguments);
  a(12, f.result);
  a(13, f.returns_set);
  a(14, f.strict);
  a(15, f.security_definer);
  a(16, f.leakproof);
  a(17, f.volatility);
  a(18, f.parallel);
  a(19, f.cost);
  a(20, f.rows);
  a(21, f.settings);
  a(22, f.body);
  a(23, f.sql_body);
  a(24, f.depends_on);
  a(25, f.result_domain);
  a(26, f.signature);
  a(27, f.path);
  a(28, f.result_relation);
  a(29, f.aggregate);
}

template <typename Archive, typename Def>
void describe_object(Archive& a, Def& object) {
  describe_common(a, object);
  describe_rest(a, object);
}

template <typename Archive>
void describe_any(Archive& a, ObjectDef& object) {
  switch (object.kind) {
    case ObjectKind::schema: return describe_object(a, static_cast<SchemaDef&>(object));
    case ObjectKind::table: return describe_object(a, static_cast<TableDef&>(object));
    case ObjectKind::index: return describe_object(a, static_cast<IndexDef&>(object));
    case ObjectKind::sequence: return describe_object(a, static_cast<SequenceDef&>(object));
    case ObjectKind::view: return describe_object(a, static_cast<ViewDef&>(object));
    case ObjectKind::type: return describe_object(a, static_cast<TypeDef&>(object));
    case ObjectKind::role: return describe_object(a, static_cast<RoleDef&>(object));
    case ObjectKind::database: return describe_object(a, static_cast<DatabaseDef&>(object));
    case ObjectKind::function: return describe_object(a, static_cast<FunctionDef&>(object));
    case ObjectKind::publication: return describe_object(a, static_cast<PublicationDef&>(object));
    case ObjectKind::stream: return describe_object(a, static_cast<StreamDef&>(object));
  }
}

}  // namespace

std::string encode_object(const ObjectDef& object) {
  std::string out;
  ByteWriter head(&out);
  head.u8(kFormatVersion);
  head.u8(static_cast<uint8_t>(object.kind));
  FieldWriter archive(&out);
  describe_any(archive, const_cast<ObjectDef&>(object));  // a writer only reads
  return out;
}

absl::StatusOr<std::shared_ptr<ObjectDef>> decode_object(std::string_view bytes) {
  ByteReader in(bytes);
  const uint8_t version = in.u8();
  const uint8_t kind = in.u8();
  if (!in.ok() || version != kFormatVersion) {
    return error(ErrorCode::kDataCorrupted, "a catalog object has format version ", version, ", expected ",
                 kFormatVersion);
  }
  std::shared_ptr<ObjectDef> object = make_object(static_cast<ObjectKind>(kind));
  if (object == nullptr) return error(ErrorCode::kDataCorrupted, "a catalog object is of unknown kind ", kind);
  FieldReader archive(in.rest());
  describe_any(archive, *object);
  if (!archive.ok()) return error(ErrorCode::kDataCorrupted, "catalog object ", object->oid, " is damaged");
  return object;
}

std::string encode_dropped() {
  std::string out;
  ByteWriter head(&out);
  head.u8(kFormatVersion);
  head.u8(kDroppedKind);
  return out;
}

std::string encode_statistics(const TableStatistics& statistics) {
  std::string out;
  FieldWriter archive(&out);
  describe(archive, const_cast<TableStatistics&>(statistics));  // a writer only reads
  return out;
}

absl::StatusOr<TableStatistics> decode_statistics(std::string_view bytes) {
  TableStatistics statistics;
  FieldReader archive(bytes);
  describe(archive, statistics);
  if (!archive.ok()) return error(ErrorCode::kDataCorrupted, "table statistics are damaged");
  return statistics;
}

}  // namespace troupe
