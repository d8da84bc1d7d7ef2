#!/usr/bin/python3
"""Does a server keep to PostgreSQL's wire protocol, byte by byte? Every expectation here was proved against PostgreSQL 15
(`--server postgres`).

    wire_test.py --server troupe          starts one and tests it
    wire_test.py --port 5432 [--host H]   tests one that runs
"""
import argparse
import os
import struct
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire as pg  # noqa: E402
import servers  # noqa: E402

TESTS = []
INT4, TEXT = 23, 25


def test(function):
    TESTS.append(function)
    return function


def expect(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what or 'got'}: {got!r}, expected {wanted!r}")


def expect_error(result, sqlstate, message=None):
    if not result.error:
        raise AssertionError(f"no error, expected {sqlstate}")
    expect(result.error.sqlstate, sqlstate, str(result.error))
    if message is not None:
        expect(result.error.message, message)


class Context:
    """Connections to the server under test."""

    def __init__(self, server):
        self.server = server

    def wire(self):
        return self.server.connect()

    def raw(self):
        return pg.Wire.connect(getattr(self.server, "host", "127.0.0.1"), self.server.port)


# Start of a connection.

@test
def startup_reports_parameters_and_a_key(context):
    with context.wire() as wire:
        for name in ("server_version", "server_encoding", "client_encoding", "DateStyle", "TimeZone",
                     "integer_datetimes", "standard_conforming_strings", "IntervalStyle", "is_superuser",
                     "session_authorization", "application_name", "default_transaction_read_only", "in_hot_standby"):
            if name not in wire.parameters:
                raise AssertionError(f"ParameterStatus {name} is missing")
        expect(wire.parameters["client_encoding"], "UTF8")
        if not wire.process_id:
            raise AssertionError("no BackendKeyData")


@test
def startup_takes_settings(context):
    with context.raw() as wire:
        wire.startup(context.server.user, context.server.database, application_name="wire test")
        expect(wire.parameters["application_name"], "wire test")
        expect(wire.query("SHOW application_name").rows, [[b"wire test"]])


@test
def encryption_requests_are_answered_with_one_byte(context):
    with context.raw() as wire:
        if wire.request_encryption(pg.GSSENC_REQUEST) not in "NG":
            raise AssertionError("the answer to a GSSENCRequest is neither N nor G")
    with context.raw() as wire:
        if wire.request_encryption(pg.SSL_REQUEST) == "N":
            wire.startup(context.server.user, context.server.database)
            expect(wire.query("SELECT 1").rows, [[b"1"]])


@test
def what_comes_right_behind_an_encryption_request_is_not_taken_for_the_startup(context):
    with context.raw() as wire:
        wire.send_raw(struct.pack("!II", 8, pg.SSL_REQUEST) + wire.startup_packet(user="postgres", database="postgres"))
        expect(wire.sock.recv(1) in (b"N", b"S"), True)
        kind, body = wire.receive()
        expect(kind, "E")
        fields = pg.error_fields(body)
        expect((fields["S"], fields["C"], fields["M"]),
               ("FATAL", "08P01", "received unencrypted data after SSL request"))


def startup_refusal(context, packet):
    with context.raw() as wire:
        wire.send_raw(packet)
        result = wire.result()
        if not wire.at_eof():
            raise AssertionError("the connection stays open")
        return result


@test
def an_unknown_major_version_is_refused(context):
    result = startup_refusal(context, struct.pack("!II", 8, 4 << 16))
    expect_error(result, "0A000", "unsupported frontend protocol 4.0: server supports 3.0 to 3.0")
    expect(result.error.severity, "FATAL")


@test
def a_newer_minor_version_is_negotiated(context):
    with context.raw() as wire:
        parameters = {"user": context.server.user, "database": context.server.database, "_pq_.unknown": "1"}
        wire.send_raw(wire.startup_packet((3 << 16) | 2, **parameters))
        kind, body = wire.receive()
        expect(kind, "v")
        # PostgreSQL says its newest whole version here.
        expect(struct.unpack("!II", body[:8]), (3 << 16, 1))
        expect(body[8:], b"_pq_.unknown\0")
        wire.result()
        expect(wire.query("SELECT 1").rows, [[b"1"]])


@test
def a_startup_packet_without_user_is_refused(context):
    packet = struct.pack("!II", 9, pg.PROTOCOL_3_0) + b"\0"
    expect_error(startup_refusal(context, packet), "28000", "no PostgreSQL user name specified in startup packet")


@test
def a_startup_packet_without_terminator_is_refused(context):
    body = struct.pack("!I", pg.PROTOCOL_3_0) + b"user\0me\0"
    expect_error(startup_refusal(context, struct.pack("!I", len(body) + 4) + body), "08P01",
                 "invalid startup packet layout: expected terminator as last byte")


@test
def nonsense_instead_of_a_startup_closes_the_connection(context):
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\0", b"\xff" * 64, struct.pack("!I", 10_005)):
        with context.raw() as wire:
            wire.send_raw(nonsense)
            if not wire.at_eof():
                raise AssertionError(f"after {nonsense!r} the connection stays open")


# Simple queries.

@test
def a_simple_query_has_description_rows_and_tag(context):
    with context.wire() as wire:
        result = wire.query("SELECT 1 AS one, 'x'::text AS t, NULL::int4 AS n")
        expect(result.types, "TDCZ")
        expect([(c.name, c.type, c.length, c.format) for c in result.columns],
               [("one", INT4, 4, 0), ("t", TEXT, -1, 0), ("n", INT4, 4, 0)])
        expect(result.rows, [[b"1", b"x", None]])
        expect(result.tags, ["SELECT 1"])
        expect(result.status, "I")


@test
def an_empty_query_is_answered(context):
    with context.wire() as wire:
        for sql in ("", "  ", ";", "-- nothing"):
            expect(wire.query(sql).types, "IZ", repr(sql))


@test
def many_statements_run_in_one_implicit_transaction(context):
    with context.wire() as wire:
        result = wire.ask(pg.query("SELECT 1; SELECT 2; SELECT 3"))
        expect(result.types, "TDCTDCTDCZ")
        wire.query("DROP TABLE IF EXISTS wire_multi")
        wire.query("CREATE TABLE wire_multi (a int4)")
        result = wire.ask(pg.query("INSERT INTO wire_multi VALUES (1); SELECT 1/0; INSERT INTO wire_multi VALUES (2)"))
        expect(result.types, "CEZ")
        expect_error(result, "22012")
        expect(wire.query("SELECT count(*) FROM wire_multi").rows, [[b"0"]])
        wire.query("DROP TABLE wire_multi")


@test
def transaction_status_is_reported(context):
    with context.wire() as wire:
        expect(wire.query("BEGIN").status, "T")
        expect(wire.query("SELECT 1").status, "T")
        expect(wire.ask(pg.query("SELECT 1/0")).status, "E")
        result = wire.ask(pg.query("SELECT 1"))
        expect_error(result, "25P02")
        expect(result.status, "E")
        result = wire.query("COMMIT")
        expect((result.tags, result.status), (["ROLLBACK"], "I"))


@test
def tags_count_rows(context):
    with context.wire() as wire:
        wire.query("DROP TABLE IF EXISTS wire_tags")
        for sql, tag in (("CREATE TABLE wire_tags (a int4)", "CREATE TABLE"),
                         ("INSERT INTO wire_tags VALUES (1), (2), (3)", "INSERT 0 3"),
                         ("UPDATE wire_tags SET a = a + 1 WHERE a > 1", "UPDATE 2"),
                         ("DELETE FROM wire_tags WHERE a = 1", "DELETE 1"),
                         ("SELECT * FROM wire_tags", "SELECT 2"), ("BEGIN", "BEGIN"), ("COMMIT", "COMMIT"),
                         ("DROP TABLE wire_tags", "DROP TABLE")):
            expect(wire.query(sql).tags, [tag], sql)


@test
def a_syntax_error_has_a_position(context):
    with context.wire() as wire:
        result = wire.ask(pg.query("SELEC 1"))
        expect_error(result, "42601", 'syntax error at or near "SELEC"')
        expect(result.error.fields["P"], "1")
        expect(result.error.fields["S"], "ERROR")


# Extended queries.

@test
def an_unnamed_statement_is_parsed_bound_and_run(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT $1::int4 + 1 AS sum"), pg.bind(["41"]), pg.describe("P"), pg.execute(),
                          pg.SYNC)
        expect(result.types, "12TDCZ")
        expect(result.rows, [[b"42"]])
        expect(result.columns[0].name, "sum")


@test
def a_named_statement_is_described_and_run_again(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT $1::int4, $2::text", "s1"), pg.describe("S", "s1"), pg.SYNC)
        expect(result.types, "1tTZ")
        expect(result.parameter_types, [INT4, TEXT])
        for value in ("1", "2"):
            result = wire.ask(pg.bind([value, "x"], statement="s1"), pg.execute(), pg.SYNC)
            expect((result.types, result.rows), ("2DCZ", [[value.encode(), b"x"]]))
        expect_error(wire.ask(pg.parse("SELECT 1", "s1"), pg.SYNC), "42P05")
        expect(wire.ask(pg.close("S", "s1"), pg.close("S", "never was"), pg.SYNC).types, "33Z")
        expect_error(wire.ask(pg.bind(statement="s1"), pg.SYNC), "26000")


@test
def statements_without_rows_are_described_as_such(context):
    with context.wire() as wire:
        expect(wire.ask(pg.parse("BEGIN"), pg.describe("S"), pg.bind(), pg.describe("P"), pg.execute(), pg.SYNC).types,
               "1tn2nCZ")
        wire.query("ROLLBACK")
        expect(wire.ask(pg.parse(""), pg.bind(), pg.execute(), pg.SYNC).types, "12IZ")


@test
def parameter_types_may_be_given(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT $1", "", [INT4]), pg.describe("S"), pg.SYNC)
        expect(result.parameter_types, [INT4])
        expect(result.columns[0].type, INT4)


@test
def a_parameter_type_that_does_not_exist_is_refused(context):
    with context.wire() as wire:
        for sql in ("SELECT $1::text", "SELECT $1"):
            for oid in (999999, 4294967295):
                result = wire.ask(pg.parse(sql, "", [oid]), pg.describe("S"), pg.SYNC)
                if not result.error:
                    raise AssertionError(f"{sql} with a parameter of type {oid} is no error")
        expect(wire.query("SELECT 1").rows, [[b"1"]])


@test
def a_portal_that_has_ended_does_nothing_when_run_again(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT 1"), pg.bind(), pg.execute(), pg.execute(), pg.SYNC)
        expect((result.rows, result.tags), ([[b"1"]], ["SELECT 1", "SELECT 0"]))
        wire.query("CREATE TABLE once (a int)")
        result = wire.ask(pg.parse("INSERT INTO once VALUES (1)"), pg.bind(), pg.execute(), pg.execute(), pg.SYNC)
        expect_error(result, "55000")
        expect(wire.query("SELECT count(*) FROM once").rows, [[b"0"]])
        wire.query("DROP TABLE once")


@test
def a_portal_run_again_counts_the_rows_of_that_run(context):
    with context.wire() as wire:
        wire.query("CREATE TABLE again (a int); INSERT INTO again VALUES (1), (2), (3)")
        for sql, limit, tags in (("DELETE FROM again RETURNING a", 0, ["DELETE 3", "DELETE 0"]),
                                 ("UPDATE again SET a = 1 RETURNING a", 0, ["UPDATE 3", "UPDATE 0"]),
                                 ("INSERT INTO again VALUES (7), (8), (9) RETURNING a", 2, ["INSERT 0 1"]),
                                 ("SELECT a FROM again", 2, ["SELECT 1"])):
            wire.query("BEGIN")
            result = wire.ask(pg.parse(sql), pg.bind(portal="p"), pg.execute("p", limit), pg.execute("p", limit), pg.SYNC)
            wire.query("ROLLBACK")
            expect((len(result.rows), result.tags), (3, tags), sql)
        wire.query("DROP TABLE again")


@test
def a_malformed_sync_is_answered(context):
    with context.wire() as wire:
        for before in ((), (pg.parse("SELECT nonsense"),)):
            result = wire.ask(*before, (b"S", b"abc"))
            expect((result.errors[-1].sqlstate, result.status), ("08P01", "I"))
            expect(wire.query("SELECT 1").rows, [[b"1"]])


@test
def binary_parameters_that_are_no_values_are_refused(context):
    with context.wire() as wire:
        for kind, value, sqlstate in (
                ("text", b"\xff\xfe", "22021"), ("varchar", b"a\0b", "22021"), ("json", b"\xff", "22021"),
                ("name", b"n" * 64, "42622"), ("jsonb", b"\2{}", "XX000"),
                ("date", b"\x7f\xff\xff\xfe", "22008"), ("time", b"\x7f" * 8, "22008"),
                ("time", struct.pack("!q", 86400000001), "22008"), ("timetz", struct.pack("!qi", -1, 0), "22008"),
                ("timetz", struct.pack("!qi", 0, 57600), "22009"), ("timestamp", b"\x7f" * 8, None),
                ("timestamptz", b"\x7f" + b"\xff" * 6 + b"\xfe", "22008"), ("uuid", b"short", "08P01"),
                ("interval", b"\0" * 17, "22P03"), ("bool", b"\2", None), ("float8", b"\x7f\xf8" + b"\0" * 6, None),
                ("numeric", struct.pack("!HhHHH", 1, 0, 0x1234, 0, 1), "22P03"),
                ("numeric", struct.pack("!HhHHH", 1, 0, 0, 0x4000, 1), "22P03"),
                ("numeric", struct.pack("!HhHHH", 1, 0, 0, 0, 10000), "22P03"),
                ("numeric", struct.pack("!HhHHH", 1, 0, 0xC000, 0, 1), None),
                ("varbit", struct.pack("!i", -1), "22P03"), ("int4[]", struct.pack("!iiI", -1, 0, 23), "22P03"),
                ("int4[]", struct.pack("!iiI", 7, 0, 23), "54000"), ("int4[]", struct.pack("!iiI", 0, 2, 23), "22P03"),
                ("int4[]", struct.pack("!iiI", 0, 0, 25), "42804"),
                ("int4[]", struct.pack("!iiIiiii", 1, 0, 23, 1, 1, 5, 7), "22P03"),
                ("int4[]", struct.pack("!iiIiiiib", 1, 0, 23, 1, 1, 5, 7, 0), "22P03"),
                ("int4[]", struct.pack("!iiIiiii", 1, 0, 23, 1, 2147483647, 4, 7), "54000"),
                ("text[]", struct.pack("!iiIiiiB", 1, 0, 25, 1, 1, 1, 255), "22021")):
            result = wire.ask(pg.parse(f"SELECT $1::{kind}"), pg.bind([value], formats=[1]), pg.execute(), pg.SYNC)
            if sqlstate != "XX000" or result.error is None:
                expect(result.error.sqlstate if result.error else None, sqlstate, f"{kind} {value!r}")


@test
def a_plan_whose_result_type_changed_names_the_routine_that_drivers_look_for(context):
    with context.wire() as wire:
        wire.query("CREATE TABLE widened (a int)")
        wire.ask(pg.parse("SELECT * FROM widened", "s"), pg.bind(statement="s"), pg.execute(), pg.SYNC)
        wire.query("ALTER TABLE widened ADD COLUMN b int")
        result = wire.ask(pg.bind(statement="s"), pg.execute(), pg.SYNC)
        expect_error(result, "0A000", "cached plan must not change result type")
        expect(result.error.fields.get("R"), "RevalidateCachedQuery")
        wire.query("DROP TABLE widened")


@test
def a_void_parameter_is_no_argument(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT * FROM length($1, $2) AS result", "", [2278, 1043]),
                          pg.bind([None, "four"]), pg.execute(), pg.SYNC)
        expect(result.rows, [[b"4"]])


@test
def columns_tell_which_table_they_come_from(context):
    with context.wire() as wire:
        wire.query("CREATE TABLE origin_a (id int, v text); CREATE TABLE origin_b (id int, w text);"
                   "CREATE VIEW origin_v AS SELECT v, id FROM origin_a")
        oids = {name: int(wire.query(f"SELECT '{name}'::regclass::oid").rows[0][0])
                for name in ("origin_a", "origin_b", "origin_v", "pg_type")}
        a, b, v = oids["origin_a"], oids["origin_b"], oids["origin_v"]
        none = (0, 0)
        for sql, origins in (
                ("SELECT w, a.v, a.id + 1, b.id FROM origin_a a JOIN origin_b b ON a.id = b.id",
                 [(b, 2), (a, 2), none, (b, 1)]),
                ("SELECT * FROM origin_a JOIN origin_b USING (id)", [(a, 1), (a, 2), (b, 2)]),
                ("SELECT * FROM origin_a FULL JOIN origin_b USING (id)", [none, (a, 2), (b, 2)]),
                ("SELECT j.* FROM (origin_a a LEFT JOIN origin_b b ON true) j", [(a, 1), (a, 2), (b, 1), (b, 2)]),
                ("SELECT q.y, q.x FROM (SELECT id AS x, v AS y, 1 FROM origin_a) q", [(a, 2), (a, 1)]),
                ("WITH c AS (SELECT w FROM origin_b) SELECT w, upper(w) FROM c", [(b, 2), none]),
                ("WITH RECURSIVE r AS (SELECT id FROM origin_a UNION ALL SELECT id + 1 FROM r WHERE id < 3) "
                 "SELECT id FROM r", [none]),
                ("SELECT * FROM origin_v", [(v, 1), (v, 2)]),
                ("SELECT v FROM (SELECT * FROM origin_v) q", [(v, 1)]),
                ("SELECT id FROM origin_a UNION SELECT id FROM origin_b", [none]),
                ("SELECT id, count(*) FROM origin_a GROUP BY id", [(a, 1), none]),
                ("SELECT l.x FROM origin_a, LATERAL (SELECT origin_a.v AS x) l", [(a, 2)]),
                ("SELECT typname FROM pg_type", [(oids["pg_type"], 2)])):
            columns = wire.ask(pg.parse(sql), pg.describe("S"), pg.SYNC).columns
            expect([(column.table, column.attribute) for column in columns], origins, sql)
        wire.query("DROP VIEW origin_v; DROP TABLE origin_a, origin_b")


@test
def a_failed_transaction_describes_no_rows(context):
    with context.wire() as wire:
        wire.ask(pg.parse("SELECT 1", "rows"), pg.parse("ROLLBACK", "end"), pg.SYNC)
        wire.query("BEGIN")
        expect_error(wire.ask(pg.parse("SELECT no_such_column"), pg.SYNC), "42703")
        expect_error(wire.ask(pg.describe("S", "rows"), pg.SYNC), "25P02")
        expect(wire.ask(pg.describe("S", "end"), pg.SYNC).types, "tnZ")
        wire.query("ROLLBACK")


@test
def values_go_both_ways_in_binary(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT $1::int4, $2::int8, $3::text, $4::bool, $5::float8"),
                          pg.bind([struct.pack("!i", -7), struct.pack("!q", 1 << 40), b"x", b"\1",
                                   struct.pack("!d", 1.5)], formats=[1], result_formats=[1]),
                          pg.describe("P"), pg.execute(), pg.SYNC)
        expect(result.rows, [[struct.pack("!i", -7), struct.pack("!q", 1 << 40), b"x", b"\1", struct.pack("!d", 1.5)]])
        expect([c.format for c in result.columns], [1] * 5)


@test
def formats_may_differ_by_column(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT $1::int4, $2::int4"),
                          pg.bind(["7", struct.pack("!i", 8)], formats=[0, 1], result_formats=[1, 0]), pg.execute(),
                          pg.SYNC)
        expect(result.rows, [[struct.pack("!i", 7), b"8"]])
        result = wire.ask(pg.parse("SELECT 1, 2"), pg.bind(result_formats=[1, 0, 1]), pg.execute(), pg.SYNC)
        expect_error(result, "08P01", "bind message has 3 result formats but query has 2 columns")
        result = wire.ask(pg.parse("SELECT 1"), pg.bind(result_formats=[7]), pg.execute(), pg.SYNC)
        expect_error(result, "22023", "unsupported format code: 7")


@test
def a_portal_gives_its_rows_in_parts(context):
    with context.wire() as wire:
        wire.query("BEGIN")
        parts = wire.ask(pg.parse("SELECT * FROM (VALUES (1), (2), (3), (4), (5)) v(a)"), pg.bind(portal="p"),
                         pg.execute("p", 2), pg.SYNC)
        expect((parts.types, parts.rows), ("12DDsZ", [[b"1"], [b"2"]]))
        parts = wire.ask(pg.execute("p", 2), pg.execute("p", 2), pg.SYNC)
        expect((parts.types, parts.rows), ("DDsDCZ", [[b"3"], [b"4"], [b"5"]]))
        expect(parts.tags, ["SELECT 1"])
        wire.query("COMMIT")
        expect_error(wire.ask(pg.execute("p"), pg.SYNC), "34000")


@test
def a_portal_ends_with_its_transaction(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT 1"), pg.bind(portal="p"), pg.SYNC)
        expect(result.types, "12Z")
        expect_error(wire.ask(pg.execute("p"), pg.SYNC), "34000", 'portal "p" does not exist')


@test
def execute_and_fetch_read_a_portal_in_turn(context):
    rows = "SELECT i FROM generate_series(1, 20) i"
    with context.wire() as wire:
        for kind in ("CURSOR", "NO SCROLL CURSOR", "SCROLL CURSOR", "CURSOR WITH HOLD"):
            wire.query("BEGIN")
            wire.query(f"DECLARE c {kind} FOR {rows}")
            part = wire.ask(pg.execute("c", 3), pg.SYNC)
            expect((part.types, part.rows), ("DDDsZ", [[b"1"], [b"2"], [b"3"]]), kind)
            part = wire.query("FETCH 1 FROM c")
            expect((part.rows, part.tags), ([[b"4"]], ["FETCH 1"]), kind)
            expect(wire.ask(pg.execute("c", 2), pg.SYNC).rows, [[b"5"], [b"6"]], kind)
            expect(wire.query("MOVE FORWARD 11 FROM c").tags, ["MOVE 11"], kind)
            part = wire.ask(pg.execute("c"), pg.SYNC)
            expect((part.rows, part.tags), ([[b"18"], [b"19"], [b"20"]], ["SELECT 3"]), kind)
            expect(wire.query("FETCH 1 FROM c").tags, ["FETCH 0"], kind)
            expect(wire.ask(pg.execute("c", 1), pg.SYNC).tags, ["SELECT 0"], kind)
            wire.query("COMMIT")
            wire.query("CLOSE ALL")


@test
def execute_reads_on_where_a_cursor_was_moved_back_to(context):
    with context.wire() as wire:
        wire.query("BEGIN")
        wire.query("DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT i FROM generate_series(1, 5) i")
        expect(wire.ask(pg.execute("c"), pg.SYNC).tags, ["SELECT 5"])
        expect(wire.query("MOVE ABSOLUTE 1 IN c").tags, ["MOVE 1"])
        wire.query("COMMIT")
        part = wire.ask(pg.execute("c", 2), pg.SYNC)
        expect((part.types, part.rows), ("DDsZ", [[b"2"], [b"3"]]))
        expect(wire.query("FETCH PRIOR FROM c").rows, [[b"2"]])
        expect(wire.ask(pg.execute("c"), pg.SYNC).rows, [[b"3"], [b"4"], [b"5"]])
        wire.query("CLOSE c")


@test
def fetch_reads_a_portal_that_bind_made(context):
    with context.wire() as wire:
        wire.query("CREATE TABLE taken (a int)")
        wire.query("BEGIN")
        wire.ask(pg.parse("SELECT i FROM generate_series(1, 20) i"), pg.bind(portal="p"), pg.execute("p", 3), pg.SYNC)
        expect(wire.query("MOVE FORWARD 4 p").tags, ["MOVE 4"])
        part = wire.ask(pg.execute("p", 2), pg.SYNC)
        expect((part.types, part.rows), ("DDsZ", [[b"8"], [b"9"]]))
        # Not begun by an Execute; nor is it run twice when FETCH came to its end.
        wire.ask(pg.parse("INSERT INTO taken VALUES (1), (2), (3) RETURNING a"), pg.bind(portal="q"), pg.SYNC)
        expect(wire.query("FETCH 2 FROM q").rows, [[b"1"], [b"2"]])
        expect(wire.query("FETCH 2 FROM q").rows, [[b"3"]])
        expect(wire.ask(pg.execute("q"), pg.SYNC).rows, [])
        expect(wire.query("SELECT count(*) FROM taken").rows, [[b"3"]])
        wire.ask(pg.parse("SELECT 7"), pg.bind(portal="r"), pg.execute("r"), pg.SYNC)
        expect(wire.query("FETCH 1 FROM r").tags, ["FETCH 0"])
        wire.query("ROLLBACK; DROP TABLE taken")


@test
def a_named_portal_may_not_be_bound_twice(context):
    with context.wire() as wire:
        expect_error(wire.ask(pg.parse("SELECT 1"), pg.bind(portal="p"), pg.bind(portal="p"), pg.SYNC), "42P03")


@test
def messages_may_be_pipelined(context):
    with context.wire() as wire:
        one = (pg.bind(["5"]), pg.execute())
        wire.send(pg.parse("SELECT $1::int4 * 2"), *one, *one, *one, pg.SYNC, pg.query("SELECT 9"), *one, pg.SYNC)
        expect(wire.result().types, "12DC2DC2DCZ")
        expect(wire.result().rows, [[b"9"]])
        # A simple query drops the unnamed statement.
        expect_error(wire.result(), "26000")


@test
def an_error_in_a_pipeline_skips_to_sync(context):
    with context.wire() as wire:
        wire.send(pg.parse("SELECT 1/$1::int4", "s"), pg.bind(["0"], statement="s"), pg.execute(),
                  pg.bind(["1"], statement="s"), pg.execute(), pg.parse("SELECT 1"), pg.SYNC,
                  pg.bind(["1"], statement="s"), pg.execute(), pg.SYNC)
        result = wire.result()
        if result.types not in ("12EZ", "1EZ"):  # a planner may compute constants when it binds
            raise AssertionError(f"got {result.types}")
        expect_error(result, "22012")
        expect(wire.result().types, "2DCZ")


@test
def a_pipeline_is_one_transaction(context):
    with context.wire() as wire:
        wire.query("DROP TABLE IF EXISTS wire_pipeline")
        wire.query("CREATE TABLE wire_pipeline (a int4)")
        result = wire.ask(pg.parse("INSERT INTO wire_pipeline VALUES (1)"), pg.bind(), pg.execute(),
                          pg.parse("SELECT 1/0"), pg.bind(), pg.execute(), pg.SYNC)
        expect_error(result, "22012")
        expect(wire.query("SELECT count(*) FROM wire_pipeline").rows, [[b"0"]])
        wire.query("DROP TABLE wire_pipeline")


@test
def flush_brings_answers_without_sync(context):
    with context.wire() as wire:
        wire.send(pg.parse("SELECT 1"), pg.FLUSH)
        expect(wire.receive()[0], "1")
        wire.send(pg.bind(), pg.execute(), pg.FLUSH)
        expect([wire.receive()[0] for _ in range(3)], ["2", "D", "C"])
        expect(wire.ask(pg.SYNC).types, "Z")


@test
def a_wrong_number_of_parameters_is_refused(context):
    with context.wire() as wire:
        result = wire.ask(pg.parse("SELECT $1::int4"), pg.bind(), pg.SYNC)
        expect_error(result, "08P01", 'bind message supplies 0 parameters, but prepared statement "" requires 1')
        result = wire.ask(pg.parse("SELECT $1::int4"), pg.bind(["1"], formats=[0, 0]), pg.SYNC)
        expect_error(result, "08P01", "bind message has 2 parameter formats but 1 parameters")


@test
def several_commands_in_a_statement_are_refused(context):
    with context.wire() as wire:
        expect_error(wire.ask(pg.parse("SELECT 1; SELECT 2"), pg.SYNC), "42601",
                     "cannot insert multiple commands into a prepared statement")


# Cancelling.

@test
def a_running_statement_is_cancelled_by_its_key(context):
    with context.wire() as wire:
        wire.send(pg.query("SELECT pg_sleep(30)"))
        time.sleep(0.2)
        begin = time.monotonic()
        wire.cancel(getattr(context.server, "host", "127.0.0.1"), context.server.port)
        expect_error(wire.result(), "57014", "canceling statement due to user request")
        if time.monotonic() - begin > 2:
            raise AssertionError("cancelling took more than 2 s")
        expect(wire.query("SELECT 1").rows, [[b"1"]])


@test
def a_wrong_key_cancels_nothing(context):
    with context.wire() as wire:
        wire.secret_key ^= 0x55
        wire.send(pg.query("SELECT pg_sleep(0.5), 1"))
        wire.cancel(getattr(context.server, "host", "127.0.0.1"), context.server.port)
        expect(wire.result().error, None)


# COPY.

def copy_table(wire):
    wire.query("DROP TABLE IF EXISTS wire_copy")
    wire.query("CREATE TABLE wire_copy (a int4, b text)")


@test
def copy_in_takes_pieces_of_any_size(context):
    with context.wire() as wire:
        copy_table(wire)
        expect(wire.ask(pg.query("COPY wire_copy FROM STDIN"), until="G").types, "G")
        data = b"1\tone\n2\t\\N\n3\tthr\\tee\n"
        wire.send(*[pg.copy_data(data[at:at + 3]) for at in range(0, len(data), 3)], pg.COPY_DONE)
        expect(wire.result().tags, ["COPY 3"])
        expect(wire.query("SELECT b FROM wire_copy ORDER BY a").rows, [[b"one"], [None], [b"thr\tee"]])


@test
def copy_out_gives_a_message_for_each_row(context):
    with context.wire() as wire:
        copy_table(wire)
        wire.query("INSERT INTO wire_copy VALUES (1, 'one'), (2, NULL)")
        result = wire.query("COPY (SELECT * FROM wire_copy ORDER BY a) TO STDOUT")
        expect(result.types, "HddcCZ")
        expect(result.copied, b"1\tone\n2\t\\N\n")
        expect(result.tags, ["COPY 2"])
        result = wire.query("COPY (SELECT * FROM wire_copy ORDER BY a) TO STDOUT WITH (FORMAT csv, HEADER)")
        expect(result.copied, b"a,b\n1,one\n2,\n")


@test
def copy_in_fails_when_the_client_says_so(context):
    with context.wire() as wire:
        copy_table(wire)
        wire.ask(pg.query("COPY wire_copy FROM STDIN"), until="G")
        wire.send(pg.copy_data(b"1\tone\n"), pg.copy_fail("changed my mind"))
        expect_error(wire.result(), "57014", "COPY from stdin failed: changed my mind")
        expect(wire.query("SELECT count(*) FROM wire_copy").rows, [[b"0"]])


@test
def copy_in_tells_the_line_that_is_wrong(context):
    with context.wire() as wire:
        copy_table(wire)
        wire.ask(pg.query("COPY wire_copy FROM STDIN"), until="G")
        wire.send(pg.copy_data(b"1\tone\nx\ttwo\n"), pg.COPY_DONE)
        result = wire.result()
        expect_error(result, "22P02", 'invalid input syntax for type integer: "x"')
        expect(result.error.fields["W"], 'COPY wire_copy, line 2, column a: "x"')
        wire.ask(pg.query("COPY wire_copy FROM STDIN"), until="G")
        wire.send(pg.copy_data(b"1\n"), pg.COPY_DONE)
        result = wire.result()
        expect_error(result, "22P04", 'missing data for column "b"')
        expect(result.error.fields["W"], 'COPY wire_copy, line 1: "1"')


@test
def copy_works_in_the_extended_protocol(context):
    with context.wire() as wire:
        copy_table(wire)
        wire.send(pg.parse("COPY wire_copy FROM STDIN"), pg.bind(), pg.execute(), pg.copy_data(b"1\tx\n"),
                  pg.COPY_DONE, pg.SYNC)
        expect(wire.result().types, "12GCZ")
        # A Sync in the middle of the data is ignored there.
        wire.send(pg.parse("COPY wire_copy FROM STDIN"), pg.bind(), pg.execute(), pg.SYNC, pg.copy_data(b"2\ty\n"),
                  pg.COPY_DONE, pg.SYNC)
        expect(wire.result().types, "12GCZ")
        wire.query("DROP TABLE wire_copy")


@test
def copy_messages_outside_copy_are_ignored(context):
    with context.wire() as wire:
        wire.send(pg.copy_data(b"stray"), pg.COPY_DONE, pg.copy_fail("stray"))
        expect(wire.query("SELECT 1").types, "TDCZ")


# What no client should send.

def survives(context, bystander, messages_or_bytes, sqlstate, severity, message=None, synced=False):
    """Sends it on a connection of its own; the bystander must not notice."""
    with context.wire() as wire:
        if isinstance(messages_or_bytes, bytes):
            wire.send_raw(messages_or_bytes)
        else:
            wire.send(*messages_or_bytes)
        if severity == "ERROR":
            if not synced:
                wire.send(pg.SYNC)
            expect_error(wire.result(), sqlstate, message)
            expect(wire.query("SELECT 1").rows, [[b"1"]])
        elif severity == "FATAL":
            expect_error(wire.result(), sqlstate, message)
            if not wire.at_eof():
                raise AssertionError("the connection stays open")
        elif not wire.at_eof():
            raise AssertionError("the connection stays open")
    expect(bystander.query("SELECT 1").rows, [[b"1"]])


@test
def an_unknown_message_type_is_fatal(context):
    with context.wire() as bystander:
        survives(context, bystander, b"y\0\0\0\4", "08P01", "FATAL", "invalid frontend message type 121")


@test
def an_impossible_length_closes_the_connection(context):
    with context.wire() as bystander:
        for head in (b"Q\0\0\0\0", b"Q\0\0\0\3", b"Q\xff\xff\xff\xff", b"Q\x7f\xff\xff\xff", b"S\0\1\0\0"):
            survives(context, bystander, head, "08P01", "CLOSED")


@test
def a_huge_announced_length_costs_nothing(context):
    with context.wire() as bystander:
        wires = [context.wire() for _ in range(20)]
        for wire in wires:
            wire.send_raw(b"Q" + struct.pack("!I", 900_000_000) + b"SELECT")
        expect(bystander.query("SELECT 1").rows, [[b"1"]])
        for wire in wires:
            wire.close()
        expect(bystander.query("SELECT 1").rows, [[b"1"]])


@test
def a_message_that_is_wrong_inside_is_an_error(context):
    with context.wire() as bystander:
        cut_bind = b"\0\0" + struct.pack("!HHi", 0, 1, 100) + b"short"
        negative = b"\0\0" + struct.pack("!HHi", 0, 1, -5) + struct.pack("!H", 0)
        for message, text in (((b"P", b"no end"), "invalid string in message"),
                              ((b"P", b"\0SELECT 1\0\0\5"), "insufficient data left in message"),
                              ((b"B", cut_bind), "insufficient data left in message"),
                              ((b"B", negative), "insufficient data left in message"),
                              ((b"D", b""), "no data left in message"),
                              ((b"D", b"Xname\0"), "invalid DESCRIBE message subtype 88"),
                              ((b"C", b"Xname\0"), "invalid CLOSE message subtype 88"),
                              ((b"E", b"\0\0"), "insufficient data left in message"),
                              ((b"H", b"extra"), "invalid message format")):
            survives(context, bystander, [pg.parse("SELECT $1::text"), message], "08P01", "ERROR", text)
        survives(context, bystander, [(b"Q", b"SELECT 1\0junk\0")], "08P01", "ERROR", "invalid message format", True)
        survives(context, bystander, [(b"Q", b"no end")], "08P01", "ERROR", "invalid string in message", True)


@test
def text_that_is_not_utf8_is_refused(context):
    with context.wire() as bystander:
        survives(context, bystander, [(b"Q", b"SELECT '\xff'\0")], "22021", "ERROR",
                 'invalid byte sequence for encoding "UTF8": 0xff', True)


@test
def a_client_that_leaves_in_the_middle_disturbs_nobody(context):
    with context.wire() as bystander:
        for piece in (b"", b"Q", b"Q\0\0", b"Q\0\0\0\x10SELECT"):
            with context.wire() as wire:
                wire.send_raw(piece)
            with context.raw() as wire:
                wire.send_raw(piece)
        with context.wire() as wire:
            wire.send(pg.TERMINATE)
            if not wire.at_eof():
                raise AssertionError("Terminate did not close the connection")
        expect(bystander.query("SELECT 1").rows, [[b"1"]])


@test
def a_large_result_and_a_large_query_pass(context):
    with context.wire() as wire:
        text = "x" * 3_000_000
        expect(wire.query(f"SELECT '{text}'").rows, [[text.encode()]])


def run(context, pattern):
    failed = []
    for function in TESTS:
        if pattern and pattern not in function.__name__:
            continue
        name = function.__name__.replace("_", " ")
        try:
            function(context)
            print(f"ok    {name}")
        except Exception as problem:
            failed.append(name)
            print(f"FAIL  {name}: {problem or type(problem).__name__}")
            if not isinstance(problem, AssertionError):
                print("      " + traceback.format_exc().strip().splitlines()[-3].strip())
        sys.stdout.flush()
    print(f"{len(failed)} failed" if failed else "all passed")
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="of a server that runs; without it one is started")
    parser.add_argument("--user", default="postgres")
    parser.add_argument("--database", default="postgres")
    parser.add_argument("--filter", help="only tests with this in their name")
    args = parser.parse_args()
    server = (servers.RunningServer(args.host, args.port, args.user, args.database) if args.port
              else servers.make_server(args))
    with server:
        return run(Context(server), (args.filter or "").replace(" ", "_"))


if __name__ == "__main__":
    sys.exit(main())
