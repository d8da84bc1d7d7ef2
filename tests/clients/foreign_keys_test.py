#!/usr/bin/python3
"""Foreign keys among sessions: who waits for whom, what each isolation level sees, and that no row is ever orphaned.

    FOREIGN_KEYS_ON=postgres tests/clients/foreign_keys_test.py    the same against PostgreSQL
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

ORPHANS = "SELECT count(*) FROM c WHERE pid IS NOT NULL AND NOT EXISTS (SELECT 1 FROM p WHERE p.id = c.pid)"


def code_of(outcome):
    return outcome.pgcode if isinstance(outcome, psycopg2.Error) else outcome


class ForeignKeysTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        on_postgres = os.environ.get("FOREIGN_KEYS_ON") == "postgres"
        cls.node = servers.PostgresServer() if on_postgres else servers.TroupeServer()
        cls.node.__enter__()
        cls.addClassCleanup(cls.node.__exit__)

    def setUp(self):
        self.a, self.b, self.c = (self.connect() for _ in range(3))
        run_in(self.a, "CREATE TABLE p (id int PRIMARY KEY, n int UNIQUE, v int)")
        run_in(self.a, "INSERT INTO p SELECT i, i, 0 FROM generate_series(1, 20) i")
        self.addCleanup(self.drop)

    def referring(self, options=""):
        run_in(self.a, f"CREATE TABLE c (id serial PRIMARY KEY, pid int REFERENCES p {options})")

    def drop(self):
        for connection in (self.a, self.b, self.c):
            connection.close()
        run_in(self.connect(), "DROP TABLE IF EXISTS c, p")

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def outcome(self, connection, sql):
        return code_of(Waiting(connection, sql).result())

    # --- who waits for whom ---

    def test_an_insert_waits_for_the_delete_of_what_it_refers_to(self):
        self.referring()
        for end, expected in (("COMMIT", "23503"), ("ROLLBACK", 1)):
            run_in(self.a, "BEGIN")
            run_in(self.a, "DELETE FROM p WHERE id = 1")
            waiting = Waiting(self.b, "INSERT INTO c (pid) VALUES (1)")
            self.assertTrue(waiting.waits())
            run_in(self.a, end)
            self.assertEqual(code_of(waiting.result()), expected)
            run_in(self.c, "INSERT INTO p VALUES (1, 1, 0) ON CONFLICT DO NOTHING")

    def test_a_delete_waits_for_rows_that_begin_to_refer(self):
        self.referring()
        for end, expected in (("ROLLBACK", 1), ("COMMIT", "23503")):
            run_in(self.c, "INSERT INTO p VALUES (1, 1, 0) ON CONFLICT DO NOTHING")
            run_in(self.a, "BEGIN")
            run_in(self.a, "INSERT INTO c (pid) VALUES (1)")
            waiting = Waiting(self.b, "DELETE FROM p WHERE id = 1")
            self.assertTrue(waiting.waits())
            run_in(self.a, end)
            self.assertEqual(code_of(waiting.result()), expected)

    def test_a_delete_waits_for_rows_that_are_about_to_go(self):
        self.referring()
        run_in(self.a, "INSERT INTO c (pid) VALUES (1)")
        run_in(self.a, "BEGIN")
        run_in(self.a, "DELETE FROM c")
        waiting = Waiting(self.b, "DELETE FROM p WHERE id = 1")
        self.assertTrue(waiting.waits())
        run_in(self.a, "COMMIT")
        self.assertEqual(code_of(waiting.result()), 1)

    def test_other_columns_may_change_while_rows_begin_to_refer(self):
        self.referring()
        run_in(self.a, "BEGIN")
        run_in(self.a, "UPDATE p SET v = 1 WHERE id = 1")
        self.assertEqual(self.outcome(self.b, "INSERT INTO c (pid) VALUES (1)"), 1)
        run_in(self.b, "BEGIN")
        run_in(self.b, "INSERT INTO c (pid) VALUES (1)")
        run_in(self.a, "UPDATE p SET v = 2 WHERE id = 1")
        run_in(self.a, "COMMIT")
        # Both refer to the row and then change it: nobody waits for himself.
        run_in(self.a, "BEGIN")
        run_in(self.a, "INSERT INTO c (pid) VALUES (1)")
        self.assertEqual(self.outcome(self.a, "UPDATE p SET v = 3 WHERE id = 1"), 1)
        run_in(self.a, "COMMIT")
        run_in(self.b, "COMMIT")

    def test_a_key_is_not_changed_under_those_that_refer_to_it(self):
        run_in(self.a, "CREATE TABLE c (id serial PRIMARY KEY, pid int REFERENCES p, n int REFERENCES p (n))")
        for column in ("pid", "n"):
            key = "id" if column == "pid" else "n"
            run_in(self.a, "BEGIN")
            run_in(self.a, f"INSERT INTO c ({column}) VALUES (2)")
            waiting = Waiting(self.b, f"UPDATE p SET {key} = 200 WHERE id = 2")
            self.assertTrue(waiting.waits(), column)
            run_in(self.a, "COMMIT")
            self.assertEqual(code_of(waiting.result()), "23503", column)
            run_in(self.a, "BEGIN")
            run_in(self.a, f"UPDATE p SET {key} = 300 WHERE id = 3")
            waiting = Waiting(self.b, f"INSERT INTO c ({column}) VALUES (3)")
            self.assertTrue(waiting.waits(), column)
            run_in(self.a, "COMMIT")
            self.assertEqual(code_of(waiting.result()), "23503", column)
            run_in(self.a, f"UPDATE p SET {key} = 3 WHERE {key} = 300")

    def test_a_cascade_takes_rows_that_came_meanwhile(self):
        self.referring("ON DELETE CASCADE")
        run_in(self.a, "BEGIN")
        run_in(self.a, "INSERT INTO c (pid) VALUES (1), (2)")
        waiting = Waiting(self.b, "DELETE FROM p WHERE id = 1")
        self.assertTrue(waiting.waits())
        run_in(self.a, "COMMIT")
        self.assertEqual(code_of(waiting.result()), 1)
        self.assertEqual(run_in(self.c, "SELECT pid FROM c"), [(2,)])

    # --- isolation ---

    def begin_old(self, connection):
        run_in(connection, "BEGIN ISOLATION LEVEL REPEATABLE READ")
        run_in(connection, "SELECT 1 FROM p LIMIT 1")

    def test_repeatable_read_does_not_overlook_rows_that_came_since(self):
        self.referring()
        self.begin_old(self.a)
        run_in(self.b, "INSERT INTO c (pid) VALUES (1)")
        self.assertEqual(self.outcome(self.a, "DELETE FROM p WHERE id = 1"), "23503")
        run_in(self.a, "ROLLBACK")

    def test_repeatable_read_does_not_take_along_what_it_cannot_see(self):
        self.referring("ON DELETE CASCADE")
        self.begin_old(self.a)
        run_in(self.b, "INSERT INTO c (pid) VALUES (1)")
        self.assertEqual(self.outcome(self.a, "DELETE FROM p WHERE id = 1"), "40001")
        run_in(self.a, "ROLLBACK")
        self.assertEqual(run_in(self.c, ORPHANS), [(0,)])

    def test_repeatable_read_refers_to_what_it_can_see(self):
        self.referring()
        self.begin_old(self.a)
        run_in(self.b, "INSERT INTO p VALUES (99, 99, 0)")
        self.assertEqual(self.outcome(self.a, "INSERT INTO c (pid) VALUES (99)"), "23503")
        run_in(self.a, "ROLLBACK")
        self.begin_old(self.a)
        run_in(self.b, "UPDATE p SET v = v + 1 WHERE id = 1")
        self.assertEqual(self.outcome(self.a, "INSERT INTO c (pid) VALUES (1)"), 1)
        run_in(self.a, "COMMIT")
        self.begin_old(self.a)
        run_in(self.b, "DELETE FROM p WHERE id = 5")
        self.assertEqual(self.outcome(self.a, "INSERT INTO c (pid) VALUES (5)"), "40001")
        run_in(self.a, "ROLLBACK")

    # --- no orphan ever ---

    def play(self, seed, stop, isolation, unexpected):
        dice = random.Random(seed)
        connection = self.connect()
        connection.autocommit = False
        connection.set_session(isolation_level=isolation)
        while not stop.is_set():
            key = dice.randint(1, 6)
            statements = dice.choices([
                f"INSERT INTO p VALUES ({key}, {key}, 0) ON CONFLICT DO NOTHING",
                f"DELETE FROM p WHERE id = {key}",
                f"INSERT INTO c (pid) VALUES ({key})",
                f"DELETE FROM c WHERE pid = {key}",
                f"UPDATE c SET pid = {dice.randint(1, 6)} WHERE pid = {key}",
                f"UPDATE p SET id = {dice.randint(1, 6)} WHERE id = {key}",
                f"UPDATE p SET v = v + 1 WHERE id = {key}"], k=dice.randint(1, 3))
            try:
                for statement in statements:
                    run_in(connection, statement)
                connection.commit()
            except psycopg2.Error as problem:
                connection.rollback()
                if problem.pgcode not in ("23503", "23505", "40001", "40P01"):
                    unexpected.append(f"{problem.pgcode} {problem}")

    def test_no_row_is_orphaned_by_whatever_happens_at_once(self):
        for options in ("", "ON DELETE CASCADE ON UPDATE CASCADE", "ON DELETE SET NULL ON UPDATE SET NULL",
                        "DEFERRABLE INITIALLY DEFERRED"):
            self.referring(options)
            run_in(self.a, "CREATE INDEX ON c (pid)")
            for isolation in ("READ COMMITTED", "REPEATABLE READ"):
                stop, unexpected = threading.Event(), []
                players = [threading.Thread(target=self.play, args=(seed, stop, isolation, unexpected))
                           for seed in range(4)]
                for player in players:
                    player.start()
                for _ in range(10):
                    stop.wait(0.2)
                    self.assertEqual(run_in(self.c, ORPHANS), [(0,)], f"{options} {isolation}")
                stop.set()
                for player in players:
                    player.join(30 * sanitizers.SLOWNESS)
                self.assertEqual(unexpected, [], f"{options} {isolation}")
                self.assertEqual(run_in(self.c, ORPHANS), [(0,)], f"{options} {isolation}")
            run_in(self.a, "DROP TABLE c")


if __name__ == "__main__":
    unittest.main()
