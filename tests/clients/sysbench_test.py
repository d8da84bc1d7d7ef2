#!/usr/bin/python3
"""sysbench's oltp_* scripts, unmodified, against a node: prepare, run and cleanup must succeed, without an ignored error.

    sysbench_test.py --server troupe [--seconds 1]     starts one and tests it
    sysbench_test.py --port 5432                       tests one that runs
"""
import argparse
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402

READING = ["oltp_point_select", "oltp_read_only"]
WRITING = ["oltp_read_write", "oltp_write_only", "oltp_update_index", "oltp_update_non_index", "oltp_insert", "oltp_delete"]
SKIPPED = 77  # ctest's SKIP_RETURN_CODE


class Sysbench:
    def __init__(self, server, options):
        self.server, self.options = server, options

    def call(self, script, action, *arguments):
        command = ["sysbench", script, "--db-driver=pgsql", "--pgsql-host=127.0.0.1", f"--pgsql-port={self.server.port}",
                   "--pgsql-user=postgres", "--pgsql-db=postgres", "--tables=2", "--table-size=500",
                   *self.options, *arguments, action]
        done = subprocess.run(command, capture_output=True, timeout=120 * sanitizers.SLOWNESS, check=False)
        output = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode != 0 or "FATAL" in output:
            raise AssertionError(f"{' '.join(command)}\nended with {done.returncode}: {output[-2000:]}")
        return output

    def run(self, script, threads, seconds):
        output = self.call(script, "run", f"--threads={threads}", f"--time={seconds}")
        counts = {line.split(":")[0].strip(): int(line.split(":")[1].split()[0])
                  for line in output.splitlines() if line.strip().startswith(("transactions:", "ignored errors:"))}
        if counts["transactions"] == 0:
            raise AssertionError(f"{script} with {threads} threads made no transaction")
        # Deadlocks of the read-write mix are what sysbench retries; everything else runs without one.
        if counts["ignored errors"] > counts["transactions"]:
            raise AssertionError(f"{script} with {threads} threads: {counts['ignored errors']} errors were ignored")
        print(f"  {script} threads={threads}: {counts['transactions']} transactions, "
              f"{counts['ignored errors']} ignored errors")


def rows_of(server, table):
    with server.connect() as wire:
        return int(wire.query(f"SELECT count(*) FROM {table}").rows[0][0])


def check(server, options, threads_of_runs, seconds):
    print(" ".join(options) or "(defaults)")
    sysbench = Sysbench(server, options)
    sysbench.call("oltp_read_write", "prepare")
    if rows_of(server, "sbtest2") != 500:
        raise AssertionError(f"prepare left {rows_of(server, 'sbtest2')} rows, expected 500")
    for script in READING + WRITING:
        for threads in threads_of_runs:
            sysbench.run(script, threads, seconds)
    sysbench.call("oltp_read_write", "cleanup")
    with server.connect() as wire:
        left = wire.query("SELECT count(*) FROM pg_class WHERE relname LIKE 'sbtest%'").rows[0][0]
    if left != b"0":
        raise AssertionError(f"cleanup left {left.decode()} relations")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--port", type=int, help="of a server that runs")
    parser.add_argument("--seconds", type=int, default=1, help="each script runs")
    parser.add_argument("--quick", action="store_true", help="prepared statements, serial columns and 8 threads only")
    options = parser.parse_args()
    if shutil.which("sysbench") is None:
        print("sysbench is not installed: skipped")
        return SKIPPED
    server = servers.RunningServer("127.0.0.1", options.port) if options.port else servers.make_server(options)
    variants = [[]] if options.quick else [[], ["--auto_inc=off"], ["--db-ps-mode=disable"]]
    with server:
        for variant in variants:
            check(server, variant, [8] if options.quick else [1, 8], options.seconds)
    print("passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
