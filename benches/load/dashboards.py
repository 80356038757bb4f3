"""What 200 open dashboards cost the decide path: throughput, latency and CPU without and with them.

Starts a service, signs an operator in, loads `decide` with wrk, and measures in turn without any
dashboard and with so many open overviews: each a stream of server-sent events of its own, read by
a process beside. Rounds are interleaved, so that a drift of the machine meets both.

The readers run on the same machine: what they spend is the browsers', not the service's, and is
missing from the throughput all the same. CPU a request is the service's own.

Usage: python3 benches/load/dashboards.py [ROUNDS] [SECONDS] [DASHBOARDS]
(after `cargo build --release`; CROSSFADE_BIN names another binary)
"""

import base64
import hashlib
import hmac
import json
import multiprocessing
import os
import re
import secrets
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from stand import CONTROL, DATA, SECRET, Service

GIVEN = [int(word) for word in sys.argv[1:4]]
ROUNDS, SECONDS, DASHBOARDS = GIVEN + [5, 5, 200][len(GIVEN):]
TICK = os.sysconf("SC_CLK_TCK")
COMPONENTS = 100
SUBJECTS = 500
EVENT = b"event: parts"


def token(number):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    now = int(time.time())
    claims = {"iss": "issuer", "aud": "audience", "sub": f"user-{number}", "iat": now, "nbf": now,
              "exp": now + 3600, "jti": secrets.token_hex(8), "token_type": "access"}
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    mac = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def script(folder):
    """wrk asks with every token and every component in turn."""
    open(f"{folder}/tokens", "w").write("\n".join(token(number) for number in range(SUBJECTS)))
    open(f"{folder}/decide.lua", "w").write(f"""
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local requests = {{}}
for line in io.lines("{folder}/tokens") do
  local number = #requests % {COMPONENTS}
  local name = number > 0 and string.format("http-auth-%03d", number) or "http-auth"
  requests[#requests + 1] = wrk.format(nil, "/v1/decide/" .. name, nil, '{{"token":"' .. line .. '"}}')
end
local n = 0
function request()
  n = n % #requests + 1
  return requests[n]
end
""")
    return f"{folder}/decide.lua"


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def read_all(cookie, told, end):
    """Opens the dashboards and reads them until it is told to stop; tells events and bytes."""
    selector = selectors.DefaultSelector()
    ask = f"GET /live/overview HTTP/1.1\r\nHost: 127.0.0.1:{CONTROL}\r\nCookie: {cookie}\r\n\r\n"
    heads, tails = {}, {}
    for _ in range(DASHBOARDS):
        dashboard = socket.create_connection(("127.0.0.1", CONTROL), timeout=20)
        dashboard.sendall(ask.encode())
        dashboard.setblocking(False)
        selector.register(dashboard, selectors.EVENT_READ)
        heads[dashboard], tails[dashboard] = b"", b""
    events, size, alive = 0, 0, set()
    room = bytearray(1 << 18)
    while not end.is_set():
        for key, _ in selector.select(0.1):
            dashboard = key.fileobj
            count = dashboard.recv_into(room)
            if count == 0:
                return told.send(f"a dashboard was closed: {heads[dashboard][:300]!r}")
            text = bytes(memoryview(room)[:count])
            if len(heads[dashboard]) < 12:
                heads[dashboard] += text
                if len(heads[dashboard]) >= 12 and not heads[dashboard].startswith(b"HTTP/1.1 200"):
                    return told.send(f"a dashboard was refused: {heads[dashboard][:300]!r}")
            found = (tails[dashboard] + text).count(EVENT)
            # Too short for the word itself: it is counted once.
            tails[dashboard] = (tails[dashboard] + text)[1 - len(EVENT):]
            events, size = events + found, size + count
            if found and len(alive) < DASHBOARDS:
                alive.add(dashboard)
                if len(alive) == DASHBOARDS:
                    told.send(None)
                    events = size = 0
    told.send((events, size))


class Dashboards:
    """Open while the block runs; afterwards how much they were told meanwhile."""

    def __init__(self, cookie):
        self.end = multiprocessing.Event()
        self.told, other = multiprocessing.Pipe(duplex=False)
        self.reader = multiprocessing.Process(target=read_all, args=(cookie, other, self.end))

    def __enter__(self):
        self.reader.start()
        refused = self.told.recv() if self.told.poll(60) else "the dashboards do not open"
        if refused:
            self.reader.kill()
            sys.exit(refused)
        return self

    def __exit__(self, *_):
        self.end.set()
        told = self.told.recv() if self.told.poll(20) else "the reader says nothing"
        self.reader.join(20)
        if self.reader.is_alive():
            self.reader.kill()
        if not isinstance(told, tuple):
            sys.exit(told)
        self.events, self.size = told


def milliseconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def load(pid, lua):
    """Requests a second, p50 and p99 in ms, microseconds of the service's CPU a request."""
    before = cpu_seconds(pid)
    command = ["wrk", "-t2", "-c32", f"-d{SECONDS}s", "--latency", "-s", lua, f"http://127.0.0.1:{DATA}"]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    spent = cpu_seconds(pid) - before
    if bad := re.search(r"Non-2xx or 3xx responses: (\d+)", out):
        sys.exit(f"{bad.group(1)} bad answers\n{out}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    p50, p99 = (milliseconds(re.search(rf"^\s*{share}%\s+(\S+)", out, re.M).group(1)) for share in (50, 99))
    rate = float(re.search(r"Requests/sec:\s+(\S+)", out).group(1))
    return rate, p50, p99, spent / requests * 1e6


def watched(cookie, pid, lua):
    """The same with dashboards open, and what they were told in words."""
    readers = Dashboards(cookie)
    with readers:
        began = time.monotonic()
        found = load(pid, lua)
        seconds = time.monotonic() - began
    each = readers.events / DASHBOARDS
    if each < 1:
        sys.exit(f"the dashboards are not alive: {each:.1f} events each")
    size = readers.size / readers.events / 1e3
    return found, (f"  {each:.1f} events each of {size:.1f} KB, "
                   f"{readers.size / DASHBOARDS / seconds / 1e3:.1f} KB/s each")


def main():
    folder = tempfile.mkdtemp(prefix="crossfade-dashboards-")
    names = ["http-auth", *(f"http-auth-{number:03}" for number in range(1, COMPONENTS))]
    with Service(folder, names) as service:
        lua = script(folder)
        load(service.pid, lua)  # warm-up, not counted
        figures = {"without": [], "with": []}
        for number in range(ROUNDS):
            for kind in sorted(figures, reverse=number % 2 == 0):
                found, told = (watched(service.cookie, service.pid, lua) if kind == "with"
                               else (load(service.pid, lua), ""))
                figures[kind].append(found)
                rate, p50, p99, cpu = found
                print(f"round {number + 1}  {kind:8} {rate:9.0f} req/s  p50 {p50:7.2f} ms  "
                      f"p99 {p99:7.2f} ms  {cpu:7.2f} us CPU/req{told}", flush=True)
        print(f"\nmedian of {ROUNDS} rounds, {COMPONENTS} components, {DASHBOARDS} dashboards")
        print(f"{'':10} {'req/s':>9} {'p50 ms':>9} {'p99 ms':>9} {'CPU us/req':>11}")
        medians = {kind: [statistics.median(column) for column in zip(*rows)] for kind, rows in figures.items()}
        for kind, (rate, p50, p99, cpu) in medians.items():
            print(f"{kind:10} {rate:9.0f} {p50:9.2f} {p99:9.2f} {cpu:11.2f}")
        rate, p50, p99, cpu = (new / old for new, old in zip(medians["with"], medians["without"]))
        print(f"{'ratio':10} {rate:9.3f} {p50:9.3f} {p99:9.3f} {cpu:11.3f}")


if __name__ == "__main__":
    main()
