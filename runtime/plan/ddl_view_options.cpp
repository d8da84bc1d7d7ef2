/// What can be said about a view beside its query: check_option, security_barrier, security_invoker, column defaults.
#include <algorithm>

#include "runtime/plan/ddl_rights.hpp"
#include "runtime/plan/view_target.hpp"

namespace troupe {
namespace {

std::string option_text(const sql::Option& option) {
  if (option.value == nullptr) return "true";
  const auto* literal = option.value->as<sql::Literal>();
  if (literal == nullptr) return {};
  if (literal->type == sql::LiteralType::kBoolean) return literal->integer != 0 ? "true" : "false";
  return literal->text.empty() ? cat(literal->integer) : std::string(literal->text);
}

bool is_known(std::string_view name) {
  return name == "check_option" || name == "security_barrier" || name == "security_invoker";
}

/// Errors: 22023.
absl::Status check_value(std::string_view name, std::string_view value) {
  if (name == "check_option") {
    if (value == "local" || value == "cascaded") return absl::OkStatus();
    return with_detail(
        error(ErrorCode::kInvalidParameterValue, "invalid value for enum option \"check_option\": ", value),
        "Valid values are \"local\" and \"cascaded\".");
  }
  if (parse_switch(value)) return absl::OkStatus();
  return error(ErrorCode::kInvalidParameterValue, "invalid value for boolean option \"", name, "\": ", value);
}

void set_option(std::string_view name, std::string value, Options* options) {
  for (auto& [key, old] : *options) {
    if (key != name) continue;
    old = std::move(value);
    return;
  }
  options->emplace_back(std::string(name), std::move(value));
}

/// Errors: 22023, 42601 for one that is given twice.
absl::Status set_options(sql::List<const sql::Option*> given, Options* options) {
  for (const sql::Option* option : given) {
    const bool again = std::any_of(given.begin(), given.end(), [option](const sql::Option* other) {
      return other != option && other->name == option->name && other->position < option->position;
    });
    if (again) {
      return error(ErrorCode::kInvalidParameterValue, "parameter \"", option->name, "\" specified more than once");
    }
    if (!is_known(option->name)) {
      return error(ErrorCode::kInvalidParameterValue, "unrecognized parameter \"", option->name, "\"");
    }
    std::string value = option_text(*option);
    TROUPE_RETURN_IF_ERROR(check_value(option->name, value));
    set_option(option->name, std::move(value), options);
  }
  return absl::OkStatus();
}

/// Errors: 0A000.
absl::Status check_option_makes_sense(std::string_view reason) {
  return with_hint(
      error(ErrorCode::kFeatureNotSupported, "WITH CHECK OPTION is supported only on automatically updatable views"),
      std::string(reason));
}

std::string_view why_no_check(const sql::SelectStatement& select, const BoundQuery& query) {
  const std::string_view reason = why_not_updatable(select, query);
  if (!reason.empty() || has_updatable_column(query)) return reason;
  return "Views that have no updatable columns are not automatically updatable.";
}

absl::Status set_view_default(const sql::AlterTableAction& action, ViewDef* view, DdlBuilder& ddl) {
  const auto column = std::find_if(view->columns.begin(), view->columns.end(),
                                   [&](const ColumnDef& each) { return each.name == action.name; });
  if (column == view->columns.end()) {
    return error(ErrorCode::kUndefinedColumn, "column \"", action.name, "\" of relation \"", view->name,
                 "\" does not exist");
  }
  column->default_sql.clear();
  if (action.action == sql::AlterAction::kDropDefault) return absl::OkStatus();
  column->default_sql = ddl_default_text(*action.expression, *column, ddl);
  auto bound = ddl.binder().bind_default(TableDef(), *column);
  return bound.ok() ? absl::OkStatus() : ddl.at(bound.status(), *action.expression);
}

absl::Status set_view_options(const sql::AlterTableAction& action, ViewDef* view, DdlBuilder& ddl) {
  TROUPE_RETURN_IF_ERROR(set_options(action.options, &view->options));
  const bool checks = std::any_of(action.options.begin(), action.options.end(),
                                  [](const sql::Option* option) { return option->name == "check_option"; });
  if (!checks) return absl::OkStatus();
  TROUPE_ASSIGN_OR_RETURN(const sql::ParsedSqlPtr parsed, sql::parse_statement(view->query_sql));
  const auto& select = parsed->statements()[0].node->to<sql::SelectStatement>();
  TROUPE_ASSIGN_OR_RETURN(const QueryPtr query, ddl.binder().bind_select(select, nullptr));
  const std::string_view reason = why_no_check(select, *query);
  return reason.empty() ? absl::OkStatus() : check_option_makes_sense(reason);
}

}  // namespace

absl::Status ddl_view_options(const sql::CreateViewStatement& create, const BoundQuery& query, ViewDef* view) {
  view->options.clear();
  TROUPE_RETURN_IF_ERROR(set_options(create.options, &view->options));
  if (create.check != sql::CheckOption::kNone) {
    set_option("check_option", create.check == sql::CheckOption::kLocal ? "local" : "cascaded", &view->options);
  }
  if (view->option("check_option").empty()) return absl::OkStatus();
  const std::string_view reason = why_no_check(*create.query, query);
  return reason.empty() ? absl::OkStatus() : check_option_makes_sense(reason);
}

absl::Status ddl_alter_view(const sql::AlterTableAction& action, ViewDef* view, DdlBuilder& ddl) {
  switch (action.action) {
    case sql::AlterAction::kSetDefault:
    case sql::AlterAction::kDropDefault: return set_view_default(action, view, ddl);
    case sql::AlterAction::kSetOptions: return set_view_options(action, view, ddl);
    case sql::AlterAction::kResetOptions:
      for (const sql::Option* option : action.options) {
        std::erase_if(view->options, [option](const auto& each) { return each.first == option->name; });
      }
      return absl::OkStatus();
    default: return ddl.refuse(action, "this ALTER action");
  }
}

}  // namespace troupe
