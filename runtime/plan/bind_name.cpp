/// Names of columns, relations and types.
#include <algorithm>

#include "runtime/plan/binder.hpp"
#include "runtime/plan/continuous_program.hpp"
#include "runtime/plan/definition_notes.hpp"
#include "runtime/types/resolve.hpp"

namespace troupe {

Binder::Binder(const PlanContext& context)
    : rights{*context.catalog, context.role},
      context_{context},
      eval_{context.eval != nullptr ? context.eval : &default_eval_},
      frame_{context.function},
      search_path_{context.search_path} {
  parameters.assign(context.parameters.begin(), context.parameters.end());
  for (Type& type : parameters) {
    if (type.oid == oid::kInvalid) type = Type{};
  }
}

void Binder::depend_on(const ObjectDef& object) {
  for (const PlanDependency& known : dependencies) {
    if (known.oid == object.oid) return;
  }
  dependencies.push_back({object.oid, object.version});
}

// --- columns ---

namespace {

/// The column with its place in the text. One that was made just now is nobody else's yet and needs no copy.
ExprPtr positioned(ExprPtr column, uint32_t position) {
  if (column.use_count() == 1) {
    const_cast<Expr&>(*column).position = position;
    return column;
  }
  auto placed = std::make_shared<Expr>(*column);
  placed->position = position;
  return placed;
}

}  // namespace

std::string dotted(sql::Name name) {
  std::string text;
  for (const std::string_view part : name) text += cat(text.empty() ? "" : ".", part);
  return text;
}

namespace {

/// `t.f` where f is no column, as f(t.*).
struct AttributeCall {
  sql::ColumnRef row;
  sql::FunctionCall call;
  const sql::Expr* argument = &row;
};

std::shared_ptr<AttributeCall> attribute_call(const sql::ColumnRef& column) {
  auto made = std::make_shared<AttributeCall>();
  made->row.kind = sql::ColumnRef::kKind;
  made->row.position = made->call.position = column.position;
  made->row.name = column.name.first(column.name.size() - 1);
  made->row.star = true;
  made->call.kind = sql::FunctionCall::kKind;
  made->call.name = sql::Name(&column.name.back(), 1);
  made->call.arguments = sql::ExprList(&made->argument, 1);
  return made;
}

}  // namespace

absl::StatusOr<ExprPtr> Binder::bind_column(const sql::ColumnRef& column, const Site& site) {
  if (column.star) return bind_star(column, site);
  const std::string_view name = column.name.back();
  const bool qualified = column.name.size() > 1;
  const std::string_view alias = qualified ? column.name[column.name.size() - 2] : std::string_view();
  const std::string_view schema = column.name.size() > 2 ? column.name[column.name.size() - 3] : std::string_view();
  if (column.name.size() > 4 || (column.name.size() == 4 && column.name[0] != eval().database)) {
    return check_qualified(column.name, 3, column);
  }
  for (const Scope* scope = site.scope; scope != nullptr; scope = scope->outer) {
    ExprPtr found;
    LookupResult result = LookupResult::kNotFound;
    bool item_found = false;
    for (const auto& item : scope->items) {
      const FromNames* place = qualified ? find_item(*item, schema, alias) : item.get();
      if (place == nullptr) continue;
      item_found = true;
      ExprPtr candidate;
      LookupResult one = find_column(*place, name, &candidate);
      if (one == LookupResult::kNotFound && name == "tableoid") {
        candidate = table_oid(*place, *scope);
        if (candidate) one = LookupResult::kFound;
      }
      if (one == LookupResult::kNotFound) continue;
      if (one == LookupResult::kAmbiguous || result == LookupResult::kFound) {
        return fail(ErrorCode::kAmbiguousColumn, column, "column reference \"", name, "\" is ambiguous");
      }
      result = one;
      found = std::move(candidate);
    }
    if (result == LookupResult::kFound) {
      rights.read(*found);
      if (names_found != nullptr && found->is_column()) {
        names_found->columns[&column] = {found->relation, static_cast<int32_t>(found->index)};
      }
      return positioned(std::move(found), column.position + 1);
    }
    if (!qualified || !item_found) continue;
    const std::shared_ptr<AttributeCall> call = attribute_call(column);
    if (is_function(name) || !functions_named(call->call.name).empty()) {
      kept_.push_back(call);
      auto value = bind_call(call->call, site);
      const ErrorCode code = value.ok() ? ErrorCode::kOk : error_code(value.status());
      if (code != ErrorCode::kUndefinedFunction && code != ErrorCode::kAmbiguousFunction) return value;
    }
    if (frame_ == nullptr) return unknown_column(column, scope);
  }
  if (frame_ != nullptr) {
    TROUPE_ASSIGN_OR_RETURN(ExprPtr argument, bind_argument_name(column, site));
    if (argument) return argument;
  }
  TROUPE_ASSIGN_OR_RETURN(ExprPtr oracle, bind_oracle_column(column, site));
  if (oracle) return oracle;
  // A relation's name alone is its whole row.
  if (!qualified) {
    for (const Scope* scope = site.scope; scope != nullptr; scope = scope->outer) {
      for (const auto& item : scope->items) {
        const FromNames* place = find_item(*item, {}, name);
        if (place == nullptr) continue;
        ExprPtr row = whole_row(*place, *scope);
        rights.read(*row);
        return row;
      }
    }
  }
  return unknown_column(column, site.scope);
}

/// A column of what is there but may not be used here; ok: it is not that.
absl::Status Binder::unreachable_column(const sql::ColumnRef& column, const Scope* scope) const {
  const std::string_view name = column.name.back();
  const bool qualified = column.name.size() > 1;
  constexpr std::string_view kNotFromHere = "\", but it cannot be referenced from this part of the query.";
  for (const Scope* s = scope; s != nullptr; s = s->outer) {
    if (!s->unreachable) continue;
    const FromNames& names = *s->unreachable;
    ExprPtr found;
    if (qualified && column.name[column.name.size() - 2] == names.alias) {
      return with_hint(fail(ErrorCode::kUndefinedTable, column, "invalid reference to FROM-clause entry for table \"",
                            names.alias, "\""),
                       cat("There is an entry for table \"", names.alias, kNotFromHere));
    }
    if (!qualified && find_column(names, name, &found) == LookupResult::kFound) {
      return with_hint(fail(ErrorCode::kUndefinedColumn, column, "column \"", name, "\" does not exist"),
                       cat("There is a column named \"", name, "\" in table \"", names.alias, kNotFromHere));
    }
  }
  return absl::OkStatus();
}

absl::Status Binder::unknown_column(const sql::ColumnRef& column, const Scope* scope) {
  TROUPE_RETURN_IF_ERROR(unreachable_column(column, scope));
  const std::string_view name = column.name.back();
  if (column.name.size() == 1) {
    absl::Status status = fail(ErrorCode::kUndefinedColumn, column, "column \"", name, "\" does not exist");
    std::string hint = scope == nullptr ? std::string() : suggest_column(*scope, {}, name);
    return hint.empty() ? status : with_hint(std::move(status), std::move(hint));
  }
  const std::string_view alias = column.name[column.name.size() - 2];
  for (const Scope* s = scope; s != nullptr; s = s->outer) {
    for (const auto& item : s->items) {
      if (find_item(*item, {}, alias) == nullptr) continue;
      absl::Status status = fail(ErrorCode::kUndefinedColumn, column, "column ", alias, ".", name, " does not exist");
      std::string hint = suggest_column(*s, alias, name);
      return hint.empty() ? status : with_hint(std::move(status), std::move(hint));
    }
  }
  return unknown_table(column, alias, scope);
}

absl::Status Binder::unknown_table(const sql::ColumnRef& column, std::string_view table, const Scope* scope) const {
  // One that is there under an alias only.
  for (const Scope* s = scope; s != nullptr; s = s->outer) {
    for (const auto& item : s->items) {
      if (!item->relation || !item->relation->table || item->relation->table->name != table) continue;
      return with_hint(
          fail(ErrorCode::kUndefinedTable, column, "invalid reference to FROM-clause entry for table \"", table, "\""),
          cat("Perhaps you meant to reference the table alias \"", item->alias, "\"."));
    }
  }
  return fail(ErrorCode::kUndefinedTable, column, "missing FROM-clause entry for table \"", table, "\"");
}

void Binder::note_star(const sql::ColumnRef& star, const FromNames& item) {
  if (DefinitionNotes* notes = NotesScope::current()) expand_star(item, &notes->stars[&star]);
  if (names_found == nullptr || foreign_text_) return;
  std::vector<std::string>& texts = names_found->stars[&star];
  for (std::string& text : star_columns(item)) texts.push_back(std::move(text));
}

absl::Status Binder::expand_targets(const sql::ColumnRef& star, const Site& site, std::vector<NamedColumn>* out) {
  if (DefinitionNotes* notes = NotesScope::current()) notes->stars[&star].clear();
  if (star.name.empty()) {
    if (site.scope == nullptr || site.scope->items.empty()) {
      return fail(ErrorCode::kSyntaxError, star, "SELECT * with no tables specified is not valid");
    }
    for (const auto& item : site.scope->items) {
      expand_star(*item, out);
      note_star(star, *item);
    }
    for (const NamedColumn& column : *out) rights.read(*column.value);
    return absl::OkStatus();
  }
  const std::string_view alias = star.name.back();
  const std::string_view schema = star.name.size() > 1 ? star.name[star.name.size() - 2] : std::string_view();
  for (const Scope* scope = site.scope; scope != nullptr; scope = scope->outer) {
    for (const auto& item : scope->items) {
      if (const FromNames* place = find_item(*item, schema, alias)) {
        expand_star(*place, out);
        note_star(star, *place);
        for (const NamedColumn& column : *out) rights.read(*column.value);
        return absl::OkStatus();
      }
    }
  }
  return unknown_table(star, alias, site.scope);
}

// --- relations ---

absl::StatusOr<Binder::RelationName> Binder::find_relation(const sql::TableRef& ref) {
  if (!ref.catalog.empty() && ref.catalog != eval().database) {
    return fail(ErrorCode::kFeatureNotSupported, ref, "cross-database references are not implemented: \"", ref.catalog,
                ".", ref.schema, ".", ref.name, "\"");
  }
  const ObjectDef* other = nullptr;  // neither table nor view
  const auto look_in = [&](Oid schema) -> std::optional<RelationName> {
    if (const ObjectDef* object = catalog().find_relation(schema, ref.name)) {
      if (names_found != nullptr && !foreign_text_) names_found->relations[&ref] = object->oid;
      RelationName found;
      if (object->kind == ObjectKind::table) {
        depend_on(*object);
        found.table = std::static_pointer_cast<const TableDef>(catalog().find_shared(object->oid));
        return found;
      }
      if (object->kind == ObjectKind::view) {
        depend_on(*object);
        found.view = std::static_pointer_cast<const ViewDef>(catalog().find_shared(object->oid));
        return found;
      }
      if (object->kind == ObjectKind::sequence && context_.system_tables != nullptr &&
          context_.system_tables->of_sequence) {
        depend_on(*object);
        found.system = context_.system_tables->of_sequence(static_cast<const SequenceDef&>(*object));
      }
      other = object;
      return found;  // an index: nothing set
    }
    if (context_.system_tables != nullptr) {
      if (auto system = context_.system_tables->find(schema, ref.name)) return RelationName{{}, {}, std::move(system)};
    }
    return std::nullopt;
  };
  const auto use = [&](std::optional<RelationName> found) -> absl::StatusOr<RelationName> {
    if (found->table || found->view || found->system) return *std::move(found);
    const bool sequence = other != nullptr && other->kind == ObjectKind::sequence;
    return fail(ErrorCode::kWrongObjectType, ref, "cannot open ", sequence ? "sequence" : "index", " \"", ref.name,
                "\"");
  };
  if (!ref.schema.empty()) {
    const SchemaDef* schema = catalog().find_schema(ref.schema);
    if (schema != nullptr) {
      TROUPE_RETURN_IF_ERROR(at(check_right(catalog(), rights.role(), *schema, kUsage), ref));
      if (auto found = look_in(schema->oid)) return use(std::move(found));
    }
    return fail(ErrorCode::kUndefinedTable, ref, "relation \"", ref.schema, ".", ref.name, "\" does not exist");
  }
  for (const Oid schema : search_path_) {
    if (schema == kPgCatalogSchema) break;
    if (auto found = look_in(schema)) return use(std::move(found));
  }
  if (auto found = look_in(kPgCatalogSchema)) return use(std::move(found));
  return fail(ErrorCode::kUndefinedTable, ref, "relation \"", ref.name, "\" does not exist");
}

absl::StatusOr<Binder::RelationName> Binder::find_target(const sql::TableRef& ref) {
  TROUPE_ASSIGN_OR_RETURN(RelationName found, find_relation(ref));
  if (found.table && found.table->is_materialized_view() && found.table->oid != refreshed_) {
    return error(ErrorCode::kWrongObjectType, "cannot change materialized view \"", found.table->name, "\"");
  }
  if (found.table && !keeps_views(context_) && is_continuous_state(*found.table, catalog())) {
    return with_hint(error(ErrorCode::kWrongObjectType, "cannot change \"", found.table->name,
                           "\", in which the rows of a continuous view are kept"),
                     "REFRESH MATERIALIZED VIEW makes them anew.");
  }
  if (found.table || found.view) return found;
  if (found.system->oid >= kFirstUserOid) {
    return error(ErrorCode::kWrongObjectType, "cannot change sequence \"", ref.name, "\"");
  }
  return fail(ErrorCode::kInsufficientPrivilege, ref, "permission denied: \"", ref.name, "\" is a system catalog");
}

/// A name of `parts` parts, the first a schema, that may have the database's name before. Errors: 42601, 0A000, 3F000.
absl::Status Binder::check_qualified(sql::Name name, size_t parts, const sql::Node& node) const {
  if (name.size() > parts + 1) {
    return fail(ErrorCode::kSyntaxError, node, "improper qualified name (too many dotted names): ", dotted(name));
  }
  if (name.size() == parts + 1 && name[0] != eval().database) {
    return fail(ErrorCode::kFeatureNotSupported, node, "cross-database references are not implemented: ", dotted(name));
  }
  const std::string_view schema = name[name.size() - parts];
  if (catalog().find_schema(schema) == nullptr) {
    return fail(ErrorCode::kInvalidSchemaName, node, "schema \"", schema, "\" does not exist");
  }
  return absl::OkStatus();
}

}  // namespace troupe
