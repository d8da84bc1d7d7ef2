/// Which definitions call a function, and which functions need an object.
#include <algorithm>

#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/ddl_rights.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/types/resolve.hpp"
#include "storage/catalog/row_type.hpp"

namespace troupe {

std::string ddl_expression_text(const sql::Expr& expr, const DdlBuilder& ddl) {
  sql::NameTexts texts;
  texts.function = [&](const sql::FunctionCall& call) -> std::optional<std::string> {
    if (auto bound = function_text(call, ddl.binder().functions_found, ddl.catalog())) return bound;
    const std::string_view name = call.name.back();
    if (call.name.size() > 1 || is_function(name) || is_aggregate(name)) return std::nullopt;
    for (const Oid schema : ddl.context().search_path) {
      if (ddl.catalog().functions(schema, name).empty()) continue;
      return cat(sql::quote_identifier(ddl.catalog().find(schema)->name), ".", sql::quote_identifier(name));
    }
    return std::nullopt;
  };
  // There is no other table, and this one may get another name, partitions and copies.
  texts.column = [](const sql::ColumnRef& ref) -> std::optional<std::string> {
    if (ref.star || ref.name.size() < 2) return std::nullopt;
    return sql::quote_identifier(ref.name.back());
  };
  return sql::to_sql(expr, texts);
}

absl::StatusOr<bool> ddl_is_immutable(const sql::Expr& expr, const std::shared_ptr<BoundRelation>& relation,
                                      Clause clause, const DdlBuilder& ddl) {
  Binder binder(ddl.context());
  binder.inlines = false;
  TROUPE_ASSIGN_OR_RETURN(const ExprPtr value, binder.bind_table_expression(expr, relation, clause));
  return volatility_of(*value) == Volatility::kImmutable;
}

std::string ddl_function_name(const FunctionDef& function) {
  std::string text = cat(function.name, "(");
  bool first = true;
  for (const Oid type : function.input_types()) {
    text += cat(first ? "" : ",", format_type(type));
    first = false;
  }
  return text + ")";
}

namespace {

/// Looks for calls of one function in stored texts.
class UseFinder {
 public:
  UseFinder(const FunctionDef& function, const DdlBuilder& ddl) : function_{function}, ddl_{ddl} {}

  void look_at(const TableDef& table) {
    const auto shared = std::make_shared<TableDef>(table);
    for (const ColumnDef& column : table.columns) {
      if (column.dropped || !may_call(column.default_sql)) continue;
      const bool calls =
          column.generated_stored
              ? binds([&](Binder& b) { return b.bind_generated(column, ddl_relation_of(table)).status(); })
              : binds([&](Binder& b) { return b.bind_default(table, column).status(); });
      const auto kind = column.generated_stored ? FunctionUse::Kind::kGenerated : FunctionUse::Kind::kDefault;
      if (calls) uses.push_back({kind, shared, column.attnum, {}});
    }
    for (const ConstraintDef& check : table.constraints) {
      if (!may_call(check.check_sql)) continue;
      if (binds([&](Binder& b) { return b.bind_check(check, ddl_relation_of(table)).status(); })) {
        uses.push_back({FunctionUse::Kind::kCheck, shared, 0, check.name});
      }
    }
    for (const Oid oid : table.indexes) {
      const auto* index = static_cast<const IndexDef*>(ddl_.find(oid));
      if (index == nullptr || !index->has_terms()) continue;
      bool may = may_call(index->predicate_sql);
      for (const IndexColumn& column : index->columns) may = may || may_call(column.expression_sql);
      if (!may || !binds([&](Binder& b) { return b.bind_index(*index, ddl_relation_of(table)).status(); })) continue;
      uses.push_back({FunctionUse::Kind::kIndex, std::make_shared<IndexDef>(*index), 0, {}});
    }
  }

  void look_at(const TypeDef& domain) {
    for (const ConstraintDef& check : domain.checks) {
      if (!may_call(check.check_sql)) continue;
      const auto bind = [&](Binder& b) {
        return b.bind_domain_constraint(domain, check, make_null(Type{domain.base})).status();
      };
      if (binds(bind)) uses.push_back({FunctionUse::Kind::kCheck, std::make_shared<TypeDef>(domain), 0, check.name});
    }
  }

  std::vector<FunctionUse> uses;

 private:
  bool may_call(std::string_view text) const { return text.find(function_.name) != std::string_view::npos; }
  template <typename Bind>
  bool binds(const Bind& bind) const {
    Binder binder(ddl_.context());
    binder.inlines = false;
    if (!bind(binder).ok()) return false;
    return std::any_of(binder.dependencies.begin(), binder.dependencies.end(),
                       [this](const PlanDependency& on) { return on.oid == function_.oid; });
  }

  const FunctionDef& function_;
  const DdlBuilder& ddl_;
};

}  // namespace

bool ddl_function_has_type(const FunctionDef& function, const TypeDef& type) {
  const auto is = [&](Oid oid) {
    return oid != kNoOid &&
           (oid == type.oid || oid == type.array_type || oid == type.multirange_type || oid == type.multirange_array);
  };
  return is(function.result) || is(function.result_domain) ||
         std::any_of(function.arguments.begin(), function.arguments.end(),
                     [&](const ArgumentDef& argument) { return is(argument.type) || is(argument.domain); });
}

std::vector<FunctionUse> ddl_uses_of_function(const FunctionDef& function, const DdlBuilder& ddl) {
  UseFinder finder(function, ddl);
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::table)) {
    const ObjectDef* now = ddl.find(object->oid);
    if (now != nullptr) finder.look_at(static_cast<const TableDef&>(*now));
  }
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::type)) {
    const ObjectDef* now = ddl.find(object->oid);
    if (now != nullptr) finder.look_at(static_cast<const TypeDef&>(*now));
  }
  return std::move(finder.uses);
}

std::string ddl_describe_use(const FunctionUse& use, const DdlBuilder& ddl) {
  const std::string object = ddl_describe(*use.object, ddl);
  switch (use.kind) {
    case FunctionUse::Kind::kIndex: return object;
    case FunctionUse::Kind::kCheck:
      return cat("constraint ", use.name, use.object->kind == ObjectKind::type ? "" : " on ",
                 use.object->kind == ObjectKind::type ? "" : object);
    case FunctionUse::Kind::kGenerated:
    case FunctionUse::Kind::kDefault: break;
  }
  const auto& table = static_cast<const TableDef&>(*use.object);
  const std::string column = cat("column ", table.column(use.attnum).name, " of ", object);
  return use.kind == FunctionUse::Kind::kGenerated ? column : cat("default value for ", column);
}

absl::Status ddl_drop_use(const FunctionUse& use, DdlBuilder& ddl) {
  if (use.object->kind == ObjectKind::type) {
    auto domain = std::make_shared<TypeDef>(static_cast<const TypeDef&>(*ddl.find(use.object->oid)));
    std::erase_if(domain->checks, [&](const ConstraintDef& check) { return check.name == use.name; });
    ddl.put(std::move(domain));
    return absl::OkStatus();
  }
  if (use.kind == FunctionUse::Kind::kIndex) {
    const ObjectDef* now = ddl.find(use.object->oid);
    if (now == nullptr) return absl::OkStatus();
    const auto index = std::make_shared<IndexDef>(static_cast<const IndexDef&>(*now));
    auto table = ddl.edit_table(index->table);
    ddl.lock(table->oid);
    std::erase(table->indexes, index->oid);
    ddl_drop_index(*index, ddl);
    ddl.put(std::move(table));
    return absl::OkStatus();
  }
  auto table = ddl.edit_table(use.object->oid);
  ddl.lock(table->oid);
  if (use.kind == FunctionUse::Kind::kCheck) {
    std::erase_if(table->constraints, [&](const ConstraintDef& c) { return c.name == use.name; });
  } else if (use.kind == FunctionUse::Kind::kGenerated) {
    const std::string name = table->column(use.attnum).name;
    TROUPE_RETURN_IF_ERROR(ddl_drop_column(name, sql::DropBehavior::kCascade, table.get(), ddl));
  } else {
    table->columns[static_cast<size_t>(use.attnum - 1)].default_sql.clear();
  }
  ddl.put(std::move(table));
  return absl::OkStatus();
}

absl::Status ddl_rename_in_functions(const NewName& renamed, DdlBuilder& ddl) {
  const SchemaDef* schema = ddl.catalog().find_schema(renamed.schema);
  for (const ObjectPtr& object : ddl.catalog().objects(ObjectKind::function)) {
    const auto& function = static_cast<const FunctionDef&>(*object);
    if (renamed.relation.empty() && schema != nullptr && function.schema == schema->oid &&
        !ddl_uses_of_function(function, ddl).empty()) {
      return not_supported_yet("renaming a schema with functions that tables' definitions call");
    }
    if (function.sql_body.empty()) continue;
    TROUPE_ASSIGN_OR_RETURN(const auto parsed, sql::parse_sql(function.body));
    std::string body;
    for (const sql::RawStatement& raw : parsed->statements()) {
      body += cat(body.empty() ? "" : "; ", renamed_text(parsed->text_of(raw), renamed));
    }
    if (body == function.body) continue;
    auto changed = std::make_shared<FunctionDef>(function);
    changed->body = std::move(body);
    ddl.put(std::move(changed));
  }
  return absl::OkStatus();
}

std::vector<FunctionPtr> ddl_functions_of(const ObjectDef& object, const DdlBuilder& ddl) {
  std::vector<FunctionPtr> found;
  const bool rows = has_row_type(object);
  const TypeDef type = rows                              ? row_type_def(object)
                       : object.kind == ObjectKind::type ? static_cast<const TypeDef&>(object)
                                                         : TypeDef();
  for (const ObjectPtr& each : ddl.catalog().objects(ObjectKind::function)) {
    if (ddl.find(each->oid) == nullptr || each->oid == object.oid) continue;
    const auto function = std::static_pointer_cast<const FunctionDef>(each);
    const auto& on = function->depends_on;
    const bool uses = std::find(on.begin(), on.end(), object.oid) != on.end() ||
                      function->result_relation == object.oid || ddl_function_has_type(*function, type);
    if (uses) found.push_back(function);
  }
  // Those that take or return its rows depend on its row type, and are told of first.
  std::stable_partition(found.begin(), found.end(), [&](const FunctionPtr& f) {
    return f->result_relation == object.oid || (rows && ddl_function_has_type(*f, type));
  });
  return found;
}

}  // namespace troupe
