#!/usr/bin/python3
"""Definitions of one session beside those of others, and what the system does on its own account for roles that lack rights.

    TROUPE=build/release/tools/troupe tests/clients/definitions_test.py
"""
import os
import sys
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from node_case import NodeCase  # noqa: E402


class DefinitionsTest(NodeCase):
    def setUp(self):
        super().setUp()
        self.a, self.b = self.connect(), self.connect()

    def refused(self, connection, sql):
        """The SQLSTATE with which it is."""
        with self.assertRaises(psycopg2.Error, msg=sql) as raised:
            self.run_in(connection, sql)
        return raised.exception.pgcode

    # --- types ---

    def test_a_label_that_was_rolled_back_was_never_known_to_others(self):
        self.run_in(self.a, "CREATE TYPE mood AS ENUM ('sad', 'ok')")
        self.run_in(self.a, "CREATE TABLE t (m mood)")
        self.run_in(self.a, "BEGIN; ALTER TYPE mood ADD VALUE 'glad'")
        self.assertEqual(self.refused(self.b, "INSERT INTO t VALUES ('glad')"), "22P02")
        self.run_in(self.a, "ROLLBACK")
        self.assertEqual(self.refused(self.b, "INSERT INTO t VALUES ('glad')"), "22P02")
        self.run_in(self.a, "ALTER TYPE mood ADD VALUE 'glad'")
        self.run_in(self.b, "INSERT INTO t VALUES ('glad')")
        self.assertEqual(self.run_in(self.a, "SELECT m FROM t"), [("glad",)])

    def test_a_type_that_a_transaction_makes_can_be_used_there_at_once(self):
        self.run_in(self.a, "BEGIN; CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'glad'")
        self.assertEqual(self.run_in(self.a, "SELECT 'glad'::mood > 'sad'"), [(True,)])
        self.run_in(self.a, "ROLLBACK")

    def test_a_type_does_not_go_while_a_table_with_it_comes(self):
        for first_commits in (True, False):
            with self.subTest(first_commits):
                self.run_in(self.a, "CREATE TYPE mood AS ENUM ('sad', 'ok')")
                self.run_in(self.a, "BEGIN; CREATE TABLE u (m mood, l mood[])")
                self.run_in(self.b, "BEGIN; DROP TYPE mood")
                first, second = (self.a, self.b) if first_commits else (self.b, self.a)
                self.run_in(first, "COMMIT")
                self.assertEqual(self.refused(second, "COMMIT"), "2BP01" if first_commits else "42704")
                self.node.kill()
                self.node.start()
                self.a, self.b = self.connect(), self.connect()
                self.run_in(self.a, "DROP TABLE IF EXISTS u")
                self.run_in(self.a, "DROP TYPE IF EXISTS mood")

    def test_a_schema_does_not_go_while_a_table_comes_into_it(self):
        self.run_in(self.a, "CREATE SCHEMA s")
        self.run_in(self.a, "BEGIN; CREATE TABLE s.t (a int)")
        self.run_in(self.b, "DROP SCHEMA s")
        self.assertEqual(self.refused(self.a, "COMMIT"), "3F000")

    # --- foreign keys of whoever ---

    def test_foreign_keys_ask_no_rights_of_whoever_changes_rows(self):
        self.run_in(self.a, """CREATE ROLE clerk LOGIN;
            CREATE TABLE p (id int PRIMARY KEY);
            CREATE TABLE c (pid int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
            INSERT INTO p VALUES (1), (2), (3);
            GRANT SELECT, DELETE, UPDATE ON p TO clerk;
            GRANT INSERT ON c TO clerk""")
        clerk = self.connect(user="clerk")
        self.run_in(clerk, "INSERT INTO c VALUES (1), (2)")
        self.run_in(clerk, "DELETE FROM p WHERE id = 1")
        self.run_in(clerk, "UPDATE p SET id = 22 WHERE id = 2")
        self.run_in(self.a, "SET ROLE clerk")
        self.assertEqual(self.refused(self.a, "INSERT INTO c VALUES (2)"), "23503")
        self.run_in(self.a, "INSERT INTO c VALUES (22)")
        self.run_in(self.a, "RESET ROLE")
        self.assertEqual(self.run_in(self.b, "SELECT pid FROM c"), [(22,), (22,)])
        self.assertEqual(self.refused(clerk, "SELECT * FROM c"), "42501")

    def test_referring_takes_the_right_to(self):
        self.run_in(self.a, """CREATE ROLE clerk LOGIN; GRANT CREATE ON SCHEMA public TO clerk;
            CREATE TABLE p (id int PRIMARY KEY, n int UNIQUE)""")
        clerk = self.connect(user="clerk")
        self.assertEqual(self.refused(clerk, "CREATE TABLE c (pid int REFERENCES p)"), "42501")
        self.run_in(self.a, "GRANT REFERENCES (n) ON p TO clerk")
        self.assertEqual(self.refused(clerk, "CREATE TABLE c (pid int REFERENCES p)"), "42501")
        self.run_in(clerk, "CREATE TABLE c (pid int REFERENCES p (n))")
        self.run_in(self.a, "GRANT REFERENCES ON p TO clerk")
        self.run_in(clerk, "ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p")

    def test_types_are_their_owners(self):
        self.run_in(self.a, """CREATE ROLE clerk LOGIN; CREATE TYPE mood AS ENUM ('sad');
            CREATE DOMAIN positive AS int CHECK (VALUE > 0)""")
        clerk = self.connect(user="clerk")
        for sql in ("ALTER TYPE mood ADD VALUE 'glad'", "ALTER TYPE mood RENAME TO humour", "DROP TYPE mood",
                    "ALTER DOMAIN positive DROP CONSTRAINT positive_check", "DROP DOMAIN positive",
                    "ALTER DOMAIN positive RENAME CONSTRAINT positive_check TO c"):
            self.assertEqual(self.refused(clerk, sql), "42501", sql)

    # --- temporary tables ---

    def temporary_schemas(self, connection):
        return self.run_in(connection, r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'pg\_temp\_%'")

    def test_temporary_tables_go_with_a_session_that_has_another_role(self):
        self.run_in(self.a, "CREATE ROLE clerk")
        self.run_in(self.a, "CREATE TEMPORARY TABLE t (a int); SET ROLE clerk")
        self.a.close()
        for _ in range(100):
            if not self.temporary_schemas(self.b):
                return
            self.run_in(self.b, "SELECT pg_sleep(0.05)")
        self.fail("still there")

    def test_what_a_killed_node_left_behind_goes_in_every_database(self):
        self.run_in(self.a, "CREATE DATABASE other")
        for connection in (self.a, self.connect("other")):
            self.run_in(connection, "CREATE TEMPORARY TABLE t (a int)")
            self.assertEqual(len(self.temporary_schemas(connection)), 1)
        self.node.kill()
        self.node.start()
        for database in ("postgres", "other"):
            self.assertEqual(self.temporary_schemas(self.connect(database)), [], database)

    def test_rows_go_at_a_commit_that_has_brought_some_and_at_no_other(self):
        self.run_in(self.a, "CREATE TABLE kept (a int)")
        self.run_in(self.a, "CREATE TEMPORARY TABLE t (a int) ON COMMIT DELETE ROWS")
        self.run_in(self.a, "BEGIN; INSERT INTO t VALUES (1)")
        self.assertEqual(self.run_in(self.a, "SELECT count(*) FROM t"), [(1,)])
        self.run_in(self.a, "COMMIT")
        self.assertEqual(self.run_in(self.a, "SELECT count(*) FROM t"), [(0,)])
        before = self.run_in(self.a, "SELECT pg_relation_filenode('t'::regclass)")
        self.run_in(self.a, "INSERT INTO kept VALUES (1)")
        self.assertEqual(self.run_in(self.a, "SELECT pg_relation_filenode('t'::regclass)"), before)

    def test_many_definitions_in_a_transaction_take_nobody_elses_numbers(self):
        """Oids and trees are handed out in blocks: a transaction that needs more must not go on into another's."""
        many, other = self.connect(), self.connect()
        labels = ", ".join(f"'label {i}'" for i in range(700))
        parts = 90

        def others(turn):
            for i in range(20):
                self.run_in(other, f"CREATE TABLE other_{turn}_{i} (id serial PRIMARY KEY, v text UNIQUE)")
                self.run_in(other, f"INSERT INTO other_{turn}_{i} (v) VALUES ('other {turn} {i}')")
        others(0)
        self.run_in(many, "BEGIN")
        for i in range(150):
            self.run_in(many, f"CREATE TABLE many_{i} (id serial PRIMARY KEY, v text UNIQUE, CHECK (v <> ''))")
            self.run_in(many, f"INSERT INTO many_{i} (v) VALUES ('many {i}')")
            if i == 75:
                others(1)
        self.run_in(many, f"CREATE TYPE labelled AS ENUM ({labels})")
        self.run_in(many, "CREATE TABLE parted (id int, v text) PARTITION BY LIST (id)")
        for i in range(parts):
            self.run_in(many, f"CREATE TABLE parted_{i} PARTITION OF parted FOR VALUES IN ({i})")
        self.run_in(many, "CREATE UNIQUE INDEX ON parted (id, v)")
        self.run_in(many, f"INSERT INTO parted SELECT i, 'part ' || i FROM generate_series(0, {parts - 1}) i")
        others(2)
        self.run_in(many, "COMMIT")
        for restarted in (False, True):
            if restarted:
                self.node.kill()
                self.node.start()
                other = self.connect()
            self.assertEqual(self.run_in(other, "SELECT oid, count(*) FROM pg_class GROUP BY oid HAVING count(*) > 1"), [])
            for i in range(150):
                self.assertEqual(self.run_in(other, f"SELECT * FROM many_{i} WHERE v = 'many {i}'"), [(1, f"many {i}")])
                self.assertEqual(self.run_in(other, f"TABLE many_{i}"), [(1, f"many {i}")])
            for turn in range(3):
                for i in range(20):
                    self.assertEqual(self.run_in(other, f"TABLE other_{turn}_{i}"), [(1, f"other {turn} {i}")])
            self.assertEqual(self.run_in(other, "SELECT count(*), count(DISTINCT v) FROM parted"), [(parts, parts)])
            self.assertEqual(self.run_in(other, "SELECT 'label 699'::labelled > 'label 2'::labelled"), [(True,)])


if __name__ == "__main__":
    unittest.main()
