#!/usr/bin/python3
"""docs/recipes.md says what its statements give: this runs them, in their order, on one connection."""
import os
import re
import sys
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/recipes.md")
EXPECTED = re.compile(r"^-- (?:\((?P<columns>[^)]*)\) )?=> ?(?P<row>.*)$")
ERROR = re.compile(r"^-- error (?P<state>\w{5})$")


def steps():
    """(line, statement, columns or None, rows or None, sqlstate or None)."""
    statement, inside, found = [], False, []
    with open(PAGE, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            line = line.rstrip("\n")
            if line.startswith("```"):
                inside = line == "```sql"
            elif inside and (told := EXPECTED.match(line)):
                last = found[-1]
                if last["rows"] is None:
                    last["columns"] = [c.strip() for c in told["columns"].split(",")] if told["columns"] else None
                    last["rows"] = []
                if told["row"]:
                    last["rows"].append([v.strip() for v in told["row"].split(" | ")])
            elif inside and (failed := ERROR.match(line)):
                found[-1]["state"] = failed["state"]
            elif inside and line.strip():
                statement.append(line)
                if line.endswith(";"):
                    found.append({"line": number, "sql": "\n".join(statement), "columns": None, "rows": None, "state": None})
                    statement = []
    return found


def text(value):
    import json
    return "NULL" if value is None else json.dumps(value) if isinstance(value, (dict, list)) else str(value)


class RecipesTest(node_case.NodeCase):
    def test_the_page_is_true(self):
        connection = self.connect()
        checked = 0
        for step in steps():
            at = f"docs/recipes.md:{step['line']}"
            with connection.cursor() as cursor:
                try:
                    cursor.execute(step["sql"])
                except psycopg2.Error as error:
                    self.assertEqual(error.pgcode, step["state"], f"{at}: {error}")
                    checked += 1
                    continue
                self.assertIsNone(step["state"], at)
                if step["rows"] is None:
                    continue
                names = [c.name for c in cursor.description]
                wanted = step["columns"] or names
                rows = [[text(row[names.index(c)]) for c in wanted] for row in cursor.fetchall()]
                if not step["rows"]:
                    rows = [row[:1] for row in rows]
                self.assertEqual(rows, step["rows"], at)
                checked += 1
        self.assertGreater(checked, 12)


if __name__ == "__main__":
    unittest.main(verbosity=2)
