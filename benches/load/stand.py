"""A service with many components, started to be measured, and a viewer who is signed in."""

import http.client
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.parse
import urllib.request

BINARY = os.environ.get("CROSSFADE_BIN", "target/release/crossfade")
DATA, CONTROL = 19760, 19761
SECRET = secrets.token_hex(32)
PASSWORD = secrets.token_hex(16)


def private(path, text):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def configuration(folder, components):
    """One authority, and beside it the model of one validator for all components."""
    private(f"{folder}/secret", SECRET)
    seeds = (f'[component.{name}]\nkind = "auth"\nphase = 1\nlegacy = "path"\nstage = "shadow"\n'
             for name in components)
    with open(f"{folder}/seeds.toml", "w") as file:
        file.write("".join(seeds))
    with open(f"{folder}/c.toml", "w") as file:
        file.write(f"""
data_dir = "data"
environment = "benchmark"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:{DATA}"
control = "127.0.0.1:{CONTROL}"
metrics = "off"
[access]
control_per_minute = 1000000
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


def wait():
    for _ in range(400):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{DATA}/healthz", timeout=1).read()
        except OSError:
            time.sleep(0.05)
    sys.exit("the service does not answer")


def sign_in(link):
    """Sets the operator up, as a browser does; the cookie of the session."""
    form = {"secret": link.split("#", 1)[1], "password": PASSWORD, "again": PASSWORD}
    control = http.client.HTTPConnection("127.0.0.1", CONTROL, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded",
               "Origin": f"http://127.0.0.1:{CONTROL}"}
    control.request("POST", "/setup", urllib.parse.urlencode(form), headers)
    answer = control.getresponse()
    answer.read()
    if answer.status != 303:
        sys.exit(f"nobody can sign in: {answer.status}")
    return answer.getheader("Set-Cookie").split(";", 1)[0]


class Service:
    """Runs while the block runs: `pid`, and the `cookie` of a viewer."""

    def __init__(self, folder, components):
        self.folder = folder
        configuration(folder, components)

    def __enter__(self):
        config = f"{self.folder}/c.toml"
        add = ["operators", "add", "bench", "--role", "viewer", "--json", "--config", config]
        made = subprocess.run([BINARY, *add], check=True, capture_output=True, text=True)
        log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen([BINARY, "serve", "-c", config], stdout=log, stderr=log)
        self.pid = self.process.pid
        try:
            wait()
            self.cookie = sign_in(json.loads(made.stdout)["url"])
        except BaseException:
            self.process.kill()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
