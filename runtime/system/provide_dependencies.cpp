/// pg_constraint, pg_depend, pg_rewrite, pg_description, pg_shdescription.
#include "runtime/plan/default_sequence.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/catalog_names.hpp"
#include "runtime/system/definitions.hpp"
#include "runtime/system/object_oids.hpp"
#include "runtime/system/providers.hpp"
#include "storage/catalog/function_def.hpp"
#include "storage/catalog/rights.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {
namespace {

/// contype; 0 for what PostgreSQL 15 keeps elsewhere.
char constraint_type(ConstraintKind kind) {
  switch (kind) {
    case ConstraintKind::primary_key: return 'p';
    case ConstraintKind::unique: return 'u';
    case ConstraintKind::check: return 'c';
    case ConstraintKind::foreign_key: return 'f';
    case ConstraintKind::exclusion: return 'x';
    case ConstraintKind::not_null: return 0;
  }
  return 0;
}

/// By its index's elements; 0 for an expression.
void write_exclusion(const Catalog& catalog, const ConstraintDef& c, RowWriter& out) {
  const IndexDef* index = catalog.find_index(c.index);
  if (index == nullptr) return;
  std::vector<int16_t> columns;
  std::vector<Oid> operators;
  const std::vector<std::string_view> names = exclusion_operators(c);
  for (size_t i = 0; i < index->columns.size(); ++i) {
    columns.push_back(index->columns[i].attnum);
    operators.push_back(operator_of(names[i], index_column_type(catalog, *index, i).first));
  }
  out.set("conkey", int2_array(columns)).set("conexclop", oid_array(operators));
}

/// `partitioned`: the table is, and so the constraint is its partitions', too.
void write_constraint(const Catalog& catalog, const ConstraintDef& c, Oid schema, Oid table, Oid domain,
                      bool partitioned, RowWriter& out) {
  const char type = constraint_type(c.kind);
  if (type == 0) return;
  const ForeignKeyDef& key = c.foreign;
  const auto action = [&](KeyAction a) { return type == 'f' ? "arcnd"[static_cast<int>(a)] : ' '; };
  const Oid index = type == 'f' ? key.index : c.index;
  out.row().set("oid", c.oid).set("conname", c.name).set("connamespace", schema).set("contype", type);
  out.set("condeferrable", c.deferrable).set("condeferred", c.initially_deferred);
  out.set("convalidated", !c.not_valid).set("conrelid", table).set("contypid", domain).set("conindid", index);
  out.set("conparentid", type == 'c' ? kNoOid : c.parent);
  out.set("confrelid", key.table).set("confupdtype", action(key.on_update)).set("confdeltype", action(key.on_delete));
  out.set("confmatchtype", type != 'f' ? ' ' : key.match_full ? 'f' : 's');
  const bool is_part = c.parent != kNoOid;
  out.set("conislocal", !c.from_parent).set("coninhcount", is_part ? 1 : 0);
  out.set("connoinherit", type != 'c' && !partitioned && !is_part);
  if (type == 'x') {
    write_exclusion(catalog, c, out);
  } else if (!c.columns.empty()) {
    out.set("conkey", int2_array(c.columns));
  }
  if (type == 'f') out.set("confkey", int2_array(key.columns));
  if (!key.on_delete_columns.empty()) out.set("confdelsetcols", int2_array(key.on_delete_columns));
  if (type == 'c') out.set("conbin", c.check_sql);
}

void catalog_constraints(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    if (object->oid < kFirstUserOid) continue;
    if (object->kind == ObjectKind::table) {
      for (const ConstraintDef& c : static_cast<const TableDef&>(*object).constraints) {
        const bool partitioned = static_cast<const TableDef&>(*object).is_partitioned();
        write_constraint(scan.catalog, c, object->schema, object->oid, kNoOid, partitioned, out);
      }
    } else if (object->kind == ObjectKind::type) {
      for (const ConstraintDef& c : static_cast<const TypeDef&>(*object).checks) {
        write_constraint(scan.catalog, c, object->schema, kNoOid, object->oid, false, out);
      }
    }
  }
}

struct Dependency {
  Oid object_class, object, referenced_class, referenced;
  int referenced_column = 0;
  char type = 'n';
};

void write_dependency(const Dependency& d, RowWriter& out) {
  out.row().set("classid", d.object_class).set("objid", d.object).set("refclassid", d.referenced_class);
  out.set("refobjid", d.referenced).set("refobjsubid", d.referenced_column).set("deptype", d.type);
}

/// The relation's row type goes with it; its columns need the row types that they are of.
void write_row_type_dependencies(const ObjectDef& relation, RowWriter& out) {
  write_dependency({kTypeClass, row_type_of(relation.oid), kRelationClass, relation.oid, 0, 'i'}, out);
  write_dependency({kTypeClass, row_array_of(relation.oid), kTypeClass, row_type_of(relation.oid), 0, 'i'}, out);
  for (const ColumnDef& column : columns_of(relation)) {
    if (column.dropped || relation_of_row_type(column.type) == kNoOid) continue;
    write_dependency({kRelationClass, relation.oid, kTypeClass, column.type}, out);
  }
}

void write_table_dependencies(const Catalog& catalog, const TableDef& table, RowWriter& out) {
  write_dependency({kRelationClass, table.oid, kNamespaceClass, table.schema}, out);
  if (table.is_partition()) write_dependency({kRelationClass, table.oid, kRelationClass, table.partition_of, 0, 'a'}, out);
  for (const ColumnDef& column : table.columns) {
    const bool serial = column.owned_sequence != kNoOid && column.identity == IdentityKind::none;
    if (column.dropped || (column.default_sql.empty() && !serial)) continue;
    const Oid value = default_oid(table.oid, column.attnum);
    write_dependency({kAttrdefClass, value, kRelationClass, table.oid, column.attnum, 'a'}, out);
    const Oid sequence = sequence_of_default(catalog, table, column);
    if (sequence != kNoOid) write_dependency({kAttrdefClass, value, kRelationClass, sequence}, out);
  }
  for (const ConstraintDef& c : table.constraints) {
    if (constraint_type(c.kind) == 0) continue;
    for (const int16_t attnum : c.columns) {
      write_dependency({kConstraintClass, c.oid, kRelationClass, table.oid, attnum, 'a'}, out);
    }
    for (const int16_t attnum : c.foreign.columns) {
      write_dependency({kConstraintClass, c.oid, kRelationClass, c.foreign.table, attnum, 'n'}, out);
    }
    if (c.kind == ConstraintKind::foreign_key) {
      write_dependency({kConstraintClass, c.oid, kRelationClass, c.foreign.index, 0, 'n'}, out);
    }
    if (c.index != kNoOid) write_dependency({kRelationClass, c.index, kConstraintClass, c.oid, 0, 'i'}, out);
  }
  for (const PolicyDef& policy : table.policies) {
    write_dependency({kPolicyClass, policy.oid, kRelationClass, table.oid, 0, 'a'}, out);
    for (const Oid read : policy.depends_on) write_dependency({kPolicyClass, policy.oid, kRelationClass, read}, out);
  }
}

void write_sequence_dependencies(const Catalog& catalog, const SequenceDef& sequence, RowWriter& out) {
  write_dependency({kRelationClass, sequence.oid, kNamespaceClass, sequence.schema}, out);
  if (sequence.owner_table == kNoOid) return;
  const TableDef* table = catalog.find_table(sequence.owner_table);
  const bool identity = table != nullptr && table->column(sequence.owner_column).identity != IdentityKind::none;
  write_dependency(
      {kRelationClass, sequence.oid, kRelationClass, sequence.owner_table, sequence.owner_column, identity ? 'i' : 'a'},
      out);
}

void write_index_dependencies(const IndexDef& index, RowWriter& out) {
  if (index.parent != kNoOid) {
    write_dependency({kRelationClass, index.oid, kRelationClass, index.parent, 0, 'P'}, out);
    write_dependency({kRelationClass, index.oid, kRelationClass, index.table, 0, 'S'}, out);
  }
  if (index.constraint || index.primary) return;  // through its constraint
  for (const IndexColumn& column : index.columns) {
    write_dependency({kRelationClass, index.oid, kRelationClass, index.table, column.attnum, 'a'}, out);
  }
}

void write_rule_dependencies(const ObjectDef& view, const Catalog& catalog, RowWriter& out) {
  write_dependency({kRewriteClass, rule_oid(view.oid), kRelationClass, view.oid, 0, 'i'}, out);
  for (const Oid used : *view_text(view)->depends_on) {
    const ObjectDef* object = catalog.find(used);
    const bool function = object != nullptr && object->kind == ObjectKind::function;
    write_dependency({kRewriteClass, rule_oid(view.oid), function ? kProcClass : kRelationClass, used}, out);
  }
}

/// On the schema and on users' types that it is made of, so that a dump makes those first.
void write_type_dependencies(const TypeDef& type, RowWriter& out) {
  write_dependency({kTypeClass, type.oid, kNamespaceClass, type.schema}, out);
  const auto on_type = [&](Oid object_class, Oid object, Oid used) {
    if (used >= kFirstUserOid) write_dependency({object_class, object, kTypeClass, used}, out);
  };
  on_type(kTypeClass, type.oid, type.base);
  if (type.array_type != kNoOid) write_dependency({kTypeClass, type.array_type, kTypeClass, type.oid, 0, 'i'}, out);
  if (type.type_kind == TypeKind::composite) {
    write_dependency({kRelationClass, type.relation, kTypeClass, type.oid, 0, 'i'}, out);
    for (const ColumnDef& attribute : type.attributes) {
      if (attribute.dropped) continue;
      on_type(kRelationClass, type.relation, attribute.domain != kNoOid ? attribute.domain : attribute.type);
    }
  }
  if (type.type_kind == TypeKind::range) {
    write_dependency({kTypeClass, type.multirange_type, kTypeClass, type.oid, 0, 'i'}, out);
  }
}

Oid class_of_object(const ObjectDef& object) {
  return object.kind == ObjectKind::function ? kProcClass : object.kind == ObjectKind::type ? kTypeClass : kRelationClass;
}

void write_function_dependencies(const FunctionDef& function, const Catalog& catalog, RowWriter& out) {
  write_dependency({kProcClass, function.oid, kNamespaceClass, function.schema}, out);
  const auto on = [&](Oid used) {
    if (relation_of_row_type(used) != kNoOid) write_dependency({kProcClass, function.oid, kTypeClass, used}, out);
    const ObjectDef* object = used >= kFirstUserOid ? catalog.find(used) : nullptr;
    if (object != nullptr) write_dependency({kProcClass, function.oid, class_of_object(*object), used}, out);
  };
  for (const Oid type : function.input_types()) on(type);
  for (const ArgumentDef* output : function.outputs()) on(output->type);
  on(function.result);
  on(function.result_relation);
  for (const Oid used : function.depends_on) on(used);
}

void write_extension_dependencies(RowWriter& out) {
  write_dependency({kNamespaceClass, kSysSchema, kExtensionClass, kTroupeExtension, 0, 'e'}, out);
  for (const SystemRelation& relation : all_system_relations()) {
    if (relation.schema != kSysSchema) continue;
    write_dependency({kRelationClass, relation.oid, kExtensionClass, kTroupeExtension, 0, 'e'}, out);
  }
}

void catalog_dependencies(const CatalogScan& scan, RowWriter& out) {
  write_extension_dependencies(out);
  for (const ObjectPtr& object : scan.catalog.objects()) {
    switch (object->kind) {
      case ObjectKind::table:
        write_table_dependencies(scan.catalog, static_cast<const TableDef&>(*object), out);
        break;
      case ObjectKind::sequence:
        write_sequence_dependencies(scan.catalog, static_cast<const SequenceDef&>(*object), out);
        break;
      case ObjectKind::index: write_index_dependencies(static_cast<const IndexDef&>(*object), out); break;
      case ObjectKind::view:
        write_dependency({kRelationClass, object->oid, kNamespaceClass, object->schema}, out);
        break;
      case ObjectKind::type: write_type_dependencies(static_cast<const TypeDef&>(*object), out); break;
      case ObjectKind::function: write_function_dependencies(static_cast<const FunctionDef&>(*object), scan.catalog, out); break;
      default: break;
    }
    if (object->schema == kSysSchema && object->kind != ObjectKind::index) {
      write_dependency({kRelationClass, object->oid, kExtensionClass, kTroupeExtension, 0, 'e'}, out);
    }
    if (has_row_type(*object)) write_row_type_dependencies(*object, out);
    if (view_text(*object)) write_rule_dependencies(*object, scan.catalog, out);
  }
}

void catalog_rules(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.views()) {
    out.row().set("oid", rule_oid(object->oid)).set("rulename", "_RETURN").set("ev_class", object->oid);
    out.set("ev_type", '1').set("ev_enabled", 'O').set("is_instead", true).set("ev_qual", "<>");
    out.set("ev_action", view_text(*object)->query_sql);
  }
}

void write_description(Oid object, Oid object_class, int column, const std::string& text, RowWriter& out) {
  if (text.empty()) return;
  out.row().set("objoid", object).set("classoid", object_class).set("objsubid", column).set("description", text);
}

void catalog_descriptions(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    switch (object->kind) {
      case ObjectKind::role:
      case ObjectKind::database:
      case ObjectKind::stream: break;  // there is no such class in PostgreSQL: sys.streams tells
      case ObjectKind::schema: write_description(object->oid, kNamespaceClass, 0, object->comment, out); break;
      case ObjectKind::publication: write_description(object->oid, kPublicationClass, 0, object->comment, out); break;
      case ObjectKind::type: write_description(object->oid, kTypeClass, 0, object->comment, out); break;
      case ObjectKind::function: write_description(object->oid, kProcClass, 0, object->comment, out); break;
      default: write_description(object->oid, kRelationClass, 0, object->comment, out); break;
    }
    const std::vector<ColumnDef>* columns = nullptr;
    if (object->kind == ObjectKind::table) columns = &static_cast<const TableDef&>(*object).columns;
    if (object->kind == ObjectKind::view) columns = &static_cast<const ViewDef&>(*object).columns;
    if (columns == nullptr) continue;
    for (const ColumnDef& column : *columns) {
      write_description(object->oid, kRelationClass, column.attnum, column.comment, out);
    }
    if (object->kind != ObjectKind::table) continue;
    for (const PolicyDef& policy : static_cast<const TableDef&>(*object).policies) {
      write_description(policy.oid, kPolicyClass, 0, policy.comment, out);
    }
  }
}

void catalog_shared_descriptions(const CatalogScan& scan, RowWriter& out) {
  for (const ObjectPtr& object : scan.catalog.objects()) {
    if (object->comment.empty()) continue;
    if (object->kind != ObjectKind::role && object->kind != ObjectKind::database) continue;
    out.row().set("objoid", object->oid);
    out.set("classoid", object->kind == ObjectKind::role ? kRoleClass : kDatabaseClass);
    out.set("description", object->comment);
  }
}

}  // namespace

void provide_dependencies(Providers& to) {
  to.catalog("pg_constraint", catalog_constraints);
  to.catalog("pg_depend", catalog_dependencies);
  to.catalog("pg_rewrite", catalog_rules);
  to.catalog("pg_description", catalog_descriptions);
  to.catalog("pg_shdescription", catalog_shared_descriptions);
}

}  // namespace troupe
