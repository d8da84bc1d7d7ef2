#include "tests/runtime/system/system_fixture.hpp"

using namespace troupe;

namespace {

Rows information(const TestSession& session, std::string_view name) { return Rows(session, name, kInformationSchema); }

}  // namespace

TEST_CASE("information_schema.tables tells tables from views", "[system]") {
  const TestSession session;
  CHECK(information(session, "tables")
            .select({"table_catalog", "table_name", "table_type", "is_insertable_into"},
                    {{"table_schema", "public"}}) == "postgres|orders|BASE TABLE|YES\npostgres|cheap|VIEW|NO");
}

TEST_CASE("information_schema.columns describes types in the standard's words", "[system]") {
  const TestSession session;
  const Rows columns = information(session, "columns");
  CHECK(columns.select(
            {"column_name", "ordinal_position", "is_nullable", "data_type", "character_maximum_length",
             "character_octet_length", "numeric_precision", "numeric_precision_radix", "numeric_scale", "udt_name"},
            {{"table_name", "orders"}}) ==
        "id|1|NO|integer|NULL|NULL|32|2|0|int4\n"
        "name|2|NO|character varying|20|80|NULL|NULL|NULL|varchar\n"
        "price|3|YES|numeric|NULL|NULL|8|10|2|numeric\n"
        "tags|4|YES|ARRAY|NULL|NULL|NULL|NULL|NULL|_text\n"
        "u|5|NO|integer|NULL|NULL|32|2|0|int4");
  CHECK(columns.select({"is_identity", "identity_generation", "identity_maximum", "column_default"},
                       {{"table_name", "orders"}, {"column_name", "u"}}) == "YES|ALWAYS|2147483647|NULL");
}

TEST_CASE("information_schema lists constraints, NOT NULL among the checks", "[system]") {
  const TestSession session;
  CHECK(information(session, "table_constraints")
            .select({"constraint_name", "constraint_type"}, {{"table_name", "orders"}}) ==
        "orders_pkey|PRIMARY KEY\norders_u_key|UNIQUE\norders_price_check|CHECK\n"
        "2200_16384_1_not_null|CHECK\n2200_16384_2_not_null|CHECK\n2200_16384_5_not_null|CHECK");
  CHECK(information(session, "key_column_usage").select({"constraint_name", "column_name", "ordinal_position"}) ==
        "orders_pkey|id|1\norders_u_key|u|1");
  CHECK(
      information(session, "check_constraints").select({"check_clause"}, {{"constraint_name", "orders_price_check"}}) ==
      "((price > (0)::numeric))");
}

TEST_CASE("information_schema.sequences leaves out those behind identity columns", "[system]") {
  const TestSession session;
  CHECK(information(session, "sequences").select({"sequence_name", "data_type", "maximum_value", "cycle_option"}) ==
        "orders_id_seq|integer|2147483647|NO");
}

TEST_CASE("an owner holds every privilege on what is its own", "[system]") {
  const TestSession session;
  CHECK(information(session, "role_table_grants").select({"grantee", "privilege_type"}, {{"table_name", "cheap"}}) ==
        "postgres|INSERT\npostgres|SELECT\npostgres|UPDATE\npostgres|DELETE\npostgres|TRUNCATE\n"
        "postgres|REFERENCES\npostgres|TRIGGER");
  const std::string roles = information(session, "enabled_roles").select({"role_name"});
  CHECK(roles.starts_with("postgres\npg_monitor\n"));
  CHECK(roles.ends_with("\nalice"));
}
