#include "runtime/system/system_tables.hpp"

#include "runtime/system/builtin_objects.hpp"
#include "tests/runtime/system/system_fixture.hpp"

using namespace troupe;

TEST_CASE("every system relation yields rows of its own columns", "[system]") {
  const TestSession session;
  for (const SystemRelation& relation : all_system_relations()) {
    CAPTURE(relation.name);
    for (const Batch& batch : scan_system_relation(relation, session)) {
      batch.check_invariants();
      REQUIRE(batch.columns.size() == relation.columns.size());
      REQUIRE(batch.rows <= kBatchRows);
      for (size_t i = 0; i < batch.columns.size(); ++i) {
        CAPTURE(relation.columns[i].name);
        CHECK(batch.columns[i].kind() == physical_of(relation.columns[i].type));
        if (relation.columns[i].not_null) CHECK(batch.columns[i].null_count() == 0);
      }
    }
  }
}

TEST_CASE("pg_class lists users' relations and the system's own, under PostgreSQL's oids", "[system]") {
  const TestSession session;
  const Rows rows(session, "pg_class");
  CHECK(rows.select({"relname", "relkind", "relnatts", "relchecks", "relhasindex", "relpersistence", "relam"},
                    {{"oid", "16384"}}) == "orders|r|5|1|t|p|2");
  CHECK(rows.select({"relname", "relkind", "relam"}, {{"oid", "16386"}}) == "orders_by_name|i|403");
  CHECK(rows.select({"relname", "relkind"}, {{"oid", "16387"}}) == "orders_id_seq|S");
  CHECK(rows.select({"relname", "relkind", "relhasrules"}, {{"oid", "16388"}}) == "cheap|v|t");
  CHECK(rows.select({"oid", "relnatts", "relnamespace"}, {{"relname", "pg_class"}}) == "1259|33|11");
  CHECK(rows.select({"oid", "relkind"}, {{"relname", "pg_attribute"}}) == "1249|r");
  CHECK(rows.select({"relkind"}, {{"relname", "pg_roles"}}) == "v");
  CHECK(rows.select({"relkind"}, {{"relname", "actors"}}) == "v");
}

TEST_CASE("pg_attribute describes columns as \\d shows them", "[system]") {
  const TestSession session;
  const Rows rows(session, "pg_attribute");
  CHECK(rows.select({"attnum", "attname", "atttypid", "atttypmod", "attlen", "attnotnull", "atthasdef", "attidentity",
                     "attndims", "attcollation", "attstorage"},
                    {{"attrelid", "16384"}}) ==
        "1|id|23|-1|4|t|t||0|0|p\n"
        "2|name|1043|24|-1|t|t||0|100|x\n"
        "3|price|1700|524294|-1|f|f||0|0|m\n"
        "4|tags|1009|-1|-1|f|f||1|100|x\n"
        "5|u|23|-1|4|t|f|a|0|0|p");
  CHECK(rows.select({"attname", "attnum"}, {{"attrelid", "16386"}}) == "name|1\nprice|2");
  CHECK(rows.select({"attname", "atttypid"}, {{"attrelid", "1247"}, {"attnum", "2"}}) == "typname|19");
}

TEST_CASE("pg_index has keys, options and operator classes", "[system]") {
  const TestSession session;
  const Rows rows(session, "pg_index");
  CHECK(rows.select({"indrelid", "indisunique", "indisprimary", "indkey", "indoption", "indclass", "indexprs"},
                    {{"indexrelid", "16385"}}) == "16384|t|t|1|0|1978|NULL");
  CHECK(rows.select({"indkey", "indoption", "indclass", "indcollation", "indexprs", "indpred"},
                    {{"indexrelid", "16386"}}) == "2 3|0 3|3126 3125|100 0|NULL|price > 1");
  CHECK(Rows(session, "pg_opclass").select({"opcname", "opcfamily", "opcdefault"}, {{"oid", "1978"}}) ==
        "int4_ops|1976|t");
}

TEST_CASE("constraints, defaults and dependencies join by oid", "[system]") {
  const TestSession session;
  CHECK(Rows(session, "pg_constraint").select({"conname", "contype", "conkey", "conindid"}, {{"conrelid", "16384"}}) ==
        "orders_pkey|p|{1}|16385\norders_u_key|u|{5}|16391\norders_price_check|c|{3}|0");
  CHECK(Rows(session, "pg_attrdef").select({"adnum", "adbin"}, {{"adrelid", "16384"}}) ==
        "1|nextval('orders_id_seq'::regclass)\n2|'x'::character varying");
  const Rows depend(session, "pg_depend");
  CHECK(depend.select({"refobjid", "refobjsubid", "deptype"}, {{"objid", "16387"}, {"refclassid", "1259"}}) ==
        "16384|1|a");
  CHECK(depend.select({"refobjsubid", "deptype"}, {{"objid", "16392"}, {"refclassid", "1259"}}) == "5|i");
  CHECK(Rows(session, "pg_description").select({"objsubid", "description"}, {{"objoid", "16384"}}) ==
        "0|what was ordered\n2|of the customer");
}

TEST_CASE("types name support functions that pg_proc has", "[system]") {
  const TestSession session;
  const Rows types(session, "pg_type");
  CHECK(types.select({"oid", "typlen", "typbyval", "typcategory", "typarray", "typinput", "typoutput"},
                     {{"typname", "int4"}}) == "23|4|t|N|1007|int4in|int4out");
  CHECK(types.select({"typelem", "typinput", "typcategory"}, {{"typname", "_text"}}) == "25|array_in|A");
  CHECK(types.select({"typtype", "typcategory", "typlen"}, {{"typname", "mood"}}) == "e|E|4");
  CHECK(types.select({"typtype", "typbasetype"}, {{"typname", "positive"}}) == "d|23");
  CHECK(Rows(session, "pg_enum").select({"enumsortorder", "enumlabel"}, {{"enumtypid", "16389"}}) ==
        "1|sad\n2|ok\n3|happy");
  for (const TypeInfo& type : all_types()) {
    const TypeSupport* support = find_type_support(type.oid);
    if (support == nullptr || support->input == 0) continue;
    CAPTURE(type.name);
    CHECK(find_builtin_function(support->input) != nullptr);
    CHECK(find_builtin_function(support->output) != nullptr);
  }
}

TEST_CASE("functions and operators have PostgreSQL's oids where it has them", "[system]") {
  const TestSession session;
  const Rows functions(session, "pg_proc");
  CHECK(functions.select({"oid", "prorettype", "proargtypes", "prokind"}, {{"proname", "pg_get_userbyid"}}) ==
        "1642|19|26|f");
  CHECK(functions.select({"oid", "proargtypes"}, {{"proname", "row_number"}}) == "3100|");
  CHECK(Rows(session, "pg_operator")
            .select({"oid", "oprresult", "oprcom", "oprcanhash"},
                    {{"oprname", "="}, {"oprleft", "23"}, {"oprright", "23"}}) == "96|16|96|t");
  std::vector<Oid> oids;
  for (const BuiltinFunction& f : builtin_functions()) oids.push_back(f.oid);
  CHECK(std::adjacent_find(oids.begin(), oids.end()) == oids.end());
}

TEST_CASE("roles, schemas and databases are listed", "[system]") {
  const TestSession session;
  CHECK(Rows(session, "pg_namespace").select({"oid", "nspname"}) ==
        "11|pg_catalog\n2200|public\n13183|information_schema\n13184|sys");
  std::string roles = "postgres|t|t|********\n";
  for (const char* predefined :
       {"monitor", "read_all_settings", "read_all_stats", "stat_scan_tables", "signal_backend", "checkpoint",
        "read_server_files", "write_server_files", "execute_server_program", "database_owner", "read_all_data",
        "write_all_data"}) {
    roles += cat("pg_", predefined, "|f|f|********\n");
  }
  CHECK(Rows(session, "pg_roles").select({"rolname", "rolsuper", "rolcanlogin", "rolpassword"}) ==
        roles + "alice|f|t|********");
  CHECK(Rows(session, "pg_database").select({"datname", "encoding", "datcollate"}) ==
        "template1|6|C.UTF-8\ntemplate0|6|C.UTF-8\npostgres|6|C.UTF-8");
  CHECK(Rows(session, "pg_tables").select({"tablename", "tableowner"}, {{"schemaname", "public"}}) ==
        "orders|postgres");
}

TEST_CASE("rows that follow from the catalog are made once for each snapshot", "[system]") {
  TestSession session;
  const SystemRelation& pg_class = *find_system_relation(kPgCatalogSchema, "pg_class");
  const auto* first = scan_system_relation(pg_class, session).back().columns[0].values<int64_t>();
  CHECK(scan_system_relation(pg_class, session).back().columns[0].values<int64_t>() == first);

  auto renamed = make_orders();
  renamed->name = "purchases";
  session.catalog_ = session.catalog_->with_changes({{kTable, renamed}}, 6).value();
  CHECK(Rows(session, "pg_class").select({"relname"}, {{"oid", "16384"}}) == "purchases");
}

TEST_CASE("what the session knows is read for each scan", "[system]") {
  TestSession session;
  CHECK(Rows(session, "actors", kSysSchema).select({"id", "parent", "kind", "state", "mailbox_depth", "restarts"}) ==
        "7|1|partition|running|2|1");
  CHECK(Rows(session, "pg_locks").select({"locktype", "relation", "mode", "granted", "pid"}) ==
        "relation|16384|AccessShareLock|t|4711");
  REQUIRE(session.set_parameter("work_mem", "8MB", false).ok());
  CHECK(Rows(session, "pg_settings")
            .select({"setting", "unit", "vartype", "source", "min_val", "boot_val", "context"},
                    {{"name", "work_mem"}}) == "8192|kB|integer|session|64|4096|user");
  CHECK(Rows(session, "pg_settings").select({"enumvals"}, {{"name", "bytea_output"}}) == "{escape,hex}");
}

TEST_CASE("the planner finds system relations and gets their rows", "[system]") {
  TestSession session;
  SystemTables tables;
  add_system_tables(&tables);
  const auto table = tables.find(kPgCatalogSchema, "pg_namespace");
  REQUIRE(table != nullptr);
  CHECK(table->columns[1].name == "nspname");
  std::vector<std::vector<Value>> rows;
  const SystemEnvironment environment{session.catalog_.get(), nullptr, static_cast<SystemSession*>(&session)};
  REQUIRE(table->produce(environment, &rows).ok());
  REQUIRE(rows.size() == 4);
  CHECK(rows[0][1].string() == "pg_catalog");
}
