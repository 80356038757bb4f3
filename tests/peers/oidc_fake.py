"""A provider that lies on demand: it asks nobody, and signs what the test says."""

import base64
import hashlib
import json
import secrets
import time
import urllib.parse

import jwt
from world import Quiet

KID = "fake"


class Lies:
    """What is wrong with the next ID token."""

    def __init__(self):
        self.claims = {}
        self.header = {}
        self.key = None
        self.algorithm = "RS256"
        self.iss = None
        self.token_answers = 0


def fake_provider(world, client_id):
    """Starts one; its address and what it lies about."""
    lies = Lies()
    codes = {}

    class Fake(Quiet):
        def base(self):
            return f"http://{self.headers['Host']}"

        def do_GET(self):
            parts = urllib.parse.urlsplit(self.path)
            if parts.path == "/.well-known/openid-configuration":
                base = self.base()
                self.answer(200, {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/auth",
                    "token_endpoint": f"{base}/token",
                    "jwks_uri": f"{base}/keys",
                    "code_challenge_methods_supported": ["S256"],
                })
            elif parts.path == "/keys":
                public = jwt.algorithms.RSAAlgorithm.to_jwk(world.keys["rs"].public_key(), as_dict=True)
                self.answer(200, {"keys": [{**public, "kid": KID, "use": "sig"}]})
            elif parts.path == "/auth":
                self.send_back(dict(urllib.parse.parse_qsl(parts.query)))
            else:
                self.answer(404, {})

        def send_back(self, asked):
            code = secrets.token_urlsafe(16)
            codes[code] = asked
            query = {"code": code, "state": asked["state"], "iss": lies.iss or self.base()}
            self.send_response(303)
            self.send_header("Location", f"{asked['redirect_uri']}?{urllib.parse.urlencode(query)}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = dict(urllib.parse.parse_qsl(body))
            asked = codes.pop(form.get("code"), None)
            hashed = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
            if asked is None or asked["code_challenge"] != challenge:
                return self.answer(400, {"error": "invalid_grant"})
            lies.token_answers += 1
            self.answer(200, {"token_type": "Bearer", "access_token": "-", "id_token": self.token(asked)})

        def token(self, asked):
            now = int(time.time())
            claims = {
                "iss": self.base(),
                "sub": "248289761001",
                "aud": client_id,
                "nonce": asked["nonce"],
                "iat": now,
                "auth_time": now,
                "exp": now + 300,
                "preferred_username": "eve",
                "groups": ["crossfade-viewers"],
                **lies.claims,
            }
            claims = {name: value for name, value in claims.items() if value is not None}
            key = lies.key or world.keys["rs"]
            if lies.algorithm == "HS256":
                # PyJWT refuses to do this with a public key: the oldest trick, by hand.
                return hs256(key, claims)
            key = None if lies.algorithm == "none" else key
            return jwt.encode(claims, key, lies.algorithm, headers={"kid": KID, **lies.header})

    address = world.serve(Fake)
    return f"http://{address[0]}:{address[1]}", lies


def hs256(secret, claims):
    import hmac

    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

    header = {"alg": "HS256", "kid": KID}
    message = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    return f"{message}.{part(hmac.new(secret, message.encode(), 'sha256').digest())}"
