"""Runs one script on PostgreSQL and on a node, and says where they differ.

    -- what follows is a comment
    @name [user [database]]    goes on as connection `name`, made if there is none (or made anew, when a user is given)
    @name close
    SELECT 1;                  a statement ends with a semicolon at the end of a line

The outcome of a statement is its rows or its tag, or SQLSTATE, message, detail and hint; and the notices before;
and what it was told by NOTIFY since the statement before.
"""
from pgwire import Wire, WireError


def parse(text):
    """(line, statement) pairs; lines of connections are statements of their own."""
    statement, start = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        if not statement and (not line.strip() or line.startswith("--")):
            continue
        if not statement and line.startswith("@"):
            yield number, line.strip()
            continue
        start = start if statement else number
        statement.append(line)
        if line.rstrip().endswith(";"):
            yield start, "\n".join(statement)
            statement = []
    if statement:
        raise SystemExit(f"line {start}: no semicolon ends the statement")


def failure_text(error):
    fields = error.fields
    parts = [f"{error.severity} {error.sqlstate}: {error.message}"]
    parts += [f"{name}: {fields[key]}" for key, name in (("D", "DETAIL"), ("H", "HINT")) if key in fields]
    return "\n".join(parts)


def row_text(row):
    return "|".join("NULL" if value is None else value.decode() for value in row)


class Player:
    """One server's side: its connections by name."""

    def __init__(self, server):
        self.server = server
        self.connections = {}
        self.current = None

    def close(self):
        for wire in self.connections.values():
            wire.close()

    def outcome(self, statement):
        return self.turn_to(statement[1:].split()) if statement.startswith("@") else self.run(statement)

    def turn_to(self, words):
        name = words[0]
        if words[1:] == ["close"]:
            self.connections.pop(name).close()
            return "closed"
        if len(words) > 1 or name not in self.connections:
            if name in self.connections:
                self.connections.pop(name).close()
            try:
                wire = Wire.connect(port=self.server.port)
                wire.startup(*(words[1:] or ["postgres"]))
            except WireError as error:
                return failure_text(error)
            self.connections[name] = wire
        self.current = self.connections[name]
        return "connected"

    def run(self, statement):
        self.current.notices.clear()
        self.current.notifications.clear()
        lines = []
        try:
            result = self.current.query(statement)
            lines += [row_text(row) for row in result.rows] + result.tags
        except WireError as error:
            lines.append(failure_text(error))
        except (EOFError, ConnectionError):
            lines.append("the connection is gone")
        notices = [f"{n.get('V')}: {n.get('M')}" + (f" ({n['D']})" if "D" in n else "") for n in self.current.notices]
        told = [f"NOTIFIED: {channel} {payload!r}" for _, channel, payload in self.current.notifications]
        return "\n".join(notices + lines + told)


def differences(text, expected_server, actual_server, ignore=lambda statement: False):
    """(line, statement, expected, actual) where the two differ."""
    expected, actual = Player(expected_server), Player(actual_server)
    found = []
    try:
        for line, statement in parse(text):
            one, other = expected.outcome(statement), actual.outcome(statement)
            if one != other and not ignore(statement):
                found.append((line, statement, one, other))
    finally:
        expected.close()
        actual.close()
    return found


def report(found):
    return "\n\n".join(f"line {line}: {statement}\n--- PostgreSQL\n{one}\n--- Troupe\n{other}"
                       for line, statement, one, other in found)
