#!/usr/bin/python3
"""What a subscriber sees who may not, or does not want to, see every row: SUBSCRIBE ... WHERE, row security, and that
waiting for rows which do not come costs nobody anything and loses nothing."""
import argparse
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
from mirror import Mirror, MirrorCase  # noqa: E402

OPTIONS = argparse.Namespace(seconds=5)

PREDICATES = [
    "n = 3", "n = -1", "n IN (1, 5, 7)", "n BETWEEN 2 AND 4", "n > 6", "n <= 0", "n >= 3 AND n < 9", "big = 4", "big > 5000000000",
    "small = 2::bigint", "n = 3.0", "n <> 3", "n IS NULL", "t = 'b'", "t IN ('a', 'c')", "t > 'b'", "t LIKE 'a%'", "t = 'b' AND n > 2",
    "n = 1 OR n = 2", "NOT flag", "flag", "flag = true", "d = '2024-01-03'", "d < '2024-01-03'", "at >= '2024-01-02 00:00'",
    "d = timestamp '2024-01-02 00:00'", "num = 1.5", "num = 1.50", "length(t) = 1", "n % 2 = 0", "n = length(t)", "n IN (1, NULL)",
    "n = any (array[2, 4])", "tags @> '{x}'", "n = 3 AND t IS NOT NULL", "n > 2147483647", "small = 100000", "n > 3 AND n < 3",
]


class SubscribedRowsTest(MirrorCase):
    def fetch(self, query):
        self.cursor.execute(query)
        return self.cursor.fetchall()

    def assert_mirrors_keys(self, mirror, table, where, patience_s=30 * sanitizers.SLOWNESS):
        expected = {(table, row[0]) for row in self.fetch(f"SELECT id FROM {table} WHERE {where}")}
        mirror.wait_for(lambda: set(mirror.rows) == expected, patience_s)

    def random_row(self, dice):
        def or_null(value):
            return "NULL" if dice.randrange(6) == 0 else value
        return (f"{or_null(dice.randrange(-1, 10))}, {or_null(dice.choice([4, 5, 6_000_000_000]))}, {or_null(dice.randrange(0, 4))}, "
                f"{or_null(repr(dice.choice(['a', 'b', 'c', 'ab', ''])))}, {or_null(dice.choice(['true', 'false']))}, "
                f"{or_null(repr(f'2024-01-0{dice.randrange(1, 5)}'))}, {or_null(repr(f'2024-01-0{dice.randrange(1, 5)} 12:00'))}, "
                f"{or_null(dice.choice(['1.5', '1.50', '2']))}, {or_null(repr(dice.choice(['{}', '{x}', '{x,y}'])))}")

    def change(self, dice):
        """One statement, of any kind, of one or several rows."""
        choice, key = dice.randrange(10), dice.randrange(60)
        if choice < 4:
            return (f"INSERT INTO w VALUES ({key}, {self.random_row(dice)}) ON CONFLICT (id) DO UPDATE SET "
                    "(n, big, small, t, flag, d, at, num, tags) = (excluded.n, excluded.big, excluded.small, excluded.t, excluded.flag, "
                    "excluded.d, excluded.at, excluded.num, excluded.tags)")
        if choice < 6:
            return f"UPDATE w SET n = {dice.randrange(-1, 10)} WHERE id BETWEEN {key} AND {key + 3}"
        if choice < 7:
            return f"UPDATE w SET id = id + 1000 WHERE id = {key}"
        if choice < 8:
            return f"DELETE FROM w WHERE id = {key}"
        if choice < 9:
            return f"UPDATE w SET t = {dice.choice(['NULL', repr('a'), repr('b')])}, flag = NOT flag WHERE id % 7 = {key % 7}"
        return f"DELETE FROM w WHERE id >= 1000 AND n = {dice.randrange(10)}"

    def test_a_subscription_with_a_where_holds_exactly_those_rows(self):
        self.run_sql("CREATE TABLE w (id int PRIMARY KEY, n int, big bigint, small smallint, t text, flag bool, d date, "
                     "at timestamp, num numeric, tags text[])")
        dice = random.Random(11)
        mirrors = [Mirror(self.node, ["w"], "id", where=where, cut_every=40 * (at % 3), seed=at)
                   for at, where in enumerate(PREDICATES)]
        for mirror in mirrors:
            mirror.__enter__()
            self.addCleanup(mirror.__exit__)
        end = time.monotonic() + OPTIONS.seconds
        turn = 0
        while time.monotonic() < end:
            turn += 1
            try:
                if dice.randrange(20) == 0:
                    self.run_sql("BEGIN", self.change(dice), self.change(dice), self.change(dice),
                                 dice.choice(["COMMIT", "COMMIT", "ROLLBACK"]))
                else:
                    self.run_sql(self.change(dice))
            except psycopg2.errors.UniqueViolation:  # a key that was moved to where one is
                self.run_sql("ROLLBACK")
            if turn % 300 == 0:
                self.run_sql("ALTER TABLE w ADD COLUMN more int DEFAULT 7", "ALTER TABLE w DROP COLUMN more")
            if turn % 500 == 0:
                self.run_sql("ALTER TABLE w ALTER COLUMN small TYPE int", "ALTER TABLE w ALTER COLUMN small TYPE smallint")
        for where, mirror in zip(PREDICATES, mirrors):
            with self.subTest(where):
                self.assert_mirrors_keys(mirror, "w", where)
        self.assertGreater(sum(mirror.reconnects for mirror in mirrors), 0)

    def test_rows_of_a_copy_pass_the_where(self):
        self.run_sql("CREATE TABLE c (id int PRIMARY KEY, n int)")
        with Mirror(self.node, ["c"], "id", where="n = 5") as mirror:
            self.copy("c", [(i, i % 100) for i in range(20_000)])
            self.assert_mirrors_keys(mirror, "c", "n = 5")
            self.assertEqual(len(mirror.events), 200)

    def test_a_where_is_bound_against_every_table(self):
        self.run_sql("CREATE TABLE a1 (id int PRIMARY KEY, n int)", "CREATE TABLE a2 (id int PRIMARY KEY, n int)")
        with Mirror(self.node, ["a1", "a2"], "id", where="n > 10") as mirror:
            self.run_sql("INSERT INTO a1 VALUES (1, 5), (2, 50)", "INSERT INTO a2 VALUES (3, 5), (4, 50)", "UPDATE a1 SET n = 11 WHERE id = 1")
            mirror.wait_for(lambda: set(mirror.rows) == {("a1", 2), ("a2", 4), ("a1", 1)})
            self.assertEqual([op for _, op in mirror.events], ["insert"] * 3)

    def refuse(self, statement, sqlstate, words, connection=None):
        cursor = (connection or self.connection).cursor()
        with self.assertRaises(psycopg2.Error) as refused:
            cursor.execute(statement)
        self.assertEqual(refused.exception.pgcode, sqlstate, refused.exception)
        self.assertIn(words, str(refused.exception))

    def test_a_where_that_cannot_be_followed_says_why(self):
        self.run_sql("CREATE TABLE e (id int PRIMARY KEY, n int)")
        self.refuse("SUBSCRIBE TO e WHERE nothing = 1", "42703", 'column "nothing" does not exist')
        self.refuse("SUBSCRIBE TO e WHERE n", "42804", "argument of WHERE must be type boolean, not type integer")
        self.refuse("SUBSCRIBE TO e WHERE n IN (SELECT 1)", "0A000", "continuous view")
        self.refuse("SUBSCRIBE TO e WHERE count(*) > 1", "42803", "aggregate functions are not allowed in WHERE")
        self.refuse("SUBSCRIBE TO e WHERE n >", "42601", "syntax error at end of input")

    def test_a_where_that_fails_ends_its_own_subscription_only(self):
        self.run_sql("CREATE TABLE f (id int PRIMARY KEY, n int)")
        failed = []

        def follow():
            try:
                self.connect().cursor().execute("SUBSCRIBE TO f WHERE 10 / n > 1")
            except psycopg2.Error as problem:
                failed.append(problem.pgcode)
        thread = threading.Thread(target=follow)
        with Mirror(self.node, ["f"], "id") as other:
            thread.start()
            while not self.fetch("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SUBSCRIBE%10 / n%' AND pid <> pg_backend_pid()"):
                time.sleep(0.01)
            time.sleep(0.1)
            self.run_sql("INSERT INTO f VALUES (1, 0)", "INSERT INTO f VALUES (2, 1)")
            thread.join(20 * sanitizers.SLOWNESS)
            self.assertEqual(failed, ["22012"])
            self.assert_mirrors_keys(other, "f", "true")

    # --- row security ---

    def tenants(self):
        self.run_sql("CREATE TABLE doc (id int PRIMARY KEY, tenant text, secret bool DEFAULT false)",
                     "CREATE ROLE ann LOGIN", "CREATE ROLE bob LOGIN", "GRANT SELECT ON doc TO ann, bob",
                     "ALTER TABLE doc ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON doc USING (tenant = current_user)")
        self.addCleanup(self.run_sql, "DROP TABLE doc", "DROP ROLE ann", "DROP ROLE bob")

    def test_a_role_is_told_of_the_rows_that_its_policies_show(self):
        self.tenants()
        with Mirror(self.node, ["doc"], "id", user="ann") as ann, Mirror(self.node, ["doc"], "id", user="bob") as bob, \
                Mirror(self.node, ["doc"], "id") as owner:
            self.run_sql("INSERT INTO doc VALUES (1, 'ann'), (2, 'bob'), (3, 'carl')", "UPDATE doc SET tenant = 'bob' WHERE id = 1",
                         "UPDATE doc SET secret = true", "DELETE FROM doc WHERE id = 2")
            bob.wait_for(lambda: len(bob.events) == 5)
            owner.wait_for(lambda: len(owner.events) == 8)
            ann.wait_for(lambda: len(ann.events) == 2)
            self.assertEqual([op for _, op in ann.events], ["insert", "delete"])
            self.assertEqual([op for _, op in bob.events], ["insert", "insert", "update", "update", "delete"])
            self.assertEqual(set(bob.rows), {("doc", 1)})

    def test_a_policy_that_changes_counts_from_then_on(self):
        self.tenants()
        with Mirror(self.node, ["doc"], "id", user="ann") as ann:
            self.run_sql("INSERT INTO doc VALUES (1, 'ann')")
            ann.wait_for(lambda: len(ann.events) == 1)
            self.run_sql("ALTER POLICY own ON doc USING (tenant = current_user AND NOT secret)", "INSERT INTO doc VALUES (2, 'ann', true)",
                         "INSERT INTO doc VALUES (3, 'ann')")
            ann.wait_for(lambda: ("doc", 3) in ann.rows)
            self.assertNotIn(("doc", 2), ann.rows)
            self.run_sql("CREATE POLICY none ON doc AS RESTRICTIVE USING (id > 100)", "INSERT INTO doc VALUES (4, 'ann'), (104, 'ann')")
            ann.wait_for(lambda: ("doc", 104) in ann.rows)
            self.assertNotIn(("doc", 4), ann.rows)

    def test_row_security_that_is_switched_on_hides_rows_from_then_on(self):
        self.tenants()
        self.run_sql("ALTER TABLE doc DISABLE ROW LEVEL SECURITY")
        with Mirror(self.node, ["doc"], "id", user="ann") as ann:
            self.run_sql("INSERT INTO doc VALUES (1, 'bob')")
            ann.wait_for(lambda: ("doc", 1) in ann.rows)
            self.run_sql("ALTER TABLE doc ENABLE ROW LEVEL SECURITY", "INSERT INTO doc VALUES (2, 'bob'), (3, 'ann')")
            ann.wait_for(lambda: ("doc", 3) in ann.rows)
            self.assertNotIn(("doc", 2), ann.rows)

    def test_a_where_cannot_look_at_rows_that_are_hidden(self):
        self.tenants()
        with Mirror(self.node, ["doc"], "id", user="ann", where="1 / (CASE WHEN tenant = 'ann' THEN 1 ELSE 0 END) = 1") as ann:
            self.run_sql("INSERT INTO doc VALUES (1, 'bob'), (2, 'ann')")
            ann.wait_for(lambda: ("doc", 2) in ann.rows)
            self.assertEqual(len(ann.rows), 1)

    def test_what_row_security_cannot_be_followed_is_refused(self):
        self.tenants()
        self.run_sql("CREATE POLICY other ON doc USING (EXISTS (SELECT 1 FROM pg_class))")
        ann = psycopg2.connect(host="127.0.0.1", port=self.node.port, user="ann", dbname="postgres")
        self.addCleanup(ann.close)
        ann.autocommit = True
        self.refuse("SUBSCRIBE TO doc", "0A000", 'policy "other" of table "doc" reads other tables', ann)
        self.run_sql("DROP POLICY other ON doc")
        ann.cursor().execute("SET row_security = off")
        self.refuse("SUBSCRIBE TO doc", "42501", "would be affected by row-level security policy", ann)

    # --- waiting ---

    def woken(self, names):
        """Messages that the actors got since they began."""
        return sum(row[0] for row in self.fetch(f"SELECT messages FROM sys.actors WHERE name LIKE '{names}'"))

    def test_those_who_wait_for_other_rows_are_not_woken(self):
        self.run_sql("CREATE TABLE q (id int PRIMARY KEY, n int)", "CREATE TABLE r (id int PRIMARY KEY)")
        mirrors = [Mirror(self.node, ["q"], "id", where=f"n = {1000 + at}") for at in range(40)]
        mirrors += [Mirror(self.node, ["q"], "id", where=f"n BETWEEN {2000 + at} AND {2010 + at}") for at in range(20)]
        mirrors += [Mirror(self.node, ["r"], "id") for _ in range(20)]
        for mirror in mirrors:
            mirror.__enter__()
            self.addCleanup(mirror.__exit__)
        time.sleep(0.3)
        before = {row[0]: row[1] for row in self.fetch("SELECT id, messages FROM sys.actors WHERE name LIKE 'session%'")}
        for at in range(200):
            self.run_sql(f"INSERT INTO q VALUES ({at}, {at})")
        self.run_sql("INSERT INTO q VALUES (1000, 1003)", "INSERT INTO q VALUES (1001, 2005)")
        mirrors[3].wait_for(lambda: len(mirrors[3].events) == 1)
        for mirror in mirrors[40:46]:
            mirror.wait_for(lambda mirror=mirror: len(mirror.events) == 1)
        self.assertEqual(sum(len(mirror.events) for mirror in mirrors), 7)
        after = {row[0]: row[1] for row in self.fetch("SELECT id, messages FROM sys.actors WHERE name LIKE 'session%'")}
        idle = sorted(after[key] - before[key] for key in before if key in after)
        # All but the writer's session and the seven that were told of something.
        self.assertLess(sum(idle[:-8]), 80, idle)

    def test_who_waits_long_for_a_row_is_still_there_when_it_comes(self):
        """More of other rows is written than the log keeps, and the publisher is killed meanwhile."""
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as config:
            config.write('[log]\nretention_bytes_max = "8MB"\nsegment_bytes = "4MB"\nrecord_bytes_max = "1MB"\n[checkpoint]\nlog_bytes = "4MB"\n')
            config.flush()
            node = servers.TroupeServer(["--config", config.name])
            with node:
                self.node = node
                self.cursor = self.connect().cursor()
                self.write_much(node)

    def write_much(self, node):
        self.run_sql("CREATE TABLE much (id int PRIMARY KEY, n int, filler text)", "CREATE TABLE quiet (id int PRIMARY KEY)")
        with Mirror(node, ["much"], "id", where="n = -5") as mirror, Mirror(node, ["quiet"], "id") as quiet:
            for turn in range(40):
                self.run_sql("INSERT INTO much SELECT i, i, md5(i::text) || repeat(md5((i + 1)::text), 30) "
                             f"FROM generate_series({turn * 1000}, {turn * 1000 + 999}) i")
                if turn % 15 == 10:
                    self.run_sql("SELECT sys.kill_actor(id) FROM sys.actors WHERE name = 'change_publisher'")
            self.run_sql("INSERT INTO much VALUES (-1, -5)", "INSERT INTO quiet VALUES (1)")
            self.assert_mirrors_keys(mirror, "much", "n = -5")
            self.assert_mirrors_keys(quiet, "quiet", "true")
            self.assertEqual(len(mirror.events) + len(quiet.events), 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, add_help=False)
    parser.add_argument("--seconds", type=int, default=5)
    OPTIONS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0]] + rest, verbosity=2)
