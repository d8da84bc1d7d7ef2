#!/usr/bin/python3
"""Kills one actor of a node after the other under load: nothing acknowledged may be lost, and the others keep working.

Every --every-ms it takes an actor from sys.actors at random and kills it with sys.kill_actor(id). Afterwards every
acknowledged row must be there, and after each kill commits must be back at half of their usual rate within
--recover-ms. With --server postgres the actors are backends, which proves the script rather than the server.
"""
import argparse
import bisect
import collections
import os
import random
import statistics
import sys
import time

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import acked_writers  # noqa: E402
import servers  # noqa: E402

WINDOW_S = 0.05  # a rate is counted over this long

POSTGRES_STAND_IN = """
CREATE SCHEMA sys;
CREATE VIEW sys.actors AS SELECT pid::int8 AS id, 'session'::text AS name FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
CREATE FUNCTION sys.kill_actor(id int8) RETURNS bool LANGUAGE sql AS 'SELECT pg_terminate_backend(id::int4)';
"""


class Killer:
    """Connects again when it killed its own session."""

    def __init__(self, dsn, randomness, sparing):
        self.dsn, self.randomness, self.sparing = dsn, randomness, sparing
        self.connection = None
        self.kills = []  # (when, name)
        self.failures = collections.Counter()

    def kill_one(self):
        try:
            if self.connection is None:
                self.connection = psycopg2.connect(self.dsn)
                self.connection.autocommit = True
            with self.connection.cursor() as cursor:
                cursor.execute("SELECT id, name FROM sys.actors ORDER BY id")
                actors = [row for row in cursor.fetchall() if row[1] not in self.sparing]
                if not actors:
                    return
                actor, name = self.randomness.choice(actors)
                self.kills.append((time.monotonic(), name))
                cursor.execute("SELECT sys.kill_actor(%s)", (actor,))
        except psycopg2.Error as problem:
            self.failures[problem.pgcode or "connection lost"] += 1
            if self.connection is not None and (self.connection.closed or problem.pgcode is None):
                self.connection.close()
                self.connection = None


def recovery_ms(commit_times, killed_at, usual_rate):
    """How long after the kill a window of WINDOW_S began in which commits came at half of the usual rate."""
    needed = max(1, int(usual_rate * WINDOW_S / 2))
    at = bisect.bisect_left(commit_times, killed_at)
    while at + needed <= len(commit_times):
        if commit_times[at + needed - 1] - commit_times[at] <= WINDOW_S:
            return (commit_times[at] - killed_at) * 1000
        at += 1
    return None  # the load ended first


def drive(server, args, writers):
    """Load alone, then load with kills; returns the usual rate and the killer."""
    time.sleep(args.warm_up)
    begin, counted = time.monotonic(), sum(len(w.acknowledged) for w in writers)
    time.sleep(args.warm_up)
    usual_rate = (sum(len(w.acknowledged) for w in writers) - counted) / (time.monotonic() - begin)
    killer = Killer(server.dsn(), random.Random(args.seed), set(args.spare))
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        next_kill = time.monotonic() + args.every_ms / 1000
        killer.kill_one()
        time.sleep(max(0, next_kill - time.monotonic()))
    time.sleep(0.5)
    return usual_rate, killer


def report(args, usual_rate, killer, writers, problems):
    commit_times = sorted(at for writer in writers for at in writer.commit_times)
    recoveries, slow = [], []
    for killed_at, name in killer.kills:
        waited = recovery_ms(commit_times, killed_at, usual_rate)
        if waited is None:
            continue
        recoveries.append(waited)
        if waited > args.recover_ms:
            slow.append((name, waited))
    kinds = collections.Counter(name for _, name in killer.kills)
    print("killed: " + ", ".join(f"{count} {name}" for name, count in sorted(kinds.items())))
    print(f"commits/s: {usual_rate:.0f} before, {len(commit_times) / (commit_times[-1] - commit_times[0]):.0f} overall; "
          f"connections made: {sum(w.connections for w in writers)}; in doubt: {sum(len(w.in_doubt) for w in writers)}; "
          f"refused: {dict(sum((collections.Counter(w.refused) for w in writers), collections.Counter()))}; "
          f"killer's own failures: {dict(killer.failures)}")
    if recoveries:
        recoveries.sort()
        print(f"back at half the rate after: p50 {statistics.median(recoveries):.0f} ms, "
              f"p99 {recoveries[int(len(recoveries) * 0.99)]:.0f} ms, worst {recoveries[-1]:.0f} ms")
    else:
        problems.append("no kill could be judged")
    if slow:
        worst = max(slow, key=lambda entry: entry[1])
        problems.append(f"{len(slow)} of {len(recoveries)} kills took longer than {args.recover_ms} ms, "
                        f"the worst {worst[1]:.0f} ms ({worst[0]})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every-ms", type=float, default=100)
    parser.add_argument("--recover-ms", type=float, default=200)
    parser.add_argument("--warm-up", type=float, default=2, help="seconds, twice")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--spare", action="append", default=[], help="a name in sys.actors that is not killed")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with servers.make_server(args) as server:
        connection = psycopg2.connect(server.dsn())
        connection.autocommit = True
        if args.server == "postgres":
            with connection.cursor() as cursor:
                cursor.execute(POSTGRES_STAND_IN)
        acked_writers.create_table(connection)
        connection.close()
        writers = acked_writers.start_writers(server.dsn(), args.writers)
        try:
            usual_rate, killer = drive(server, args, writers)
        finally:
            acked_writers.stop_writers(writers)
        expectations = acked_writers.Expectations()
        expectations.add(writers)
        connection = psycopg2.connect(server.dsn())
        problems = expectations.problems(connection)
        connection.close()
        report(args, usual_rate, killer, writers, problems)
    print(f"{expectations.rows()} acknowledged rows, {len(killer.kills)} kills: {'; '.join(problems) or 'ok'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
