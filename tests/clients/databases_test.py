#!/usr/bin/python3
"""Several databases in one node: psql, createdb and dropdb, kill -9, and PostgreSQL's words beside ours."""
import os
import shutil
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402
import side_by_side  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


class DatabasesTest(node_case.NodeCase):
    def psql(self, text, database="postgres"):
        return self.tool("psql", "-X", "-A", "-t", "-q", "-d", database, text=text)

    def restart(self):
        self.node.kill()
        self.node.start()

    def test_createdb_psql_and_dropdb_work_as_with_postgresql(self):
        self.assertEqual(self.tool("createdb", "shop", "the shop's"), "")
        self.assertEqual(self.tool("createdb", "-O", "postgres", "-T", "template0", "-E", "UTF8", "shop2"), "")
        self.assertIn('database "shop" already exists', self.tool("createdb", "shop"))
        self.psql("CREATE TABLE t (id int); INSERT INTO t VALUES (1)", "shop")
        self.psql("CREATE TABLE t (name text); INSERT INTO t VALUES ('two')", "shop2")
        listed = [line.split("|")[0] for line in self.psql("\\l").splitlines()]
        self.assertEqual(listed, ["postgres", "shop", "shop2", "template0", "template1"])
        self.assertIn("the shop's", self.psql("\\l+ shop"))
        both = self.psql("SELECT id FROM t;\n\\c shop2\nSELECT name FROM t;\nSELECT current_database();\n\\dt", "shop")
        self.assertEqual(both.split("\n")[:4], ["1", "two", "shop2", "public|t|table|postgres"])
        self.assertIn('database "nosuch" does not exist', self.psql("\\c nosuch", "shop"))
        self.assertEqual(self.tool("dropdb", "shop"), "")
        self.assertIn('database "shop" does not exist', self.tool("dropdb", "shop"))
        self.assertIn('database "shop" does not exist', self.psql("SELECT 1", "shop"))
        self.assertEqual(self.tool("dropdb", "--if-exists", "shop"),
                         'NOTICE:  database "shop" does not exist, skipping\n')

    def test_databases_are_what_they_were_after_kill_9(self):
        admin = self.connect()
        for name in ("one", "two", "gone"):
            self.run_in(admin, f"CREATE DATABASE {name}")
            inside = self.connect(name)
            self.run_in(inside, "CREATE SCHEMA app")
            self.run_in(inside, "CREATE TABLE app.t (id serial PRIMARY KEY, v text)")
            self.run_in(inside, f"INSERT INTO app.t (v) SELECT '{name}' || i FROM generate_series(1, 1000) i")
            inside.close()
        self.run_in(admin, "CHECKPOINT")
        self.run_in(admin, "ALTER DATABASE two RENAME TO deux")
        self.run_in(admin, "ALTER DATABASE deux SET work_mem = '9MB'")
        self.run_in(admin, "DROP DATABASE gone")
        inside = self.connect("one")
        self.run_in(inside, "DELETE FROM app.t WHERE id > 10")
        for _ in range(2):
            self.restart()
            admin = self.connect()
            names = [row[0] for row in self.run_in(admin, "SELECT datname FROM pg_database ORDER BY 1")]
            self.assertEqual(names, ["deux", "one", "postgres", "template0", "template1"])
            for name, rows, first in (("one", 10, "one1"), ("deux", 1000, "two1")):
                inside = self.connect(name)
                self.assertEqual(self.run_in(inside, "SELECT count(*), min(v) FROM app.t"), [(rows, first)])
                self.assertEqual(self.run_in(inside, "SELECT relname FROM pg_class WHERE relname = 't'"), [("t",)])
                inside.close()
            self.assertEqual(self.run_in(self.connect("deux"), "SHOW work_mem"), [("9MB",)])
            with self.assertRaises(psycopg2.OperationalError):
                self.connect("gone")
            self.assertEqual(self.run_in(admin, "SELECT * FROM pg_class WHERE relname = 't'"), [])

    def test_what_a_node_begins_with_stays_dropped(self):
        admin = self.connect()
        self.run_in(admin, "DROP SCHEMA public")
        self.run_in(admin, "CREATE DATABASE other")
        other = self.connect("other")
        admin.close()
        self.run_in(other, "DROP DATABASE postgres")
        other.close()
        with self.assertRaises(RuntimeError):  # it waits for an answer in database postgres
            self.node.kill()
            self.node.database = "other"
            self.node.start()
            self.node.database = "postgres"
            self.node.wait_ready(patience_s=1)
        other = self.connect("other")
        self.assertEqual(self.run_in(other, "SELECT count(*) FROM pg_database WHERE datname = 'postgres'"), [(0,)])
        self.run_in(other, "CREATE DATABASE postgres")
        self.assertEqual(self.run_in(self.connect("postgres"), "SELECT current_schema()"), [("public",)])

    def test_dropping_a_database_waits_for_nobody_and_evicts_by_force(self):
        admin = self.connect()
        self.run_in(admin, "CREATE DATABASE busy")
        guests = [self.connect("busy") for _ in range(2)]
        with self.assertRaises(psycopg2.errors.ObjectInUse) as refusal:
            self.run_in(admin, "DROP DATABASE busy")
        self.assertEqual(refusal.exception.diag.message_primary, 'database "busy" is being accessed by other users')
        self.assertEqual(refusal.exception.diag.message_detail, "There are 2 other sessions using the database.")
        self.assertEqual(self.run_in(guests[0], "SELECT 1"), [(1,)])
        self.run_in(admin, "DROP DATABASE busy WITH (FORCE)")
        for guest in guests:
            with self.assertRaises(psycopg2.Error):
                self.run_in(guest, "SELECT 1")
        self.assertEqual(self.run_in(admin, "SELECT count(*) FROM pg_database WHERE datname = 'busy'"), [(0,)])

    def test_nobody_gets_into_a_database_while_it_goes(self):
        admin = self.connect()
        seen, stop = [], threading.Event()
        # Whoever sends something after it was ended hears of the connection only.
        expected = ("does not exist", "terminating connection", "server closed the connection", "connection already closed")

        def knock():
            while not stop.is_set():
                try:
                    guest = psycopg2.connect(self.node.dsn(), dbname="door")
                    with guest, guest.cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM pg_class WHERE relname = 't'")
                        seen.append(cursor.fetchone()[0])
                    guest.close()
                except psycopg2.Error as problem:
                    if not any(known in str(problem) for known in expected):
                        seen.append(str(problem))

        threads = [threading.Thread(target=knock) for _ in range(3)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(10):
                self.run_in(admin, "CREATE DATABASE door")
                self.run_in(admin, "DROP DATABASE door WITH (FORCE)")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(set(seen) - {0}, set())

    def test_the_storage_of_a_dropped_database_is_freed(self):
        admin = self.connect()

        def used():
            self.run_in(admin, "CHECKPOINT")
            return self.run_in(admin, "SELECT sum(file_bytes - free_bytes)::bigint FROM sys.partitions")[0][0]

        def fill_and_drop():
            self.run_in(admin, "CREATE DATABASE big")
            inside = self.connect("big")
            self.run_in(inside, "CREATE TABLE t (id int PRIMARY KEY, v text)")
            self.run_in(inside, "INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i")
            until, size = time.monotonic() + 10, 0  # sizes are measured now and then
            while size < 5_000_000 and time.monotonic() < until:
                time.sleep(0.05)
                size = self.run_in(admin, "SELECT pg_database_size('big')")[0][0]
            inside.close()
            self.run_in(admin, "DROP DATABASE big")
            return size

        self.assertGreater(fill_and_drop(), 5_000_000)
        for _ in range(3):
            fill_and_drop()
        until = time.monotonic() + 20  # dropped trees are taken apart in the background
        while used() > 2_000_000:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)

    def test_pg_dump_copy_and_subscribe_stay_in_their_database(self):
        admin = self.connect()
        self.run_in(admin, "CREATE DATABASE one")
        self.run_in(admin, "CREATE TABLE t (id int PRIMARY KEY, v text)")
        self.run_in(admin, "INSERT INTO t VALUES (1, 'postgres')")
        one = self.connect("one")
        self.run_in(one, "CREATE TABLE t (id int PRIMARY KEY, w text)")
        self.assertEqual(self.psql("COPY t FROM STDIN;\n1\tin one\n\\.\nCOPY t TO STDOUT;\n", "one"), "1\tin one\n")
        dumped = self.tool("pg_dump", "-d", "one")
        self.assertIn("1\tin one", dumped)
        self.assertNotIn("postgres\n\\.", dumped)
        self.assertEqual(self.tool("createdb", "copy"), "")
        self.psql(dumped, "copy")
        self.assertEqual(self.psql("SELECT * FROM t", "copy"), "1|in one\n")
        wire = self.node.connect()
        events = wire.query("SELECT 1")  # it is there
        self.assertEqual(len(events.rows), 1)

    @unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
    def test_what_postgresql_says_is_what_the_node_says(self):
        with open(os.path.join(HERE, "side_by_side/databases.sql")) as script, servers.PostgresServer() as postgres:
            found = side_by_side.differences(script.read(), postgres, self.node)
        self.assertEqual(found, [], side_by_side.report(found))


if __name__ == "__main__":
    if shutil.which("createdb") is None:
        sys.exit(77)
    unittest.main(verbosity=2 if sanitizers.SLOWNESS > 1 else 1)
