#!/usr/bin/python3
"""Kills one actor of a node after the other under load: nothing acknowledged may be lost, and the others keep working.

Every --every-ms it takes an actor from sys.actors at random (first a kind, then one of it, so that the writers'
sessions do not outnumber the rest; not the root supervisor, whose end is the process's: kill9.py) and kills it with
sys.kill_actor(id). Afterwards every acknowledged row must be there, and after each kill commits must be back at half of
their usual rate, counted over 50 ms, within --recover-ms.

What is usual changes from moment to moment on a machine that does other things too. So a second node, the control, has
the same load and loses nobody: the usual rate is the control's at that moment, times how the two compare before the
first kill, and time in which the control stands still, too, does not count. The same is measured before at moments when
nobody was killed, which shows what the measure itself is worth: kills fail the test only when more of them are slow
than of those moments (by more than --slow-share of all). Over all kills, too, the rate must be half of the usual one.

At the end the node must have no more actors, threads, open files and locks than before. With --server postgres the
actors are backends, which proves the script rather than the server.
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
import sanitizers  # noqa: E402
import servers  # noqa: E402

WINDOW_S = 0.05  # a rate is counted over this long
CONTROL_WINDOW_S = 0.25  # the control's rate, around the former

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


class Commits:
    """When they were acknowledged."""

    def __init__(self, writers):
        self.times = sorted(at for writer in writers for at in writer.commit_times)

    def between(self, begin, end):
        return bisect.bisect_left(self.times, end) - bisect.bisect_left(self.times, begin)

    def rate(self, begin, end):
        return self.between(begin, end) / (end - begin)

    def standstill(self, begin, end):
        """Of this time, how much passed in gaps longer than WINDOW_S."""
        first = max(bisect.bisect_left(self.times, begin) - 1, 0)
        last = bisect.bisect_left(self.times, end) + 1
        edges = self.times[first:last]
        gaps = [(max(a, begin), min(b, end)) for a, b in zip(edges, edges[1:]) if b - a > WINDOW_S]
        return sum(max(0, b - a) for a, b in gaps)


class Measure:
    """How fast commits came back. The control's rate over [calm_begin, calm_end) says how the two nodes compare."""

    def __init__(self, commits, control, calm_begin, calm_end):
        self.commits, self.control = commits, control
        self.ratio = commits.rate(calm_begin, calm_end) / control.rate(calm_begin, calm_end)

    def usual_rate(self, at):
        middle = at + WINDOW_S / 2
        return self.ratio * self.control.rate(middle - CONTROL_WINDOW_S / 2, middle + CONTROL_WINDOW_S / 2)

    def recovery_ms(self, killed_at):
        """How long after the kill a window began in which commits came at half of the usual rate."""
        times = self.commits.times
        for i in range(bisect.bisect_left(times, killed_at), len(times)):
            needed = max(1, self.usual_rate(times[i]) * WINDOW_S / 2)
            if self.commits.between(times[i], times[i] + WINDOW_S) >= needed:
                waited = times[i] - killed_at - self.control.standstill(killed_at, times[i])
                return max(0, waited) * 1000
        return None  # the load ended first


Phases = collections.namedtuple("Phases", "calm_begin kills_begin kills_end")


def drive(server, args):
    """Load alone, then load with kills."""
    time.sleep(args.warm_up)
    begin = time.monotonic()
    time.sleep(args.warm_up + args.seconds / 6)
    kills_begin = time.monotonic()
    killer = Killer(server.dsn(), random.Random(args.seed), set(args.spare))
    while time.monotonic() < kills_begin + args.seconds:
        next_kill = time.monotonic() + args.every_ms / 1000
        killer.kill_one()
        time.sleep(max(0, next_kill - time.monotonic()))
    kills_end = time.monotonic()
    time.sleep(0.5)
    return Phases(begin, kills_begin, kills_end), killer


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
    for _ in range(int(50 * sanitizers.SLOWNESS)):
        now = Footprint(server)
        if not now.more_than(before):
            break
        time.sleep(0.1)
    return now


def show_recoveries(what, recoveries, limit_ms):
    values = sorted(waited for _, waited in recoveries)
    slow = [(name, waited) for name, waited in recoveries if waited > limit_ms]
    print(f"{what}: p50 {statistics.median(values):.0f} ms, p99 {values[int(len(values) * 0.99)]:.0f} ms, "
          f"worst {values[-1]:.0f} ms, {len(slow)} of {len(values)} above {limit_ms:.0f} ms")
    return slow


def measured(measure, moments):
    """(name, ms) of each moment (when, name) that can be judged."""
    recoveries = [(name, measure.recovery_ms(at)) for at, name in moments]
    return [(name, waited) for name, waited in recoveries if waited is not None]


def judge(args, measure, phases, kills):
    """What is wrong with how fast the node was back, as sentences."""
    step, problems = args.every_ms / 1000, []
    count = int((phases.kills_begin - phases.calm_begin - 1) / step)
    calm = measured(measure, [(phases.calm_begin + i * step, "nobody") for i in range(count)])
    recoveries = measured(measure, kills)
    if not recoveries or not calm:
        return ["no kill could be judged"]
    slow = show_recoveries("back at half the rate after", recoveries, args.recover_ms)
    calm_slow = show_recoveries("the same without a kill", calm, args.recover_ms)
    if slow:
        print("slow: " + ", ".join(f"{n} {name}" for name, n in collections.Counter(n for n, _ in slow).most_common()))
    if len(slow) / len(recoveries) > len(calm_slow) / len(calm) + args.slow_share:
        name, worst = max(slow, key=lambda entry: entry[1])
        problems.append(f"{len(slow)} of {len(recoveries)} kills took longer than {args.recover_ms} ms, "
                        f"the worst {worst:.0f} ms ({name})")
    overall = [node.rate(phases.kills_begin, phases.kills_end) for node in (measure.commits, measure.control)]
    if overall[0] < measure.ratio * overall[1] / 2:
        problems.append(f"{overall[0]:.0f} commits/s during the kills, {measure.ratio * overall[1]:.0f} are usual")
    return problems


def show_load(measure, phases, killer, writers):
    kinds = collections.Counter(name for _, name in killer.kills)
    print("killed: " + ", ".join(f"{count} {name}" for name, count in sorted(kinds.items())))
    for name, node in (("commits/s", measure.commits), ("the control's", measure.control)):
        print(f"{name}: {node.rate(phases.calm_begin, phases.kills_begin):.0f} before, "
              f"{node.rate(phases.kills_begin, phases.kills_end):.0f} during the kills")
    refused = sum((collections.Counter(w.refused) for w in writers), collections.Counter())
    connections, in_doubt = sum(w.connections for w in writers), sum(len(w.in_doubt) for w in writers)
    print(f"connections made: {connections}; in doubt: {in_doubt}; refused: {dict(refused)}; "
          f"killer's own failures: {dict(killer.failures)}")


def prepare(server):
    connection = psycopg2.connect(server.dsn())
    connection.autocommit = True
    if server.name == "postgres":
        with connection.cursor() as cursor:
            cursor.execute(POSTGRES_STAND_IN)
    acked_writers.create_table(connection)
    connection.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    servers.add_server_arguments(parser)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every-ms", type=float, default=100)
    parser.add_argument("--recover-ms", type=float, default=200 * sanitizers.SLOWNESS)
    parser.add_argument("--slow-share", type=float, default=0.0)
    parser.add_argument("--warm-up", type=float, default=2, help="seconds, twice")
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--spare", action="append", default=["node"], help="a name in sys.actors that is not killed")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with servers.make_server(args) as server, servers.make_server(args) as control:
        for node in (server, control):
            prepare(node)
        footprint = Footprint(server)
        writers = acked_writers.start_writers(server.dsn(), args.writers)
        control_writers = acked_writers.start_writers(control.dsn(), args.writers)
        try:
            phases, killer = drive(server, args)
        finally:
            acked_writers.stop_writers(writers + control_writers)
        expectations = acked_writers.Expectations()
        expectations.add(writers)
        connection = psycopg2.connect(server.dsn())
        problems = expectations.problems(connection)
        connection.close()
        measure = Measure(Commits(writers), Commits(control_writers), phases.calm_begin, phases.kills_begin)
        show_load(measure, phases, killer, writers)
        problems += judge(args, measure, phases, killer.kills)
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
