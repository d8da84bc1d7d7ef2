#!/usr/bin/python3
"""Statements that compute for ever can be ended (statement_timeout, cancel key, SIGTERM) and do not keep others from their
turn, though they never wait for anything themselves; and checkpoints that are asked for at the same time all end."""
import os
import random
import signal
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

BILLION = "generate_series(1, 1000000000::bigint)"
ENDLESS = [
    f"SELECT count(*) FROM {BILLION}",
    f"SELECT i FROM {BILLION} i WHERE i < 0",
    f"SELECT i FROM {BILLION} i OFFSET 999999999",
    f"SELECT i FROM {BILLION} i ORDER BY i DESC LIMIT 1",
    f"SELECT i % 10, count(*) FROM {BILLION} i GROUP BY 1",
    f"SELECT DISTINCT i % 10 FROM {BILLION} i",
    f"SELECT i % 10 FROM {BILLION} i UNION SELECT 1",
    f"SELECT exists(SELECT 1 FROM {BILLION} i WHERE i < 0)",
    f"SELECT sum(i) OVER (ORDER BY i) FROM {BILLION} i LIMIT 1",
    "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b",
    "SELECT count(*) FROM generate_series(1, 100000) a(x) JOIN generate_series(1, 100000) b(y) ON x < y",
    "SELECT (SELECT max(b) FROM generate_series(1, 100000) b WHERE b < a) FROM generate_series(1, 100000) a OFFSET 99999",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    f"INSERT INTO sink SELECT i FROM {BILLION} i WHERE i < 0",
    f"CREATE TABLE sink2 AS SELECT i FROM {BILLION} i WHERE i < 0",
]
DIGITS = random.Random(1)
LONG_GCD = "SELECT gcd({}::numeric, {}::numeric)".format(
    *("".join(DIGITS.choices("123456789", k=count)) for count in (100_000, 99_990)))
# Each works for long on a single value, without a turn for anybody else.
LONG_VALUES = [
    "SELECT length(repeat('x', 1000000000))",
    "SELECT sha256(repeat('x', 500000000)::bytea)",
    "SELECT length(encode(repeat('x', 500000000)::bytea, 'base64'))",
    "SELECT length(replace(repeat('x', 100000000), 'x', 'yyyyyyyyy'))",
    "SELECT length(lpad('x', 260000000, 'ab'))",
    LONG_GCD,
    "SELECT length(string_agg(repeat('x', 10000000), '')) FROM generate_series(1, 25)",
]
PATIENCE_S = 3.0 * sanitizers.SLOWNESS
OTHERS_WAIT_S = 0.4 * sanitizers.SLOWNESS  # a loaded machine's scheduler has its share in it


class LongWorkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer().__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.node.__exit__()

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def test_a_timeout_ends_them_and_others_have_their_turn(self):
        cursor = self.connect().cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS sink (i bigint)")
        cursor.execute("SET statement_timeout = 300")
        others = [self.connect().cursor() for _ in range(4)]  # on every cell
        for sql in ENDLESS:
            failures = []

            def run():
                try:
                    cursor.execute(sql)
                except psycopg2.Error as problem:
                    failures.append(problem.pgcode)
            begun = time.monotonic()
            runner = threading.Thread(target=run)
            runner.start()
            waits = []
            while runner.is_alive() and time.monotonic() - begun < PATIENCE_S:
                for other in others:
                    asked = time.monotonic()
                    other.execute("SELECT 1")
                    waits.append(time.monotonic() - asked)
                time.sleep(0.01)
            with self.subTest(sql=sql):
                self.assertFalse(runner.is_alive(), "not ended")
                self.assertEqual(failures, ["57014"])
                waits.sort()
                self.assertLess(waits[len(waits) * 9 // 10], OTHERS_WAIT_S)

    def test_a_timeout_ends_work_on_one_value(self):
        cursor = self.connect().cursor()
        cursor.execute("SET statement_timeout = 100")
        for sql in LONG_VALUES:
            with self.subTest(sql=sql[:100]):
                begun = time.monotonic()
                with self.assertRaises(psycopg2.Error) as ended:
                    cursor.execute(sql)
                self.assertEqual(ended.exception.pgcode, "57014")
                self.assertLess(time.monotonic() - begun, PATIENCE_S)
        cursor.execute("SELECT length(repeat('x', 2000000))")  # and nothing of it is left
        self.assertEqual(cursor.fetchone(), (2_000_000,))

    def test_the_cancel_key_ends_work_on_one_value(self):
        """Whichever cell is busy with it: the request comes on a connection of its own."""
        for _ in range(3):
            connection = self.connect()
            cursor = connection.cursor()
            failures = []

            def run(cursor=cursor, failures=failures):
                try:
                    cursor.execute(LONG_GCD)
                except psycopg2.Error as problem:
                    failures.append(problem.pgcode)
            runner = threading.Thread(target=run)
            runner.start()
            time.sleep(0.3)
            begun = time.monotonic()
            connection.cancel()
            runner.join(PATIENCE_S)
            self.assertEqual(failures, ["57014"])
            self.assertLess(time.monotonic() - begun, PATIENCE_S)
            self.spare = self.connect()  # the next one is on another cell

    def test_who_connects_meanwhile_is_served(self):
        cursor = self.connect().cursor()
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
        runner = threading.Thread(target=lambda: self.assertRaises(psycopg2.Error, cursor.execute, LONG_GCD))
        runner.start()
        time.sleep(0.3)
        begun = time.monotonic()
        other = self.connect().cursor()
        other.execute("SELECT 1")
        self.assertLess(time.monotonic() - begun, PATIENCE_S)
        other.execute(f"SELECT pg_cancel_backend({pid})")
        runner.join(PATIENCE_S)
        self.assertFalse(runner.is_alive())

    def test_the_cancel_key_ends_one(self):
        with pgwire.Wire.connect(port=self.node.port).startup() as wire:
            wire.send(pgwire.query(ENDLESS[0]))
            time.sleep(0.2)
            wire.cancel(port=self.node.port)
            begun = time.monotonic()
            self.assertEqual(wire.result().error.sqlstate, "57014")
            self.assertLess(time.monotonic() - begun, 1 * sanitizers.SLOWNESS)

    def test_a_stop_ends_them(self):
        with servers.TroupeServer() as node:
            for sql in (ENDLESS[0], ENDLESS[2], ENDLESS[9]):
                wire = pgwire.Wire.connect(port=node.port).startup()
                self.addCleanup(wire.close)
                wire.send(pgwire.query(sql))
            time.sleep(0.3)
            begun = time.monotonic()
            node.process.send_signal(signal.SIGTERM)
            self.assertEqual(node.process.wait(10 * sanitizers.SLOWNESS), 0)
            self.assertLess(time.monotonic() - begun, 4 * sanitizers.SLOWNESS)

    def test_checkpoints_at_the_same_time_all_end(self):
        cursor = self.connect().cursor()
        cursor.execute("CREATE TABLE busy (i int PRIMARY KEY, v text)")
        cursor.execute("INSERT INTO busy SELECT i, repeat('x', 100) FROM generate_series(1, 20000) i")
        threads = []
        for _ in range(6):
            other = self.connect().cursor()
            threads.append(threading.Thread(target=lambda c=other: [c.execute("CHECKPOINT") for _ in range(3)]))
        for thread in threads:
            thread.start()
        for i in range(20):
            cursor.execute("UPDATE busy SET v = 'y' WHERE i %% 20 = %s", (i,))
        for thread in threads:
            thread.join(20 * sanitizers.SLOWNESS)
            self.assertFalse(thread.is_alive(), "a checkpoint does not end")


if __name__ == "__main__":
    unittest.main(verbosity=2)
