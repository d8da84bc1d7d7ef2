#!/usr/bin/python3
"""Row locks among sessions: queues, keys that change while somebody waits, savepoints; and advisory locks."""
import os
import sys
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402


def run_in(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def ids_in(connection, sql):
    return [row[0] for row in run_in(connection, sql)]


class Waiting:
    """A statement that is expected to wait for a lock."""

    def __init__(self, connection, sql):
        self.outcome = None
        self.thread = threading.Thread(target=self.run, args=(connection, sql), daemon=True)
        self.thread.start()

    def run(self, connection, sql):
        try:
            self.outcome = run_in(connection, sql)
        except psycopg2.Error as problem:
            self.outcome = problem

    def waits(self):
        self.thread.join(0.3)
        return self.thread.is_alive()

    def result(self):
        self.thread.join(20 * sanitizers.SLOWNESS)
        return "still waiting" if self.thread.is_alive() else self.outcome


class LocksTest(unittest.TestCase):
    maxDiff = None
    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer()
        cls.node.__enter__()
        cls.addClassCleanup(cls.node.__exit__)

    def setUp(self):
        self.a, self.b, self.c = (self.connect() for _ in range(3))
        run_in(self.a, "CREATE TABLE t (id int PRIMARY KEY, v int, w text)")
        run_in(self.a, "INSERT INTO t SELECT i, i, 'w' || i FROM generate_series(1, 10) i")
        self.addCleanup(self.drop)

    def drop(self):
        for connection in (self.a, self.b, self.c):
            connection.close()
        run_in(self.connect(), "DROP TABLE t")

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    # --- LIMIT counts what could be locked ---

    def test_workers_take_the_next_free_rows_of_a_queue(self):
        queue = "SELECT id FROM t ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED"
        take = "(SELECT id FROM t ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
        run_in(self.a, "BEGIN")
        run_in(self.b, "BEGIN")
        self.assertEqual(ids_in(self.a, queue), [1, 2])
        self.assertEqual(ids_in(self.b, queue), [3, 4])
        self.assertEqual(run_in(self.c, f"DELETE FROM t WHERE id = {take} RETURNING id, w"), [(5, "w5")])
        self.assertEqual(run_in(self.c, f"UPDATE t SET v = 0 WHERE id IN {take} RETURNING id"), [(6,)])
        self.assertEqual(run_in(self.c, f"WITH q AS {take} DELETE FROM t USING q WHERE t.id = q.id RETURNING t.id"),
                         [(6,)])
        run_in(self.a, "ROLLBACK")
        self.assertEqual(ids_in(self.c, queue), [1, 2])

    def test_rows_beyond_the_limit_are_not_locked(self):
        run_in(self.a, "BEGIN")
        self.assertEqual(ids_in(self.a, "SELECT id FROM t ORDER BY v DESC LIMIT 2 OFFSET 1 FOR UPDATE"), [9, 8])
        self.assertEqual(ids_in(self.b, "SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED"), [1, 2, 3, 4, 5, 6, 7])
        run_in(self.a, "ROLLBACK")
        run_in(self.a, "BEGIN")
        self.assertEqual(ids_in(self.a, "SELECT id FROM t ORDER BY v / 3 FETCH FIRST ROW WITH TIES FOR UPDATE"), [1, 2])

    def test_a_cursor_locks_what_was_fetched(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id FOR UPDATE")
        self.assertEqual(ids_in(self.a, "FETCH 2 FROM c"), [1, 2])
        self.assertEqual(ids_in(self.b, "SELECT id FROM t WHERE id < 5 ORDER BY id FOR UPDATE SKIP LOCKED"), [3, 4])
        self.assertEqual(ids_in(self.a, "FETCH 2 FROM c"), [3, 4])
        self.assertEqual(ids_in(self.b, "SELECT id FROM t WHERE id < 6 ORDER BY id FOR UPDATE SKIP LOCKED"), [5])
        run_in(self.a, "ROLLBACK")

    def test_a_queue_with_many_locked_rows_still_yields_the_next(self):
        run_in(self.a, "INSERT INTO t SELECT i, i FROM generate_series(11, 3000) i")
        run_in(self.a, "BEGIN")
        run_in(self.a, "SELECT id FROM t WHERE id <= 2500 FOR UPDATE")
        self.assertEqual(ids_in(self.b, "SELECT id FROM t ORDER BY id LIMIT 3 FOR UPDATE SKIP LOCKED"),
                         [2501, 2502, 2503])
        run_in(self.a, "ROLLBACK")

    def test_a_row_that_a_join_shows_twice_goes_when_it_is_gone(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "DELETE FROM t WHERE id = 3")
        run_in(self.a, "UPDATE t SET w = 'new' WHERE id = 4")
        waiting = Waiting(self.b, "SELECT t.id, t.w, x FROM t JOIN (VALUES (3, 1), (3, 2), (4, 3), (4, 4)) q(id, x)"
                                  " ON q.id = t.id ORDER BY x FOR UPDATE OF t")
        self.assertTrue(waiting.waits())
        run_in(self.a, "COMMIT")
        self.assertEqual(waiting.result(), [(4, "new", 3), (4, "new", 4)])

    def test_statements_that_write_thousands_of_rows_wait_for_one(self):
        run_in(self.a, "INSERT INTO t SELECT i, i FROM generate_series(11, 6000) i")
        run_in(self.a, "CREATE UNIQUE INDEX ON t (v)")
        for locked in ("abs(id) < 3", "id <> 0"):
            for sql in ("UPDATE t SET v = -v", "SELECT * FROM t FOR UPDATE", "UPDATE t SET id = -id"):
                run_in(self.a, "BEGIN")
                run_in(self.a, f"UPDATE t SET w = 'a' WHERE {locked}")
                waiting = Waiting(self.b, sql)
                self.assertTrue(waiting.waits(), f"{sql}: {waiting.outcome}")
                run_in(self.a, "COMMIT")
                count = waiting.result()
                self.assertEqual(len(count) if isinstance(count, list) else count, 6000, sql)
        run_in(self.b, "SET lock_timeout = 100")
        run_in(self.a, "BEGIN")
        run_in(self.a, "UPDATE t SET w = 'a'")
        waiting = Waiting(self.b, "UPDATE t SET w = 'b'")
        self.assertIsInstance(waiting.result(), psycopg2.errors.LockNotAvailable)
        run_in(self.a, "COMMIT")
        self.assertEqual(run_in(self.b, "UPDATE t SET w = 'b'"), 6000)

    # --- a row whose primary key was changed meanwhile ---

    def wait_while_moving(self, move, sql):
        """Runs `move` in a transaction, `sql` beside it until it waits, and then commits."""
        run_in(self.a, "BEGIN")
        for statement in move if isinstance(move, list) else [move]:
            run_in(self.a, statement)
        waiting = Waiting(self.b, sql)
        self.assertTrue(waiting.waits(), f"it should wait for the lock: {waiting.outcome}")
        run_in(self.a, "COMMIT")
        return waiting.result()

    def test_an_update_follows_a_row_to_its_new_key(self):
        self.assertEqual(self.wait_while_moving("UPDATE t SET id = 100 WHERE id = 1",
                                                "UPDATE t SET v = v + 10 WHERE v = 1 RETURNING *"), [(100, 11, "w1")])
        self.assertEqual(self.wait_while_moving("UPDATE t SET id = 101 WHERE id = 100",
                                                "UPDATE t SET id = id + 100 WHERE v = 11 RETURNING *"),
                         [(201, 11, "w1")])
        self.assertEqual(self.wait_while_moving("UPDATE t SET id = 102 WHERE id = 201",
                                                "DELETE FROM t WHERE v = 11 RETURNING *"), [(102, 11, "w1")])
        self.assertEqual(self.wait_while_moving("UPDATE t SET id = 200, v = 7 WHERE id = 2",
                                                "SELECT * FROM t WHERE w = 'w2' FOR UPDATE"), [(200, 7, "w2")])

    def test_its_condition_is_asked_again_of_the_row_with_the_new_key(self):
        for statement in ("UPDATE t SET v = 0 WHERE v = 1", "DELETE FROM t WHERE v = 1", "UPDATE t SET v = 0 WHERE id = 1",
                          "UPDATE t SET v = 0 WHERE id < 2"):
            self.assertEqual(self.wait_while_moving("UPDATE t SET id = 100, v = 99 WHERE id = 1", statement), 0)
            run_in(self.a, "UPDATE t SET id = 1, v = 1 WHERE id = 100")

    def test_an_update_follows_rows_through_several_keys(self):
        moves = ["UPDATE t SET id = 100 WHERE id = 1", "UPDATE t SET id = 1 WHERE id = 2",
                 "UPDATE t SET id = 200 WHERE id = 100"]
        self.assertEqual(sorted(self.wait_while_moving(moves, "UPDATE t SET v = -v WHERE v < 3 RETURNING *")),
                         [(1, -2, "w2"), (200, -1, "w1")])

    def test_rows_that_took_each_others_keys_are_each_changed_once(self):
        self.assertEqual(sorted(self.wait_while_moving(["DELETE FROM t WHERE id > 3", "UPDATE t SET id = 4 - id"],
                                                       "UPDATE t SET v = v * 10 RETURNING *")),
                         [(1, 30, "w3"), (2, 20, "w2"), (3, 10, "w1")])
        self.assertEqual(sorted(self.wait_while_moving(
            ["UPDATE t SET id = id + 100", "UPDATE t SET id = id - 99"], "UPDATE t SET v = v + 1 RETURNING *")),
            [(2, 31, "w3"), (3, 21, "w2"), (4, 11, "w1")])

    def test_thousands_of_rows_that_took_the_keys_of_their_neighbours_are_each_changed_once(self):
        run_in(self.a, "INSERT INTO t SELECT i, i FROM generate_series(11, 6000) i")
        self.assertEqual(self.wait_while_moving(["UPDATE t SET id = id + 10000", "UPDATE t SET id = id - 9999"],
                                                "UPDATE t SET v = -v"), 6000)
        self.assertEqual(run_in(self.a, "SELECT count(*), sum(v), sum(id) FROM t WHERE v = 1 - id"),
                         [(6000, -18003000, 18009000)])

    def test_a_move_that_was_rolled_back_is_none(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "SAVEPOINT s")
        run_in(self.a, "UPDATE t SET id = 100 WHERE id = 1")
        run_in(self.a, "ROLLBACK TO s")
        run_in(self.a, "DELETE FROM t WHERE id = 1")
        run_in(self.a, "INSERT INTO t VALUES (100, 1, 'other')")
        waiting = Waiting(self.b, "UPDATE t SET v = 5 WHERE v = 1")
        self.assertTrue(waiting.waits())
        run_in(self.a, "COMMIT")
        self.assertEqual(waiting.result(), 0)
        self.assertEqual(run_in(self.a, "SELECT * FROM t WHERE id = 100"), [(100, 1, "other")])

    def test_unique_indexes_follow_too(self):
        run_in(self.a, "CREATE UNIQUE INDEX ON t (w)")
        self.assertEqual(self.wait_while_moving("UPDATE t SET id = 100 WHERE id = 1",
                                                "UPDATE t SET w = 'new' WHERE v = 1 RETURNING id, w"), [(100, "new")])
        self.assertEqual(run_in(self.a, "SELECT id, v FROM t WHERE w = 'new'"), [(100, 1)])
        self.assertEqual(run_in(self.a, "SELECT id, v FROM t WHERE w = 'w1'"), [])

    def test_repeatable_read_tells_a_moved_row_from_a_deleted_one(self):
        for change, told in (("UPDATE t SET id = 100 WHERE id = 1", "concurrent update"),
                             ("DELETE FROM t WHERE id = 2", "concurrent delete")):
            run_in(self.b, "BEGIN ISOLATION LEVEL REPEATABLE READ")
            run_in(self.b, "SELECT count(*) FROM t")
            run_in(self.a, change)
            with self.assertRaisesRegex(psycopg2.errors.SerializationFailure, told):
                run_in(self.b, "UPDATE t SET v = 0 WHERE v IN (1, 2)")
            run_in(self.b, "ROLLBACK")

    # --- savepoints ---

    def test_rollback_to_a_savepoint_lets_go_the_rows_locked_since(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "SELECT * FROM t WHERE id = 3 FOR SHARE")
        run_in(self.a, "UPDATE t SET v = 0 WHERE id = 4")
        run_in(self.a, "SAVEPOINT s")
        run_in(self.a, "UPDATE t SET v = 0 WHERE id IN (1, 4)")
        run_in(self.a, "SELECT * FROM t WHERE id IN (2, 3) FOR UPDATE")
        waiting = Waiting(self.b, "UPDATE t SET v = v + 5 WHERE id = 1 RETURNING v")
        self.assertTrue(waiting.waits())
        run_in(self.a, "ROLLBACK TO s")
        self.assertEqual(waiting.result(), [(6,)])
        locked = [run_in(self.c, f"SELECT id FROM t WHERE id = {i} FOR {how} SKIP LOCKED")
                  for i, how in ((2, "UPDATE"), (3, "SHARE"), (3, "UPDATE"), (4, "SHARE"))]
        self.assertEqual(locked, [[(2,)], [(3,)], [], []])
        run_in(self.a, "COMMIT")
        self.assertEqual(run_in(self.c, "SELECT id, v FROM t WHERE id IN (1, 4) ORDER BY id"), [(1, 6), (4, 0)])

    def test_an_error_after_a_savepoint_lets_go_with_it(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "SAVEPOINT s")
        with self.assertRaises(psycopg2.errors.DivisionByZero):
            run_in(self.a, "UPDATE t SET v = 1 / (id - 10)")
        run_in(self.a, "ROLLBACK TO s")
        self.assertEqual(run_in(self.b, "UPDATE t SET v = v"), 10)
        run_in(self.a, "RELEASE s")
        self.assertEqual(run_in(self.a, "UPDATE t SET v = v"), 10)
        run_in(self.a, "COMMIT")

    # --- what is seen after waiting for a table lock ---

    def after(self, locking, changing, waiting):
        """What `waiting` answers in B when A, which has run `locking` in a block, runs `changing` and commits."""
        run_in(self.a, "BEGIN")
        run_in(self.a, locking)
        waiter = Waiting(self.b, waiting)
        self.assertTrue(waiter.waits(), waiting)
        if changing:
            run_in(self.a, changing)
        run_in(self.a, "COMMIT")
        return waiter.result()

    def test_a_statement_sees_what_was_committed_while_it_waited_for_the_table(self):
        refill = "INSERT INTO t SELECT i, i * 100, '' FROM generate_series(1, 5) i"
        for _ in range(5):
            self.assertEqual(self.after("TRUNCATE t", refill, "SELECT count(*), sum(v) FROM t"), [(5, 1500)])
        self.assertEqual(self.after("TRUNCATE t", refill, "INSERT INTO t SELECT max(id) + 1, 0, '' FROM t RETURNING id"),
                         [(6,)])
        self.assertEqual(self.after("LOCK TABLE t", "INSERT INTO t VALUES (99, 0, '')",
                                    "INSERT INTO t SELECT max(id) + 1, 0, '' FROM t RETURNING id"), [(100,)])
        self.assertEqual(self.after("CREATE INDEX ON t (v)", "", "UPDATE t SET v = v + 1 WHERE id > 5"), 3)
        self.assertEqual(self.after("TRUNCATE t", refill, "DELETE FROM t"), 5)

    def test_create_table_as_waits_for_the_tables_it_reads(self):
        self.addCleanup(run_in, self.connect(), "DROP TABLE IF EXISTS copied")
        self.after("TRUNCATE t", "INSERT INTO t VALUES (7, 7, 'seven')", "CREATE TABLE copied AS SELECT * FROM t")
        self.assertEqual(run_in(self.c, "SELECT * FROM copied"), [(7, 7, "seven")])

    def test_a_statement_is_planned_anew_when_its_table_changed_while_it_waited(self):
        query = "SELECT * FROM t WHERE id = %d"
        self.assertEqual(run_in(self.b, query % 2), [(2, 2, "w2")])
        self.assertEqual(self.after("ALTER TABLE t ADD COLUMN z int DEFAULT 4", "", query % 3), [(3, 3, "w3", 4)])
        self.assertEqual(self.after("ALTER TABLE t DROP COLUMN w", "", query % 3), [(3, 3, 4)])
        self.assertEqual(self.after("ALTER TABLE t ALTER COLUMN v TYPE text", "", "UPDATE t SET v = '5' WHERE v = '3' "
                                    "RETURNING *"), [(3, "5", 4)])
        self.assertEqual(self.after("DROP TABLE t", "CREATE TABLE t (id text)", "INSERT INTO t VALUES (1) RETURNING *"),
                         [("1",)])

    def test_a_prepared_statement_still_says_that_its_columns_changed(self):
        run_in(self.b, "PREPARE q AS SELECT * FROM t WHERE id = 3")
        self.assertEqual(run_in(self.b, "EXECUTE q"), [(3, 3, "w3")])
        problem = self.after("ALTER TABLE t ADD COLUMN z int", "", "EXECUTE q")
        self.assertEqual((problem.pgcode, problem.diag.message_primary),
                         ("0A000", "cached plan must not change result type"))


class AdvisoryLocksTest(unittest.TestCase):
    maxDiff = None
    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer()
        cls.node.__enter__()
        cls.addClassCleanup(cls.node.__exit__)

    def setUp(self):
        self.a, self.b, self.c = (self.connect() for _ in range(3))

    def tearDown(self):
        for connection in (self.a, self.b, self.c):
            connection.close()
        other = self.connect()
        for _ in range(100):
            if run_in(other, "SELECT count(*) FROM pg_locks") == [(0,)]:
                break
            time.sleep(0.05)
        self.assertEqual(run_in(other, "SELECT * FROM pg_locks"), [])

    def connect(self):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def value(self, connection, sql):
        return run_in(connection, sql)[0][0]

    def test_one_session_at_a_time_holds_a_key(self):
        self.value(self.a, "SELECT pg_advisory_lock(7)")
        self.assertFalse(self.value(self.b, "SELECT pg_try_advisory_lock(7)"))
        self.assertFalse(self.value(self.b, "SELECT pg_try_advisory_lock_shared(7)"))
        self.assertTrue(self.value(self.b, "SELECT pg_try_advisory_lock(8)"))
        waiting = Waiting(self.b, "SELECT pg_advisory_lock(7), 'mine'")
        self.assertTrue(waiting.waits())
        self.assertTrue(self.value(self.a, "SELECT pg_advisory_unlock(7)"))
        self.assertEqual(waiting.result(), [("", "mine")])
        self.assertFalse(self.value(self.a, "SELECT pg_try_advisory_lock(7)"))
        run_in(self.b, "SELECT pg_advisory_unlock_all()")
        self.assertTrue(self.value(self.a, "SELECT pg_try_advisory_lock(7) AND pg_try_advisory_lock(8)"))

    def test_a_key_is_held_as_often_as_it_was_taken(self):
        run_in(self.a, "SELECT pg_advisory_lock(1), pg_advisory_lock(1), pg_advisory_lock_shared(1)")
        for left in ("pg_advisory_unlock(1)", "pg_advisory_unlock_shared(1)"):
            self.assertTrue(self.value(self.a, f"SELECT {left}"))
            self.assertFalse(self.value(self.b, "SELECT pg_try_advisory_lock_shared(1)"))
        self.assertTrue(self.value(self.a, "SELECT pg_advisory_unlock(1)"))
        self.assertTrue(self.value(self.b, "SELECT pg_try_advisory_lock(1)"))
        self.assertFalse(self.value(self.a, "SELECT pg_advisory_unlock(1)"))
        self.assertEqual(self.a.notices[-1], "WARNING:  you don't own a lock of type ExclusiveLock\n")
        self.assertFalse(self.value(self.a, "SELECT pg_advisory_unlock_shared(1)"))
        self.assertEqual(self.a.notices[-1], "WARNING:  you don't own a lock of type ShareLock\n")

    def test_shared_locks_are_held_together(self):
        run_in(self.a, "SELECT pg_advisory_lock_shared(3)")
        run_in(self.b, "SELECT pg_advisory_lock_shared(3)")
        waiting = Waiting(self.c, "SELECT pg_advisory_lock(3)")
        self.assertTrue(waiting.waits())
        run_in(self.a, "SELECT pg_advisory_unlock_shared(3)")
        self.assertTrue(waiting.waits())
        run_in(self.b, "SELECT pg_advisory_unlock_shared(3)")
        self.assertEqual(waiting.result(), [("",)])

    def test_what_a_transaction_took_goes_with_it_or_with_a_savepoint(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "SELECT pg_advisory_xact_lock(1), pg_advisory_lock(2)")
        run_in(self.a, "SAVEPOINT s")
        run_in(self.a, "SELECT pg_advisory_xact_lock(3), pg_advisory_xact_lock(1)")
        held = "SELECT key FROM generate_series(1, 3) key WHERE NOT pg_try_advisory_xact_lock(key)"
        self.assertEqual(ids_in(self.b, held), [1, 2, 3])
        run_in(self.a, "ROLLBACK TO s")
        self.assertEqual(ids_in(self.b, held), [1, 2])
        self.assertFalse(self.value(self.a, "SELECT pg_advisory_unlock(1)"))
        run_in(self.a, "COMMIT")
        self.assertEqual(ids_in(self.b, held), [2])
        run_in(self.a, "SELECT pg_advisory_xact_lock(1)")  # and a statement by itself is a transaction
        self.assertEqual(ids_in(self.b, held), [2])
        run_in(self.a, "DISCARD ALL")
        self.assertEqual(ids_in(self.b, held), [])

    def test_a_failed_transaction_lets_go_at_once(self):
        run_in(self.a, "BEGIN")
        run_in(self.a, "SELECT pg_advisory_xact_lock(5)")
        with self.assertRaises(psycopg2.errors.DivisionByZero):
            run_in(self.a, "SELECT 1/0")
        self.assertTrue(self.value(self.b, "SELECT pg_try_advisory_xact_lock(5)"))

    def test_the_end_of_a_session_lets_its_keys_go(self):
        run_in(self.a, "SELECT pg_advisory_lock(9)")
        waiting = Waiting(self.b, "SELECT pg_advisory_lock(9)")
        self.assertTrue(waiting.waits())
        self.a.close()
        self.assertEqual(waiting.result(), [("",)])

    def test_pairs_are_keys_of_their_own_and_pg_locks_shows_all(self):
        run_in(self.a, "SELECT pg_advisory_lock(1), pg_advisory_lock_shared(-1, 1), pg_advisory_lock(-1)")
        self.assertTrue(self.value(self.b, "SELECT pg_try_advisory_xact_lock(0, 1)"))
        waiting = Waiting(self.b, "SELECT pg_advisory_lock(-1, 1)")
        self.assertTrue(waiting.waits())
        pids = [self.value(connection, "SELECT pg_backend_pid()") for connection in (self.a,)]
        shown = run_in(self.c, "SELECT locktype, classid, objid, objsubid, mode, granted, pid = %d FROM pg_locks "
                               "ORDER BY granted DESC, objsubid, classid" % pids[0])
        self.assertEqual(shown, [("advisory", 0, 1, 1, "ExclusiveLock", True, True),
                                 ("advisory", 4294967295, 4294967295, 1, "ExclusiveLock", True, True),
                                 ("advisory", 4294967295, 1, 2, "ShareLock", True, True),
                                 ("advisory", 4294967295, 1, 2, "ExclusiveLock", False, False)])
        run_in(self.a, "SELECT pg_advisory_unlock_shared(-1, 1)")
        self.assertEqual(waiting.result(), [("",)])

    def test_waits_end_with_lock_timeout_statement_timeout_and_cancel(self):
        run_in(self.a, "SELECT pg_advisory_lock(4)")
        for setting, code in (("lock_timeout", "55P03"), ("statement_timeout", "57014")):
            run_in(self.b, f"SET {setting} = 200")
            with self.assertRaises(psycopg2.Error) as ended:
                run_in(self.b, "SELECT pg_advisory_lock(4)")
            self.assertEqual(ended.exception.pgcode, code)
            run_in(self.b, f"RESET {setting}")
        pid = self.value(self.b, "SELECT pg_backend_pid()")
        waiting = Waiting(self.b, "SELECT pg_advisory_lock(4)")
        self.assertTrue(waiting.waits())
        run_in(self.a, f"SELECT pg_cancel_backend({pid})")
        self.assertEqual(waiting.result().pgcode, "57014")
        run_in(self.a, "SELECT pg_advisory_unlock(4)")
        self.assertTrue(self.value(self.c, "SELECT pg_try_advisory_lock(4)"))

    def test_deadlocks_are_found_also_across_rows(self):
        run_in(self.c, "CREATE TABLE t (id int PRIMARY KEY, v int)")
        self.addCleanup(lambda: run_in(self.connect(), "DROP TABLE t"))
        run_in(self.c, "INSERT INTO t VALUES (1, 0)")
        for first, second in (("SELECT pg_advisory_xact_lock(1)", "SELECT pg_advisory_xact_lock(2)"),
                              ("SELECT pg_advisory_xact_lock(1)", "UPDATE t SET v = v + 1 WHERE id = 1")):
            run_in(self.a, "BEGIN")
            run_in(self.b, "BEGIN")
            run_in(self.a, first)
            run_in(self.b, second)
            waits = [Waiting(self.a, second), Waiting(self.b, first)]
            outcomes = [wait.result() for wait in waits]
            failed = [outcome.pgcode for outcome in outcomes if isinstance(outcome, psycopg2.Error)]
            self.assertEqual(failed, ["40P01"])
            run_in(self.a, "ROLLBACK")
            run_in(self.b, "ROLLBACK")


if __name__ == "__main__":
    unittest.main()
