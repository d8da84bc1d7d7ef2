"""Tables and a random load for tests in which one server follows another: the same SQL for a node and PostgreSQL."""
import random
import threading
import time

import psycopg2

import sanitizers

PATIENCE_S = 90 * sanitizers.SLOWNESS

TYPES = """CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE types (id int PRIMARY KEY, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, n2 numeric(12,3),
  t text, v varchar(20), c char(5), by bytea, d date, ti time, tz timetz, ts timestamp, tsz timestamptz, iv interval,
  u uuid, j json, jb jsonb, ip inet, ci cidr, mac macaddr, bi bit(4), vb varbit, ia int[], ta text[], m mood,
  p positive, r int4range, mr int4multirange, mo money, o oid);
"""
TYPE_ROWS = """INSERT INTO types SELECT i, i % 2 = 0, i, i * 10000000000, i / 3.0, i / 7.0, i / 3.0::numeric, i,
  'text ' || i, 'v' || i, 'c', decode('00ff10', 'hex'), date '2020-01-01' + i, '10:11:12.5', '10:11:12+02',
  timestamp '2020-01-01 10:00:00' + i * interval '1 hour', timestamptz '2020-01-01 10:00:00+00', '1 year 2 mons 3 days 04:05:06.7',
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '{"a": [1, 2]}', '{"b": null, "a": 1.50}', '10.1.2.3/8', '10.0.0.0/8',
  '08:00:2b:01:02:03', B'1010', B'101', ARRAY[i, NULL, 3], ARRAY['a', NULL, 'b "c"'], 'happy', i, '[1,5)', '{[1,3),[5,7)}',
  12.34, i FROM generate_series({first}, {last}) i;
INSERT INTO types (id) VALUES ({last} + 1);
INSERT INTO types (id, f4, f8, n, t, d, ts, iv) VALUES ({last} + 2, 'NaN', '-Infinity', 'NaN', E'tab\\t new\\nline \\\\ ü', 'infinity', '-infinity', '-1 day');
"""
TABLES = """CREATE TABLE accounts (id int PRIMARY KEY, name text, balance numeric(12,2) NOT NULL, tag int UNIQUE);
CREATE TABLE notes (a int NOT NULL, b text); ALTER TABLE notes REPLICA IDENTITY FULL;
CREATE TABLE pairs (a int, b int, c text, PRIMARY KEY (a, b));
CREATE TABLE by_index (a int, b int NOT NULL, c text); CREATE UNIQUE INDEX by_index_b ON by_index (b);
ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_b;
CREATE TABLE log (id bigint PRIMARY KEY, what text);
"""
SUMS = {"types": "id", "accounts": "id", "notes": "a, b", "pairs": "a, b", "by_index": "b", "log": "id"}


def type_rows(first, last):
    return TYPE_ROWS.replace("{first}", str(first)).replace("{last}", str(last))


def run(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else None


def open_connection(server, patience_s=PATIENCE_S):
    until = time.monotonic() + patience_s
    while True:
        try:
            connection = psycopg2.connect(server.dsn())
            connection.autocommit = True
            return connection
        except psycopg2.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Load(threading.Thread):
    """One writer's random transactions; it goes on after the server was away."""

    def __init__(self, server, seed):
        super().__init__(daemon=True)
        self.server, self.random, self.number = server, random.Random(seed), seed
        self.stopping, self.commits, self.problem = threading.Event(), 0, None

    def statements(self):
        pick, own = self.random, self.number * 1_000_000
        for _ in range(pick.randint(1, 6)):
            key, value = pick.randint(1, 200), pick.randint(1, 1_000_000)
            yield pick.choice([
                f"INSERT INTO accounts VALUES ({key}, 'n{value}', {value}, {value}) ON CONFLICT DO NOTHING",
                f"UPDATE accounts SET balance = balance + 1, name = NULL WHERE id = {key}",
                f"UPDATE accounts SET tag = {value} WHERE id = {key}",
                f"UPDATE accounts SET id = {key + 300} WHERE id = {key}",
                f"DELETE FROM accounts WHERE id BETWEEN {key} AND {key + 3}",
                f"INSERT INTO notes VALUES ({key}, 'note {value}'), ({key}, 'note {value}')",
                f"UPDATE notes SET b = 'changed {value}' WHERE a = {key}",
                f"DELETE FROM notes WHERE a = {key}",
                f"INSERT INTO pairs VALUES ({key}, {value % 5}, 'x') ON CONFLICT (a, b) DO UPDATE SET c = 'again'",
                f"UPDATE pairs SET b = b + 10 WHERE a = {key}",
                f"DELETE FROM pairs WHERE a < {key % 20}",
                f"INSERT INTO by_index VALUES ({key}, {value}, NULL) ON CONFLICT DO NOTHING",
                f"UPDATE by_index SET b = b + 1000000, c = 'moved' WHERE a = {key}",
                f"DELETE FROM by_index WHERE a = {key}",
                f"INSERT INTO log SELECT {own + self.commits * 1000} + i, 'several' FROM generate_series(1, 30) i "
                f"ON CONFLICT DO NOTHING",
                f"UPDATE types SET t = 'changed {value}', jb = '{{\"v\": {value}}}' WHERE id = {key % 50}",
            ])
        if pick.random() < 0.02:
            yield pick.choice(["TRUNCATE notes", "TRUNCATE pairs, by_index", "TRUNCATE log"])

    def run(self):
        connection = None
        while not self.stopping.is_set():
            try:
                connection = connection or open_connection(self.server)
                self.transaction(connection)
                self.commits += 1
            except psycopg2.OperationalError:
                connection = None
                time.sleep(0.05)
            except psycopg2.Error as problem:
                if problem.pgcode not in ("40P01", "40001", "23505"):
                    self.problem = problem
                    return
                run(connection, "ROLLBACK")

    def transaction(self, connection):
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for statement in self.statements():
                cursor.execute(statement)
            cursor.execute("COMMIT" if self.random.random() < 0.9 else "ROLLBACK")
