#!/usr/bin/python3
"""MATCH_RECOGNIZE against a reference that shares nothing with it: random patterns, conditions, measures and rows,
where the reference writes out every sequence of variables a pattern stands for, in SQL:2016's order of preference, and takes
the first that fits. Random ticks with planted shapes, and what a search does when it is cancelled or costs too much.

    match_recognize_test.py [--count 10000] [--seed 1]
"""
import argparse
import os
import random
import sys
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402

ARGUMENTS = argparse.Namespace(count=400, seed=1)
VARIABLES = "abc"
SUBSETS = {"u": "ab", "w": "bc"}
WORDS_MAX = 3000


class TooMany(Exception):
    """The pattern stands for too many sequences to write out."""


# --- patterns: ('var', 'a'), ('empty',), ('start',), ('end',), ('cat'|'alt'|'perm', items), ('ex', item),
#     ('rep', item, least, most or None, reluctant) ---

def random_pattern(rng, depth):
    choice = rng.randrange(9) if depth == 0 else rng.randrange(24)
    if choice < 8:
        return ("var", rng.choice(VARIABLES))
    if choice < 9:
        return (rng.choice(["empty", "start", "end"]),)
    if choice < 15:
        return ("cat", [random_pattern(rng, depth - 1) for _ in range(rng.randint(2, 3))])
    if choice < 17:
        return ("alt", [random_pattern(rng, depth - 1) for _ in range(rng.randint(2, 3))])
    if choice < 18:
        return ("perm", [random_pattern(rng, depth - 1) for _ in range(rng.randint(2, 3))])
    if choice < 19:
        return ("ex", random_pattern(rng, depth - 1))
    least = rng.randrange(3)
    most = None if rng.random() < 0.5 else max(1, least + rng.randrange(3))
    return ("rep", random_pattern(rng, depth - 1), least, most, rng.random() < 0.3)


def quantifier(least, most, reluctant):
    known = {(0, None): "*", (1, None): "+", (0, 1): "?"}.get((least, most))
    text = known or ("{%d,}" % least if most is None else "{%d,%d}" % (least, most))
    return text + ("?" if reluctant else "")


def pattern_text(pattern):
    kind = pattern[0]
    if kind == "var":
        return pattern[1]
    if kind in ("empty", "start", "end"):
        return {"empty": "()", "start": "^", "end": "$"}[kind]
    if kind in ("cat", "alt"):
        return "(" + {"cat": " ", "alt": "|"}[kind].join(map(pattern_text, pattern[1])) + ")"
    if kind == "perm":
        return "PERMUTE(" + ", ".join(map(pattern_text, pattern[1])) + ")"
    if kind == "ex":
        return "{- " + pattern_text(pattern[1]) + " -}"
    return "(" + pattern_text(pattern[1]) + ")" + quantifier(*pattern[2:])


def letters(word):
    return sum(1 for letter in word if letter[0] == "row")


def words(pattern, rows, excluded=False):
    """The sequences of at most so many rows, preferred ones first."""
    out = []

    def add(word):
        out.append(word)
        if len(out) > WORDS_MAX:
            raise TooMany

    kind = pattern[0]
    if kind == "var":
        if rows > 0:
            add((("row", pattern[1], excluded),))
    elif kind == "empty":
        add(())
    elif kind in ("start", "end"):
        add(((kind,),))
    elif kind == "cat":
        sequence(pattern[1], rows, excluded, add)
    elif kind == "alt":
        for item in pattern[1]:
            for word in words(item, rows, excluded):
                add(word)
    elif kind == "perm":
        permute([], pattern[1], rows, excluded, add)
    elif kind == "ex":
        for word in words(pattern[1], rows, True):
            add(word)
    else:
        repeat(pattern, 0, rows, excluded, add)
    return out


def sequence(items, rows, excluded, add, before=()):
    if not items:
        add(before)
        return
    for word in words(items[0], rows, excluded):
        sequence(items[1:], rows - letters(word), excluded, add, before + word)


def permute(chosen, left, rows, excluded, add):
    if not left:
        sequence(chosen, rows, excluded, add)
    for i, item in enumerate(left):
        permute(chosen + [item], left[:i] + left[i + 1:], rows, excluded, add)


def repeat(pattern, turns, rows, excluded, add, before=()):
    _, item, least, most, reluctant = pattern
    may_stop = turns >= least
    if may_stop and reluctant:
        add(before)
    if most is None or turns < most:
        for turn in words(item, rows, excluded):
            if letters(turn) == 0 and may_stop:
                add(before + turn)  # a turn without rows is the last one
            else:
                repeat(pattern, turns + 1, rows - letters(turn), excluded, add, before + turn)
    if may_stop and not reluctant:
        add(before)


# --- values: text, and what they are for a match seen from one of its rows ---

class Seen:
    """A match, or what there is of it so far, seen from its row `count` - 1."""

    def __init__(self, rows, start, labels, count, number):
        self.rows, self.start, self.labels, self.count, self.number = rows, start, labels, count, number

    def mapped(self, variables, final):
        count = len(self.labels) if final else self.count
        return [self.start + i for i in range(count) if variables is None or self.labels[i] in variables]

    def value(self, row):
        return self.rows[row][1] if row is not None and 0 <= row < len(self.rows) else None

    def label(self, row, final):
        count = len(self.labels) if final else self.count
        at = None if row is None else row - self.start
        return self.labels[at] if at is not None and 0 <= at < count else None


def random_variables(rng):
    """A qualifier and the variables it means; none: every row."""
    name = rng.choice(["", "", "a", "b", "c", "u", "w"])
    return name, (SUBSETS.get(name, name) if name else None)


def random_navigation(rng, may_be_final):
    """FIRST or LAST as (text without the argument, row it leads to)."""
    first, offset = rng.random() < 0.5, rng.choice([None, 0, 1, 2])
    final = may_be_final and rng.random() < 0.4
    word = ("FINAL " if final else rng.choice(["", "RUNNING "])) + ("FIRST" if first else "LAST")

    def lead(seen, variables):
        mapped = seen.mapped(variables, final)
        at = (offset or 0) if first else len(mapped) - 1 - (offset or 0)
        return mapped[at] if 0 <= at < len(mapped) else None

    suffix = "" if offset is None else ", %d" % offset
    return (lambda argument: "%s(%s%s)" % (word, argument, suffix)), lead, final


def random_value(rng, measures):
    """(SQL, function of Seen) of an integer."""
    name, variables = random_variables(rng)
    column = name + ".v" if name else "v"
    choice = rng.randrange(9)
    if choice < 2:
        return column, lambda seen: seen.value((seen.mapped(variables, False) or [None])[-1])
    if choice < 4:
        text, lead, _ = random_navigation(rng, measures)
        return text(column), lambda seen: seen.value(lead(seen, variables))
    if choice < 6:
        back, offset = rng.random() < 0.5, rng.choice([None, 0, 1, 2])
        step = (1 if offset is None else offset) * (-1 if back else 1)
        suffix = "" if offset is None else ", %d" % offset
        inner, lead = column, lambda seen, of: (seen.mapped(of, False) or [None])[-1]
        if rng.random() < 0.4:
            text, lead, _ = random_navigation(rng, measures)
            inner = text(column)

        def moved(seen):
            row = lead(seen, variables)
            return None if row is None else seen.value(row + step)
        return "%s(%s%s)" % ("PREV" if back else "NEXT", inner, suffix), moved
    if choice < 8:
        return random_aggregate(rng, measures, name, variables, column)
    return "match_number()", lambda seen: seen.number


def random_aggregate(rng, measures, name, variables, column):
    final = measures and rng.random() < 0.3
    word = "FINAL " if final else ""
    kind = rng.choice(["sum", "min", "max", "count", "star"])
    if kind == "star":
        return "%scount(%s)" % (word, name + ".*" if name else "*"), lambda seen: len(seen.mapped(variables, final))

    def compute(seen):
        values = [seen.value(row) for row in seen.mapped(variables, final)]
        values = [value for value in values if value is not None]
        if kind == "count":
            return len(values)
        return {"sum": sum, "min": min, "max": max}[kind](values) if values else None
    return "%s%s(%s)" % (word, kind, column), compute


def compare(left, operator, right):
    if left is None or right is None:
        return None
    return {"<": left < right, ">": left > right, "=": left == right, "<>": left != right}[operator]


def random_condition(rng, depth=1):
    """(SQL, function of Seen that is True, False or None)."""
    if depth > 0 and rng.random() < 0.35:
        operator = rng.choice(["AND", "OR"])
        left, right = random_condition(rng, depth - 1), random_condition(rng, depth - 1)

        def both(seen):
            values = [left[1](seen), right[1](seen)]
            decides = operator == "OR"
            return decides if decides in values else None if None in values else not decides
        return "(%s %s %s)" % (left[0], operator, right[0]), both
    if rng.random() < 0.1:
        label = rng.choice(VARIABLES)
        return "last(classifier(), 1) = '%s'" % label, lambda seen: compare(
            seen.label(seen.start + seen.count - 2, False) if seen.count > 1 else None, "=", label)
    left, operator = random_value(rng, False), rng.choice(["<", ">", "<>", "="])
    constant = rng.randrange(4)
    right = random_value(rng, False) if rng.random() < 0.6 else (str(constant), lambda seen: constant)
    return "%s %s %s" % (left[0], operator, right[0]), lambda seen: compare(left[1](seen), operator, right[1](seen))


def random_measures(rng):
    measures = [("match_number()", lambda seen: seen.number),
                ("classifier()", lambda seen: seen.label(seen.start + seen.count - 1, False)),
                ("coalesce(string_agg(classifier(), ''), '')", lambda seen: "".join(seen.labels[:seen.count]))]
    name, variables = random_variables(rng)
    if name:
        measures.append(("classifier(%s)" % name, lambda seen: seen.label(
            (seen.mapped(variables, False) or [None])[-1], False)))
    return measures + [random_value(rng, True) for _ in range(2)]


# --- the whole clause ---

class Clause:
    def __init__(self, rng):
        self.pattern = random_pattern(rng, 3)
        self.words = words(self.pattern, 6)
        self.conditions = {name: random_condition(rng) for name in VARIABLES if rng.random() < 0.75}
        used = set(self.used(self.pattern))
        self.conditions = {name: condition for name, condition in self.conditions.items() if name in used}
        # Every variable stands in the pattern, so that conditions and subsets may name it: behind what is preferred.
        self.complete = ("alt", [self.pattern, ("cat", [("var", v) for v in VARIABLES] + [("var", "never")])])
        self.measures = random_measures(rng)
        self.rows = rng.choice(["one", "show", "omit", "unmatched"])
        if self.rows == "unmatched" and "{-" in pattern_text(self.pattern):
            self.rows = "show"
        self.skip = rng.choice(["past", "next", "past"])

    def used(self, pattern):
        if pattern[0] == "var":
            yield pattern[1]
        for part in pattern[1:]:
            for item in part if isinstance(part, list) else [part] if isinstance(part, tuple) else []:
                yield from self.used(item)

    def sql(self):
        rows = {"one": "ONE ROW PER MATCH", "show": "ALL ROWS PER MATCH SHOW EMPTY MATCHES",
                "omit": "ALL ROWS PER MATCH OMIT EMPTY MATCHES",
                "unmatched": "ALL ROWS PER MATCH WITH UNMATCHED ROWS"}[self.rows]
        skip = {"past": "PAST LAST ROW", "next": "TO NEXT ROW"}[self.skip]
        defines = ["never AS false"] + ["%s AS %s" % (name, text) for name, (text, _) in self.conditions.items()]
        return ("SELECT %s FROM r MATCH_RECOGNIZE (PARTITION BY k ORDER BY t MEASURES %s %s AFTER MATCH SKIP %s "
                "PATTERN (%s) SUBSET u = (a, b), w = (b, c) DEFINE %s)" % (
                    ", ".join(["k"] + (["t"] if self.rows != "one" else []) +
                              ["m%d" % i for i in range(len(self.measures))]),
                    ", ".join("%s AS m%d" % (text, i) for i, (text, _) in enumerate(self.measures)),
                    rows, skip, pattern_text(self.complete), ", ".join(defines)))

    def match_at(self, rows, start, number):
        """The labels and which of them are excluded, or None."""
        for word in self.words:
            labels = []
            for letter in word:
                at = start + len(labels)
                if letter[0] == "row":
                    labels.append(letter[1])
                    condition = self.conditions.get(letter[1])
                    if at >= len(rows) or (condition is not None and condition[1](
                            Seen(rows, start, labels, len(labels), number)) is not True):
                        break
                elif at != (0 if letter[0] == "start" else len(rows)):
                    break
            else:
                return labels, [letter[2] for letter in word if letter[0] == "row"]
        return None

    def expected(self, key, rows):
        out, start, number, matched_end = [], 0, 0, 0
        while start < len(rows):
            found = self.match_at(rows, start, number + 1)
            if found is None:
                if self.rows == "unmatched" and start >= matched_end:
                    out.append((key, rows[start][0]) + (None,) * len(self.measures))
                start += 1
                continue
            number += 1
            labels, excluded = found
            out += self.rows_of(key, rows, start, labels, excluded, number)
            matched_end = max(matched_end, start + len(labels))
            start += len(labels) if labels and self.skip == "past" else 1
        return out

    def rows_of(self, key, rows, start, labels, excluded, number):
        def measured(count):
            seen = Seen(rows, start, labels, count, number)
            return tuple(value(seen) for _, value in self.measures)
        if self.rows == "one":
            return [(key,) + measured(len(labels))]
        if not labels:
            return [] if self.rows == "omit" else [(key, rows[start][0]) + measured(0)]
        return [(key, rows[start + i][0]) + measured(i + 1) for i in range(len(labels)) if not excluded[i]]


class MatchRecognizeTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer()
        cls.node.__enter__()
        cls.connection = psycopg2.connect(host="127.0.0.1", port=cls.node.port, user="postgres", dbname="postgres")
        cls.connection.autocommit = True
        cls.cursor = cls.connection.cursor()

    @classmethod
    def tearDownClass(cls):
        cls.connection.close()
        cls.node.__exit__(None, None, None)

    def test_random_patterns_match_what_the_definition_says(self):
        rng = random.Random(ARGUMENTS.seed)
        self.cursor.execute("CREATE TABLE r (k int, t int, v int)")
        compared = matches = 0
        partitions = {}
        while compared < ARGUMENTS.count:
            try:
                clause = Clause(rng)
            except TooMany:
                continue
            if compared % 20 == 0:
                partitions = self.fill(rng)
            expected = [row for key in sorted(partitions) for row in clause.expected(key, partitions[key])]
            text = clause.sql()
            self.cursor.execute(text)
            got = self.cursor.fetchall()
            self.assertEqual(expected, got, "seed %d, pattern %d: %s\non %s" % (
                ARGUMENTS.seed, compared, text, partitions))
            compared += 1
            matches += len(expected)
        print("%d patterns, %d rows of matches" % (compared, matches))
        self.assertGreater(matches, compared)

    def fill(self, rng):
        partitions = {}
        self.cursor.execute("DELETE FROM r")
        for key in range(rng.randint(1, 3)):
            partitions[key] = [(t, None if rng.random() < 0.1 else rng.randrange(4))
                               for t in range(rng.randint(1, 6))]
            for t, v in partitions[key]:
                self.cursor.execute("INSERT INTO r VALUES (%s, %s, %s)", (key, t, v))
        return partitions

    def test_what_is_remembered_changes_nothing(self):
        """Conditions on the match (here in form only) are asked for each row and each way anew; others are computed
        ahead, and where they led nowhere is remembered. Over partitions too long for the reference."""
        rng = random.Random(ARGUMENTS.seed)
        self.cursor.execute("CREATE TABLE longer (k int, t int, v int)")
        rows = ["(%d,%d,%d)" % (k, t, rng.randrange(4)) for k in range(3) for t in range(rng.randint(1, 300))]
        self.cursor.execute("INSERT INTO longer VALUES " + ",".join(rows))
        compared = rows_found = 0
        while compared < ARGUMENTS.count // 4:
            pattern = ("alt", [random_pattern(rng, 3), ("cat", [("var", v) for v in VARIABLES])])
            conditions = {v: "(%s)" % rng.choice(
                ["v > %d", "v < %d", "v <> prev(v) + %d", "v < next(v, 2) or v = %d"]) % rng.randrange(4)
                for v in VARIABLES}
            results = []
            for suffix in ("", " AND match_number() > 0"):
                text = ("SELECT k, t, n, c FROM longer MATCH_RECOGNIZE (PARTITION BY k ORDER BY t MEASURES "
                        "match_number() AS n, classifier() AS c ALL ROWS PER MATCH PATTERN (%s) DEFINE %s)" % (
                            pattern_text(pattern),
                            ", ".join("%s AS %s%s" % (v, text, suffix) for v, text in conditions.items())))
                try:
                    self.cursor.execute(text)
                except psycopg2.errors.StatementTooComplex:
                    break  # without remembering it takes too long, or has too many states
                results.append(self.cursor.fetchall())
            if len(results) < 2:
                continue
            self.assertEqual(results[0], results[1], text)
            compared += 1
            rows_found += len(results[0])
        self.assertGreater(rows_found, compared)

    def test_planted_shapes_are_found_where_they_were_planted(self):
        rng = random.Random(ARGUMENTS.seed)
        self.cursor.execute("CREATE TABLE ticks (symbol text, n int, price int, primary key (symbol, n))")
        planted = {"v": [], "w": [], "hs": []}
        shapes = {"v": [0, -5, -9, -4, 0], "w": [0, -6, -9, -3, -8, -2, 1],
                  "hs": [0, 6, 2, 11, 3, 7, -1]}  # head and shoulders: shoulder, head, shoulder lower than the head
        for shape, places in planted.items():
            prices = []
            while len(prices) < 3000:
                prices += [1000] * rng.randint(3, 9)  # flat: no shape begins in it
                places.append(len(prices))
                prices += [2000 + step for step in shapes[shape]]
            rows = ",".join("('%s',%d,%d)" % (shape, n, price) for n, price in enumerate(prices))
            self.cursor.execute("INSERT INTO ticks VALUES " + rows)
        patterns = {
            "v": ("s d+ u+", "d AS price < prev(price), u AS price > prev(price)"),
            "w": ("s d+ u+ d2+ u2+", "d AS price < prev(price), u AS price > prev(price), "
                  "d2 AS price < prev(price), u2 AS price > prev(price)"),
            "hs": ("s l+ dl+ h+ dh+ r+ dr+", "l AS price > prev(price), dl AS price < prev(price), "
                   "h AS price > prev(price), dh AS price < prev(price) AND last(h.price) > last(l.price), "
                   "r AS price > prev(price) AND price < last(h.price), dr AS price < prev(price)"),
        }
        for shape, (pattern, define) in patterns.items():
            self.cursor.execute(
                "SELECT at FROM ticks MATCH_RECOGNIZE (PARTITION BY symbol ORDER BY n MEASURES s.n AS at, s.price AS p "
                "PATTERN (%s) DEFINE s AS price >= 2000, %s) WHERE symbol = '%s' ORDER BY at" % (
                    pattern, define, shape))
            self.assertEqual([row[0] for row in self.cursor.fetchall()], planted[shape], shape)

    def test_a_search_that_multiplies_ends(self):
        self.cursor.execute("CREATE TABLE long AS SELECT n, 1 AS v FROM generate_series(1, 60) n")
        text = ("SELECT count(*) FROM long MATCH_RECOGNIZE (ORDER BY n MEASURES match_number() AS m "
                "PATTERN ((a | b)+ c) DEFINE a AS sum(v) > 0, b AS sum(v) > 0, c AS sum(v) < 0)")
        self.cursor.execute("SET statement_timeout = 20")
        with self.assertRaises(psycopg2.errors.QueryCanceled):
            self.cursor.execute(text)
        self.cursor.execute("RESET statement_timeout")
        if sanitizers.SLOWNESS == 1:
            with self.assertRaises(psycopg2.errors.StatementTooComplex):
                self.cursor.execute(text)

    def test_quantifiers_are_no_parameters_of_cached_plans(self):
        for least, most in ((1, 2), (2, 3), (1, 1)):
            self.cursor.execute("SELECT n FROM (SELECT generate_series(1, 6) AS x) s MATCH_RECOGNIZE (ORDER BY x "
                                "MEASURES count(*) AS n PATTERN (a{%d,%d}) DEFINE a AS x > 0)" % (least, most))
            self.assertEqual(self.cursor.fetchone()[0], most)

    def test_parameters_reach_conditions_measures_and_offsets(self):
        self.cursor.execute("PREPARE p (int, bigint, int) AS SELECT x, y FROM (SELECT generate_series(1, 6) AS v) s "
                            "MATCH_RECOGNIZE (ORDER BY v MEASURES prev(v, $2) AS x, v + $3 AS y PATTERN (a) "
                            "DEFINE a AS v > $1)")
        self.cursor.execute("EXECUTE p (4, 2, 10)")
        self.assertEqual(self.cursor.fetchall(), [(3, 15), (4, 16)])
        with self.assertRaises(psycopg2.Error) as caught:
            self.cursor.execute("EXECUTE p (4, -1, 10)")
        self.assertEqual(caught.exception.pgcode, "2202J")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--count", type=int, default=ARGUMENTS.count)
    parser.add_argument("--seed", type=int, default=ARGUMENTS.seed)
    ARGUMENTS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0]] + rest)
