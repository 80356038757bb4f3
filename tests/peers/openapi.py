"""Schemathesis asks both listeners what their OpenAPI document promises."""

import os
import pathlib
import subprocess
import sys

from registry import expect, test

# 503 is a documented answer of the data routes, so that "no server error" is not asked of them;
# 500 is not documented, and an undocumented status fails.
CHECKS = (
    "status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)

EXAMPLES = 100

# The control listener has a hundred operations, each of which is asked so often.
EXAMPLES_OF_CONTROL = 50

# Tags of what only the data listener answers.
OF_DATA = {"data", "oauth", "compatible", "ofrep", "sockets"}


# Whoever tries every route presses the red button, too: these tests have a service of their own.
def service(world):
    if not hasattr(world, "explored"):
        world.explored = world.start_service("crossfade-explored")
    return world.explored


def run(world, address, name, parameters, *arguments, checks=CHECKS, examples=EXAMPLES):
    config = world.write(f"schemathesis-{name}.toml", parameters)
    program = pathlib.Path(sys.prefix) / "bin" / "schemathesis"
    command = [
        str(program),
        "--config-file",
        str(config),
        "run",
        f"http://{address[0]}:{address[1]}/openapi.json",
        "--max-examples",
        str(examples),
        "--seed",
        "1",
        "--checks",
        checks,
        "--phases",
        "examples,coverage,fuzzing",
        "--no-color",
        *arguments,
    ]
    ran = subprocess.run(command, capture_output=True, timeout=600, cwd=world.folder)
    if os.environ.get("PEERS_VERBOSE"):
        print(ran.stdout.decode())
    assert ran.returncode == 0, ran.stdout.decode()[-8000:] + ran.stderr.decode()[-2000:]


KNOWN = '[parameters]\n"path.component" = "http-auth"\n'


@test("openapi-documents", "the data and the control listener show the same OpenAPI document")
def documents(world):
    from world import ask

    data, control = (ask(address, "GET", "/openapi.json") for address in (world.data, world.control))
    expect((data.status, control.status), (200, 200), "status")
    expect(data.body, control.body, "the documents")


@test("openapi-data", "the data listener answers as its OpenAPI document says, whatever is sent")
def data(world):
    address, _, _ = service(world)
    arguments = ["--include-tag", "data"]
    run(world, address, "data", "", *arguments)
    run(world, address, "data-known", KNOWN, *arguments)


@test("openapi-ofrep", "evaluations are answered as the OpenAPI document says, whatever is sent")
def ofrep(world):
    address, _, _ = service(world)
    # A stream does not end by itself.
    arguments = ["--include-tag", "ofrep", "--exclude-path", "/ofrep/v1/events"]
    checks = CHECKS + ",not_a_server_error"
    run(world, address, "ofrep", "", *arguments, checks=checks)
    known = '[parameters]\n"path.key" = "http-auth"\n'
    run(world, address, "ofrep-known", known, *arguments, checks=checks)


@test("openapi-sockets", "tickets and events are answered as the OpenAPI document says, whatever is sent")
def sockets(world):
    address, _, _ = service(world)
    # A handshake is no request that can be made up.
    arguments = ["--include-tag", "sockets", "--exclude-path", "/ws"]
    run(world, address, "sockets", "", *arguments)


@test("openapi-control", "the control listener answers as its OpenAPI document says, whatever is sent")
def control(world):
    from world import CONTROL_TOKEN

    _, address, _ = service(world)
    arguments = ["-H", f"Authorization: Bearer {CONTROL_TOKEN}", "--exclude-tag", "data"]
    for tag in ["oauth", "compatible", "ofrep", "metrics", "sockets"]:
        arguments += ["--exclude-tag", tag]
    # A stream does not end by itself.
    arguments += ["--exclude-path", "/v1/events"]
    checks = CHECKS + ",not_a_server_error,ignored_auth"
    given = {"checks": checks, "examples": EXAMPLES_OF_CONTROL}
    run(world, address, "control", "", *arguments, **given)
    run(world, address, "control-known", KNOWN, *arguments, **given)


@test("openapi-stranger", "without an API token every control route answers 401")
def stranger(world):
    from world import ask

    document = ask(world.control, "GET", "/openapi.json").json()
    asked = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not operation.get("security") or OF_DATA & {*operation["tags"]}:
                continue
            target = path.replace("{component}", "http-auth").replace("{name}", "x").replace("{id}", "x")
            for headers in [[], [("Authorization", "Bearer 0123456789abcdef0123")]]:
                answer = ask(world.control, method.upper(), target, headers)
                expect(answer.status, 401, f"{method} {target}")
                asked += 1
    assert asked >= 40, f"only {asked} requests"
