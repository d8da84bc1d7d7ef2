"""Runs PostgreSQL's own regression scripts on PostgreSQL and on a node, and says statement by statement where they differ.
The scripts are not ours and are not kept here: give the directory src/test/regress of PostgreSQL 15's source
(`apt-get source postgresql-15`). Both sides load the same data files through psql.

    pg_regress.py --source DIR [test ...]            all tests of the schedule, or these after test_setup
    pg_regress.py --source DIR --show rows,errtext [test ...]

What can be said of a statement:
    same       the same text
    order      the same rows in another order          rows      other rows
    refused    an error where PostgreSQL has none      accepted  the other way round
    errtext    another error message                   errdetail the same one with other details or another position
    explain    EXPLAIN, which shows another planner's work: not compared further
    missing    not run: the script took too long, or the connection was lost
"""
import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import servers  # noqa: E402
import sql_script  # noqa: E402

# What needs C code of the regression library alone, or shows how PostgreSQL lays out its files.
SKIPPED = {"tablespace", "largeobject", "event_trigger", "stats_ext", "select_parallel", "vacuum_parallel", "reloptions",
           "write_parallel"}
SCRIPT_PATIENCE_S = 150


def schedule(source):
    with open(os.path.join(source, "parallel_schedule")) as file:
        names = [name for line in file if line.startswith("test:") for name in line[5:].split()]
    return [name for name in names if name not in SKIPPED]


def script_of(source, test):
    """With the data of server-side files in it, and marks behind the statements."""
    with open(os.path.join(source, "sql", test + ".sql"), errors="surrogateescape") as file:
        lines = file.read().split("\n")
    out, path = [], None
    for line in lines:
        named = re.match(r"\\set filename :abs_srcdir '(.*)'", line)
        if named:
            path = source + named.group(1)
        copied = re.match(r"COPY (\S+) FROM :'filename';", line)
        if copied and path:
            with open(path, errors="surrogateescape") as data:
                out += [f"COPY {copied.group(1)} FROM stdin;", data.read().rstrip("\n"), "\\."]
        else:
            out.append(line)
    return sql_script.marked("\n".join(out))


class Runner:
    def __init__(self, source, scratch):
        self.source = source
        self.environment = dict(
            os.environ, PG_ABS_SRCDIR=source, PG_ABS_BUILDDIR=scratch, PG_LIBDIR="/nowhere", PG_DLSUFFIX=".so",
            PGTZ="PST8PDT", PGDATESTYLE="Postgres, MDY", PGOPTIONS="-c intervalstyle=postgres_verbose", LC_MESSAGES="C")
        os.makedirs(os.path.join(scratch, "results"), exist_ok=True)

    def psql(self, server, database, script):
        command = ["psql", "-X", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on", "-h", "127.0.0.1",
                   "-p", str(server.port), "-U", "postgres", "-d", database, "-f", "-"]
        with tempfile.TemporaryFile() as printed:
            try:
                subprocess.run(command, input=script.encode(errors="surrogateescape"), stdout=printed,
                               stderr=subprocess.STDOUT, env=self.environment, timeout=SCRIPT_PATIENCE_S, check=False)
            except subprocess.TimeoutExpired:
                pass
            printed.seek(0)
            return printed.read().decode(errors="replace")

    def run(self, server, tests):
        """test → number → what the statement printed."""
        self.psql(server, "postgres", "CREATE DATABASE regression;")
        for setting in ("lc_messages to 'C'", "bytea_output to 'hex'"):
            self.psql(server, "postgres", f"ALTER DATABASE regression SET {setting};")
        printed = {}
        for test in tests:
            printed[test] = sql_script.outcomes(self.psql(server, "regression", script_of(self.source, test)))
            if server.process.poll() is not None:
                print(f"{server.name} ended in {test}", flush=True)
                server.start()
        return printed


def plain(printed):
    return re.sub(r"psql:<stdin>:\d+: ", "", printed).strip("\n")


def error_of(printed):
    found = re.search(r"^((?:ERROR|FATAL):.*)$", plain(printed), re.M)
    return found and found.group(1)


def compare(statement, theirs, ours):
    if ours is None:
        return "missing"
    if plain(theirs) == plain(ours):
        return "same"
    if re.search("explain", statement, re.I):
        return "explain"
    their_error, our_error = error_of(theirs), error_of(ours)
    if our_error and not their_error:
        return "refused"
    if their_error and not our_error:
        return "accepted"
    if their_error:
        return "errdetail" if their_error == our_error else "errtext"
    return "order" if sorted(plain(theirs).split("\n")) == sorted(plain(ours).split("\n")) else "rows"


def show(test, number, statement, verdict, theirs, ours):
    statement = re.sub(r"^--.*\n", "", statement, flags=re.M).strip()
    print(f"#### {test} {number} {verdict}\n{statement[:900]}\n--- PostgreSQL\n{plain(theirs)[:900]}\n--- here\n"
          f"{plain(ours)[:900] if ours is not None else ''}")


def report(source, tests, theirs, ours, wanted):
    total, refusals, figures = collections.Counter(), collections.Counter(), []
    for test in tests:
        statements, of_test = sql_script.statements(script_of(source, test)), collections.Counter()
        for number, printed in theirs[test].items():
            here = ours[test].get(number)
            verdict = compare(statements.get(number, ""), printed, here)
            of_test[verdict] += 1
            if verdict == "refused":
                refusals[re.sub(r"\d+", "N", re.sub(r'"[^"]*"', '"?"', error_of(here)))] += 1
            if verdict in wanted:
                show(test, number, statements.get(number, ""), verdict, printed, here)
        total += of_test
        figures.append((sum(of_test.values()) - of_test["same"] - of_test["explain"], test, of_test))
    for _, test, of_test in sorted(figures, key=lambda figure: figure[:2]):
        print(f"{test:24s}", ", ".join(f"{count} {verdict}" for verdict, count in of_test.most_common()))
    print(f"\n{sum(total.values())} statements:", ", ".join(f"{count} {verdict}" for verdict, count in total.most_common()))
    print("\nThe most frequent refusals:")
    for message, count in refusals.most_common(40):
        print(f"{count:5d} {message}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", required=True, help="src/test/regress of PostgreSQL's source")
    parser.add_argument("--show", default="", help="print the statements with these verdicts, too")
    parser.add_argument("tests", nargs="*")
    arguments = parser.parse_args()
    source = os.path.abspath(arguments.source)
    tests = arguments.tests or schedule(source)
    if tests[0] != "test_setup":
        tests.insert(0, "test_setup")
    with tempfile.TemporaryDirectory() as scratch:
        runner = Runner(source, scratch)
        with servers.PostgresServer() as postgres:
            theirs = runner.run(postgres, tests)
        with servers.TroupeServer() as node:
            ours = runner.run(node, tests)
    report(source, tests, theirs, ours, set(filter(None, arguments.show.split(","))))


if __name__ == "__main__":
    main()
