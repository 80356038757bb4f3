"""The official OpenFeature providers evaluate through OFREP, and every answer fits its document."""

import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time

from registry import expect, test

NODE_PATIENCE_S = 60
KEYS = ["http-auth", "socket-auth", "path-auth"]
ALL = "/ofrep/v1/evaluate/flags"

TOKENS = """
[access.tokens.evaluator]
scopes = ["evaluate"]
file = "evaluator.token"

[access.tokens.decider]
scopes = ["decide"]
file = "decider.token"
"""
EVALUATOR = "token-of-a-service-that-evaluates-in-the-peers"
DECIDER = "token-of-a-service-that-asks-about-tokens-in-the-peers"


class Site:
    """A service of its own, whose flags these tests move."""

    def __init__(self, world, name, sections="", changes=()):
        started = world.start_service(name, sections, changes=changes)
        self.world, (self.data, self.control, self.metrics) = world, started
        self.url = f"http://{self.data[0]}:{self.data[1]}"

    def move(self, component, **change):
        from world import CONTROL_TOKEN, ask

        path = f"/v1/flags/{component}"
        headers = [("Authorization", f"Bearer {CONTROL_TOKEN}"), ("Content-Type", "application/json")]
        etag = ask(self.control, "GET", path, headers).headers["etag"]
        body = json.dumps(change).encode()
        answer = ask(self.control, "PUT", path, [*headers, ("If-Match", etag)], body)
        assert answer.status == 200, answer.body

    def post(self, path, context, headers=()):
        from world import ask

        headers = [("Content-Type", "application/json"), *headers]
        return ask(self.data, "POST", path, headers, json.dumps({"context": context}).encode())

    def told(self, key, subject="alice"):
        """What the service itself says; its form is checked."""
        answer = self.post(f"{ALL}/{key}", {"targetingKey": subject})
        expect(answer.status, 200, "status")
        is_evaluation(answer.json())
        return answer.json()


def site(world):
    if not hasattr(world, "ofrep_site"):
        world.ofrep_site = Site(world, "crossfade-ofrep")
        world.ofrep_site.move("http-auth", stage="canary", share=5000)
    return world.ofrep_site


def guarded(world):
    if not hasattr(world, "ofrep_guarded"):
        world.write("evaluator.token", EVALUATOR)
        world.write("decider.token", DECIDER)
        listens = 'metrics = "127.0.0.1:0"'
        changes = [(listens, f'{listens}\ndata_access = "token"')]
        world.ofrep_guarded = Site(world, "crossfade-ofrep-guarded", TOKENS, changes)
    return world.ofrep_guarded


def paced(world):
    if not hasattr(world, "ofrep_paced"):
        changes = [("[access]\n", "[access]\ndata_per_second = 2\n")]
        world.ofrep_paced = Site(world, "crossfade-ofrep-paced", "", changes)
    return world.ofrep_paced


def bearer(token):
    return [["Authorization", f"Bearer {token}"]]


# The schemas of OFREP 0.3, as far as they say something about answers of this service.


def is_metadata(metadata):
    assert isinstance(metadata, dict), metadata
    for name, value in metadata.items():
        assert isinstance(value, (bool, str, int, float)), (name, value)


def is_evaluation(answer):
    """evaluationSuccess with a booleanFlag."""
    expect(set(answer), {"key", "value", "reason", "variant", "metadata"}, "members")
    assert isinstance(answer["key"], str) and isinstance(answer["value"], bool), answer
    reasons = {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"}
    assert answer["reason"] in reasons and isinstance(answer["variant"], str), answer
    is_metadata(answer["metadata"])


def is_failure(answer, codes):
    """evaluationFailure, flagNotFound, bulkEvaluationFailure or generalErrorResponse."""
    assert set(answer) <= {"key", "errorCode", "errorDetails"}, answer
    assert answer["errorCode"] in codes and isinstance(answer["errorDetails"], str), answer


def is_bulk(answer):
    """bulkEvaluationSuccess."""
    expect(set(answer), {"flags", "eventStreams", "metadata"}, "members")
    for flag in answer["flags"]:
        is_evaluation(flag)
    for stream in answer["eventStreams"]:
        expect(stream["type"], "sse", "type")
        assert ("url" in stream) != ("endpoint" in stream), stream
        assert stream["endpoint"]["requestUri"].startswith("/"), stream
    is_metadata(answer["metadata"])


@test("ofrep-document", "every status of the OFREP document comes in the form that it gives it")
def document(world):
    here, there, slow = site(world), guarded(world), paced(world)
    alice = {"targetingKey": "alice"}
    for key in KEYS:
        here.told(key)
    bulk = here.post(ALL, alice)
    expect((bulk.status, bulk.headers["content-type"]), (200, "application/json"), "bulk")
    is_bulk(bulk.json())
    same = here.post(ALL, alice, [("If-None-Match", bulk.headers["etag"])])
    expect((same.status, same.body), (304, b""), "the same once more")
    for context, code in [
        ({}, "TARGETING_KEY_MISSING"),
        ({"targetingKey": 7}, "INVALID_CONTEXT"),
        (None, "INVALID_CONTEXT"),
    ]:
        for path in (ALL, f"{ALL}/http-auth"):
            answer = here.post(path, context)
            expect(answer.status, 400, f"{context} to {path}")
            is_failure(answer.json(), {code})
            expect("key" in answer.json(), path != ALL, "the key is told where there is one")
    answer = here.post(f"{ALL}/nobody", alice)
    expect((answer.status, answer.json()["key"]), (404, "nobody"), "an unknown flag")
    is_failure(answer.json(), {"FLAG_NOT_FOUND"})
    for headers, status in [((), 401), ([("X-API-Key", DECIDER)], 403), ([("X-API-Key", EVALUATOR)], 200)]:
        for path in (ALL, f"{ALL}/http-auth"):
            answer = there.post(path, alice, headers)
            expect(answer.status, status, f"{headers} to {path}")
            if status != 200:
                is_failure(answer.json(), {"GENERAL"})
    answers = [slow.post(ALL, alice) for _ in range(20)]
    refused = [answer for answer in answers if answer.status != 200]
    assert refused, "nobody was too fast"
    for answer in refused:
        expect(answer.status, 429, "too fast")
        assert int(answer.headers["retry-after"]) >= 1, answer.headers
        is_failure(answer.json(), {"GENERAL"})


def python_client(site, name, headers=()):
    from openfeature import api
    from openfeature.contrib.provider.ofrep import OFREPProvider

    factory = (lambda: dict(headers)) if headers else None
    api.set_provider(OFREPProvider(site.url, headers_factory=factory), domain=name)
    return api.get_client(domain=name)


def context_of(subject=None, **attributes):
    from openfeature.evaluation_context import EvaluationContext

    return EvaluationContext(subject, attributes)


@test("ofrep-python", "the Python provider gets value, variant, reason and metadata of each stage")
def python_evaluates(world):
    here = site(world)
    client = python_client(here, "peers")
    sides = set()
    for number in range(40):
        subject = f"user-{number}"
        details = client.get_boolean_details("http-auth", False, context_of(subject, plan="pro"))
        told = here.told("http-auth", subject)
        expect(details.error_code, None, f"error of {subject}")
        found = (details.value, details.variant, str(details.reason), dict(details.flag_metadata))
        expect(found, (told["value"], told["variant"], "SPLIT", told["metadata"]), subject)
        sides.add(details.variant)
    expect(sides, {"legacy", "ssot"}, "sides at half")
    details = client.get_boolean_details("path-auth", True, context_of("alice"))
    expect((details.value, str(details.reason)), (False, "STATIC"), "a shadow, default true")


@test("ofrep-python-errors", "the Python provider tells each refusal from the others")
def python_errors(world):
    from openfeature.exception import ErrorCode

    here, there = site(world), guarded(world)
    client = python_client(here, "peers-errors")
    for flag, context, code in [
        ("nobody", context_of("alice"), ErrorCode.FLAG_NOT_FOUND),
        ("http-auth", context_of(), ErrorCode.TARGETING_KEY_MISSING),
        ("http-auth", context_of("alice", tenant=7), ErrorCode.INVALID_CONTEXT),
    ]:
        details = client.get_boolean_details(flag, True, context)
        expect((details.value, details.error_code), (True, code), f"{flag} {context}")
    details = client.get_string_details("http-auth", "fallback", context_of("alice"))
    expect((details.value, details.error_code), ("fallback", ErrorCode.TYPE_MISMATCH), "a string")
    for headers, said in [([], "unauthorized"), (bearer(DECIDER), "forbidden")]:
        client = python_client(there, f"peers-{said}", headers)
        details = client.get_boolean_details("http-auth", True, context_of("alice"))
        expect((details.value, details.error_message), (True, said), said)
    client = python_client(there, "peers-let-in", bearer(EVALUATOR))
    details = client.get_boolean_details("http-auth", True, context_of("alice"))
    expect((details.error_code, details.variant), (None, "legacy"), "with the right token")


@test("ofrep-python-pace", "the Python provider waits as long as it is told to")
def python_waits(world):
    client = python_client(paced(world), "peers-paced")
    said = []
    for _ in range(20):
        details = client.get_boolean_details("http-auth", True, context_of("alice"))
        said.append(details.error_message)
    assert any("retry after: 1" in (each or "") for each in said), said
    assert "paused" in said[-1], said


def node(world, site, questions, headers=()):
    """The details that the Node provider gives for each question."""
    script = str(pathlib.Path(os.environ["PEERS_OFREP"]) / "server.mjs")
    asked = {"baseUrl": site.url, "headers": list(headers), "questions": questions}
    ran = subprocess.run(
        [shutil.which("node"), script], input=json.dumps(asked), capture_output=True, text=True,
        timeout=NODE_PATIENCE_S,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


@test("ofrep-node", "the Node provider gets the same for the same subjects")
def node_evaluates(world):
    here = site(world)
    subjects = [f"user-{number}" for number in range(40)]
    ask = [{"flag": "http-auth", "context": {"targetingKey": subject}} for subject in subjects]
    for subject, details in zip(subjects, node(world, here, ask), strict=True):
        told = here.told("http-auth", subject)
        found = {name: details[name] for name in ("value", "variant", "reason", "flagMetadata")}
        wanted = {name: told[name] for name in ("value", "variant", "reason")}
        expect(found, {**wanted, "flagMetadata": told["metadata"]}, subject)


@test("ofrep-node-errors", "the Node provider tells each refusal from the others")
def node_errors(world):
    alice = {"targetingKey": "alice"}
    questions = [
        {"flag": "nobody", "context": alice},
        {"flag": "http-auth", "context": {}},
        {"flag": "http-auth", "context": {**alice, "scopes": 7}},
        {"flag": "http-auth", "context": alice, "kind": "string"},
    ]
    codes = [details.get("errorCode") for details in node(world, site(world), questions)]
    wanted = ["FLAG_NOT_FOUND", "TARGETING_KEY_MISSING", "INVALID_CONTEXT", "TYPE_MISMATCH"]
    expect(codes, wanted, "codes")
    there, one = guarded(world), [{"flag": "http-auth", "context": alice}]
    for headers, code in [((), "GENERAL"), (bearer(DECIDER), "GENERAL"), (bearer(EVALUATOR), None)]:
        [details] = node(world, there, one, headers)
        expect((details["value"], details.get("errorCode")), (False, code), f"{headers}")


class Web:
    """The web provider in Node, and what it tells."""

    def __init__(self, world, site, subject, detection):
        script = str(pathlib.Path(os.environ["PEERS_OFREP"]) / "web.mjs")
        command = [shutil.which("node"), script, site.url, subject, detection]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        world.processes.append(self.process)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def until(self, wanted):
        """The next line for which `wanted` holds; those before it are passed over."""
        deadline, passed = time.monotonic() + NODE_PATIENCE_S, []
        while True:
            try:
                line = self.lines.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the provider did not tell it, but {passed}") from None
            if wanted(line):
                return line
            passed.append(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=NODE_PATIENCE_S)


def follows(world, detection):
    """The web provider is ready, fetches nothing twice, and learns of a change and its undoing."""
    here = site(world)
    web = Web(world, here, "carol", detection)
    try:
        flags = web.until(lambda line: "ready" in line)["flags"]
        for key in KEYS:
            told = here.told(key, "carol")
            found = {name: flags[key][name] for name in ("value", "variant", "reason")}
            expect(found, {name: told[name] for name in found}, key)
        # Fetched again without a change: the answer is the one it has.
        web.until(lambda line: line.get("status") == 304)
        for stage, reason in [("off", "DISABLED"), ("shadow", "STATIC")]:
            here.move("path-auth", stage=stage)
            changed = web.until(lambda line: "path-auth" in line.get("changed", ()))
            expect(changed["flags"]["path-auth"]["reason"], reason, f"after {stage}")
    finally:
        web.close()


@test("ofrep-web-polling", "the web provider polls, is told 304 until something changes")
def web_polls(world):
    follows(world, "polling")


@test("ofrep-web-stream", "the web provider follows the stream of events, without polling")
def web_follows(world):
    follows(world, "sse")
