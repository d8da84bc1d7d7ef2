#!/usr/bin/python3
"""What the node does for its files without being asked: the scrubber (sys.scrub, sys.damage), recovery (sys.recovery);
and what it says of prepared transactions that nobody decides."""
import glob
import os
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402
from rot_test import flip, pages_of  # noqa: E402

PATIENCE_S = 30 * sanitizers.SLOWNESS


class UpkeepTest(unittest.TestCase):
    def start(self, config):
        self.node = servers.TroupeServer()
        path = os.path.join(self.node.dir, "troupe.toml")
        with open(path, "w") as out:
            out.write('[node]\npartitions = 2\n[limits]\ncache_bytes = "4MB"\ndirty_bytes_max = "4MB"\n' + config)
        self.node.arguments = ["--config", path]
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.cursor = self.connect()

    def connect(self, autocommit=True):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = autocommit
        return connection.cursor()

    def rows(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def wait_for(self, sql, what):
        until = time.monotonic() + PATIENCE_S
        while True:
            found = self.rows(sql)
            if found and found[0][0]:
                return found
            self.assertLess(time.monotonic(), until, what)
            time.sleep(0.1)

    def fill(self):
        self.cursor.execute("CREATE TABLE t (id int PRIMARY KEY, v text, n int)")
        self.cursor.execute("CREATE INDEX t_n ON t (n)")
        self.cursor.execute("INSERT INTO t SELECT i, repeat(md5(i::text), 10), i FROM generate_series(1, 20000) i")
        self.cursor.execute("INSERT INTO t SELECT -i, repeat(md5(i::text), 2000), i FROM generate_series(1, 20) i")
        self.cursor.execute("CHECKPOINT")

    def test_rounds_under_load_call_nothing_damaged(self):
        self.start('[scrub]\nbytes_per_s = "256MB"\ninterval_s = 1\n'
                   '[checkpoint]\nlog_bytes = "2MB"\n[log]\nsegment_bytes = "20MB"\nretention_bytes_max = 0\n')
        self.fill()
        stop = threading.Event()

        def write(first):
            cursor = self.connect()
            while not stop.is_set():
                cursor.execute("UPDATE t SET v = md5(v) || v, n = -n WHERE id %% 200 = %s", (first,))
                cursor.execute("UPDATE t SET v = left(v, 320) WHERE id %% 200 = %s", (first,))
                first = (first + 7) % 200
        writers = [threading.Thread(target=write, args=(n * 50,), daemon=True) for n in range(2)]
        for writer in writers:
            writer.start()
        self.wait_for("SELECT min(round) > 4 FROM sys.scrub", "four rounds have been made")
        stop.set()
        for writer in writers:
            writer.join(PATIENCE_S)
        self.assertEqual(self.rows("SELECT * FROM sys.damage"), [])
        self.assertEqual(self.rows("SELECT count(*), sum(damaged) FROM sys.scrub"), [(3, 0)])
        self.assertEqual(self.rows("SELECT partition FROM sys.scrub ORDER BY file"), [(None,), (0,), (1,)])
        self.assertIn("nothing is damaged", self.rows("SELECT reason FROM sys.events WHERE kind = 'scrub'")[0][0])

    def test_a_damaged_page_is_named_with_table_file_and_place(self):
        self.start('[scrub]\nbytes_per_s = "256MB"\ninterval_s = 1\n')
        self.fill()
        self.wait_for("SELECT min(round) > 1 FROM sys.scrub", "a round has been made")
        self.assertEqual(self.rows("SELECT * FROM sys.damage"), [])
        path = glob.glob(os.path.join(self.node.data, "partition-1.data"))[0]
        with open(path, "rb") as opened:
            content = opened.read()
        flipped = [at for at in pages_of(path) if content[at + 16] in (1, 3)]
        for at in flipped:
            flip(path, at + 70)
        self.wait_for("SELECT count(*) > 10 FROM sys.damage", "damage is found")
        round_now = self.rows("SELECT max(round) FROM sys.scrub")[0][0]
        self.wait_for(f"SELECT min(round) > {round_now + 1} FROM sys.scrub", "another round has been made")
        found = self.rows("SELECT file, partition, at_byte, bytes, schema, relation, problem FROM sys.damage")
        self.assertEqual({(row[0], row[1]) for row in found}, {(path, 1)})
        self.assertEqual({row[5] for row in found} - {None}, {"t", "t_n"})
        self.assertEqual({row[4] for row in found} - {None}, {"public"})
        self.assertTrue({row[2] for row in found} <= set(flipped))
        self.assertEqual(len(found), len({row[2] for row in found}), "once is enough")
        for row in found:
            self.assertIn(f"page at byte {row[2]} of {path}", row[6])
        said = self.rows("SELECT reason FROM sys.events WHERE kind = 'damage' AND reason LIKE '%of public.t)%'")
        self.assertIn("checksum", said[0][0])
        with open(self.node.log_path) as log:
            self.assertRegex(log.read(), r"warning +damage scrubber: .*partition-1.data at byte \d+ \(of public.t\)")
        self.assertEqual(self.rows("SELECT 1"), [(1,)])

    def test_it_reads_no_faster_than_it_may_and_not_at_all_without_leave(self):
        self.start('[scrub]\nbytes_per_s = "200kB"\ninterval_s = 1\n')
        self.fill()
        self.wait_for("SELECT bytes > 0 AND file_bytes > 100000 FROM sys.scrub WHERE partition = 0", "it has begun")
        before, begun = self.rows("SELECT sum(bytes) FROM sys.scrub")[0][0], time.monotonic()
        time.sleep(2)
        read = int(self.rows("SELECT sum(bytes) FROM sys.scrub")[0][0] - before)
        self.assertLess(read, (time.monotonic() - begun + 0.5) * 400_000)
        self.assertEqual(self.rows("SELECT file_bytes > bytes, state, finished_at FROM sys.scrub WHERE partition = 0"),
                         [(True, "running", None)])
        self.start("[scrub]\nbytes_per_s = 0\n")
        time.sleep(0.5)
        self.assertEqual(self.rows("SELECT * FROM sys.scrub"), [])

    def test_a_killed_scrubber_goes_on(self):
        self.start('[scrub]\nbytes_per_s = "64MB"\ninterval_s = 1\n')
        self.fill()
        for _ in range(3):
            self.wait_for("SELECT max(round) > 0 FROM sys.scrub", "it works")
            round_now = self.rows("SELECT max(round) FROM sys.scrub")[0][0]
            self.rows("SELECT sys.kill_actor(id) FROM sys.actors WHERE name = 'scrubber'")
            self.wait_for(f"SELECT min(round) > {round_now} FROM sys.scrub", "its successor makes a round")
        self.assertEqual(self.rows("SELECT * FROM sys.damage"), [])

    def test_recovery_tells_its_steps(self):
        self.start("[checkpoint]\ninterval_s = 3600\n")
        self.fill()
        for i in range(50):
            self.cursor.execute("UPDATE t SET n = n + 1 WHERE id IN (%s, %s)", (i, i + 100))
        self.node.kill()
        self.node.start()
        self.cursor = self.connect()
        steps = self.rows("SELECT step, partition, state, commits, bytes, total_bytes, error FROM sys.recovery "
                          "ORDER BY id")
        self.assertEqual([row[:3] for row in steps],
                         [("open partitions", None, "done"), ("find the log's end", None, "done"),
                          ("replay", 0, "done"), ("replay", 1, "done"), ("load the catalog", None, "done")])
        for _, _, _, commits, read, whole, problem in steps[2:4]:
            self.assertGreaterEqual(commits, 49)
            self.assertTrue(0 < read <= whole)
            self.assertIsNone(problem)
        self.rows("SELECT sys.kill_actor(id) FROM sys.actors WHERE name = 'partition[0]'")
        self.assertEqual(self.rows("SELECT bool_and(duration_ms >= 0 AND started_at <= now()) FROM sys.recovery"),
                         [(True,)])

    def test_prepared_transactions_that_nobody_decides_are_told_of(self):
        self.start("[transactions]\nprepared_report_s = 2\n")
        self.fill()
        cursor = self.connect(autocommit=False)
        cursor.connection.tpc_begin("forgotten")
        cursor.execute("UPDATE t SET n = 0 WHERE id = 1")
        cursor.connection.tpc_prepare()
        self.assertEqual(self.rows("SELECT * FROM sys.events WHERE kind = 'prepared'"), [])
        locks = "SELECT locktype, relation::regclass::text, virtualtransaction LIKE '-1/%', pid, mode, granted " \
                "FROM pg_locks ORDER BY 1, 2"
        held = [("relation", "t", True, None, "RowExclusiveLock", True),
                ("transactionid", None, True, None, "ExclusiveLock", True)]
        self.assertEqual(self.rows(locks), held)
        told = "SELECT count(*) > {} FROM sys.events WHERE kind = 'prepared'"
        self.wait_for(told.format(0), "it is told of")
        self.assertRegex(self.rows("SELECT reason FROM sys.events WHERE kind = 'prepared'")[0][0],
                         r'"forgotten" of role "postgres" in database "postgres" has waited for \d s')
        self.wait_for(told.format(1), "it is told of again")
        self.assertEqual(self.rows("SELECT gid FROM pg_prepared_xacts"), [("forgotten",)])
        self.node.kill()
        self.node.start()
        self.cursor = self.connect()
        self.assertEqual(self.rows(locks), held)
        self.wait_for(told.format(0), "it is told of after a restart")
        self.cursor.execute("COMMIT PREPARED 'forgotten'")
        self.assertEqual(self.rows("SELECT * FROM pg_locks"), [])
        self.assertEqual(self.rows("SELECT n FROM t WHERE id = 1"), [(0,)])

    def test_prepared_locks_are_kept_whatever_row_locks_max_has_become(self):
        self.start("")
        self.fill()
        cursor = self.connect(autocommit=False)
        cursor.connection.tpc_begin("many rows")
        cursor.execute("UPDATE t SET n = 0")
        cursor.connection.tpc_prepare()
        self.node.stop()
        with open(self.node.arguments[1], "a") as out:
            out.write("row_locks_max = 10\n")
        self.node.start()
        self.cursor = self.connect()
        with self.assertRaises(psycopg2.errors.LockNotAvailable):
            self.cursor.execute("SELECT 1 FROM t WHERE id = 17 FOR UPDATE NOWAIT")
        with self.assertRaises(psycopg2.errors.ConfigurationLimitExceeded):
            self.cursor.execute("INSERT INTO t VALUES (100000, 'x', 1)")
        self.cursor.execute("ROLLBACK PREPARED 'many rows'")
        self.cursor.execute("SELECT 1 FROM t WHERE id = 17 FOR UPDATE NOWAIT")
        self.assertEqual(self.rows("SELECT count(*) FROM t WHERE n = 0"), [(0,)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
