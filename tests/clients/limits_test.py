#!/usr/bin/python3
"""Each limit of sys.limits is enforced: what goes beyond it gets an error that names it (or waits), and sys.limits shows
how much of it is in use."""
import os
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

CONFIG = """
[node]
partitions = 1
[limits]
connections_max = 6
statements_in_flight_max = 20
pending_bytes_max = "1MB"
history_bytes_max = "1MB"
lock_waiters_max = 2
advisory_locks_max = 10
dirty_bytes_max = "2MB"
cache_bytes = "2MB"
sort_bytes_max = "1MB"
log_queued_bytes_max = "17MB"
row_locks_max = 8000
[log]
record_bytes_max = "1MB"
"""


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer()
        config = os.path.join(cls.node.dir, "troupe.toml")
        with open(config, "w") as out:
            out.write(CONFIG)
        cls.node.arguments = ["--config", config]
        cls.node.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def setUp(self):
        self.open = []
        self.cursor = self.connect().cursor()
        self.cursor.execute("DROP TABLE IF EXISTS t")
        self.cursor.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")

    def tearDown(self):
        for connection in self.open:
            connection.close()
        time.sleep(0.1)

    def connect(self):
        self.open.append(psycopg2.connect(host="127.0.0.1", port=self.node.port, user="postgres", dbname="postgres"))
        self.open[-1].autocommit = True
        return self.open[-1]

    def used(self, name):
        self.cursor.execute("SELECT used, value FROM sys.limits WHERE name = %s", (f"limits.{name}",))
        return self.cursor.fetchone()

    def assert_refused(self, code, limit, action):
        with self.assertRaises(psycopg2.Error) as refused:
            action()
        diagnosis = refused.exception.diag
        said = " ".join(filter(None, [diagnosis.message_primary, diagnosis.message_detail, diagnosis.message_hint])) or \
            str(refused.exception)
        self.assertIn(f"limits.{limit}", said)
        self.assertEqual(refused.exception.pgcode or code, code)

    def wait_for(self, what, patience_s=5 * sanitizers.SLOWNESS):
        until = time.monotonic() + patience_s
        while not what():
            self.assertLess(time.monotonic(), until, "not seen in time")
            time.sleep(0.02)

    def test_row_locks(self):
        self.cursor.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 6000) i")
        self.cursor.execute("BEGIN")
        self.cursor.execute("SELECT id FROM t FOR UPDATE")
        time.sleep(0.3)
        used, value = self.used("row_locks_max")
        self.assertEqual((used, value), (6000, 8000))
        other = self.connect().cursor()
        self.assert_refused("53400", "row_locks_max", lambda: other.execute(
            "INSERT INTO t SELECT i, 'x' FROM generate_series(6001, 12000) i"))
        self.cursor.execute("COMMIT")
        other.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(6001, 12000) i")

    def test_connections(self):
        for _ in range(5):
            self.connect()
        self.assertEqual(self.used("connections_max"), (6, 6))
        self.assert_refused("53300", "connections_max", self.connect)
        self.open.pop().close()
        self.wait_for(lambda: self.used("connections_max")[0] == 5)
        self.connect().cursor().execute("SELECT 1")

    def test_statements_of_one_pipeline(self):
        one = [pgwire.bind(), pgwire.execute()]
        with pgwire.Wire.connect(port=self.node.port).startup() as wire:
            result = wire.ask(pgwire.parse("SELECT 1"), *(one * 20), pgwire.SYNC)
            self.assertIsNone(result.error)
            self.assertEqual(len(result.rows), 20)
            result = wire.ask(pgwire.parse("SELECT 1"), *(one * 21), pgwire.SYNC)
            self.assertEqual(result.error.sqlstate, "54000")
            self.assertIn("limits.statements_in_flight_max", result.error.message)
            self.assertEqual(wire.query("SELECT 2").rows, [[b"2"]])

    def test_pending_writes(self):
        self.cursor.execute("BEGIN")
        self.cursor.execute("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 500) i")
        self.wait_for(lambda: self.used("pending_bytes_max")[0] > 500_000)
        self.assert_refused("53400", "pending_bytes_max", lambda: self.cursor.execute(
            "INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(501, 1500) i"))
        self.cursor.execute("ROLLBACK")
        self.wait_for(lambda: self.used("pending_bytes_max")[0] == 0)

    def test_history(self):
        self.cursor.execute("INSERT INTO t SELECT i, repeat('x', 1000) FROM generate_series(1, 100) i")
        old = self.connect().cursor()
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM t")
        for _ in range(5):
            self.cursor.execute("UPDATE t SET v = repeat('y', 1000)")
        self.wait_for(lambda: self.used("history_bytes_max")[0] > 300_000)
        old.execute("SELECT count(*), max(v) FROM t")
        self.assertEqual(old.fetchone(), (100, "x" * 1000))
        for _ in range(15):
            self.cursor.execute("UPDATE t SET v = repeat('z', 1000)")
        used, value = self.used("history_bytes_max")
        self.assertLessEqual(used, value)
        self.assert_refused("72000", "history_bytes_max", lambda: old.execute("SELECT max(v) FROM t"))

    def test_waiting_for_rows_and_tables(self):
        self.cursor.execute("INSERT INTO t VALUES (1, '')")
        for statement in ("UPDATE t SET v = '' WHERE id = 1", "LOCK TABLE t"):
            self.cursor.execute("BEGIN")
            self.cursor.execute(statement)
            waiting = []
            for _ in range(2):
                cursor = self.connect().cursor()
                waiting.append(threading.Thread(target=cursor.execute, args=("UPDATE t SET v = '' WHERE id = 1",)))
                waiting[-1].start()
            other = self.connect().cursor()
            self.wait_for(lambda: self.used("lock_waiters_max") == (2, 2) if statement.startswith("UPDATE") else True)
            time.sleep(0.2)
            self.assert_refused("53400", "lock_waiters_max", lambda: other.execute("UPDATE t SET v = '' WHERE id = 1"))
            self.cursor.execute("COMMIT")
            for thread in waiting:
                thread.join(5 * sanitizers.SLOWNESS)
                self.assertFalse(thread.is_alive())
            other.execute("UPDATE t SET v = '' WHERE id = 1")
            for _ in range(3):
                self.open.pop().close()

    def test_memory_of_one_sort(self):
        self.assert_refused("53200", "sort_bytes_max", lambda: self.cursor.execute(
            "SELECT i, repeat('x', 100) FROM generate_series(1, 100000) i ORDER BY 2, 1 DESC"))

    def test_keys_of_advisory_locks(self):
        self.assert_refused("53200", "advisory_locks_max", lambda: self.cursor.execute(
            "SELECT pg_advisory_lock(i) FROM generate_series(1, 11) i"))
        self.assertEqual(self.used("advisory_locks_max"), (10, 10))
        self.cursor.execute("SELECT pg_advisory_unlock_all()")
        self.assertEqual(self.used("advisory_locks_max"), (0, 10))

    def test_memory_of_what_an_aggregate_collects(self):
        for call in ("string_agg(repeat('x', 1000), '')", "array_agg(i::text)", "string_agg(i::text, '' ORDER BY -i)"):
            self.assert_refused("53200", "sort_bytes_max", lambda: self.cursor.execute(
                f"SELECT length({call}::text) FROM generate_series(1, 100000) i"))

    def test_cache_and_changed_pages(self):
        for part in range(20):
            self.cursor.execute("INSERT INTO t SELECT i, md5(i::text) || repeat(md5(random()::text), 25) "
                                "FROM generate_series(%s, %s) i", (part * 500, part * 500 + 499))
            for name in ("cache_bytes", "dirty_bytes_max"):
                used, value = self.used(name)
                self.assertLessEqual(used, value + 100_000, name)
        self.cursor.execute("SELECT count(*), sum(length(v)) FROM t")
        self.assertEqual(self.cursor.fetchone(), (10_000, 10_000 * 832))

    def test_one_changed_row_in_the_log(self):
        self.cursor.execute("INSERT INTO t VALUES (1, repeat(md5(random()::text), 12500))")
        with self.assertRaises(psycopg2.Error) as refused:
            self.cursor.execute("UPDATE t SET v = v || v")
        self.assertEqual(refused.exception.pgcode, "54000")
        self.assertIn("more than log.record_bytes_max (1048576)", refused.exception.diag.message_primary)
        self.assertIn("logs the row as it was and as it becomes", refused.exception.diag.message_hint)

    def test_commits_on_their_way_to_the_disk(self):
        self.cursor.execute("INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 4000) i")
        self.wait_for(lambda: self.used("log_queued_bytes_max") == (0, 17 << 20))


if __name__ == "__main__":
    unittest.main(verbosity=2)
