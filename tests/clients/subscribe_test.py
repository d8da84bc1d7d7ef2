#!/usr/bin/python3
"""What a subscriber sees: every commit in order, each event once, whatever way its rows took (one by one, COPY past the
log's commit records, TRUNCATE, definitions that change), also when the connection or the node dies in the middle.

Each test follows the tables with a Mirror, which goes on from its last token after a cut, checks that tokens only grow,
and plays the events back; at the end it must hold what the table holds.
"""
import argparse
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

OPTIONS = argparse.Namespace(scale=1)


def token_key(token):
    scn, event = token.split(".")
    return int(scn), int(event)


class Mirror(threading.Thread):
    """Follows tables and plays their events back. `cut_every`: the connection is dropped after about so many events."""

    def __init__(self, node, tables, key, token=None, cut_every=0, seed=1, pause_s=0.0):
        super().__init__(daemon=True)
        self.node, self.tables, self.key, self.token = node, tables, key, token
        self.cut_every, self.random, self.pause_s = cut_every, random.Random(seed), pause_s
        self.rows = {}
        self.events = []  # (table, op)
        self.images = []  # after (or before) of each event
        self.keep_images = False
        self.problem = None
        self.wire = None
        self.stopping = False
        self.reconnects = -1
        self.subscribed = threading.Event()

    def __enter__(self):
        self.start()
        self.subscribed.wait(10 * sanitizers.SLOWNESS)
        return self

    def __exit__(self, *_):
        self.stopping = True
        try:
            self.wire.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.join(10 * sanitizers.SLOWNESS)

    def run(self):
        while not self.stopping and self.problem is None:
            try:
                self.follow()
            except (OSError, EOFError):
                time.sleep(0.02)
            except Exception as problem:  # noqa: BLE001: told by wait_for()
                self.problem = problem

    def follow(self):
        wire = self.wire = pgwire.Wire.connect(port=self.node.port, timeout=None).startup()
        self.reconnects += 1
        since = f" FROM '{self.token}'" if self.token else ""
        left = self.random.randint(1, 2 * self.cut_every) if self.cut_every else -1
        with wire:
            wire.send(pgwire.query(f"SUBSCRIBE TO {', '.join(self.tables)}{since}"))
            while not self.stopping:
                kind, body = wire.receive()
                if kind == "T":
                    self.subscribed.set()
                elif kind == "E":
                    fields = pgwire.error_fields(body)
                    if fields["C"] in ("57P01", "57P02", "57P03", "08006"):
                        raise EOFError
                    raise pgwire.WireError(fields)
                elif kind == "D":
                    self.on_event(*[None if v is None else v.decode() for v in pgwire.data_row(body)])
                    left -= 1
                    if left == 0:
                        return
                    if self.pause_s:
                        time.sleep(self.pause_s)

    def on_event(self, token, scn, xid, table, op, before, after):
        if self.token and token_key(token) <= token_key(self.token):
            raise AssertionError(f"token {token} after {self.token}")
        self.token = token
        self.events.append((table, op))
        if self.keep_images:
            self.images.append(json.loads(after or before or "null"))
        if op == "truncate" or op == "drop":
            self.rows = {k: v for k, v in self.rows.items() if k[0] != table}
            return
        old = (table, json.loads(before)[self.key]) if before else None
        new = (table, json.loads(after)[self.key]) if after else None
        if op == "insert" and new in self.rows:
            raise AssertionError(f"{new} inserted twice")
        if op != "insert" and old not in self.rows:
            raise AssertionError(f"{op} of {old}, which is not there")
        if old and old != new:
            del self.rows[old]
        if new:
            self.rows[new] = after

    def count(self, op):
        return sum(1 for _, o in self.events if o == op)

    def wait_for(self, what, patience_s=60 * sanitizers.SLOWNESS):
        until = time.monotonic() + patience_s
        while not what():
            if self.problem:
                raise self.problem
            if time.monotonic() > until:
                raise AssertionError(f"not seen after {patience_s} s: {len(self.events)} events, token {self.token}")
            time.sleep(0.01)


class SubscribeTest(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer().__enter__()
        self.addCleanup(self.node.__exit__)
        self.connection = self.connect()
        self.cursor = self.connection.cursor()

    def connect(self):
        connection = psycopg2.connect(host="127.0.0.1", port=self.node.port, user="postgres", dbname="postgres")
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def run_sql(self, *statements):
        for statement in statements:
            self.cursor.execute(statement)

    def copy(self, table, rows):
        """In a cursor's current transaction."""
        text = "".join("\t".join(map(str, row)) + "\n" for row in rows)
        reader, writer = os.pipe()
        feeder = threading.Thread(target=self.feed, args=(writer, text))
        feeder.start()
        with os.fdopen(reader) as source:
            self.cursor.copy_expert(f"COPY {table} FROM STDIN", source)
        feeder.join()

    @staticmethod
    def feed(writer, text):
        with os.fdopen(writer, "w") as sink:
            sink.write(text)

    def assert_mirrors(self, mirror, table, key, patience_s=30 * sanitizers.SLOWNESS):
        """The mirror comes to hold exactly what the table holds."""
        self.cursor.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in self.cursor.description]
        expected = {(table, row[names.index(key)]): dict(zip(names, row)) for row in self.cursor.fetchall()}
        mirror.wait_for(lambda: len(mirror.rows) == len(expected) and set(mirror.rows) == set(expected), patience_s)
        for name, row in expected.items():
            self.assertEqual(json.loads(mirror.rows[name]), row)

    def test_rows_of_a_copy_into_a_truncated_table_arrive_once(self):
        self.run_sql("CREATE TABLE t (id int, v text)", "INSERT INTO t VALUES (-1, 'old')")
        with Mirror(self.node, ["t"], "id") as mirror:
            mirror.rows = {("t", -1): '{"id":-1,"v":"old"}'}
            self.run_sql("BEGIN", "UPDATE t SET v = 'forgotten'", "TRUNCATE t")
            self.copy("t", [(i, f"row {i}") for i in range(5000)])
            self.run_sql("UPDATE t SET v = 'changed' WHERE id < 10", "DELETE FROM t WHERE id >= 4990",
                         "INSERT INTO t VALUES (4999, 'again')", "COMMIT", "INSERT INTO t VALUES (7777, 'after')")
            self.assert_mirrors(mirror, "t", "id")
            self.assertEqual(mirror.count("truncate"), 1)
            self.assertEqual(mirror.events[0], ("t", "truncate"))
            self.assertEqual(mirror.events[-1], ("t", "insert"))

    def test_a_rolled_back_copy_is_no_event(self):
        self.run_sql("CREATE TABLE t (id int primary key, v text)")
        with Mirror(self.node, ["t"], "id") as mirror:
            self.run_sql("BEGIN", "TRUNCATE t")
            self.copy("t", [(i, "x") for i in range(3000)])
            self.run_sql("ROLLBACK", "INSERT INTO t VALUES (1, 'a')")
            self.assert_mirrors(mirror, "t", "id")
            self.assertEqual(mirror.events, [("t", "insert")])

    def test_pgbench_initialisation_arrives_once_while_connections_are_cut(self):
        subprocess.run([f"{servers.POSTGRES_BIN}/pgbench", "-i", "-I", "dt", "-h", "127.0.0.1", "-p",
                        str(self.node.port), "-U", "postgres", "postgres"], check=True, capture_output=True)
        rows = 100_000 * OPTIONS.scale
        with Mirror(self.node, ["pgbench_accounts"], "aid") as steady, \
             Mirror(self.node, ["pgbench_accounts"], "aid", cut_every=rows // 4) as cut:
            subprocess.run([f"{servers.POSTGRES_BIN}/pgbench", "-i", "-I", "gvp", "-s", str(OPTIONS.scale), "-h",
                            "127.0.0.1", "-p", str(self.node.port), "-U", "postgres", "postgres"], check=True,
                           capture_output=True)
            # What follows changes the rows that a late subscriber has still to hear of.
            self.run_sql("UPDATE pgbench_accounts SET abalance = 7 WHERE aid <= 100", "DELETE FROM pgbench_accounts WHERE aid = 1")
            for mirror in (steady, cut):
                mirror.wait_for(lambda: mirror.count("delete") == 1, 60 + 60 * OPTIONS.scale)
                self.assertEqual(mirror.count("insert"), rows)
                self.assertEqual(mirror.count("update"), 100)
                self.assertEqual(mirror.count("truncate"), 1)
                self.assertEqual({aid for _, aid in mirror.rows}, set(range(2, rows + 1)))
            self.assertGreater(cut.reconnects, 0)

    def test_a_stalled_subscriber_holds_no_more_than_its_window(self):
        self.run_sql("CREATE TABLE wide (id int PRIMARY KEY, v text)")
        with pgwire.Wire.connect(port=self.node.port, timeout=60).startup() as wire:
            wire.send(pgwire.query("SUBSCRIBE TO wide"))
            self.assertEqual(wire.receive()[0], "T")
            for first in range(0, 12_000, 3_000):  # more than the sockets' buffers and the publisher's memory hold
                self.run_sql(f"INSERT INTO wide SELECT i, repeat(md5(i::text), 100) "
                             f"FROM generate_series({first}, {first + 2_999}) i")
            most = 0
            for _ in range(50):
                self.run_sql("SELECT used, value FROM sys.limits WHERE name = 'streams.window_bytes'")
                used, limit = self.cursor.fetchone()
                most = max(most, used)
                time.sleep(0.02)
            self.assertGreater(most, 0)
            self.assertLessEqual(most, limit)
            seen = []
            while len(seen) < 12_000:
                kind, body = wire.receive()
                if kind == "D":
                    seen.append((token_key(pgwire.data_row(body)[0].decode()), pgwire.data_row(body)[6]))
            self.assertEqual(sorted(seen), seen)
            self.assertEqual({json.loads(after)["id"] for _, after in seen}, set(range(12_000)))

    def test_a_node_killed_in_the_middle_of_a_bulk_load_is_gone_on_with(self):
        self.run_sql("CREATE TABLE t (id int, v text)")
        with Mirror(self.node, ["t"], "id", pause_s=0.00002) as mirror:
            self.run_sql("BEGIN", "TRUNCATE t")
            self.copy("t", [(i, "x" * 50) for i in range(60_000)])
            self.run_sql("COMMIT")
            self.run_sql("ALTER TABLE t ADD PRIMARY KEY (id)", "UPDATE t SET v = 'new' WHERE id = 5")
            mirror.wait_for(lambda: len(mirror.events) > 5_000)
            self.assertLess(len(mirror.events), 60_000, "the node is to be killed in the middle")
            self.node.kill()
            self.node.start()
            self.connection = self.connect()
            self.cursor = self.connection.cursor()
            mirror.wait_for(lambda: mirror.count("update") == 1)
            self.assertEqual(mirror.count("insert"), 60_000)
            self.assert_mirrors(mirror, "t", "id")

    def test_killed_log_writers_and_publishers_change_nothing(self):
        self.run_sql("CREATE TABLE t (id int PRIMARY KEY, v text)")
        stop = threading.Event()
        kills = []

        def kill():
            cursor = self.connect().cursor()
            while not stop.wait(0.03):
                cursor.execute("SELECT sys.kill_actor(id), name FROM sys.actors "
                               "WHERE name IN ('log_writer', 'change_publisher')")
                kills.extend(name for _, name in cursor.fetchall())
        killer = threading.Thread(target=kill)
        with Mirror(self.node, ["t"], "id") as mirror:
            killer.start()
            for turn in range(5):
                self.run_sql("BEGIN", "TRUNCATE t")
                self.copy("t", [(i, f"{turn} " + "x" * 200) for i in range(20_000)])
                self.run_sql("DELETE FROM t WHERE id % 3 = 0", "COMMIT")
            stop.set()
            killer.join()
            # Every turn leaves the same keys: the mirror is compared in the last one only.
            mirror.wait_for(lambda: mirror.count("truncate") >= 5)
            self.assert_mirrors(mirror, "t", "id")
            self.assertEqual(mirror.count("truncate"), 5)
            self.assertEqual(mirror.count("insert"), 100_000)
            self.assertGreater(len(kills), 10)

    def test_trees_of_a_bulk_load_that_did_not_commit_are_collected(self):
        self.run_sql("CREATE TABLE t (id int PRIMARY KEY, v text)", "CHECKPOINT")

        def trees():
            self.cursor.execute("SELECT sum(trees) FROM sys.partitions")
            return self.cursor.fetchone()[0]
        time.sleep(0.2)
        before = trees()
        for end in ("rolled back", "crashed"):
            loader = self.connect()
            cursor = loader.cursor()
            cursor.execute("BEGIN")
            cursor.execute("TRUNCATE t")
            self.cursor, mine = cursor, self.cursor
            self.copy("t", [(i, "x" * 100) for i in range(20_000)])
            self.cursor = mine
            self.run_sql("CHECKPOINT")
            time.sleep(0.2)
            self.assertGreater(trees(), before, "the load's trees are there")
            if end == "rolled back":
                cursor.execute("ROLLBACK")
            else:
                self.node.kill()
                self.node.start()
                self.connection = self.connect()
                self.cursor = self.connection.cursor()
            until = time.monotonic() + 5 * sanitizers.SLOWNESS
            while trees() != before and time.monotonic() < until:
                time.sleep(0.05)
            self.assertEqual(trees(), before, end)

    def test_an_image_follows_the_definition_of_its_moment(self):
        self.run_sql("CREATE TABLE t (id int primary key, v text)")
        with Mirror(self.node, ["t"], "id") as mirror:
            self.run_sql("INSERT INTO t VALUES (0, 'start')")
            mirror.wait_for(lambda: mirror.token)
            start = mirror.token
        self.run_sql("INSERT INTO t VALUES (1, 'one')", "ALTER TABLE t ADD COLUMN n int DEFAULT 5",
                     "INSERT INTO t VALUES (2, 'two', 6)", "ALTER TABLE t RENAME COLUMN v TO w",
                     "UPDATE t SET w = 'eins' WHERE id = 1", "ALTER TABLE t DROP COLUMN n",
                     "INSERT INTO t VALUES (3, 'three')", "TRUNCATE t", "INSERT INTO t VALUES (4, 'four')")
        late = Mirror(self.node, ["t"], "id", token=start)
        late.keep_images = True
        late.rows = {("t", 0): "{}"}
        with late:
            late.wait_for(lambda: len(late.events) == 6)
        self.assertEqual(late.images, [
            {"id": 1, "v": "one"}, {"id": 2, "v": "two", "n": 6}, {"id": 1, "w": "eins", "n": 5}, {"id": 3, "w": "three"},
            None, {"id": 4, "w": "four"}])

    def test_a_rewritten_table_is_no_event_unless_its_rows_are_new(self):
        self.run_sql("CREATE TABLE t (id int, v text)", "INSERT INTO t SELECT i, 'x' FROM generate_series(1, 100) i")
        with Mirror(self.node, ["t"], "id") as mirror:
            mirror.rows = {("t", i): "{}" for i in range(1, 101)}
            self.run_sql("BEGIN", "INSERT INTO t VALUES (101, 'y')", "ALTER TABLE t ADD PRIMARY KEY (id)",
                         "INSERT INTO t VALUES (102, 'z')", "COMMIT")
            mirror.wait_for(lambda: len(mirror.events) == 2)
            self.run_sql("BEGIN", "TRUNCATE t")
            self.copy("t", [(i, "new") for i in range(50)])
            self.run_sql("ALTER TABLE t ADD COLUMN stamp text DEFAULT md5(random()::text)", "COMMIT")
            self.assert_mirrors(mirror, "t", "id")
            self.assertEqual(mirror.count("insert"), 52)

    def test_events_before_a_drop_are_seen_before_it(self):
        self.run_sql("CREATE TABLE t (id int primary key)", "CREATE TABLE u (id int primary key)")
        with Mirror(self.node, ["t", "u"], "id", pause_s=0.001) as mirror:
            self.run_sql("INSERT INTO t SELECT generate_series(1, 500)", "DROP TABLE t", "INSERT INTO u VALUES (1)")
            mirror.wait_for(lambda: ("u", "insert") in mirror.events)
            self.assertEqual(mirror.events, [("t", "insert")] * 500 + [("t", "drop"), ("u", "insert")])
            self.run_sql("DROP TABLE u")
            with self.assertRaises(pgwire.WireError) as ended:
                mirror.wait_for(lambda: False, 5)
            self.assertEqual(ended.exception.sqlstate, "42P01")
            self.assertEqual(mirror.events[-1], ("u", "drop"))

    def test_a_table_that_mixes_copy_and_pending_writes_in_one_transaction(self):
        self.run_sql("CREATE TABLE t (id int primary key, v text)", "CREATE UNIQUE INDEX ON t (v)")
        with Mirror(self.node, ["t"], "id") as mirror:
            self.run_sql("BEGIN", "TRUNCATE t", "INSERT INTO t VALUES (1, 'a'), (2, 'b')", "DELETE FROM t WHERE id = 1",
                         "DELETE FROM t WHERE id = 2")
            self.copy("t", [(1, "copied"), (3, "c")])
            self.run_sql("DELETE FROM t WHERE id = 3")
            self.copy("t", [(3, "c"), (4, "d")])
            self.cursor.execute("SELECT id, v FROM t ORDER BY id")
            expected = [(1, "copied"), (3, "c"), (4, "d")]
            self.assertEqual(self.cursor.fetchall(), expected)
            self.run_sql("COMMIT")
            self.cursor.execute("SELECT id, v FROM t ORDER BY id")
            self.assertEqual(self.cursor.fetchall(), expected)
            self.cursor.execute("SELECT id FROM t WHERE v = 'c'")
            self.assertEqual(self.cursor.fetchall(), [(3,)])
            self.assert_mirrors(mirror, "t", "id")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--scale", type=int, default=1)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0]] + rest, verbosity=2)
