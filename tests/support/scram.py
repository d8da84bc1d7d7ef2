"""The client's half of SCRAM-SHA-256 over a pgwire.Wire, where a test may say something else than a client would."""
import base64
import hashlib
import hmac
import os
import struct

import pgwire



def begin(wire, user, database="postgres"):
    """Sends the startup packet; returns the mechanisms that the server offers."""
    wire.send_raw(wire.startup_packet(user=user, database=database))
    code, body = authentication(wire)
    if code != 10:
        raise AssertionError(f"the server asks for no password, but {code}")
    return [name.decode() for name in body.split(b"\0") if name]


def authentication(wire):
    kind, body = wire.receive()
    if kind == "E":
        raise pgwire.WireError(pgwire.error_fields(body))
    if kind != "R":
        raise AssertionError(f"expected an authentication request, got {kind}")
    return struct.unpack("!I", body[:4])[0], body[4:]


def initial_response(mechanism, message):
    return b"p", pgwire.cstring(mechanism) + struct.pack("!i", len(message)) + message


def log_in(wire, user, password, database="postgres", mechanism="SCRAM-SHA-256", header=b"n,,", binding=b""):
    """A whole exchange; returns the wire when it is ready for queries. Raises what the server refuses it with."""
    begin(wire, user, database)
    nonce = base64.b64encode(os.urandom(18))
    bare = b"n=,r=" + nonce
    wire.send(initial_response(mechanism, header + bare))
    _, challenge = authentication(wire)
    attributes = dict(part.split(b"=", 1) for part in challenge.split(b","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(attributes[b"s"]),
                                 int(attributes[b"i"]))
    without_proof = b"c=" + base64.b64encode(header + binding) + b",r=" + attributes[b"r"]
    signed = bare + b"," + challenge + b"," + without_proof
    client_key = digest(salted, b"Client Key")
    signature = digest(hashlib.sha256(client_key).digest(), signed)
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    wire.send((b"p", without_proof + b",p=" + base64.b64encode(proof)))
    _, final = authentication(wire)
    expected = digest(digest(salted, b"Server Key"), signed)
    if final != b"v=" + base64.b64encode(expected):
        raise AssertionError("the server does not know the password either")
    while wire_not_ready(wire):
        pass
    return wire


def wire_not_ready(wire):
    kind, body = wire.receive()
    if kind == "E":
        raise pgwire.WireError(pgwire.error_fields(body))
    return kind != "Z"


def digest(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()
