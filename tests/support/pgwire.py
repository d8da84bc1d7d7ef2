"""A minimal client of PostgreSQL's wire protocol, for tests that need to say exactly which bytes are sent.

    with Wire.connect(port=5432) as wire:
        wire.startup(user="postgres")
        print(wire.query("SELECT 1").rows)
"""
import socket
import struct
from dataclasses import dataclass, field

import sanitizers

PROTOCOL_3_0 = 3 << 16
CANCEL_REQUEST = (1234 << 16) | 5678
SSL_REQUEST = (1234 << 16) | 5679
GSSENC_REQUEST = (1234 << 16) | 5680


class WireError(Exception):
    """An ErrorResponse, by its fields."""

    def __init__(self, fields):
        self.fields = fields
        self.severity = fields.get("V", fields.get("S"))
        self.sqlstate = fields.get("C")
        self.message = fields.get("M")
        super().__init__(f"{self.severity} {self.sqlstate}: {self.message}")


@dataclass
class Column:
    name: str
    table: int
    attribute: int
    type: int
    length: int
    modifier: int
    format: int


@dataclass
class Result:
    """What the messages up to a ReadyForQuery said."""
    types: str = ""  # one letter for each message, notices and parameters left out
    columns: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    tags: list = field(default_factory=list)
    errors: list = field(default_factory=list)
    parameter_types: list = field(default_factory=list)
    copied: bytes = b""
    status: str = ""

    @property
    def error(self):
        return self.errors[0] if self.errors else None


def cstring(text):
    return text.encode() + b"\0"


# Bodies of the extended protocol's messages; Wire.send() adds type and length.
def parse(sql, name="", types=()):
    return b"P", cstring(name) + cstring(sql) + struct.pack(f"!H{len(types)}I", len(types), *types)


def bind(values=(), portal="", statement="", formats=(), result_formats=()):
    body = cstring(portal) + cstring(statement) + struct.pack(f"!H{len(formats)}h", len(formats), *formats)
    body += struct.pack("!H", len(values))
    for value in values:
        if value is None:
            body += struct.pack("!i", -1)
        else:
            raw = value if isinstance(value, bytes) else str(value).encode()
            body += struct.pack("!i", len(raw)) + raw
    return b"B", body + struct.pack(f"!H{len(result_formats)}h", len(result_formats), *result_formats)


def describe(target, name=""):
    return b"D", target.encode() + cstring(name)


def close(target, name=""):
    return b"C", target.encode() + cstring(name)


def execute(portal="", rows=0):
    return b"E", cstring(portal) + struct.pack("!i", rows)


SYNC = (b"S", b"")
FLUSH = (b"H", b"")
TERMINATE = (b"X", b"")


def query(sql):
    return b"Q", cstring(sql)


def copy_data(data):
    return b"d", data


COPY_DONE = (b"c", b"")


def copy_fail(reason):
    return b"f", cstring(reason)


class Wire:
    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.parameters = {}
        self.notices = []
        self.notifications = []  # (process id, channel, payload)
        self.process_id = self.secret_key = 0

    @classmethod
    def connect(cls, host="127.0.0.1", port=5432, timeout=10 * sanitizers.SLOWNESS):
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    # Bytes.
    def send_raw(self, data):
        self.sock.sendall(data)

    def read_exactly(self, size):
        while len(self.buffer) < size:
            piece = self.sock.recv(65536)
            if not piece:
                raise EOFError("the server closed the connection")
            self.buffer += piece
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def at_eof(self, timeout=5 * sanitizers.SLOWNESS):
        """Waits until the server closes; what it still says is dropped."""
        self.sock.settimeout(timeout)
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except socket.timeout:
            return False
        return True

    # Messages.
    def send(self, *messages):
        """Each is (type byte, body); all go out together."""
        self.send_raw(b"".join(kind + struct.pack("!I", len(body) + 4) + body for kind, body in messages))

    def receive(self):
        """The next message that is no notice, parameter or notification: (type letter, body)."""
        while True:
            head = self.read_exactly(5)
            kind, body = chr(head[0]), self.read_exactly(struct.unpack("!I", head[1:])[0] - 4)
            if kind == "S":
                name, value = body.split(b"\0")[:2]
                self.parameters[name.decode()] = value.decode()
            elif kind == "N":
                self.notices.append(error_fields(body))
            elif kind == "A":
                channel, payload = body[4:].split(b"\0")[:2]
                self.notifications.append((struct.unpack("!i", body[:4])[0], channel.decode(), payload.decode()))
            else:
                return kind, body

    def startup_packet(self, version=PROTOCOL_3_0, **parameters):
        body = struct.pack("!I", version)
        body += b"".join(cstring(name) + cstring(value) for name, value in parameters.items()) + b"\0"
        return struct.pack("!I", len(body) + 4) + body

    def startup(self, user="postgres", database="postgres", **parameters):
        self.send_raw(self.startup_packet(user=user, database=database, **parameters))
        while True:
            kind, body = self.receive()
            if kind == "E":
                raise WireError(error_fields(body))
            if kind == "R" and body[:4] != b"\0\0\0\0":
                raise WireError({"V": "ERROR", "C": "0A000", "M": "this client knows no authentication but trust"})
            if kind == "K":
                self.process_id, self.secret_key = struct.unpack("!ii", body)
            if kind == "Z":
                return self

    def request_encryption(self, code=SSL_REQUEST):
        """The server's one-byte answer."""
        self.send_raw(struct.pack("!II", 8, code))
        return self.read_exactly(1).decode()

    def result(self, until="Z"):
        """Collects messages up to and including the one of type `until`."""
        result = Result()
        while True:
            kind, body = self.receive()
            result.types += kind
            if kind == "T":
                result.columns = row_description(body)
            elif kind == "D":
                result.rows.append(data_row(body))
            elif kind == "C":
                result.tags.append(body[:-1].decode())
            elif kind == "t":
                count = struct.unpack("!H", body[:2])[0]
                result.parameter_types = list(struct.unpack(f"!{count}I", body[2:]))
            elif kind == "d":
                result.copied += body
            elif kind == "E":
                result.errors.append(WireError(error_fields(body)))
                if result.errors[-1].severity == "FATAL":
                    return result
            elif kind == "Z":
                result.status = body.decode()
            if kind == until:
                return result

    def ask(self, *messages, until="Z"):
        self.send(*messages)
        return self.result(until)

    def query(self, sql):
        """The simple protocol. Raises the first error."""
        result = self.ask(query(sql))
        if result.error:
            raise result.error
        return result

    def cancel(self, host="127.0.0.1", port=5432):
        """Cancels what this connection runs, over another one."""
        with Wire.connect(host, port) as other:
            other.send_raw(struct.pack("!IIii", 16, CANCEL_REQUEST, self.process_id, self.secret_key))
            other.at_eof()


def error_fields(body):
    return {chr(part[0]): part[1:].decode() for part in body.split(b"\0") if part}


def row_description(body):
    columns, at = [], 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        end = body.index(b"\0", at)
        columns.append(Column(body[at:end].decode(), *struct.unpack("!IHIhih", body[end + 1:end + 19])))
        at = end + 19
    return columns


def data_row(body):
    values, at = [], 2
    for _ in range(struct.unpack("!H", body[:2])[0]):
        size = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        if size < 0:
            values.append(None)
        else:
            values.append(body[at:at + size])
            at += size
    return values
