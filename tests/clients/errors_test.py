#!/usr/bin/python3
"""What clients are told of errors beside their message: CONTEXT, schema, table, position. The words are PostgreSQL's."""
import io
import os
import struct
import sys
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import pgwire as pg  # noqa: E402
import servers  # noqa: E402


def binary_rows(*rows):
    """COPY's binary format."""
    data = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
    for row in rows:
        data += struct.pack(">h", len(row))
        data += b"".join(b"\xff\xff\xff\xff" if field is None else struct.pack(">i", len(field)) + field
                         for field in row)
    return data


def int4(value):
    return struct.pack(">i", value)


class ErrorsTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.node = servers.TroupeServer()
        cls.node.__enter__()
        cls.addClassCleanup(cls.node.__exit__)

    def setUp(self):
        self.connection = psycopg2.connect(self.node.dsn())
        self.connection.autocommit = True
        self.addCleanup(self.connection.close)
        self.addCleanup(self.run_sql, "DROP TABLE IF EXISTS ct, two")
        self.run_sql("CREATE TABLE ct (id int PRIMARY KEY, v int NOT NULL CHECK (v > 0), w varchar(5),"
                     " d int DEFAULT 1 CHECK (100 / d > 0), u text UNIQUE)")
        self.run_sql("CREATE TABLE two (a int, b int)")
        self.run_sql("INSERT INTO ct VALUES (1, 1)")

    def run_sql(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def copied(self, sql, data):
        """SQLSTATE and CONTEXT of what went wrong."""
        with self.connection.cursor() as cursor:
            try:
                cursor.copy_expert(sql, io.BytesIO(data))
            except psycopg2.Error as problem:
                return problem.diag.sqlstate, problem.diag.context
        return None

    def error_of(self, sql):
        with self.assertRaises(psycopg2.Error) as caught:
            self.run_sql(sql)
        return caught.exception.diag

    def test_copy_says_which_line_is_wrong(self):
        first = b"5\t1\tx\t1\t\\N\n"
        for data, expected in (
                (first + b"1\t2\ty\t1\tq\n", ("23505", "COPY ct, line 2")),
                (first + b"5\t1\tt\t1\tq\n", ("23505", "COPY ct, line 2")),
                (b"5\t1\tx\t1\tq\n6\t1\tt\t1\tq\n", ("23505", "COPY ct, line 2")),
                (first + b"6\t\\N\ty\t1\tq\n", ("23502", 'COPY ct, line 2: "6\t\\N\ty\t1\tq"')),
                (first + b"6\t0\ty\t1\tq\n", ("23514", 'COPY ct, line 2: "6\t0\ty\t1\tq"')),
                (first + b"6\t1\ty\t0\tq\n", ("22012", 'COPY ct, line 2: "6\t1\ty\t0\tq"')),
                (first + b"6\t1\ttoolong\t1\tq\n", ("22001", 'COPY ct, line 2, column w: "toolong"')),
                (first + b"6\tz\tt\t1\tq\n", ("22P02", 'COPY ct, line 2, column v: "z"')),
                (first + b"6\n", ("22P04", 'COPY ct, line 2: "6"')),
                (b"5\t1\tx\t1\tq\t8\t9\n", ("22P04", 'COPY ct, line 1: "5\t1\tx\t1\tq\t8\t9"')),
                (first + b"6\t0\ty\t1\tq\n7\tz\n", ("23514", 'COPY ct, line 2: "6\t0\ty\t1\tq"')),
                (b"5\t1\tx\t1\t\xff\n", ("22021", "COPY ct, line 1")),
                (first + b"6\t0\t\\N\t1\t" + b"y" * 200 + b"\n",
                 ("23514", 'COPY ct, line 2: "6\t0\t\\N\t1\t' + "y" * 91 + '..."'))):
            self.assertEqual(self.copied("COPY ct FROM STDIN", data), expected)

    def test_copy_counts_the_header_and_the_rows_that_where_leaves_out(self):
        for how, data, expected in (
                ("CSV HEADER", b"id,v\n5,1\n6,0\n", ("23514", 'COPY ct, line 3: "6,0"')),
                ("CSV HEADER", b"id,v\n5,1\n5,1\n", ("23505", "COPY ct, line 3")),
                ("CSV WHERE v > 1", b"5,1\n6,2\n7,0\n1,5\n", ("23505", "COPY ct, line 4")),
                ("CSV WHERE id > 5", b"5,1\n6,2\n7,0\n1,5\n", ("23514", 'COPY ct, line 3: "7,0"')),
                ("CSV WHERE 10 / v > 1", b"5,1\n6,2\n7,0\n1,5\n", ("22012", 'COPY ct, line 3: "7,0"')),
                ("BINARY", binary_rows([int4(5), int4(1)], [int4(6), int4(0)]), ("23514", "COPY ct, line 2")),
                ("BINARY", binary_rows([int4(5), int4(1)], [int4(5), int4(1)]), ("23505", "COPY ct, line 2")),
                ("BINARY", binary_rows([int4(5), int4(1)], [int4(6), None]), ("23502", "COPY ct, line 2")),
                ("BINARY", binary_rows([int4(5), int4(1)], [b"12345", int4(1)]),
                 ("22P03", "COPY ct, line 2, column id"))):
            self.assertEqual(self.copied("COPY ct (id, v) FROM STDIN " + how, data), expected)
        self.assertEqual(self.copied("COPY ct (id, w) FROM STDIN BINARY", binary_rows([int4(5), b"\xff"])),
                         ("22021", "COPY ct, line 1, column w"))

    def test_copy_into_a_table_of_its_own_transaction_says_so_too(self):
        for data, expected in ((b"1\t1\n2\t1\n1\t2\n", ("23505", "COPY own, line 3")),
                               (b"1\t1\n2\t0\n", ("23514", 'COPY own, line 2: "2\t0"')),
                               (b"1\t1\n2\t2\n3\t2\n", ("23505", "COPY own, line 3"))):
            self.run_sql("BEGIN")
            self.run_sql("CREATE TABLE own (id int PRIMARY KEY, v int CHECK (v > 0))")
            if expected[1] == "COPY own, line 3" and data.endswith(b"3\t2\n"):
                self.run_sql("CREATE UNIQUE INDEX ON own (v)")
            self.assertEqual(self.copied("COPY own FROM STDIN", data), expected)
            self.run_sql("ROLLBACK")

    def test_copy_looks_at_the_fields_that_are_there_before_it_misses_others(self):
        for how, data, expected in (("", b"\n", ("22P02", 'COPY two, line 1, column a: ""')),
                                    ("", b"1\n", ("22P04", 'COPY two, line 1: "1"')),
                                    ("", b"1\tx\ty\n", ("22P04", 'COPY two, line 1: "1\tx\ty"')),
                                    ("CSV", b"\n", ("22P04", 'COPY two, line 1: ""')),
                                    ("CSV", b"x\n", ("22P02", 'COPY two, line 1, column a: "x"'))):
            self.assertEqual(self.copied("COPY two FROM STDIN " + how, data), expected)

    def test_copy_options_that_are_wrong_have_their_position(self):
        for options, expected in (("(format 'xml')", ("22023", "22")), ("(nosuch)", ("42601", "22")),
                                  ("(encoding 'nosuch')", ("22023", "22")), ("(header maybe)", ("42601", None)),
                                  ("(format csv, format text)", ("42601", "34"))):
            diag = self.error_of("COPY two FROM STDIN " + options)
            self.assertEqual((diag.sqlstate, diag.statement_position), expected)
        self.assertEqual(self.copied("COPY two FROM STDIN (FREEZE)", b"1\t2\n"), ("55000", None))
        self.run_sql("BEGIN")
        self.run_sql("CREATE TABLE fresh (a int)")
        self.assertIsNone(self.copied("COPY fresh FROM STDIN (FREEZE)", b"1\n"))
        self.run_sql("ROLLBACK")

    def test_copy_takes_and_gives_latin1(self):
        self.assertIsNone(self.copied("COPY ct (id, v, w) FROM STDIN (ENCODING 'latin1')", b"2\t1\tgr\xfc\xdfe\n"))
        self.assertEqual(self.run_sql("SELECT w FROM ct WHERE id = 2"), [("grüße",)])
        out = io.BytesIO()
        with self.connection.cursor() as cursor:
            cursor.copy_expert("COPY (SELECT w FROM ct WHERE id = 2) TO STDOUT (ENCODING 'iso-8859-1')", out)
        self.assertEqual(out.getvalue(), b"gr\xfc\xdfe\n")
        with self.assertRaises(psycopg2.errors.UntranslatableCharacter):
            with self.connection.cursor() as cursor:
                cursor.copy_expert("COPY (SELECT '€') TO STDOUT (ENCODING 'latin1')", io.BytesIO())

    def test_violated_constraints_name_their_schema(self):
        self.run_sql("CREATE SCHEMA other")
        self.run_sql("CREATE TABLE other.ct (id int PRIMARY KEY)")
        self.run_sql("INSERT INTO other.ct VALUES (7)")
        self.run_sql("INSERT INTO ct (id, v, w, d) VALUES (90, 1, 'z', NULL), (91, 1, 'z', NULL)")
        self.run_sql("PREPARE p AS INSERT INTO other.ct VALUES ($1)")
        for sql, expected in (
                ("INSERT INTO ct VALUES (1, 1)", ("23505", "public", "ct", None, "ct_pkey")),
                ("INSERT INTO ct VALUES (2, NULL)", ("23502", "public", "ct", "v", None)),
                ("INSERT INTO ct VALUES (2, 0)", ("23514", "public", "ct", None, "ct_v_check")),
                ("UPDATE ct SET v = 0", ("23514", "public", "ct", None, "ct_v_check")),
                ("UPDATE ct SET u = 'same'", ("23505", "public", "ct", None, "ct_u_key")),
                ("CREATE UNIQUE INDEX ON ct (w)", ("23505", "public", "ct", None, "ct_w_idx")),
                ("ALTER TABLE ct ADD CHECK (id > 5)", ("23514", "public", "ct", None, "ct_id_check")),
                ("ALTER TABLE ct ALTER d SET NOT NULL", ("23502", "public", "ct", "d", None)),
                ("INSERT INTO other.ct SELECT 7 FROM ct", ("23505", "other", "ct", None, "ct_pkey")),
                ("EXECUTE p(7)", ("23505", "other", "ct", None, "ct_pkey"))):
            diag = self.error_of(sql)
            self.assertEqual((diag.sqlstate, diag.schema_name, diag.table_name, diag.column_name,
                              diag.constraint_name), expected, sql)
        with self.assertRaises(psycopg2.errors.UniqueViolation) as caught:
            with self.connection.cursor() as cursor:
                cursor.copy_expert("COPY other.ct FROM STDIN", io.BytesIO(b"7\n"))
        self.assertEqual(caught.exception.diag.schema_name, "other")
        self.run_sql("DROP SCHEMA other CASCADE")

    def test_a_lock_that_is_not_had_names_its_table(self):
        other = psycopg2.connect(self.node.dsn())
        self.addCleanup(other.close)
        with other.cursor() as cursor:
            cursor.execute("SELECT * FROM ct FOR UPDATE")
        self.assertEqual(self.error_of("SELECT * FROM ct FOR UPDATE NOWAIT").message_primary,
                         'could not obtain lock on row in relation "ct"')
        self.run_sql("BEGIN")
        self.assertEqual(self.error_of("LOCK TABLE ct NOWAIT").message_primary, 'could not obtain lock on relation "ct"')
        self.run_sql("ROLLBACK")
        self.run_sql("SET lock_timeout = 50")
        for sql, doing in (("UPDATE ct SET v = 2", "updating"), ("DELETE FROM ct", "deleting"),
                           ("SELECT * FROM ct FOR SHARE", "locking")):
            diag = self.error_of(sql)
            self.assertEqual(diag.message_primary, "canceling statement due to lock timeout")
            self.assertRegex(diag.context, f'while {doing} tuple .*in relation "ct"')
        other.rollback()

    def test_bound_parameters_that_are_wrong_are_named(self):
        with self.node.connect() as wire:
            for kind, code, value, expected in (
                    ("int", 0, b"xy", " = '...'"), ("int", 1, b"xy", ""), ("int", 1, b"toolong", ""),
                    ("text", 0, b"\xff", ""), ("text", 1, b"\xff", ""), ("date", 0, b"nodate", " = '...'"),
                    ("date", 1, b"\x7f\xff\xff\xfe", ""), ("time", 1, b"\x7f" * 8, ""), ("numeric", 1, b"\0" * 7, "")):
                for portal, named in (("", "unnamed portal"), ("po", 'portal "po"')):
                    result = wire.ask(pg.parse(f"SELECT $1::{kind}, $2::{kind}"),
                                      pg.bind([None, value], portal, formats=[code]), pg.SYNC)
                    self.assertEqual(result.error.fields["W"], f"{named} parameter $2{expected}")

    def test_names_that_are_too_long_are_cut_with_a_notice(self):
        long, quoted = "A" * 70, "b" * 60 + '""""' + "c" * 10
        for _ in range(3):  # also when the statement is known
            self.connection.notices.clear()
            self.run_sql(f'SELECT 1 AS {long}, 2 AS "{quoted}", 3 AS {"d" * 63}')
            self.assertEqual(self.connection.notices, [
                f'NOTICE:  identifier "{long.lower()}" will be truncated to "{"a" * 63}"\n',
                'NOTICE:  identifier "{}" will be truncated to "{}"\n'.format("b" * 60 + '""' + "c" * 10,
                                                                             "b" * 60 + '""c')])
        with self.node.connect() as wire:
            wire.ask(pg.parse(f"SELECT 1 AS {long}"), pg.SYNC)
            self.assertEqual([notice["C"] for notice in wire.notices], ["42622"])



if __name__ == "__main__":
    unittest.main()
