#!/usr/bin/python3
"""COPY between tables and files of the server's machine: what is written is read back, and who may not, or cannot, is told
why as PostgreSQL tells it."""
import os
import stat
import sys
import tempfile
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402


class CopyFilesTest(node_case.NodeCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.chmod(self.folder.name, 0o755)
        self.connection = self.connect()
        self.cursor = self.connection.cursor()

    def connect(self, user="postgres"):
        connection = psycopg2.connect(host="127.0.0.1", port=self.node.port, user=user, dbname="postgres")
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def rows(self, query):
        self.cursor.execute(query)
        return self.cursor.fetchall()

    def refuse(self, statement, sqlstate, words, hint=None, cursor=None):
        with self.assertRaises(psycopg2.Error) as refused:
            (cursor or self.cursor).execute(statement)
        self.assertEqual(refused.exception.pgcode, sqlstate, refused.exception)
        self.assertIn(words, str(refused.exception))
        if hint:
            self.assertIn(hint, refused.exception.diag.message_hint)

    def test_what_is_written_is_read_back(self):
        self.cursor.execute("CREATE TABLE written (a int, b text, c numeric)")
        self.cursor.execute("INSERT INTO written SELECT i, repeat('é' || chr(9), i % 40), i / 7.0 FROM generate_series(1, 50000) i")
        self.cursor.execute("INSERT INTO written VALUES (NULL, NULL, NULL), (0, '', 'NaN')")
        for options in ("", "(FORMAT csv, HEADER)", "(FORMAT binary)", "(DELIMITER '|', NULL 'none')"):
            with self.subTest(options):
                path = self.path("rows")
                self.cursor.execute(f"COPY written TO '{path}' {options}")
                self.assertEqual(self.cursor.rowcount, 50002)
                self.cursor.execute("CREATE TABLE again (LIKE written)")
                self.cursor.execute(f"COPY again FROM '{path}' {options}")
                self.assertEqual(self.cursor.rowcount, 50002)
                self.assertEqual(self.rows("SELECT count(*) FROM (SELECT * FROM written EXCEPT ALL SELECT * FROM again) d"), [(0,)])
                self.cursor.execute("DROP TABLE again")
        self.assertEqual(stat.S_IMODE(os.stat(self.path("rows")).st_mode) & 0o022, 0)
        self.cursor.execute("DROP TABLE written")

    def test_a_query_is_written_and_a_file_is_emptied_first(self):
        path = self.path("query")
        with open(path, "w", encoding="utf-8") as out:
            out.write("x" * 100_000)
        self.cursor.execute(f"COPY (SELECT 1, 'a' UNION ALL SELECT 2, NULL ORDER BY 1) TO '{path}'")
        with open(path, encoding="utf-8") as written:
            self.assertEqual(written.read(), "1\ta\n2\t\\N\n")

    def test_what_is_wrong_with_a_file_is_said(self):
        self.cursor.execute("CREATE TABLE wrong (a int PRIMARY KEY)")
        self.refuse(f"COPY wrong FROM '{self.path('nothing')}'", "58P01", "for reading: No such file or directory", "psql's \\copy")
        self.refuse(f"COPY wrong FROM '{self.folder.name}'", "42809", "is a directory")
        self.refuse("COPY wrong TO 'relative'", "42602", "relative path not allowed for COPY to file")
        self.refuse(f"COPY wrong TO '{self.path('no/such/folder')}'", "58P01", "for writing: No such file or directory", "psql's \\copy")
        self.refuse("COPY wrong FROM PROGRAM 'ls'", "0A000", "PROGRAM is not supported")
        with open(self.path("bad"), "w", encoding="utf-8") as out:
            out.write("1\n2\nx\n")
        self.refuse(f"COPY wrong FROM '{self.path('bad')}'", "22P02", 'invalid input syntax for type integer: "x"')
        with open(self.path("twice"), "w", encoding="utf-8") as out:
            out.write("1\n1\n")
        self.refuse(f"COPY wrong FROM '{self.path('twice')}'", "23505", "duplicate key value")
        self.assertEqual(self.rows("SELECT count(*) FROM wrong"), [(0,)])
        self.cursor.execute("DROP TABLE wrong")

    def test_who_may_read_and_write_files(self):
        self.cursor.execute("CREATE TABLE files (a int)")
        self.cursor.execute("CREATE ROLE plain LOGIN")
        self.cursor.execute("GRANT ALL ON files TO plain")
        plain = self.connect("plain").cursor()
        self.refuse(f"COPY files TO '{self.path('a')}'", "42501",
                    "must be superuser or have privileges of the pg_write_server_files role to COPY to a file", "stdout or from stdin", plain)
        self.refuse(f"COPY files FROM '{self.path('a')}'", "42501", "pg_read_server_files role to COPY from a file", None, plain)
        self.cursor.execute("GRANT pg_write_server_files, pg_read_server_files TO plain")
        self.cursor.execute("INSERT INTO files VALUES (1)")
        plain.execute(f"COPY files TO '{self.path('a')}'")
        plain.execute(f"COPY files FROM '{self.path('a')}'")
        self.assertEqual(self.rows("SELECT count(*) FROM files"), [(2,)])
        self.cursor.execute("DROP TABLE files; DROP ROLE plain")


if __name__ == "__main__":
    unittest.main(verbosity=2)
