"""The authority as an OAuth 2.0 server, used by Authlib as any client would."""

import json
import os
import urllib.request

from registry import expect, test

SECRET = "the-secret-of-the-peers-own-client-4711"

SECTIONS = f"""
[doors]
component = "http-auth"

[[authority.keys]]
kind = "pem"
id = "own"
algorithm = "ES256"
file = "own.pem"

[authority.clients.peers]
file = "client.secret"
grants = ["client_credentials", "refresh_token", "issue", "introspect", "revoke"]
scopes = ["read", "write"]
"""


class Server:
    """A service of its own, with a signing key and a client, whose tokens SSOT makes."""

    def __init__(self, world):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
        own = ec.generate_private_key(ec.SECP256R1())
        form = serialization.PrivateFormat.PKCS8
        plain = serialization.NoEncryption()
        world.write("own.pem", own.private_bytes(serialization.Encoding.PEM, form, plain))
        world.write("client.secret", SECRET)
        self.world = world
        self.data, self.control, _ = world.start_service("oauth", SECTIONS, signing_key="own")
        self.url = f"http://{self.data[0]}:{self.data[1]}"
        for component in ["http-auth", "token-operations"]:
            self.on_ssot(component)
        with urllib.request.urlopen(f"{self.url}/.well-known/oauth-authorization-server") as told:
            self.metadata = json.load(told)

    def on_ssot(self, component):
        steps = [{"stage": "shadow"}, {"stage": "canary", "share": 10_000}, {"stage": "live"}]
        for step in steps:
            flag = self.control_ask("GET", f"/v1/flags/{component}")
            headers = [("If-Match", flag.headers["etag"])]
            answer = self.control_ask("PUT", f"/v1/flags/{component}", step | {"note": "peers"}, headers)
            moved = answer.status == 200 or flag.json()["stage"] == step["stage"]
            expect(moved, True, f"{component} to {step}: {answer.body.decode()}")

    def control_ask(self, method, path, body=None, headers=()):
        before, self.world.control = self.world.control, self.control
        try:
            return self.world.control_ask(method, path, body, headers)
        finally:
            self.world.control = before

    def client(self):
        from authlib.integrations.requests_client import OAuth2Session

        endpoint = self.metadata["token_endpoint"]
        return OAuth2Session("peers", SECRET, token_endpoint=endpoint, scope="read")

    def issue(self):
        import requests

        wish = {"subject": "alice", "permissions": ["read", "write"], "email": "alice@example.com"}
        made = requests.post(f"{self.url}/v1/issue", json=wish, auth=("peers", SECRET), timeout=10)
        expect(made.status_code, 200, f"issue: {made.text}")
        return made.json()


SERVER = []


def server(world):
    if not SERVER:
        SERVER.append(Server(world))
    return SERVER[0]


@test("authlib-client-credentials", "Authlib gets a token for itself, and its public key verifies it")
def client_credentials(world):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    peer = server(world)
    token = peer.client().fetch_token(grant_type="client_credentials")
    expect((token["token_type"], token["scope"]), ("Bearer", "read"), "token")
    with urllib.request.urlopen(peer.metadata["jwks_uri"]) as told:
        keys = KeySet.import_key_set(json.load(told))
    decoded = jwt.decode(token["access_token"], keys, algorithms=["ES256"])
    expect(decoded.claims["client_id"], "peers", "client_id")
    expect(decoded.claims["token_type"], "service", "token_type")
    expect(decoded.claims["iss"], peer.metadata["issuer"], "iss")


@test("authlib-refresh", "Authlib renews a session; a used refresh token ends it")
def refresh(world):
    from authlib.integrations.base_client import OAuthError

    peer = server(world)
    first = peer.issue()
    second = peer.client().refresh_token(refresh_token=first["refresh_token"])
    expect(second["refresh_token"] != first["refresh_token"], True, "another refresh token")
    third = peer.client().refresh_token(refresh_token=second["refresh_token"])
    for used in [first, third]:
        try:
            peer.client().refresh_token(refresh_token=used["refresh_token"])
        except OAuthError as error:
            expect(error.error, "invalid_grant", "error")
        else:
            raise AssertionError("a used refresh token, or one of an ended session, works")


@test("authlib-introspection", "Authlib introspects a token, revokes its session, and sees it end")
def introspection(world):
    peer = server(world)
    made = peer.issue()
    client = peer.client()

    def active():
        url = peer.metadata["introspection_endpoint"]
        return client.introspect_token(url, token=made["access_token"]).json()

    told = active()
    expect((told["active"], told["sub"], told["scope"]), (True, "alice", "read write"), f"{told}")
    url = peer.metadata["revocation_endpoint"]
    done = client.revoke_token(url, token=made["refresh_token"], token_type_hint="refresh_token")
    expect(done.status_code, 200, done.text)
    expect(active(), {"active": False}, "after the revocation")


@test("authlib-errors", "Authlib understands the refusals")
def errors(world):
    from authlib.integrations.base_client import OAuthError
    from authlib.integrations.requests_client import OAuth2Session

    peer = server(world)
    wrong = OAuth2Session("peers", "another", token_endpoint=peer.metadata["token_endpoint"])
    for client, changes, error in [
        (wrong, {}, "invalid_client"),
        (peer.client(), {"scope": "everything"}, "invalid_scope"),
    ]:
        try:
            client.fetch_token(grant_type="client_credentials", **changes)
        except OAuthError as refused:
            expect(refused.error, error, "error")
        else:
            raise AssertionError(f"no {error}")
