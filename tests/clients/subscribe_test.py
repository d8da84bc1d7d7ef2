#!/usr/bin/python3
"""What a subscriber sees: every commit in order, each event once, whatever way its rows took (one by one, COPY past the
log's commit records, TRUNCATE, definitions that change), also when the connection or the node dies in the middle.

Each test follows the tables with a Mirror, which goes on from its last token after a cut, checks that tokens only grow,
and plays the events back; at the end it must hold what the table holds.
"""
import argparse
import json
import os
import subprocess
import sys
import threading
import time
import unittest


sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402
from mirror import Mirror, MirrorCase, token_key  # noqa: E402

OPTIONS = argparse.Namespace(scale=1)


class SubscribeTest(MirrorCase):
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
