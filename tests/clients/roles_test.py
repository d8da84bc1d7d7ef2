#!/usr/bin/python3
"""Roles and rights: PostgreSQL's words beside ours, kill -9, pg_dump, and sessions that are open while rights change."""
import os
import sys
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import pgwire  # noqa: E402
import servers  # noqa: E402
import side_by_side  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


class RolesTest(node_case.NodeCase):
    def assertDenied(self, connection, sql, message):
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege) as refusal:
            self.run_in(connection, sql)
        self.assertEqual(refusal.exception.diag.message_primary, message)

    def test_roles_and_rights_are_what_they_were_after_kill_9(self):
        admin = self.connect()
        for sql in ("CREATE ROLE reader", "CREATE ROLE bob LOGIN PASSWORD 'secret' IN ROLE reader", "CREATE TABLE t (id int, v text)",
                    "INSERT INTO t VALUES (1, 'one')", "GRANT SELECT (id) ON t TO reader WITH GRANT OPTION",
                    "ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO bob", "CREATE SCHEMA hers AUTHORIZATION bob",
                    "CREATE ROLE gone", "DROP ROLE gone"):
            self.run_in(admin, sql)
        password = self.run_in(admin, "SELECT rolpassword FROM pg_authid WHERE rolname = 'bob'")
        self.assertTrue(password[0][0].startswith("SCRAM-SHA-256$4096:"))
        for checkpoint in (False, True):
            if checkpoint:
                self.run_in(self.connect(), "CHECKPOINT")
            self.node.kill()
            self.node.start()
            bob = self.connect(user="bob")
            self.assertEqual(self.run_in(bob, "SELECT id FROM t"), [(1,)])
            self.assertDenied(bob, "SELECT * FROM t", "permission denied for table t")
            self.assertDenied(bob, "CREATE ROLE x", "permission denied to create role")
            admin = self.connect()
            self.assertEqual(self.run_in(admin, "SELECT rolpassword FROM pg_authid WHERE rolname = 'bob'"), password)
            name = f"made_{checkpoint}".lower()
            self.run_in(admin, f"CREATE TABLE {name} (id int)")
            self.run_in(bob, f"INSERT INTO {name} VALUES (1)")
            self.run_in(bob, f"CREATE TABLE hers.{name} (id int)")
            self.assertEqual(self.run_in(admin, "SELECT count(*) FROM pg_roles WHERE rolname = 'gone'"), [(0,)])

    def test_a_statement_prepared_on_the_wire_is_denied_when_it_runs(self):
        admin = self.connect()
        self.run_in(admin, "CREATE ROLE bob LOGIN")
        self.run_in(admin, "CREATE TABLE t (id int PRIMARY KEY)")
        self.run_in(admin, "GRANT SELECT ON t TO bob")
        with pgwire.Wire.connect(port=self.node.port) as wire:
            wire.startup("bob")
            self.assertIsNone(wire.ask(pgwire.parse("SELECT * FROM t", "p"), pgwire.SYNC).error)
            run = (pgwire.bind(statement="p"), pgwire.execute(), pgwire.SYNC)
            self.assertIsNone(wire.ask(*run).error)
            self.run_in(admin, "REVOKE SELECT ON t FROM bob")
            self.assertEqual(wire.ask(*run).error.sqlstate, "42501")
            self.run_in(admin, "CREATE ROLE readers ROLE bob")
            self.run_in(admin, "GRANT SELECT ON t TO readers")
            self.assertIsNone(wire.ask(*run).error)
            self.run_in(admin, "REVOKE readers FROM bob")
            self.assertEqual(wire.ask(*run).error.sqlstate, "42501")
            self.run_in(admin, "ALTER ROLE bob SUPERUSER")
            self.assertIsNone(wire.ask(*run).error)

    def test_subscribers_copy_and_other_sessions_queries_need_rights(self):
        admin = self.connect()
        self.run_in(admin, "CREATE ROLE bob LOGIN")
        self.run_in(admin, "CREATE TABLE t (id int PRIMARY KEY)")
        bob = self.connect(user="bob")
        self.assertDenied(bob, "SUBSCRIBE TO t", "permission denied for table t")
        self.assertDenied(bob, "COPY t TO STDOUT", "permission denied for table t")
        self.assertDenied(bob, "COPY (SELECT * FROM t) TO STDOUT", "permission denied for table t")
        self.assertDenied(bob, "COPY t FROM STDIN", "permission denied for table t")
        shown = self.run_in(bob, "SELECT query FROM pg_stat_activity WHERE usename = 'postgres' AND pid <> pg_backend_pid()")
        self.assertEqual({row[0] for row in shown}, {"<insufficient privilege>"})
        pid = admin.get_backend_pid()
        self.assertDenied(bob, f"SELECT pg_terminate_backend({pid})", "must be a superuser to terminate superuser process")

    def test_a_session_whose_role_was_dropped_may_do_nothing(self):
        admin = self.connect()
        self.run_in(admin, "CREATE ROLE amy LOGIN SUPERUSER; CREATE ROLE bob; CREATE ROLE zed")
        amy = self.connect(user="amy")
        self.run_in(admin, "DROP ROLE amy")
        for sql in ("CREATE ROLE q", "CREATE DATABASE q", "GRANT zed TO bob", "ALTER ROLE bob CREATEDB", "DROP ROLE bob",
                    "COMMENT ON ROLE bob IS 'x'", "ALTER ROLE postgres SET search_path = 'hidden'",
                    "ALTER ROLE ALL IN DATABASE postgres SET work_mem = '3MB'", "ALTER DATABASE postgres RENAME TO p",
                    "ALTER DATABASE postgres OWNER TO bob"):
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege, msg=sql):
                self.run_in(amy, sql)
        self.assertEqual(self.run_in(admin, "SELECT 1"), [(1,)])

    def test_whoever_a_session_has_become_it_stays_when_names_change(self):
        admin, other = self.connect(), self.connect()
        self.run_in(admin, "CREATE ROLE bob LOGIN; CREATE ROLE r1; CREATE ROLE r2; GRANT r1 TO bob")
        self.run_in(admin, "SET SESSION AUTHORIZATION bob")
        bob = self.connect(user="bob")
        self.run_in(bob, "SET ROLE r1")
        self.run_in(other, "ALTER ROLE bob RENAME TO bobby; ALTER ROLE r1 RENAME TO r0; ALTER ROLE r2 RENAME TO r1")
        self.run_in(admin, "SET work_mem = '5MB'")
        self.assertEqual(self.run_in(admin, "SELECT current_user::text, session_user::text"), [("bobby", "bobby")])
        self.run_in(bob, "SET work_mem = '5MB'")
        self.assertEqual(self.run_in(bob, "SELECT current_user::text"), [("r0",)])
        self.assertDenied(bob, "SET ROLE r1", 'permission denied to set role "r1"')
        self.run_in(bob, "RESET ROLE")
        self.assertEqual(self.run_in(bob, "SELECT current_user::text"), [("bobby",)])

    def test_a_subscription_ends_when_the_right_to_it_does(self):
        admin = self.connect()
        self.run_in(admin, "CREATE ROLE bob LOGIN; CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO bob")
        with pgwire.Wire.connect(port=self.node.port) as wire:
            wire.startup("bob")
            wire.send(pgwire.query("SUBSCRIBE TO t"))
            self.run_in(admin, "SELECT pg_sleep(0.3)")
            self.run_in(admin, "INSERT INTO t VALUES (1)")
            self.run_in(admin, "REVOKE SELECT ON t FROM bob")
            self.run_in(admin, "INSERT INTO t VALUES (2)")
            answer = wire.result()
            self.assertEqual(answer.error.sqlstate, "42501")
            self.assertLessEqual(len(answer.rows), 1)  # of the first row, if it was sent before the right went

    def test_pg_dump_brings_rights_along(self):
        admin = self.connect()
        for sql in ("CREATE ROLE bob LOGIN", "CREATE ROLE owner_of_t", "CREATE DATABASE from_here", "CREATE DATABASE to_here"):
            self.run_in(admin, sql)
        here = self.connect(database="from_here")
        for sql in ("CREATE SCHEMA s AUTHORIZATION owner_of_t", "CREATE TABLE s.t (id serial PRIMARY KEY, v text)",
                    "ALTER TABLE s.t OWNER TO owner_of_t", "GRANT USAGE ON SCHEMA s TO bob",
                    "GRANT SELECT (id), UPDATE (v) ON s.t TO bob WITH GRANT OPTION", "GRANT INSERT ON s.t TO PUBLIC",
                    "GRANT USAGE ON SEQUENCE s.t_id_seq TO bob", "REVOKE ALL ON SCHEMA public FROM PUBLIC",
                    "ALTER DEFAULT PRIVILEGES FOR ROLE owner_of_t IN SCHEMA s GRANT SELECT ON TABLES TO bob"):
            self.run_in(here, sql)
        dumped = self.tool("pg_dump", "-d", "from_here")
        restored = self.tool("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", "to_here", text=dumped)
        self.assertNotIn("ERROR", restored)
        query = ("SELECT relname, pg_get_userbyid(relowner), relacl FROM pg_class WHERE relnamespace = 's'::regnamespace"
                 " UNION ALL SELECT nspname, pg_get_userbyid(nspowner), nspacl FROM pg_namespace WHERE nspname IN ('s', 'public')"
                 " UNION ALL SELECT attname, '', attacl FROM pg_attribute WHERE attrelid = 's.t'::regclass"
                 " UNION ALL SELECT defaclobjtype::text, pg_get_userbyid(defaclrole), defaclacl FROM pg_default_acl ORDER BY 1, 2")
        there = self.connect(database="to_here")
        self.assertEqual(self.run_in(there, query), self.run_in(here, query))
        roles = self.tool("pg_dumpall", "--roles-only")
        self.assertIn("CREATE ROLE bob;", roles)
        self.assertIn("ALTER ROLE bob WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS;", roles)

    @unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
    def test_what_postgresql_says_is_what_the_node_says(self):
        with open(os.path.join(HERE, "side_by_side/roles.sql")) as script, servers.PostgresServer() as postgres:
            found = side_by_side.differences(script.read(), postgres, self.node)
        self.assertEqual(found, [], side_by_side.report(found))


if __name__ == "__main__":
    unittest.main()
