#include "runtime/system/system_functions.hpp"

#include "runtime/plan/index_terms.hpp"
#include "runtime/system/definitions.hpp"
#include "tests/runtime/system/system_fixture.hpp"

using namespace troupe;

namespace {

std::string answer(TestSession& session, std::string_view name,
                   std::vector<std::pair<Oid, std::string>> arguments = {}) {
  const auto result = call(session, name, std::move(arguments));
  CAPTURE(name, error_fields(result.status()).message);
  REQUIRE(result.ok());
  return *result;
}

}  // namespace

TEST_CASE("definitions read as PostgreSQL prints them", "[system]") {
  TestSession session;
  CHECK(answer(session, "pg_get_indexdef", {{oid::kOid, "16385"}}) ==
        "CREATE UNIQUE INDEX orders_pkey ON public.orders USING btree (id)");
  CHECK(answer(session, "pg_get_indexdef", {{oid::kOid, "16386"}}) ==
        "CREATE INDEX orders_by_name ON public.orders USING btree (name, price DESC) WHERE (price > (1)::numeric)");
  CHECK(answer(session, "pg_get_indexdef", {{oid::kOid, "16386"}, {oid::kInt4, "2"}, {oid::kBool, "t"}}) == "price");
  CHECK(answer(session, "pg_get_constraintdef", {{oid::kOid, "16400"}}) == "PRIMARY KEY (id)");
  CHECK(answer(session, "pg_get_constraintdef", {{oid::kOid, "16402"}}) == "CHECK ((price > (0)::numeric))");
  CHECK(answer(session, "pg_get_constraintdef", {{oid::kOid, "16402"}, {oid::kBool, "t"}}) ==
        "CHECK (price > 0::numeric)");
  CHECK(answer(session, "pg_get_constraintdef", {{oid::kOid, "1"}}) == "NULL");
  CHECK(answer(session, "pg_get_serial_sequence", {{oid::kText, "orders"}, {oid::kText, "id"}}) ==
        "public.orders_id_seq");
  CHECK(answer(session, "pg_get_userbyid", {{oid::kOid, "10"}}) == "postgres");
  CHECK(answer(session, "pg_get_userbyid", {{oid::kOid, "99"}}) == "unknown (OID=99)");
  CHECK(answer(session, "pg_get_function_arguments", {{oid::kOid, "1642"}}) == "oid");
  CHECK(answer(session, "pg_get_function_result", {{oid::kOid, "1642"}}) == "name");
}

TEST_CASE("expressions are written in the deparser's style", "[system]") {
  CHECK(expression_text("price>0 and tags is null") == "((price > 0) AND (tags IS NULL))");
  CHECK(expression_text("no expression (") == "no expression (");
  CHECK(index_expression_text("lower(name)") == "lower(name)");
  CHECK(index_expression_text("a+b") == "((a + b))");
  CHECK(without_outer_parentheses("(a > 0)") == "a > 0");
  CHECK(without_outer_parentheses("(a) + (b)") == "(a) + (b)");
  CHECK(without_outer_parentheses("(a = ')')") == "a = ')'");
}

TEST_CASE("comments are found by object and column", "[system]") {
  TestSession session;
  CHECK(answer(session, "obj_description", {{oid::kOid, "16384"}, {oid::kName, "pg_class"}}) == "what was ordered");
  CHECK(answer(session, "obj_description", {{oid::kOid, "16384"}, {oid::kName, "pg_proc"}}) == "NULL");
  CHECK(answer(session, "col_description", {{oid::kOid, "16384"}, {oid::kInt4, "2"}}) == "of the customer");
  CHECK(answer(session, "col_description", {{oid::kOid, "16384"}, {oid::kInt4, "99"}}) == "NULL");
}

TEST_CASE("visibility follows the search path", "[system]") {
  TestSession session;
  CHECK(answer(session, "pg_table_is_visible", {{oid::kOid, "16384"}}) == "t");
  CHECK(answer(session, "current_schemas", {{oid::kBool, "t"}}) == "{pg_catalog,public}");
  CHECK(answer(session, "current_schemas", {{oid::kBool, "f"}}) == "{public}");
  REQUIRE(session.set_parameter("search_path", "sys", false).ok());
  CHECK(answer(session, "pg_table_is_visible", {{oid::kOid, "16384"}}) == "f");
  CHECK(answer(session, "pg_table_is_visible", {{oid::kOid, "1259"}}) == "t");
  CHECK(answer(session, "pg_table_is_visible", {{oid::kOid, "1"}}) == "NULL");
  CHECK(answer(session, "to_regclass", {{oid::kText, "orders"}}) == "NULL");
  CHECK(answer(session, "to_regclass", {{oid::kText, "public.orders"}}) == "public.orders");
}

TEST_CASE("a superuser may do everything, others what everybody may", "[system]") {
  TestSession session;
  CHECK(answer(session, "has_table_privilege", {{oid::kText, "orders"}, {oid::kText, "select, INSERT"}}) == "t");
  session.user_ = kAlice;
  CHECK(answer(session, "has_table_privilege", {{oid::kText, "orders"}, {oid::kText, "select"}}) == "f");
  CHECK(answer(session, "has_table_privilege", {{oid::kText, "pg_class"}, {oid::kText, "select"}}) == "t");
  CHECK(answer(session, "has_schema_privilege", {{oid::kText, "public"}, {oid::kText, "usage"}}) == "t");
  CHECK(answer(session, "has_schema_privilege", {{oid::kText, "public"}, {oid::kText, "create"}}) == "f");
  CHECK(answer(session, "has_table_privilege",
               {{oid::kName, "postgres"}, {oid::kOid, "16384"}, {oid::kText, "delete"}}) == "t");
  CHECK(answer(session, "has_table_privilege", {{oid::kOid, "1"}, {oid::kText, "select"}}) == "NULL");
  const auto wrong = call(session, "has_table_privilege", {{oid::kText, "orders"}, {oid::kText, "eat"}});
  CHECK(error_fields(wrong.status()).message == "unrecognized privilege type: \"eat\"");
  CHECK(answer(session, "pg_has_role", {{oid::kName, "postgres"}, {oid::kText, "member"}}) == "f");
}

TEST_CASE("sizes are shown in the largest unit that stays readable", "[system]") {
  TestSession session;
  const auto pretty = [&](const char* bytes) { return answer(session, "pg_size_pretty", {{oid::kInt8, bytes}}); };
  CHECK(pretty("10239") == "10239 bytes");
  CHECK(pretty("10240") == "10 kB");
  CHECK(pretty("-10240") == "-10 kB");
  CHECK(pretty("10485247") == "10239 kB");
  CHECK(pretty("10485248") == "10 MB");
  CHECK(pretty("1000000000000") == "931 GB");
  CHECK(answer(session, "pg_size_bytes", {{oid::kText, "1.5 GB"}}) == "1610612736");
  CHECK(answer(session, "pg_relation_size", {{oid::kRegclass, "orders"}}) == "0");
}

TEST_CASE("settings are read and set by functions", "[system]") {
  TestSession session;
  CHECK(answer(session, "set_config", {{oid::kText, "work_mem"}, {oid::kText, "8192"}, {oid::kBool, "f"}}) == "8MB");
  CHECK(answer(session, "current_setting", {{oid::kText, "WORK_MEM"}}) == "8MB");
  CHECK(answer(session, "current_setting", {{oid::kText, "nono"}, {oid::kBool, "t"}}) == "NULL");
  CHECK(error_fields(call(session, "current_setting", {{oid::kText, "nono"}}).status()).message ==
        "unrecognized configuration parameter \"nono\"");
}

TEST_CASE("the session says who and where it is", "[system]") {
  TestSession session;
  CHECK(answer(session, "version").starts_with("PostgreSQL 15.0 (Troupe "));
  CHECK(answer(session, "pg_backend_pid") == "4711");
  CHECK(answer(session, "pg_is_in_recovery") == "f");
  CHECK(answer(session, "pg_encoding_to_char", {{oid::kInt4, "6"}}) == "UTF8");
  CHECK(answer(session, "pg_cancel_backend", {{oid::kInt4, "4712"}}) == "t");
  CHECK(answer(session, "pg_cancel_backend", {{oid::kInt4, "1"}}) == "f");
  CHECK(answer(session, "inet_server_addr") == "NULL");
}
