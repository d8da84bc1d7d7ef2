#!/usr/bin/python3
"""Continuous views: whenever a statement looks, the view and its query over the tables are the same, bag for bag, whatever
is written meanwhile, killed or restarted; what is kept of a view outlives kill -9 and is not made anew.

    continuous_view_test.py --views 1000 --seconds 600     makes that many random views, each compared at random moments
"""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
import unittest

import psycopg2
import psycopg2.errors

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

OPTIONS = argparse.Namespace(views=40, seconds=20, seed=1)

TABLES = """
CREATE TABLE ta (id int PRIMARY KEY, g int, v int, t text, n numeric(8,2), f boolean);
CREATE TABLE tb (id int PRIMARY KEY, a int, w bigint, s varchar(10));
CREATE TABLE tc (b int, z int, d date);
CREATE TABLE tp (id int, g int, v int, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE tp_low PARTITION OF tp FOR VALUES FROM (MINVALUE) TO (30);
CREATE TABLE tp_high (v int, gone int, g int, id int NOT NULL);
ALTER TABLE tp_high DROP COLUMN gone;
ALTER TABLE tp ATTACH PARTITION tp_high FOR VALUES FROM (30) TO (MAXVALUE);
CREATE INDEX ON tb (a);
CREATE INDEX ON tc (b);
CREATE VIEW ga AS SELECT g, count(*) AS n, max(v) AS hi FROM ta GROUP BY g;
CREATE VIEW joined AS SELECT ta.id, ta.g, tb.w, tb.s FROM ta LEFT JOIN tb ON tb.a = ta.id;
"""


def connect(node):
    connection = psycopg2.connect(node.dsn())
    connection.autocommit = True
    return connection


def value(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def execute(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def difference(view, query):
    """How many rows the view has too many or too few: one statement, one snapshot."""
    return (f"SELECT count(*) FROM ((SELECT * FROM {view} EXCEPT ALL ({query})) UNION ALL "
            f"(({query}) EXCEPT ALL SELECT * FROM {view})) AS x")


def random_change(rng):
    """One statement that changes some table."""
    a, b = rng.randrange(60), rng.randrange(90)
    text = rng.choice(["'x'", "'y'", "NULL", "'it''s'"])
    v, g = rng.choice(["NULL", rng.randrange(-5, 20)]), rng.choice(["NULL", rng.randrange(4)])
    return rng.choice([
        f"INSERT INTO ta VALUES ({a}, {g}, {v}, {text}, {rng.randrange(1000) / 100}, {rng.choice(['true', 'false', 'NULL'])}) "
        f"ON CONFLICT (id) DO UPDATE SET g = excluded.g, v = excluded.v, t = excluded.t",
        f"UPDATE ta SET v = {v}, n = n + 0.25 WHERE id % 7 = {a % 7}",
        f"UPDATE ta SET g = {g} WHERE id = {a}",
        f"DELETE FROM ta WHERE id = {a}",
        f"INSERT INTO tb VALUES ({b}, {a}, {b * 1000}, {text}) ON CONFLICT (id) DO UPDATE SET a = excluded.a",
        f"UPDATE tb SET a = {a}, s = {text} WHERE id = {b}",
        f"UPDATE tb SET id = id + 1000 WHERE id = {b}",
        f"DELETE FROM tb WHERE id % 11 = {b % 11}",
        f"INSERT INTO tc VALUES ({b}, {rng.randrange(5)}, '2026-01-0{rng.randrange(1, 9)}'), ({b}, 1, NULL)",
        f"UPDATE tc SET z = z + 1 WHERE b = {b}",
        f"DELETE FROM tc WHERE b = {b} AND z > 1",
        f"INSERT INTO tp VALUES ({a}, {g}, {v}) ON CONFLICT (id) DO UPDATE SET g = excluded.g, v = excluded.v",
        f"UPDATE tp SET id = id + 31 WHERE id = {a}",
        f"DELETE FROM tp WHERE id % 7 = {a % 7}",
    ])


class Writers:
    """Sessions that change the tables until they are told to stop."""

    def __init__(self, node, count, seed, pause_s=0.0):
        self.node, self.pause_s, self.stopping, self.statements = node, pause_s, False, 0
        self.threads = [threading.Thread(target=self.write, args=(random.Random(seed * 100 + i),), daemon=True)
                        for i in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def write(self, rng):
        connection = None
        while not self.stopping:
            try:
                connection = connection or connect(self.node)
                size = rng.choice([1, 1, 1, 3])
                if size == 1:
                    execute(connection, random_change(rng))
                else:
                    statements = "; ".join(random_change(rng) for _ in range(size))
                    execute(connection, f"BEGIN; {statements}; {rng.choice(['COMMIT', 'COMMIT', 'ROLLBACK'])}")
                self.statements += size
            except psycopg2.Error:
                if connection is not None and connection.closed == 0:
                    try:
                        connection.rollback()
                        execute(connection, "ROLLBACK")
                        continue
                    except psycopg2.Error:
                        pass
                connection = None
                time.sleep(0.05)
            time.sleep(self.pause_s)


JOINS = {
    "a": ("ta", ["ta.g", "ta.v", "ta.t", "ta.n", "ta.f", "ta.id % 3"], ["ta.v", "ta.n", "ta.id"]),
    "b": ("tb", ["tb.a", "tb.s", "tb.w % 5"], ["tb.w", "tb.id"]),
    "c": ("tc", ["tc.z", "tc.d", "tc.b % 4"], ["tc.z", "tc.b"]),
    "ab": ("ta JOIN tb ON tb.a = ta.id", ["ta.g", "ta.t", "tb.s", "ta.f"], ["ta.v", "tb.w", "ta.n"]),
    "bc": ("tb, tc", ["tb.s", "tc.z", "tc.d"], ["tb.w", "tc.z"]),
    "abc": ("ta JOIN tb ON tb.a = ta.id JOIN tc ON tc.b = tb.id", ["ta.g", "tb.s", "tc.z", "ta.t"],
            ["ta.v", "tc.z", "tb.w", "ta.n"]),
    "aa": ("ta x JOIN ta y ON x.g = y.g AND x.id < y.id", ["x.t", "y.f", "x.g"], ["x.v", "y.n"]),
}


OUTER = {
    "ta LEFT JOIN tb ON tb.a = ta.id": (["ta.id", "ta.g", "tb.s", "tb.id"], ["ta.v", "tb.w"]),
    "ta LEFT JOIN tb ON tb.a = ta.id AND tb.w > 20000": (["ta.id", "ta.g", "tb.s"], ["ta.v", "tb.w"]),
    "tb RIGHT JOIN ta ON tb.a = ta.id": (["ta.id", "ta.t", "tb.s"], ["ta.v", "tb.w"]),
    "ta FULL JOIN tb ON tb.a = ta.id": (["ta.id", "ta.g", "tb.s", "tb.id"], ["ta.v", "tb.w"]),
    "ta FULL JOIN tp USING (id)": (["id", "ta.g", "tp.g"], ["ta.v", "tp.v"]),
    "ta LEFT JOIN tb ON tb.a = ta.id LEFT JOIN tc ON tc.b = tb.id": (["ta.id", "ta.g", "tb.s", "tc.z"], ["ta.v", "tc.z"]),
    "ta LEFT JOIN (tb JOIN tc ON tc.b = tb.id) ON tb.a = ta.id": (["ta.id", "ta.g", "tc.d"], ["ta.v", "tc.z"]),
    "ta JOIN tb ON tb.a = ta.id LEFT JOIN tc ON tc.b = tb.id": (["ta.g", "tb.id", "tc.z"], ["ta.v", "tc.z"]),
    "tc LEFT JOIN tb ON tb.id = tc.b": (["tc.b", "tc.z", "tb.s"], ["tc.z", "tb.w"]),
    "ta x LEFT JOIN ta y ON x.g = y.g AND x.id < y.id AND y.id < 20": (["x.id", "x.t", "y.t"], ["x.v", "y.v"]),
    "tp LEFT JOIN ta USING (id)": (["id", "tp.g", "ta.t"], ["tp.v", "ta.v"]),
    "joined j LEFT JOIN tc ON tc.b = j.id": (["j.id", "j.s", "tc.z"], ["j.w", "tc.z"]),
}

FILTERS = [
    "EXISTS (SELECT 1 FROM tb WHERE tb.a = ta.id)", "NOT EXISTS (SELECT 1 FROM tb WHERE tb.a = ta.id AND tb.w > 30000)",
    "ta.id IN (SELECT a FROM tb WHERE s IS NOT NULL)", "ta.id NOT IN (SELECT a FROM tb)", "ta.t NOT IN (SELECT s FROM tb WHERE id < 5)",
    "ta.g IN (SELECT g FROM tp GROUP BY g HAVING count(*) > 3)", "(SELECT count(*) FROM tb WHERE tb.a = ta.id) > 1",
    "ta.v > (SELECT min(z) FROM tc)", "EXISTS (SELECT FROM tb, tc WHERE tb.a = ta.id AND tc.b = tb.id AND tc.z > 1)",
    "ta.v >= ALL (SELECT z FROM tc WHERE tc.b = ta.id)", "ta.v = ANY (SELECT z FROM tc WHERE tc.b < 40)",
    "EXISTS (SELECT 1 FROM tb WHERE tb.a = ta.id) OR ta.g = 1",
]

PARTS = ["SELECT id % 10 AS k, t FROM ta WHERE f", "SELECT (w % 10)::int, s FROM tb", "SELECT z, 'z' FROM tc",
         "SELECT v, t FROM ta WHERE v > 3", "SELECT g, max(t) FROM ta GROUP BY g"]

WHOLE = [
    "SELECT id, v FROM ta ORDER BY v DESC NULLS LAST, id LIMIT {n}",
    "SELECT id, g, v FROM ta WHERE f ORDER BY g, v, id OFFSET 2 LIMIT {n}",
    "SELECT g, count(*) AS n FROM ta GROUP BY g ORDER BY count(*) DESC, g LIMIT 2",
    "SELECT ta.g, sum(tb.w) AS s FROM ta LEFT JOIN tb ON tb.a = ta.id GROUP BY ta.g ORDER BY s DESC NULLS LAST, 1 LIMIT {n}",
    "SELECT v, t FROM ta ORDER BY v NULLS FIRST FETCH FIRST {n} ROWS WITH TIES",
    "SELECT DISTINCT v % 4 AS m FROM ta ORDER BY m LIMIT 2",
    "SELECT DISTINCT ON (g) g, id, v FROM ta ORDER BY g, v DESC NULLS LAST, id",
    "SELECT DISTINCT ON (ta.g) ta.g, tb.id, tb.w FROM ta LEFT JOIN tb ON tb.a = ta.id ORDER BY ta.g, tb.w DESC, ta.id, tb.id",
    "SELECT DISTINCT count(*) AS n FROM ta GROUP BY g, t",
    "SELECT DISTINCT n + v AS u FROM ta",
    "SELECT id, g, row_number() OVER (PARTITION BY g ORDER BY v, id) AS r, sum(v) OVER (PARTITION BY g) AS s FROM ta",
    "SELECT tb.id, rank() OVER w AS r, count(*) OVER (PARTITION BY ta.g, tb.s) AS c FROM ta JOIN tb ON tb.a = ta.id "
    "WINDOW w AS (PARTITION BY ta.g ORDER BY tb.w)",
    "SELECT id, lag(v) OVER (ORDER BY id) AS l, v FROM ta WHERE id < 40",
    "SELECT g, count(*) AS n, rank() OVER (ORDER BY count(*) DESC) AS r FROM ta GROUP BY g",
    "SELECT ta.id, tb.id AS i, row_number() OVER (PARTITION BY ta.g ORDER BY ta.id, tb.id) AS r FROM ta LEFT JOIN tb ON tb.a = ta.id",
    "SELECT g, string_agg(t, ',' ORDER BY t) AS l, array_agg(v ORDER BY id DESC) AS a FROM ta GROUP BY g",
    "SELECT ta.g, string_agg(tb.s, '-' ORDER BY ta.id, tb.id) AS l FROM ta JOIN tb ON tb.a = ta.id GROUP BY ta.g",
    "SELECT x.g, x.n, tb.s FROM (SELECT g, count(*) AS n FROM ta GROUP BY g) x JOIN tb ON tb.a = x.g",
    "WITH x AS (SELECT g, max(v) AS m FROM ta GROUP BY g), y AS (SELECT m, count(*) AS c FROM x GROUP BY m) "
    "SELECT x.g, y.c FROM x JOIN y ON x.m = y.m",
    "SELECT a.n, count(*) AS c FROM (SELECT g, count(*) AS n FROM ta GROUP BY g) a GROUP BY a.n",
    "SELECT ga.g, ga.n, ta.id FROM ga JOIN ta ON ta.v = ga.hi",
    "SELECT joined.g, count(joined.w) AS n FROM joined GROUP BY joined.g",
    "SELECT ga.g, count(tb.id) AS c FROM ga LEFT JOIN tb ON tb.a = ga.n GROUP BY ga.g",
    "SELECT g, count(*) AS n, sum(v) AS s FROM tp GROUP BY g",
    "SELECT tp.id, ta.t FROM tp JOIN ta ON ta.id = tp.id",
    "SELECT n, f, count(*) AS c FROM ta GROUP BY n, f",
    "SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS m FROM ta GROUP BY g",
    "SELECT id, (SELECT max(w) FROM tb WHERE tb.a = ta.id) AS m FROM ta",
    "SELECT id, t, EXISTS (SELECT 1 FROM tb WHERE tb.a = ta.id) AS e FROM ta",
    "SELECT kept.g, kept.n, tb.s FROM kept JOIN tb ON tb.a = kept.n",
    "SELECT max(kept.n) AS m FROM kept",
]


def random_query(rng):
    """A query that can be kept, made of a few choices."""
    kind = rng.choice(["linear"] * 6 + ["outer"] * 3 + ["filter"] * 3 + ["set"] * 2 + ["whole"] * 6)
    return {"linear": linear_query, "outer": outer_query, "filter": filter_query, "set": set_query,
            "whole": lambda r: r.choice(WHOLE).format(n=r.randrange(1, 9))}[kind](rng)


def outer_query(rng):
    source = rng.choice(list(OUTER))
    keys, numbers = OUTER[source]
    where = rng.choice(["", "", f" WHERE {numbers[1]} IS NULL", f" WHERE coalesce({numbers[0]}, 3) < 9 AND {keys[0]} < 50",
                        f" WHERE {keys[-1]} IS NOT NULL OR {numbers[0]} > 5"])
    columns = rng.sample(keys, rng.randrange(1, len(keys) + 1))
    targets = ", ".join(f"{c} AS k{i}" for i, c in enumerate(columns))
    if rng.random() < 0.5:
        return f"SELECT {targets}, {numbers[0]} AS n, {numbers[1]} AS m FROM {source}{where}"
    sums = rng.sample(["count(*)", f"sum({numbers[0]})", f"count({numbers[1]})", f"max({numbers[1]})"], 2)
    return (f"SELECT {targets}, {sums[0]} AS x, {sums[1]} AS y FROM {source}{where} GROUP BY "
            f"{', '.join(columns)}{rng.choice(['', '', ' HAVING count(*) > 1'])}")


def filter_query(rng):
    condition = " AND ".join(rng.sample(FILTERS, rng.choice([1, 1, 1, 2])))
    if " OR " in condition:
        condition = f"({condition})" if condition.count("EXISTS") == 1 else condition.replace(" OR ta.g = 1", "")
    return rng.choice(["SELECT id, g, v FROM ta WHERE {0}", "SELECT g, count(*) AS n FROM ta WHERE {0} GROUP BY g",
                       "SELECT DISTINCT t FROM ta WHERE {0}", "SELECT ta.id, tp.v FROM ta JOIN tp ON tp.id = ta.id WHERE {0}",
                       "SELECT ta.id, tb.s FROM ta LEFT JOIN tb ON tb.a = ta.id AND tb.w % 2 = 0 WHERE {0}"]).format(condition)


def set_query(rng):
    parts = rng.sample(PARTS, 3)
    first, second = (rng.choice(["UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL"]) for _ in range(2))
    if rng.random() < 0.5:
        return f"{parts[0]} {first} {parts[1]}"
    return f"({parts[0]} {first} {parts[1]}) {second} {parts[2]}"


def linear_query(rng):
    shape = rng.choice(["rows", "rows", "distinct", "sums", "sums", "sums", "groups", "groups", "union", "union all"])
    name = rng.choice(list(JOINS))
    source, keys, numbers = JOINS[name]
    conditions = ["tb.id = tc.b"] if name == "bc" else []
    if rng.random() < 0.5:
        conditions.append(rng.choice([f"{numbers[0]} > {rng.randrange(-3, 9)}", f"{numbers[-1]} IS NOT NULL",
                                      f"coalesce({numbers[0]}, 3) < {rng.randrange(4, 15)}",
                                      f"{numbers[0]} BETWEEN 1 AND 12 OR {numbers[-1]} IS NULL"]))
    where = f" WHERE {' AND '.join(f'({c})' for c in conditions)}" if conditions else ""
    columns = rng.sample(keys, rng.randrange(1, min(3, len(keys)) + 1))
    if shape == "rows":
        columns += [f"{numbers[0]} * 2 + 1", f"coalesce({numbers[-1]}, 0)"][:rng.randrange(3)]
        return f"SELECT {', '.join(f'{c} AS k{i}' for i, c in enumerate(columns))} FROM {source}{where}"
    if shape == "distinct":
        return f"SELECT DISTINCT {', '.join(f'{c} AS k{i}' for i, c in enumerate(columns))} FROM {source}{where}"
    if shape.startswith("union"):
        parts = ["SELECT id % 10 AS k, t FROM ta WHERE f", "SELECT w % 10, s FROM tb", "SELECT z, 'z' FROM tc",
                 "SELECT v, 'v' FROM ta WHERE v > 3"]
        return f" {shape.upper()} ".join(rng.sample(parts, rng.randrange(2, 4)))
    sums = ["count(*)", f"sum({numbers[0]})", f"avg({numbers[-1]})", f"count({numbers[0]})",
            f"sum({numbers[-1]}) FILTER (WHERE {numbers[0]} > 2)", f"count(*) FILTER (WHERE {numbers[0]} IS NULL)",
            f"round(avg({numbers[0]}), 3) + count(*)"]
    more = [f"min({numbers[0]})", f"max({numbers[-1]})", f"count(DISTINCT {numbers[0]})", f"bool_or({numbers[0]} > 4)",
            f"sum(DISTINCT {numbers[-1]})", f"max({keys[0]}::text)"]
    values = rng.sample(sums if shape == "sums" else sums + more * 2, rng.randrange(1, 4))
    having = " HAVING count(*) > 1" if shape == "groups" and rng.random() < 0.4 else ""
    if rng.random() < 0.15:
        return f"SELECT {', '.join(f'{c} AS x{i}' for i, c in enumerate(values))} FROM {source}{where}{having}"
    targets = [f"{c} AS k{i}" for i, c in enumerate(columns)] + [f"{c} AS x{i}" for i, c in enumerate(values)]
    return f"SELECT {', '.join(targets)} FROM {source}{where} GROUP BY {', '.join(columns)}{having}"


class ContinuousViewCase(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer()
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.db = connect(self.node)
        self.addCleanup(lambda: self.db.close())
        execute(self.db, TABLES)
        rng = random.Random(OPTIONS.seed)
        for _ in range(150):
            execute(self.db, random_change(rng))
        execute(self.db, "CREATE MATERIALIZED VIEW kept WITH (continuous) AS SELECT g, count(*) AS n FROM ta GROUP BY g")

    def make(self, name, query):
        execute(self.db, f"CREATE MATERIALIZED VIEW {name} WITH (continuous) AS {query}")

    def state(self, name):
        with self.db.cursor() as cursor:
            cursor.execute("SELECT state, lag, batches, reads, rebuilds, error FROM sys.continuous_views WHERE name = %s",
                           (name,))
            return dict(zip(("state", "lag", "batches", "reads", "rebuilds", "error"), cursor.fetchone()))

    def wait_until(self, what, seconds=20):
        until = time.monotonic() + seconds * sanitizers.SLOWNESS
        while not what():
            self.assertLess(time.monotonic(), until, "waited in vain")
            time.sleep(0.02)

    def wait_live(self, name):
        self.wait_until(lambda: self.state(name)["state"] == "live" and self.state(name)["lag"] <= 1)

    def same(self, name, query, connection=None):
        self.assertEqual(value(connection or self.db, difference(name, query)), 0, query)

    def kept_is_right(self, name, query):
        """Of what is kept itself, when nobody writes."""
        self.wait_live(name)
        oid = value(self.db, f"SELECT '{name}'::regclass::oid")
        width = value(self.db, f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{name}'::regclass AND attnum > 0")
        columns = ", ".join(f"c{i + 1}" for i in range(width))
        self.same(f"(SELECT {columns} FROM pg_continuous.rows_{oid}) AS kept", query)


class WhileOthersWrite(ContinuousViewCase):
    QUERIES = {
        "v_rows": "SELECT ta.id, ta.v, tb.w, tc.z FROM ta JOIN tb ON tb.a = ta.id JOIN tc ON tc.b = tb.id",
        "v_sums": "SELECT ta.g, count(*) AS n, sum(tc.z) AS s, avg(ta.n) AS m FROM ta JOIN tb ON tb.a = ta.id "
                  "JOIN tc ON tc.b = tb.id GROUP BY ta.g",
        "v_groups": "SELECT g, min(v) AS lo, max(t) AS hi FROM ta GROUP BY g HAVING count(*) > 2",
        "v_union": "SELECT g, t FROM ta UNION SELECT a, s FROM tb",
    }

    def test_a_statement_sees_the_view_as_its_tables(self):
        for name, query in self.QUERIES.items():
            self.make(name, query)
        for name in self.QUERIES:
            self.wait_live(name)
        with Writers(self.node, 3, seed=7, pause_s=0.002) as writers:
            until = time.monotonic() + 5 * sanitizers.SLOWNESS
            looks = 0
            while time.monotonic() < until:
                for name, query in self.QUERIES.items():
                    self.same(name, query)
                    looks += 1
        self.assertGreater(writers.statements, 100)
        self.assertGreater(looks, 20)
        for name, query in self.QUERIES.items():
            self.kept_is_right(name, query)
            state = self.state(name)
            self.assertEqual(state["rebuilds"], 1, f"{name}: {state}")
            self.assertGreater(state["reads"], looks / len(self.QUERIES) / 4, f"{name}: {state}")

    def test_a_table_joined_with_itself_where_others_want_the_processors(self):
        """Where what is durable and what partitions were told of can be far apart: one process must wait for another."""
        query = "SELECT x.g, y.t, count(*) AS n FROM few x JOIN few y ON x.g = y.g GROUP BY x.g, y.t"
        execute(self.db, "CREATE TABLE few (id int PRIMARY KEY, g int, t text)")
        self.make("v_self", query)
        self.wait_live("v_self")
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(8)]
        rng = random.Random(OPTIONS.seed)
        try:
            until = time.monotonic() + 8 * sanitizers.SLOWNESS
            while time.monotonic() < until:
                for _ in range(rng.randint(1, 4)):
                    key, g, t = rng.randint(1, 12), rng.choice(["NULL", 1, 2]), rng.choice(["'x'", "'y'", "NULL"])
                    execute(self.db, rng.choice([
                        f"INSERT INTO few VALUES ({key}, {g}, {t}) ON CONFLICT (id) DO UPDATE SET g = excluded.g",
                        f"UPDATE few SET g = {g}, t = {t} WHERE id = {key}",
                        f"UPDATE few SET t = {t} WHERE g = {g}",
                        f"DELETE FROM few WHERE id = {key}",
                    ]))
                self.same("v_self", query)
        finally:
            for process in busy:
                process.kill()
                process.wait()
        self.kept_is_right("v_self", query)

    def test_a_transaction_that_keeps_its_snapshot_sees_the_view_as_it_was(self):
        query = self.QUERIES["v_sums"]
        self.make("v_sums", query)
        self.wait_live("v_sums")
        reader = psycopg2.connect(self.node.dsn())
        self.addCleanup(reader.close)
        reader.set_session(isolation_level="REPEATABLE READ")
        with Writers(self.node, 2, seed=9, pause_s=0.002):
            for _ in range(6):
                with reader.cursor() as cursor:
                    cursor.execute("SELECT * FROM v_sums")
                    first = sorted(cursor.fetchall(), key=repr)
                    for _ in range(4):
                        time.sleep(0.05)
                        cursor.execute("SELECT * FROM v_sums")
                        self.assertEqual(sorted(cursor.fetchall(), key=repr), first)
                        cursor.execute(difference("v_sums", query))
                        self.assertEqual(cursor.fetchone()[0], 0)
                reader.commit()

    def test_serializable_and_own_changes(self):
        query = self.QUERIES["v_groups"]
        self.make("v_groups", query)
        for level in ("SERIALIZABLE", "READ COMMITTED", "REPEATABLE READ"):
            connection = psycopg2.connect(self.node.dsn())
            self.addCleanup(connection.close)
            connection.set_session(isolation_level=level)
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM v_groups")
                cursor.execute("INSERT INTO ta SELECT i, 77, i FROM generate_series(5000, 5003) i")
                cursor.execute("SELECT lo FROM v_groups WHERE g = 77")
                self.assertEqual(cursor.fetchall(), [(5000,)])
                cursor.execute(difference("v_groups", query))
                self.assertEqual(cursor.fetchone()[0], 0)
            connection.rollback()


class AfterDeaths(ContinuousViewCase):
    QUERY = WhileOthersWrite.QUERIES["v_sums"]

    def test_kill_9_costs_no_rebuild(self):
        self.make("v", self.QUERY)
        self.wait_live("v")
        for cycle in range(3):
            with Writers(self.node, 2, seed=20 + cycle):
                time.sleep(1)
                self.node.kill()
                self.db.close()
            self.node.start()
            self.db = connect(self.node)
            self.same("v", self.QUERY)
            self.kept_is_right("v", self.QUERY)
            self.assertEqual(self.state("v")["rebuilds"], 0)

    def test_killing_what_keeps_it(self):
        self.make("v", self.QUERY)
        self.wait_live("v")
        with Writers(self.node, 2, seed=31, pause_s=0.002):
            for _ in range(8):
                time.sleep(0.2)
                execute(self.db, "SELECT sys.kill_actor(id) FROM sys.actors WHERE kind = 'continuous_view'")
                self.same("v", self.QUERY)
        self.kept_is_right("v", self.QUERY)
        self.assertEqual(self.state("v")["rebuilds"], 1)

    def test_terminated_and_cancelled_it_goes_on(self):
        self.make("v", self.QUERY)
        self.wait_live("v")
        for function in ("pg_cancel_backend", "pg_terminate_backend"):
            execute(self.db, f"SELECT {function}(pid) FROM pg_stat_activity WHERE application_name LIKE 'continuous view%'")
            execute(self.db, "UPDATE ta SET v = v + 1")
            self.same("v", self.QUERY)
            self.kept_is_right("v", self.QUERY)
        self.assertEqual(self.state("v")["rebuilds"], 1)


class WhenItCannotBeKept(ContinuousViewCase):
    def test_a_poison_row_fails_the_view_until_it_is_gone(self):
        query = "SELECT id, 100 / v AS q FROM ta WHERE v IS NOT NULL"
        execute(self.db, "DELETE FROM ta WHERE v = 0")
        self.make("v", query)
        self.wait_live("v")
        execute(self.db, "INSERT INTO ta VALUES (9000, 1, 0)")
        self.wait_until(lambda: self.state("v")["state"] == "failed")
        self.assertIn("division by zero", self.state("v")["error"])
        with self.assertRaises(psycopg2.errors.DivisionByZero):
            execute(self.db, "SELECT * FROM v")
        execute(self.db, "DELETE FROM ta WHERE id = 9000")
        self.same("v", query)
        self.kept_is_right("v", query)

    def test_tables_that_are_emptied_or_made_anew(self):
        query = "SELECT g, count(*) AS n, sum(v) AS s FROM ta GROUP BY g"
        self.make("v", query)
        self.wait_live("v")
        for change in ("TRUNCATE ta", "INSERT INTO ta SELECT i, i % 5, i FROM generate_series(1, 20000) i",
                       "ALTER TABLE ta ADD COLUMN more int DEFAULT 7", "REFRESH MATERIALIZED VIEW v",
                       "ALTER TABLE ta RENAME TO tz", "DELETE FROM tz WHERE id < 19000"):
            execute(self.db, change)
            query = query.replace("FROM ta", "FROM tz") if "RENAME" in change else query
            self.same("v", query)
            self.kept_is_right("v", query)

    def test_numbers_that_cannot_be_taken_from_a_sum(self):
        query = "SELECT g, sum(n) AS s, count(*) AS c FROM tn GROUP BY g"
        execute(self.db, "CREATE TABLE tn (id int PRIMARY KEY, g int, n numeric); INSERT INTO tn VALUES (1, 1, 5), (2, 2, 6)")
        self.make("v", query)
        self.wait_live("v")
        for change in ("INSERT INTO tn VALUES (3, 1, 'NaN'), (4, 2, 'Infinity')", "DELETE FROM tn WHERE id = 3",
                       "UPDATE tn SET n = 1 WHERE id = 4", "UPDATE tn SET n = n + 0.125"):
            execute(self.db, change)
            self.same("v", query)
            self.kept_is_right("v", query)

    def test_rights(self):
        execute(self.db, "CREATE ROLE maker; CREATE ROLE reader; GRANT SELECT ON ta TO maker; "
                         "GRANT CREATE ON SCHEMA public TO maker; SET ROLE maker; "
                         "CREATE MATERIALIZED VIEW v WITH (continuous) AS SELECT g, count(*) FROM ta GROUP BY g; "
                         "GRANT SELECT ON v TO reader")
        execute(self.db, "RESET ROLE")
        self.wait_live("v")
        self.assertGreater(value(self.db, "SET ROLE reader; SELECT count(*) FROM v"), 0)
        with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
            execute(self.db, "SELECT * FROM ta")
        execute(self.db, "SET ROLE maker")
        oid = value(self.db, "SELECT 'v'::regclass::oid")
        for change in (f"DELETE FROM pg_continuous.rows_{oid}", f"UPDATE pg_continuous.place_{oid} SET base = 1"):
            with self.assertRaises(psycopg2.errors.WrongObjectType):
                execute(self.db, change)
        for change in (f"DROP TABLE pg_continuous.rows_{oid}", f"TRUNCATE pg_continuous.rows_{oid}",
                       f"ALTER TABLE pg_continuous.rows_{oid} ADD COLUMN x int"):
            with self.assertRaises(psycopg2.errors.InsufficientPrivilege):
                execute(self.db, change)
        execute(self.db, "RESET ROLE; REVOKE SELECT ON ta FROM maker; UPDATE ta SET g = 99 WHERE id < 10")
        self.wait_until(lambda: self.state("v")["state"] == "failed")
        self.assertIn("permission denied", self.state("v")["error"])
        execute(self.db, "GRANT SELECT ON ta TO maker")
        self.kept_is_right("v", "SELECT g, count(*) FROM ta GROUP BY g")
        execute(self.db, "ALTER MATERIALIZED VIEW v OWNER TO postgres; REVOKE SELECT ON ta FROM maker; DELETE FROM ta WHERE id < 5")
        self.kept_is_right("v", "SELECT g, count(*) FROM ta GROUP BY g")


class Followed(ContinuousViewCase):
    def test_who_subscribes_to_a_view_has_its_rows(self):
        query = "SELECT g, count(*) AS n, sum(v) AS s FROM ta GROUP BY g"
        self.make("v", query)
        self.wait_live("v")
        rows = {}
        for g, n, s in self.rows("SELECT g, n, s FROM v"):
            rows[g] = (n, s)
        wire = pgwire.Wire.connect(port=self.node.port, timeout=None).startup()
        self.addCleanup(wire.close)

        def follow():
            try:
                wire.send(pgwire.query("SUBSCRIBE TO v"))
                while True:
                    kind, body = wire.receive()
                    if kind != "D":
                        continue
                    before, after = (None if x is None else json.loads(x) for x in pgwire.data_row(body)[5:7])
                    if before is not None:
                        rows.pop(before["g"], None)
                    if after is not None:
                        self.assertEqual(sorted(after), ["g", "n", "s"])
                        rows[after["g"]] = (after["n"], after["s"])
            except (OSError, EOFError):
                pass

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        time.sleep(0.5)
        with Writers(self.node, 2, seed=41, pause_s=0.002):
            time.sleep(2)
        self.wait_live("v")
        wanted = {g: (n, s) for g, n, s in self.rows(query)}
        self.wait_until(lambda: rows == wanted)

    def rows(self, sql):
        with self.db.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    def test_a_dump_makes_it_again(self):
        self.make("v", "SELECT g, count(*) AS n FROM ta GROUP BY g")
        dump = subprocess.run([f"{servers.POSTGRES_BIN}/pg_dump", "-h", "127.0.0.1", "-p", str(self.node.port), "-U",
                               self.node.user, self.node.database], capture_output=True, text=True, check=True).stdout
        self.assertNotIn("pg_continuous", dump)
        execute(self.db, "CREATE DATABASE other")
        restored = subprocess.run([f"{servers.POSTGRES_BIN}/psql", "-h", "127.0.0.1", "-p", str(self.node.port), "-U",
                                   self.node.user, "-v", "ON_ERROR_STOP=1", "other"], input=dump, capture_output=True,
                                  text=True, check=False)
        self.assertEqual(restored.returncode, 0, restored.stderr)
        other = psycopg2.connect(self.node.dsn() + " dbname=other")
        other.autocommit = True
        self.addCleanup(other.close)
        execute(other, "INSERT INTO public.ta VALUES (7777, 55, 1)")
        self.assertEqual(value(other, "SELECT n FROM public.v WHERE g = 55"), 1)
        other.close()
        execute(self.db, "DROP DATABASE other")


class RandomViews(ContinuousViewCase):
    AT_ONCE = 8

    def test_random_views_equal_their_queries(self):
        rng = random.Random(OPTIONS.seed)
        until = time.monotonic() + OPTIONS.seconds * sanitizers.SLOWNESS
        made = 0
        with Writers(self.node, 2, seed=OPTIONS.seed, pause_s=0.005) as writers:
            while made < OPTIONS.views and time.monotonic() < until:
                queries = [random_query(rng) for _ in range(min(self.AT_ONCE, OPTIONS.views - made))]
                self.compare(made, queries, rng)
                made += len(queries)
        print(f"{made} views, {writers.statements} statements that changed their tables", flush=True)
        self.assertGreater(made, 0)

    def compare(self, first, queries, rng):
        names = [f"rv{first + i}" for i in range(len(queries))]
        for name, query in zip(names, queries):
            self.make(name, query)
        for name in names:
            self.wait_until(lambda: self.state(name)["state"] == "live")
        self.look(names, queries, rng, 1)
        if rng.random() < 0.25:
            self.node.kill()
            self.db.close()
            self.node.start()
            self.db = connect(self.node)
            self.look(names, queries, rng, 0)
        execute(self.db, f"DROP MATERIALIZED VIEW {', '.join(names)}")

    def look(self, names, queries, rng, rebuilds):
        for _ in range(3):
            time.sleep(rng.random() / 20)
            for name, query in zip(names, queries):
                self.same(name, query)
        reads = 0
        for name, query in zip(names, queries):
            self.wait_until(lambda: self.state(name)["state"] != "building")
            state = self.state(name)
            self.assertEqual((state["state"], state["rebuilds"]), ("live", rebuilds), f"{query}: {state}")
            reads += state["reads"]
        self.assertGreater(reads, len(names))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--views", type=int, default=OPTIONS.views)
    parser.add_argument("--seconds", type=float, default=OPTIONS.seconds)
    parser.add_argument("--seed", type=int, default=OPTIONS.seed)
    OPTIONS, rest = parser.parse_known_args(namespace=OPTIONS)
    unittest.main(argv=[sys.argv[0]] + rest)
