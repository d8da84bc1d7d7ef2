#!/usr/bin/python3
"""What sessions notice of each other and of the node's end."""
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


class SessionsTest(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer()
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.a = self.connect()
        self.b = self.connect()
        self.run_in(self.b, "CREATE TABLE k (id int PRIMARY KEY, v int)")
        self.run_in(self.b, "INSERT INTO k SELECT i, i FROM generate_series(1, 10) i")

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def run_in(connection, sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def test_repeatable_read_sees_what_was_there_at_its_first_statement_even_one_without_a_table(self):
        self.run_in(self.a, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        self.run_in(self.a, "SELECT 1")
        self.run_in(self.b, "DELETE FROM k WHERE id = 5")
        self.run_in(self.b, "UPDATE k SET v = 0 WHERE id = 6")
        self.assertEqual(self.run_in(self.a, "SELECT id, v FROM k WHERE id IN (5, 6) ORDER BY id"), [(5, 5), (6, 6)])
        with self.assertRaises(psycopg2.errors.SerializationFailure):
            self.run_in(self.a, "DELETE FROM k WHERE id = 5")
        self.run_in(self.a, "ROLLBACK")

    def test_simple_queries_that_differ_in_constants_take_values_of_their_own_sequences(self):
        self.run_in(self.a, "CREATE SEQUENCE s1")
        self.run_in(self.a, "CREATE SEQUENCE s2 START 100")
        self.run_in(self.a, "CREATE TABLE o (id bigint PRIMARY KEY, x text)")
        for i in range(4):
            self.run_in(self.a, f"INSERT INTO o VALUES (nextval('s1'), 'a{i}')")
            self.run_in(self.a, f"INSERT INTO o VALUES (nextval('s2'), 'b{i}')")
        self.assertEqual([row[0] for row in self.run_in(self.a, "SELECT id FROM o ORDER BY id")],
                         [1, 2, 3, 4, 100, 101, 102, 103])
        for _ in range(3):
            self.assertEqual(self.run_in(self.a, "SELECT pg_typeof('a')::text FROM k WHERE id = 1"), [("unknown",)])
            self.assertEqual(self.run_in(self.a, "SELECT interval '1' day + interval '2' month"
                                                 " = interval '2 months 1 day' FROM k WHERE id = 1"), [(True,)])

    def test_sessions_are_ended_while_they_begin(self):
        """What a build with a sanitizer looks at: those who end a session and the session itself are on two threads."""
        stopping = threading.Event()
        self.addCleanup(stopping.set)

        def come_and_go():
            while not stopping.is_set():
                try:
                    psycopg2.connect(self.node.dsn()).close()
                except psycopg2.Error:
                    pass  # ended before it had begun

        clients = [threading.Thread(target=come_and_go) for _ in range(4)]
        for client in clients:
            client.start()
        until, ended = time.monotonic() + 2, 0
        while time.monotonic() < until:
            for (done,) in self.run_in(self.a, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                                               " WHERE pid <> pg_backend_pid()"):
                ended += done
        stopping.set()
        for client in clients:
            client.join()
        self.assertGreater(ended, 1)  # self.b and others
        self.assertEqual(self.run_in(self.a, "SELECT count(*) FROM k"), [(10,)])

    def test_a_clean_stop_tells_its_clients(self):
        self.run_in(self.b, "CHECKPOINT")
        self.b.close()  # one that others have known is gone by then
        with pgwire.Wire.connect(port=self.node.port) as idle, pgwire.Wire.connect(port=self.node.port) as busy:
            for wire in (idle, busy):
                wire.startup(user="postgres")
            busy.query("BEGIN")
            self.node.process.terminate()
            for wire in (idle, busy):
                kind, body = wire.receive()
                self.assertEqual(kind, "E")
                self.assertIn(b"57P01", body)
        self.assertEqual(self.node.process.wait(20 * sanitizers.SLOWNESS), 0)


if __name__ == "__main__":
    unittest.main()
