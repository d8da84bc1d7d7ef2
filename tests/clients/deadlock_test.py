#!/usr/bin/python3
"""Deadlocks end with 40P01 within a second and name the cycle, whatever the locks: rows, tables, and the weak table locks
that every statement takes. --server postgres runs the same against PostgreSQL."""
import argparse
import os
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402

SERVER = None
DEADLOCK, LOCK_NOT_AVAILABLE = "40P01", "55P03"


class Session:
    """A connection whose statements can be left running."""

    def __init__(self, port, dsn):
        self.connection = psycopg2.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.thread = None
        self.error = None
        self.seconds = 0.0

    def run(self, *statements):
        for statement in statements:
            self.cursor.execute(statement)
        return self

    def begin_to(self, statement):
        """Runs it in a thread of its own; the caller goes on when it has had time to wait."""
        def body():
            begun = time.monotonic()
            try:
                self.cursor.execute(statement)
            except psycopg2.Error as problem:
                self.error = problem
            self.seconds = time.monotonic() - begun
        self.thread = threading.Thread(target=body, daemon=True)
        self.thread.start()
        self.thread.join(0.15)
        return self

    def done(self, patience_s=3 * sanitizers.SLOWNESS):
        self.thread.join(patience_s)
        return not self.thread.is_alive()


class DeadlockTest(unittest.TestCase):
    def setUp(self):
        self.open = []
        setup = self.session()
        setup.run("DROP TABLE IF EXISTS a, b", "CREATE TABLE a (id int primary key, v int)",
                  "CREATE TABLE b (id int primary key, v int)", "INSERT INTO a VALUES (1, 0), (2, 0)",
                  "INSERT INTO b VALUES (1, 0), (2, 0)")

    def tearDown(self):
        for session in self.open:
            if session.thread and not session.done(0):
                session.connection.cancel()
                session.done()
            session.connection.close()

    def session(self):
        self.open.append(Session(SERVER.port, None))
        return self.open[-1]

    def assert_one_victim(self, *sessions):
        """One of them ends with 40P01 and the others get what they wait for, though the victim does not roll back."""
        for session in sessions:
            self.assertTrue(session.done(), "still waiting")
        victims = [session for session in sessions if session.error]
        self.assertEqual([victim.error.pgcode for victim in victims], [DEADLOCK])
        self.assertIn("waits for", victims[0].error.diag.message_detail)
        self.assertGreaterEqual(victims[0].error.diag.message_detail.count("waits for"), len(sessions))
        for session in sessions:
            self.assertLess(session.seconds, 2.5 * sanitizers.SLOWNESS)

    def test_two_readers_that_lock_each_others_table(self):
        one, two = self.session().run("BEGIN", "SELECT * FROM a"), self.session().run("BEGIN", "SELECT * FROM b")
        one.begin_to("LOCK TABLE b IN ACCESS EXCLUSIVE MODE")
        two.begin_to("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        self.assert_one_victim(one, two)

    def test_a_deadlock_is_found_though_those_who_look_for_it_are_killed(self):
        if SERVER.name != "troupe":
            self.skipTest("actors are Troupe's")
        for names in (["deadlock_detector"], ["deadlock_detector", "lock_shard[0]", "lock_shard[1]"]):
            with self.subTest(names):
                self.open_circle_while_killing(names)

    def open_circle_while_killing(self, names):
        one, two = self.session().run("BEGIN", "SELECT * FROM a"), self.session().run("BEGIN", "SELECT * FROM b")
        killer = self.session()
        one.begin_to("LOCK TABLE b IN ACCESS EXCLUSIVE MODE")
        over = threading.Event()

        def kill():
            while not over.is_set():
                killer.cursor.execute("SELECT sys.kill_actor(id) FROM sys.actors WHERE name = ANY(%s)", (names,))
                time.sleep(0.01)

        thread = threading.Thread(target=kill, daemon=True)
        thread.start()
        two.begin_to("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        over.set()
        thread.join()
        for session in (one, two):
            self.assertTrue(session.done(), "still waiting")
            session.run("ROLLBACK")
        self.assertTrue([session for session in (one, two) if session.error])

    def test_two_writers_that_lock_each_others_table(self):
        one, two = self.session().run("BEGIN", "UPDATE a SET v = 1"), self.session().run("BEGIN", "UPDATE b SET v = 1")
        one.begin_to("LOCK TABLE b IN ACCESS EXCLUSIVE MODE")
        two.begin_to("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        self.assert_one_victim(one, two)

    def test_a_row_lock_against_a_table_lock(self):
        one = self.session().run("BEGIN", "UPDATE a SET v = 1 WHERE id = 1", "SELECT * FROM b")
        two = self.session().run("BEGIN", "UPDATE a SET v = 1 WHERE id = 2")
        two.begin_to("LOCK TABLE b IN ACCESS EXCLUSIVE MODE")
        one.begin_to("UPDATE a SET v = 1 WHERE id = 2")
        self.assert_one_victim(one, two)

    def test_a_weak_lock_behind_a_strong_one(self):
        one, two = self.session().run("BEGIN", "LOCK TABLE a"), self.session().run("BEGIN", "SELECT * FROM b")
        two.begin_to("SELECT * FROM a")
        one.begin_to("ALTER TABLE b ADD COLUMN w int")
        self.assert_one_victim(one, two)

    def test_three_tables_in_a_circle(self):
        self.session().run("DROP TABLE IF EXISTS c", "CREATE TABLE c (id int)")
        ring = [self.session().run("BEGIN", f"SELECT * FROM {table}") for table in "abc"]
        for session, table in zip(ring, "bca"):
            session.begin_to(f"LOCK TABLE {table}")
        # Whoever was let in by the victim's end waits for the other still.
        victims = []
        for _ in range(2):
            for session in ring:
                session.done(1)
            victims = [session for session in ring if session.error]
            if victims:
                break
        self.assertEqual([victim.error.pgcode for victim in victims], [DEADLOCK])
        self.assertGreaterEqual(victims[0].error.diag.message_detail.count("waits for"), 3)

    def test_two_who_both_want_more_of_one_table(self):
        one, two = self.session().run("BEGIN", "INSERT INTO a VALUES (3, 0)"), \
            self.session().run("BEGIN", "INSERT INTO a VALUES (4, 0)")
        one.begin_to("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        two.begin_to("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")
        self.assert_one_victim(one, two)

    def test_what_was_written_stays_protected_while_a_stronger_lock_is_waited_for(self):
        writer, reader = self.session().run("BEGIN", "INSERT INTO a VALUES (3, 0)"), self.session().run("BEGIN")
        reader.run("SELECT * FROM a")
        dropper = self.session()
        writer.begin_to("LOCK TABLE a IN ACCESS EXCLUSIVE MODE")  # waits for the reader
        dropper.begin_to("DROP TABLE a")
        reader.run("COMMIT")
        self.assertTrue(writer.done())
        self.assertIsNone(writer.error)
        writer.run("COMMIT")
        self.assertTrue(dropper.done())
        self.assertIsNone(dropper.error)

    def test_who_holds_a_weak_lock_gets_another_though_a_strong_one_waits(self):
        reader = self.session().run("BEGIN", "SELECT * FROM a")
        alterer = self.session().begin_to("ALTER TABLE a ADD COLUMN w int")
        reader.begin_to("UPDATE a SET v = 5 WHERE id = 1")
        self.assertTrue(reader.done())
        self.assertIsNone(reader.error)
        reader.run("COMMIT")
        self.assertTrue(alterer.done())
        self.assertIsNone(alterer.error)

    def test_a_failed_statement_lets_go_of_the_locks(self):
        one = self.session().run("BEGIN", "UPDATE a SET v = 1 WHERE id = 1", "LOCK TABLE b")
        with self.assertRaises(psycopg2.Error):
            one.run("SELECT 1/0")
        other = self.session().begin_to("UPDATE a SET v = 2 WHERE id = 1")
        self.assertTrue(other.done())
        self.assertTrue(self.session().begin_to("SELECT * FROM b").done())

    def test_lock_timeout_ends_a_wait_for_a_table(self):
        self.session().run("BEGIN", "LOCK TABLE a")
        late = self.session().run("SET lock_timeout = 200").begin_to("SELECT * FROM a")
        self.assertTrue(late.done())
        self.assertEqual(late.error.pgcode, LOCK_NOT_AVAILABLE)
        strong = self.session().run("SET lock_timeout = 200", "BEGIN").begin_to("LOCK TABLE a")
        self.assertTrue(strong.done())
        self.assertEqual(strong.error.pgcode, LOCK_NOT_AVAILABLE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    servers.add_server_arguments(parser)
    options, rest = parser.parse_known_args()
    with servers.make_server(options) as SERVER:
        result = unittest.main(argv=[sys.argv[0]] + rest, verbosity=2, exit=False).result
    sys.exit(not result.wasSuccessful())
