#include "actors/http/live_page.hpp"

namespace troupe {
namespace {

constexpr std::string_view kPage = R"html(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Troupe: live changes</title>
<link rel="stylesheet" href="/live.css">
<script src="/live.js" defer></script>
</head>
<body>
<h1>Live changes</h1>
<form id="form">
  <label>Table <input id="table" required></label>
  <label>User <input id="user" value="postgres" required autocomplete="username"></label>
  <label>Password <input id="password" type="password" autocomplete="current-password"></label>
  <label>Database <input id="database" placeholder="as the user"></label>
  <label>Over <select id="over"><option value="ws">WebSocket</option><option value="sse">Server-Sent Events</option>
  </select></label>
  <button>Follow</button>
</form>
<p>State: <output id="state">not connected</output>, <output id="count">0</output> changes</p>
<table>
  <thead><tr><th>Token</th><th>Table</th><th>Change</th><th>Before</th><th>After</th></tr></thead>
  <tbody id="changes"></tbody>
</table>
</body>
</html>
)html";

constexpr std::string_view kScript = R"js("use strict";
// Follows one table. What was seen last is remembered, so that after a lost connection, or a restart of the node, the
// next one goes on right behind it: every change is shown once.
const element = (id) => document.getElementById(id);
const kRowsShown = 500, kCredit = 200;
let round = 0;  // of the button: what an older one started ends by itself
let seen = "";  // the token of the last change
let shown = 0;

function state(text) { element("state").value = text; }

function show(change) {
  seen = change.token;
  element("count").value = ++shown;
  const row = element("changes").insertRow(0);
  row.dataset.token = change.token;
  for (const value of [change.token, change.table, change.op, change.before, change.after]) {
    row.insertCell().textContent = value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  }
  if (element("changes").rows.length > kRowsShown) element("changes").deleteRow(-1);
}

// A browser cannot send a password with a stream, so it gets a token for it first.
async function logIn(who) {
  const bytes = new TextEncoder().encode(who.user + ":" + who.password);
  const answer = await fetch("/v1/session?database=" + encodeURIComponent(who.database || who.user), {
    method: "POST", credentials: "omit",
    headers: {Authorization: "Basic " + btoa(String.fromCharCode(...bytes))},
  });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.error.message), {final: answer.status < 500});
  return body.token;
}

// Resolves when the connection has ended; rejects with .final when there is no use in another one.
function followBySse(who, token) {
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams({table: who.table, access_token: token});
    if (seen) query.set("from", seen);
    const source = new EventSource("/v1/subscribe?" + query);
    const end = (settle, error) => { source.close(); settle(error); };
    source.addEventListener("subscribed", (event) => { state("connected"); seen = JSON.parse(event.data).token; });
    for (const op of ["insert", "update", "delete", "truncate", "drop"]) {
      source.addEventListener(op, (event) => show(JSON.parse(event.data)));
    }
    source.onerror = (event) => {  // the node's own errors have data; a lost connection has none
      if (event.data) end(reject, problem(JSON.parse(event.data)));
      else end(resolve);
    };
    who.stop = () => end(resolve);
  });
}

function followByWebSocket(who, token) {
  return new Promise((resolve, reject) => {
    const address = new URL("/v1/ws?access_token=" + token, location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    let granted = kCredit;
    const say = (message) => socket.send(JSON.stringify({id: "live", ...message}));
    socket.onopen = () => say({type: "subscribe", tables: [who.table], credit: kCredit, ...(seen && {from: seen})});
    socket.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.type === "subscribed") { state("connected"); seen = message.token; }
      if (message.type === "error") { reject(problem(message.error)); socket.close(); }
      if (message.type !== "event") return;
      show(message);
      if (--granted < kCredit / 2) { granted += kCredit; say({type: "credit", events: kCredit}); }
    };
    socket.onclose = () => resolve();
    who.stop = () => socket.close();
  });
}

// A node that stops or starts says so with these; everything else is to be mended by somebody.
function problem(error) {
  return Object.assign(new Error(error.sqlstate + ": " + error.message), {final: !/^(57P|08|53)/.test(error.sqlstate)});
}

async function follow(who, mine) {
  for (let wait_ms = 100; mine === round; wait_ms = Math.min(2 * wait_ms, 3000)) {
    try {
      state("connecting");
      const token = await logIn(who);
      await (who.over === "sse" ? followBySse : followByWebSocket)(who, token);
      wait_ms = 100;
    } catch (error) {
      if (error.final) return state("failed: " + error.message);
    }
    if (mine !== round) return;
    state("connection lost");
    await new Promise((resume) => setTimeout(resume, wait_ms));
  }
}

let current = null;
function begin() {
  if (current && current.stop) current.stop();
  seen = ""; shown = 0;
  element("count").value = 0;
  element("changes").replaceChildren();
  current = {};
  for (const name of ["table", "user", "password", "database", "over"]) current[name] = element(name).value;
  follow(current, ++round);
}

element("form").addEventListener("submit", (event) => { event.preventDefault(); begin(); });
const asked = new URLSearchParams(location.search);
for (const name of ["table", "user", "database", "over"]) {
  if (asked.has(name)) element(name).value = asked.get(name);
}
)js";

constexpr std::string_view kStyle = R"css(body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #222; }
form { display: flex; flex-wrap: wrap; gap: 0.8rem; align-items: end; }
label { display: flex; flex-direction: column; font-size: 0.85em; }
input, select, button { font: inherit; padding: 0.3rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; border-bottom: 1px solid #ddd; padding: 0.3rem 0.6rem 0.3rem 0; }
td { font-family: ui-monospace, monospace; font-size: 0.9em; overflow-wrap: anywhere; }
)css";

}  // namespace

const LivePage& live_page() {
  static constexpr LivePage kLivePage{"text/html; charset=utf-8", kPage};
  return kLivePage;
}

const LivePage& live_script() {
  static constexpr LivePage kLiveScript{"text/javascript; charset=utf-8", kScript};
  return kLiveScript;
}

const LivePage& live_style() {
  static constexpr LivePage kLiveStyle{"text/css; charset=utf-8", kStyle};
  return kLiveStyle;
}

}  // namespace troupe
