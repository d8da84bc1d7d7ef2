"""A real HTTP(S) server that receives a node's webhooks: it checks signatures, and fails, dawdles, goes away and comes
back as it is told."""
import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"fedcba9876543210fedcba9876543210").decode()


def sign(secret, message_id, timestamp, body):
    """As a receiver does by the Standard Webhooks specification."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


class Delivery:
    def __init__(self, path, headers, body):
        self.path, self.headers, self.body = path, headers, body
        self.at = time.monotonic()
        self.id = headers["webhook-id"]
        self.message = json.loads(body)
        self.data = self.message["data"]
        self.status = None

    def signatures(self):
        return self.headers["webhook-signature"].split(" ")


class Receiver:
    """`answer(delivery)` gives the status, or (status, headers); it may sleep. `taken`: what was answered with 2xx."""

    def __init__(self, answer=None, certificates=None):
        self.answer = answer or (lambda delivery: 200)
        self.deliveries, self.connections = [], 0
        self.lock = threading.Lock()
        self.certificates = certificates
        self.server = None
        self.port = 0
        self.start()

    @property
    def url(self):
        return f"{'https' if self.certificates else 'http'}://localhost:{self.port}/hook?a=b"

    @property
    def taken(self):
        with self.lock:
            return [d for d in self.deliveries if d.status is not None and 200 <= d.status < 300]

    def start(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with receiver.lock:
                    receiver.connections += 1

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                delivery = Delivery(self.path, self.headers, body)
                with receiver.lock:
                    receiver.deliveries.append(delivery)
                answer = receiver.answer(delivery)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                # Told before it is sent: whoever dies now has not heard of it.
                delivery.status = status
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", "2")
                    self.end_headers()
                    self.wfile.write(b"ok")
                except OSError:
                    self.close_connection = True

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        if self.certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.certificates)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """Nobody listens any more; the port stays its own."""
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
