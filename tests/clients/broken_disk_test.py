#!/usr/bin/python3
"""A disk that fails: a failed sync fences the node and nothing acknowledged is lost; a full disk refuses commits with a
clear error and is gone on with when there is room again; a page that cannot be read fails its statement only."""
import os
import subprocess
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402
from faulty_server import FaultyServer  # noqa: E402


class BrokenDiskTest(unittest.TestCase):
    def start(self, config=""):
        self.node = FaultyServer()
        path = os.path.join(self.node.dir, "troupe.toml")
        with open(path, "w") as out:
            out.write(config)
        self.node.arguments = ["--config", path]
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.cursor = self.connect()
        self.cursor.execute("CREATE TABLE t (id int PRIMARY KEY, v text)")

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True  # closed by the node's end: a thread may still be waiting with it
        return connection.cursor()

    def read_again(self, sql, patience_s=10 * sanitizers.SLOWNESS):
        """The last restart may still be under way."""
        until = time.monotonic() + patience_s
        while True:
            try:
                self.cursor.execute(sql)
                return self.cursor.fetchall()
            except psycopg2.errors.SerializationFailure:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.05)

    def test_a_failed_sync_ends_the_node_and_loses_nothing(self):
        self.start()
        acknowledged = []
        failures = []

        def write(first):
            cursor = self.connect()
            try:
                for i in range(first, first + 100_000):
                    cursor.execute("INSERT INTO t VALUES (%s, 'x')", (i,))
                    acknowledged.append(i)
            except psycopg2.Error as problem:
                failures.append(problem)
        writers = [threading.Thread(target=write, args=(n * 1_000_000,), daemon=True) for n in range(4)]
        for writer in writers:
            writer.start()
        time.sleep(0.5)
        self.node.break_disk("fsync")
        for writer in writers:
            writer.join(20 * sanitizers.SLOWNESS)
            self.assertFalse(writer.is_alive(), "a writer waits for ever")
        self.assertEqual(self.node.process.wait(10 * sanitizers.SLOWNESS), 1)
        self.assertIn("fenced", self.node.log_tail())
        self.assertEqual(len(failures), 4)
        codes = {problem.pgcode for problem in failures}
        self.assertTrue(codes <= {"40003", "58030", "57P01", "57P02", None}, codes)
        self.node.mend_disk()
        self.node.start()
        cursor = self.connect()
        cursor.execute("SELECT id FROM t")
        there = {row[0] for row in cursor.fetchall()}
        self.assertGreater(len(acknowledged), 10)
        self.assertEqual(set(acknowledged) - there, set())
        self.assertLessEqual(len(there - set(acknowledged)), 4)

    def test_while_a_sync_hangs_a_killed_log_writer_keeps_only_commits_waiting(self):
        self.start()
        killer = self.connect()
        for name in ("log_writer", "log"):
            with self.subTest(name):
                self.node.break_disk("hang")
                writer = threading.Thread(target=self.cursor.execute, daemon=True,
                                          args=("INSERT INTO t SELECT count(*), %s FROM t", (name,)))
                writer.start()
                time.sleep(0.2)
                killer.execute("SELECT sys.kill_actor(id) FROM sys.actors WHERE name = %s", (name,))
                for _ in range(4):  # on each cell
                    reader = self.connect()
                    reader.execute("SET statement_timeout = '2s'")
                    reader.execute("SELECT count(*) FROM t")
                self.assertTrue(writer.is_alive(), "acknowledged without a sync")
                self.node.mend_disk()
                writer.join(10 * sanitizers.SLOWNESS)
                self.assertFalse(writer.is_alive())
                killer.execute("SELECT count(*) FROM t WHERE v = %s", (name,))
                self.assertEqual(killer.fetchone(), (1,))

    def test_what_was_seen_of_a_commit_on_its_way_to_the_disk_is_not_acknowledged_before_it(self):
        self.start()
        self.cursor.execute("INSERT INTO t VALUES (1, 'old'), (2, 'gone')")
        self.node.break_disk("hang")

        def change():
            self.connect().execute("BEGIN; UPDATE t SET v = 'new' WHERE id = 1; DELETE FROM t WHERE id = 2; COMMIT")
        writer = threading.Thread(target=change, daemon=True)
        writer.start()
        told = []

        def look():
            cursor = self.connect()
            cursor.execute("BEGIN")
            cursor.execute("SELECT v FROM t WHERE id = 1 FOR UPDATE")  # its lock is let go when the record is appended
            row = cursor.fetchone()
            cursor.execute("DELETE FROM t WHERE id = 2")
            found = cursor.rowcount
            cursor.execute("COMMIT")
            told.append((row, found))
        time.sleep(0.5)
        reader = threading.Thread(target=look, daemon=True)
        reader.start()
        reader.join(1)
        self.assertTrue(writer.is_alive())
        self.assertEqual(told, [])
        self.node.mend_disk()
        reader.join(20 * sanitizers.SLOWNESS)
        writer.join(20 * sanitizers.SLOWNESS)
        self.assertEqual(told, [(("new",), 0)])

    def cpu_s(self):
        with open(f"/proc/{self.node.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_who_waits_for_others_commits_keeps_no_core_busy_and_hears_cancel_and_timeout(self):
        self.start()
        self.cursor.execute("INSERT INTO t SELECT i, 'x' FROM generate_series(1, 8) i")
        failures = []

        def run(cursor, statement):
            try:
                cursor.execute(statement)
            except psycopg2.Error as problem:
                failures.append(problem.pgcode)
        waiting = [(self.connect(), "UPDATE t SET v = 'y' WHERE id = 8")]
        for i in range(1, 6):
            waiting.append((self.connect(), "COMMIT"))
            waiting[-1][0].execute("BEGIN")
            waiting[-1][0].execute("SELECT * FROM t WHERE id = %s FOR UPDATE", (i,))
        late, _ = waiting.pop()
        late.execute("SET statement_timeout = '300ms'")
        self.node.break_disk("hang")
        lockers = [threading.Thread(target=run, args=arguments, daemon=True) for arguments in waiting]
        for locker in lockers:
            locker.start()
            time.sleep(0.2)
        before = self.cpu_s()
        time.sleep(2)
        self.assertLess(self.cpu_s() - before, 0.2 * sanitizers.SLOWNESS)
        self.assertTrue(all(locker.is_alive() for locker in lockers))
        self.cursor.execute("SELECT pg_cancel_backend(%s)", (waiting[1][0].connection.get_backend_pid(),))
        lockers[1].join(5 * sanitizers.SLOWNESS)
        self.assertEqual(failures, ["57014"])
        run(late, "COMMIT")
        self.assertEqual(failures, ["57014", "57014"])
        self.node.mend_disk()
        for locker in lockers:
            locker.join(10 * sanitizers.SLOWNESS)
            self.assertFalse(locker.is_alive())
        self.assertEqual(len(failures), 2)

    def test_a_full_disk_refuses_commits_and_takes_them_again(self):
        self.start('[log]\nsegment_bytes = "17MB"\n[checkpoint]\ninterval_s = 3600\nlog_bytes = "1GB"\n')
        self.cursor.execute("CREATE TABLE small (id int)")
        self.cursor.execute("CREATE TABLE wanted (id int)")
        acknowledged, refused, waiting = [], [], []
        preparing, locking = self.connect(), self.connect()
        preparing.execute("BEGIN; INSERT INTO wanted VALUES (1)")
        locking.execute("BEGIN")
        locker = threading.Thread(target=locking.execute, args=("LOCK TABLE wanted",), daemon=True)
        locker.start()
        self.node.break_disk("full")

        def write(number):
            cursor = self.connect()
            try:
                cursor.execute("INSERT INTO t SELECT i, repeat(md5(random()::text), 30) "
                               "FROM generate_series(%s, %s) i", (number * 1000 + 1, number * 1000 + 1000))
                acknowledged.append(1000)
            except psycopg2.Error as problem:
                refused.append(problem)
        # The segments at hand are used up first. Who is on his way then waits; who comes later is refused.
        until = time.monotonic() + 60 * sanitizers.SLOWNESS
        while not refused and time.monotonic() < until:
            waiting.append(threading.Thread(target=write, args=(len(waiting),), daemon=True))
            waiting[-1].start()
            waiting[-1].join(1)
        self.assertEqual(refused[0].pgcode, "53100")
        self.assertIn("no space left", str(refused[0]))
        refused.clear()
        # Who waits for what a transaction held that was refused its PREPARE gets it.
        self.assertTrue(locker.is_alive())
        with self.assertRaises(psycopg2.errors.DiskFull):
            preparing.execute("PREPARE TRANSACTION 'refused'")
        locker.join(5 * sanitizers.SLOWNESS)
        self.assertFalse(locker.is_alive())
        locking.execute("ROLLBACK")
        other = self.connect()
        other.execute("SELECT count(*) FROM t")  # reading goes on
        self.assertEqual(other.fetchone()[0] % 1000, 0)
        with self.assertRaises(psycopg2.Error):
            other.execute("CHECKPOINT")
        self.node.mend_disk()
        until = time.monotonic() + 10 * sanitizers.SLOWNESS
        while True:
            try:
                other.execute("INSERT INTO small VALUES (1)")
                break
            except psycopg2.Error as problem:
                self.assertEqual(problem.pgcode, "53100")
                self.assertLess(time.monotonic(), until)
                time.sleep(0.1)
        for writer in waiting:
            writer.join(20 * sanitizers.SLOWNESS)
            self.assertFalse(writer.is_alive())
        other.execute("CHECKPOINT")
        self.node.kill()
        self.node.start()
        cursor = self.connect()
        cursor.execute("SELECT count(*) FROM t")
        self.assertEqual(cursor.fetchone()[0], sum(acknowledged))

    @unittest.skipUnless(os.geteuid() == 0, "mounts a small file system")
    def test_a_log_that_has_filled_the_disk_gives_its_room_back(self):
        self.node = servers.TroupeServer()
        disk = os.path.join(self.node.dir, "disk")
        os.mkdir(disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        config = os.path.join(self.node.dir, "troupe.toml")
        with open(config, "w") as out:
            out.write('[log]\nsegment_bytes = "4MB"\nrecord_bytes_max = "1MB"\nretention_bytes_max = "8MB"\n'
                      'disk_reserve_bytes = "8MB"\n[checkpoint]\nlog_bytes = "8MB"\n'
                      '[limits]\ncache_bytes = "8MB"\ndirty_bytes_max = "8MB"\n')
        self.node.data = os.path.join(disk, "data")
        self.node.arguments = ["--config", config]
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        cursor = self.connect()
        cursor.execute("CREATE TABLE t (i int, v text)")
        insert = "INSERT INTO t SELECT i, repeat('x', 2000) || i FROM generate_series(1, 200) i"
        taken = 0
        with self.assertRaises(psycopg2.errors.DiskFull) as refused:
            while taken < 20000:
                cursor.execute(insert)
                taken += 1
        self.assertIn("TRUNCATE or DROP", str(refused.exception))
        cursor.execute("SELECT count(*) FROM t")
        self.assertEqual(cursor.fetchone(), (taken * 200,))
        cursor.execute("TRUNCATE t")
        until = time.monotonic() + 20 * sanitizers.SLOWNESS
        while True:
            try:
                cursor.execute(insert)
                break
            except psycopg2.errors.DiskFull:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.1)
        self.node.kill()
        self.node.start()
        cursor = self.connect()
        cursor.execute("SELECT count(*) FROM t")
        self.assertEqual(cursor.fetchone(), (200,))

    def test_a_partition_whose_commit_met_a_bad_page_is_built_again(self):
        self.start('[node]\npartitions = 2\n[limits]\ncache_bytes = "1MB"\ndirty_bytes_max = "1MB"\n')
        self.cursor.execute("INSERT INTO t SELECT i, repeat('x', 900) FROM generate_series(1, 8000) i")
        self.cursor.execute("CHECKPOINT")
        acknowledged, doubtful = {}, {}
        stop = threading.Event()

        def write(first):
            value, cursor = 0, self.connect()
            while not stop.is_set():
                value += 1
                doubtful[first] = value
                try:
                    # More pages than the cache holds, so that they are read again when the commit is applied.
                    cursor.execute("UPDATE t SET v = %s WHERE id %% 80 = %s", (str(value), first))
                    acknowledged[first] = value
                except psycopg2.Error:
                    if cursor.connection.closed:
                        cursor = self.connect()
        writers = [threading.Thread(target=write, args=(n + 1,), daemon=True) for n in range(3)]
        for writer in writers:
            writer.start()
        for _ in range(15):
            time.sleep(0.1)
            self.node.break_disk("read")
            time.sleep(0.01)
            self.node.mend_disk()
        stop.set()
        for writer in writers:
            writer.join(30 * sanitizers.SLOWNESS)
            self.assertFalse(writer.is_alive())
        self.cursor = self.connect()
        self.cursor.execute("SELECT source, count(*) FROM sys.events WHERE kind = 'restart' GROUP BY source")
        print("restarts:", self.cursor.fetchall(), end=" ", flush=True)
        there = {}
        for i, v in self.read_again("SELECT id, v FROM t WHERE v NOT LIKE 'x%'"):
            there.setdefault(i % 80, set()).add(int(v))
        for first, value in acknowledged.items():
            self.assertEqual(len(there[first]), 1, "half a commit")
            self.assertTrue(value <= min(there[first]) <= doubtful[first], (first, value, there[first]))
        self.assertEqual(self.read_again("SELECT count(*) FROM t"), [(8000,)])

    def test_a_page_that_cannot_be_read_fails_its_statement(self):
        self.start('[limits]\ncache_bytes = "1MB"\ndirty_bytes_max = "1MB"\n')
        self.cursor.execute("INSERT INTO t SELECT i, repeat(md5(random()::text), 30) FROM generate_series(1, 8000) i")
        self.cursor.execute("CHECKPOINT")
        self.node.break_disk("read")
        with self.assertRaises(psycopg2.Error) as failed:
            self.cursor.execute("SELECT sum(length(v)) FROM t")
        self.assertEqual(failed.exception.pgcode, "58030")
        self.node.mend_disk()
        self.cursor.execute("SELECT sum(length(v)) FROM t")
        self.assertEqual(self.cursor.fetchone()[0], 8000 * 960)


if __name__ == "__main__":
    unittest.main(verbosity=2)
