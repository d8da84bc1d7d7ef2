#!/usr/bin/python3
"""A node subscribes to a real PostgreSQL 15: initial copy of every common type, then a random load on several tables
while PostgreSQL and the node are killed and restarted; at the end both hold the same. And to another node; and what it
says when something is wrong.
"""
import argparse
import os
import random
import sys
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402
from replicated import Load, SUMS, TABLES, TYPES, open_connection, run, type_rows  # noqa: E402

OPTIONS = argparse.Namespace(seconds=8, seed=1)
PATIENCE_S = 90 * sanitizers.SLOWNESS


class Subscribing(node_case.NodeCase):
    """`own`: the node, which subscribes. `other`: the publisher."""

    def publisher_server(self):
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.publisher = self.publisher_server()
        self.publisher.__enter__()
        self.addCleanup(self.publisher.__exit__)
        self.reconnect()

    def reconnect(self):
        self.own, self.other = open_connection(self.node), open_connection(self.publisher)

    def both(self, sql):
        run(self.own, sql)
        run(self.other, sql)

    def dsn(self):
        return self.publisher.dsn()

    def subscribe(self, publication="p", options="", name="s", dsn=None):
        run(self.own, f"CREATE SUBSCRIPTION {name} CONNECTION '{dsn or self.dsn()}' PUBLICATION {publication} {options}")

    def wait(self, condition, what):
        until = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), until, what() if callable(what) else what)
            time.sleep(0.05)

    def synced(self):
        return run(self.own, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") == [(0,)]

    def sums(self, connection, tables):
        return {table: run(connection, f"SELECT count(*), md5(string_agg(x::text, '|' ORDER BY x::text COLLATE \"C\")) "
                                       f"FROM {table} x")[0] for table in tables}

    def standing(self):
        return (run(self.own, "SELECT * FROM sys.subscriptions"), run(self.own, "SELECT * FROM pg_subscription_rel"),
                run(self.own, "SELECT * FROM pg_replication_origin_status"), self.node.log_tail(10))

    def wait_equal(self, tables):
        self.wait(lambda: self.sums(self.own, tables) == self.sums(self.other, tables),
                  lambda: (self.sums(self.own, tables), self.sums(self.other, tables), self.standing()))

    def wait_rows(self, query, expected):
        self.wait(lambda: run(self.own, query) == expected, lambda: (run(self.own, query), self.standing()))

    def wait_error(self, words):
        """Of a worker, as the owner sees it."""
        self.wait(lambda: words in (run(self.own, "SELECT coalesce(string_agg(error, ' '), '') FROM sys.subscriptions")
                                    [0][0]), lambda: (words, self.standing()))

    def refused(self, sql, code, words, hint=None):
        with self.assertRaises(psycopg2.Error) as caught:
            run(self.own, sql)
        self.assertEqual(caught.exception.pgcode, code, caught.exception)
        self.assertIn(words, caught.exception.diag.message_primary)
        if hint is not None:
            self.assertEqual(caught.exception.diag.message_hint, hint)

    def slots(self):
        return run(self.other, "SELECT slot_name FROM pg_replication_slots ORDER BY 1")

    def load_with_restarts(self, seconds):
        """Both are killed and restarted in turn while writers write to the publisher."""
        writers = [Load(self.publisher, OPTIONS.seed * 10 + i) for i in range(3)]
        for writer in writers:
            writer.start()
        self.subscribe()
        pick = random.Random(OPTIONS.seed)
        end = time.monotonic() + seconds * sanitizers.SLOWNESS
        turns = 0
        while time.monotonic() < end or turns < 3:
            time.sleep(pick.uniform(0.5, 2.5) * sanitizers.SLOWNESS)
            if turns % 2 == 0:
                self.node.kill()
                self.node.start()
            elif pick.random() < 0.5:
                self.publisher.stop()
                self.start_publisher()
            else:
                self.publisher.kill()
                self.start_publisher()
            turns += 1
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join(PATIENCE_S)
            self.assertIsNone(writer.problem)
            self.assertGreater(writer.commits, 0)
        self.reconnect()
        self.wait(self.synced, lambda: ("the initial copy", self.standing()))
        self.wait_equal(SUMS)
        print(f"{turns} restarts, {sum(writer.commits for writer in writers)} transactions", file=sys.stderr)

    def start_publisher(self):
        """Its children may hold on to its memory for a moment."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.publisher.start()
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)


@unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
class FromPostgresTest(Subscribing):
    def publisher_server(self):
        return servers.PostgresServer({"wal_level": "logical", "shared_buffers": "64MB"})

    def test_every_type_is_copied_and_changed(self):
        self.both(TYPES)
        run(self.other, type_rows(1, 40) + "CREATE PUBLICATION p FOR TABLE types")
        for binary in ("false", "true"):
            with self.subTest(binary=binary):
                run(self.own, "TRUNCATE types")
                self.subscribe(options=f"WITH (binary = {binary})")
                self.wait(self.synced, lambda: ("the initial copy", self.standing()))
                self.wait_equal(["types"])
                first = 1000 if binary == "true" else 100
                run(self.other, type_rows(first, first + 40))
                run(self.other, "UPDATE types SET i8 = i8 + 1, m = 'sad', ta = ta || 'more'::text WHERE id % 3 = 0")
                run(self.other, "DELETE FROM types WHERE id % 7 = 0")
                self.wait_equal(["types"])
                run(self.own, "DROP SUBSCRIPTION s")
                self.assertEqual(self.slots(), [])

    def test_column_lists_filters_schemas_and_columns_by_name(self):
        self.both("CREATE SCHEMA s; CREATE TABLE s.inside (a int PRIMARY KEY, b text)")
        run(self.other, "CREATE TABLE part (a int PRIMARY KEY, b text, secret text)")
        run(self.own, "CREATE TABLE part (more text DEFAULT 'here', b text, a bigint PRIMARY KEY)")
        run(self.other, "INSERT INTO s.inside VALUES (1, 'x');"
                        "INSERT INTO part VALUES (1, 'low', 's'), (20, 'high', 's');"
                        "CREATE PUBLICATION p FOR TABLE part (a, b) WHERE (a > 10);"
                        "CREATE PUBLICATION q FOR TABLES IN SCHEMA s")
        self.subscribe("p, q")
        self.wait(self.synced, lambda: ("the initial copy", self.standing()))
        run(self.other, "INSERT INTO part VALUES (2, 'low', 's'), (30, 'high', 's'); UPDATE part SET a = 40 WHERE a = 1;"
                        "UPDATE part SET a = 3 WHERE a = 20; INSERT INTO s.inside VALUES (2, 'y')")
        self.wait_rows("SELECT a, b, more FROM part ORDER BY a", [(30, "high", "here"), (40, "low", "here")])
        self.wait_equal(["s.inside"])
        self.both("CREATE TABLE s.more (a int PRIMARY KEY)")
        run(self.other, "INSERT INTO s.more VALUES (1)")
        run(self.own, "ALTER SUBSCRIPTION s REFRESH PUBLICATION")
        self.wait(self.synced, "the copy of the new table")
        run(self.other, "INSERT INTO s.more VALUES (2)")
        self.wait_equal(["s.more", "s.inside"])

    def test_truncate_unchanged_large_values_and_rows_that_are_there_twice(self):
        self.both("CREATE TABLE t (a int PRIMARY KEY, b int, big text); CREATE TABLE r (a int REFERENCES t);"
                  "CREATE TABLE twice (a int, b text); ALTER TABLE twice REPLICA IDENTITY FULL")
        run(self.other, "CREATE PUBLICATION p FOR TABLE t, twice; ALTER TABLE t ALTER big SET STORAGE EXTERNAL")
        self.subscribe()
        run(self.other, "INSERT INTO t VALUES (1, 1, repeat('x', 100000)); UPDATE t SET b = 2;"
                        "INSERT INTO twice VALUES (1, 'a'), (1, 'a'), (2, NULL), (2, NULL), (3, 'c')")
        run(self.other, "DELETE FROM twice WHERE ctid = '(0,1)'; UPDATE twice SET b = 'now' WHERE ctid = '(0,3)'")
        self.wait_equal(["t", "twice"])
        self.assertEqual(run(self.own, "SELECT b, length(big) FROM t"), [(2, 100000)])
        run(self.other, "TRUNCATE twice; INSERT INTO twice VALUES (9, 'after')")
        self.wait_equal(["t", "twice"])

    def test_foreign_keys_are_the_publishers_business(self):
        self.both("CREATE TABLE parent (a int PRIMARY KEY);"
                  "CREATE TABLE child (a int PRIMARY KEY, p int REFERENCES parent ON DELETE CASCADE)")
        run(self.other, "CREATE PUBLICATION p FOR TABLE child, parent; INSERT INTO parent VALUES (1), (2);"
                        "INSERT INTO child VALUES (10, 1), (20, 2)")
        self.subscribe()
        self.wait(self.synced, lambda: ("the initial copy", self.standing()))
        run(self.other, "DELETE FROM parent WHERE a = 1; INSERT INTO parent VALUES (3); INSERT INTO child VALUES (30, 3)")
        self.wait_equal(["parent", "child"])

    def test_what_is_wrong_is_said(self):
        self.both("CREATE TABLE t (a int PRIMARY KEY, b text)")
        run(self.other, "CREATE PUBLICATION p FOR TABLE t; CREATE TABLE only_there (a int PRIMARY KEY);"
                        "CREATE PUBLICATION q FOR TABLE only_there; CREATE VIEW v AS SELECT 1 AS a;"
                        "CREATE ROLE nobody LOGIN PASSWORD 'x'")
        nowhere = f"host=127.0.0.1 port={self.free_port()} dbname=postgres"
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{nowhere}' PUBLICATION p", "08006",
                     "could not connect to the publisher: ")
        self.refused("CREATE SUBSCRIPTION s CONNECTION 'no such thing' PUBLICATION p", "42601",
                     "invalid connection string syntax: ")
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()}' PUBLICATION q", "42P01",
                     'relation "public.only_there" does not exist')
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()}' PUBLICATION p, p", "42710",
                     'publication name "p" used more than once')
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()} user=nobody' PUBLICATION p", "08006",
                     "must be superuser or replication role to start walsender")
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()}' PUBLICATION p WITH (two_phase = true)", "0A000",
                     "two_phase")
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()}' PUBLICATION p WITH (slot_name = NONE)", "42601",
                     "subscription with slot_name = NONE must also set enabled = false")
        self.refused("CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, enabled = true)", "42601",
                     "connect = false and enabled = true are mutually exclusive options")
        self.refused("DROP SUBSCRIPTION s", "42704", 'subscription "s" does not exist')
        self.refused("ALTER SUBSCRIPTION s DISABLE", "42704", 'subscription "s" does not exist')
        run(self.own, "BEGIN")
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()}' PUBLICATION p", "25001",
                     "CREATE SUBSCRIPTION ... WITH (create_slot = true) cannot run inside a transaction block")
        run(self.own, "ROLLBACK")
        self.assertEqual(self.slots(), [])
        self.assertEqual(run(self.own, "SELECT count(*) FROM pg_subscription"), [(0,)])
        del self.own.notices[:]
        self.subscribe("p, missing")
        self.assertIn('publication "missing" does not exist on the publisher', "".join(self.own.notices))
        self.assertIn('created replication slot "s" on publisher', "".join(self.own.notices))
        self.refused(f"CREATE SUBSCRIPTION s CONNECTION '{self.dsn()}' PUBLICATION p", "42710",
                     'subscription "s" already exists')
        self.refused("ALTER SUBSCRIPTION s SET (slot_name = NONE)", "55000",
                     "cannot set slot_name = NONE for enabled subscription")
        run(self.other, "INSERT INTO t VALUES (1, 'one')")
        self.wait_error('publication "missing" does not exist')
        run(self.own, "ALTER SUBSCRIPTION s SET PUBLICATION p")
        self.wait_equal(["t"])

    def free_port(self):
        import socket
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            return listening.getsockname()[1]

    def test_a_password_is_asked_for(self):
        self.both("CREATE TABLE t (a int PRIMARY KEY)")
        run(self.other, "CREATE PUBLICATION p FOR TABLE t; INSERT INTO t VALUES (1);"
                        "CREATE ROLE streamer LOGIN REPLICATION PASSWORD 'secret'; GRANT SELECT ON t TO streamer;"
                        "SET password_encryption = 'md5';"
                        "CREATE ROLE older LOGIN REPLICATION PASSWORD 'hidden'; GRANT SELECT ON t TO older")
        with open(os.path.join(self.publisher.data, "pg_hba.conf"), "r+") as rules:
            text = rules.read()
            rules.seek(0)
            rules.write("host all streamer 127.0.0.1/32 scram-sha-256\nhost all older 127.0.0.1/32 md5\n" + text)
        run(self.other, "SELECT pg_reload_conf()")
        address = f"host=127.0.0.1 port={self.publisher.port} dbname=postgres"

        def asked():
            try:
                self.subscribe(dsn=f"{address} user=streamer password=wrong", name="wrong")
            except psycopg2.Error as problem:
                return 'password authentication failed for user "streamer"' in str(problem)
            run(self.own, "DROP SUBSCRIPTION wrong")  # the rules were not read yet
            return False
        self.wait(asked, "a password is not asked for")
        self.subscribe(dsn=f"{address} user=streamer password=secret")
        self.wait_equal(["t"])
        uri = f"postgresql://older:hidden@127.0.0.1:{self.publisher.port}/postgres?connect_timeout=5"
        run(self.own, f"ALTER SUBSCRIPTION s CONNECTION '{uri}'")
        run(self.other, "INSERT INTO t VALUES (2)")
        self.wait_equal(["t"])
        run(self.own, f"ALTER SUBSCRIPTION s CONNECTION '{address} user=older password=wrong'")
        self.wait_error('password authentication failed for user "older"')
        run(self.own, "CREATE ROLE curious LOGIN")
        curious = self.connect(user="curious")
        self.assertEqual(run(curious, "SELECT subname FROM pg_subscription"), [("s",)])
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            run(curious, "SELECT subconninfo FROM pg_subscription")
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            run(curious, "ALTER SUBSCRIPTION s DISABLE")
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            run(curious, f"CREATE SUBSCRIPTION t CONNECTION '{address}' PUBLICATION p")

    def test_a_conflict_stops_it_until_it_is_mended_or_skipped(self):
        self.both("CREATE TABLE t (a int PRIMARY KEY, b text)")
        run(self.other, "CREATE PUBLICATION p FOR TABLE t")
        self.subscribe()
        self.wait(self.synced, lambda: ("the initial copy", self.standing()))
        run(self.own, "INSERT INTO t VALUES (1, 'mine')")
        run(self.other, "INSERT INTO t VALUES (1, 'theirs'); INSERT INTO t VALUES (2, 'two')")
        self.wait_error("duplicate key value violates unique constraint \"t_pkey\" DETAIL: Key (a)=(1) already exists.")
        self.wait_error('during message type "INSERT" for replication target relation "public.t" in transaction ')
        errors = run(self.own, "SELECT apply_error_count, sync_error_count FROM pg_stat_subscription_stats")
        self.assertGreater(errors[0][0], 0)
        self.assertEqual(errors[0][1], 0)
        run(self.own, "DELETE FROM t WHERE a = 1")
        self.wait_equal(["t"])
        run(self.own, "ALTER SUBSCRIPTION s SET (disable_on_error = true); INSERT INTO t VALUES (3, 'mine')")
        run(self.other, "INSERT INTO t VALUES (3, 'theirs')")
        self.wait_rows("SELECT subenabled FROM pg_subscription", [(False,)])
        self.wait_error("finished at ")
        place = run(self.own, "SELECT substring(error FROM 'finished at ([0-9A-F]+/[0-9A-F]+)') FROM sys.subscriptions")
        run(self.own, f"ALTER SUBSCRIPTION s SKIP (lsn = '{place[0][0]}')")
        run(self.own, "ALTER SUBSCRIPTION s ENABLE")
        run(self.other, "INSERT INTO t VALUES (4, 'four')")
        self.wait_rows("SELECT * FROM t ORDER BY a", [(1, "theirs"), (2, "two"), (3, "mine"), (4, "four")])
        self.assertEqual(run(self.own, "SELECT subskiplsn FROM pg_subscription"), [("0/0",)])
        self.refused("ALTER SUBSCRIPTION s SKIP (lsn = '0/1')", "22023", "must be greater than origin LSN")

    def test_a_table_that_does_not_fit_is_named(self):
        run(self.other, "CREATE TABLE narrow (a int PRIMARY KEY, b text, c text); INSERT INTO narrow VALUES (1, 'x', 'y');"
                        "CREATE TABLE odd (a text PRIMARY KEY); INSERT INTO odd VALUES ('no number');"
                        "CREATE PUBLICATION p FOR TABLE narrow; CREATE PUBLICATION q FOR TABLE odd")
        run(self.own, "CREATE TABLE narrow (a int PRIMARY KEY); CREATE TABLE odd (a int PRIMARY KEY)")
        self.subscribe()
        self.wait_error('logical replication target relation "public.narrow" is missing replicated columns: "b", "c"')
        run(self.own, "DROP SUBSCRIPTION s")
        self.subscribe("q")
        self.wait_error('invalid input syntax for type integer: "no number"')
        self.assertGreater(run(self.own, "SELECT sync_error_count FROM pg_stat_subscription_stats")[0][0], 0)

    def test_definitions_are_as_postgres_has_them(self):
        self.both("CREATE TABLE t (a int PRIMARY KEY)")
        run(self.other, "CREATE PUBLICATION p FOR TABLE t; CREATE PUBLICATION q FOR TABLE t")
        self.subscribe(options="WITH (connect = false, slot_name = mine)")
        self.assertIn("tables were not subscribed", "".join(self.own.notices))
        run(self.other, "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')")
        run(self.own, "ALTER SUBSCRIPTION s ENABLE; ALTER SUBSCRIPTION s ADD PUBLICATION q WITH (refresh = false)")
        run(self.own, "ALTER SUBSCRIPTION s REFRESH PUBLICATION WITH (copy_data = false)")
        run(self.other, "INSERT INTO t VALUES (1)")
        self.wait_equal(["t"])
        self.refused("ALTER SUBSCRIPTION s ADD PUBLICATION q", "42710",
                     'publication "q" is already in subscription "s"')
        run(self.own, "ALTER SUBSCRIPTION s DROP PUBLICATION q")
        self.refused("ALTER SUBSCRIPTION s DROP PUBLICATION p", "42P17",
                     "cannot drop all the publications from a subscription")
        run(self.own, "ALTER SUBSCRIPTION s RENAME TO \"my sub\"; CREATE ROLE boss SUPERUSER; CREATE ROLE clerk")
        run(self.own, 'ALTER SUBSCRIPTION "my sub" OWNER TO boss')
        self.refused('ALTER SUBSCRIPTION "my sub" OWNER TO clerk', "42501",
                     'permission denied to change owner of subscription "my sub"',
                     "The owner of a subscription must be a superuser.")
        run(self.other, "INSERT INTO t VALUES (2)")
        self.wait_equal(["t"])
        shown = self.tool("psql", "-d", "postgres", "-c", r"\dRs+")
        self.assertIn("my sub | boss  | t       | {p}", shown)
        dump = self.tool("pg_dump", "-d", "postgres", "--schema-only")
        self.assertIn(f"CREATE SUBSCRIPTION \"my sub\" CONNECTION '{self.dsn()}' PUBLICATION p "
                      "WITH (connect = false, slot_name = 'mine');", dump)
        self.assertIn('ALTER SUBSCRIPTION "my sub" OWNER TO boss;', dump)
        self.wait_rows("SELECT subname, pid IS NOT NULL, received_lsn IS NOT NULL FROM pg_stat_subscription",
                       [("my sub", True, True)])
        run(self.own, 'ALTER SUBSCRIPTION "my sub" DISABLE')
        self.wait_rows("SELECT pid FROM pg_stat_subscription", [(None,)])
        run(self.other, "INSERT INTO t VALUES (3)")
        time.sleep(0.5)
        self.assertEqual(run(self.own, "SELECT count(*) FROM t"), [(2,)])
        self.publisher.stop()
        self.refused('DROP SUBSCRIPTION "my sub"', "08006",
                     'could not connect to publisher when attempting to drop replication slot "mine": ',
                     "Use ALTER SUBSCRIPTION ... DISABLE to disable the subscription, and then use ALTER SUBSCRIPTION "
                     "... SET (slot_name = NONE) to disassociate it from the slot.")
        run(self.own, 'ALTER SUBSCRIPTION "my sub" SET (slot_name = NONE); DROP SUBSCRIPTION "my sub"')
        self.assertEqual(run(self.own, "SELECT count(*) FROM pg_subscription_rel"), [(0,)])
        self.assertEqual(run(self.own, "SELECT count(*) FROM pg_replication_origin"), [(0,)])

    def test_equal_after_a_random_load_with_restarts(self):
        self.both(TYPES + TABLES)
        run(self.other, type_rows(1, 50))
        run(self.other, "INSERT INTO accounts SELECT i, 'first', i, i FROM generate_series(1, 100) i;"
                        "INSERT INTO pairs SELECT i, j, 'first' FROM generate_series(1, 50) i, generate_series(1, 4) j;"
                        "CREATE PUBLICATION p FOR ALL TABLES")
        self.load_with_restarts(OPTIONS.seconds)


class FromNodeTest(Subscribing):
    def publisher_server(self):
        return servers.TroupeServer()

    def test_equal_after_a_random_load_with_restarts(self):
        self.both(TYPES + TABLES)
        run(self.other, type_rows(1, 50))
        run(self.other, "INSERT INTO accounts SELECT i, 'first', i, i FROM generate_series(1, 100) i;"
                        "CREATE PUBLICATION p FOR ALL TABLES")
        self.load_with_restarts(min(OPTIONS.seconds, 60))
        run(self.own, "DROP SUBSCRIPTION s")
        self.assertEqual(self.slots(), [])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options, rest = parser.parse_known_args()
    OPTIONS.seconds, OPTIONS.seed = options.seconds, options.seed
    unittest.main(argv=sys.argv[:1] + rest)


if __name__ == "__main__":
    main()
