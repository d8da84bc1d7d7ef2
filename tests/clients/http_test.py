#!/usr/bin/python3
"""The HTTP port: who gets in, event streams, WebSockets, queries; with raw sockets, with curl and with python's websocket
client. Also when the node dies, when a client does not read, and when there are hundreds of them."""
import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

import psycopg2
import websocket

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import sanitizers  # noqa: E402
import servers  # noqa: E402
from http_node import EventStream, HttpNode, PATIENCE_S, Writer, basic, read_answer  # noqa: E402

OPTIONS = argparse.Namespace(clients=200)
SCRAM = """
[[access]]
network = "loopback"
role = "postgres"
method = "trust"
[[access]]
network = "loopback"
role = "outcast"
method = "reject"
[[access]]
network = "loopback"
method = "scram"
"""
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def wait_until(reached, patience_s=PATIENCE_S):
    until = time.monotonic() + patience_s
    while not reached():
        if time.monotonic() > until:
            raise AssertionError(f"not so after {patience_s} s")
        time.sleep(0.02)


def http_case(settings="", config="", tls=False):
    """The base of tests that share one node."""

    class HttpCase(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.node = HttpNode(settings, config, tls)
            cls.node.__enter__()
            cls.addClassCleanup(cls.node.__exit__)

        def run_sql(self, sql, **login):
            connection = psycopg2.connect(**{**psycopg2.extensions.parse_dsn(self.node.dsn()), **login})
            connection.autocommit = True
            try:
                with connection.cursor() as cursor:
                    cursor.execute(sql)
                    return cursor.fetchall() if cursor.description else cursor.rowcount
            finally:
                connection.close()

        def insert(self, count):
            """A transaction each: within one, rows come in no particular order."""
            for number in range(1, count + 1):
                self.run_sql(f"INSERT INTO t VALUES ({number})")

        def stream(self, query, **options):
            stream = EventStream(self.node, query, **options)
            self.addCleanup(stream.close)
            return stream

        def web_socket(self, headers=None, **options):
            scheme = "wss" if tls else "ws"
            path = options.pop("path", "/v1/ws")
            socket = websocket.create_connection(
                f"{scheme}://localhost:{self.node.http_port}{path}", timeout=PATIENCE_S,
                header=[f"{k}: {v}" for k, v in (basic("postgres") if headers is None else headers).items()],
                origin=self.node.origin, **options)
            self.addCleanup(socket.close)
            return socket

    return HttpCase


def say(socket, **message):
    socket.send(json.dumps(message))


def hear(socket):
    return json.loads(socket.recv())


def hear_of(socket, kind, id=None):
    """The next message of the kind; others are passed over."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        message = hear(socket)
        if message["type"] == kind and (id is None or message.get("id") == id):
            return message
        assert message["type"] != "error" or kind == "error", message
    raise AssertionError(f"no {kind}")


class RequestTest(http_case('idle_s = 2\nbody_bytes_max = 5000\nallowed_origins = "https://app.example"')):
    def test_the_page_and_what_it_needs_are_served(self):
        for path, kind in [("/", "text/html"), ("/live.js", "text/javascript"), ("/live.css", "text/css")]:
            status, headers, body = self.node.ask("GET", path)
            self.assertEqual((status, headers.get_content_type()), (200, kind))
            self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(int(headers["Content-Length"]), len(body))
            status, headers, none = self.node.ask("HEAD", path)
            self.assertEqual((status, int(headers["Content-Length"]), none), (200, len(body), b""))

    def test_requests_of_one_connection_are_answered_in_order(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.node.http_port, timeout=PATIENCE_S)
        for path in ["/", "/none", "/live.js"]:
            connection.request("GET", path)
            self.assertEqual(read_answer(connection)[0], 404 if path == "/none" else 200)
        connection.close()
        answer = self.node.say(GET * 3 + b"GET /none HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        self.assertEqual(re.findall(rb"HTTP/1\.1 (\d+) ", answer), [b"200", b"200", b"200", b"404"])
        self.assertTrue(self.node.say(b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200"))

    def test_what_is_no_request_is_refused(self):
        def status(request):
            return int(self.node.say(request).split()[1])
        self.assertEqual(status(b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"), 400)
        self.assertEqual(status(b"nonsense\r\n\r\n"), 400)
        self.assertEqual(status(b"GET / HTTP/1.1\r\n\r\n"), 400)
        self.assertEqual(status(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000), 431)
        self.assertEqual(status(b"POST /v1/query HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5001\r\n\r\n"
                                + b"x" * 5001), 413)
        self.assertEqual(status(b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n"), 501)
        self.assertEqual(status(b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"), 505)
        self.assertEqual(status(b"GET / HTTP/1.1\r\nHost: loc"), 408)  # and nothing more
        self.assertEqual(self.node.say(b""), b"")  # an idle connection is closed without a word
        self.assertEqual(self.node.ask("POST", "/")[0], 405)
        self.assertEqual(self.node.ask("PUT", "/v1/session")[1]["Allow"], "POST, DELETE")
        self.assertEqual(self.node.ask("GET", "/v1/other")[0], 404)

    def test_pages_of_others_are_let_in_only_when_they_are_named(self):
        def ask(method="GET", **headers):
            return self.node.ask(method, "/v1/subscribe?table=none", {**basic("postgres"), **headers})
        self.assertEqual(ask(Origin="https://evil.example")[0], 403)
        self.assertEqual(ask(Origin="null")[0], 403)
        self.assertEqual(ask(Host="evil.example")[0], 421)
        self.assertEqual(ask(Host="evil.example", Origin="http://evil.example")[0], 421)
        self.assertEqual(ask(Origin=f"http://127.0.0.1:{self.node.http_port}")[0], 404)
        status, headers, _ = ask(Origin="https://app.example")
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (404, "https://app.example"))
        status, headers, _ = ask("OPTIONS", Origin="https://app.example")
        self.assertEqual(status, 204)
        self.assertIn("Authorization", headers["Access-Control-Allow-Headers"])
        with self.assertRaises(websocket.WebSocketBadStatusException) as caught:
            websocket.create_connection(f"ws://localhost:{self.node.http_port}/v1/ws", origin="https://evil.example",
                                        header=[f"{k}: {v}" for k, v in basic("postgres").items()])
        self.assertEqual(caught.exception.status_code, 403)

    def test_a_statement_is_answered_as_json(self):
        def query(sql, *params, **headers):
            body = json.dumps({"sql": sql, "params": params})
            return self.node.ask("POST", "/v1/query", {**basic("postgres"), "Content-Type": "application/json",
                                                       **headers}, body)
        status, _, answer = query("""SELECT $1::int + 1 AS a, $2::text AS b, NULL AS c, true AS d, 1.50 AS e,
                                  '{"x": [1]}'::jsonb AS f, 'NaN'::float8 AS g, date '2026-01-02' AS h""", 41, 'q"')
        self.assertEqual(status, 200)
        self.assertEqual([c["name"] for c in answer["columns"]], list("abcdefgh"))
        self.assertEqual(answer["rows"], [[42, 'q"', None, True, 1.5, {"x": [1]}, "NaN", "2026-01-02"]])
        self.assertEqual(answer["command"], "SELECT 1")
        status, _, answer = query("SELECT 1 + nothing")
        self.assertEqual((status, answer["error"]["sqlstate"], answer["error"]["position"]), (400, "42703", 12))
        self.assertEqual(query("SELECT 1; SELECT 2")[2]["error"]["sqlstate"], "42601")
        self.assertEqual(query("SELECT * FROM nowhere")[0], 404)
        for sql in ("COPY pg_class FROM STDIN", "COPY pg_class TO STDOUT", "SUBSCRIBE TO pg_class", "LISTEN x", "BEGIN",
                    "ROLLBACK", "PREPARE p AS SELECT 1", "SUBSCRIBE TO STREAM s", "CONSUME 1 FROM s GROUP g"):
            status, _, answer = query(sql)
            self.assertEqual((status, answer["error"]["sqlstate"]), (400, "0A000"), sql)
            self.assertTrue(answer["error"]["hint"], sql)
        self.assertEqual(query("SELECT 1\0; nonsense")[0], 400)
        self.assertEqual(query("SELECT repeat('x', 17000000)")[2]["error"]["sqlstate"], "54000")
        self.assertEqual(query("SELECT 1", **{"Content-Type": "text/plain"})[0], 415)
        self.assertEqual(self.node.ask("POST", "/v1/query", {**basic("postgres"), "Content-Type": "application/json"},
                                       "[1")[0], 400)
        self.assertEqual(query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)")[2]["error"]["sqlstate"], "54000")
        wait_until(lambda: self.run_sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'http'") == [(0,)])


class AccessTest(http_case("token_lifetime_s = 2", SCRAM)):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls().run_sql("CREATE ROLE anna LOGIN PASSWORD 'secret'; CREATE ROLE outcast LOGIN PASSWORD 'secret';"
                      "CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT ON t TO anna")

    def status(self, headers, query="table=t&database=postgres"):
        stream = self.stream(query, headers=headers)
        return stream.status

    def log_in(self, user="anna", password="secret"):
        return self.node.ask("POST", "/v1/session?database=postgres", basic(user, password))

    def test_a_password_is_checked_as_on_the_sql_port(self):
        self.assertEqual(self.status(basic("anna", "secret")), 200)
        self.assertEqual(self.status(basic("postgres")), 200)  # trusted
        for headers in [basic("anna", "wrong"), basic("anna"), basic("nobody", "secret"), {"X": "y"},
                        {"Authorization": "Basic !"}, {"Authorization": "Bearer none"}]:
            self.assertEqual(self.status(headers), 401)
        self.assertEqual(self.status(basic("outcast", "secret")), 403)
        status, headers, _ = self.node.ask("GET", "/v1/subscribe?table=t")
        self.assertEqual((status, headers["WWW-Authenticate"]), (401, 'Basic realm="troupe"'))
        told = self.run_sql("SELECT reason FROM sys.events WHERE kind = 'authentication'")
        self.assertTrue(any("\"anna\"" in m and "from 127.0.0.1" in m and "does not match" in m for (m,) in told), told)

    def test_who_guesses_passwords_is_slowed_down(self):
        self.run_sql("CREATE ROLE victim LOGIN PASSWORD 'secret'")
        begin = time.monotonic()
        for _ in range(4):
            self.assertEqual(self.log_in("victim", "wrong")[0], 401)
        self.assertGreater(time.monotonic() - begin, 1)
        self.assertEqual(self.log_in("victim")[0], 200)

    def test_a_token_is_as_good_as_the_password_for_a_while(self):
        status, headers, session = self.log_in()
        self.assertEqual((status, session["user"], session["database"], session["expires_in"]),
                         (200, "anna", "postgres", 2))
        self.assertIn("HttpOnly; SameSite=Strict", headers["Set-Cookie"])
        token = session["token"]
        self.assertGreaterEqual(len(token), 43)
        self.assertNotEqual(token, self.log_in()[2]["token"])
        for headers, query in [({"Authorization": f"Bearer {token}"}, "table=t"), ({"X": "y"}, f"table=t&access_token={token}"),
                               ({"Cookie": f"a=b; troupe_token={token}"}, "table=t")]:
            self.assertEqual(self.status(headers, query), 200)
        with self.assertRaises(websocket.WebSocketBadStatusException):
            self.web_socket(headers={}, path="/v1/ws?access_token=none")
        self.web_socket(headers={}, path=f"/v1/ws?access_token={token}")
        time.sleep(2.2)
        self.assertEqual(self.status({"Authorization": f"Bearer {token}"}), 401)

    def test_a_token_ends_with_its_password_or_when_it_is_given_back(self):
        self.run_sql("CREATE ROLE berta LOGIN PASSWORD 'secret'; GRANT SELECT ON t TO berta")
        bearer = {"Authorization": "Bearer " + self.log_in("berta")[2]["token"]}
        self.assertEqual(self.status(bearer), 200)
        self.run_sql("ALTER ROLE berta PASSWORD 'another'")
        self.assertEqual(self.status(bearer), 401)
        bearer = {"Authorization": "Bearer " + self.log_in("berta", "another")[2]["token"]}
        self.assertEqual(self.status(bearer), 200)
        self.assertEqual(self.node.ask("DELETE", "/v1/session", bearer)[0], 204)
        self.assertEqual(self.status(bearer), 401)
        bearer = {"Authorization": "Bearer " + self.log_in("berta", "another")[2]["token"]}
        self.run_sql("DROP OWNED BY berta; DROP ROLE berta; CREATE ROLE berta LOGIN PASSWORD 'another'")
        self.assertEqual(self.status(bearer), 401)  # somebody else of the same name

    def test_rights_are_those_of_the_role(self):
        self.run_sql("CREATE TABLE hidden (id int)")
        self.assertEqual(self.status(basic("anna", "secret"), "table=hidden&database=postgres"), 403)
        self.assertEqual(self.status(basic("anna", "secret"), "table=t&database=nowhere"), 404)


class StreamTest(http_case("heartbeat_s = 1")):
    def setUp(self):
        self.run_sql("DROP TABLE IF EXISTS t, u; CREATE TABLE t (id int PRIMARY KEY, note json);"
                     "CREATE TABLE u (id int PRIMARY KEY)")

    def test_changes_come_as_events_with_both_images(self):
        stream = self.stream("table=t&table=public.u")
        self.assertEqual(stream.next()[1], "subscribed")
        for sql in ["""INSERT INTO t VALUES (1, '{"a":\n 1}')""", "UPDATE t SET note = NULL", "INSERT INTO u VALUES (7)",
                    "DELETE FROM t"]:
            self.run_sql(sql)
        heard = [stream.next() for _ in range(4)]
        self.assertEqual([(event, data["table"], data["before"], data["after"]) for _, event, data in heard], [
            ("insert", "t", None, {"id": 1, "note": '{"a":\n 1}'}),
            ("update", "t", {"id": 1, "note": '{"a":\n 1}'}, {"id": 1, "note": None}),
            ("insert", "u", None, {"id": 7}),
            ("delete", "t", {"id": 1, "note": None}, None)])
        for token, event, data in heard:
            self.assertEqual((token, event), (data["token"], data["op"]))
            self.assertIsInstance(data["scn"], int)
            self.assertIsInstance(data["xid"], int)
        activity = self.run_sql("SELECT usename, client_addr, client_port > 0, query FROM pg_stat_activity "
                                "WHERE application_name = 'http'")
        self.assertEqual(activity[0][:3], ("postgres", "127.0.0.1", True))
        self.assertIn("SUBSCRIBE TO t, public.u", activity[0][3])
        stream.close()
        wait_until(lambda: self.run_sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'http'") == [])

    def test_a_stream_goes_on_behind_the_last_event(self):
        with self.stream("table=t") as stream:
            begin = stream.next()[0]
            self.insert(10)
            tokens = [stream.next()[0] for _ in range(10)]
        self.run_sql("INSERT INTO t VALUES (11)")
        for at, token in enumerate([begin, *tokens]):
            for query, headers in [(f"table=t&from={token}", {}), ("table=t&from=1.0", {"Last-Event-ID": token})]:
                stream = self.stream(query, headers={**basic("postgres"), **headers})
                self.assertEqual(stream.next()[1], "subscribed")
                self.assertEqual([stream.next()[2]["after"]["id"] for _ in range(11 - at)], list(range(at + 1, 12)))
                stream.close()

    def test_what_cannot_be_subscribed_to_is_an_error_with_its_status(self):
        for query, status, sqlstate in [("table=none", 404, "42P01"), ("", 400, "22023"), ("table=t&from=x", 400, "22023"),
                                        ("table=t&from='", 400, "22023"), ("table=t;DROP TABLE t", 400, "42601"),
                                        ("table=t&from=99999999.1", 400, "22023"), ("target=t x y", 400, "42601")]:
            answer = self.node.ask("GET", "/v1/subscribe?" + urllib.parse.quote(query, safe="=&;"), basic("postgres"))
            self.assertEqual((answer[0], answer[2]["error"]["sqlstate"]), (status, sqlstate), query)
        self.assertEqual(self.run_sql("SELECT count(*) FROM t"), [(0,)])

    def test_a_zero_byte_ends_no_name(self):
        for query in ("table=t%00nonsense", "target=t%00", "table=t&from=1.0%00", "stream=s%00"):
            self.assertEqual(self.node.ask("GET", "/v1/subscribe?" + query, basic("postgres"))[0], 400, query)

    def test_where_to_go_on_moves_while_nothing_of_the_table_happens(self):
        stream = self.stream("table=t")
        begin = stream.next()[0]
        for number in range(20):
            self.run_sql(f"INSERT INTO u VALUES ({number})")

        def later():
            line = stream.file.readline().decode().rstrip("\n")
            return line.startswith("id: ") and int(line[4:].split(".")[0]) >= int(begin.split(".")[0]) + 20

        wait_until(later)

    def test_a_stream_comes_as_events_and_goes_on_behind_the_last(self):
        self.run_sql("CREATE STREAM s ON t (id) WHERE id > 10; INSERT INTO t VALUES (11)")
        self.addCleanup(self.run_sql, "DROP STREAM IF EXISTS s")
        with self.stream("stream=s&transactions=true") as stream:
            first = stream.next()
            self.assertEqual(first[1], "subscribed")
            self.assertEqual(first[0], first[2]["token"])
            self.run_sql("INSERT INTO t VALUES (1), (12)")
            self.run_sql("DELETE FROM t WHERE id = 11")
            told = [stream.next() for _ in range(6)]
        self.assertEqual([t[1] for t in told], ["begin", "insert", "commit", "begin", "delete", "commit"])
        insert = told[1][2]
        self.assertEqual((insert["key"], insert["before"], insert["after"], insert["table"]),
                         ({"id": 12}, None, {"id": 12}, "t"))
        self.assertTrue(insert["committed_at"] and insert["schema_version"])
        self.assertEqual(told[1][0], insert["token"])
        for start, wanted in ((first[0], ["insert", "delete"]), (told[1][0], ["delete"]), (told[2][0], ["delete"])):
            for query, headers in ((f"stream=s&from={start}", {}), ("target=STREAM%20s", {"Last-Event-ID": start})):
                with self.stream(query, headers={**basic("postgres"), **headers}) as stream:
                    self.assertEqual(stream.next()[1], "subscribed")
                    self.assertEqual([stream.next()[1] for _ in wanted], wanted, start)
        with self.stream("stream=s&from=earliest") as stream:
            self.assertEqual([stream.next()[1] for _ in range(4)], ["subscribed", "insert", "insert", "delete"])
        answer = self.node.ask("GET", "/v1/subscribe?stream=none", basic("postgres"))
        self.assertEqual((answer[0], answer[2]["error"]["sqlstate"]), (404, "42704"))
        self.assertEqual(self.node.ask("GET", "/v1/subscribe?table=t&snapshot=true", basic("postgres"))[0], 400)

    def test_a_snapshot_comes_before_what_happens_then(self):
        self.run_sql("CREATE STREAM s ON t (id); INSERT INTO t SELECT g FROM generate_series(1, 100) g")
        self.addCleanup(self.run_sql, "DROP STREAM IF EXISTS s")
        with self.stream("stream=s&snapshot=true") as stream:
            self.assertEqual(stream.next()[:2], (None, "subscribed"))
            rows = [stream.next() for _ in range(100)]
            self.assertEqual({r[1] for r in rows}, {"snapshot"})
            self.assertIsNone(rows[-1][0])  # who is cut off here begins anew
            self.run_sql("INSERT INTO t VALUES (101)")
            token, event, data = stream.next()
            self.assertEqual((event, data["after"]), ("insert", {"id": 101}))
        self.assertEqual({r[2]["after"]["id"] for r in rows}, set(range(1, 101)))

    def test_an_error_in_the_middle_is_an_event_with_its_sqlstate(self):
        for end, sqlstate in [("DROP TABLE t", "42P01"), ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                                         "WHERE application_name = 'http'", "57P01"),
                              ("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'http'",
                               "57014")]:
            self.setUp()
            stream = self.stream("table=t")
            self.assertEqual(stream.next()[1], "subscribed")
            self.run_sql("INSERT INTO t VALUES (1)")
            self.assertEqual(stream.next()[1], "insert")
            self.run_sql(end)
            event = stream.next()
            while event[1] != "error":
                event = stream.next()
            self.assertEqual(event[2]["sqlstate"], sqlstate)
            self.assertIsNone(stream.next())

    def test_a_quiet_stream_shows_that_it_is_alive(self):
        stream = self.stream("table=t")
        self.assertEqual(stream.next()[1], "subscribed")
        time.sleep(2.5)
        self.run_sql("INSERT INTO t VALUES (1)")
        self.assertEqual(stream.next()[1], "insert")
        self.assertGreaterEqual(stream.comments, 1)

    def test_curl_follows_a_table(self):
        curl = subprocess.Popen(["curl", "-sN", "-u", "postgres:", f"{self.node.origin}/v1/subscribe?table=t"],
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(curl.stdout.close)
        self.addCleanup(curl.wait)
        self.addCleanup(curl.kill)
        lines = iter(curl.stdout.readline, "")
        self.assertTrue(any(line == "event: subscribed\n" for line in lines))
        self.run_sql("INSERT INTO t VALUES (1)")
        self.assertTrue(any(line == "event: insert\n" for line in lines))
        self.assertEqual(json.loads(next(lines)[len("data: "):])["after"]["id"], 1)

    def test_a_client_that_does_not_read_holds_back_nobody_and_is_held_in_bounds(self):
        rows, rounds = 1000, 30
        self.run_sql("DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, round int, note text)")
        self.run_sql(f"INSERT INTO t SELECT g, 0, repeat('x', 1000) FROM generate_series(1, {rows}) g")
        quick = self.stream("table=t")
        self.assertEqual(quick.next()[1], "subscribed")

        def update_all(first):
            for number in range(first, first + rounds):
                self.run_sql(f"UPDATE t SET round = {number}")
                for _ in range(rows):
                    self.assertEqual(quick.next()[2]["after"]["round"], number)
        update_all(1)
        before = self.node.memory_bytes()
        slow = self.stream("table=t", receive_buffer=4096)
        self.assertEqual(slow.next()[1], "subscribed")
        update_all(1 + rounds)
        waiting = 2 * 1000 * rows * rounds  # both images: what a node without bounds would hold for the slow one
        self.assertLess(self.node.memory_bytes() - before, waiting // 2)
        heard = [slow.next()[2]["after"]["round"] for _ in range(rows * rounds)]
        self.assertEqual(heard, [1 + rounds + at // rows for at in range(rows * rounds)])

    def test_hundreds_of_streams_each_hear_every_change(self):
        streams = []
        for _ in range(OPTIONS.clients):
            streams.append(self.stream("table=t"))
        self.assertEqual({stream.next()[1] for stream in streams}, {"subscribed"})
        self.run_sql("INSERT INTO t SELECT g FROM generate_series(1, 50) g")
        for stream in streams:
            self.assertEqual({stream.next()[2]["after"]["id"] for _ in range(50)}, set(range(1, 51)))
        for stream in streams:
            stream.close()
        wait_until(lambda: self.run_sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'http'") == [(0,)])


class WebSocketTest(http_case("heartbeat_s = 1\nsubscriptions_max = 3\nmessage_bytes_max = 1024")):
    def setUp(self):
        self.run_sql("DROP TABLE IF EXISTS t, u; CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)")

    def test_several_subscriptions_of_one_socket_each_have_their_own_credit(self):
        socket = self.web_socket()
        say(socket, type="subscribe", id="a", tables=["t"], credit=2)
        say(socket, type="subscribe", id="b", tables=["u"])
        self.assertEqual({hear(socket)["type"] for _ in range(2)}, {"subscribed"})
        self.insert(5)
        self.assertEqual([(m["id"], m["type"], m["op"], m["after"]["id"]) for m in (hear(socket), hear(socket))],
                         [("a", "event", "insert", 1), ("a", "event", "insert", 2)])
        self.run_sql("INSERT INTO u VALUES (9)")
        self.assertEqual(hear(socket)["id"], "b")  # the other one waits for its credit
        say(socket, type="credit", id="a", events=1)
        self.assertEqual(hear(socket)["after"]["id"], 3)
        say(socket, type="ping", id="here?")
        self.assertEqual(hear(socket), {"type": "pong", "id": "here?"})
        say(socket, type="unsubscribe", id="a")
        self.assertEqual(hear(socket), {"type": "unsubscribed", "id": "a"})
        say(socket, type="credit", id="a", events=100)
        say(socket, type="ping")
        self.assertEqual(hear(socket), {"type": "pong"})

    def test_a_subscription_goes_on_behind_its_token(self):
        socket = self.web_socket()
        say(socket, type="subscribe", id="a", tables=["t"])
        begin = hear(socket)["token"]
        self.insert(4)
        tokens = [hear(socket)["token"] for _ in range(4)]
        for at, token in enumerate([begin, *tokens]):
            again = self.web_socket()
            say(again, type="subscribe", id="x", tables=["t"], **{"from": token})
            self.assertEqual(hear(again)["type"], "subscribed")
            self.assertEqual([hear(again)["after"]["id"] for _ in range(4 - at)], list(range(at + 1, 5)))
            again.close()

    def test_errors_are_of_their_subscription_only(self):
        socket = self.web_socket()
        for message, sqlstate in [
                ({"type": "subscribe", "id": "a", "tables": ["none"]}, "42P01"),
                ({"type": "subscribe", "id": "a"}, "22023"), ({"type": "subscribe", "tables": ["t"]}, "22023"),
                ({"type": "subscribe", "id": "a", "tables": ["t"], "credit": "many"}, "22023"),
                ({"type": "subscribe", "id": "a", "tables": ["t"], "from": "'"}, "22023"),
                ({"type": "credit", "id": "a"}, "22023"), ({"type": "dance", "id": "a"}, "22023")]:
            say(socket, **message)
            answer = hear(socket)
            self.assertEqual((answer["type"], answer["error"]["sqlstate"]), ("error", sqlstate), message)
        for name in "abc":
            say(socket, type="subscribe", id=name, tables=["t"])
            self.assertEqual(hear(socket)["type"], "subscribed")
        say(socket, type="subscribe", id="a", tables=["t"])
        self.assertEqual(hear(socket)["error"]["sqlstate"], "42710")
        say(socket, type="subscribe", id="d", tables=["t"])
        self.assertEqual(hear(socket)["error"]["sqlstate"], "54000")

    def test_a_stream_over_a_web_socket_goes_on_and_shows_its_progress(self):
        self.run_sql("CREATE STREAM s ON t")
        self.addCleanup(self.run_sql, "DROP STREAM IF EXISTS s")
        socket = self.web_socket()
        say(socket, type="subscribe", id="a", stream="s", credit=1)
        begun = hear(socket)
        self.assertEqual((begun["type"], begun["id"]), ("subscribed", "a"))
        self.run_sql("INSERT INTO t VALUES (1)")
        self.run_sql("INSERT INTO t VALUES (2)")
        first = hear_of(socket, "event")
        self.assertEqual(first["key"], {"id": 1})
        say(socket, type="credit", id="a", events=5)
        self.assertEqual(hear_of(socket, "event")["key"], {"id": 2})
        self.run_sql("CREATE TABLE other (id int)")
        self.addCleanup(self.run_sql, "DROP TABLE IF EXISTS other")
        mark = hear_of(socket, "progress")
        self.assertGreater(int(mark["token"].split(".")[0]), first["scn"])
        say(socket, type="subscribe", id="b", stream="s", **{"from": begun["token"]})
        self.assertEqual([hear_of(socket, "event", "b")["key"]["id"] for _ in range(2)], [1, 2])
        say(socket, type="subscribe", id="c", stream="none")
        self.assertEqual(hear_of(socket, "error", "c")["error"]["sqlstate"], "42704")

    def test_members_of_a_consumer_group_acknowledge_over_a_web_socket(self):
        self.run_sql("CREATE STREAM s ON t")
        self.run_sql("CREATE CONSUMER GROUP g ON s START LATEST WITH (partitions = 1, ack_timeout = '1h')")
        self.addCleanup(self.run_sql, "DROP STREAM IF EXISTS s")
        self.run_sql("INSERT INTO t SELECT g FROM generate_series(1, 6) g")
        socket = self.web_socket()
        say(socket, type="consume", id="m", stream="s", group="g", credit=4)
        self.assertEqual(hear(socket), {"type": "consuming", "id": "m"})
        events = [hear_of(socket, "event") for _ in range(4)]
        self.assertEqual([e["delivery"] for e in events], [1] * 4)
        self.assertEqual(len({e["batch"] for e in events}), 1)
        batch = events[0]["batch"]
        say(socket, type="acknowledge", id="m", batch=batch, upto=events[1]["token"])
        self.assertEqual(hear(socket), {"type": "acknowledged", "id": "m", "batch": batch})
        say(socket, type="reject", id="m", batch=batch, reason="no", partition=0)
        self.assertEqual(hear(socket)["type"], "rejected")
        say(socket, type="credit", id="m", events=10)
        again = hear_of(socket, "event")
        self.assertEqual((again["key"], again["delivery"]), (events[2]["key"], 2))
        say(socket, type="acknowledge", id="m", batch=batch)  # that one is over
        late = hear_of(socket, "refused")
        self.assertEqual((late["batch"], late["error"]["sqlstate"]), (batch, "55000"))
        # Who goes leaves what is not acknowledged to others, at once.
        socket.close()
        second = self.web_socket()
        say(second, type="consume", id="m", stream="s", group="g", member="second", credit=100)
        self.assertEqual(hear(second), {"type": "consuming", "id": "m"})
        seen, acknowledged = [], 0
        while len(seen) < 4 or acknowledged < 4:
            message = hear(second)  # the next event of a batch may come before the answer of the one before
            if message["type"] == "event":
                seen.append(message["key"]["id"])
                say(second, type="acknowledge", id="m", batch=message["batch"], upto=message["token"])
            else:
                self.assertEqual(message, {"type": "acknowledged", "id": "m", "batch": message["batch"]})
                acknowledged += 1
        self.assertEqual(sorted(seen), sorted(e["id"] for e in
                                              [{"id": n} for n in range(1, 7)]
                                              if e["id"] not in {x["key"]["id"] for x in events[:2]}))
        for message, sqlstate in (({"stream": "s", "group": "none"}, "42704"), ({"stream": "s"}, "22023"),
                                  ({"stream": "none", "group": "g"}, "42704")):
            say(second, type="consume", id="x", credit=1, **message)
            self.assertEqual(hear_of(second, "error", "x")["error"]["sqlstate"], sqlstate)
        say(second, type="acknowledge", id="y", batch="1")
        self.assertEqual(hear_of(second, "error", "y")["error"]["sqlstate"], "22023")

    def test_what_breaks_the_protocol_is_closed_with_its_code(self):
        def code_after(send):
            socket = self.web_socket()
            send(socket)
            while True:
                opcode, data = socket.recv_data()
                if opcode == websocket.ABNF.OPCODE_CLOSE:
                    return int.from_bytes(data[:2], "big")
        self.assertEqual(code_after(lambda s: s.send("no json")), 1008)
        self.assertEqual(code_after(lambda s: s.send("[1]")), 1008)
        self.assertEqual(code_after(lambda s: s.send_binary(b"x")), 1003)
        self.assertEqual(code_after(lambda s: s.send("x" * 2000)), 1009)
        self.assertEqual(code_after(lambda s: s.send(b"\xff", websocket.ABNF.OPCODE_TEXT)), 1007)
        self.assertEqual(code_after(lambda s: s.sock.sendall(b"\x81\x02{}")), 1002)  # not masked
        self.assertEqual(code_after(lambda s: s.send_close(1000)), 1000)

    def test_a_handshake_that_is_none_is_refused(self):
        for headers, status in [({}, 426), ({"Upgrade": "websocket", "Connection": "Upgrade"}, 426),
                                ({"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}, 400)]:
            self.assertEqual(self.node.ask("GET", "/v1/ws", {**basic("postgres"), **headers})[0], status)
        self.assertEqual(self.node.ask("GET", "/v1/ws")[0], 401)

    def test_who_does_not_answer_pings_is_let_go_and_its_sessions_end(self):
        socket = self.web_socket()
        say(socket, type="subscribe", id="a", tables=["t"])
        self.assertEqual(hear(socket)["type"], "subscribed")
        live = self.web_socket()
        until = time.monotonic() + 4
        while time.monotonic() < until:
            say(live, type="ping")
            self.assertEqual(hear(live), {"type": "pong"})  # answers the node's pings on the way
            time.sleep(0.1)
        wait_until(lambda: self.run_sql("SELECT 1 FROM pg_stat_activity WHERE application_name = 'http'") == [])


class TlsTest(http_case(tls=True)):
    def test_with_certificates_the_port_is_https_and_wss(self):
        self.run_sql("CREATE TABLE t (id int PRIMARY KEY)")
        curl = ["curl", "-s", "--cacert", os.path.join(self.node.dir, "root.crt"), "-u", "postgres:"]
        answer = subprocess.run([*curl, "-i", "-X", "POST", f"{self.node.origin}/v1/session"], capture_output=True,
                                text=True, check=True).stdout
        self.assertIn("; Secure", answer)
        socket = self.web_socket(sslopt={"ca_certs": os.path.join(self.node.dir, "root.crt")})
        say(socket, type="subscribe", id="a", tables=["t"])
        self.assertEqual(hear(socket)["type"], "subscribed")
        self.run_sql("INSERT INTO t SELECT g FROM generate_series(1, 2000) g")
        self.assertEqual({hear(socket)["after"]["id"] for _ in range(2000)}, set(range(1, 2001)))
        self.assertEqual(self.run_sql("SELECT ssl, version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                                      "WHERE application_name = 'http'"), [(True, "TLSv1.3")])
        # Without TLS nothing is said.
        self.assertNotIn(b"HTTP", self.node.say(GET))


class RoomTest(http_case(config="[limits]\nconnections_max = 10")):
    def test_http_takes_half_of_the_room_at_most(self):
        idle = [self.node.raw() for _ in range(6)]
        for sock in idle:
            self.addCleanup(sock.close)
            sock.sendall(GET)
            self.assertTrue(sock.recv(1000).startswith(b"HTTP/1.1 200"))
        try:
            self.assertEqual(self.node.say(GET), b"")
        except ConnectionError:
            pass
        self.assertEqual(self.run_sql("SELECT 1"), [(1,)])
        idle[0].close()
        wait_until(lambda: self.run_sql("SELECT count(*) < 6 FROM sys.actors WHERE kind = 'http'") == [(True,)])
        self.assertEqual(self.node.ask("GET", "/")[0], 200)


class OutsideTest(unittest.TestCase):
    def test_others_are_not_let_in_without_a_certificate(self):
        node = HttpNode('listen_address = "*"')
        self.addCleanup(node.__exit__)
        with self.assertRaisesRegex(RuntimeError, "listening on \\* is refused: there is no certificate"):
            node.__enter__()

    def test_without_a_port_nobody_listens(self):
        with servers.TroupeServer() as node, node.connect() as wire:
            self.assertEqual(wire.query("SELECT count(*) FROM sys.actors WHERE kind = 'http'").rows, [[b"0"]])


class RestartTest(http_case()):
    """Kill -9 of the node, again and again: what a client has seen last is where it goes on."""

    def follow_events(self, seen, table, done):
        token = ""
        while not done.is_set():
            try:
                with EventStream(self.node, f"table={table}" + (f"&from={token}" if token else "")) as stream:
                    while event := stream.next():
                        token = event[0] or token
                        if event[1] == "insert":
                            seen.append(event[2]["after"]["id"])
                        if event[1] == "error":
                            break
            except (OSError, ValueError, IndexError):
                pass
            time.sleep(0.02)

    def follow_socket(self, seen, table, done):
        token = ""
        while not done.is_set():
            try:
                socket = websocket.create_connection(f"ws://localhost:{self.node.http_port}/v1/ws", timeout=PATIENCE_S,
                                                     header=[f"{k}: {v}" for k, v in basic("postgres").items()])
                say(socket, type="subscribe", id="a", tables=[table], credit=100, **({"from": token} if token else {}))
                while True:
                    message = hear(socket)
                    token = message.get("token", token)
                    if message["type"] == "event":
                        seen.append(message["after"]["id"])
                        say(socket, type="credit", id="a", events=1)
                    if message["type"] == "error":
                        break
            except (OSError, ValueError, websocket.WebSocketException):
                pass
            time.sleep(0.02)

    def test_every_change_comes_once_over_restarts(self):
        self.run_sql("CREATE TABLE t (id int PRIMARY KEY)")
        done = threading.Event()
        by_stream, by_socket = [], []
        followers = [threading.Thread(target=self.follow_events, args=(by_stream, "t", done), daemon=True),
                     threading.Thread(target=self.follow_socket, args=(by_socket, "t", done), daemon=True)]
        for follower in followers:
            follower.start()
        wait_until(lambda: len(self.run_sql("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SUBSCRIBE%'")) == 2)
        writer = Writer(self.node, "t")
        writer.start()
        for _ in range(3):
            time.sleep(1)
            self.node.kill()
            self.node.start()
        time.sleep(0.5)
        last = writer.stop()
        wait_until(lambda: min(len(by_stream), len(by_socket)) >= last)
        done.set()
        self.assertEqual(by_stream, list(range(1, last + 1)))
        self.assertEqual(by_socket, list(range(1, last + 1)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
