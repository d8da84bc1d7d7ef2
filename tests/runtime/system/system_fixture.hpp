#pragma once
/// A small catalog and a session over it: table app-like objects in public, as in the comments.
#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/plan/catalog_types.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/system/relation_cache.hpp"
#include "runtime/system/system_functions.hpp"
#include "runtime/system/system_tables.hpp"
#include "runtime/types/text_io.hpp"

namespace troupe {

inline constexpr Oid kTable = 16384, kKeyIndex = 16385, kNameIndex = 16386, kSequence = 16387, kView = 16388,
                     kMood = 16389, kAlice = 16390, kUnique = 16391, kIdentitySequence = 16392, kPositive = 16393;
inline constexpr Oid kKeyConstraint = 16400, kUniqueConstraint = 16401, kCheckConstraint = 16402;

inline ColumnDef column(int16_t attnum, std::string name, Oid type, int32_t typmod = -1) {
  ColumnDef out;
  out.attnum = attnum;
  out.name = std::move(name);
  out.type = type;
  out.typmod = typmod;
  out.physical = physical_of(Type{type, typmod});
  return out;
}

/// CREATE TABLE orders (id serial PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', price numeric(8,2)
///   CONSTRAINT orders_price_check CHECK (price > 0), tags text[], u int GENERATED ALWAYS AS IDENTITY UNIQUE)
inline std::shared_ptr<TableDef> make_orders() {
  auto table = std::make_shared<TableDef>();
  table->oid = kTable;
  table->schema = kPublicSchema;
  table->name = "orders";
  table->comment = "what was ordered";
  table->tree = 100;
  table->columns = {column(1, "id", oid::kInt4), column(2, "name", oid::kVarchar, 24),
                    column(3, "price", oid::kNumeric, (8 << 16) + 2 + 4), column(4, "tags", oid::kTextArray),
                    column(5, "u", oid::kInt4)};
  table->columns[0].not_null = true;
  table->columns[0].default_sql = "nextval('orders_id_seq'::regclass)";
  table->columns[0].owned_sequence = kSequence;
  table->columns[1].not_null = true;
  table->columns[1].default_sql = "'x'::character varying";
  table->columns[1].comment = "of the customer";
  table->columns[4].not_null = true;
  table->columns[4].identity = IdentityKind::always;
  table->columns[4].owned_sequence = kIdentitySequence;
  table->primary_key = {1};
  table->indexes = {kKeyIndex, kNameIndex, kUnique};
  table->constraints = {{kKeyConstraint, ConstraintKind::primary_key, "orders_pkey", {1}, "", kKeyIndex},
                        {kUniqueConstraint, ConstraintKind::unique, "orders_u_key", {5}, "", kUnique},
                        {kCheckConstraint, ConstraintKind::check, "orders_price_check", {3}, "price > 0", kNoOid}};
  return table;
}

inline IndexColumn key_column(int16_t attnum, bool descending = false) {
  IndexColumn out;
  out.attnum = attnum;
  out.descending = out.nulls_first = descending;
  return out;
}

inline std::shared_ptr<IndexDef> make_index(Oid oid, std::string name, std::vector<IndexColumn> columns) {
  auto index = std::make_shared<IndexDef>();
  index->oid = oid;
  index->schema = kPublicSchema;
  index->name = std::move(name);
  index->table = kTable;
  index->columns = std::move(columns);
  return index;
}

inline CatalogPtr make_catalog() {
  auto key = make_index(kKeyIndex, "orders_pkey", {key_column(1)});
  key->unique = key->primary = key->constraint = true;
  auto unique = make_index(kUnique, "orders_u_key", {key_column(5)});
  unique->unique = unique->constraint = true;
  auto by_name = make_index(kNameIndex, "orders_by_name", {key_column(2), key_column(3, true)});
  by_name->predicate_sql = "price > 1";
  auto sequence = std::make_shared<SequenceDef>();
  sequence->oid = kSequence;
  sequence->schema = kPublicSchema;
  sequence->name = "orders_id_seq";
  sequence->type = oid::kInt4;
  sequence->maximum = INT32_MAX;
  sequence->owner_table = kTable;
  sequence->owner_column = 1;
  auto identity = std::make_shared<SequenceDef>(*sequence);
  identity->oid = kIdentitySequence;
  identity->name = "orders_u_seq";
  identity->owner_column = 5;
  auto view = std::make_shared<ViewDef>();
  view->oid = kView;
  view->schema = kPublicSchema;
  view->name = "cheap";
  view->query_sql = "SELECT id FROM orders WHERE price < 10";
  view->columns = {column(1, "id", oid::kInt4)};
  view->depends_on = {kTable};
  auto mood = std::make_shared<TypeDef>();
  mood->oid = kMood;
  mood->schema = kPublicSchema;
  mood->name = "mood";
  mood->labels = {"sad", "ok", "happy"};
  auto positive = std::make_shared<TypeDef>();
  positive->oid = kPositive;
  positive->schema = kPublicSchema;
  positive->name = "positive";
  positive->type_kind = TypeKind::domain;
  positive->base = oid::kInt4;
  auto alice = std::make_shared<RoleDef>();
  alice->oid = kAlice;
  alice->name = "alice";
  alice->can_login = true;
  const std::vector<CatalogChange> changes = {{kTable, make_orders()}, {kKeyIndex, key},
                                              {kUnique, unique},       {kNameIndex, by_name},
                                              {kSequence, sequence},   {kView, view},
                                              {kMood, mood},           {kAlice, alice},
                                              {kPositive, positive},   {kIdentitySequence, identity}};
  return Catalog::bootstrap()->in_database(kDefaultDatabase)->with_changes(changes, 5).value();
}

class TestSession final : public SystemSession {
 public:
  TestSession() {
    static const bool registered = [] {
      register_system_functions(function_registry());
      return true;
    }();
    (void)registered;
    know_types(*catalog_);  // as a session does: tables' row types among them
  }

  const CatalogPtr& catalog() const override { return catalog_; }
  const SessionParameters& parameters() const override { return parameters_; }
  absl::Status set_parameter(std::string_view name, std::string_view value, bool local) override {
    return parameters_.set(name, value, {.scope = local ? SetScope::kLocal : SetScope::kSession});
  }
  Oid user() const override { return user_; }
  RelationCache* relation_cache() const override { return &cache_; }
  int32_t process_id() const override { return 4711; }
  std::vector<ActorInfo> actors() const override {
    return {{7, 1, "partition", "partition.0", "running", 2, 99, 1.5, 1}};
  }
  std::vector<LockInfo> locks() const override {
    LockInfo lock;
    lock.kind = "relation";
    lock.relation = kTable;
    lock.holder = "3/1";
    lock.process_id = 4711;
    lock.mode = "AccessShareLock";
    return {lock};
  }
  absl::StatusOr<bool> cancel_session(int32_t process_id) override { return process_id == 4712; }

  CatalogPtr catalog_ = make_catalog();
  SessionParameters parameters_{std::make_shared<const ParameterDefaults>()};
  mutable RelationCache cache_;
  Oid user_ = kBootstrapRole;
};

/// Rows of a system relation as text, by column name.
class Rows {
 public:
  Rows(const SystemSession& session, std::string_view name, Oid schema = kPgCatalogSchema)
      : names_{session}, relation_{find_system_relation(schema, name)} {
    REQUIRE(relation_ != nullptr);
    batches_ = scan_system_relation(*relation_, session);
  }

  size_t count() const {
    size_t total = 0;
    for (const Batch& batch : batches_) total += batch.rows;
    return total;
  }
  std::string text(const Batch& batch, uint32_t row, std::string_view column) const {
    for (size_t i = 0; i < relation_->columns.size(); ++i) {
      if (relation_->columns[i].name != column) continue;
      if (batch.columns[i].is_null(row)) return "NULL";
      EvalContext context;
      context.names = &names_;
      return to_text(relation_->columns[i].type, batch.columns[i].value(row), context);
    }
    FAIL("no column " << column);
    return {};
  }
  /// `columns` of every row where all of `where` hold, joined by |, rows by newline.
  std::string select(std::vector<std::string> columns,
                     std::vector<std::pair<std::string, std::string>> where = {}) const {
    std::string out;
    for (const Batch& batch : batches_) {
      for (uint32_t row = 0; row < batch.rows; ++row) {
        bool fits = true;
        for (const auto& [name, value] : where) fits &= text(batch, row, name) == value;
        if (!fits) continue;
        if (!out.empty()) out += "\n";
        for (size_t i = 0; i < columns.size(); ++i) out += (i == 0 ? "" : "|") + text(batch, row, columns[i]);
      }
    }
    return out;
  }
  const std::vector<Batch>& batches() const { return batches_; }

 private:
  CatalogNames names_;
  const SystemRelation* relation_;
  std::vector<Batch> batches_;
};

/// Calls a registered function; arguments as text of their types.
inline absl::StatusOr<std::string> call(SystemSession& session, std::string_view name,
                                        std::vector<std::pair<Oid, std::string>> arguments = {}) {
  const CatalogNames names(session);
  EvalContext context;
  context.names = &names;
  context.extension = &session;
  std::vector<Type> types;
  std::vector<Value> values;
  for (const auto& [type, text] : arguments) {
    types.push_back({type});
    values.push_back(parse_text({type}, text, context).value());
  }
  for (const Function* f : function_registry().functions(name)) {
    bool fits = f->arguments.size() == types.size();
    for (size_t i = 0; fits && i < types.size(); ++i) fits = f->arguments[i] == types[i].oid;
    if (!fits) continue;
    const BoundFunction bound{f, types, {f->result}};
    TROUPE_ASSIGN_OR_RETURN(const Value result, call_function(bound, std::span<const Value>(values), context));
    return result.is_null() ? std::string("NULL") : to_text({f->result}, result, context);
  }
  return error(ErrorCode::kUndefinedFunction, "no such function: ", name);
}

}  // namespace troupe
