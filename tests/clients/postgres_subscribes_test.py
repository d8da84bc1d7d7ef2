#!/usr/bin/python3
"""A real PostgreSQL 15 subscribes to a node: initial copy of every common type, then a random load on several tables
while the node is killed and PostgreSQL is restarted; at the end both hold the same.
"""
import argparse
import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402
from replicated import Load, SUMS, TABLES, TYPES, open_connection, run, type_rows  # noqa: E402

OPTIONS = argparse.Namespace(seconds=8, seed=1)
PATIENCE_S = 90 * sanitizers.SLOWNESS


@unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
class PostgresSubscribesTest(node_case.NodeCase):
    def setUp(self):
        super().setUp()
        self.postgres = servers.PostgresServer({"wal_retrieve_retry_interval": "100ms", "shared_buffers": "64MB"})
        self.postgres.__enter__()
        self.addCleanup(self.postgres.__exit__)
        self.own = open_connection(self.node)
        self.other = open_connection(self.postgres)

    def both(self, sql):
        run(self.own, sql)
        run(self.other, sql)

    def subscribe(self, publication="p", options="", name="s"):
        run(self.other, f"CREATE SUBSCRIPTION {name} CONNECTION '{self.node.dsn()} application_name={name}' "
                        f"PUBLICATION {publication} {options}")

    def synced(self):
        return run(self.other, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'") == [(0,)]

    def wait(self, condition, what):
        until = time.monotonic() + PATIENCE_S
        while not condition():
            self.assertLess(time.monotonic(), until, what() if callable(what) else what)
            time.sleep(0.05)

    def sums(self, connection, tables):
        return {table: run(connection, f"SELECT count(*), md5(string_agg(x::text, '|' ORDER BY x::text COLLATE \"C\")) "
                                       f"FROM {table} x")[0] for table in tables}

    def wait_equal(self, tables):
        self.wait(lambda: self.sums(self.own, tables) == self.sums(self.other, tables),
                  lambda: (self.sums(self.own, tables), self.sums(self.other, tables), self.postgres.log_tail(30),
                           self.node.log_tail(10)))

    def reconnect(self):
        self.own, self.other = open_connection(self.node), open_connection(self.postgres)

    def test_every_type_is_copied_and_changed(self):
        for binary in ("false", "true"):
            with self.subTest(binary=binary):
                self.both(TYPES if binary == "false" else "TRUNCATE types")
                run(self.own, type_rows(1, 40))
                if binary == "false":
                    run(self.own, "CREATE PUBLICATION p FOR ALL TABLES")
                self.subscribe(options=f"WITH (binary = {binary})")
                self.wait(self.synced, "the initial copy")
                self.wait_equal(["types"])
                run(self.own, type_rows(101, 140))
                run(self.own, "UPDATE types SET i8 = i8 + 1, m = 'sad', ta = ta || 'more'::text WHERE id % 3 = 0")
                run(self.own, "DELETE FROM types WHERE id % 7 = 0")
                self.wait_equal(["types"])
                run(self.other, "DROP SUBSCRIPTION s")
                self.assertEqual(run(self.own, "SELECT count(*) FROM pg_replication_slots"), [(0,)])

    def test_column_lists_filters_and_schemas(self):
        self.both("CREATE SCHEMA s; CREATE TABLE s.inside (a int PRIMARY KEY, b text);"
                  "CREATE TABLE part (a int PRIMARY KEY, b text, secret text)")
        run(self.own, "INSERT INTO s.inside VALUES (1, 'x'); INSERT INTO part VALUES (1, 'low', 's'), (20, 'high', 's');"
                      "CREATE PUBLICATION p FOR TABLE part (a, b) WHERE (a > 10);"
                      "CREATE PUBLICATION q FOR TABLES IN SCHEMA s")
        self.subscribe("p, q")
        self.wait(self.synced, "the initial copy")
        run(self.own, "INSERT INTO part VALUES (2, 'low', 's'), (30, 'high', 's'); UPDATE part SET a = 40 WHERE a = 1;"
                      "UPDATE part SET a = 3 WHERE a = 20; INSERT INTO s.inside VALUES (2, 'y')")
        expected = [(30, "high", None), (40, "low", None)]
        self.wait(lambda: run(self.other, "SELECT * FROM part ORDER BY a") == expected,
                  lambda: run(self.other, "SELECT * FROM part ORDER BY a"))
        self.wait_equal(["s.inside"])
        self.both("CREATE TABLE s.more (a int PRIMARY KEY)")
        run(self.own, "INSERT INTO s.more VALUES (1)")
        run(self.other, "ALTER SUBSCRIPTION s REFRESH PUBLICATION")
        self.wait(self.synced, "the copy of the new table")
        run(self.own, "INSERT INTO s.more VALUES (2)")
        self.wait_equal(["s.more", "s.inside"])

    def test_equal_after_a_random_load_with_restarts(self):
        self.both(TYPES + TABLES)
        run(self.own, type_rows(1, 50))
        run(self.own, "INSERT INTO accounts SELECT i, 'first', i, i FROM generate_series(1, 100) i;"
                      "INSERT INTO pairs SELECT i, j, 'first' FROM generate_series(1, 50) i, generate_series(1, 4) j;"
                      "CREATE PUBLICATION p FOR ALL TABLES")
        writers = [Load(self.node, OPTIONS.seed * 10 + i) for i in range(3)]
        for writer in writers:
            writer.start()
        self.subscribe()
        pick = random.Random(OPTIONS.seed)
        end = time.monotonic() + OPTIONS.seconds * sanitizers.SLOWNESS
        turns = 0
        while time.monotonic() < end or turns < 3:
            time.sleep(pick.uniform(0.5, 2.5) * sanitizers.SLOWNESS)
            if turns % 2 == 0:
                self.node.kill()
                self.node.start()
            elif pick.random() < 0.5:
                self.postgres.stop()
                self.postgres.start()
            else:
                self.postgres.kill()
                self.start_after_kill()
            turns += 1
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join(PATIENCE_S)
            self.assertIsNone(writer.problem)
            self.assertGreater(writer.commits, 0)
        self.reconnect()
        self.wait(self.synced, "the initial copy")
        self.wait_equal(SUMS)
        conflicts = self.conflicts()
        self.assertEqual(conflicts, [], "\n".join(conflicts))

    def start_after_kill(self):
        """Its children may hold on to its memory for a moment."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.postgres.start()
            except RuntimeError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def conflicts(self):
        with open(self.postgres.log_path, errors="replace") as log:
            return [line for line in log if "duplicate key" in line or "conflict" in line or "did not find row" in line]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options, rest = parser.parse_known_args()
    OPTIONS.seconds, OPTIONS.seed = options.seconds, options.seed
    unittest.main(argv=sys.argv[:1] + rest)


if __name__ == "__main__":
    main()
