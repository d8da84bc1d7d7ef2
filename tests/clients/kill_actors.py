#!/usr/bin/python3
"""Kills one actor of a node after the other under load: nothing acknowledged may be lost, and the others keep working.

Every --every-ms it takes an actor from sys.actors at random (first a kind, then one of it, so that the writers'
sessions do not outnumber the rest; not the root supervisor, whose end is the process's: kill9.py) and kills it with
sys.kill_actor(id). Afterwards every acknowledged row must be there, and after each kill commits must be back at half of their usual rate, counted over 50 ms, within --recover-ms.
The same is measured before at moments when nobody was killed: a machine that stalls by itself shows there, and kills
fail the test only when more of them are slow than of those moments (by more than --slow-share of all, which is for
machines that are busy with other things). At the end the node must have no more actors,
threads, open files and locks than before. With --server postgres the actors are backends, which proves the script
rather than the server.
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
CREATE VIEW sys.actors AS SELECT pid::int8 AS id, 'session'::text AS kind, 'session'::text AS name FROM pg_stat_activity
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
                cursor.execute("SELECT id, kind, name FROM sys.actors ORDER BY id")
                actors = [row for row in cursor.fetchall() if row[2] not in self.sparing]
                if not actors:
                    return
                # A supervisor is a kind of its own: "storage" takes others along than "log" does.
                kind_of = {row: row[2] if row[1] == "supervisor" else row[1] for row in actors}
                kind = self.randomness.choice(sorted(set(kind_of.values())))
                actor, _, name = self.randomness.choice([row for row in actors if kind_of[row] == kind])
                self.kills.append((time.monotonic(), kind if kind == "session" else name))
                cursor.execute("SELECT sys.kill_actor(%s)", (actor,))
                if not cursor.fetchone()[0]:  # it had ended by itself
                    self.kills.pop()
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
    """Load alone, then load with kills; returns the usual rate, moments without a kill, and the killer."""
    time.sleep(args.warm_up)
    begin, counted = time.monotonic(), sum(len(w.acknowledged) for w in writers)
    calm = args.warm_up + args.seconds / 6
    time.sleep(calm)
    usual_rate = (sum(len(w.acknowledged) for w in writers) - counted) / (time.monotonic() - begin)
    moments = [begin + at * args.every_ms / 1000 for at in range(int((calm - 1) * 1000 / args.every_ms))]
    killer = Killer(server.dsn(), random.Random(args.seed), set(args.spare))
    end = time.monotonic() + args.seconds
    while time.monotonic() < end:
        next_kill = time.monotonic() + args.every_ms / 1000
        killer.kill_one()
        time.sleep(max(0, next_kill - time.monotonic()))
    time.sleep(0.5)
    return usual_rate, moments, killer


def target_of(link):
    try:
        return os.readlink(link)
    except OSError:
        return ""  # closed since it was listed


def is_log_segment(path):
    return os.path.basename(os.path.dirname(path)) == "log"


class Footprint:
    """What a node holds when nobody uses it: leaks show as more of it. Log segments are counted apart: the writer opens
    the next one ahead, so there may be two."""

    def __init__(self, server):
        process = server.process_ids()[0] if server.name == "postgres" else server.process.pid
        descriptors = [target_of(f"/proc/{process}/fd/{number}") for number in os.listdir(f"/proc/{process}/fd")]
        self.files = sum(not is_log_segment(target) for target in descriptors)
        self.segments = max(2, sum(is_log_segment(target) for target in descriptors))
        self.threads = len(os.listdir(f"/proc/{process}/task"))
        with psycopg2.connect(server.dsn()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM sys.actors")
            self.actors = cursor.fetchone()[0]
        connection.close()

    def more_than(self, before):
        names = ("files", "segments", "threads", "actors")
        return [f"{getattr(self, name)} {name}, {getattr(before, name)} before" for name in names
                if getattr(self, name) > getattr(before, name)]


def settled_footprint(server, before):
    """Sessions and detached actors take a moment to end."""
    for _ in range(50):
        now = Footprint(server)
        if not now.more_than(before):
            break
        time.sleep(0.1)
    return now


def report(args, usual_rate, moments, killer, writers, problems):
    commit_times = sorted(at for writer in writers for at in writer.commit_times)
    recoveries, slow = [], []
    waits = [recovery_ms(commit_times, at, usual_rate) for at in moments]
    calm = sorted(waited for waited in waits if waited is not None)
    calm_slow = sum(waited > args.recover_ms for waited in calm)
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
    if calm:
        print(f"the same without a kill: p50 {statistics.median(calm):.0f} ms, p99 {calm[int(len(calm) * 0.99)]:.0f} "
              f"ms, worst {calm[-1]:.0f} ms, {calm_slow} of {len(calm)} above {args.recover_ms:.0f} ms")
    by_kind = collections.Counter(name for name, _ in slow)
    if slow:
        print("slow: " + ", ".join(f"{count} {name}" for name, count in by_kind.most_common()))
    if recoveries and len(slow) / len(recoveries) > calm_slow / max(1, len(calm)) + args.slow_share:
        worst = max(slow, key=lambda entry: entry[1])
        problems.append(f"{len(slow)} of {len(recoveries)} kills took longer than {args.recover_ms} ms, "
                        f"the worst {worst[1]:.0f} ms ({worst[0]})")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every-ms", type=float, default=100)
    parser.add_argument("--recover-ms", type=float, default=200)
    parser.add_argument("--slow-share", type=float, default=0.0)
    parser.add_argument("--warm-up", type=float, default=2, help="seconds, twice")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--spare", action="append", default=["node"], help="a name in sys.actors that is not killed")
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
        footprint = Footprint(server)
        writers = acked_writers.start_writers(server.dsn(), args.writers)
        try:
            usual_rate, moments, killer = drive(server, args, writers)
        finally:
            acked_writers.stop_writers(writers)
        expectations = acked_writers.Expectations()
        expectations.add(writers)
        connection = psycopg2.connect(server.dsn())
        problems = expectations.problems(connection)
        connection.close()
        report(args, usual_rate, moments, killer, writers, problems)
        if killer.connection is not None:
            killer.connection.close()
        if any(writer.is_alive() for writer in writers):
            problems.append("a writer hangs")
        if args.server == "troupe":
            problems += settled_footprint(server, footprint).more_than(footprint)
    print(f"{expectations.rows()} acknowledged rows, {len(killer.kills)} kills: {'; '.join(problems) or 'ok'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
