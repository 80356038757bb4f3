"""What the tests share: the service, an upstream, a legacy endpoint, proxies on demand."""

import http.client
import json
import os
import pathlib
import queue
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ROOT = pathlib.Path(__file__).resolve().parents[2]
ISSUER = "peers-issuer"
AUDIENCE = "netra-platform"
CONTROL_TOKEN = secrets.token_hex(16)

CONFIG = """
data_dir = "{name}-data"
environment = "development"
seeds = "seeds.toml"

[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "127.0.0.1:0"

# Whoever tries every route asks often.
[access]
control_per_minute = 1000000

[access.tokens.peers]
scopes = ["admin"]
file = "{folder}/control.token"

[authority]
issuer = "{issuer}"
audiences = ["{audience}"]

[[authority.keys]]
kind = "secret"
id = "hs"
file = "hs.secret"

[[authority.keys]]
kind = "pem"
id = "rs"
algorithm = "RS256"
file = "rs.pem"

[[authority.keys]]
kind = "pem"
id = "es"
algorithm = "ES256"
file = "es.pem"

[[authority.keys]]
kind = "pem"
id = "ed"
algorithm = "EdDSA"
file = "ed.pem"

[legacy.http-auth]
kind = "profile"
profile = "core-validate"
issuer = "{issuer}"

[[legacy.http-auth.keys]]
id = "hs"
algorithm = "HS256"
file = "hs.secret"

# Answers 200 without a name, or fails when the token says so.
[legacy.socket-auth]
kind = "http"
method = "POST"
url = "http://{legacy}/check"
headers = {{ authorization = "Bearer {{token}}" }}
allow = {{ status = [200] }}
deny = {{ status = [401] }}

# Refuses everybody.
[legacy.frontend-session]
kind = "profile"
profile = "payload-delegate"

# Believes the last segment of the original path.
[legacy.path-auth]
kind = "profile"
profile = "format-or-nothing"

[outbound]
allowed_hosts = ["127.0.0.1"]

[log]
requests = "{name}-requests.log"
"""


# One component more than the shipped table has.
SEED = """
[component.path-auth]
kind = "auth"
phase = 1
stage = "shadow"
"""


class Answer:
    """An HTTP answer: status, headers with names in lower case, body."""

    def __init__(self, response):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def ask(address, method, path, headers=(), body=None):
    """One request on a connection of its own; `headers` is a list of pairs."""
    connection = http.client.HTTPConnection(*address, timeout=20)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Upstream(Quiet):
    """Tells what reached it."""

    def do_GET(self):
        pairs = [[name.lower(), value] for name, value in self.headers.items()]
        self.answer(200, {"path": self.path, "headers": pairs})


class Legacy(Quiet):
    """Lets everybody in without a name; fails when the token is `down`."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        down = self.headers.get("Authorization") == "Bearer down"
        self.answer(503 if down else 200, {})


class World:
    """Starts what a test asks for, and ends all of it."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfade-peers-"))
        self.processes = []
        self.servers = []
        self.logs = []
        self.proxies = {}
        self.upstream = self.serve(Upstream)
        self.legacy = self.serve(Legacy)
        self.make_keys()
        try:
            self.data, self.control, self.metrics = self.start_service("crossfade")
        except BaseException:
            self.show_logs()
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for server in self.servers:
            server.shutdown()
        shutil.rmtree(self.folder, ignore_errors=True)

    def serve(self, handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)
        return server.server_address

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        path.chmod(0o600)
        return path

    def make_keys(self):
        """The service gets public keys only, except for the shared secret."""
        self.keys = {
            "hs": secrets.token_hex(32),
            "rs": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "es": ec.generate_private_key(ec.SECP256R1()),
            "ed": ed25519.Ed25519PrivateKey.generate(),
        }
        self.write("hs.secret", self.keys["hs"])
        self.write("control.token", CONTROL_TOKEN)
        for name in ["rs", "es", "ed"]:
            public = self.keys[name].public_key().public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            self.write(f"{name}.pem", public)

    def token(self, key="hs", headers=None, **changes):
        """A token signed by PyJWT; `name=None` leaves a claim out."""
        now = int(time.time())
        claims = {
            "sub": "alice",
            "iss": ISSUER,
            "aud": AUDIENCE,
            "iat": now - 5,
            "exp": now + 600,
            "jti": str(uuid.uuid4()),
            "token_type": "access",
            "permissions": ["read", "write"],
        }
        claims.update(changes)
        claims = {name: value for name, value in claims.items() if value is not None}
        algorithm = {"hs": "HS256", "rs": "RS256", "es": "ES256", "ed": "EdDSA"}[key]
        return jwt.encode(claims, self.keys[key], algorithm, headers=headers)

    def start_service(self, name, sections="", control_port=0, signing_key=None, changes=(), arguments=()):
        """Starts a service with a database of its own; its data, control and metrics address.

        `sections` is more configuration, `changes` are pairs of texts of which the second takes
        the first one's place, `arguments` are more of the command; with a port, browsers are told
        to come there."""
        config = CONFIG.format(
            name=name,
            folder=self.folder,
            issuer=ISSUER,
            audience=AUDIENCE,
            legacy=f"127.0.0.1:{self.legacy[1]}",
        )
        if control_port:
            address = f"127.0.0.1:{control_port}"
            listens = f'control = "{address}"\npublic_url = "http://{address}"'
            config = config.replace('control = "127.0.0.1:0"', listens)
        if signing_key:
            named = f'signing_key = "{signing_key}"'
            config = config.replace("[authority]\n", f"[authority]\n{named}\n")
        for old, new in changes:
            assert old in config, f"the configuration has no {old!r}"
            config = config.replace(old, new, 1)
        config += sections
        seeds = (ROOT / "flags" / "development.toml").read_text()
        self.write("seeds.toml", seeds + SEED)
        path = self.write(f"{name}.toml", config)
        command = [os.environ["CROSSFADE_BIN"], "serve", "--config", str(path), *arguments]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.processes.append(process)
        addresses = queue.Queue()
        log = self.folder / f"{name}.log"
        self.logs.append(log)
        threading.Thread(target=follow, args=(process, log, addresses), daemon=True).start()
        try:
            return addresses.get(timeout=30)
        except queue.Empty:
            raise AssertionError("the service does not listen") from None

    def control_ask(self, method, path, body=None, headers=()):
        """A request to the control listener with its token."""
        headers = [("Authorization", f"Bearer {CONTROL_TOKEN}"), *headers]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return ask(self.control, method, path, headers, body)

    def spawn(self, name, command, address, environment=None):
        """Starts a peer and waits until its address takes connections."""
        log = self.folder / f"{name}.log"
        self.logs.append(log)
        with open(log, "wb") as out:
            process = subprocess.Popen(
                command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "HOME": str(self.folder), **(environment or {})},
            )
        self.processes.append(process)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise AssertionError(f"{name} ended: {log.read_text(errors='replace')[-2000:]}")
            try:
                socket.create_connection(address, timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"{name} does not listen: {log.read_text(errors='replace')[-2000:]}")

    def show_logs(self, failed=()):
        """The ends of the logs of the service, and of the peers whose tests failed."""
        peers = ("crossfade", *(name.split("-")[0] for name in failed))
        for log in self.logs:
            if log.name.startswith(peers) and log.exists() and log.stat().st_size:
                print(f"---- end of {log.name}")
                print(log.read_text(errors="replace")[-1500:])


def follow(process, log, addresses):
    """Copies the service's log to a file, and tells its addresses once."""
    with open(log, "w") as out:
        for line in process.stderr:
            out.write(line)
            out.flush()
            if '"listening"' in line:
                told = json.loads(line)
                names = ("data.address", "control.address", "metrics.address")
                each = [told[name].rsplit(":", 1) for name in names]
                addresses.put(tuple((host, int(port)) for host, port in each))


def document_block(document, name):
    """The code block of a document that follows the comment `<!-- tested: NAME -->`."""
    text = (ROOT / "docs" / document).read_text()
    marker = f"<!-- tested: {name} -->"
    assert marker in text, f"docs/{document} has no block {name!r}"
    block = text.split(marker, 1)[1].split("```", 2)[1]
    return block.split("\n", 1)[1]
