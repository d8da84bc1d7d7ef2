"""A node with an HTTP port, and clients of it: whole requests, event streams, raw bytes."""
import base64
import http.client
import json
import os
import socket
import threading
import time

import certificates
import sanitizers
import servers

PATIENCE_S = 30 * sanitizers.SLOWNESS


def basic(user, password=""):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


class HttpNode(servers.TroupeServer):
    """`settings`: further lines of [http]; `config`: further sections. With `tls` it has certificates."""

    def __init__(self, settings="", config="", tls=False):
        super().__init__()
        self.http_port = servers.free_port()
        self.tls = tls
        if tls:
            certificates.Certificates(self.dir).make_server("server")
            config += f'\n[tls]\ncertificate_file = "{self.dir}/server.crt"\nprivate_key_file = "{self.dir}/server.key"\n'
        path = os.path.join(self.dir, "troupe.toml")
        with open(path, "w") as file:
            file.write(f"[http]\nport = {self.http_port}\n{settings}\n{config}")
        self.arguments = [*self.arguments, "--config", path]

    @property
    def origin(self):
        return f"{'https' if self.tls else 'http'}://localhost:{self.http_port}"

    def ask(self, method, path, headers=None, body=None):
        """Status, headers, and the body: parsed when it is JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=PATIENCE_S)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            return read_answer(connection)
        finally:
            connection.close()

    def raw(self):
        sock = socket.create_connection(("127.0.0.1", self.http_port), PATIENCE_S)
        sock.settimeout(PATIENCE_S)
        return sock

    def say(self, request):
        """Everything that is answered to bytes until the connection ends."""
        with self.raw() as sock:
            sock.sendall(request)
            answer = b""
            while piece := sock.recv(65536):
                answer += piece
            return answer


def read_answer(connection):
    answer = connection.getresponse()
    body = answer.read()
    if answer.headers.get_content_type() == "application/json":
        body = json.loads(body)
    return answer.status, answer.headers, body


class EventStream:
    """GET /v1/subscribe, read event by event: (id, event, data)."""

    def __init__(self, node, query, headers=None, receive_buffer=None):
        self.sock = node.raw() if receive_buffer is None else small_socket(node, receive_buffer)
        lines = [f"GET /v1/subscribe?{query} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in (headers or basic("postgres")).items()]
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.file = self.sock.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b"\r\n", b""):
            pass
        self.comments = 0
        self.last_id = None

    def next(self):
        """None: the stream has ended."""
        event, data = None, []
        until = time.monotonic() + PATIENCE_S
        while line := self.file.readline():
            line = line.decode().rstrip("\n")
            if line == ":":
                self.comments += 1
                if time.monotonic() > until:
                    raise TimeoutError("nothing but heartbeats")
            elif line == "" and event:
                return self.last_id, event, json.loads("\n".join(data))
            elif line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith("event: "):
                event = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
        return None

    def close(self):
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def small_socket(node, receive_buffer):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE_S)
    sock.connect(("127.0.0.1", node.http_port))
    return sock


class Writer(threading.Thread):
    """Inserts 1, 2, 3 ... into a table, over restarts of the node, until it is stopped; `written` is what is there."""

    def __init__(self, node, table, pause_s=0.002):
        super().__init__(daemon=True)
        self.node, self.table, self.pause_s = node, table, pause_s
        self.written, self.stopping = 0, threading.Event()

    def run(self):
        import psycopg2
        while not self.stopping.is_set():
            try:
                connection = psycopg2.connect(self.node.dsn())
                connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute(f"SELECT coalesce(max(id), 0) FROM {self.table}")
                    self.written = cursor.fetchone()[0]  # what was in doubt is there or is not
                    while not self.stopping.wait(self.pause_s):
                        cursor.execute(f"INSERT INTO {self.table} VALUES ({self.written + 1})")
                        self.written += 1
            except psycopg2.Error:
                self.stopping.wait(0.05)

    def stop(self):
        self.stopping.set()
        self.join(PATIENCE_S)
        return self.written
