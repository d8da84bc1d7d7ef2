#!/usr/bin/env python3
"""Runs files in sqllogictest's format against a running node; each file on a connection of its own.

    tests/sql/run_slt.py --port 5432 [FILE.slt ...]        (without files: all beside this script)

    statement ok             the statement succeeds
    statement error [STATE]  it fails, with that SQLSTATE where one is given
    query TYPES [rowsort]    it returns TYPES columns and the rows below ----, tabs between values, NULL for
                             a null, (empty) for an empty string; rowsort compares them sorted

Prints every failure and then 'N passed, N failed'; the exit status says whether any failed.
"""
import argparse
import pathlib
import sys
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
from pgwire import Wire, query  # noqa: E402  (found through the line above)


@dataclass
class Record:
    line: int
    kind: str  # 'ok', 'error' or 'query'
    sqlstate: str = ""
    types: str = ""
    sorted: bool = False
    sql: str = ""
    rows: list = field(default_factory=list)


def parse(path):
    """The records of a file, in order: blocks between empty lines."""
    block, start = [], 1
    for number, line in enumerate(path.read_text().split("\n") + [""], 1):
        if line.strip():
            if not line.startswith("#") or "----" in block:
                start = start if block else number
                block.append(line)
        elif block:
            yield parse_record(path, start, block)
            block = []


def parse_record(path, line, block):
    head = block[0].split()
    body = block[1:]
    if head[0] == "statement" and head[1:2] in (["ok"], ["error"]):
        return Record(line, head[1], sqlstate="".join(head[2:3]), sql="\n".join(body))
    if head[0] == "query" and len(head) > 1 and "----" in body:
        split = body.index("----")
        return Record(line, "query", types=head[1], sorted="rowsort" in head[2:],
                      sql="\n".join(body[:split]), rows=body[split + 1:])
    raise SystemExit(f"{path}:{line}: not a record: {block[0]}")


def render(value):
    if value is None:
        return "NULL"
    return value.decode() or "(empty)"


def failure(wire, record):
    """What was wrong with the record's outcome; None when nothing was."""
    result = wire.ask(query(record.sql))
    if record.kind == "error":
        if not result.error:
            return "succeeded, expected an error " + record.sqlstate
        if record.sqlstate and result.error.sqlstate != record.sqlstate:
            return f"{result.error}\n  expected {record.sqlstate}"
        return None
    if result.error:
        return str(result.error)
    return row_difference(record, result) if record.kind == "query" else None


def row_difference(record, result):
    if len(result.columns) != len(record.types):
        return f"{len(result.columns)} columns, expected {len(record.types)}"
    rows = ["\t".join(map(render, row)) for row in result.rows]
    expected = record.rows
    if record.sorted:
        rows, expected = sorted(rows), sorted(expected)
    if rows == expected:
        return None
    return "\n".join(["got"] + ["  " + row for row in rows] + ["expected"] + ["  " + row for row in expected])


def run_file(path, options):
    """Counts (passed, failed). A lost connection fails its record and all that follow."""
    records = list(parse(path))
    passed = failed = 0
    with Wire.connect(options.host, options.port, options.timeout) as wire:
        wire.startup(user=options.user, database=options.database)
        for record in records:
            try:
                wrong = failure(wire, record)
            except (OSError, EOFError) as lost:
                print(f"{path}:{record.line}: {record.sql}\n  the connection was lost: {lost}")
                return passed, len(records) - passed
            if wrong is None:
                passed += 1
            else:
                failed += 1
                print(f"{path}:{record.line}: {record.sql}\n  {wrong}")
    return passed, failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--user", default="postgres")
    parser.add_argument("--database", default="postgres")
    parser.add_argument("--timeout", type=float, default=30, help="seconds a record may take")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    passed = failed = 0
    for path in options.files or sorted(HERE.glob("*.slt")):
        counts = run_file(path, options)
        passed, failed = passed + counts[0], failed + counts[1]
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
