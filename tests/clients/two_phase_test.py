#!/usr/bin/python3
"""Two-phase commit: by psycopg2's tpc_*(), over kill -9 and restarts with its locks; and snapshots that are handed over."""
import os
import random
import sys
import tempfile
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402
import side_by_side  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def run_in(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else cursor.rowcount


class TwoPhaseTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        config = os.path.join(folder.name, "troupe.toml")
        with open(config, "w") as out:
            out.write("[limits]\nprepared_transactions_max = 3\n")
        self.node = servers.TroupeServer(["--config", config])
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.own = self.connect()
        run_in(self.own, "CREATE TABLE t (id int PRIMARY KEY, v int UNIQUE, w text)")
        run_in(self.own, "INSERT INTO t SELECT i, i, repeat('w', 100) FROM generate_series(1, 1000) i")

    def connect(self, autocommit=True):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = autocommit
        self.addCleanup(connection.close)
        return connection

    def refused(self, code, work):
        with self.assertRaises(psycopg2.Error) as caught:
            work()
        self.assertEqual(caught.exception.pgcode, code, str(caught.exception))
        return caught.exception

    def crash(self):
        self.node.kill()
        self.node.start()

    def test_drivers_api(self):
        first, second = self.connect(False), self.connect(False)
        xid = first.xid(42, "global", "branch")
        first.tpc_begin(xid)
        run_in(first, "UPDATE t SET w = 'first' WHERE id = 1")
        first.tpc_prepare()
        first.close()
        self.assertEqual([(x.format_id, x.gtrid, x.bqual) for x in second.tpc_recover()], [(42, "global", "branch")])
        second.rollback()
        second.tpc_commit(second.tpc_recover()[0])
        self.assertEqual(run_in(self.own, "SELECT w FROM t WHERE id = 1"), [("first",)])
        second.rollback()
        second.tpc_begin("plain")
        run_in(second, "UPDATE t SET w = 'second' WHERE id = 1")
        second.tpc_prepare()
        second.tpc_rollback()
        second.tpc_begin("at once")
        run_in(second, "UPDATE t SET w = 'third' WHERE id = 1")
        second.tpc_commit()
        self.assertEqual(run_in(self.own, "SELECT w FROM t WHERE id = 1"), [("third",)])
        self.assertEqual(second.tpc_recover(), [])

    def prepare(self, name, *statements, begin="BEGIN"):
        connection = self.connect()
        for sql in (begin, *statements, f"PREPARE TRANSACTION '{name}'"):
            run_in(connection, sql)
        connection.close()

    def test_waits_with_its_locks_over_kill_9(self):
        self.prepare("change", "UPDATE t SET w = 'changed', v = 5000 WHERE id = 1", "DELETE FROM t WHERE id = 2",
                     "INSERT INTO t VALUES (2000, 2000, 'new')", "SELECT * FROM t WHERE id = 3 FOR SHARE")
        self.prepare("table", "LOCK TABLE t IN ROW EXCLUSIVE MODE")
        for _ in range(3):
            self.crash()
            own = self.connect()
            self.assertEqual(run_in(own, "SELECT gid FROM pg_prepared_xacts ORDER BY gid"), [("change",), ("table",)])
            self.assertEqual(run_in(own, "SELECT count(*), count(*) FILTER (WHERE w = 'changed') FROM t"), [(1000, 0)])
            run_in(own, "SET lock_timeout = '100ms'")
            for sql in ("UPDATE t SET w = 'x' WHERE id = 1", "UPDATE t SET w = 'x' WHERE id = 2",
                        "INSERT INTO t VALUES (2000, 1, 'x')", "INSERT INTO t VALUES (3000, 5000, 'x')",
                        "UPDATE t SET w = 'x' WHERE id = 3", "BEGIN; LOCK TABLE t IN SHARE MODE", "DROP TABLE t"):
                self.refused("55P03", lambda: run_in(own, sql))
                run_in(own, "ROLLBACK")
            run_in(own, "SELECT * FROM t WHERE id = 3 FOR SHARE")
            run_in(own, "UPDATE t SET w = w || 'y' WHERE id = 4")
            run_in(own, "CHECKPOINT")
        run_in(own, "COMMIT PREPARED 'change'")
        run_in(own, "ROLLBACK PREPARED 'table'")
        run_in(own, "UPDATE t SET v = 5001 WHERE id = 1")
        self.crash()
        own = self.connect()
        self.assertEqual(run_in(own, "SELECT * FROM pg_prepared_xacts"), [])
        self.assertEqual(run_in(own, "SELECT id, v, w FROM t WHERE id IN (1, 2, 2000) ORDER BY id"),
                         [(1, 5001, "changed"), (2000, 2000, "new")])
        self.assertEqual(run_in(own, "SELECT id FROM t WHERE v = 5001"), [(1,)])
        run_in(own, "DROP TABLE t")

    def test_a_strong_table_lock_over_kill_9(self):
        self.prepare("strong", "LOCK TABLE t IN EXCLUSIVE MODE")
        self.crash()
        own = self.connect()
        run_in(own, "SET lock_timeout = '100ms'")
        self.refused("55P03", lambda: run_in(own, "UPDATE t SET w = 'x' WHERE id = 7"))
        self.assertEqual(run_in(own, "SELECT count(*) FROM t"), [(1000,)])
        run_in(own, "COMMIT PREPARED 'strong'")
        self.assertEqual(run_in(own, "UPDATE t SET w = 'x' WHERE id = 7"), 1)

    def test_a_large_transaction(self):
        self.prepare("large", "UPDATE t SET w = repeat(md5(id::text), 300)")
        self.crash()
        own = self.connect()
        self.assertEqual(run_in(own, "SELECT max(length(w)) FROM t"), [(100,)])
        run_in(own, "COMMIT PREPARED 'large'")
        self.assertEqual(run_in(own, "SELECT count(*) FROM t WHERE w = repeat(md5(id::text), 300)"), [(1000,)])

    def test_who_waits_goes_on_when_it_is_decided(self):
        for end, expected in (("COMMIT", 11), ("ROLLBACK", 1)):
            self.prepare("held", "UPDATE t SET w = '1' WHERE id = 9")
            run_in(self.own, "UPDATE t SET w = '0' WHERE id = 10")
            waiter, done = self.connect(), []
            sql = "UPDATE t SET w = CASE WHEN w = '1' THEN '11' ELSE '1' END WHERE id = 9"
            thread = threading.Thread(target=lambda: done.append(run_in(waiter, sql)), daemon=True)
            thread.start()
            thread.join(0.3)
            self.assertTrue(thread.is_alive())
            run_in(self.own, f"{end} PREPARED 'held'")
            thread.join(10 * sanitizers.SLOWNESS)
            self.assertEqual(done, [1])
            self.assertEqual(run_in(self.own, "SELECT w FROM t WHERE id = 9"), [(str(expected),)])
            run_in(self.own, "UPDATE t SET w = '0' WHERE id = 9")

    def test_limit(self):
        for name in "abc":
            self.prepare(name, "SELECT 1")
        problem = self.refused("53200", lambda: self.prepare("d", "SELECT 1"))
        self.assertIn("maximum number of prepared transactions reached", str(problem))
        self.assertEqual(run_in(self.own, "SHOW max_prepared_transactions"), [("3",)])
        self.assertEqual(run_in(self.own, "SELECT used FROM sys.limits WHERE name = 'limits.prepared_transactions_max'"),
                         [(3,)])
        self.crash()
        own = self.connect()
        self.refused("53200", lambda: self.prepare("d", "SELECT 1"))
        run_in(own, "ROLLBACK PREPARED 'a'")
        self.prepare("d", "SELECT 1")

    def test_what_cannot_wait(self):
        for statements in (["CREATE TABLE made (i int)"], ["SELECT pg_advisory_xact_lock(1)"]):
            self.refused("0A000", lambda: self.prepare("refused", *statements))
        self.refused("0A000", lambda: self.prepare("refused", "UPDATE t SET w = '' WHERE id = 1",
                                                   begin="BEGIN ISOLATION LEVEL SERIALIZABLE"))
        self.assertEqual(run_in(self.own, "SELECT count(*) FROM pg_prepared_xacts"), [(0,)])
        self.assertEqual(run_in(self.own, "UPDATE t SET w = '' WHERE id = 1"), 1)

    def test_a_snapshot_is_handed_over(self):
        exporter, importer = self.connect(), self.connect()
        run_in(exporter, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        name = run_in(exporter, "SELECT pg_export_snapshot()")[0][0]
        run_in(self.own, "DELETE FROM t WHERE id <= 500")
        for _ in range(3):
            run_in(self.own, "UPDATE t SET w = 'later'")
        run_in(importer, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        run_in(importer, f"SET TRANSACTION SNAPSHOT '{name}'")
        run_in(exporter, "COMMIT")
        time.sleep(0.5)
        self.assertEqual(run_in(importer, "SELECT count(*), count(*) FILTER (WHERE w = 'later') FROM t"), [(1000, 0)])
        self.refused("40001", lambda: run_in(importer, "UPDATE t SET w = 'mine' WHERE id = 600"))
        run_in(importer, "ROLLBACK")
        run_in(importer, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.refused("22023", lambda: run_in(importer, f"SET TRANSACTION SNAPSHOT '{name}'"))


class Decider(threading.Thread):
    """Prepares, or decides, under a name that it shares with others, and connects again whenever it is killed."""
    REFUSALS = {"42704", "42710", "55000", "55P03"}

    def __init__(self, number, node, stop):
        super().__init__(daemon=True)
        self.number, self.node, self.stop, self.random = number, node, stop, random.Random(number)
        self.connection, self.next_id = None, number
        self.committed = self.unanswered = 0
        self.surprises = []

    def run(self):
        while not self.stop.is_set():
            try:
                if self.connection is None:
                    self.connection = psycopg2.connect(self.node.dsn())
                    self.connection.autocommit = True
                    run_in(self.connection, "SET lock_timeout = '100ms'")
                if self.number % 3 == 0:
                    self.prepare()
                elif self.random.random() < 0.5:
                    self.commit()
                else:
                    run_in(self.connection, "ROLLBACK PREPARED 'deal'")
            except psycopg2.Error as problem:
                self.after(problem)

    def prepare(self):
        self.next_id += 100
        counted = self.random.random() < 0.1
        run_in(self.connection, "BEGIN")
        run_in(self.connection, f"INSERT INTO made VALUES ({self.next_id}, {counted})")
        if counted:
            run_in(self.connection, "UPDATE total SET n = n + 1")
        run_in(self.connection, "PREPARE TRANSACTION 'deal'")

    def commit(self):
        try:
            run_in(self.connection, "COMMIT PREPARED 'deal'")
            self.committed += 1
        except psycopg2.Error as problem:
            self.unanswered += problem.pgcode not in self.REFUSALS
            raise

    def after(self, problem):
        if problem.pgcode in self.REFUSALS:
            try:
                run_in(self.connection, "ROLLBACK")
            except psycopg2.Error as killed:
                self.after(killed)
        elif problem.pgcode is not None or not isinstance(problem, psycopg2.OperationalError):
            self.surprises.append(f"{problem.pgcode}: {problem}")
        if self.connection is not None and self.connection.closed:
            self.connection = None


class KilledSessionsTest(unittest.TestCase):
    """A session is killed between PREPARE or a decision and what comes of it, while others want its name."""

    def setUp(self):
        self.node = servers.TroupeServer()
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        run_in(self.connect(), "CREATE TABLE made (id int PRIMARY KEY, counted bool)")
        run_in(self.connect(), "CREATE TABLE total (n int)")
        run_in(self.connect(), "INSERT INTO total VALUES (0)")

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def kill_sessions(self, seconds):
        """Not only those of the deciders: its own, too."""
        until, own = time.time() + seconds, self.connect()
        while time.time() < until:
            try:
                run_in(own, "SELECT sys.kill_actor(id) FROM sys.actors WHERE kind = 'session' AND random() < 0.2")
            except psycopg2.Error:
                own = self.connect_again()

    def connect_again(self):
        while True:
            try:
                return self.connect()
            except psycopg2.OperationalError:
                self.assertIsNone(self.node.process.poll(), "the node died")

    def check(self, least, most):
        own = self.connect()
        if run_in(own, "SELECT gid FROM pg_prepared_xacts"):
            run_in(own, "ROLLBACK PREPARED 'deal'")
        run_in(own, "SET lock_timeout = '10s'")
        run_in(own, "BEGIN; LOCK TABLE made, total IN ACCESS EXCLUSIVE MODE")
        made, counted = run_in(own, "SELECT count(*), count(*) FILTER (WHERE counted) FROM made")[0]
        self.assertEqual(run_in(own, "SELECT n FROM total"), [(counted,)])
        run_in(own, "COMMIT")
        self.assertGreaterEqual(made, least)
        self.assertLessEqual(made, most)
        return made

    def test_every_decision_counts_once(self):
        stop = threading.Event()
        deciders = [Decider(number, self.node, stop) for number in range(10)]
        for decider in deciders:
            decider.start()
        self.kill_sessions(4 * sanitizers.SLOWNESS)
        stop.set()
        for decider in deciders:
            decider.join(20 * sanitizers.SLOWNESS)
            self.assertFalse(decider.is_alive(), "a session waits for ever")
        self.assertEqual([surprise for decider in deciders for surprise in decider.surprises], [])
        committed = sum(decider.committed for decider in deciders)
        self.assertGreater(committed, 0)
        made = self.check(committed, committed + sum(decider.unanswered for decider in deciders))
        self.node.kill()
        self.node.start()
        self.assertEqual(run_in(self.connect(), "SELECT * FROM pg_prepared_xacts"), [])
        self.check(made, made)


@unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
class SideBySideTest(unittest.TestCase):
    def compare(self, name):
        with open(os.path.join(HERE, "side_by_side", name)) as script, servers.TroupeServer() as node, \
                servers.PostgresServer({"max_prepared_transactions": "64"}) as postgres:
            found = side_by_side.differences(script.read(), postgres, node)
        self.assertEqual(found, [], side_by_side.report(found))

    def test_two_phase_commit(self):
        self.compare("two_phase.sql")

    def test_snapshots(self):
        self.compare("snapshots.sql")


if __name__ == "__main__":
    unittest.main(verbosity=2 if sanitizers.SLOWNESS > 1 else 1)
