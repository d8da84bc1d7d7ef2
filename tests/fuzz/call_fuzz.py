#!/usr/bin/env python3
"""Calls of built-in functions, operators, casts and aggregates on Troupe and on PostgreSQL, whose answers must be the same.

    tests/fuzz/call_fuzz.py --calls 20000 [--first 1]     starts both servers itself
    tests/fuzz/call_fuzz.py --only lpad --calls 500       calls of what has this name
    tests/fuzz/call_fuzz.py --missing                     what PostgreSQL has and Troupe does not, by name

PostgreSQL's own catalog says what there is; each call takes its arguments from values at the edges of their types. A call
differs when the type, the value, or the SQLSTATE and message of the error differ. What Troupe refuses as not there yet
(0A000) or does not have (42883) is counted by name, not a difference.
"""
import argparse
import collections
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from pgwire import query  # noqa: E402  (found through the line above)
from servers import PostgresServer, RunningServer, TroupeServer  # noqa: E402

VALUES = {
    "bool": ["t", "f"],
    "int2": ["0", "1", "-1", "7", "32767", "-32768", "12"],
    "int4": ["0", "1", "-1", "2", "3", "5", "31", "2147483647", "-2147483648", "100", "1970"],
    "int8": ["0", "1", "-1", "2", "4", "9223372036854775807", "-9223372036854775808", "4294967296", "86400"],
    "oid": ["0", "1", "23", "4294967295"],
    "numeric": ["0", "1", "-1", "0.5", "-0.00001", "12345678901234567890.123456789", "NaN", "Infinity", "-Infinity", "1e-20",
                "2.500", "3.7", "99999999999999999999999999999999", "10", "1000000.00"],
    "float4": ["0", "-0", "1", "1.5", "-2.25", "NaN", "Infinity", "-Infinity", "1e-40", "3.4e38", "16777217"],
    "float8": ["0", "-0", "1", "0.1", "-2.5", "NaN", "Infinity", "-Infinity", "1e-310", "1e308", "123456789.123", "0.5", "2"],
    "money": ["0", "$1.23", "-$5.50", "92233720368547758.07", "1000"],
    "text": ["", "a", "abc", "ABC def", "a%b_c", "  pad  ", "żółw", "1", "-12.5", "2020-02-30", "\\", "'quoted'", "(x)", "a.b.c",
             "x,y,z", "YYYY-MM-DD", "FM999.00", "%s-%I-%L", "^a.*c$", "day", "abcabc", "UTF8", "base64", "aGk=", "{1,2}", "null"],
    "varchar": ["", "abc", "Abc  ", "żółw"],
    "bpchar": ["", "abc", "abc   ", "Z"],
    "name": ["", "abc", "pg_class"],
    "char": ["", "a", "\\101"],
    "bytea": ["", "\\x00", "\\x61626364", "\\xff00ff", "abc"],
    "date": ["2020-02-29", "1970-01-01", "0001-01-01 BC", "infinity", "-infinity", "9999-12-31", "2021-12-31", "4714-11-24 BC"],
    "time": ["00:00", "24:00", "12:34:56.789", "23:59:59.999999"],
    "timetz": ["00:00+00", "24:00-12", "12:34:56.789+05:30"],
    "timestamp": ["2020-02-29 12:34:56.789", "1970-01-01", "0044-03-15 BC", "infinity", "-infinity", "9999-12-31 23:59:59.999999",
                  "2000-01-01", "2021-03-28 02:30"],
    "timestamptz": ["2020-02-29 12:34:56.789+02", "1970-01-01 00:00+00", "infinity", "-infinity", "2021-10-31 01:30+00",
                    "0044-03-15 00:00+00 BC", "2262-04-11 23:47:16.854775+00"],
    "interval": ["0", "1 day", "-1 mon", "1 year 2 mons 3 days 04:05:06.789", "-00:00:00.000001", "100 years", "25:00", "30 days",
                 "-1 day +02:00", "15 minutes"],
    "uuid": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"],
    "json": ["null", "1", "\"a\"", "[1, 2,  3]", "{\"a\": 1, \"b\": [true, null]}", "{\"a\":{\"b\":\"c\"},\"a\":2}", "[]", "{}",
             "[{\"a\":1},{\"a\":2}]"],
    "jsonb": ["null", "1", "1.50", "\"a\"", "[1, 2,  3]", "{\"a\": 1, \"b\": [true, null]}", "{\"a\":{\"b\":\"c\"}}", "[]", "{}",
              "[{\"a\":1},{\"a\":2}]", "\"żółw\"", "[1,[2,[3]]]"],
    "jsonpath": ["$", "$.a", "$[*]", "lax $.a.b", "strict $.b[*] ? (@ == true)", "$.** ? (@.type() == \"number\")", "$[0 to last].size()"],
    "inet": ["192.168.1.5", "192.168.1.5/24", "10.0.0.0/8", "::1", "2001:db8::/32", "0.0.0.0/0", "255.255.255.255"],
    "cidr": ["192.168.1.0/24", "10.0.0.0/8", "::/0", "2001:db8::/32", "10.1.2.3/32"],
    "macaddr": ["08:00:2b:01:02:03", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"],
    "macaddr8": ["08:00:2b:01:02:03:04:05", "00:00:00:00:00:00:00:00"],
    "bit": ["0", "1"],
    "varbit": ["", "0", "1", "10110", "000000001", "11111111"],
    "int4range": ["empty", "[1,5)", "[3,8]", "(,3)", "[7,)", "(,)"],
    "int8range": ["empty", "[1,5)", "(,3)", "[10,20]"],
    "numrange": ["empty", "[1.5,2.5]", "(1,2)", "(,0]", "[2.5,)"],
    "daterange": ["empty", "[2020-01-01,2020-02-01)", "(,2020-01-15]", "[2020-01-10,infinity]"],
    "tsrange": ["empty", "[2020-01-01,2020-02-01)", "(2020-01-15 12:00,)"],
    "tstzrange": ["empty", "[2020-01-01 00:00+00,2020-02-01 00:00+00)"],
    "int4multirange": ["{}", "{[1,5),[8,10)}", "{(,3)}", "{[4,9)}"],
    "int8multirange": ["{}", "{[1,5),[8,10)}"],
    "nummultirange": ["{}", "{[1.5,2],(3,4)}"],
    "datemultirange": ["{}", "{[2020-01-01,2020-02-01)}"],
    "_int4": ["{}", "{1,2,3}", "{1,NULL,3}", "{{1,2},{3,4}}", "[0:2]={7,8,9}", "{3}"],
    "_int8": ["{}", "{1,2}", "{9223372036854775807}"],
    "_int2": ["{}", "{1,2}"],
    "_text": ["{}", "{a,b,c}", "{a,NULL,\"x y\"}", "{{a,b},{c,d}}", "{a}", "{\"\"}"],
    "_numeric": ["{}", "{1.5,2.50}", "{NaN,0}"],
    "_float8": ["{}", "{0.5,1}", "{0}"],
    "_bool": ["{}", "{t,f}", "{NULL}"],
    "_date": ["{}", "{2020-01-01,infinity}"],
    "_jsonb": ["{}", "{\"{\\\"a\\\": 1}\"}"],
    "_varchar": ["{}", "{ab,c}"],
    "regtype": ["integer", "text"],
    "regclass": ["pg_class"],
    "regproc": ["now"],
    "record": ["ROW(1,'a')", "ROW(1,'b')", "ROW(NULL,'a')", "ROW()"],
}
# One element, array, range and multirange that stand for a polymorphic call together.
FAMILIES = [
    {"anyelement": "int4", "anyarray": "_int4", "anynonarray": "int4", "anyrange": "int4range", "anymultirange": "int4multirange",
     "anycompatible": "int4", "anycompatiblearray": "_int4", "anycompatiblenonarray": "int4", "anycompatiblerange": "int4range",
     "anycompatiblemultirange": "int4multirange", "any": "int4"},
    {"anyelement": "text", "anyarray": "_text", "anynonarray": "text", "anycompatible": "text", "anycompatiblearray": "_text",
     "anycompatiblenonarray": "text", "any": "text"},
    {"anyelement": "numeric", "anyarray": "_numeric", "anynonarray": "numeric", "anyrange": "numrange", "anymultirange": "nummultirange",
     "anycompatible": "numeric", "anycompatiblearray": "_numeric", "anycompatiblenonarray": "numeric", "anycompatiblerange": "numrange",
     "anycompatiblemultirange": "nummultirange", "any": "numeric"},
    {"anyelement": "date", "anyarray": "_date", "anynonarray": "date", "anyrange": "daterange", "anymultirange": "datemultirange",
     "anycompatible": "date", "anycompatiblearray": "_date", "anycompatiblerange": "daterange", "any": "date"},
    {"anyelement": "jsonb", "anyarray": "_jsonb", "anycompatible": "jsonb", "anycompatiblearray": "_jsonb", "any": "jsonb"},
]
# What depends on the server, changes it, waits, or has no fixed answer.
LEFT_OUT = """
  ^(pg_|lo_|txid_|plpgsql|postgresql_fdw|inet_(client|server)|current_|row_security|setseed|random|gen_random|clock_|now$|timeofday|statement_|
  transaction_|version|nextval|setval|lastval|currval|query_to_|table_to_|schema_to_|database_to_|cursor_to_|xml|xpath|has_|ts_|to_ts|
  plainto_|phraseto|websearch|obj_desc|col_desc|shobj|set_config|brin_|gin_|gist_|hash_page|binary_upgrade|unique_key|suppress_|
  .*_(recv|send|out|in|typmodin|typmodout|support|handler|sortsupport|transfn|accum|accum_inv|combine|serialize|deserialize)$|.*sel$|
  .*joinsel$|loread|lowrite|amvalidate|format_type|satisfies_hash|hash.*extended$|hash|bt.*cmp|in_range|.*cost|age$|getdatabaseencoding|
  session_user|user$|to_reg|mxid|fmgr|RI_FKey|.*trigger.*|array_typanalyze|range_typanalyze|boot|dsnowball|dispell|dsimple|dsynonym|
  thesaurus|prsd|unicode_|.*_larger$|.*_smaller$|jsonb_.*_agg_.*|json_.*_agg_.*|ordered_set|hypothetical|window_|.*_finalfn|regexp_count$)"""
LEFT_OUT = f"proname !~ '{''.join(LEFT_OUT.split())}'"
SOURCES = {
    "function": f"""select proname, proargtypes::oid[]::regtype[]::text[], array(select typname from unnest(proargtypes) with ordinality u(o, n)
        join pg_type t on t.oid = o order by n), proretset, provariadic <> 0 from pg_proc p where pronamespace = 'pg_catalog'::regnamespace
        and prokind = 'f' and {LEFT_OUT} order by 1, 2""",
    "operator": """select oprname, null, array(select typname from unnest(case when oprleft = 0 then array[oprright]
        else array[oprleft, oprright] end) with ordinality u(o, n) join pg_type t on t.oid = o order by n), false, false
        from pg_operator where oprnamespace = 'pg_catalog'::regnamespace order by 1, oprleft, oprright""",
    "cast": """select format_type(casttarget, null), null, array[s.typname], false, false from pg_cast join pg_type s on s.oid = castsource
        order by 1, 3""",
    "aggregate": """select proname, null, array(select typname from unnest(proargtypes) with ordinality u(o, n) join pg_type t on t.oid = o
        order by n), false, false from pg_proc p join pg_aggregate a on a.aggfnoid = p.oid where aggkind = 'n' and provariadic = 0
        and proname !~ '^xml' order by 1, 3""",
}


def parts(array):
    return [part.strip('"') for part in array[1:-1].split(",")] if array not in (None, "{}") else []


class Calls:
    """What can be called with the types of VALUES, and random calls of it."""

    def __init__(self, wire, only):
        self.calls = []
        for kind, source in SOURCES.items():
            for row in wire.query(source).rows:
                name, _, types, set_returning, variadic = (value and value.decode() for value in row)
                types = parts(types)
                if any(kind_of not in VALUES and kind_of not in FAMILIES[0] for kind_of in types) or (only and name != only):
                    continue
                self.calls.append((kind, name, types, set_returning == "t", variadic == "t"))

    def value(self, dice, kind):
        if kind != "record" and dice.randrange(12) == 0:
            return f"null::{self.spelled(kind)}"
        value = dice.choice(VALUES[kind])
        if kind == "record":
            return value
        quoted = "'" + value.replace("'", "''") + "'"
        return f"{quoted}::{self.spelled(kind)}"

    @staticmethod
    def spelled(kind):
        if kind == "char":
            return '"char"'
        return kind[1:] + "[]" if kind.startswith("_") else kind

    def call(self, seed):
        """(what is called, statement)"""
        dice = random.Random(seed)
        kind, name, types, set_returning, variadic = dice.choice(self.calls)
        family = dice.choice([family for family in FAMILIES if all(one in VALUES or one in family for one in types)] or [None])
        if family is None:
            return None
        own = [one if one in VALUES else family[one] for one in types]
        label = f"{kind} {name}({', '.join(types)})"
        values = [self.value(dice, one) for one in own]
        if kind == "operator":
            return label, f"select {values[0]} operator(pg_catalog.{name}) {values[1]}" if len(values) == 2 \
                else f"select operator(pg_catalog.{name}) {values[0]}"
        if kind == "cast":
            return f"cast {types[0]} as {name}", f"select cast({values[0]} as {name})"
        if kind == "aggregate":
            rows = [", ".join(self.value(dice, one) for one in own) for _ in range(dice.randrange(1, 5))]
            names = [f"a{at}" for at in range(len(own))]
            if not own:
                return label, f'select "{name}"(*) from (values (1), (2)) v(x)'
            return label, f'select "{name}"({", ".join(names)}) from (values {", ".join(f"({row})" for row in rows)}) v({", ".join(names)})'
        if variadic and values:
            values[-1] = "variadic " + values[-1]
        call = f'pg_catalog."{name}"({", ".join(values)})'
        return label, f"select * from {call}" if set_returning else f"select {call}"


def answer(wire, statement):
    result = wire.ask(query(statement))
    if result.error:
        return "error", result.error.sqlstate, result.error.message
    return "rows", [column.type for column in result.columns], result.rows


def difference(ours, theirs):
    """Its kind; None when there is none."""
    if ours == theirs:
        return None
    if ours[0] == theirs[0] == "rows":
        return "other type" if ours[1] != theirs[1] else "other value"
    if ours[0] == "error":
        return "other error" if theirs[0] == "error" else "error instead of a value"
    return "value instead of an error"


def connect(server):
    wire = server.connect(timeout=60)
    for setting in ("statement_timeout = 10000", "timezone = 'Europe/Warsaw'", "client_min_messages = error"):
        wire.query(f"set {setting}")
    return wire


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=5000, help="how many")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--only", help="calls of this name")
    parser.add_argument("--missing", action="store_true", help="name what is not there, and stop")
    parser.add_argument("--show", type=int, default=1, help="how many calls of each difference")
    parser.add_argument("--port", type=int, help="of a running Troupe, instead of one of its own")
    parser.add_argument("--peer-port", type=int, help="of a running PostgreSQL")
    options = parser.parse_args()
    ours = RunningServer("127.0.0.1", options.port) if options.port else TroupeServer()
    theirs = RunningServer("127.0.0.1", options.peer_port) if options.peer_port else PostgresServer({"fsync": "off"})
    found, refused = collections.defaultdict(list), collections.Counter()
    with ours, theirs:
        us, them = connect(ours), connect(theirs)
        calls = Calls(them, options.only)
        for seed in range(options.first, options.first + options.calls):
            called = calls.call(seed)
            if called is None:
                continue
            label, statement = called
            expected = answer(them, statement)
            try:
                mine = answer(us, statement)
            except (OSError, EOFError) as lost:
                found[label, f"connection lost: {lost}"].append(statement)
                us = connect(ours)
                continue
            if mine[0] == "error" and mine[1] in ("0A000", "42883", "42704") and expected[:2] != mine[:2]:
                refused[label] += 1
                continue
            kind = difference(mine, expected)
            if kind:
                found[label, kind].append((statement, mine[1:], expected[1:]))
    if options.missing:
        print("\n".join(sorted(refused)))
        return 0
    for (label, kind), cases in sorted(found.items(), key=lambda item: item[0]):
        print(f"{len(cases)} times {kind}: {label}")
        for case in cases[:options.show]:
            print("   ", *case if isinstance(case, tuple) else (case,), sep="\n    ")
    print(f"{options.calls} calls, {sum(map(len, found.values()))} differences in {len(found)}, "
          f"{refused.total()} refused of {len(refused)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
