/// The bodies of users' functions: what they may be, what they return, and how they are bound.
#include <algorithm>

#include "runtime/plan/bind_function.hpp"
#include "runtime/plan/binder.hpp"
#include "runtime/plan/row_expr.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

/// As many calls as one statement may be made of; and one inside the other.
constexpr uint32_t kCallsMax = 5'000;
constexpr int kCallDepthMax = 100;

absl::Status too_deep() {
  return with_hint(error(ErrorCode::kStatementTooComplex, "stack depth limit exceeded"),
                   "The functions that the statement calls are too many, or too deep in each other.");
}

/// Nothing but an expression: no row comes from anywhere.
bool is_expression(const sql::SelectStatement& select, const BoundQuery& query) {
  return select.operation == sql::SetOperation::kNone && !select.is_values && select.from.empty() &&
         select.where == nullptr && select.group_by.empty() && select.having == nullptr && select.order_by.empty() &&
         select.limit == nullptr && select.offset == nullptr && !select.distinct && select.distinct_on.empty() &&
         select.windows.empty() && select.with == nullptr && select.connect_by == nullptr && query.windows.empty() &&
         !query.aggregated && !query.has_table_functions && query.from.empty() && query.hoisted.empty();
}

bool changes_rows(const sql::SelectStatement& select) {
  if (select.with == nullptr) return false;
  return std::any_of(select.with->tables.begin(), select.with->tables.end(),
                     [](const sql::CommonTable* table) { return table->query->kind != sql::NodeKind::kSelect; });
}

/// Settings with which a body means the same as without, or of which the binder takes care.
bool is_bound_setting(std::string_view name) {
  return name == "search_path" || name == "work_mem" || name == "statement_timeout" || name == "lock_timeout" ||
         name.starts_with("enable_") || name.ends_with("_cost") || name == "jit" || name == "client_min_messages";
}

/// The schemas of a search_path's text.
std::vector<Oid> path_of(std::string_view text, const Catalog& catalog, std::string_view user) {
  std::vector<Oid> path;
  std::string name;
  bool quoted = false;
  const auto end_name = [&] {
    const SchemaDef* schema = catalog.find_schema(name == "$user" ? user : std::string_view(name));
    if (schema != nullptr) path.push_back(schema->oid);
    name.clear();
  };
  for (const char c : text) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      end_name();
    } else if (quoted || (c != ' ' && c != '\n' && c != '\t')) {
      name.push_back(c);
    }
  }
  end_name();
  return path;
}

absl::Status wrong_result(const FunctionDef& function, const FunctionShape& shape, std::string detail) {
  const std::string type = shape.unknown || shape.record ? std::string("record") : format_type(shape.types[0].oid);
  const std::string name =
      function.result_relation != kNoOid || is_composite_type(function.result) ? format_type(function.result) : type;
  return with_detail(error(kInvalidFunctionDefinition, "return type mismatch in function declared to return ", name),
                     std::move(detail));
}

}  // namespace

absl::Status refuse_function(const FunctionDef& function, std::string_view why) {
  return with_hint(error(ErrorCode::kFeatureNotSupported, "function ", function_identity(function), " ", why,
                         ", which is not supported here"),
                   "Call it by itself: SELECT f(...) or SELECT * FROM f(...), with arguments that need no table.");
}

absl::StatusOr<FunctionBody> parse_body(const FunctionDef& function) {
  FunctionBody body;
  auto parsed = sql::parse_sql(function.body);
  if (!parsed.ok()) {  // it was made while check_function_bodies was off
    ErrorFields fields = error_fields(parsed.status());
    fields.position = 0;
    fields.where = cat("SQL function \"", function.name, "\" during startup");
    return make_error(fields);
  }
  body.parsed = *std::move(parsed);
  const auto statements = body.parsed->statements();
  if (statements.size() != 1) return body;
  const auto* select = statements[0].node->as<sql::SelectStatement>();
  body.inlines = select != nullptr && select->into == nullptr && !changes_rows(*select) &&
                 std::all_of(function.settings.begin(), function.settings.end(),
                             [](const auto& setting) { return is_bound_setting(setting.first); });
  return body;
}

ExprPtr Binder::argument_of(const FunctionFrame& frame, size_t place) const {
  if (frame.relation == 0) return make_parameter(frame.types[place], static_cast<uint32_t>(place));
  return make_column(frame.types[place], static_cast<uint32_t>(place), frame.relation);
}

/// `a`, `f.a`, and of a composite argument `a.field` and `f.a.field`. Null: it is none.
absl::StatusOr<ExprPtr> Binder::bind_argument_name(const sql::ColumnRef& column, const Site& site) {
  const FunctionDef& function = *frame_->function;
  const auto find = [&](std::string_view name) -> ExprPtr {
    size_t place = 0;
    for (const ArgumentDef& argument : function.arguments) {
      if (!argument.is_input()) continue;
      if (!argument.name.empty() && argument.name == name) return argument_of(*frame_, place);
      ++place;
    }
    return nullptr;
  };
  const sql::Name& name = column.name;
  if (name.size() == 1) return find(name[0]);
  if (name.size() == 2) {
    if (name[0] == function.name) {
      if (ExprPtr argument = find(name[1])) return argument;
    }
    const ExprPtr base = find(name[0]);
    return base == nullptr ? absl::StatusOr<ExprPtr>(ExprPtr()) : bind_field(name[1], *base, column, site);
  }
  const ExprPtr base = name.size() == 3 && name[0] == function.name ? find(name[1]) : nullptr;
  return base == nullptr ? absl::StatusOr<ExprPtr>(ExprPtr()) : bind_field(name[2], *base, column, site);
}

FunctionShape Binder::shape_of(const BoundCallee& callee) const {
  const FunctionDef& function = *callee.function;
  FunctionShape shape;
  const std::vector<const ArgumentDef*> outputs = function.outputs();
  const auto add = [&](std::string name, Type type) {
    shape.names.push_back(std::move(name));
    shape.types.push_back(type);
  };
  if (const ObjectDef* relation = catalog().find(function.result_relation)) {
    shape.record = true;
    for (const ColumnDef& column : columns_of(*relation)) {
      if (!column.dropped) add(column.name, Type{column.type, column.typmod});
    }
  } else if (!outputs.empty()) {
    shape.record = outputs.size() > 1 || function.procedure;
    for (size_t i = 0; i < outputs.size(); ++i) {
      add(outputs[i]->name.empty() ? (shape.record ? cat("column", i + 1) : function.name) : outputs[i]->name,
          callee.outputs[i]);
    }
  } else if (is_composite_type(callee.result.oid)) {
    shape.record = true;
    for (const Attribute& attribute : find_user_type(callee.result.oid)->attributes) {
      if (!attribute.dropped) add(attribute.name, attribute.type);
    }
  } else {
    shape.unknown = callee.result.oid == oid::kRecord;
    add(function.name, callee.result);
  }
  return shape;
}

absl::Status Binder::fit_result(const FunctionDef& function, const FunctionShape& shape,
                                std::vector<BoundTarget>* targets) {
  if (shape.unknown || (!shape.record && shape.types[0].oid == oid::kVoid)) return absl::OkStatus();
  // One value that is the whole record.
  if (shape.record && targets->size() == 1 && is_record_type((*targets)[0].value->type.oid)) {
    const ExprPtr whole = (*targets)[0].value;
    TROUPE_ASSIGN_OR_RETURN(const std::vector<NamedColumn> fields, fields_of(*whole, Site{}));
    if (fields.size() == shape.types.size() && (fields.size() > 1 || whole->kind != ExprKind::kColumn)) {
      targets->clear();
      for (const NamedColumn& field : fields) targets->push_back({field.value, std::string(field.name)});
    }
  }
  if (!shape.record && targets->size() != 1) {
    return wrong_result(function, shape, "Final statement must return exactly one column.");
  }
  if (targets->size() < shape.types.size()) {
    return wrong_result(function, shape, "Final statement returns too few columns.");
  }
  if (targets->size() > shape.types.size()) {
    return wrong_result(function, shape, "Final statement returns too many columns.");
  }
  for (size_t i = 0; i < targets->size(); ++i) {
    BoundTarget& target = (*targets)[i];
    const Type wanted = shape.types[i];
    const Oid actual = target.value->type.oid;
    const bool row = is_untyped_row(*target.value) && is_composite_type(wanted.oid);
    if (!row && actual != oid::kUnknown && !can_cast(actual, wanted.oid, CastContext::kAssignment)) {
      if (!shape.record) return wrong_result(function, shape, cat("Actual return type is ", format_type(actual), "."));
      return wrong_result(function, shape,
                          cat("Final statement returns ", format_type(actual), " instead of ", format_type(wanted.oid),
                              " at column ", i + 1, "."));
    }
    TROUPE_ASSIGN_OR_RETURN(target.value, coerce(std::move(target.value), wanted, CastContext::kAssignment));
    target.name = shape.names[i];
  }
  return absl::OkStatus();
}

/// The body's query, its arguments as columns of `relation`.
absl::StatusOr<QueryPtr> Binder::bind_function_body(const BoundCallee& callee, uint32_t relation, const sql::Node& node,
                                                    bool* expression) {
  const FunctionDef& function = *callee.function;
  int depth = 0;
  for (const FunctionFrame* frame = frame_; frame != nullptr; frame = frame->caller) {
    if (frame->function->oid == function.oid && frame->relation != 0) {
      return at(with_hint(error(ErrorCode::kFeatureNotSupported, "function ", function_identity(function),
                                " calls itself, which is not supported"),
                          "Write it as a query with WITH RECURSIVE."),
                node);
    }
    ++depth;
  }
  if (depth > kCallDepthMax || ++function_calls_ > kCallsMax) return at(too_deep(), node);
  TROUPE_ASSIGN_OR_RETURN(const FunctionBody body, parse_body(function));
  if (!body.inlines) {
    return at(refuse_function(function, body.parsed->statements().size() == 1 ? "is more than one query that only reads"
                                                                              : "has several statements"),
              node);
  }
  kept_.push_back(body.parsed);
  kept_.push_back(callee.function);
  const FunctionFrame frame{&function, callee.types, relation, frame_};
  const FunctionFrame* const outer_frame = std::exchange(frame_, &frame);
  std::vector<CteName> outer_names = std::exchange(cte_names_, {});
  std::vector<const Site*> outer_sites = std::exchange(subquery_sites_, {});
  const bool outer_foreign = std::exchange(foreign_text_, true);
  NamesFound* const outer_names_found = std::exchange(names_found, nullptr);
  const Oid user = rights.user(), role = rights.role();
  function.security_definer ? (void)rights.run_as(function.owner) : (void)rights.act_as(user);
  std::vector<Oid> outer_path = search_path_;
  if (!function.path.empty()) search_path_ = function.path;
  for (const auto& [name, value] : function.settings) {
    const ObjectDef* owner = catalog().find(rights.user());
    if (name == "search_path") search_path_ = path_of(value, catalog(), owner == nullptr ? "" : owner->name);
  }
  const auto& select = body.parsed->statements()[0].node->to<sql::SelectStatement>();
  auto bound = bind_select(select, nullptr);
  absl::Status fits = bound.ok() ? fit_result(function, shape_of(callee), &(*bound)->targets) : absl::OkStatus();
  search_path_ = std::move(outer_path);
  rights.run_as(user);
  rights.act_as(role);
  names_found = outer_names_found;
  foreign_text_ = outer_foreign;
  subquery_sites_ = std::move(outer_sites);
  cte_names_ = std::move(outer_names);
  frame_ = outer_frame;
  if (!fits.ok()) bound = fits;
  if (!bound.ok()) {
    ErrorFields fields = error_fields(bound.status());
    if (fields.where.empty()) fields.where = cat("SQL function \"", function.name, "\" during inlining");
    fields.position = 0;
    return make_error(fields);
  }
  *expression = is_expression(select, **bound);
  return bound;
}

}  // namespace troupe
