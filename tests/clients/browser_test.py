#!/usr/bin/python3
"""The node's own page in a real browser (headless Chromium): it follows a table over a WebSocket and over Server-Sent
Events, the node is killed and started again, and every change is shown exactly once."""
import os
import sys
import time
import unittest

import psycopg2
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
from http_node import HttpNode, PATIENCE_S, Writer  # noqa: E402

# Remembers every row that is ever shown: the page keeps the newest only.
RECORDER = """
window.shown = [];
new MutationObserver((records) => {
  for (const record of records) for (const row of record.addedNodes) window.shown.push(row.cells[4].textContent);
}).observe(document.getElementById("changes"), {childList: true});
"""
SCRAM = """
[[access]]
network = "loopback"
role = "postgres"
method = "trust"
[[access]]
network = "loopback"
method = "scram"
"""


def open_browser():
    options = Options()
    options.binary_location = "/usr/bin/chromium"
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class BrowserTest(unittest.TestCase):
    def setUp(self):
        self.node = HttpNode(config=SCRAM)
        self.node.__enter__()
        self.addCleanup(self.node.__exit__)
        self.run_sql("CREATE TABLE t (id int PRIMARY KEY); CREATE ROLE anna LOGIN PASSWORD 'gehe\u00edm';"
                     "GRANT SELECT ON t TO anna")
        self.browser = open_browser()
        self.addCleanup(self.browser.quit)

    def run_sql(self, sql):
        connection = psycopg2.connect(self.node.dsn())
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(sql)
        connection.close()

    def wait(self, reached):
        WebDriverWait(self.browser, PATIENCE_S, poll_frequency=0.1).until(lambda _: reached())

    def state(self):
        return self.browser.find_element(By.ID, "state").text

    def open_page(self, over, password="gehe\u00edm"):
        self.browser.get(f"{self.node.origin}/?table=t&user=anna&database=postgres&over={over}")
        self.browser.execute_script(RECORDER)
        self.browser.find_element(By.ID, "password").send_keys(password)
        self.browser.find_element(By.TAG_NAME, "button").click()

    def shown(self):
        return [int(row[len('{"id":'):-1]) for row in self.browser.execute_script("return window.shown")]

    def follow_over_restarts(self, over):
        self.open_page(over)
        self.wait(lambda: self.state() == "connected")
        writer = Writer(self.node, "t", pause_s=0.01)
        writer.start()
        for _ in range(2):
            time.sleep(1)
            self.node.kill()
            self.wait(lambda: self.state() != "connected")
            self.node.start()
            self.wait(lambda: self.state() == "connected")
        time.sleep(0.5)
        last = writer.stop()
        self.wait(lambda: len(self.shown()) >= last)
        time.sleep(0.5)
        self.assertEqual(self.shown(), list(range(1, last + 1)))
        self.assertEqual(self.browser.find_element(By.ID, "count").text, str(last))

    def test_a_page_shows_every_change_once_over_a_web_socket(self):
        self.follow_over_restarts("ws")

    def test_a_page_shows_every_change_once_over_server_sent_events(self):
        self.follow_over_restarts("sse")

    def test_a_page_says_what_is_wrong(self):
        for over in ["ws", "sse"]:
            self.open_page(over, password="wrong")
            self.wait(lambda: self.state().startswith("failed: password authentication failed"))
        self.run_sql("REVOKE SELECT ON t FROM anna")
        self.open_page("ws")
        self.wait(lambda: self.state() == "failed: 42501: permission denied for table t")

    def test_text_of_the_table_is_text_on_the_page(self):
        self.run_sql("CREATE TABLE x (note text); GRANT SELECT ON x TO anna")
        self.browser.get(f"{self.node.origin}/?table=x&user=anna&database=postgres")
        self.browser.find_element(By.ID, "password").send_keys("gehe\u00edm")
        self.browser.find_element(By.TAG_NAME, "button").click()
        self.wait(lambda: self.state() == "connected")
        self.run_sql("INSERT INTO x VALUES ('<img src=x onerror=alert(1)>')")
        self.wait(lambda: self.browser.find_element(By.ID, "count").text == "1")
        self.assertIn("<img src=x", self.browser.find_element(By.ID, "changes").text)
        self.assertEqual(self.browser.find_elements(By.TAG_NAME, "img"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
