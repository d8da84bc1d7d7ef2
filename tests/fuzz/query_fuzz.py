#!/usr/bin/env python3
"""Random queries on Troupe and on PostgreSQL, whose answers must be the same.

    tests/fuzz/query_fuzz.py --seeds 2000 [--first 1]     starts both servers itself
    tests/fuzz/query_fuzz.py --seed 1234                  one query, printed with both answers

Every seed is one statement over small tables with nulls, random ones themselves, others every 250 seeds: joins, subqueries in all places, aggregates, windows, set
operations, WITH, and INSERT, UPDATE and DELETE that are rolled back. Rows are compared sorted. Differences are grouped
by their kind, the shortest statement of each is printed, and the exit status says whether there were any. What Troupe
refuses as not there yet (0A000), too large or too slow is counted, not a difference; nor is an error that depends on
what is computed first (classes 21 and 22: PostgreSQL promises no order).
"""
import argparse
import collections
import itertools
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from pgwire import query  # noqa: E402  (found through the line above)
from random_schema import Schema, literal  # noqa: E402
from servers import PostgresServer, RunningServer, TroupeServer  # noqa: E402

TYPES = ["int", "text", "bool", "int", "text", "numeric", "date"]
STATEMENTS_PER_SCHEMA = 250
REFUSED = "refused "


class Generator:
    """One statement. Scopes are lists of (sql, type): columns that may be mentioned, inner queries see outer ones."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.schema = Schema(seed // STATEMENTS_PER_SCHEMA)
        self.tables = self.schema.tables
        self.names = 0
        self.ctes = []

    def one_of(self, *choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    # --- statements ---

    def statement(self):
        """(statement, query that shows what it left or None)"""
        if self.chance(85):
            return self.select(3, [], top=True), None
        return self.change()

    def change(self):
        table = self.random.choice(self.schema.changeable)
        alias = self.name("u")
        scope = [(f"{alias}.{column}", kind) for column, kind in self.tables[table]]
        writable = self.schema.writable[table]
        kind = self.one_of("insert", "update", "delete")
        if kind == "insert":
            columns = [column for column, _ in writable]
            values = [self.expression(of, 1, []) for _, of in writable]
            source = f"select {', '.join(values)}"
            if self.chance(50):
                tables, inner = self.from_clause(1, [])
                picked = ", ".join(self.expression(of, 1, inner) for _, of in writable)
                source = f"select distinct {picked} from {tables}"
            text = f"insert into {table} ({', '.join(columns)}) {source}"
            return text, f"select * from {table}"
        source = ""
        if self.chance(50):
            # Of several matches any may win: only conditions look at the others.
            tables, inner = self.from_clause(1, [])
            source = f" {'from' if kind == 'update' else 'using'} {tables}"
        else:
            inner = []
        where = self.expression("bool", 2, scope + inner)
        if kind == "delete":
            return f"delete from {table} {alias}{source} where {where}", f"select * from {table}"
        column, of = self.random.choice(writable)
        value = self.expression(of, 2, scope)
        if self.chance(40) and of == "int":
            value = f"{alias}.{column} + {self.one_of(0, 0, 100)}"
        return f"update {table} {alias} set {column} = {value}{source} where {where}", f"select * from {table}"

    # --- queries ---

    def select(self, depth, outer, types=None, top=False):
        """A query with columns of `types` (None: any), named c1, c2 ..."""
        types = types or [self.one_of(*TYPES) for _ in range(self.one_of(1, 1, 2, 3))]
        prefix = ""
        before = len(self.ctes)
        if top and self.chance(15):
            prefix = self.with_clause(depth, outer)
        if depth > 0 and self.chance(10):
            op = self.one_of("union", "union all", "intersect", "except", "except all", "intersect all")
            text = f"{self.plain(depth - 1, outer, types)} {op} {self.plain(depth - 1, outer, types)}"
        else:
            text = self.plain(depth, outer, types)
        del self.ctes[before:]
        return prefix + text

    def with_clause(self, depth, outer):
        parts = []
        for _ in range(self.one_of(1, 2)):
            types = [self.one_of(*TYPES) for _ in range(2)]
            text = self.select(depth - 1, outer, types)
            name = self.name("w")
            parts.append(f"{name} as {self.one_of('', '', 'materialized ', 'not materialized ')}({text})")
            self.ctes.append((name, types))
        return f"with {', '.join(parts)} "

    def plain(self, depth, outer, types):
        if self.chance(4):
            rows = [", ".join(self.literal(kind) for kind in types) for _ in range(self.one_of(1, 2, 3))]
            columns = ", ".join(f"c{i + 1}" for i in range(len(types)))
            return f"(select * from (values {', '.join(f'({row})' for row in rows)}) {self.name('v')}({columns}))"
        if self.chance(6):
            values = ", ".join(f"{self.expression(kind, depth, outer)} as c{i + 1}" for i, kind in enumerate(types))
            return f"(select {values})"
        tables, own = self.from_clause(depth, outer)
        scope = own + outer
        # An inner query sees more of its own columns than of those around it.
        where = f" where {self.expression('bool', depth, scope)}" if self.chance(60) else ""
        if self.chance(25):
            return f"(select {self.aggregated(depth, own, outer, types, tables, where)})"
        values = [self.expression(kind, depth, scope) for kind in types]
        if self.chance(8):
            values[0] = self.window(types[0], own, scope)  # several would number equal rows in several ways
        listed = ", ".join(f"{value} as c{i + 1}" for i, value in enumerate(values))
        distinct = "distinct " if self.chance(12) else ""
        numbers = ", ".join(f"{i + 1}{self.one_of('', ' desc', ' nulls first')}" for i in range(len(types)))
        tail = ""
        if self.chance(20):
            tail = f" order by {numbers}"
            if self.chance(60):
                tail += f" limit {self.random.randrange(6)}" + (" offset 1" if self.chance(20) else "")
        return f"(select {distinct}{listed} from {tables}{where}{tail})"

    def aggregated(self, depth, own, outer, types, tables, where):
        groups = [self.expression(self.one_of(*TYPES), min(depth, 1), own) for _ in range(self.one_of(0, 1, 1, 2))]
        groups = [group for group in groups if any(column in group for column, _ in own)]
        kinds = {group: kind for kind in TYPES for group in groups if kind == self.kind_of(group)}
        inside = [(group, kinds[group]) for group in groups if group in kinds]
        values = []
        for kind in types:
            usable = [group for group, of in inside if of == kind]
            value = self.random.choice(usable) if usable and self.chance(50) else self.aggregate(kind, own + outer)
            values.append(value)
        having = ""
        if self.chance(30):
            # A subquery written twice is two to Troupe, which then asks for its columns to be grouped.
            tested = [(self.aggregate(kind, own), kind) for kind in TYPES] + [g for g in inside if "select" not in g[0]]
            having = f" having {self.expression('bool', depth - 1, tested)}"
        grouping = f" group by {', '.join(groups)}" if groups else ""
        if groups and self.chance(10):
            grouping = f" group by {self.one_of('rollup', 'cube')} ({', '.join(groups)})"
        listed = ", ".join(f"{value} as c{i + 1}" for i, value in enumerate(values))
        return f"{listed} from {tables}{where}{grouping}{having}"

    def kind_of(self, text):
        return self.kinds.get(text)

    def aggregate(self, kind, scope):
        argument = self.expression(kind, 1, scope)
        keep = f" filter (where {self.expression('bool', 1, scope)})" if self.chance(15) else ""
        if kind == "bool":
            return f"{self.one_of('bool_and', 'bool_or', 'every')}({argument}){keep}"
        if kind == "text":
            return self.one_of(f"min({argument}){keep}", f"max({argument}){keep}",
                               f"string_agg({argument}, '-' order by {argument}){keep}",
                               f"array_agg(({argument})::text order by ({argument})::text desc){keep}::text")
        if kind in ("numeric", "date"):
            own = [f"min({argument}){keep}", f"max({argument}){keep}"]
            if kind == "numeric":
                own += [f"sum({argument}){keep}", f"avg({argument}){keep}", f"percentile_disc(0.5) within group (order by {argument})"]
            return self.random.choice(own)
        distinct = self.one_of("", "", "distinct ")
        return self.one_of(f"count(*){keep}::int", f"count({distinct}{argument}){keep}::int",
                           f"sum({distinct}{argument}){keep}::int", f"min({argument}){keep}",
                           f"max({argument}){keep}", f"avg({argument}){keep}::int")

    def window(self, kind, own, scope):
        order = ", ".join(column for column, _ in own)
        part = f"partition by {self.random.choice(own)[0]} " if self.chance(50) else ""
        over = f"over ({part}order by {order})"
        argument = f"({self.expression(kind, 0, scope)})::{kind}"  # PostgreSQL wants a type for a literal here
        choices = [f"lag({argument}) {over}", f"first_value({argument}) {over}", f"max({argument}::text) {over}"]
        if kind == "int":
            return self.one_of(f"row_number() {over}::int", f"sum({argument}) {over}::int", f"count(*) {over}::int",
                               choices[0])
        if kind == "numeric":
            frame = self.one_of("", " rows 1 preceding", " rows between 1 preceding and 1 following exclude current row")
            return f"sum({argument}) {over[:-1]}{frame})"
        return self.random.choice(choices) if kind == "text" else choices[0]

    # --- FROM ---

    def from_clause(self, depth, outer):
        text, scope = self.join_tree(depth, outer)
        if self.chance(20):
            other, more = self.join_tree(0, outer)
            text, scope = f"{text}, {other}", scope + more
        if depth > 0 and self.chance(8):
            types = [self.one_of(*TYPES)]
            alias = self.name("l")
            text += f", lateral {self.select(depth - 1, scope + outer, types)} {alias}"
            scope = scope + [(f"{alias}.c1", types[0])]
        return text, scope

    def join_tree(self, depth, outer):
        text, scope = self.table(depth, outer)
        for _ in range(self.one_of(0, 0, 1, 1, 2) if depth > 0 else self.one_of(0, 0, 1)):
            right, more = self.table(depth - 1, outer)
            kind = self.one_of("join", "left join", "left join", "right join", "full join", "cross join")
            if kind == "cross join":
                text, scope = f"{text} cross join {right}", scope + more
                continue
            condition = self.join_condition(kind, depth, scope, more, outer)
            if self.chance(25):
                text, scope = f"({text}) {kind} {right} on {condition}", scope + more
            else:
                text, scope = f"{text} {kind} {right} on {condition}", scope + more
        return text, scope

    def join_condition(self, kind, depth, left, right, outer):
        pairs = [(a, b) for a, of in left for b, other in right if of == other]
        equal = " = ".join(self.random.choice(pairs)) if pairs else "true"
        if kind == "full join":
            return equal if pairs else "false"
        if self.chance(50):
            return equal
        other = self.expression("bool", depth - 1, left + right + outer)
        return f"{equal} and {other}" if self.chance(50) else other

    def table(self, depth, outer):
        alias = self.name("t")
        if self.ctes and self.chance(50):
            name, types = self.random.choice(self.ctes)
            return f"{name} {alias}", [(f"{alias}.c{i + 1}", kind) for i, kind in enumerate(types)]
        if depth > 0 and self.chance(20):
            types = [self.one_of(*TYPES) for _ in range(self.one_of(1, 2))]
            return (f"{self.select(depth - 1, [], types)} {alias}",
                    [(f"{alias}.c{i + 1}", kind) for i, kind in enumerate(types)])
        if self.chance(5):
            return f"generate_series(1, {self.random.randrange(4)}) {alias}(g)", [(f"{alias}.g", "int")]
        table = self.random.choice(self.schema.readable)
        return f"{table} {alias}", [(f"{alias}.{column}", kind) for column, kind in self.tables[table]]

    # --- expressions ---

    def expression(self, kind, depth, scope):
        text = getattr(self, kind)(depth, scope)
        self.kinds[text] = kind
        return text

    kinds = {}

    def literal(self, kind):
        if self.chance(10):
            return f"null::{kind}"
        return literal(self.random, kind, nulls=0)

    def column(self, kind, scope):
        known = [text for text, of in scope if of == kind]
        if not known or self.chance(15):
            return self.literal(kind)
        return self.random.choice(known[:6] if self.chance(70) else known)

    def common(self, kind, depth, scope):
        """What there is of every type."""
        sub = lambda of=kind: self.expression(of, depth - 1, scope)  # noqa: E731
        choice = self.random.randrange(5)
        if choice == 0:
            return f"case when {sub('bool')} then {sub()} else {sub()} end"
        if choice == 1:
            return f"coalesce({sub()}, {sub()})"
        if choice == 2:
            return f"nullif({sub()}, {sub()})"
        if choice == 3 and kind != "bool":
            function = self.one_of("min", "max")
            tables, own = self.from_clause(depth - 1, scope)
            where = f" where {self.expression('bool', depth - 1, own + scope)}" if self.chance(70) else ""
            return f"(select {function}({self.expression(kind, depth - 1, own + scope)}) from {tables}{where})"
        return f"(select c1 from {self.select(depth - 1, scope, [kind])} {self.name('s')} order by 1 limit 1)"

    def int(self, depth, scope):
        if depth <= 0 or self.chance(45):
            return self.column("int", scope)
        sub = lambda: self.expression("int", depth - 1, scope)  # noqa: E731
        if self.chance(45):
            return self.one_of(f"({sub()} + {sub()})", f"({sub()} - {sub()})", f"abs({sub()})",
                               f"length({self.expression('text', depth - 1, scope)})",
                               f"greatest({sub()}, {sub()})", f"(- {sub()})",
                               f"({self.expression('date', depth - 1, scope)} - {self.expression('date', depth - 1, scope)})",
                               f"extract(month from {self.expression('date', depth - 1, scope)})::int",
                               f"round({self.expression('numeric', depth - 1, scope)})::int",
                               f"cardinality(array[{sub()}, {sub()}])", f"({sub()} % 5)")
        if self.chance(15):
            tables, own = self.from_clause(depth - 1, scope)
            where = f" where {self.expression('bool', depth - 1, own + scope)}"
            return f"(select count(*)::int from {tables}{where})"
        return self.common("int", depth, scope)

    def text(self, depth, scope):
        if depth <= 0 or self.chance(50):
            return self.column("text", scope)
        sub = lambda: self.expression("text", depth - 1, scope)  # noqa: E731
        if self.chance(40):
            return self.one_of(f"({sub()} || {sub()})", f"upper({sub()})",
                               f"({self.expression('int', depth - 1, scope)})::text", f"least({sub()}, {sub()})",
                               f"({self.expression('numeric', depth - 1, scope)})::text", f"substr({sub()}, 1, 2)",
                               f"to_char({self.expression('date', depth - 1, scope)}, 'YYYY-MM')",
                               f"coalesce(to_jsonb({sub()}) ->> 0, {sub()})", f"replace({sub()}, 'a', 'bb')")
        return self.common("text", depth, scope)

    def numeric(self, depth, scope):
        if depth <= 0 or self.chance(45):
            return self.column("numeric", scope)
        sub = lambda kind="numeric": self.expression(kind, depth - 1, scope)  # noqa: E731
        if self.chance(60):
            return self.one_of(f"({sub()} + {sub()})", f"({sub()} - {sub()})", f"({sub()} * {sub()})", f"round({sub()}, 1)",
                               f"trunc({sub()})", f"({sub('int')})::numeric", f"({sub()} + {sub('int')})", f"abs({sub()})",
                               f"greatest({sub()}, {sub()})", f"({sub()} / 4)", f"ceil({sub()})", f"sign({sub()})")
        return self.common("numeric", depth, scope)

    def date(self, depth, scope):
        if depth <= 0 or self.chance(50):
            return self.column("date", scope)
        sub = lambda kind="date": self.expression(kind, depth - 1, scope)  # noqa: E731
        if self.chance(50):
            return self.one_of(f"({sub()} + {sub('int')})", f"({sub()} - 1)", f"least({sub()}, {sub()})",
                               f"(date_trunc('month', {sub()}::timestamp))::date", f"({sub()} + interval '1 month')::date")
        return self.common("date", depth, scope)

    def bool(self, depth, scope):
        if depth <= 0:
            if self.chance(40):
                return self.column("bool", scope)
            kind = self.one_of("int", "int", "text", "numeric", "date")
            return f"({self.column(kind, scope)} {self.one_of('=', '<', '>=', '<>', '=')} {self.column(kind, scope)})"
        kind = self.one_of("int", "int", "text", "bool", "numeric", "date")
        sub = lambda of=kind: self.expression(of, depth - 1, scope)  # noqa: E731
        op = self.one_of("=", "=", "<", "<>", ">=")
        query_of = lambda types: self.select(depth - 1, scope, types)  # noqa: E731
        negation = self.one_of("", "not ")
        choice = self.random.randrange(16)
        if choice < 3:
            return f"({sub()} {op} {sub()})"
        if choice == 3:
            return f"({sub('bool')} {self.one_of('and', 'or')} {sub('bool')})"
        if choice == 4:
            return f"(not {sub('bool')})"
        if choice == 5:
            return f"({sub()} is {negation}null)"
        if choice == 6:
            return f"({sub()} is {negation}distinct from {sub()})"
        if choice == 7:
            return f"({sub()} {negation}in ({sub()}, {sub()}, {self.literal(kind)}))"
        if choice == 8:
            return f"({sub('int')} {negation}between {sub('int')} and {sub('int')})"
        if choice == 9:
            return f"({sub('bool')} is {negation}{self.one_of('true', 'false', 'unknown')})"
        if choice in (10, 11):
            return f"({sub()} {negation}in {query_of([kind])})"
        if choice == 12:
            return f"({negation}exists {query_of([kind])})"
        if choice == 13:
            return f"({sub()} {op} {self.one_of('any', 'all')} {query_of([kind])})"
        if choice == 14:
            second = self.one_of("int", "text")
            return f"(({sub()}, {sub(second)}) {negation}in {query_of([kind, second])})"
        if choice == 15 and self.chance(20):
            return self.one_of(f"({sub('int')} = any (array[{sub('int')}, {sub('int')}]))", f"({sub('text')} like {sub('text')} || '%')",
                               f"({sub('int')} <= all (array[{sub('int')}, 3, null]))", f"(array[{sub('int')}] && array[{sub('int')}, 1])")
        if choice == 15 and self.chance(50):
            second = self.one_of("int", "text")
            return f"(({sub()}, {sub(second)}) {op} ({sub()}, {sub(second)}))"
        return self.common("bool", depth, scope)


def answer(wire, statement, shows):
    """('rows', types, sorted rows) or ('error', state, message)"""
    wire.ask(query("begin"))
    result = wire.ask(query(statement))
    tag = result.tags[:1]
    if shows and not result.error:
        result = wire.ask(query(shows))
    wire.ask(query("rollback"))
    if result.error:
        return "error", result.error.sqlstate, result.error.message
    types = [column.type for column in result.columns]
    return "rows", (types, tag), sorted(result.rows, key=lambda row: [(cell is None, cell) for cell in row])


def difference(ours, theirs):
    """Its kind; None when there is none, '0A000 ...' for what is refused."""
    if ours[0] == theirs[0] == "rows":
        if ours[1] != theirs[1]:
            return f"types or tag {ours[1]}, expected {theirs[1]}"
        return None if ours[2] == theirs[2] else f"other rows ({'some' if len(ours[2]) == len(theirs[2]) else 'number'})"
    if ours[0] == "error":
        if ours[1] in ("0A000", "53200", "57014"):
            return f"{REFUSED}{ours[1]} {ours[2]}"
        if ours[1] == theirs[1] or (ours[1][:2] in ("22", "21") and theirs[0] == "rows"):
            return None
        if theirs[0] == "error" and ours[1][:2] == theirs[1][:2] == "23":
            return None  # of several violations either may be met first
        return f"{ours[1]} {shape(ours[2])}"
    if theirs[1][:2] in ("22", "21"):
        return None
    return f"rows instead of {theirs[1]} {shape(theirs[2])}"


def shape(message):
    return " ".join("N" if word.strip('",.()').isdigit() else word for word in message.split())


def connect(server, seed):
    """A connection to the schema that `seed` is for."""
    wire = server.connect(timeout=60)
    set_up(wire, seed)
    wire.query("set statement_timeout = 20000")
    return wire


def set_up(wire, seed):
    """Makes the schema; errors of its statements, which both servers must agree on, as [(statement, sqlstate)]."""
    failed = []
    wire.query("set client_min_messages = error")
    for statement in Schema(seed // STATEMENTS_PER_SCHEMA).statements:
        result = wire.ask(query(statement))
        if result.error:
            failed.append((statement, result.error.sqlstate))
    return failed


def fuzz(ours, theirs, seeds):
    found, refused, run = collections.defaultdict(list), collections.Counter(), 0
    us, them, schema = ours.connect(timeout=60), theirs.connect(timeout=60), None
    for wire in (us, them):
        wire.query("set statement_timeout = 20000")
    for seed in seeds:
        if seed // STATEMENTS_PER_SCHEMA != schema:
            schema = seed // STATEMENTS_PER_SCHEMA
            mine, expected = set_up(us, seed), set_up(them, seed)
            if mine != expected:
                found["schema"].append((0, seed, sorted(set(mine) ^ set(expected))[0]))
        run += 1
        statement, shows = Generator(seed).statement()
        try:
            mine = answer(us, statement, shows)
        except (OSError, EOFError) as lost:
            found[f"connection lost: {lost}"].append((len(statement), seed, statement))
            us = connect(ours, seed)
            continue
        kind = difference(mine, answer(them, statement, shows))
        if kind and kind.startswith(REFUSED):
            refused[kind.removeprefix(REFUSED)] += 1
        elif kind:
            found[kind].append((len(statement), seed, statement))
    return found, refused, run


def show_one(ours, theirs, seed):
    statement, shows = Generator(seed).statement()
    print(statement)
    for server in (ours, theirs):
        print(server.name, *answer(connect(server, seed), statement, shows))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1000, help="how many statements")
    parser.add_argument("--seconds", type=int, help="go on for so long, whatever --seeds says")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--port", type=int, help="of a running Troupe, instead of one of its own")
    parser.add_argument("--peer-port", type=int, help="of a running PostgreSQL")
    options = parser.parse_args()
    ours = RunningServer("127.0.0.1", options.port) if options.port else TroupeServer()
    theirs = RunningServer("127.0.0.1", options.peer_port) if options.peer_port else PostgresServer({"fsync": "off"})
    with ours, theirs:
        if options.seed is not None:
            return show_one(ours, theirs, options.seed)
        end = time.monotonic() + options.seconds if options.seconds else None
        seeds = itertools.takewhile(lambda seed: end is None and seed < options.first + options.seeds or
                                    end is not None and time.monotonic() < end, itertools.count(options.first))
        found, refused, run = fuzz(ours, theirs, seeds)
    for kind, cases in sorted(found.items(), key=lambda item: -len(item[1])):
        _, seed, statement = min(cases)
        print(f"{len(cases)} times {kind}\n  seed {seed}: {statement}")
    for kind, times in refused.most_common():
        print(f"{times} refused: {kind}")
    print(f"{run} statements, {sum(map(len, found.values()))} differences, {refused.total()} refused")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
