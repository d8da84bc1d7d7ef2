"""Writers that remember what the server acknowledged, so that a test can ask afterwards whether it is still there."""
import threading
import time

import psycopg2

import sanitizers

TABLE = "acked"


def create_table(connection):
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (id int8 PRIMARY KEY, batch int8 NOT NULL, payload text)")


class Writer(threading.Thread):
    """Inserts batches of one to three rows, each batch in one transaction, until stop(). Connects again when it loses
    its connection; the batch under way then is in doubt: there whole or not at all."""

    def __init__(self, dsn, number, of, first_batch=1):
        super().__init__(daemon=True)
        self.dsn, self.number, self.of = dsn, number, of
        self.batch = first_batch
        self.acknowledged = []  # (batch, rows)
        self.in_doubt = []
        self.commit_times = []
        self.refused = {}  # SQLSTATE -> how often: the server said no, so nothing may be there
        self.refused_batches = []
        self.connections = 0
        self.stopping = threading.Event()

    def stop(self):
        self.stopping.set()

    def run(self):
        while not self.stopping.is_set():
            try:
                connection = psycopg2.connect(self.dsn)
            except psycopg2.Error:
                time.sleep(0.01)
                continue
            self.connections += 1
            try:
                self.write_with(connection)
            finally:
                connection.close()

    def write_with(self, connection):
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not self.stopping.is_set():
                batch, rows = self.batch, self.batch % 3 + 1
                self.batch += 1
                try:
                    cursor.execute(self.statement(batch, rows))
                except psycopg2.Error as problem:
                    if problem.pgcode and not connection.closed and not problem.pgcode.startswith(("08", "57", "40003")):
                        self.refused[problem.pgcode] = self.refused.get(problem.pgcode, 0) + 1
                        self.refused_batches.append(batch)
                        continue
                    self.in_doubt.append((batch, rows))
                    return
                self.acknowledged.append((batch, rows))
                self.commit_times.append(time.monotonic())

    def ids(self, batch, rows):
        return [(batch * 4 + row) * self.of + self.number for row in range(rows)]

    def key(self, batch):
        return batch * self.of + self.number

    def statement(self, batch, rows):
        values = ", ".join(f"({row_id}, {self.key(batch)}, 'row {row_id}')" for row_id in self.ids(batch, rows))
        return f"INSERT INTO {TABLE} VALUES {values}"


def start_writers(dsn, count, first_batch=1):
    writers = [Writer(dsn, number, count, first_batch) for number in range(count)]
    for writer in writers:
        writer.start()
    return writers


def stop_writers(writers):
    for writer in writers:
        writer.stop()
    for writer in writers:
        writer.join(10 * sanitizers.SLOWNESS)


class Expectations:
    """What the table must hold, over all writers so far."""

    def __init__(self):
        self.acknowledged = {}  # key of a batch -> its ids
        self.in_doubt = {}
        self.refused = set()

    def add(self, writers):
        for writer in writers:
            for batch, rows in writer.acknowledged:
                self.acknowledged[writer.key(batch)] = writer.ids(batch, rows)
            for batch, rows in writer.in_doubt:
                self.in_doubt[writer.key(batch)] = writer.ids(batch, rows)
            self.refused.update(writer.key(batch) for batch in writer.refused_batches)

    def rows(self):
        return sum(len(ids) for ids in self.acknowledged.values())

    def problems(self, connection):
        """What is wrong with the table, as sentences; empty when all is well."""
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT batch, id FROM {TABLE}")
            found = {}
            for key, row_id in cursor.fetchall():
                found.setdefault(key, []).append(row_id)
        problems = []
        lost = [key for key, ids in self.acknowledged.items() if sorted(found.get(key, [])) != ids]
        if lost:
            problems.append(f"{len(lost)} acknowledged batches are lost or torn, such as {lost[:5]}")
        torn = [key for key, ids in self.in_doubt.items() if key in found and sorted(found[key]) != ids]
        if torn:
            problems.append(f"{len(torn)} batches in doubt are there in part, such as {torn[:5]}")
        ghosts = [key for key in found if key not in self.acknowledged and key not in self.in_doubt]
        if ghosts:
            problems.append(f"{len(ghosts)} batches are there that were refused, such as {ghosts[:5]}")
        return problems
