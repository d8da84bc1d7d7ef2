"""Writers and consumers for streams, and what they check: nothing of a key is lost, comes twice or out of order.

Rows are items(id, seq, pad); every change adds one to seq, so that the changes of a key are 1, 2, 3, ... An exact
consumer keeps in state_<group>(id, seq) how far each key is, in the transaction that acknowledges: whatever does not go
on there is told. A loose consumer writes down what it has processed before it acknowledges.
"""
import json
import os
import random
import time

import psycopg2
import psycopg2.extras

ITEMS = 1_000
LOST = (psycopg2.OperationalError, psycopg2.InterfaceError)


def connect(dsn, patience_s=60):
    until = time.monotonic() + patience_s
    while True:
        try:
            connection = psycopg2.connect(dsn, connect_timeout=10)
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def set_up(dsn, exact_groups, loose_groups, options="ack_timeout = '3s'"):
    connection = connect(dsn)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE items (id int PRIMARY KEY, seq int NOT NULL, pad text)")
        cursor.execute(f"INSERT INTO items SELECT g, 0, 'x' FROM generate_series(1, {ITEMS}) g")
        cursor.execute("CREATE STREAM item_changes ON items (id, seq) WITH (envelope = 'after')")
        for group in exact_groups + loose_groups:
            cursor.execute(f"CREATE CONSUMER GROUP {group} ON item_changes START LATEST WITH ({options})")
        for group in exact_groups:
            cursor.execute(f"CREATE TABLE state_{group} (id int PRIMARY KEY, seq int NOT NULL)")
            cursor.execute(f"INSERT INTO state_{group} SELECT id, 0 FROM items")
            cursor.execute(f"CREATE TABLE problem_{group} (what text)")
    connection.close()


def write(dsn, stop, per_second, changed, batch=100):
    """Until `stop` is set. `changed`: a shared counter of changes that were committed, or may have been."""
    rng = random.Random(os.getpid())
    connection = None
    begun, done = time.monotonic(), 0
    while not stop.is_set():
        ahead = begun + done / per_second - time.monotonic()
        if ahead > 0:
            time.sleep(min(ahead, 0.05))
            continue
        try:
            connection = connection or connect(dsn)
            ids = sorted(rng.sample(range(1, ITEMS + 1), batch))
            with connection.cursor() as cursor:
                cursor.execute("UPDATE items SET seq = seq + 1 WHERE id = ANY(%s)", (ids,))
            changed.value += batch
            done += batch
        except LOST:
            connection = None
            begun, done = time.monotonic(), 0  # what could not be written is not made up for


def in_order(events):
    """{id: [seq, ...]} as delivered."""
    keys = {}
    for event in events:
        row = json.loads(event) if isinstance(event, str) else event
        keys.setdefault(row["id"], []).append(row["seq"])
    return keys


def take(cursor, group, member, count):
    """(batch, after images)"""
    cursor.execute(f"CONSUME {count} FROM item_changes GROUP {group} MEMBER '{member}' WAIT '500ms'")
    rows = cursor.fetchall()
    names = [column.name for column in cursor.description]
    after, batch = names.index("after"), names.index("batch")
    return (rows[0][batch], [row[after] for row in rows]) if rows else (None, [])


def apply_exactly(connection, cursor, group, keys, batch):
    """The effect and the acknowledgement, in one transaction."""
    connection.autocommit = False
    try:
        cursor.execute(f"SELECT id, seq FROM state_{group} WHERE id = ANY(%s)", (list(keys),))
        state = dict(cursor.fetchall())
        problems = [f"{group}: key {key} was at {state[key]}, then came {seqs}" for key, seqs in keys.items()
                    if seqs != list(range(state[key] + 1, state[key] + 1 + len(seqs)))]
        for problem in problems:
            cursor.execute(f"INSERT INTO problem_{group} VALUES (%s)", (problem,))
        cursor.execute(f"UPDATE state_{group} s SET seq = n.seq FROM unnest(%s::int[], %s::int[]) AS n(id, seq) "
                       "WHERE s.id = n.id", (list(keys), [seqs[-1] for seqs in keys.values()]))
        cursor.execute(f"ACKNOWLEDGE item_changes GROUP {group} BATCH '{batch}'")
        connection.commit()
    except psycopg2.Error:
        if not connection.closed:
            connection.rollback()
        raise
    finally:
        if not connection.closed:
            connection.autocommit = True


def consume(dsn, stop, group, member, exact, journal=None, count=500, delivered=None):
    """Until `stop` is set. `journal`: a file for what a loose consumer has processed."""
    connection = None
    out = open(journal, "a", buffering=1) if journal else None
    while not stop.is_set():
        try:
            connection = connection or connect(dsn)
            with connection.cursor() as cursor:
                batch, events = take(cursor, group, member, count)
                if not events:
                    continue
                keys = in_order(events)
                if exact:
                    apply_exactly(connection, cursor, group, keys, batch)
                else:
                    out.write(json.dumps(list(keys.items())) + "\n")
                    cursor.execute(f"ACKNOWLEDGE item_changes GROUP {group} BATCH '{batch}'")
                if delivered is not None:
                    with delivered.get_lock():
                        delivered.value += len(events)
        except LOST:
            connection = None
        except psycopg2.Error as error:
            # A batch that came too late has been, or will be, delivered to somebody else; conflicts are tried again.
            if error.pgcode not in ("55000", "40001", "40P01"):
                raise


def journal_problems(paths, wanted):
    """What is wrong with what the loose consumers of one group have written down. `wanted`: {id: last seq}."""
    seen, problems = {}, []
    for path in paths:
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                try:
                    batch = json.loads(line)
                except ValueError:
                    continue  # killed while it was writing: it did not acknowledge
                for key, seqs in batch:
                    if seqs != list(range(seqs[0], seqs[0] + len(seqs))):
                        problems.append(f"{path}: key {key}: {seqs}")
                    seen.setdefault(key, set()).update(seqs)
    for key, last in wanted.items():
        missing = set(range(1, last + 1)) - seen.get(key, set())
        if missing:
            problems.append(f"key {key}: never processed {sorted(missing)[:5]} of {last}")
    return problems
