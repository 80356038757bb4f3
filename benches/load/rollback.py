"""How long a rollback takes while the data listener is loaded, beside a bare fsync.

Starts a service with many components, loads `decide` on one of them with wrk, and rolls the
others back one after another: each call is one POST on the control listener, answered when the
change is on the disk. Between two calls the same file system is asked for what a rollback cannot
do without: 4 KiB appended to a file and fsync. Both are timed from the caller's side, in one run.

Usage: python3 benches/load/rollback.py [ROLLBACKS]   (after `cargo build --release`)
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request

ROLLBACKS = int(sys.argv[1]) if len(sys.argv) > 1 else 900
DATA, CONTROL = 19700, 19701
TOKEN = secrets.token_hex(32)
SECRET = secrets.token_hex(32)


def private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def configuration(folder):
    private(f"{folder}/control", TOKEN)
    private(f"{folder}/secret", SECRET)
    seeds = '[component.http-auth]\nkind = "auth"\nphase = 1\nlegacy = "path"\nstage = "shadow"\n'
    for number in range(ROLLBACKS):
        seeds += f'[component.c-{number:04}]\nkind = "connections"\nphase = 2\nstage = "shadow"\n'
    open(f"{folder}/seeds.toml", "w").write(seeds)
    open(f"{folder}/c.toml", "w").write(f"""
data_dir = "data"
environment = "benchmark"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:{DATA}"
control = "127.0.0.1:{CONTROL}"
metrics = "off"
[access]
control_per_minute = 1000000
[access.tokens.bench]
scopes = ["admin"]
file = "{folder}/control"
[authority]
issuer = "issuer"
audiences = ["audience"]
[[authority.keys]]
kind = "secret"
id = "main"
file = "{folder}/secret"
[legacy.path]
kind = "profile"
profile = "pyjwt-2"
audiences = ["audience"]
[[legacy.path.keys]]
id = "main"
algorithm = "HS256"
file = "{folder}/secret"
[log]
requests = "{folder}/requests.log"
""")


def token():
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    now = int(time.time())
    claims = {"iss": "issuer", "aud": "audience", "sub": "alice", "iat": now, "nbf": now,
              "exp": now + 900, "jti": secrets.token_hex(8), "token_type": "access"}
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    mac = hmac.new(SECRET.encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def wait():
    for _ in range(400):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{DATA}/healthz", timeout=1).read()
        except OSError:
            time.sleep(0.05)
    sys.exit("the service does not answer")


def answered(folder, at_least=0):
    """How many decisions the request log tells of, once it is so many."""
    for _ in range(400):
        with open(f"{folder}/requests.log", "rb") as log:
            lines = sum(1 for _ in log)
        if lines >= at_least:
            return lines
        time.sleep(0.05)
    sys.exit("the load does not begin")


def quantiles(label, seconds):
    ordered = sorted(seconds)
    at = lambda share: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
    print(f"{label:34} p50 {at(0.5):7.2f} ms   p90 {at(0.9):7.2f} ms   p99 {at(0.99):7.2f} ms   "
          f"max {ordered[-1] * 1000:7.2f} ms   ({len(ordered)})")
    return at(0.99)


def main():
    folder = tempfile.mkdtemp(prefix="crossfade-rollback-", dir=os.environ.get("ROLLBACK_DIR"))
    configuration(folder)
    log = open(f"{folder}/log", "w")
    service = subprocess.Popen(["target/release/crossfade", "serve", "-c", f"{folder}/c.toml"],
                               stdout=log, stderr=log)
    loader = None
    try:
        wait()
        open(f"{folder}/decide.lua", "w").write(
            'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
            f"wrk.body = '{json.dumps({'token': token()})}'\n")
        loader = subprocess.Popen(
            ["wrk", "-t1", "-c32", "-d600s", "-s", f"{folder}/decide.lua",
             f"http://127.0.0.1:{DATA}/v1/decide/http-auth"], stdout=subprocess.DEVNULL)
        answered(folder, 1000)
        control = http.client.HTTPConnection("127.0.0.1", CONTROL)
        bare = os.open(f"{folder}/bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        calls, syncs = [], []
        before, began = answered(folder), time.perf_counter()
        for number in range(ROLLBACKS):
            started = time.perf_counter()
            control.request("POST", f"/v1/flags/c-{number:04}/rollback",
                            headers={"Authorization": f"Bearer {TOKEN}"})
            answer = control.getresponse()
            answer.read()
            calls.append(time.perf_counter() - started)
            if answer.status != 200:
                sys.exit(f"rollback {number}: {answer.status}")
            started = time.perf_counter()
            os.write(bare, b"x" * 4096)
            os.fsync(bare)
            syncs.append(time.perf_counter() - started)
        rate = (answered(folder) - before) / (time.perf_counter() - began)
        if loader.poll() is not None or rate < 1000:
            sys.exit(f"there was no load to speak of: {rate:.0f} decisions a second")
        print(f"{rate:.0f} decisions a second meanwhile")
        call = quantiles("rollback, under load", calls)
        sync = quantiles("4 KiB and fsync, in between", syncs)
        print(f"p99 of a rollback is {call / sync:.2f} times that of a bare fsync")
    finally:
        for process in (loader, service):
            if process:
                process.kill()
                process.wait()


main()
