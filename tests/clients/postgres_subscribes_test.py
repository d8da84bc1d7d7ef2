#!/usr/bin/python3
"""A real PostgreSQL 15 subscribes to a node: initial copy of every common type, then a random load on several tables
while the node is killed and PostgreSQL is restarted; at the end both hold the same.
"""
import argparse
import os
import random
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

OPTIONS = argparse.Namespace(seconds=8, seed=1)
PATIENCE_S = 90 * sanitizers.SLOWNESS

TYPES = """CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE types (id int PRIMARY KEY, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(12,3),
  t text, v varchar(20), c char(5), by bytea, d date, ti time, tz timetz, ts timestamp, tsz timestamptz, iv interval,
  u uuid, j json, jb jsonb, ip inet, ci cidr, mac macaddr, bi bit(4), vb varbit, ia int[], ta text[], m mood,
  p positive, r int4range, mr int4multirange, mo money, o oid);
"""
TYPE_ROWS = """INSERT INTO types SELECT i, i % 2 = 0, i, i * 10000000000, i / 3.0, i / 7.0, i / 3.0::numeric, i,
  'text ' || i, 'v' || i, 'c', decode('00ff10', 'hex'), date '2020-01-01' + i, '10:11:12.5', '10:11:12+02',
  timestamp '2020-01-01 10:00:00' + i * interval '1 hour', timestamptz '2020-01-01 10:00:00+00', '1 year 2 mons 3 days 04:05:06.7',
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '{"a": [1, 2]}', '{"b": null, "a": 1.50}', '10.1.2.3/8', '10.0.0.0/8',
  '08:00:2b:01:02:03', B'1010', B'101', ARRAY[i, NULL, 3], ARRAY['a', NULL, 'b "c"'], 'happy', i, '[1,5)', '{[1,3),[5,7)}',
  12.34, i FROM generate_series({first}, {last}) i;
INSERT INTO types (id) VALUES ({last} + 1);
INSERT INTO types (id, f4, f8, n, t, d, ts, iv) VALUES ({last} + 2, 'NaN', '-Infinity', 'NaN', E'tab\\t new\\nline \\\\ ü', 'infinity', '-infinity', '-1 day');
"""
TABLES = """CREATE TABLE accounts (id int PRIMARY KEY, name text, balance numeric(12,2) NOT NULL, tag int UNIQUE);
CREATE TABLE notes (a int NOT NULL, b text); ALTER TABLE notes REPLICA IDENTITY FULL;
CREATE TABLE pairs (a int, b int, c text, PRIMARY KEY (a, b));
CREATE TABLE by_index (a int, b int NOT NULL, c text); CREATE UNIQUE INDEX by_index_b ON by_index (b);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_b;
CREATE TABLE log (id bigint PRIMARY KEY, what text);
"""
SUMS = {"types": "id", "accounts": "id", "notes": "a, b", "pairs": "a, b", "by_index": "b", "log": "id"}


def type_rows(first, last):
    return TYPE_ROWS.replace("{first}", str(first)).replace("{last}", str(last))


def run(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def open_connection(server, patience_s=PATIENCE_S):
    until = time.monotonic() + patience_s
    while True:
        try:
            connection = psycopg2.connect(server.dsn())
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Load(threading.Thread):
    """One writer's random transactions; it goes on after the node was away."""

    def __init__(self, node, seed):
        super().__init__(daemon=True)
        self.node, self.random, self.number = node, random.Random(seed), seed
        self.stopping, self.commits, self.problem = threading.Event(), 0, None

    def statements(self):
        pick, own = self.random, self.number * 1_000_000
        for _ in range(pick.randint(1, 6)):
            key, value = pick.randint(1, 200), pick.randint(1, 1_000_000)
            yield pick.choice([
                f"INSERT INTO accounts VALUES ({key}, 'n{value}', {value}, {value}) ON CONFLICT DO NOTHING",
                f"UPDATE accounts SET balance = balance + 1, name = NULL WHERE id = {key}",
                f"UPDATE accounts SET tag = {value} WHERE id = {key}",
                f"UPDATE accounts SET id = {key + 300} WHERE id = {key}",
                f"DELETE FROM accounts WHERE id BETWEEN {key} AND {key + 3}",
                f"INSERT INTO notes VALUES ({key}, 'note {value}'), ({key}, 'note {value}')",
                f"UPDATE notes SET b = 'changed {value}' WHERE a = {key}",
                f"DELETE FROM notes WHERE a = {key}",
                f"INSERT INTO pairs VALUES ({key}, {value % 5}, 'x') ON CONFLICT (a, b) DO UPDATE SET c = 'again'",
                f"UPDATE pairs SET b = b + 10 WHERE a = {key}",
                f"DELETE FROM pairs WHERE a < {key % 20}",
                f"INSERT INTO by_index VALUES ({key}, {value}, NULL) ON CONFLICT DO NOTHING",
                f"UPDATE by_index SET b = b + 1000000, c = 'moved' WHERE a = {key}",
                f"DELETE FROM by_index WHERE a = {key}",
                f"INSERT INTO log SELECT {own + self.commits * 1000} + i, 'several' FROM generate_series(1, 30) i "
                f"ON CONFLICT DO NOTHING",
                f"UPDATE types SET t = 'changed {value}', jb = '{{\"v\": {value}}}' WHERE id = {key % 50}",
            ])
        if pick.random() < 0.02:
            yield pick.choice(["TRUNCATE notes", "TRUNCATE pairs, by_index", "TRUNCATE log"])

    def run(self):
        connection = None
        while not self.stopping.is_set():
            try:
                connection = connection or open_connection(self.node)
                self.transaction(connection)
                self.commits += 1
            except psycopg2.OperationalError:
                connection = None
                time.sleep(0.05)
            except psycopg2.Error as problem:
                if problem.pgcode not in ("40P01", "40001", "23505"):
                    self.problem = problem
                    return
                run(connection, "ROLLBACK")

    def transaction(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for statement in self.statements():
                cursor.execute(statement)
            cursor.execute("COMMIT" if self.random.random() < 0.9 else "ROLLBACK")


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
