#!/usr/bin/python3
"""Who gets in: passwords, TLS, access rules, and what a node refuses to start with. With PostgreSQL's own clients,
psycopg2, JDBC and node-postgres, and with PostgreSQL's words beside ours."""
import getpass
import glob
import hashlib
import io
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import psycopg2

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import certificates  # noqa: E402
import pgwire  # noqa: E402
import sanitizers  # noqa: E402
import scram  # noqa: E402
import servers  # noqa: E402

DRIVERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "drivers")
JDBC = next(iter(glob.glob("/usr/share/java/postgresql.jar")), None)
NPM = os.path.join(servers.ROOT, "build/npm")

TLS = """
[tls]
certificate_file = "{dir}/server.crt"
private_key_file = "{dir}/server.key"
authority_file = "{dir}/root.crt"
"""
# The superuser comes in without a password, so that tests can prepare what others meet.
RULES = """
[[access]]
network = "loopback"
role = "postgres"
method = "trust"
"""
SCRAM = """
[[access]]
network = "loopback"
method = "scram"
"""


def rule(**keys):
    return "\n[[access]]\n" + "".join(f"{name} = {value}\n" for name, value in keys.items())


class GuardedServer(servers.TroupeServer):
    """A node with a configuration file, and certificates beside it."""

    def __init__(self, config, arguments=()):
        super().__init__(arguments)
        self.certificates = certificates.Certificates(self.dir)
        self.certificates.make_server("server")
        self.write_config(config)
        self.arguments += ["--config", self.config_path]

    @property
    def config_path(self):
        return os.path.join(self.dir, "troupe.toml")

    def write_config(self, config):
        with open(self.config_path, "w") as file:
            file.write(config.replace("{dir}", self.dir))

    def path(self, name):
        return os.path.join(self.dir, name)


def access_case(config):
    """The base of tests that share one node with this configuration."""

    class Case(unittest.TestCase):
        @classmethod
        def setUpClass(cls):
            cls.node = GuardedServer(config)
            cls.node.__enter__()
            cls.addClassCleanup(cls.node.__exit__)
            cls.admin = psycopg2.connect(cls.node.dsn(), sslmode="disable")
            cls.admin.autocommit = True
            cls.addClassCleanup(cls.admin.close)
            cls.prepare()

        @classmethod
        def prepare(cls):
            pass

        @classmethod
        def run_sql(cls, *statements):
            with cls.admin.cursor() as cursor:
                for sql in statements:
                    cursor.execute(sql)
                return cursor.fetchall() if cursor.description else None

        def connect(self, **options):
            options = {"host": "localhost", "port": self.node.port, "dbname": "postgres", "connect_timeout": 30,
                       "sslrootcert": self.node.path("root.crt"), **options}
            connection = psycopg2.connect(**options)
            connection.autocommit = True
            self.addCleanup(connection.close)
            return connection

        def refusal(self, **options):
            with self.assertRaises(psycopg2.OperationalError) as refused:
                self.connect(**options)
            return str(refused.exception).split("FATAL:  ")[-1].strip()

        def wire(self):
            wire = pgwire.Wire.connect(port=self.node.port)
            self.addCleanup(wire.close)
            return wire

        def secured_wire(self, version=None):
            wire = self.wire()
            self.assertEqual(wire.request_encryption(), "S")
            context = ssl.create_default_context(cafile=self.node.path("root.crt"))
            if version:
                context.minimum_version = context.maximum_version = version
            wire.sock = context.wrap_socket(wire.sock, server_hostname="localhost")
            return wire

        def refused_with(self, wire, sqlstate, *arguments, **options):
            with self.assertRaises(pgwire.WireError) as refused:
                scram.log_in(wire, *arguments, **options)
            self.assertEqual((refused.exception.fields["S"], refused.exception.sqlstate), ("FATAL", sqlstate))
            return refused.exception.message

    return Case


class PasswordTest(access_case(TLS + RULES + SCRAM)):
    @classmethod
    def prepare(cls):
        cls.run_sql("CREATE ROLE anna LOGIN PASSWORD 'secret'", "CREATE ROLE bare LOGIN",
                    "CREATE ROLE late LOGIN PASSWORD 'secret' VALID UNTIL '2020-01-01'",
                    "CREATE ROLE early LOGIN PASSWORD 'secret' VALID UNTIL '2999-01-01'",
                    "CREATE ROLE forever LOGIN PASSWORD 'secret' VALID UNTIL 'infinity'",
                    "CREATE ROLE md5er LOGIN PASSWORD 'md50123456789abcdef0123456789abcdef'")
        cls.silent_since = time.monotonic()
        cls.silent = [pgwire.Wire.connect(port=cls.node.port) for _ in range(3)]
        cls.silent[1].request_encryption()
        scram.begin(cls.silent[2], "anna")
        for wire in cls.silent:
            cls.addClassCleanup(wire.close)

    def test_psql_logs_in_with_verify_full(self):
        for version in ("TLSv1.2", "TLSv1.3"):
            dsn = (f"host=localhost port={self.node.port} user=anna dbname=postgres sslmode=verify-full "
                   f"sslrootcert={self.node.path('root.crt')} channel_binding=require "
                   f"ssl_min_protocol_version={version} ssl_max_protocol_version={version}")
            shown = subprocess.run(["psql", dsn, "-c", r"\conninfo", "-Atc", "SELECT current_user"], text=True,
                                   env=dict(os.environ, PGPASSWORD="secret"), capture_output=True, check=False)
            self.assertIn(f"protocol: {version}", shown.stdout + shown.stderr)
            self.assertEqual(shown.stdout.splitlines()[-1], "anna")

    def test_psycopg2_logs_in_with_verify_full_and_without_tls(self):
        secured = self.connect(user="anna", password="secret", sslmode="verify-full", channel_binding="require")
        plain = self.connect(user="anna", password="secret", sslmode="disable")
        for connection, expected in ((secured, True), (plain, False)):
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
                self.assertEqual(cursor.fetchone(), ("anna", expected))

    @unittest.skipUnless(JDBC and shutil.which("javac"), "needs libpostgresql-jdbc-java and a JDK")
    def test_jdbc_logs_in_with_verify_full(self):
        url = f"jdbc:postgresql://localhost:{self.node.port}/postgres?user=anna&password="
        verified = f"&sslmode=verify-full&sslrootcert={self.node.path('root.crt')}"
        urls = [url + "secret" + verified, url + "secret&sslmode=disable", url + "wrong" + verified]
        ran = subprocess.run(["java", "-cp", JDBC, os.path.join(DRIVERS, "LogIn.java"), *urls], capture_output=True,
                             text=True, check=False)
        self.assertEqual(ran.stdout.splitlines(), ["anna true 42", "anna false 42", "28P01"], ran.stderr)

    def test_node_postgres_logs_in_with_verify_full(self):
        modules = node_modules()
        if modules is None:
            self.skipTest("needs node, npm and the npm registry, for its package pg")
        url = f"postgresql://anna:{{}}@localhost:{self.node.port}/postgres?sslmode={{}}"
        verified = f"verify-full&sslrootcert={self.node.path('root.crt')}"
        urls = [url.format("secret", verified), url.format("secret", "disable"), url.format("wrong", verified)]
        ran = subprocess.run(["node", os.path.join(DRIVERS, "log_in.js"), *urls], capture_output=True, text=True,
                             env=dict(os.environ, NODE_PATH=modules), check=False)
        self.assertEqual(ran.stdout.splitlines(), ["anna true 42", "anna false 42", "28P01"], ran.stderr)

    def test_whoever_has_no_good_password_is_told_the_same(self):
        for role in ("anna", "bare", "late", "md5er", "nobody"):
            expected = f'password authentication failed for user "{role}"'
            self.assertEqual(self.refused_with(self.wire(), "28P01", role, "wrong"), expected)
            self.assertEqual(self.refusal(user=role, password="wrong", sslmode="require"), expected)
        reasons = " ".join(row[0] for row in self.run_sql("SELECT reason FROM sys.events WHERE kind = 'authentication'"))
        for reason in ("does not match", "does not exist", "has no password", "has expired", "is not kept for SCRAM"):
            self.assertIn(reason, reasons)

    def test_passwords_are_good_until_their_time(self):
        for role in ("early", "forever"):
            scram.log_in(self.wire(), role, "secret").query("SELECT 1")
        self.refused_with(self.wire(), "28P01", "late", "secret")

    def test_passwords_may_have_any_letters(self):
        """libpq prepares them on its side, as PostgreSQL does."""
        self.run_sql("CREATE ROLE lettered LOGIN")
        for password in ("mot de passe: é𝄞", "e\u0301", "a\u00a0b\u00ad", "\u2168 \ufb01", "\u0627\u0628", "\u06271",
                         "\u1112\u1161\u11ab", "\u200b", "\u00ad", "\u0221\u00aa", "\u1e0b\u0323"):
            with self.admin.cursor() as cursor:
                cursor.execute("ALTER ROLE lettered PASSWORD %s", (password,))
            self.connect(user="lettered", password=password)

    def test_wrong_passwords_are_slowed_down_and_logged(self):
        self.run_sql("CREATE ROLE slow LOGIN PASSWORD 'secret'")
        for delay_s in (0.5, 1.0):
            begun = time.monotonic()
            self.refused_with(self.wire(), "28P01", "slow", "wrong")
            self.assertGreaterEqual(time.monotonic() - begun, delay_s)
        begun = time.monotonic()
        scram.log_in(self.wire(), "slow", "secret")
        scram.log_in(self.wire(), "slow", "secret")
        self.assertLess(time.monotonic() - begun, 0.4 * sanitizers.SLOWNESS)
        logged = 'password authentication failed for user "slow" (from 127.0.0.1, rule at '
        self.assertTrue(any(row[0].startswith(logged) for row in self.run_sql("SELECT reason FROM sys.events")))
        time.sleep(0.2)
        self.assertIn(logged, self.node.log_tail(200))

    def test_guesses_at_the_same_time_are_looked_at_one_after_the_other(self):
        self.run_sql("CREATE ROLE guessed LOGIN PASSWORD 'secret'")
        self.refused_with(self.wire(), "28P01", "guessed", "wrong")
        dsn = f"host=127.0.0.1 port={self.node.port} user=guessed dbname=postgres sslmode=disable"
        begun = time.monotonic()
        guesses = [subprocess.Popen(["psql", dsn, "-c", "SELECT 1"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                    env=dict(os.environ, PGPASSWORD=f"guess {i}")) for i in range(4)]
        for guess in guesses:
            self.assertIn(b"password authentication failed", guess.communicate()[1])
        self.assertGreater(time.monotonic() - begun, 4.0)

    def test_the_node_serves_others_while_somebody_guesses(self):
        wire = self.wire()
        scram.begin(wire, "anna")
        self.run_sql("SELECT 1")
        self.connect(user="anna", password="secret")

    def test_nothing_but_a_password_is_read_before_it_is_known_who_it_is(self):
        for message in (pgwire.query("SELECT 1"), pgwire.parse("SELECT 1"), (b"d", b"x" * 100)):
            wire = self.wire()
            self.assertEqual(scram.begin(wire, "anna"), ["SCRAM-SHA-256"])
            wire.send(message)
            error = wire.result().error
            self.assertEqual((error.severity, error.sqlstate), ("FATAL", "08P01"))
            self.assertIn("expected SASL response", error.message)
            self.assertTrue(wire.at_eof())
        wire = self.wire()
        scram.begin(wire, "anna")
        wire.send_raw(b"p" + struct.pack("!I", 70_000))
        self.assertEqual(wire.result().error.sqlstate, "08P01")

    def test_odd_exchanges_end_the_connection(self):
        for mechanism, message, sqlstate in (("SCRAM-SHA-256", b"rubbish", "08P01"), ("PLAIN", b"n,,n=,r=abc", "08P01"),
                                             ("SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,n=,r=abc", "08P01"),
                                             ("SCRAM-SHA-256", b"n,a=otto,n=,r=abc", "0A000")):
            wire = self.wire()
            scram.begin(wire, "anna")
            wire.send(scram.initial_response(mechanism, message))
            error = wire.result().error
            self.assertEqual((error.severity, error.sqlstate), ("FATAL", sqlstate), message)

    def test_a_client_may_want_to_be_asked_for_its_first_message(self):
        wire = self.wire()
        scram.begin(wire, "anna")
        wire.send((b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", -1)))
        self.assertEqual(scram.authentication(wire), (11, b""))
        wire.send((b"p", b"n,,n=,r=abc"))
        code, challenge = scram.authentication(wire)
        self.assertEqual((code, challenge[:5]), (11, b"r=abc"))

    def test_the_exchange_is_bound_to_the_certificate(self):
        with open(self.node.path("server.crt")) as file:
            endpoint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).digest()
        plus = {"mechanism": "SCRAM-SHA-256-PLUS", "header": b"p=tls-server-end-point,,"}
        wire = self.secured_wire()
        self.assertEqual(scram.log_in(wire, "anna", "secret", binding=endpoint, **plus).query("SELECT 1").rows, [[b"1"]])
        self.refused_with(self.secured_wire(), "28000", "anna", "secret", binding=b"x" * 32, **plus)
        # A client that could bind itself, and was told that the server cannot: somebody stands in between.
        self.assertEqual(self.refused_with(self.secured_wire(), "28000", "anna", "secret", header=b"y,,"),
                         "SCRAM channel binding negotiation error")

    def test_a_role_that_does_not_exist_shows_the_same_salt_each_time(self):
        def salt(role):
            wire = self.wire()
            scram.begin(wire, role)
            wire.send(scram.initial_response("SCRAM-SHA-256", b"n,,n=,r=abc"))
            return scram.authentication(wire)[1].split(b",", 1)[1]

        self.assertEqual(salt("nobody"), salt("nobody"))
        self.assertNotEqual(salt("nobody"), salt("nobody else"))
        self.assertEqual(salt("anna"), salt("anna"))

    def test_who_says_nothing_is_waited_for_a_minute_and_no_longer(self):
        time.sleep(max(0, self.silent_since + 58 - time.monotonic()))
        for wire in self.silent:
            wire.sock.settimeout(0.1)
            with self.assertRaises(socket.timeout):
                wire.sock.recv(1)
        for wire in self.silent:
            self.assertTrue(wire.at_eof(timeout=5 * sanitizers.SLOWNESS))

    def test_a_changed_password_counts_at_once(self):
        self.run_sql("CREATE ROLE changing LOGIN PASSWORD 'old'")
        scram.log_in(self.wire(), "changing", "old")
        self.run_sql("ALTER ROLE changing PASSWORD 'new'")
        self.refused_with(self.wire(), "28P01", "changing", "old")
        scram.log_in(self.wire(), "changing", "new")
        self.run_sql("ALTER ROLE changing PASSWORD NULL")
        self.refused_with(self.wire(), "28P01", "changing", "new")


class TlsTest(access_case(TLS + RULES + SCRAM)):
    @classmethod
    def prepare(cls):
        cls.run_sql("CREATE ROLE anna LOGIN PASSWORD 'secret'")

    def test_a_client_that_does_not_know_the_authority_is_told_nothing_more(self):
        other = tempfile.mkdtemp(prefix="authority_")
        self.addCleanup(shutil.rmtree, other)
        certificates.Certificates(other)
        self.assertIn("certificate verify failed", self.refusal(user="anna", password="secret", sslmode="verify-full",
                                                                sslrootcert=os.path.join(other, "root.crt")))
        time.sleep(0.2)
        self.assertTrue(self.run_sql("SELECT 1 FROM sys.events WHERE kind = 'tls' AND reason LIKE '%unknown ca%'"))

    def test_what_came_before_tls_is_not_taken_for_what_comes_after(self):
        wire = self.wire()
        injected = wire.startup_packet(user="postgres", database="postgres")
        wire.send_raw(struct.pack("!II", 8, pgwire.SSL_REQUEST) + injected)
        self.assertEqual(wire.read_exactly(1), b"N")
        self.assertEqual(wire.result().error.sqlstate, "08P01")
        self.assertTrue(wire.at_eof())

    def test_tls_is_asked_for_once(self):
        wire = self.secured_wire()
        wire.send_raw(struct.pack("!II", 8, pgwire.SSL_REQUEST))
        error = wire.result().error
        self.assertEqual((error.severity, error.sqlstate), ("FATAL", "0A000"))
        wire = self.wire()
        self.assertEqual(wire.request_encryption(pgwire.GSSENC_REQUEST), "N")
        self.assertEqual(wire.request_encryption(), "S")

    def test_no_tls_older_than_1_2(self):
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.secured_wire(ssl.TLSVersion.TLSv1_1)

    def test_what_is_no_tls_ends_that_connection_only(self):
        wire = self.wire()
        self.assertEqual(wire.request_encryption(), "S")
        wire.send_raw(b"GET / HTTP/1.1\r\n\r\n")
        self.assertTrue(wire.at_eof())
        self.assertEqual(self.run_sql("SELECT 1"), [(1,)])

    def test_clients_that_leave_in_the_middle_of_a_handshake_leave_nothing(self):
        for _ in range(20):
            wire = self.wire()
            self.assertEqual(wire.request_encryption(), "S")
            wire.close()
        for _ in range(100):
            if self.run_sql("SELECT count(*) FROM pg_stat_activity") == [(1,)]:
                break
            time.sleep(0.05)
        self.assertLessEqual(self.run_sql("SELECT count(*) FROM pg_stat_activity WHERE usename IS NULL")[0][0], 0)

    def test_much_goes_both_ways(self):
        connection = self.connect(user="postgres", sslmode="verify-full")
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE many (id int PRIMARY KEY, v text)")
            rows = "".join(f"{i}\t{'x' * (i % 1000)}\n" for i in range(20_000))
            cursor.copy_expert("COPY many FROM STDIN", io.StringIO(rows))
            out = io.StringIO()
            cursor.copy_expert("COPY (SELECT * FROM many ORDER BY id) TO STDOUT", out)
            self.assertEqual(out.getvalue(), rows)
            cursor.execute("SELECT sum(length(v)) FROM many WHERE v <> %s", ("y" * 3_000_000,))
            self.assertEqual(cursor.fetchone()[0], sum(i % 1000 for i in range(20_000)))

    def test_a_client_that_reads_late_gets_everything(self):
        wire = self.secured_wire()
        wire.startup("postgres")
        wire.send(pgwire.query("SELECT repeat('x', 1000) FROM generate_series(1, 50000)"))
        time.sleep(0.5)
        self.assertEqual(len(wire.result().rows), 50_000)

    def test_a_pipeline_that_comes_in_one_record_is_answered_whole(self):
        wire = self.secured_wire()
        wire.startup("postgres")
        count = 300
        one = (pgwire.parse("SELECT $1::int"), pgwire.bind(["7"]), pgwire.execute(), pgwire.SYNC)
        wire.send(*(one * count))
        for _ in range(count):
            self.assertEqual(wire.result().rows, [[b"7"]])

    def test_bytes_may_come_one_by_one(self):
        wire = self.secured_wire()
        for byte in wire.startup_packet(user="postgres", database="postgres"):
            wire.send_raw(bytes([byte]))
        self.assertEqual(wire.result().status, "I")
        self.assertEqual(wire.query("SELECT 1").rows, [[b"1"]])

    def test_a_statement_is_cancelled_over_tls(self):
        connection = self.connect(user="anna", password="secret", sslmode="verify-full")
        pid = connection.get_backend_pid()
        threading.Timer(0.3, lambda: self.run_sql(f"SELECT pg_cancel_backend({pid})")).start()
        with self.assertRaises(psycopg2.errors.QueryCanceled), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(20)")

    def test_the_node_tells_about_tls(self):
        connection = self.connect(user="postgres", sslmode="verify-full")
        with connection.cursor() as cursor:
            cursor.execute("SELECT version, bits, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            self.assertEqual(cursor.fetchone(), ("TLSv1.3", 256, None))
            cursor.execute("SHOW ssl")
            self.assertEqual(cursor.fetchone(), ("on",))


class CertificateTest(access_case(TLS + RULES + rule(network='"all"', method='"cert"'))):
    @classmethod
    def prepare(cls):
        cls.run_sql("CREATE ROLE anna LOGIN", "CREATE ROLE otto LOGIN")
        cls.node.certificates.make_client("anna")
        cls.node.certificates.make_authority("between", "root")
        cls.node.certificates.make_authority("stranger")
        cls.node.certificates.make_client("forged", "stranger")

    def with_certificate(self, name):
        return {"sslcert": self.node.path(f"{name}.crt"), "sslkey": self.node.path(f"{name}.key"),
                "sslmode": "verify-full"}

    def test_a_certificate_lets_in_whom_it_names(self):
        with self.connect(user="anna", **self.with_certificate("anna")).cursor() as cursor:
            cursor.execute("SELECT current_user, client_dn, issuer_dn, client_serial > 0 FROM pg_stat_ssl "
                           "WHERE pid = pg_backend_pid()")
            self.assertEqual(cursor.fetchone(), ("anna", "/CN=anna", "/CN=root", True))

    def test_and_nobody_else(self):
        self.assertEqual(self.refusal(user="otto", **self.with_certificate("anna")),
                         'certificate authentication failed for user "otto"')
        self.assertEqual(self.refusal(user="otto", sslmode="verify-full"),
                         "connection requires a valid client certificate")
        self.assertIn("unknown ca", self.refusal(user="anna", **self.with_certificate("forged")))

    @unittest.skipUnless(JDBC and shutil.which("javac"), "needs libpostgresql-jdbc-java and a JDK")
    def test_jdbc_shows_its_certificate(self):
        url = (f"jdbc:postgresql://localhost:{self.node.port}/postgres?user=anna&sslmode=verify-full&"
               f"sslrootcert={self.node.path('root.crt')}&sslcert={self.node.path('anna.crt')}&"
               f"sslkey={self.node.path('anna.pk8')}")
        ran = subprocess.run(["java", "-cp", JDBC, os.path.join(DRIVERS, "LogIn.java"), url], capture_output=True,
                             text=True, check=False)
        self.assertEqual(ran.stdout.splitlines(), ["anna true 42"], ran.stderr)


class RulesTest(access_case('[node]\nunix_socket_directory = "{dir}"\n' + TLS + RULES +
                            rule(network='"local"', method='"peer"') +
                            rule(network='"loopback"', role='"banned"', method='"reject"') +
                            rule(network='"loopback"', database='"sameuser"', method='"trust"') +
                            rule(network='"loopback"', role='"+readers"', tls="true", method='"trust"') +
                            rule(network='"127.0.0.0/8"', role='["anna", "otto"]', database='["shop", "stock"]',
                                 method='"trust"'))):
    @classmethod
    def prepare(cls):
        cls.run_sql("CREATE ROLE readers", "CREATE ROLE rita LOGIN IN ROLE readers", "CREATE ROLE banned LOGIN",
                    "CREATE ROLE anna LOGIN", "CREATE DATABASE anna", "CREATE DATABASE shop",
                    f"CREATE ROLE {getpass.getuser()} LOGIN")

    def test_the_unix_socket_knows_its_peer(self):
        with self.connect(host=self.node.dir, user=getpass.getuser()).cursor() as cursor:
            cursor.execute("SELECT current_user")
            self.assertEqual(cursor.fetchone(), (getpass.getuser(),))
        self.assertEqual(self.refusal(host=self.node.dir, user="anna"), 'Peer authentication failed for user "anna"')

    def test_rules_are_looked_at_in_order(self):
        self.assertIn('an access rule rejects connection for host "127.0.0.1", user "banned", database "banned", '
                      "no encryption", self.refusal(user="banned", dbname="banned", sslmode="disable"))
        self.connect(user="anna", dbname="anna")
        self.connect(user="anna", dbname="shop")
        self.assertIn('no access rule for host "127.0.0.1", user "anna", database "postgres", SSL encryption',
                      self.refusal(user="anna", sslmode="require"))

    def test_a_rule_may_be_for_members_and_for_tls(self):
        self.connect(user="rita", sslmode="require")
        self.assertIn('no access rule for host "127.0.0.1", user "rita", database "postgres", no encryption',
                      self.refusal(user="rita", sslmode="disable"))
        self.run_sql("REVOKE readers FROM rita")
        self.refusal(user="rita", sslmode="require")


class LogInTest(access_case(TLS + RULES + rule(network='"loopback"', role='["teller", "stopped"]', method='"trust"') +
                            rule(network='"loopback"', method='"reject"'))):
    """What is there to be met on the way in, whatever the rule."""
    @classmethod
    def prepare(cls):
        cls.run_sql("CREATE ROLE teller LOGIN", "CREATE ROLE stopped LOGIN")

    def test_a_stored_setting_that_cannot_be_applied_keeps_nobody_out(self):
        self.run_sql("CREATE DATABASE odd", "CREATE ROLE passing", "ALTER DATABASE odd SET role = 'passing'",
                     "DROP ROLE passing")
        shown = subprocess.run(["psql", self.node.dsn().replace("dbname=postgres", "dbname=odd"), "-Atc", "SELECT 1"],
                               capture_output=True, text=True, check=False)
        self.assertEqual(shown.stdout, "1\n", shown.stderr)
        self.assertIn('WARNING:  role "passing" does not exist', shown.stderr)

    def test_what_a_superuser_stored_for_a_role_is_applied(self):
        self.run_sql("ALTER ROLE teller SET log_statement = 'all'", "ALTER ROLE teller SET role = 'postgres'")
        with self.connect(user="teller").cursor() as cursor:
            cursor.execute("SELECT current_setting('log_statement'), current_user")
            self.assertEqual(cursor.fetchone(), ("all", "teller"))
            with self.assertRaisesRegex(psycopg2.Error, 'permission denied to set parameter "log_statement"'):
                cursor.execute("SET log_statement = 'none'")
        self.run_sql("ALTER ROLE teller RESET ALL")

    def test_names_are_cut_as_everywhere(self):
        name = "n" * 63
        self.assertIn(f'user "{name}", database "{name}"', self.refusal(user="n" * 900, dbname="n" * 900))
        longest = self.run_sql("SELECT max(length(reason)) FROM sys.events WHERE kind = 'authentication'")[0][0]
        self.assertLess(longest, 400)

    def test_who_was_refused_is_not_told_to_everybody(self):
        self.refusal(user="mallory")
        reasons = "SELECT DISTINCT reason FROM sys.events WHERE kind = 'authentication'"
        with self.connect(user="teller").cursor() as cursor:
            cursor.execute(reasons)
            self.assertEqual(cursor.fetchall(), [("<insufficient privilege>",)])
            self.run_sql("GRANT pg_monitor TO teller")
            cursor.execute(reasons)
            self.assertIn("mallory", str(cursor.fetchall()))
        self.assertIn("mallory", str(self.run_sql(reasons)))
        self.run_sql("REVOKE pg_monitor FROM teller")

    def test_tls_sessions_are_not_resumed(self):
        context = ssl.create_default_context(cafile=self.node.path("root.crt"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        session = None
        for _ in range(2):
            wire = self.wire()
            self.assertEqual(wire.request_encryption(), "S")
            wire.sock = context.wrap_socket(wire.sock, server_hostname="localhost", session=session)
            session = wire.sock.session
            self.assertFalse(wire.sock.session_reused)
            self.assertFalse(session.has_ticket)
            self.assertEqual(wire.startup("teller").query("SELECT 1").rows, [[b"1"]])

    def test_who_does_not_read_can_be_ended(self):
        self.run_sql("CREATE TABLE held (id int, t text)",
                     "INSERT INTO held SELECT i, repeat('x', 1000) FROM generate_series(1, 20000) i",
                     "GRANT ALL ON held TO stopped")
        for sql in ("SELECT repeat('x', 1000) FROM generate_series(1, 1000000)", "TABLE held", "COPY held TO STDOUT",
                    "DECLARE c SCROLL CURSOR FOR TABLE held; MOVE ALL c; FETCH BACKWARD ALL c"):
            wire = pgwire.Wire(socket.create_connection(("127.0.0.1", self.node.port)))
            self.addCleanup(wire.close)
            wire.startup("stopped")
            wire.query("BEGIN")
            wire.query("LOCK TABLE held IN SHARE ROW EXCLUSIVE MODE")
            wire.send(pgwire.query(sql))
            time.sleep(0.5)
            ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'stopped'"
            self.assertEqual(self.run_sql(ended), [(1,)], sql)
            self.run_sql("SET lock_timeout = '2s'", "INSERT INTO held VALUES (0, '')", "RESET lock_timeout")
            until = time.monotonic() + 8 * sanitizers.SLOWNESS
            while self.run_sql("SELECT 1 FROM pg_stat_activity WHERE usename = 'stopped'"):
                self.assertLess(time.monotonic(), until, sql)
                time.sleep(0.1)


class CrowdTest(access_case("[limits]\nconnections_max = 20\n" + RULES + rule(network='"loopback"', method='"trust"'))):
    """Connections that nobody has logged in by, and the last places."""
    @classmethod
    def prepare(cls):
        cls.run_sql("CREATE ROLE guest LOGIN")

    def test_the_last_places_are_for_superusers(self):
        for _ in range(16):
            self.connect(user="guest")
        self.assertIn("remaining connection slots are reserved for non-replication superuser connections",
                      self.refusal(user="guest"))
        for _ in range(3):
            self.connect(user="postgres")
        self.assertIn("sorry, too many clients already", self.refusal(user="postgres"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.node.process.pid}/fd"))

    def test_who_only_connects_keeps_nobody_out(self):
        before = self.descriptors()
        for _ in range(700):
            silent = socket.create_connection(("127.0.0.1", self.node.port))
            self.addCleanup(silent.close)
        # Those that are ended to make room need a moment to go.
        until = time.monotonic() + 10 * sanitizers.SLOWNESS
        guest = None
        while guest is None:
            try:
                guest = self.connect(user="guest")
            except psycopg2.OperationalError:
                self.assertLess(time.monotonic(), until)
                time.sleep(0.1)
        self.assertLess(self.descriptors(), before + 300)
        with guest.cursor() as cursor:
            cursor.execute("SELECT used FROM sys.limits WHERE name = 'limits.connections_max'")
            self.assertLess(cursor.fetchone()[0], 20)


class BesidePostgresTest(unittest.TestCase):
    """Whom PostgreSQL refuses, and with which words, with the same rules."""
    HBA = """
host all postgres 127.0.0.1/32 trust
host all trusted,lonely,barred 127.0.0.1/32 trust
host all missing 127.0.0.1/32 trust
host all all 127.0.0.1/32 scram-sha-256
"""
    CONFIG = RULES + rule(network='"127.0.0.1"', role='["trusted", "lonely", "barred", "missing"]', method='"trust"') + SCRAM
    SETUP = ("CREATE ROLE trusted LOGIN", "CREATE ROLE lonely LOGIN CONNECTION LIMIT 0", "CREATE ROLE barred",
             "CREATE ROLE anna LOGIN PASSWORD 'secret'", "CREATE ROLE late LOGIN PASSWORD 's' VALID UNTIL '2020-01-01'",
             "CREATE ROLE asleep PASSWORD 'secret'", "CREATE DATABASE shut", "REVOKE CONNECT ON DATABASE shut FROM PUBLIC",
             "CREATE DATABASE filled CONNECTION LIMIT 0", "CREATE DATABASE closed", "ALTER DATABASE closed ALLOW_CONNECTIONS false")
    WITHOUT_PASSWORD = [("trusted", "postgres"), ("lonely", "postgres"), ("barred", "postgres"), ("missing", "postgres"),
                        ("trusted", "nowhere"), ("trusted", "shut"), ("trusted", "filled"), ("trusted", "closed"),
                        ("lonely", "nowhere"), ("barred", "nowhere"), ("postgres", "closed"), ("postgres", "filled")]
    WITH_PASSWORD = [("anna", "secret", "postgres"), ("anna", "wrong", "postgres"), ("anna", "wrong", "nowhere"),
                     ("anna", "secret", "nowhere"), ("late", "s", "postgres"), ("nobody", "secret", "postgres"),
                     ("asleep", "secret", "postgres"), ("asleep", "wrong", "postgres"), ("anna", "secret", "shut")]

    def answers(self, server):
        with server.connect() as admin:
            for sql in self.SETUP:
                admin.query(sql)

        def answer(log_in, *arguments):
            with pgwire.Wire.connect(port=server.port) as wire:
                try:
                    log_in(wire, *arguments)
                    return "in"
                except pgwire.WireError as error:
                    return {key: error.fields.get(key) for key in "SCMDH"}

        said = {case: answer(lambda w, user, database: w.startup(user, database), *case)
                for case in self.WITHOUT_PASSWORD}
        said.update({case: answer(scram.log_in, *case) for case in self.WITH_PASSWORD})
        return said

    def test_refusals_are_postgres(self):
        if not os.path.exists(f"{servers.POSTGRES_BIN}/postgres"):
            self.skipTest("PostgreSQL is not installed")
        postgres = servers.PostgresServer({"shared_buffers": "64MB"})
        prepare = postgres.prepare

        def prepare_with_rules():
            prepare()
            with open(os.path.join(postgres.data, "pg_hba.conf"), "w") as file:
                file.write(self.HBA)

        postgres.prepare = prepare_with_rules
        with postgres, GuardedServer(self.CONFIG) as node:
            expected, actual = self.answers(postgres), self.answers(node)
        self.maxDiff = None
        self.assertEqual(actual, expected)


def ask(node, sql):
    with node.connect() as wire:
        return wire.query(sql).rows


class StartTest(unittest.TestCase):
    """What a node does not start with."""

    def node(self, config, arguments=()):
        node = GuardedServer(config, arguments)
        self.addCleanup(node.__exit__)
        return node

    def refusal(self, config, arguments=(), spoil=lambda node: None):
        node = self.node(config, arguments)
        spoil(node)
        with self.assertRaises(RuntimeError) as refused:
            node.start()
        return str(refused.exception)

    def test_another_address_needs_a_certificate_and_a_superuser_with_a_password(self):
        everywhere = ["--listen", "0.0.0.0"]
        self.assertIn("listening on 0.0.0.0 is refused: there is no certificate", self.refusal("", everywhere))
        self.assertIn("listening on 0.0.0.0 is refused: no superuser has a password", self.refusal(TLS, everywhere))
        node = self.node(TLS)
        node.start()
        ask(node, "ALTER ROLE postgres PASSWORD 'secret'")
        node.stop()
        node.arguments += everywhere
        node.start()
        self.assertEqual(ask(node, "SHOW listen_addresses"), [[b"0.0.0.0"]])

    def test_any_loopback_address_is_served_without(self):
        node = self.node("", ["--listen", "127.0.0.1, 127.0.0.2"])
        node.start()
        for host in ("127.0.0.1", "127.0.0.2"):
            with pgwire.Wire.connect(host, node.port) as wire:
                self.assertEqual(wire.startup().query("SELECT 1").rows, [[b"1"]])

    def test_what_is_wrong_in_the_configuration_is_named(self):
        for config, words in (
                (rule(network='"10.0.0.1/8"', method='"scram"'), 'troupe.toml:3: access.network "10.0.0.1/8" is no network'),
                (rule(network='"all"', method='"md5"'), 'troupe.toml:4: access.method "md5" is not known'),
                (rule(network='"all"'), "troupe.toml:2: an access rule needs a method"),
                (rule(method='"scram"'), "troupe.toml:2: an access rule needs a network"),
                (rule(network='"all"', method='"peer"'), "method peer is for the unix socket only"),
                (rule(network='"local"', method='"cert"'), "method cert needs TLS"),
                (rule(network='"local"', tls="true", method='"trust"'), "there is no TLS on the unix socket"),
                (rule(network='"all"', method='"scram"', user='"x"'), 'unknown configuration key "access.user"'),
                (rule(network='"all"', method='"scram"', role="[1]"), "access.role must be a string"),
                (rule(network='"all"', method='"cert"'), "needs tls.authority_file"),
                ("[access]\nnetwork = \"all\"\n", "access rules are written under [[access]]"),
                ('[node]\nlisten_address = "example.org"\n', '"example.org" is no address'),
                ('[tls]\ncertificate_file = "{dir}/server.crt"\n', "[tls] needs both"),
                ('[tls]\ncertificate_file = "{dir}/none.crt"\nprivate_key_file = "{dir}/server.key"\n', "none.crt"),
                ('[tls]\ncertificate_file = "{dir}/server.crt"\nprivate_key_file = "{dir}/root.key"\n',
                 "does not belong to the certificate")):
            self.assertIn(words, self.refusal(config))

    def test_a_private_key_is_nobody_elses(self):
        self.assertIn("has group or world access",
                      self.refusal(TLS, spoil=lambda node: os.chmod(node.path("server.key"), 0o644)))

    def test_a_certificate_may_come_with_those_that_vouch_for_it(self):
        node = self.node(TLS + RULES)
        node.certificates.make_authority("between", "root")
        node.certificates.make_server("server", "between")
        node.start()
        connection = psycopg2.connect(node.dsn().replace("127.0.0.1", "localhost"), sslmode="verify-full",
                                      sslrootcert=node.path("root.crt"))
        connection.close()

    def test_a_certificate_that_cannot_be_bound_to_serves_without_binding(self):
        node = self.node(TLS + RULES + SCRAM)
        node.certificates.openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "server.key", "-out",
                                  "server.crt", "-subj", "/CN=localhost", "-days", "2")
        node.start()
        ask(node, "CREATE ROLE anna LOGIN PASSWORD 'secret'")
        dsn = node.dsn().replace("user=postgres", "user=anna")
        psycopg2.connect(dsn, sslmode="require", password="secret").close()

    def test_a_directory_of_before_there_were_passwords_goes_on(self):
        node = self.node(RULES + SCRAM)
        node.start()
        ask(node, "CREATE TABLE kept (id int)")
        node.stop()
        meta = os.path.join(node.data, "node.meta")
        with open(meta, "rb") as file:
            fields = b"TPR2" + file.read()[4:20]
        with open(meta, "wb") as file:
            file.write(fields + struct.pack("<I", crc32c(fields)))
        node.start()
        self.assertEqual(ask(node, "SELECT * FROM kept"), [])


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def node_modules():
    """Where npm's package pg is, put there when it is not; None when it cannot be had."""
    modules = os.path.join(NPM, "node_modules")
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    if not os.path.isdir(os.path.join(modules, "pg")):
        subprocess.run(["npm", "install", "--prefix", NPM, "--no-audit", "--no-fund", "pg@8"], capture_output=True,
                       timeout=120, check=False)
    return modules if os.path.isdir(os.path.join(modules, "pg")) else None


if __name__ == "__main__":
    unittest.main()
