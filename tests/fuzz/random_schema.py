"""Small random tables and views for query_fuzz: columns of several types, keys, checks, indexes, partitions, rows with nulls."""
import random

KINDS = ["int", "int", "text", "bool", "numeric", "date"]


def literal(dice, kind, nulls=10):
    if dice.randrange(100) < nulls:
        return f"null::{kind}"
    if kind == "int":
        return str(dice.randrange(-1, 12))
    if kind == "numeric":
        return dice.choice(["0", "1", "1.50", "-0.5", "2", "3.25", "10", "1.5"]) + "::numeric"
    if kind == "date":
        return dice.choice(["'2020-01-31'", "'2020-02-29'", "'2019-12-31'", "'2021-06-15'"]) + "::date"
    return dice.choice(["'a'", "'b'", "''", "'c'"]) if kind == "text" else dice.choice(["true", "false"])


class Schema:
    """tables: every relation's columns as (name, kind); readable, changeable: relations to draw from, the likelier more often;
    writable: the columns that INSERT and UPDATE may name; statements: what makes it all, also over an older one."""

    def __init__(self, seed):
        self.dice = random.Random(f"schema {seed}")
        self.tables, self.writable, self.readable, self.changeable = {}, {}, [], []
        self.statements = ["drop schema if exists fuzz cascade", "create schema fuzz", "set search_path = fuzz"]
        for name in ("ra", "rb", "rc", "rd"):
            self.table(name, rows=0 if name == "rd" and self.chance(60) else self.dice.randrange(4, 16))
        for name in ("va", "vb"):
            if self.chance(40):
                self.view(name)

    def chance(self, percent):
        return self.dice.randrange(100) < percent

    def table(self, name, rows):
        columns = [(chr(ord("f") + at), self.dice.choice(KINDS)) for at in range(self.dice.randrange(1, 5))]
        partitioned = self.chance(20)
        keyed = self.chance(70)
        defined = [f"{column} {kind}{self.constraint(column, kind)}" for column, kind in columns]
        if keyed:
            columns.insert(0, ("id", "int"))
            defined.insert(0, "id int")
            rest = [column for column, kind in columns[1:] if kind in ("int", "text")]
            key = f"id, {self.dice.choice(rest)}" if rest and self.chance(30) else "id"
            defined.append(f"primary key ({key})")
        self.writable[name] = list(columns)
        if self.chance(20):
            source = next((column for column, kind in columns if kind == "int"), None)
            if source is not None:
                columns.append(("gen", "int"))
                defined.append(f"gen int generated always as ({source} + 1) stored")
        part_key = "id" if keyed else next((column for column, kind in columns if kind == "int" and column != "gen"), None)
        if not partitioned or part_key is None:
            self.statements.append(f"create table {name} ({', '.join(defined)})")
        else:
            self.partitions(name, defined, part_key)
        self.tables[name] = columns
        self.readable += [name] * (1 if rows == 0 else 2)
        self.changeable.append(name)
        self.indexes(name, columns)
        self.fill(name, rows)

    def constraint(self, column, kind):
        choice = self.dice.randrange(20)
        if choice == 0 and kind == "int":
            return f" check ({column} is null or {column} < 1000)"
        if choice == 1:
            return " not null"
        if choice == 2 and kind != "bool":
            return f" default {literal(self.dice, kind)}"
        return ""

    def partitions(self, name, defined, key):
        how = self.dice.choice(["range", "list", "hash"])
        self.statements.append(f"create table {name} ({', '.join(defined)}) partition by {how} ({key})")
        bounds = {"range": ["for values from (minvalue) to (3)", "for values from (3) to (8)", "default"],
                  "list": ["for values in (1, 2, 3)", "for values in (0, null)" if key != "id" else "for values in (0)", "default"],
                  "hash": ["for values with (modulus 2, remainder 0)", "for values with (modulus 2, remainder 1)"]}[how]
        for at, bound in enumerate(bounds):
            self.statements.append(f"create table {name}_p{at} partition of {name} {bound}")

    def indexes(self, name, columns):
        for _ in range(self.dice.choice([0, 0, 1, 1, 2])):
            picked = self.dice.sample(columns, min(len(columns), self.dice.choice([1, 1, 2])))
            keys = ", ".join(column + self.dice.choice(["", "", " desc", " nulls first"]) for column, _ in picked)
            first, kind = picked[0]
            partial = f" where {first} is not null" if self.chance(15) else ""
            if kind == "text" and self.chance(20):
                keys = f"upper({first})"
            elif kind == "int" and self.chance(15):
                keys = f"(abs({first}))"
            self.statements.append(f"create index on {name} ({keys}){partial}")

    def fill(self, name, rows):
        if rows == 0:
            return
        lines = []
        for at in range(rows):
            values = [str(at) if column == "id" else literal(self.dice, kind, 20) for column, kind in self.writable[name]]
            lines.append(f"({', '.join(values)})")
        names = ", ".join(column for column, _ in self.writable[name])
        for line in lines:  # one by one: some break a NOT NULL, on both sides
            self.statements.append(f"insert into {name} ({names}) values {line}")
        if self.chance(50):
            self.statements.append(f"analyze {name}")

    def view(self, name):
        table = self.dice.choice(sorted(self.tables))
        columns = self.tables[table]
        column, kind = self.dice.choice(columns)
        shape = self.dice.randrange(3)
        if shape == 0:
            self.statements.append(f"create view {name} as select * from {table} where {column} is not null")
            self.tables[name] = columns
            self.writable[name] = self.writable.get(table, [])
            if table in self.changeable:
                self.changeable.append(name)
        elif shape == 1:
            self.statements.append(f"create view {name} as select {column}, count(*)::int as n from {table} group by {column}")
            self.tables[name] = [(column, kind), ("n", "int")]
        else:
            self.statements.append(f"create view {name} as select {column} from {table} union select {literal(self.dice, kind)}")
            self.tables[name] = [(column, kind)]
        self.readable.append(name)
