#!/usr/bin/python3
"""PostgreSQL's own pgbench, unmodified, against a node: every way to initialize, every built-in script, every protocol.

    pgbench_test.py --server troupe [--seconds 1]
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402

PGBENCH = os.path.join(servers.POSTGRES_BIN, "pgbench")
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
BUILT_IN = ["tpcb-like", "simple-update", "select-only"]
PROTOCOLS = ["simple", "extended", "prepared"]

GSET = r"""
\set aid random(1, 100000)
BEGIN;
SELECT abalance AS before FROM pgbench_accounts WHERE aid = :aid \gset
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
SELECT abalance AS after FROM pgbench_accounts WHERE aid = :aid \gset
SELECT 1 / (CASE WHEN :after = :before + 1 THEN 1 ELSE 0 END);
END;
"""
PIPELINE = r"""
\set aid random(1, 100000)
\startpipeline
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
END;
\endpipeline
"""


class Pgbench:
    def __init__(self, server, folder):
        self.server, self.folder = server, folder

    def call(self, *arguments, fails=False):
        command = [PGBENCH, "-h", "127.0.0.1", "-p", str(self.server.port), "-U", "postgres", *arguments, "postgres"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120 * sanitizers.SLOWNESS, check=False)
        output = done.stdout + done.stderr
        if (done.returncode != 0) != fails:
            raise AssertionError(f"{' '.join(command)}\nended with {done.returncode}: {output[-2000:]}")
        return output

    def run(self, name, *arguments):
        """One run that must not fail a transaction."""
        output = self.call("-n", *arguments)
        done = int(re.search(r"number of transactions actually processed: (\d+)", output).group(1))
        failed = re.search(r"number of failed transactions: (\d+)", output)
        if done == 0 or (failed and failed.group(1) != "0"):
            raise AssertionError(f"{name}: {output[-2000:]}")
        print(f"  {name}: {done} transactions")
        return output

    def script(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".sql", dir=self.folder, delete=False) as file:
            file.write(text)
        return file.name


def value(server, query):
    with server.connect() as wire:
        return wire.query(query).rows[0][0].decode()


def expect(got, wanted, what):
    if got != wanted:
        raise AssertionError(f"{what}: {got}, expected {wanted}")


def check_initialization(pgbench):
    print("initialization")
    for steps in ("dtgvp", "dtGvp", "dtpgv"):
        pgbench.call("-i", "-q", "-I", steps)
        expect(value(pgbench.server, "SELECT count(*) FROM pgbench_accounts"), "100000", f"accounts after -I {steps}")
        expect(value(pgbench.server, "SELECT count(*) FROM pg_index WHERE indisprimary AND indrelid IN (SELECT oid FROM "
                                     "pg_class WHERE relname LIKE 'pgbench%')"), "3", f"primary keys after -I {steps}")
    # PostgreSQL knows the table's size after VACUUM ANALYZE; so do we.
    expect(value(pgbench.server, "SELECT reltuples FROM pg_class WHERE relname = 'pgbench_accounts'"), "100000",
           "reltuples")
    for method in ("range", "hash"):
        pgbench.call("-i", "-q", "--partitions=3", f"--partition-method={method}")
        expect(value(pgbench.server, "SELECT count(*) || '|' || count(DISTINCT tableoid) FROM pgbench_accounts"), "100000|3",
               f"accounts in partitions by {method}")
        pgbench.call("-b", "tpcb-like", "-c", "2", "-t", "20")
        expect(value(pgbench.server, "SELECT count(*) FROM pgbench_history"), "40", f"history of {method} partitions")
    pgbench.call("-i", "-q")


def check_foreign_keys(pgbench, seconds):
    print("foreign keys")
    pgbench.call("-i", "-q", "--foreign-keys")
    expect(value(pgbench.server, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"), "5", "foreign keys")
    pgbench.run("tpcb-like", "-b", "tpcb-like", "-c", "4", "-j", "2", "-T", str(seconds))
    if value(pgbench.server, "SELECT count(*) > 0 FROM pgbench_history") != "t":
        raise AssertionError("TPC-B with foreign keys left no history")
    pgbench.call("-i", "-q")


def check_scripts(pgbench, seconds):
    duration = ["-T", str(seconds)]
    for protocol in PROTOCOLS:
        print(protocol)
        for script in BUILT_IN:
            pgbench.run(script, "-b", script, "-M", protocol, "-c", "4", "-j", "2", *duration)
        pgbench.run("\\gset", "-f", pgbench.script(GSET), "-M", protocol, "-c", "1", *duration)
        if protocol != "simple":
            pgbench.run("pipeline", "-f", pgbench.script(PIPELINE), "-M", protocol, "-c", "1", *duration)
    print("options")
    pgbench.run("-C", "-C", "-b", "select-only", "-c", "2", *duration)
    pgbench.run("--latency-limit", "--latency-limit=1000", "--rate=200", "-b", "select-only", "-c", "2", *duration)
    output = pgbench.run("-r", "-r", "-b", "tpcb-like", "-t", "20")
    if "UPDATE pgbench_accounts" not in output:
        raise AssertionError(f"-r: {output}")


def check_wandering(pgbench, seconds):
    """Sessions follow clients from core to core (actors/session/cell_choice.hpp); nobody is to notice."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("wandering clients: only one core here")
        return
    print("wandering clients")
    command = [PGBENCH, "-h", "127.0.0.1", "-p", str(pgbench.server.port), "-U", "postgres", "-n", "-M", "prepared",
               "-c", "8", "-j", "2", "-T", str(4 * seconds), "-b", "tpcb-like", "-b", "select-only", "postgres"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    turn = 0
    while running.poll() is None:
        for place, thread in enumerate(os.listdir(f"/proc/{running.pid}/task")):
            try:
                os.sched_setaffinity(int(thread), {cores[(place + turn) % len(cores)]})
            except OSError:
                pass  # it has just ended
        turn += 1
        time.sleep(0.3)
    output = running.communicate()[0]
    failed = re.search(r"number of failed transactions: (\d+)", output)
    if running.returncode != 0 or failed is None or failed.group(1) != "0":
        raise AssertionError(output[-2000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--seconds", type=int, default=1, help="each script runs")
    options = parser.parse_args()
    if not os.access(PGBENCH, os.X_OK):
        print(f"{PGBENCH} is not there: skipped")
        return SKIPPED
    folder = tempfile.mkdtemp(prefix="pgbench_test_")
    try:
        with servers.make_server(options) as server:
            pgbench = Pgbench(server, folder)
            check_initialization(pgbench)
            check_foreign_keys(pgbench, options.seconds)
            check_scripts(pgbench, options.seconds)
            check_wandering(pgbench, options.seconds)
            total = value(server, "SELECT sum(bbalance) = (SELECT sum(tbalance) FROM pgbench_tellers) FROM pgbench_branches")
            expect(total, "t", "branches and tellers agree")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
