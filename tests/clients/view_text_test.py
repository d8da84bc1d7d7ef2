#!/usr/bin/python3
"""Views are shown in the very words that PostgreSQL has for them: hundreds of queries, made a view on both sides.

    TROUPE=build/release/tools/troupe tests/clients/view_text_test.py
"""
import os
import sys
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import servers  # noqa: E402
import view_texts  # noqa: E402


@unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
class ViewTextTest(node_case.NodeCase):
    def setUp(self):
        super().setUp()
        self.postgres = servers.PostgresServer()
        self.postgres.__enter__()
        self.addCleanup(self.postgres.__exit__)
        theirs = psycopg2.connect(host="127.0.0.1", port=self.postgres.port, user="postgres", dbname="postgres")
        theirs.autocommit = True
        self.addCleanup(theirs.close)
        self.sides = [theirs, self.connect()]
        self.both(view_texts.TABLES)

    def both(self, sql):
        return [self.answer(side, sql) for side in self.sides]

    def answer(self, side, sql):
        """The first value, or the error's words."""
        with side.cursor() as cursor:
            try:
                cursor.execute(sql)
                return cursor.fetchone()[0] if cursor.description else None
            except psycopg2.Error as error:
                return error

    def test_every_view_is_shown_as_postgresql_shows_it(self):
        made, differ = 0, []
        for query in view_texts.queries():
            theirs, ours = self.both(f"CREATE VIEW shown AS {query}")
            if isinstance(theirs, Exception) or isinstance(ours, Exception):
                self.both("DROP VIEW IF EXISTS shown")
                continue
            made += 1
            for form in ("pg_get_viewdef('shown'::regclass)", "pg_get_viewdef('shown'::regclass, true)"):
                theirs, ours = self.both(f"SELECT {form}")
                if theirs != ours and query not in view_texts.SHOWN_OTHERWISE:
                    differ.append(f"{query}\n{theirs}\n  here:\n{ours}")
            self.both("DROP VIEW shown")
        self.assertEqual(differ, [], "\n\n".join(differ))
        self.assertGreater(made, 500)


if __name__ == "__main__":
    unittest.main(verbosity=2)
