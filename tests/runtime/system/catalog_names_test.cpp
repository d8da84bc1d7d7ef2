#include "runtime/system/catalog_names.hpp"

#include "tests/runtime/system/system_fixture.hpp"

using namespace troupe;

TEST_CASE("relations are found by search path and shown as short as possible", "[system]") {
  TestSession session;
  const CatalogNames names(session);
  CHECK(names.oid_of(oid::kRegclass, "orders").value() == kTable);
  CHECK(names.oid_of(oid::kRegclass, "Public.\"orders\"").value() == kTable);
  CHECK(names.oid_of(oid::kRegclass, "pg_class").value() == 1259);
  CHECK(names.oid_of(oid::kRegclass, "16384").value() == kTable);
  CHECK(names.name_of(oid::kRegclass, kTable) == "orders");
  CHECK(names.name_of(oid::kRegclass, 1259) == "pg_class");
  CHECK(names.name_of(oid::kRegclass, 99999) == std::nullopt);

  REQUIRE(session.set_parameter("search_path", "information_schema", false).ok());
  const CatalogNames elsewhere(session);
  CHECK(elsewhere.name_of(oid::kRegclass, kTable) == "public.orders");
  CHECK(error_fields(elsewhere.oid_of(oid::kRegclass, "orders").status()).message ==
        "relation \"orders\" does not exist");
}

TEST_CASE("what is not there is refused in PostgreSQL's words", "[system]") {
  const TestSession session;
  const CatalogNames names(session);
  const auto failure = [&](Oid type, std::string_view name) { return error_fields(names.oid_of(type, name).status()); };
  CHECK(failure(oid::kRegclass, "a.nope").message == "relation \"a.nope\" does not exist");
  CHECK(failure(oid::kRegclass, "a.nope").code == ErrorCode::kUndefinedTable);
  CHECK(failure(oid::kRegclass, "a..b").code == ErrorCode::kInvalidName);
  CHECK(failure(oid::kRegtype, "nope").message == "type \"nope\" does not exist");
  CHECK(failure(oid::kRegproc, "nope").message == "function \"nope\" does not exist");
  CHECK(failure(oid::kRegproc, "has_table_privilege").code == ErrorCode::kAmbiguousFunction);
  CHECK(failure(oid::kRegnamespace, "nope").message == "schema \"nope\" does not exist");
  CHECK(failure(oid::kRegrole, "nope").message == "role \"nope\" does not exist");
}

TEST_CASE("functions, types, schemas and roles go both ways", "[system]") {
  const TestSession session;
  const CatalogNames names(session);
  CHECK(names.oid_of(oid::kRegproc, "int4in").value() == 42);
  CHECK(names.name_of(oid::kRegproc, 42) == "int4in");
  CHECK(names.oid_of(oid::kRegprocedure, "pg_get_userbyid(oid)").value() == 1642);
  CHECK(names.name_of(oid::kRegprocedure, 1642) == "pg_get_userbyid(oid)");
  CHECK(names.oid_of(oid::kRegtype, "mood").value() == kMood);
  CHECK(names.name_of(oid::kRegtype, kMood) == "mood");
  CHECK(names.name_of(oid::kRegtype, oid::kInt4) == "integer");
  CHECK(names.oid_of(oid::kRegnamespace, "public").value() == kPublicSchema);
  CHECK(names.name_of(oid::kRegnamespace, kPgCatalogSchema) == "pg_catalog");
  CHECK(names.oid_of(oid::kRegrole, "alice").value() == kAlice);
}
