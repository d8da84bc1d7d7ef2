/// What a function does: its text, looked at when it is made as PostgreSQL looks at it.
#include <algorithm>

#include "runtime/plan/ddl_function.hpp"
#include "runtime/plan/merge_plan.hpp"
#include "runtime/sql/deparse.hpp"
#include "runtime/sql/parser.hpp"
#include "runtime/types/utf8.hpp"

namespace troupe {
absl::Status ddl_read_body(const sql::CreateFunctionStatement& create, FunctionDef* function, DdlBuilder& ddl) {
  if (const auto* value = create.body->as<sql::ReturnStatement>()) {
    const std::string text = sql::to_sql(*value->value);
    function->body = cat("SELECT ", text);
    function->sql_body = "RETURN";
  } else {
    const auto& body = create.body->to<sql::SqlBody>();
    for (const sql::Statement* statement : body.statements) {
      const auto* select = statement->as<sql::SelectStatement>();
      if (select == nullptr) {
        return with_hint(ddl.refuse(create, "BEGIN ATOMIC with other statements than SELECT"),
                         "Write the body as a string: AS $$ ... $$.");
      }
      function->body += cat(function->body.empty() ? "" : "; ", sql::to_sql(*select));
    }
    function->sql_body = "BEGIN ATOMIC";
  }
  for (const Oid schema : ddl.context().search_path) function->path.push_back(schema);
  return absl::OkStatus();
}

namespace {

/// The error's place in the statement, if the body stands in there just as it is.
absl::Status in_statement(const absl::Status& status, const FunctionDef& function, const DdlBuilder& ddl) {
  ErrorFields fields = error_fields(status);
  const std::string_view all = ddl.context().text;
  const size_t at = all.find(function.body);
  const bool standard = !function.sql_body.empty();
  const bool once = at != std::string_view::npos && all.find(function.body, at + 1) == std::string_view::npos;
  if (fields.position > 0 && once && !function.body.empty()) {
    fields.position += sql::character_position(all, static_cast<uint32_t>(at)) - 1;
  } else {
    fields.position = 0;
    if (fields.where.empty() && !standard) fields.where = cat("SQL function \"", function.name, "\"");
  }
  return make_error(fields);
}

absl::Status no_result(const FunctionDef& function) {
  return with_detail(error(kInvalidFunctionDefinition, "return type mismatch in function declared to return ",
                           format_type(function.result)),
                     "Function's final statement must be SELECT or INSERT/UPDATE/DELETE RETURNING.");
}

/// The columns of what a statement returns; empty: it returns nothing.
absl::StatusOr<std::vector<BoundTarget>> look_at(const sql::Statement& statement, Binder& binder) {
  switch (statement.kind) {
    case sql::NodeKind::kSelect: {
      TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, binder.bind_select(statement.to<sql::SelectStatement>(), nullptr));
      return query->targets;
    }
    case sql::NodeKind::kInsert: {
      TROUPE_ASSIGN_OR_RETURN(const auto insert, binder.bind_insert(statement.to<sql::InsertStatement>()));
      return insert->returning;
    }
    case sql::NodeKind::kUpdate: {
      TROUPE_ASSIGN_OR_RETURN(const auto update, binder.bind_update(statement.to<sql::UpdateStatement>()));
      return update->returning;
    }
    case sql::NodeKind::kDelete: {
      TROUPE_ASSIGN_OR_RETURN(const auto remove, binder.bind_delete(statement.to<sql::DeleteStatement>()));
      return remove->returning;
    }
    case sql::NodeKind::kMerge:
      TROUPE_RETURN_IF_ERROR(binder.bind_merge(statement.to<sql::MergeStatement>()).status());
      return std::vector<BoundTarget>{};
    default: return std::vector<BoundTarget>{};
  }
}

}  // namespace

absl::Status ddl_check_body(const FunctionDef& function, DdlBuilder& ddl) {
  const auto parsed = sql::parse_sql(function.body);
  if (!parsed.ok()) return in_statement(parsed.status(), function, ddl);
  BoundCallee callee{std::make_shared<FunctionDef>(function), {}, {}, Type{function.result}, {}};
  for (const ArgumentDef& argument : function.arguments) {
    if (is_polymorphic(argument.type)) return absl::OkStatus();
    if (argument.is_input()) callee.types.push_back(Type{argument.type});
  }
  for (const ArgumentDef* output : function.outputs()) callee.outputs.push_back(Type{output->type});
  // It may call itself.
  TROUPE_ASSIGN_OR_RETURN(const CatalogPtr catalog,
                          ddl.catalog().with_changes({{function.oid, callee.function}}, ddl.catalog().version()));
  const FunctionFrame frame{callee.function.get(), callee.types, 0, nullptr};
  PlanContext context = ddl.context();
  context.catalog = catalog;
  context.text = function.body;
  context.parameters = callee.types;
  context.function = &frame;
  std::vector<BoundTarget> last;
  absl::Status status;
  for (const sql::RawStatement& raw : (*parsed)->statements()) {
    Binder binder(context);
    binder.inlines = false;
    auto targets = look_at(*raw.node, binder);
    if (!targets.ok()) return in_statement(targets.status(), function, ddl);
    last = *std::move(targets);
  }
  if (function.result == oid::kVoid) return absl::OkStatus();
  const auto statements = (*parsed)->statements();
  const bool selects = !statements.empty() && statements.back().node->as<sql::SelectStatement>() != nullptr;
  if (last.empty() && !selects) return in_statement(no_result(function), function, ddl);
  Binder binder(context);
  const absl::Status fits = binder.fit_result(function, binder.shape_of(callee), &last);
  return fits.ok() ? fits : in_statement(fits, function, ddl);
}

}  // namespace troupe
