#!/usr/bin/python3
"""Which anomalies each isolation level excludes: the cases of Hermitage (github.com/ept/hermitage, CC BY 4.0) and others,
judged by what was read and who committed.

    TROUPE=build/release/tools/troupe tests/isolation/isolation_test.py
"""
import contextlib
import os
import sys
import tempfile
import unittest

import psycopg2

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import interleaving as il  # noqa: E402
from interleaving import LEVELS, READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import servers  # noqa: E402

ALL = "SELECT id, value FROM test"
SNAPSHOTS = (REPEATABLE_READ, SERIALIZABLE)
CONFLICT = "could not serialize access due to read/write dependencies among transactions"


class IsolationTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer(["--cells", "2", "--partitions", "3"])
        cls.enterClassContext(cls.node)
        cls.connection = psycopg2.connect(cls.node.dsn())
        cls.connection.autocommit = True
        cls.addClassCleanup(cls.connection.close)

    def sql(self, text):
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            return sorted(cursor.fetchall()) if cursor.description else cursor.rowcount

    def reset(self):
        self.sql("DROP TABLE IF EXISTS test")
        self.sql("CREATE TABLE test (id int PRIMARY KEY, value int)")
        self.sql("INSERT INTO test VALUES (1, 10), (2, 20)")

    def begin(self, level, modes=""):
        transaction = il.Transaction(self.node.dsn(), level, modes)
        self.addCleanup(transaction.end)
        return transaction

    def at(self, level, count):
        """So many transactions of the level, on fresh tables."""
        self.reset()
        return [self.begin(level) for _ in range(count)]

    def each(self, levels, count):
        for level in levels:
            with self.subTest(level):
                yield (level, *self.at(level, count))

    def assert_one_fails(self, *transactions):
        """All but one commit, and that one is told to retry."""
        failed = [t for t in transactions if not t.committed]
        self.assertEqual([t.code for t in failed], ["40001"])

    # --- Hermitage ---

    def test_g0_writes_are_not_interleaved(self):
        for level, t, u in self.each(LEVELS, 2):
            t("UPDATE test SET value = 11 WHERE id = 1")
            blocked = u("UPDATE test SET value = 12 WHERE id = 1")
            self.assertTrue(blocked.blocked)
            t("UPDATE test SET value = 21 WHERE id = 2")
            t.commit()
            blocked.wait()
            u("UPDATE test SET value = 22 WHERE id = 2")
            u.commit()
            if level == READ_COMMITTED:
                self.assertEqual(self.sql(ALL), [(1, 12), (2, 22)])
            else:
                self.assertEqual((self.sql(ALL), u.code), ([(1, 11), (2, 21)], "40001"))

    def test_g1a_what_is_rolled_back_is_never_read(self):
        for _, t, u in self.each(LEVELS, 2):
            t("UPDATE test SET value = 101 WHERE id = 1")
            first = u(ALL)
            t("ROLLBACK")
            second = u(ALL)
            u.commit()
            self.assertEqual([first.rows, second.rows], [[(1, 10), (2, 20)]] * 2)

    def test_g1b_no_intermediate_version_is_read(self):
        for level, t, u in self.each(LEVELS, 2):
            t("UPDATE test SET value = 101 WHERE id = 1")
            first = u(ALL)
            t("UPDATE test SET value = 11 WHERE id = 1")
            t.commit()
            second = u(ALL)
            u.commit()
            self.assertEqual(first.rows, [(1, 10), (2, 20)])
            self.assertEqual(second.rows, [(1, 11 if level == READ_COMMITTED else 10), (2, 20)])

    def test_g1c_two_transactions_do_not_read_from_each_other(self):
        for level, t, u in self.each(LEVELS, 2):
            t("UPDATE test SET value = 11 WHERE id = 1")
            u("UPDATE test SET value = 22 WHERE id = 2")
            by_t = t("SELECT value FROM test WHERE id = 2")
            by_u = u("SELECT value FROM test WHERE id = 1")
            t.commit()
            u.commit()
            self.assertEqual([by_t.rows, by_u.rows], [[(20,)], [(10,)]])
            if level == SERIALIZABLE:
                self.assert_one_fails(t, u)

    def test_otv_a_transaction_that_was_seen_does_not_vanish(self):
        for level, t, u, v in self.each(LEVELS, 3):
            t("UPDATE test SET value = 11 WHERE id = 1")
            t("UPDATE test SET value = 19 WHERE id = 2")
            blocked = u("UPDATE test SET value = 12 WHERE id = 1")
            t.commit()
            blocked.wait()
            first = v("SELECT value FROM test WHERE id = 1")
            if level == READ_COMMITTED:
                u("UPDATE test SET value = 18 WHERE id = 2")
            second = v("SELECT value FROM test WHERE id = 2")
            u.commit()
            third = v(ALL)
            v.commit()
            self.assertEqual([first.rows, second.rows], [[(11,)], [(19,)]])
            self.assertEqual(third.rows, [(1, 12), (2, 18)] if level == READ_COMMITTED else [(1, 11), (2, 19)])

    def test_pmp_a_predicate_finds_no_phantoms(self):
        for level, t, u in self.each(LEVELS, 2):
            t("SELECT * FROM test WHERE value = 30")
            u("INSERT INTO test VALUES (3, 30)")
            u.commit()
            found = t("SELECT * FROM test WHERE value % 3 = 0")
            t.commit()
            self.assertEqual(found.rows, [(3, 30)] if level == READ_COMMITTED else [])
            self.assertTrue(t.committed)

    def test_pmp_for_writes(self):
        for level, t, u in self.each(SNAPSHOTS, 2):
            t("UPDATE test SET value = value + 10")
            blocked = u("DELETE FROM test WHERE value = 20")
            t.commit()
            blocked.wait()
            u.commit()
            self.assertEqual(u.code, "40001")

    def test_p4_no_update_is_lost(self):
        for _, t, u in self.each(SNAPSHOTS, 2):
            t("SELECT * FROM test WHERE id = 1")
            u("SELECT * FROM test WHERE id = 1")
            t("UPDATE test SET value = 11 WHERE id = 1")
            blocked = u("UPDATE test SET value = 11 WHERE id = 1")
            t.commit()
            blocked.wait()
            u.commit()
            self.assert_one_fails(t, u)

    def test_g_single_reads_do_not_skew(self):
        for level, t, u in self.each(LEVELS, 2):
            t("SELECT * FROM test WHERE id = 1")
            u("UPDATE test SET value = 12 WHERE id = 1")
            u("UPDATE test SET value = 18 WHERE id = 2")
            u.commit()
            second = t("SELECT value FROM test WHERE id = 2")
            t.commit()
            self.assertEqual(second.rows, [(18,)] if level == READ_COMMITTED else [(20,)])

    def test_g_single_with_predicates(self):
        for _, t, u in self.each(SNAPSHOTS, 2):
            t("SELECT * FROM test WHERE value % 5 = 0")
            u("UPDATE test SET value = 12 WHERE value = 10")
            u.commit()
            second = t("SELECT * FROM test WHERE value % 3 = 0")
            t.commit()
            self.assertEqual(second.rows, [])

    def test_g_single_with_a_write(self):
        for _, t, u in self.each(SNAPSHOTS, 2):
            t("SELECT * FROM test WHERE id = 1")
            u("UPDATE test SET value = 12 WHERE id = 1")
            u("UPDATE test SET value = 18 WHERE id = 2")
            u.commit()
            t("DELETE FROM test WHERE value = 20")
            t.commit()
            self.assertEqual(t.code, "40001")

    def test_g2_item_write_skew(self):
        for level, t, u in self.each(LEVELS, 2):
            t("SELECT * FROM test WHERE id IN (1, 2)")
            u("SELECT * FROM test WHERE id IN (1, 2)")
            t("UPDATE test SET value = 11 WHERE id = 1")
            u("UPDATE test SET value = 21 WHERE id = 2")
            t.commit()
            u.commit()
            if level == SERIALIZABLE:
                self.assert_one_fails(t, u)
            else:
                self.assertTrue(t.committed and u.committed)

    def test_g2_with_predicates(self):
        for level, t, u in self.each(LEVELS, 2):
            t("SELECT * FROM test WHERE value % 3 = 0")
            u("SELECT * FROM test WHERE value % 3 = 0")
            t("INSERT INTO test VALUES (3, 30)")
            u("INSERT INTO test VALUES (4, 42)")
            t.commit()
            u.commit()
            if level == SERIALIZABLE:
                self.assert_one_fails(t, u)
            else:
                self.assertTrue(t.committed and u.committed)

    def test_g2_the_anomaly_of_a_transaction_that_only_reads(self):
        for level in SNAPSHOTS:
            for modes in ("", "READ ONLY", "READ ONLY DEFERRABLE"):
                with self.subTest(level, modes=modes):
                    (t,) = self.at(level, 1)
                    t(ALL)
                    u = self.begin(level)
                    u("UPDATE test SET value = value + 5 WHERE id = 2")
                    u.commit()
                    reader = self.begin(level, modes)
                    seen = reader(ALL)
                    reader.commit()
                    t("UPDATE test SET value = 0 WHERE id = 1")
                    t.commit()
                    self.assertEqual(seen.rows, [(1, 10), (2, 25)])
                    self.assertTrue(u.committed and reader.committed)
                    self.assertEqual(t.committed, level == REPEATABLE_READ)

    # --- SERIALIZABLE: what counts as read ---

    def write_skew(self, read, write_t, write_u, prepare=(), conflicts=True):
        """Two transactions read, then each writes; both may commit only if neither wrote what the other read."""
        self.reset()
        for statement in prepare:
            self.sql(statement)
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        for statement in (read,) if isinstance(read, str) else read:
            self.assertIsNone(t(statement).wait().error)
            self.assertIsNone(u(statement).wait().error)
        t(write_t)
        u(write_u)
        t.commit()
        u.commit()
        if conflicts:
            self.assert_one_fails(t, u)
        else:
            self.assertEqual([t.code, u.code], [None, None])

    INDEXED = ("CREATE INDEX test_value ON test (value)",
               "INSERT INTO test SELECT g, g * 10 FROM generate_series(3, 2000) g", "ANALYZE test")

    def test_a_phantom_in_a_range_of_the_primary_key(self):
        self.write_skew("SELECT count(*) FROM test WHERE id BETWEEN 10 AND 20", "INSERT INTO test VALUES (11, 1)",
                        "INSERT INTO test VALUES (12, 1)")

    def test_rows_beside_the_range_are_nobody_s_business(self):
        self.write_skew("SELECT count(*) FROM test WHERE id BETWEEN 10 AND 20", "INSERT INTO test VALUES (9, 1)",
                        "INSERT INTO test VALUES (21, 1)", conflicts=False)

    def test_a_phantom_in_a_range_of_an_index(self):
        self.write_skew("SELECT * FROM test WHERE value BETWEEN 101 AND 109", "INSERT INTO test VALUES (-1, 102)",
                        "INSERT INTO test VALUES (-2, 103)", self.INDEXED)

    def test_entries_beside_the_range_of_an_index_are_nobody_s_business(self):
        self.write_skew("SELECT * FROM test WHERE value BETWEEN 101 AND 109", "INSERT INTO test VALUES (-1, 112)",
                        "INSERT INTO test VALUES (-2, 99)", self.INDEXED, conflicts=False)

    def test_a_row_behind_an_index_entry_that_stays(self):
        prepare = ("ALTER TABLE test ADD COLUMN note text", *self.INDEXED)
        self.write_skew("SELECT note FROM test WHERE value BETWEEN 100 AND 120",
                        "UPDATE test SET note = 't' WHERE id = 10", "UPDATE test SET note = 'u' WHERE id = 11", prepare)

    def test_a_count_over_an_index(self):
        prepare = ("ALTER TABLE test ADD COLUMN note int", *self.INDEXED)
        self.write_skew("SELECT count(note) FROM test WHERE value BETWEEN 100 AND 120",
                        "UPDATE test SET note = 1 WHERE id = 10", "UPDATE test SET note = 1 WHERE id = 11", prepare)

    def test_a_row_that_moves_into_the_range_of_an_index(self):
        self.write_skew("SELECT * FROM test WHERE value BETWEEN 101 AND 109",
                        "UPDATE test SET value = 105 WHERE id = 500", "UPDATE test SET value = 106 WHERE id = 600",
                        self.INDEXED)

    def test_a_unique_index_by_key_and_by_range(self):
        prepare = ("ALTER TABLE test ADD COLUMN code text", "CREATE UNIQUE INDEX test_code ON test (code)",
                   "INSERT INTO test SELECT g, g, 'c' || g FROM generate_series(3, 500) g", "ANALYZE test")
        self.write_skew("SELECT * FROM test WHERE code = 'none'", "INSERT INTO test VALUES (-1, 1, 'nobody')",
                        "INSERT INTO test VALUES (-2, 1, 'non')", prepare, conflicts=False)
        self.write_skew("SELECT * FROM test WHERE code IN ('none', 'no')", "INSERT INTO test VALUES (-1, 1, 'none')",
                        "INSERT INTO test VALUES (-2, 1, 'no')", prepare)
        self.write_skew("SELECT value FROM test WHERE code IN ('c3', 'c4')", "UPDATE test SET value = 0 WHERE id = 3",
                        "UPDATE test SET value = 0 WHERE id = 4", prepare)
        self.write_skew("SELECT * FROM test WHERE code >= 'd' AND code < 'e'", "INSERT INTO test VALUES (-1, 1, 'd1')",
                        "INSERT INTO test VALUES (-2, 1, 'd2')", prepare)

    def test_a_row_that_is_deleted(self):
        self.write_skew("SELECT sum(value) FROM test", "DELETE FROM test WHERE id = 1", "DELETE FROM test WHERE id = 2")

    def test_the_key_that_was_not_there(self):
        self.write_skew(("SELECT * FROM test WHERE id = 3", "SELECT * FROM test WHERE id = 4"),
                        "INSERT INTO test VALUES (3, 1)", "INSERT INTO test VALUES (4, 1)")

    def test_an_update_that_finds_nothing_has_read(self):
        self.write_skew(("UPDATE test SET value = 0 WHERE id = 3 OR id = 4",), "INSERT INTO test VALUES (3, 1)",
                        "INSERT INTO test VALUES (4, 1)")
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t(ALL + " WHERE id = 1")
        u("INSERT INTO test VALUES (5, 5)")
        u.commit()
        self.assertEqual(t("UPDATE test SET value = 0 WHERE id = 5").rows, 0)
        t("UPDATE test SET value = 0 WHERE id = 2")
        t.commit()
        self.assertEqual((u.committed, t.code), (True, "40001"))

    def test_an_insert_that_finds_a_row_has_read(self):
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t(ALL + " WHERE id = 1")
        u("INSERT INTO test VALUES (3, 30)")
        u.commit()
        t("SAVEPOINT s")
        self.assertEqual(t("INSERT INTO test VALUES (3, 31)").wait().error.pgcode, "23505")
        t("ROLLBACK TO s")
        t("UPDATE test SET value = 0 WHERE id = 2")
        self.assertEqual(t.commit().error.pgcode, "40001")

    def test_joins_and_subqueries(self):
        self.write_skew("SELECT * FROM test a JOIN test b ON b.id = a.id WHERE a.value > 5",
                        "UPDATE test SET value = 11 WHERE id = 1", "UPDATE test SET value = 21 WHERE id = 2")
        self.write_skew("SELECT 1 WHERE EXISTS (SELECT FROM test WHERE value = 30)", "INSERT INTO test VALUES (3, 30)",
                        "INSERT INTO test VALUES (4, 30)")

    def test_a_limit_reads_no_further_than_it_shows(self):
        prepare = ("INSERT INTO test SELECT g, 0 FROM generate_series(10, 5000) g", "ANALYZE test")
        self.write_skew("SELECT * FROM test ORDER BY id LIMIT 1", "UPDATE test SET value = 1 WHERE id = 4000",
                        "UPDATE test SET value = 1 WHERE id = 4500", prepare, conflicts=False)
        self.write_skew("SELECT * FROM test ORDER BY id DESC LIMIT 1", "INSERT INTO test VALUES (6000, 0)",
                        "INSERT INTO test VALUES (6001, 0)", prepare)

    def test_a_cursor_has_read_what_was_fetched(self):
        prepare = ("INSERT INTO test SELECT g, 0 FROM generate_series(10, 50) g", "ANALYZE test")
        self.write_skew(("DECLARE c CURSOR FOR SELECT * FROM test ORDER BY id", "FETCH 2 FROM c"),
                        "UPDATE test SET value = 11 WHERE id = 1", "UPDATE test SET value = 21 WHERE id = 2", prepare)

    def test_rows_that_were_read_and_locked(self):
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t(ALL + " WHERE id = 1 FOR UPDATE")
        t(ALL + " WHERE id = 2")
        u(ALL + " WHERE id = 1")
        u("UPDATE test SET value = 21 WHERE id = 2")
        u.commit()
        t("UPDATE test SET value = 11 WHERE id = 1")
        t.commit()
        self.assert_one_fails(t, u)

    def test_an_outer_join_that_rejects_nulls_is_asked_again_with_its_condition(self):
        locked = ("SELECT a.id, a.value FROM test a LEFT JOIN other b ON b.id = a.id AND b.value < 100 "
                  "WHERE b.id > 0 FOR UPDATE")
        for level in (READ_COMMITTED, SERIALIZABLE):
            with self.subTest(level):
                self.sql("DROP TABLE IF EXISTS other")
                self.sql("CREATE TABLE other (id int PRIMARY KEY, value int)")
                self.sql("INSERT INTO other VALUES (1, 10)")
                t, u = self.at(level, 2)
                u("SELECT 1")
                t("UPDATE other SET value = 200 WHERE id = 1")
                blocked = u(locked)
                self.assertTrue(blocked.blocked)
                t.commit()
                blocked.wait()
                u.commit()
                if level == READ_COMMITTED:
                    self.assertEqual(blocked.rows, [])
                else:
                    self.assert_one_fails(t, u)

    def test_what_a_savepoint_took_back_was_read_all_the_same(self):
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t("SAVEPOINT s")
        t(ALL + " WHERE id = 1")
        t("ROLLBACK TO s")
        u("UPDATE test SET value = 11 WHERE id = 1")
        u.commit()
        t("UPDATE test SET value = 21 WHERE id = 2")
        t.commit()
        self.assert_one_fails(t, u)

    def test_what_a_savepoint_gave_back_is_not_protected_by_its_lock(self):
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t("SAVEPOINT s")
        self.assertEqual(t("UPDATE test SET value = 0 WHERE id = 1").rows, 1)
        t("ROLLBACK TO s")
        u("DELETE FROM test WHERE id = 1")
        u.commit()
        t("UPDATE test SET value = 21 WHERE id = 2")
        t.commit()
        self.assert_one_fails(t, u)

    def test_writes_of_other_levels_count(self):
        for other in (READ_COMMITTED, REPEATABLE_READ):
            self.reset()
            t, u = self.begin(SERIALIZABLE), self.begin(other)
            t(ALL)
            u("UPDATE test SET value = 11 WHERE id = 1")
            u.commit()
            t("UPDATE test SET value = 21 WHERE id = 2")
            t.commit()
            self.assertEqual((u.committed, t.code), (True, "40001"))

    # --- SERIALIZABLE: who is left alone ---

    def test_independent_transactions_do_not_meet(self):
        self.write_skew(("SELECT * FROM test WHERE id = 1", "SELECT * FROM test WHERE id = 100"),
                        "UPDATE test SET value = 0 WHERE id = 2", "INSERT INTO test VALUES (50, 1)", conflicts=False)

    def test_a_transaction_that_only_reads_never_fails(self):
        self.reset()
        t = self.begin(SERIALIZABLE)
        t(ALL)
        self.sql("UPDATE test SET value = 0")
        again = t(ALL)
        t.commit()
        self.assertEqual((again.rows, t.code), ([(1, 10), (2, 20)], None))

    def test_blind_writes_do_not_conflict(self):
        self.write_skew((), "UPDATE test SET value = 11 WHERE id = 1", "UPDATE test SET value = 21 WHERE id = 2",
                        conflicts=False)
        self.write_skew((), "INSERT INTO test VALUES (3, 1)", "INSERT INTO test VALUES (4, 1)", conflicts=False)

    def test_sequences_are_of_no_transaction(self):
        self.sql("DROP SEQUENCE IF EXISTS numbers")
        self.sql("CREATE SEQUENCE numbers")
        self.write_skew("SELECT nextval('numbers')", "INSERT INTO test VALUES (3, nextval('numbers'))",
                        "INSERT INTO test VALUES (4, nextval('numbers'))", conflicts=False)

    def test_definitions(self):
        self.reset()
        t = self.begin(SERIALIZABLE)
        t("CREATE TABLE made (id int PRIMARY KEY, value int)")
        t("INSERT INTO made SELECT * FROM test")
        t("CREATE INDEX made_value ON made (value)")
        self.assertEqual(t("SELECT id FROM made WHERE value = 20").rows, [(2,)])
        t.commit()
        self.assertEqual(t.code, None)
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t("SELECT * FROM made")
        u("INSERT INTO made VALUES (3, 30)")
        u.commit()
        t("CREATE TABLE also_made (id int)")
        self.assertEqual(t.commit().error.pgcode, "40001")
        self.sql("DROP TABLE made")

    # --- what is said ---

    def test_the_error_says_what_postgresql_says_and_where_it_was(self):
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t(ALL)
        u("UPDATE test SET value = 21 WHERE id = 2")
        u.commit()
        t("UPDATE test SET value = 11 WHERE id = 1")
        error = t.commit().error
        self.assertEqual((error.pgcode, error.diag.message_primary), ("40001", CONFLICT))
        self.assertEqual(error.diag.message_hint, "The transaction might succeed if retried.")
        self.assertEqual(error.diag.message_detail, 'Key (id)=(2) of relation "test" was changed by another '
                                                    "transaction after this one had read there.")
        self.assertEqual(t("SELECT 1").rows, [(1,)])  # it is over

    def test_sys_conflicts_says_who_met(self):
        self.reset()
        t, u = self.begin(SERIALIZABLE), self.begin(SERIALIZABLE)
        t("SELECT sum(value) FROM test")
        u("UPDATE test SET value = 21 WHERE id = 2")
        u.commit()
        t("UPDATE test SET value = 11 WHERE id = 1")
        t.commit()
        row = self.sql("SELECT reason, schema, relation, key, process_id, statement, writer_process_id, "
                       "writer_statement FROM sys.conflicts ORDER BY id DESC LIMIT 1")[0]
        self.assertEqual(row, ("read/write dependency", "public", "test", "(id)=(2)", t.connection.info.backend_pid,
                               "SELECT sum(value) FROM test", u.connection.info.backend_pid,
                               "UPDATE test SET value = 21 WHERE id = 2"))

    def test_sys_conflicts_says_which_row_had_changed(self):
        self.reset()
        for sql, key in (("UPDATE test SET value = 22 WHERE value = 20", "(id)=(2)"),
                         ("SELECT * FROM test WHERE id = 1 FOR UPDATE", "(id)=(1)")):
            t, u = self.begin(REPEATABLE_READ), self.begin(REPEATABLE_READ)
            t(ALL)
            u("UPDATE test SET value = value + 1")
            u.commit()
            self.assertEqual(t(sql).error.pgcode, "40001")
            t("ROLLBACK")
            row = self.sql("SELECT reason, schema, relation, key, process_id, statement FROM sys.conflicts "
                           "ORDER BY id DESC LIMIT 1")[0]
            self.assertEqual(row, ("concurrent update", "public", "test", key, t.connection.info.backend_pid, sql))
            self.reset()

    def test_how_the_level_is_asked_for(self):
        self.reset()
        with contextlib.closing(psycopg2.connect(self.node.dsn())) as connection, connection.cursor() as cursor:
            connection.autocommit = True

            def shown(*statements):
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("SHOW transaction_isolation")
                level = cursor.fetchone()[0]
                cursor.execute("ROLLBACK")
                return level
            self.assertEqual(shown("BEGIN ISOLATION LEVEL SERIALIZABLE"), "serializable")
            self.assertEqual(shown("START TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE"),
                             "serializable")
            self.assertEqual(shown("BEGIN", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"), "serializable")
            self.assertEqual(shown("BEGIN", "SET transaction_isolation = 'serializable'"), "serializable")
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            self.assertEqual(shown("BEGIN"), "serializable")
            cursor.execute("SET default_transaction_isolation = 'serializable'")
            self.assertEqual(shown("BEGIN"), "serializable")
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1")
            with self.assertRaises(psycopg2.Error) as late:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            self.assertEqual(late.exception.pgcode, "25001")
            cursor.execute("ROLLBACK")

    def test_a_statement_of_its_own_is_serializable_too(self):
        self.reset()
        options = "-c default_transaction_isolation=serializable"
        with contextlib.closing(psycopg2.connect(self.node.dsn(), options=options)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("UPDATE test SET value = value + 1")
                cursor.execute("INSERT INTO test SELECT id + 10, value FROM test")
                cursor.execute("SELECT sum(value) FROM test")
                self.assertEqual(cursor.fetchone()[0], 64)


class LimitTest(unittest.TestCase):
    """With room for few ranges, more is taken for read than was: conflicts are never missed."""

    def test_few_ranges(self):
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write("[limits]\nread_ranges = 64\n")
            config.flush()
            with servers.TroupeServer(["--config", config.name]) as node:
                connection = psycopg2.connect(node.dsn())
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute("CREATE TABLE test (id int PRIMARY KEY, value int)")
                    cursor.execute("INSERT INTO test SELECT g, 0 FROM generate_series(1, 5000) g")
                    cursor.execute("SELECT value FROM sys.limits WHERE name = 'limits.read_ranges'")
                    self.assertEqual(cursor.fetchone()[0], 64)
                    t = il.Transaction(node.dsn(), SERIALIZABLE)
                    for i in range(1, 5000, 25):
                        t(f"SELECT * FROM test WHERE id = {i}")
                    cursor.execute("SELECT used FROM sys.limits WHERE name = 'limits.read_ranges'")
                    self.assertLessEqual(cursor.fetchone()[0], 64)
                    cursor.execute("UPDATE test SET value = 1 WHERE id = 2501")
                    t("UPDATE test SET value = 1 WHERE id = 2")
                    self.assertEqual(t.commit().error.pgcode, "40001")
                    t.end()
                connection.close()


if __name__ == "__main__":
    unittest.main()
