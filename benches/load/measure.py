"""Starts the servers, loads them in turn with wrk, prints CPU per request and ratios.

Rounds are interleaved and each has an order of its own, so that a drift of the machine meets
every server. Quoted are medians, and minima: on a shared machine the least disturbed round is
the one that says what the code costs.
"""

import json
import math
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUNDS, SECONDS = int(sys.argv[1]), int(sys.argv[2])
ONLY = sys.argv[3] if len(sys.argv) > 3 else ""
TICK = os.sysconf("SC_CLK_TCK")
TOKENS = 2000
ALGORITHMS = ("RS256", "ES256", "EdDSA")
CONTROL = secrets.token_hex(32)
DATA = secrets.token_hex(32)
SERVERS = []
# Measured whatever part of a label is asked for: the others are compared with these.
BARE = "bare"


def wait(url):
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=1).read()
            return
        except OSError:
            time.sleep(0.05)
    for process in SERVERS:
        process.kill()
    sys.exit(f"{url} does not answer")


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def load(pid, url, script=None):
    command = ["wrk", "-t2", "-c32", f"-d{SECONDS}s", "--latency"]
    if script:
        command += ["-s", script]
    before = cpu_seconds(pid)
    out = subprocess.run(command + [url], check=True, capture_output=True, text=True).stdout
    spent = cpu_seconds(pid) - before
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        sys.exit(f"{url}: {bad.group(1)} bad answers\n{out}")
    p99 = re.search(r"99%\s+(\S+)", out).group(1)
    rate = float(re.search(r"Requests/sec:\s+(\S+)", out).group(1))
    return spent / requests * 1e6, rate, p99


def configuration(folder, name, port, profile, components, algorithm, sample, access):
    secret_file = os.path.join(folder, "HS256.secret")
    seeds = "".join(
        f'[component.{c}]\nkind = "auth"\nphase = 1\nlegacy = "path"\nstage = "shadow"\n'
        f"sample_percent = {sample}\n" for c in components)
    key = f'kind = "secret"\nid = "main"\nfile = "{secret_file}"'
    if algorithm != "HS256":
        pem = os.path.join(folder, f"{algorithm}.pem")
        key = f'kind = "pem"\nid = "main"\nalgorithm = "{algorithm}"\nfile = "{pem}"'
    seeds_file = os.path.join(folder, f"{name}-flags.toml")
    open(seeds_file, "w").write(seeds)
    text = f"""
data_dir = "{folder}/{name}"
environment = "benchmark"
seeds = "{seeds_file}"
[listen]
data = "127.0.0.1:{port}"
control = "127.0.0.1:{port + 1}"
metrics = "off"
data_access = "{access}"
[access.tokens.bench]
scopes = ["admin"]
file = "{folder}/control"
[access.tokens.data]
scopes = ["decide", "evaluate"]
file = "{folder}/data"
[authority]
issuer = "netra-auth-service"
audiences = ["netra-platform"]
environment = "production"
[[authority.keys]]
{key}
[legacy.path]
kind = "profile"
profile = "{profile}"
audiences = ["netra-platform"]
[[legacy.path.keys]]
id = "main"
algorithm = "HS256"
file = "{secret_file}"
[log]
requests = "{folder}/{name}-requests.log"
"""
    file = os.path.join(folder, f"{name}.toml")
    open(file, "w").write(text)
    return file


LIVE = ({"stage": "canary", "share": 10000}, {"stage": "live"})
HALF = ({"stage": "canary", "share": 5000},)


def advance(port, changes):
    """Moves http-auth, in steps as people must."""
    url = f"http://127.0.0.1:{port + 1}/v1/flags/http-auth"
    headers = {"Authorization": f"Bearer {CONTROL}", "Content-Type": "application/json"}
    for change in changes:
        etag = urllib.request.urlopen(urllib.request.Request(url, headers=headers)).headers["ETag"]
        urllib.request.urlopen(urllib.request.Request(
            url, json.dumps(change).encode(), {**headers, "If-Match": etag}, method="PUT"))


def answer_of(url, body, api_token=None):
    headers = {"Content-Type": "application/json"}
    if api_token:
        headers["Authorization"] = f"Bearer {api_token}"
    return json.load(urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)))


def lets_in(url, body, api_token=None):
    """Ends the run unless the first question is answered with yes: a deny costs less."""
    answer = answer_of(url, body, api_token)
    if answer["decision"] != "allow":
        sys.exit(f"{url}: {answer}")


def lua(folder, name, bodies_file, components, api_token=None):
    """wrk asks with every token and every component in turn, with an API token if there is one."""
    header = f'wrk.headers["Authorization"] = "Bearer {api_token}"' if api_token else ""
    paths = os.path.join(folder, f"{name}-paths")
    open(paths, "w").write("\n".join(components))
    file = os.path.join(folder, f"{name}.lua")
    open(file, "w").write(f"""
local bodies, paths = {{}}, {{}}
for line in io.lines("{bodies_file}") do bodies[#bodies + 1] = line end
for line in io.lines("{paths}") do paths[#paths + 1] = line end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
{header}
local requests = {{}}
for i = 1, math.max(#bodies, #paths) do
  local path = paths[(i - 1) % #paths + 1]
  requests[i] = wrk.format(nil, path, nil, bodies[(i - 1) % #bodies + 1])
end
local n = 0
function request()
  n = n % #requests + 1
  return requests[n]
end
""")
    return file


def main():
    folder = tempfile.mkdtemp(prefix="crossfade-load-")
    for file, content in ((os.path.join(folder, "control"), CONTROL.encode()),
                          (os.path.join(folder, "data"), DATA.encode())):
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        os.write(descriptor, content)
        os.close(descriptor)
    subprocess.run(["target/release/examples/anchors", "mint", folder, str(TOKENS)], check=True)

    def bodies(algorithm):
        return os.path.join(folder, f"{algorithm}.bodies")

    targets = []

    def start(command, health):
        errors = open(os.path.join(folder, "stderr.log"), "a")
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        SERVERS.append(process)
        wait(health)
        return process.pid

    anchors = start(["target/release/examples/anchors", "127.0.0.1:19600", folder],
                    "http://127.0.0.1:19600/hello")
    targets.append(("bare hello", anchors, "http://127.0.0.1:19600/hello", None))
    def first(algorithm):
        with open(bodies(algorithm)) as lines:
            return next(lines)

    for algorithm in ("HS256", *ALGORITHMS):
        lets_in(f"http://127.0.0.1:19600/verify/{algorithm}", first(algorithm))
        targets.append((f"bare JSON + {algorithm}", anchors, "http://127.0.0.1:19600",
                        lua(folder, f"bare-{algorithm}", bodies(algorithm),
                            [f"/verify/{algorithm}"])))

    def service(label, name, port, profile, count, sample, access="open", algorithm="HS256",
                stage="shadow"):
        components = ["http-auth"] + [f"http-auth-{n:04}" for n in range(1, count)]
        file = configuration(folder, name, port, profile, components, algorithm, sample,
                             access)
        pid = start(["target/release/crossfade", "serve", "-c", file],
                    f"http://127.0.0.1:{port}/healthz")
        if stage == "live":
            advance(port, LIVE)
        lets_in(f"http://127.0.0.1:{port}/v1/decide/http-auth", first(algorithm),
                DATA if access == "token" else None)
        script = lua(folder, name, bodies(algorithm), [f"/v1/decide/{c}" for c in components],
                     DATA if access == "token" else None)
        targets.append((label, pid, f"http://127.0.0.1:{port}", script))

    subjects = os.path.join(folder, "subjects")
    with open(subjects, "w") as lines:
        for number in range(TOKENS):
            context = {"context": {"targetingKey": f"user-{number:06}"}}
            lines.write(json.dumps(context, separators=(",", ":")) + "\n")
    targets.append(("bare JSON, OFREP", anchors, "http://127.0.0.1:19600",
                    lua(folder, "bare-ofrep", subjects, ["/evaluate"])))

    def evaluating(label, name, port, count=1, access="open", path="/http-auth"):
        """Evaluations by OFREP of a component at half, alone or among others."""
        components = ["http-auth"] + [f"http-auth-{n:04}" for n in range(1, count)]
        file = configuration(folder, name, port, "pyjwt-2", components, "HS256", 0, access)
        pid = start(["target/release/crossfade", "serve", "-c", file],
                    f"http://127.0.0.1:{port}/healthz")
        advance(port, HALF)
        token = DATA if access == "token" else None
        url = f"http://127.0.0.1:{port}"
        with open(subjects) as lines:
            answer = answer_of(f"{url}/ofrep/v1/evaluate/flags/http-auth", next(lines), token)
        if answer["reason"] != "SPLIT":
            sys.exit(f"{label}: {answer}")
        script = lua(folder, name, subjects, [f"/ofrep/v1/evaluate/flags{path}"], token)
        targets.append((label, pid, url, script))

    evaluating("ofrep, one component", "ofrep", 19710)
    evaluating("ofrep, one component, API token", "ofrep-token", 19720, access="token")
    evaluating("ofrep, one component of 1,000", "ofrep-thousand", 19730, count=1000)
    evaluating("ofrep, all 7 components in one answer", "ofrep-all", 19740, count=7, path="")

    service("decide, shadow every request, two verifies", "plain", 19610, "pyjwt-2", 1, 100)
    service("decide, same, core-validate with its cache", "cached", 19620, "core-validate", 1, 100)
    service("decide, no shadow", "alone", 19630, "pyjwt-2", 1, 0)
    service("decide, no shadow, API token", "token", 19660, "pyjwt-2", 1, 0, "token")
    for number, algorithm in enumerate(("HS256", *ALGORITHMS)):
        service(f"decide, authority serves, {algorithm}", f"serves-{algorithm}",
                19670 + 10 * number, "pyjwt-2", 1, 0, algorithm=algorithm, stage="live")
    service("decide, 100 components", "hundred", 19640, "pyjwt-2", 100, 100)
    service("decide, 1,000 components", "thousand", 19650, "pyjwt-2", 1000, 100)

    if ONLY:
        targets = [each for each in targets if each[0].startswith(BARE) or ONLY in each[0]]
    for label, pid, url, script in targets:
        load(pid, url, script)  # warm-up, not counted
    figures = {label: [] for label, *_ in targets}
    for number in range(ROUNDS):
        for label, pid, url, script in random.sample(targets, len(targets)):
            cpu, rate, p99 = load(pid, url, script)
            figures[label].append((cpu, rate, p99))
            print(f"round {number + 1}  {label:45} {cpu:7.2f} us/req  {rate:9.0f} req/s  p99 {p99}",
                  flush=True)
    for what, of in (("median", statistics.median), ("minimum", min)):
        cpu = {label: of([row[0] for row in rows]) for label, rows in figures.items()}
        hello = cpu["bare hello"]

        def bare(label):
            """The bare endpoint with the same algorithm, or the same body."""
            if "ofrep" in label.lower():
                return cpu["bare JSON, OFREP"]
            named = [name for name in ALGORITHMS if label.endswith(name)]
            return cpu[f"bare JSON + {named[0] if named else 'HS256'}"]

        plain = cpu.get("decide, shadow every request, two verifies", math.nan)
        head = f"{what} of {ROUNDS} rounds"
        print(f"\n{head:45} {'CPU us/req':>10} {'/ hello':>8} {'/ bare':>8} {'/ decide':>9}")
        for label, value in cpu.items():
            print(f"{label:45} {value:10.2f} {value / hello:8.2f} {value / bare(label):8.2f} {value / plain:9.3f}")
    print()

    for name, port in (("plain", 19610), ("cached", 19620), ("thousand", 19650)):
        request = urllib.request.Request(f"http://127.0.0.1:{port + 1}/v1/report",
                                         headers={"Authorization": f"Bearer {CONTROL}"})
        report = json.load(urllib.request.urlopen(request))
        total = {}
        for component in report["components"]:
            for code, count in component["total"]["counts"].items():
                total[code] = total.get(code, 0) + count
        lines = sum(1 for _ in open(os.path.join(folder, f"{name}-requests.log"), "rb"))
        print(f"{name}: {total}, {lines} lines in the request log")


try:
    main()
finally:
    for process in SERVERS:
        process.terminate()
    for process in SERVERS:
        process.wait()
