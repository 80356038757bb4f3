"""nginx, Envoy and Caddy in front of an upstream, configured as docs/operations.md says."""

import shutil
import sys
import pathlib

from registry import expect, test

# Addresses in the document's examples.
EXAMPLE = {"proxy": "127.0.0.1:8000", "data": "127.0.0.1:8080", "upstream": "127.0.0.1:3000"}

IDENTITY = ["x-auth-subject", "x-auth-scopes", "x-auth-token-type", "x-auth-expires", "x-auth-side"]


def nginx(world, name, snippet, address):
    folder = world.folder / name
    folder.mkdir()
    # Workers of a master that runs as root are somebody else: they need their folders, too.
    world.folder.chmod(0o755)
    folder.chmod(0o777)
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n"
        for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    )
    frame = (
        f"daemon off;\npid {folder}/pid;\nerror_log stderr warn;\nevents {{}}\n"
        f"http {{\n    access_log off;\n{temporary}{snippet}\n}}\n"
    )
    config = world.write(f"{name}.conf", frame)
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    world.spawn(name, [program, "-e", "stderr", "-c", str(config)], address)


def envoy(world, name, snippet, address):
    config = world.write(f"{name}.yaml", snippet)
    program = next(pathlib.Path(sys.prefix).glob("lib/*/site-packages/envoy/_bin/envoy"))
    command = [program, "-c", config, "--concurrency", "1", "--use-dynamic-base-id", "-l", "warn"]
    world.spawn(name, [str(part) for part in command], address)


def caddy(world, name, snippet, address):
    frame = "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n\tlog {\n\t\tlevel WARN\n\t}\n}\n"
    config = world.write(f"{name}.Caddyfile", frame + snippet)
    program = str(pathlib.Path(sys.prefix) / "bin" / "caddy")
    command = [program, "run", "--config", str(config), "--adapter", "caddyfile"]
    world.spawn(name, command, address)


PROXIES = {"nginx": nginx, "envoy": envoy, "caddy": caddy}


def through(world, peer, component="http-auth", there=True):
    """The address of a proxy in front of a component; `there`: whether the service is."""
    from world import document_block, free_port

    key = (peer, component, there)
    if key not in world.proxies:
        port = free_port()
        data = world.data[1] if there else free_port()
        places = {"proxy": port, "data": data, "upstream": world.upstream[1]}
        snippet = document_block("operations.md", peer)
        assert "http-auth" in snippet, f"the example of {peer} names no component"
        snippet = snippet.replace("http-auth", component)
        for place, example in EXAMPLE.items():
            host, example_port = example.split(":")
            snippet = snippet.replace(example, f"{host}:{places[place]}")
            # Envoy and YAML write host and port apart.
            snippet = snippet.replace(f"port_value: {example_port}", f"port_value: {places[place]}")
        address = ("127.0.0.1", port)
        PROXIES[peer](world, f"{peer}-{component}-{there}", snippet, address)
        world.proxies[key] = address
    return world.proxies[key]


def request(world, peer, token=None, headers=(), path="/orders?page=2", **where):
    from world import ask

    address = through(world, peer, **where)
    bearer = [("Authorization", f"Bearer {token}")] if token is not None else []
    return ask(address, "GET", path, [*bearer, *headers])


def identity(answer):
    """The identity headers that reached the upstream."""
    expect(answer.status, 200, "status")
    return [pair for pair in answer.json()["headers"] if pair[0].startswith("x-auth-")]


def passes(world, peer):
    answer = request(world, peer, world.token())
    told = dict(identity(answer))
    expect(answer.json()["path"], "/orders?page=2", "the path at the upstream")
    expect(told.get("x-auth-subject"), "alice", "X-Auth-Subject at the upstream")
    expect(told.get("x-auth-scopes"), "read write", "X-Auth-Scopes at the upstream")
    expect(told.get("x-auth-side"), "legacy", "X-Auth-Side at the upstream")
    assert told.get("x-auth-expires", "").isdigit(), f"X-Auth-Expires at the upstream: {told}"


def refuses(world, peer):
    nothing = request(world, peer)
    expect(nothing.status, 401, "status without a token")
    expect(nothing.headers.get("www-authenticate"), 'Bearer realm="crossfade"', "the challenge")
    for token in [world.token(exp=1), world.token()[:-3] + "AAA", "nonsense"]:
        answer = request(world, peer, token)
        expect(answer.status, 401, "status with a bad token")
        challenge = answer.headers.get("www-authenticate", "")
        assert 'error="invalid_token"' in challenge, f"the challenge is {challenge!r}"


def forbids(world, peer):
    answer = request(world, peer, world.token(), component="frontend-session")
    expect(answer.status, 403, "status")


def odd_paths(world, peer):
    # Whatever the client asks for, the same component decides, and by the token alone. Some
    # proxies refuse or tidy such paths themselves.
    for path in ["/", "//", "/%ff", "/a%2F..%2Fb", "/..%2ffrontend-session/x", "/../frontend-session/x"]:
        found = request(world, peer, world.token(), path=path).status
        assert found in (200, 400), f"{path} with a token: status {found}"
        found = request(world, peer, path=path).status
        assert found in (401, 400), f"{path} without a token: status {found}"
    expect(request(world, peer, world.token(), path="/").status, 200, "status of /")
    expect(request(world, peer, world.token(), path="/%ff").status, 200, "status of /%ff")


def undecided(world, peer):
    answer = request(world, peer, "down", component="socket-auth")
    expect(answer.status, 503, "status")
    expect(answer.headers.get("retry-after"), "1", "Retry-After")


def absent(world, peer):
    # Caddy says 502 for a connection that it does not get; the others can be told otherwise.
    wanted = 502 if peer == "caddy" else 503
    answer = request(world, peer, world.token(), there=False)
    expect(answer.status, wanted, "status")


def smuggles(world, peer):
    forged = [(name.title(), "mallory") for name in IDENTITY]
    told = identity(request(world, peer, world.token(), forged))
    assert ["x-auth-subject", "alice"] in told, f"the upstream was told {told}"
    assert all(value != "mallory" for _, value in told), f"the upstream was told {told}"
    # A grant without a name: nothing takes the place of the forged headers.
    told = identity(request(world, peer, "nameless", forged, component="socket-auth"))
    expect(told, [["x-auth-side", "legacy"]], "what the upstream was told")


def addresses(world, peer):
    forged = [
        (name, "/ws/mallory") for name in ["X-Original-URI", "X-Forwarded-Uri", "x_original_uri"]
    ]
    told = identity(request(world, peer, None, forged, path="/ws/alice", component="path-auth"))
    assert ["x-auth-subject", "alice"] in told, f"the upstream was told {told}"


def register(peer):
    title = {"nginx": "nginx", "envoy": "Envoy", "caddy": "Caddy"}[peer]
    gone = "502" if peer == "caddy" else "503"
    for name, sentence, body in [
        ("passes", "passes a valid token on with identity headers and the original path", passes),
        ("refuses", "answers 401 with the service's challenge to a bad token and to none", refuses),
        ("forbids", "answers 403 where a path refuses everybody", forbids),
        ("paths", "asks for the same component whatever path the client asks for", odd_paths),
        ("undecided", "answers 503 with Retry-After when neither side may decide", undecided),
        ("absent", f"answers {gone} and lets nobody in when the service is not there", absent),
        ("smuggles", "lets no client write an identity header of its own", smuggles),
        ("addresses", "lets no client claim another address than it asks for", addresses),
    ]:
        test(f"{peer}-{name}", f"{title} {sentence}")(lambda world, body=body: body(world, peer))


for each in PROXIES:
    register(each)
