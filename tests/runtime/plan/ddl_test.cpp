#include "tests/runtime/plan/plan_fixture.hpp"

using namespace troupe;

namespace {

size_t count(const DdlPlan& plan, DdlAction::Kind kind) {
  size_t found = 0;
  for (const DdlAction& action : plan.actions) found += action.kind == kind ? 1 : 0;
  return found;
}

}  // namespace

TEST_CASE_METHOD(PlanFixture, "CREATE TABLE makes the table, its key, its sequence and its trees", "[ddl]") {
  const StatementPlanPtr planned =
      plan("CREATE TABLE t (id serial PRIMARY KEY, n varchar(5) UNIQUE DEFAULT 'x', v int NOT NULL CHECK (v > 0))");
  CHECK(planned->ddl->tag == "CREATE TABLE");
  CHECK(count(*planned->ddl, DdlAction::Kind::kCreateTree) == 2);
  CHECK(count(*planned->ddl, DdlAction::Kind::kSetSequence) == 1);
  ddl("CREATE TABLE t (id serial PRIMARY KEY, n varchar(5) UNIQUE DEFAULT 'x', v int NOT NULL CHECK (v > 0))");
  const TableDef& t = table("t");
  REQUIRE(t.columns.size() == 3);
  CHECK(t.primary_key == std::vector<int16_t>{1});
  CHECK(t.columns[0].not_null);
  CHECK(t.columns[1].typmod == 9);
  CHECK(t.find_constraint("t_pkey") != nullptr);
  CHECK(t.find_constraint("t_n_key") != nullptr);
  CHECK(t.find_constraint("t_v_check") != nullptr);
  CHECK(catalog().find_relation(kPublicSchema, "t_id_seq") != nullptr);
  CHECK(t.indexes.size() == 2);
  CHECK(catalog().find_index(t.indexes[0])->primary);
  CHECK(error_of("CREATE TABLE t (a int)") == "42P07 0 relation \"t\" already exists");
  CHECK(plan("CREATE TABLE IF NOT EXISTS t (a int)")->ddl->notices[0].message ==
        "relation \"t\" already exists, skipping");
}

TEST_CASE_METHOD(PlanFixture, "ALTER TABLE adds a column without touching rows when it can", "[ddl]") {
  ddl("CREATE TABLE t (id int PRIMARY KEY)");
  CHECK(plan("ALTER TABLE t ADD COLUMN a int DEFAULT 7")->ddl->actions.empty());
  ddl("ALTER TABLE t ADD COLUMN a int DEFAULT 7");
  CHECK(table("t").columns[1].missing == Value::of(int32_t{7}));
  CHECK(count(*plan("ALTER TABLE t ADD COLUMN b double precision DEFAULT random()")->ddl,
              DdlAction::Kind::kRewriteTable) == 1);
  ddl("ALTER TABLE t DROP COLUMN a");
  CHECK(table("t").columns[1].dropped);
  CHECK(table("t").live_columns() == 1);
  ddl("ALTER TABLE t ADD COLUMN a text");
  CHECK(table("t").find_column("a")->attnum == 3);
  CHECK(plan("SELECT * FROM t")->columns.size() == 2);
}

TEST_CASE_METHOD(PlanFixture, "a new primary key rewrites the table under its keys", "[ddl]") {
  ddl("CREATE TABLE t (a int, b int)");
  ddl("CREATE INDEX t_b ON t (b)");
  const TreeId before = table("t").tree;
  const StatementPlanPtr planned = plan("ALTER TABLE t ADD PRIMARY KEY (a)");
  CHECK(count(*planned->ddl, DdlAction::Kind::kRewriteTable) == 1);
  CHECK(count(*planned->ddl, DdlAction::Kind::kBuildIndex) == 1);
  CHECK(count(*planned->ddl, DdlAction::Kind::kCheckNotNull) == 1);
  ddl("ALTER TABLE t ADD PRIMARY KEY (a)");
  CHECK(table("t").tree != before);
  CHECK(table("t").primary_key == std::vector<int16_t>{1});
  ddl("ALTER TABLE t DROP CONSTRAINT t_pkey");
  CHECK(table("t").primary_key.empty());
}

TEST_CASE_METHOD(PlanFixture, "DROP TABLE takes indexes and owned sequences along, and views only with CASCADE", "[ddl]") {
  ddl("CREATE TABLE t (id serial PRIMARY KEY, a int)");
  ddl("CREATE INDEX ON t (a)");
  CHECK(catalog().find_relation(kPublicSchema, "t_a_idx") != nullptr);
  ddl("CREATE VIEW v AS SELECT a FROM t");
  CHECK(error_of("DROP TABLE t").find("2BP01") == 0);
  ddl("DROP TABLE t CASCADE");
  for (const std::string_view name : {"t", "t_pkey", "t_a_idx", "t_id_seq", "v"}) {
    CHECK(catalog().find_relation(kPublicSchema, name) == nullptr);
  }
  CHECK(error_of("DROP TABLE t") == "42P01 0 table \"t\" does not exist");
  CHECK(plan("DROP TABLE IF EXISTS t")->ddl->changes.empty());
}

TEST_CASE_METHOD(PlanFixture, "sequences obey their options", "[ddl]") {
  ddl("CREATE SEQUENCE s INCREMENT BY -2 MAXVALUE 100 START WITH 50 CYCLE");
  const auto& s = static_cast<const SequenceDef&>(*catalog().find_relation(kPublicSchema, "s"));
  CHECK(s.increment == -2);
  CHECK(s.maximum == 100);
  CHECK(s.start == 50);
  CHECK(s.cycle);
  CHECK(failure("CREATE SEQUENCE z INCREMENT BY 0").message == "INCREMENT must not be zero");
  CHECK(plan("ALTER SEQUENCE s RESTART WITH 7")->ddl->actions[0].restart == 7);
  CHECK(plan("SELECT nextval('s')")->read_only == false);
  CHECK(failure("SELECT nextval('nope')").code == ErrorCode::kUndefinedTable);
}

TEST_CASE_METHOD(PlanFixture, "CREATE TABLE AS takes names and types from its query", "[ddl]") {
  ddl("CREATE TABLE t (id int PRIMARY KEY, a text)");
  const StatementPlanPtr planned = plan("CREATE TABLE u AS SELECT id, a || '!' AS loud FROM t");
  CHECK(planned->kind == StatementKind::kCreateTableAs);
  REQUIRE(planned->ddl->fill.table != nullptr);
  CHECK(planned->ddl->fill.table->columns[1].name == "loud");
  CHECK(planned->root != nullptr);
}

TEST_CASE_METHOD(PlanFixture, "TRUNCATE gives the table empty trees", "[ddl]") {
  ddl("CREATE TABLE t (id serial PRIMARY KEY, a int UNIQUE)");
  const TreeId before = table("t").tree;
  ddl("TRUNCATE t RESTART IDENTITY");
  CHECK(table("t").tree != before);
}

TEST_CASE_METHOD(PlanFixture, "renaming, comments and schemas change just the catalog", "[ddl]") {
  ddl("CREATE TABLE t (id int PRIMARY KEY)");
  ddl("ALTER TABLE t RENAME TO u");
  ddl("ALTER TABLE u RENAME COLUMN id TO key");
  CHECK(table("u").columns[0].name == "key");
  ddl("COMMENT ON TABLE u IS 'about u'");
  CHECK(table("u").comment == "about u");
  ddl("CREATE SCHEMA s");
  ddl("CREATE TABLE s.t (a int)");
  CHECK(plan("SELECT a FROM s.t")->columns.size() == 1);
  CHECK(error_of("DROP SCHEMA s").find("2BP01") == 0);
  ddl("DROP SCHEMA s CASCADE");
  CHECK(catalog().find_schema("s") == nullptr);
}
