#!/usr/bin/python3
"""Exclusion constraints and deferrable keys among sessions: of two that bring rows alike the second waits, and fails.

    COMPARED_ROWS_ON=postgres tests/clients/compared_rows_test.py    the same against PostgreSQL
"""
import os
import random
import sys
import threading
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402
from locks_test import Waiting, run_in  # noqa: E402

OVERLAPS = """SELECT count(*) FROM booking a JOIN booking b
              ON a.id < b.id AND a.room = b.room AND a.during && b.during"""


def code_of(outcome):
    return outcome.pgcode if isinstance(outcome, psycopg2.Error) else outcome


class ComparedRowsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        on_postgres = os.environ.get("COMPARED_ROWS_ON") == "postgres"
        cls.node = servers.PostgresServer() if on_postgres else servers.TroupeServer()
        cls.node.__enter__()
        cls.addClassCleanup(cls.node.__exit__)

    def setUp(self):
        self.a, self.b = self.connect(), self.connect()
        run_in(self.a, "CREATE TABLE booking (id serial PRIMARY KEY, room int4range, during int4range,"
                       " EXCLUDE USING gist (room WITH =, during WITH &&))")
        run_in(self.a, "CREATE TABLE u (id int PRIMARY KEY, k int UNIQUE DEFERRABLE,"
                       " d int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        self.addCleanup(self.drop)

    def drop(self):
        for connection in (self.a, self.b):
            connection.close()
        run_in(self.connect(), "DROP TABLE booking, u")

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def second_waits(self, first, second, expected):
        """`expected` by how the first transaction ends."""
        for end, code in expected.items():
            run_in(self.a, "BEGIN")
            run_in(self.a, first)
            waiting = Waiting(self.b, second)
            self.assertTrue(waiting.waits(), second)
            run_in(self.a, end)
            self.assertEqual(code_of(waiting.result()), code, (second, end))

    def test_a_range_waits_for_one_that_overlaps_it(self):
        self.second_waits("INSERT INTO booking (room, during) VALUES ('[1,1]', '[1,5)')",
                          "INSERT INTO booking (room, during) VALUES ('[1,1]', '[4,8)')",
                          {"COMMIT": "23P01"})
        self.second_waits("INSERT INTO booking (room, during) VALUES ('[2,2]', '[1,5)')",
                          "INSERT INTO booking (room, during) VALUES ('[2,2]', '[4,8)')",
                          {"ROLLBACK": 1})

    def test_a_range_waits_for_an_update_to_one_that_overlaps_it(self):
        run_in(self.a, "INSERT INTO booking (room, during) VALUES ('[1,1]', '[1,5)')")
        self.second_waits("UPDATE booking SET during = '[1,9)'",
                          "INSERT INTO booking (room, during) VALUES ('[1,1]', '[7,8)')",
                          {"COMMIT": "23P01"})

    def test_a_range_waits_for_the_end_of_one_that_is_deleted(self):
        run_in(self.a, "INSERT INTO booking (room, during) VALUES ('[1,1]', '[1,5)')")
        self.second_waits("DELETE FROM booking", "INSERT INTO booking (room, during) VALUES ('[1,1]', '[4,8)')",
                          {"ROLLBACK": "23P01", "COMMIT": 1})

    def test_a_deferrable_key_waits_for_the_same_key(self):
        self.second_waits("INSERT INTO u VALUES (1, 1, 1)", "INSERT INTO u VALUES (2, 1, 2)", {"ROLLBACK": 1})
        self.second_waits("INSERT INTO u VALUES (3, 3, 3)", "INSERT INTO u VALUES (4, 3, 4)", {"COMMIT": "23505"})

    def test_a_deferrable_key_waits_for_the_end_of_one_that_goes(self):
        run_in(self.a, "INSERT INTO u VALUES (1, 1, 1)")
        self.second_waits("DELETE FROM u WHERE id = 1", "INSERT INTO u VALUES (2, 1, 2)",
                          {"ROLLBACK": "23505", "COMMIT": 1})
        self.second_waits("UPDATE u SET k = 9 WHERE id = 2", "INSERT INTO u VALUES (3, 1, 3)",
                          {"ROLLBACK": "23505", "COMMIT": 1})

    def test_of_two_deferred_keys_one_commits(self):
        # In PostgreSQL the first to commit waits for the second, and one of them ends as a deadlock.
        run_in(self.a, "BEGIN")
        run_in(self.a, "INSERT INTO u VALUES (1, 1, 7)")
        second = Waiting(self.b, "INSERT INTO u VALUES (2, 2, 7)")
        second.waits()
        outcomes = {code_of(Waiting(self.a, "COMMIT").result()), code_of(second.result())}
        self.assertTrue(outcomes & {"23505", "40P01"}, outcomes)
        with self.connect().cursor() as cursor:
            cursor.execute("SELECT count(*) FROM u WHERE d = 7")
            self.assertEqual(cursor.fetchone()[0], 1)

    def test_a_snapshot_does_not_hide_what_others_have_brought(self):
        run_in(self.a, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        run_in(self.a, "SELECT count(*) FROM booking")
        run_in(self.b, "INSERT INTO booking (room, during) VALUES ('[1,1]', '[1,5)')")
        waiting = Waiting(self.a, "INSERT INTO booking (room, during) VALUES ('[1,1]', '[4,8)')")
        self.assertEqual(code_of(waiting.result()), "23P01")

    def test_no_two_rows_overlap_whoever_books(self):
        def book(seed):
            chance = random.Random(seed)
            connection = self.connect()
            for _ in range(40):
                low = chance.randrange(60)
                sql = (f"INSERT INTO booking (room, during) VALUES ('[{chance.randrange(3)}, 3]', "
                       f"'[{low}, {low + chance.randrange(1, 8)})')")
                if chance.random() < 0.2:
                    sql = f"DELETE FROM booking WHERE id = (SELECT id FROM booking WHERE id % 7 = {low % 7} LIMIT 1)"
                try:
                    run_in(connection, sql)
                except (psycopg2.errors.ExclusionViolation, psycopg2.errors.DeadlockDetected):
                    pass

        threads = [threading.Thread(target=book, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with self.a.cursor() as cursor:
            cursor.execute(OVERLAPS)
            self.assertEqual(cursor.fetchone()[0], 0)
            cursor.execute("SELECT count(*) > 3 FROM booking")
            self.assertTrue(cursor.fetchone()[0])


if __name__ == "__main__":
    unittest.main()
