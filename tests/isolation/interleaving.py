"""Sessions whose statements are interleaved by hand: each statement is sent when the script says so; one that waits for
a lock goes on by itself when it may, and its result is there at the end."""
import os
import queue
import sys
import threading

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402

READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE = "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"
LEVELS = (READ_COMMITTED, REPEATABLE_READ, SERIALIZABLE)
# How long a statement gets before the script goes on without it: it waits for a lock then.
BLOCKED_AFTER_S = 0.3 * sanitizers.SLOWNESS
PATIENCE_S = 20 * sanitizers.SLOWNESS


class Result:
    """What became of a statement: rows, or a row count, or an error."""

    def __init__(self):
        self.done = threading.Event()
        self.value = None
        self.error = None

    def wait(self):
        if not self.done.wait(PATIENCE_S):
            raise AssertionError("a statement still waits")
        return self

    @property
    def rows(self):
        self.wait()
        return sorted(self.value) if isinstance(self.value, list) else self.value

    @property
    def blocked(self):
        return not self.done.is_set()


class Transaction:
    """A session with one transaction open. call it with SQL; end() closes it."""

    def __init__(self, dsn, level, modes=""):
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.queue = queue.Queue()
        self.error = None
        self.committed = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self(f"BEGIN ISOLATION LEVEL {level} {modes}")

    def run(self):
        while True:
            sql, result = self.queue.get()
            if sql is None:
                return
            try:
                with self.connection.cursor() as cursor:
                    cursor.execute(sql)
                    result.value = cursor.fetchall() if cursor.description else cursor.rowcount
                    if sql == "COMMIT":
                        self.committed = cursor.statusmessage == "COMMIT"
            except psycopg2.Error as problem:
                result.error = problem
                self.error = self.error or problem
            result.done.set()

    def __call__(self, sql):
        result = Result()
        self.queue.put((sql, result))
        result.done.wait(BLOCKED_AFTER_S)
        return result

    def commit(self):
        return self("COMMIT")

    @property
    def code(self):
        """The SQLSTATE of its first error; None: it had none."""
        return self.error.pgcode if self.error is not None else None

    def end(self):
        self.queue.put((None, None))
        self.thread.join(PATIENCE_S)
        self.connection.close()
