#!/usr/bin/python3
"""Kills the server with SIGKILL under load, again and again: nothing acknowledged may be lost.

Each cycle runs pgbench and writers that remember every acknowledged row, kills the server, starts it again and checks:
every acknowledged row is there, no transaction is there in part, pgbench's balances agree with each other and with
its history, the history has every transaction that pgbench logged as done (and at most one more for each client), and
the first query was answered within --restart-limit seconds of the process's start.
"""
import argparse
import glob
import os
import random
import subprocess
import sys
import tempfile
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import acked_writers  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402

SUMS = ["SELECT coalesce(sum(abalance), 0) FROM pgbench_accounts",
        "SELECT coalesce(sum(delta), 0) FROM pgbench_history",
        "SELECT coalesce(sum(tbalance), 0) FROM pgbench_tellers",
        "SELECT coalesce(sum(bbalance), 0) FROM pgbench_branches"]


def pgbench_command(server, args, *arguments):
    return [f"{servers.POSTGRES_BIN}/pgbench", "-h", "127.0.0.1", "-p", str(server.port), "-U", server.user, *arguments,
            server.database]


class Pgbench:
    """Load until the server is gone, and how many transactions pgbench then says were done."""

    def __init__(self, server, args):
        self.logs = tempfile.TemporaryDirectory(prefix="kill9_")
        script = "simple-update" if args.simple_update else "tpcb-like"
        self.process = subprocess.Popen(
            pgbench_command(server, args, "-n", "-b", script, "-M", args.protocol, "-c", str(args.clients), "-T",
                            "3600", "-l", f"--log-prefix={self.logs.name}/log"),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def acknowledged(self):
        """Every client has lost its connection by now, so pgbench ends by itself and writes its logs out."""
        try:
            self.process.wait(10 * sanitizers.SLOWNESS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        count = 0
        for name in glob.glob(f"{self.logs.name}/log*"):
            with open(name, "rb") as log:
                count += sum(1 for _ in log)
        self.logs.cleanup()
        return count


def check_balances(connection, args):
    # -N leaves tellers and branches alone, so only accounts and history agree then.
    queries = SUMS[:2] if args.simple_update else SUMS
    with connection.cursor() as cursor:
        sums = []
        for query in queries:
            cursor.execute(query)
            sums.append(int(cursor.fetchone()[0]))
        cursor.execute("SELECT count(*) FROM pgbench_history")
        transactions = cursor.fetchone()[0]
    problems = [] if len(set(sums)) == 1 else [f"the balances differ: {sums}"]
    return problems, transactions


def run_cycle(server, args, number, expectations, history, randomness):
    writers = acked_writers.start_writers(server.dsn(), args.writers, first_batch=number * 10_000_000)
    pgbench = Pgbench(server, args)
    try:
        time.sleep(args.seconds * sanitizers.SLOWNESS * (0.5 + randomness.random() / 2))
        server.kill()
    finally:
        done = pgbench.acknowledged()
        acked_writers.stop_writers(writers)
    expectations.add(writers)
    restart_s = server.start()
    connection = psycopg2.connect(server.dsn())
    try:
        problems, transactions = check_balances(connection, args)
        problems += expectations.problems(connection)
        fresh = transactions - history["rows"]
        history["rows"] = transactions
        if not done <= fresh <= done + args.clients:
            problems.append(f"pgbench was told of {done} transactions, the history has {fresh} more rows")
    finally:
        connection.close()
    if restart_s > args.restart_limit:
        problems.append(f"the first query took {restart_s:.2f} s")
    written = sum(len(writer.acknowledged) for writer in writers)
    if written == 0 or done == 0:
        problems.append("nothing was written")
    print(f"cycle {number}: {written} batches acknowledged, {sum(len(w.in_doubt) for w in writers)} in doubt, "
          f"pgbench {done} acknowledged, {fresh} there, restart {restart_s:.2f} s: {'; '.join(problems) or 'ok'}",
          flush=True)
    return not problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--cycles", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=3, help="of load before a kill, at most; longer with a sanitizer")
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--clients", type=int, default=4, help="of pgbench")
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--protocol", default="prepared")
    parser.add_argument("--simple-update", action="store_true", help="pgbench -N instead of TPC-B")
    parser.add_argument("--restart-limit", type=float, default=1.0 * sanitizers.SLOWNESS, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    randomness = random.Random(args.seed)
    expectations = acked_writers.Expectations()
    with servers.make_server(args) as server:
        subprocess.run(pgbench_command(server, args, "-i", "-q", "-s", str(args.scale)), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection = psycopg2.connect(server.dsn())
        connection.autocommit = True
        acked_writers.create_table(connection)
        connection.close()
        history = {"rows": 0}
        good = [run_cycle(server, args, number, expectations, history, randomness)
                for number in range(1, args.cycles + 1)]
    print(f"{sum(good)} of {len(good)} cycles ok, {expectations.rows()} acknowledged rows")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
