"""A test case with a node of its own, and what tests ask of it."""
import subprocess
import unittest

import psycopg2

import servers


class NodeCase(unittest.TestCase):
    def setUp(self):
        self.node = servers.TroupeServer()
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)

    def connect(self, database="postgres", user="postgres"):
        connection = psycopg2.connect(self.node.dsn(), dbname=database, user=user)
        connection.autocommit = True
        self.addCleanup(connection.close)
        return connection

    def run_in(self, connection, sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else cursor.rowcount

    def tool(self, *command, text=None):
        """What one of PostgreSQL's own programs prints."""
        address = ["-h", "127.0.0.1", "-p", str(self.node.port), "-U", "postgres"]
        ran = subprocess.run([command[0], *address, *command[1:]], input=text, capture_output=True, text=True,
                             check=False)
        return ran.stdout + ran.stderr
