"""A report's figures against those that a script of its own gets from the raw comparisons."""

import json
import random
import re
import subprocess
import sys
import time

from registry import expect, test

NAME = "recompute"
SECTIONS = f"""
[ledger]
comparisons = "{NAME}.jsonl"
"""
QUESTIONS = 400


@test("recompute-report", "a script that shares no code gets the report's figures from the raw comparisons, exactly")
def report(world):
    from world import ROOT

    data, control, metrics = world.start_service(NAME, SECTIONS)
    asked = drive(world, data)
    settle(world, metrics, asked)
    file = world.folder / f"{NAME}.jsonl"
    check_secrets(file)
    script = str(ROOT / "tests" / "peers" / "recompute.py")
    for path in ["/v1/report", "/v1/reports/now?period=1h&format=json"]:
        answer = tell(control, path)
        expect(answer.status, 200, path)
        parts = answer.json()["components"]
        counted = sum(part["total"]["requests"] if "total" in part else part["requests"] for part in parts)
        expect(counted, sum(asked.values()), f"questions in {path}")
        told = world.write(f"{NAME}-report.json", answer.body)
        run = subprocess.run(
            [sys.executable, script, str(told), str(file)], capture_output=True, timeout=60, text=True
        )
        assert run.returncode == 0, f"{path}: {run.stdout}{run.stderr}"
        assert re.match(r"[1-9]\d+ figures of [1-9]", run.stdout), run.stdout
        check_that_it_can_fail(world, script, answer.json(), file)


def tell(control, path):
    from world import CONTROL_TOKEN, ask

    headers = [("Authorization", f"Bearer {CONTROL_TOKEN}"), ("Accept", "application/json")]
    return ask(control, "GET", path, headers)


def drive(world, data):
    """Mixed questions to every component that is asked: who agrees, who differs, who fails."""
    from world import ask

    dice = random.Random(8)
    kinds = [
        lambda: world.token(),
        lambda: world.token(sub=f"user-{dice.randrange(40)}"),
        lambda: world.token("rs"),
        lambda: world.token("es"),
        lambda: world.token(exp=int(time.time()) - 90),
        lambda: world.token(exp=int(time.time()) + 1),
        lambda: world.token(aud="elsewhere"),
        lambda: world.token(iss="somebody"),
        lambda: world.token()[:-6] + "abcdef",
        lambda: "nonsense",
        lambda: "down",
        lambda: "a.b.c",
    ]
    asked = {}
    for _ in range(QUESTIONS):
        component = dice.choice(["http-auth", "http-auth", "socket-auth", "frontend-session", "path-auth"])
        headers = [("Authorization", f"Bearer {dice.choice(kinds)()}")]
        answer = ask(data, "GET", f"/v1/forward-auth/{component}", headers)
        expect(answer.status in (200, 401, 403, 503), True, f"{component}: {answer.status}")
        asked[component] = asked.get(component, 0) + 1
    return asked


def settle(world, metrics, asked):
    """Waits until every question is compared and written out."""
    wanted, text, deadline = sum(asked.values()), "", time.monotonic() + 30
    while time.monotonic() < deadline:
        text = tell(metrics, "/metrics").body.decode()
        lines = re.search(r"^crossfade_comparisons_lines_total (\d+)$", text, re.M)
        in_file = (world.folder / f"{NAME}.jsonl").read_bytes().count(b"\n")
        if lines and int(lines[1]) == in_file == wanted:
            expect("crossfade_comparisons_dropped_total 0\n" in text, True, "nothing is dropped")
            return
        time.sleep(0.1)
    raise AssertionError(f"{wanted} questions were asked, {in_file} comparisons are written")


def check_secrets(file):
    text = file.read_text()
    for secret in ["alice", "user-", "eyJ", "nonsense"]:
        assert secret not in text, f"{secret!r} stands among the comparisons"
    verdicts = {json.loads(line)["verdict"] for line in text.splitlines()}
    assert {"match", "mismatch", "inconclusive"} <= verdicts, verdicts


def check_that_it_can_fail(world, script, told, file):
    """One more match than there was is noticed."""
    part = next(part for part in told["components"] if part["component"] == "http-auth")
    if "total" in part:
        part["total"]["counts"]["matched"] += 1
    else:
        part["matched"] += 1
    false = world.write(f"{NAME}-false.json", json.dumps(told))
    run = subprocess.run(
        [sys.executable, script, str(false), str(file)], capture_output=True, timeout=60, text=True
    )
    expect(run.returncode, 1, "the exit code for a false report")
    assert "DIFFERS  http-auth" in run.stdout, run.stdout
