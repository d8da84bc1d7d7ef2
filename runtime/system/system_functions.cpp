#include "runtime/system/system_functions.hpp"

#include "runtime/sql/keywords.hpp"
#include "runtime/system/acl_text.hpp"
#include "runtime/system/builtin_objects.hpp"
#include "runtime/system/rows_cursor.hpp"
#include "runtime/system/session_function.hpp"
#include "runtime/types/utf8.hpp"
#include "storage/column/array_format.hpp"

namespace troupe {
namespace {

struct CategoryText {
  char code;
  std::string_view text;
};
CategoryText describe(sql::KeywordCategory category) {
  switch (category) {
    case sql::KeywordCategory::kColumnName: return {'C', "unreserved (cannot be function or type name)"};
    case sql::KeywordCategory::kTypeFunction: return {'T', "reserved (can be function or type name)"};
    case sql::KeywordCategory::kReserved: return {'R', "reserved"};
    default: return {'U', "unreserved"};
  }
}

OpenedCursor open_keywords(std::span<const Type>, std::span<const Value>, EvalContext&) {
  using enum Physical;
  constexpr Physical kinds[] = {kVarlen, kInt16, kBool, kVarlen, kVarlen};
  Batch rows = empty_rows(kinds);
  for (size_t i = 1; i < static_cast<size_t>(sql::Keyword::kCount); ++i) {
    const sql::KeywordEntry& entry = sql::keyword_entry(static_cast<sql::Keyword>(i));
    const CategoryText category = describe(entry.category);
    rows.columns[0].append_string(entry.word);
    rows.columns[1].append(static_cast<int16_t>(category.code));
    rows.columns[2].append(entry.bare_label);
    rows.columns[3].append_string(category.text);
    rows.columns[4].append_string(entry.bare_label ? "can be bare label" : "requires AS");
    ++rows.rows;
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

/// {"a=1","b=2"} as rows of name and value.
OpenedCursor open_options(std::span<const Type>, std::span<const Value> args, EvalContext&) {
  using enum Physical;
  constexpr Physical kinds[] = {kVarlen, kVarlen};
  Batch rows = empty_rows(kinds);
  const ArrayView options(args[0].bytes());
  for (uint32_t i = 0; i < options.size(); ++i) {
    if (options.is_null(i)) continue;
    const std::string_view option = options.string(i);
    const size_t equals = option.find('=');
    rows.columns[0].append_string(option.substr(0, equals));
    if (equals == std::string_view::npos) {
      rows.columns[1].append_null();
    } else {
      rows.columns[1].append_string(option.substr(equals + 1));
    }
    ++rows.rows;
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

OpenedCursor open_channels(std::span<const Type>, std::span<const Value>, EvalContext& context) {
  constexpr Physical kinds[] = {Physical::kVarlen};
  Batch rows = empty_rows(kinds);
  if (context.extension != nullptr) {
    for (const std::string& channel : static_cast<SystemSession*>(context.extension)->listening_channels()) {
      rows.columns[0].append_string(channel);
      ++rows.rows;
    }
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

/// aclitem[] as rows, one per item and privilege.
OpenedCursor open_acl(std::span<const Type>, std::span<const Value> args, EvalContext& context) {
  using enum Physical;
  constexpr Physical kinds[] = {kInt64, kInt64, kVarlen, kBool};
  Batch rows = empty_rows(kinds);
  const auto oid_of = [&](const std::string& name) -> absl::StatusOr<int64_t> {
    if (name.empty() || context.names == nullptr) return int64_t{0};
    return context.names->oid_of(oid::kRegrole, quote_identifier(name));
  };
  const ArrayView items(args[0].bytes());
  for (uint32_t i = 0; i < items.size(); ++i) {
    if (items.is_null(i)) continue;
    TROUPE_ASSIGN_OR_RETURN(const AclItemText item, parse_acl_item(items.string(i)));
    TROUPE_ASSIGN_OR_RETURN(const int64_t grantor, oid_of(item.grantor));
    TROUPE_ASSIGN_OR_RETURN(const int64_t grantee, oid_of(item.grantee));
    for (Privileges bit = 1; bit <= kAlterSystem; bit <<= 1) {
      if ((item.privileges & bit) == 0) continue;
      rows.columns[0].append(grantor);
      rows.columns[1].append(grantee);
      rows.columns[2].append_string(privilege_name(bit));
      rows.columns[3].append((item.grantable & bit) != 0);
      ++rows.rows;
    }
  }
  return std::make_unique<RowsCursor>(std::move(rows));
}

}  // namespace

void register_system_functions(FunctionRegistry& registry) {
  SessionFunctions to(registry);
  register_definition_functions(to);
  register_visibility_functions(to);
  register_privilege_functions(to);
  register_session_functions(to);
  register_advisory_functions(to);
  register_size_functions(to);
  register_notification_functions(registry);
  register_partition_functions(to);
  register_replication_functions(to);
  register_operator_functions(registry);
}

void register_system_table_functions() {
  using namespace oid;
  add_table_function({.name = "pg_get_keywords",
                      .arguments = {},
                      .column_names = {"word", "catcode", "barelabel", "catdesc", "baredesc"},
                      .columns = {kText, kChar, kBool, kText, kText},
                      .rows = 500,
                      .open = open_keywords});
  add_table_function({.name = "pg_options_to_table",
                      .arguments = {kTextArray},
                      .column_names = {"option_name", "option_value"},
                      .columns = {kText, kText},
                      .rows = 3,
                      .open = open_options});
  add_table_function({.name = "pg_listening_channels",
                      .arguments = {},
                      .column_names = {"pg_listening_channels"},
                      .columns = {kText},
                      .rows = 10,
                      .open = open_channels});
  register_partition_table_functions();
  add_table_function({.name = "aclexplode",
                      .arguments = {1034},
                      .column_names = {"grantor", "grantee", "privilege_type", "is_grantable"},
                      .columns = {kOid, kOid, kText, kBool},
                      .rows = 5,
                      .open = open_acl});
  register_replication_table_functions();
}

}  // namespace troupe
