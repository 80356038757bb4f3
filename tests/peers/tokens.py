"""Tokens that PyJWT signs, judged by SSOT."""

import base64
import hashlib
import hmac
import json

from registry import expect, test

KEYS = ["hs", "rs", "es", "ed"]


def on_ssot(world):
    """Gives all of http-auth's traffic to ssot, once."""
    told = world.control_ask("GET", "/v1/flags/http-auth").json()
    if told["stage"] == "canary" and told.get("share") == 10_000:
        return
    # Legacy knows none of these keys: the guard would take whom ssot lets in for an alarm.
    change(world, {"limits": {"mode": "off"}, "note": "legacy knows no keys of peers"})
    change(world, {"stage": "canary", "share": 10_000, "note": "peers ask ssot"})


def change(world, body):
    flag = world.control_ask("GET", "/v1/flags/http-auth")
    headers = [("If-Match", flag.headers["etag"])]
    answer = world.control_ask("PUT", "/v1/flags/http-auth", body, headers)
    expect(answer.status, 200, f"changing http-auth: {answer.body.decode()}")


def decide(world, token):
    from world import ask

    on_ssot(world)
    body = json.dumps({"token": token}).encode()
    headers = [("Content-Type", "application/json")]
    answer = ask(world.data, "POST", "/v1/decide/http-auth", headers, body)
    expect(answer.status, 200, "status")
    told = answer.json()
    expect(told["served_by"], "ssot", "served_by")
    return told


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unverified(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@test("pyjwt-accepted", "SSOT accepts what PyJWT signs with HS256, RS256, ES256 and EdDSA, with and without kid")
def accepted(world):
    for key in KEYS:
        for headers in [None, {"kid": key}, {"typ": "at+jwt", "kid": key}]:
            told = decide(world, world.token(key, headers, sub=f"{key}-user"))
            expect(told["decision"], "allow", f"{key} {headers}: {told.get('reason')}")
            expect(told["subject"], f"{key}-user", "subject")
            expect(told["scopes"], ["read", "write"], "scopes")


@test("pyjwt-tampered", "SSOT refuses the same tokens once claims, header or signature are changed")
def tampered(world):
    for key in KEYS:
        header, claims, signature = world.token(key).split(".")
        other = json.loads(unverified(claims)) | {"sub": "mallory"}
        other = unpadded(json.dumps(other).encode())
        flipped = bytearray(unverified(signature))
        flipped[len(flipped) // 2] ^= 1
        for about, token in {
            "claims": f"{header}.{other}.{signature}",
            "signature": f"{header}.{claims}.{unpadded(bytes(flipped))}",
            "no signature": f"{header}.{claims}.",
        }.items():
            told = decide(world, token)
            expect((told["decision"], told["reason"]), ("deny", "signature"), f"{key}, {about}")


@test("pyjwt-strangers", "SSOT refuses what other keys sign, under a known kid as under an unknown one")
def strangers(world):
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    ours = world.keys
    others = {
        "hs": "x" * 64,
        "rs": rsa.generate_private_key(public_exponent=65537, key_size=2048),
        "es": ec.generate_private_key(ec.SECP256R1()),
        "ed": ed25519.Ed25519PrivateKey.generate(),
    }
    try:
        world.keys = others
        tokens = {key: (world.token(key, {"kid": key}), world.token(key, {"kid": "?"})) for key in KEYS}
    finally:
        world.keys = ours
    for key, (known, unknown) in tokens.items():
        expect(decide(world, known)["reason"], "signature", f"{key} under a known kid")
        expect(decide(world, unknown)["reason"], "key_unknown", f"{key} under an unknown kid")


@test("pyjwt-confusion", "SSOT refuses a public key used as an HMAC secret, and `alg` none")
def confusion(world):
    claims = world.token("rs").split(".")[1]
    public = (world.folder / "rs.pem").read_bytes()
    for kid in [None, "rs"]:
        head = {"alg": "HS256", "typ": "JWT"} | ({"kid": kid} if kid else {})
        message = f"{unpadded(json.dumps(head).encode())}.{claims}"
        for secret in [public, public.strip()]:
            signature = hmac.new(secret, message.encode(), hashlib.sha256).digest()
            told = decide(world, f"{message}.{unpadded(signature)}")
            expect(told["decision"], "deny", f"HS256 under the RSA key, kid {kid}")
    head = unpadded(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    for signature in ["", "AAAA"]:
        told = decide(world, f"{head}.{claims}.{signature}")
        expect((told["decision"], told["reason"]), ("deny", "algorithm"), "alg none")


@test("pyjwt-claims", "SSOT names the claim that is wrong")
def claims(world):
    for reason, changes in {
        "expired": {"exp": 1_700_000_000, "iat": 1_699_999_000},
        "not_yet_valid": {"nbf": 4_000_000_000},
        "issued_in_future": {"iat": 4_000_000_000, "exp": 4_000_000_100},
        "issuer": {"iss": "somebody"},
        "audience": {"aud": "another"},
        "claim_missing:exp": {"exp": None},
        "claim_missing:jti": {"jti": None},
        "token_type": {"token_type": "refresh"},
    }.items():
        told = decide(world, world.token("es", **changes))
        expect((told["decision"], told.get("reason")), ("deny", reason), f"{changes}")


@test("vectors-rfc7515", "verify-jws says of the examples of RFC 7515 what the RFC says")
def vectors(world):
    import os
    import pathlib
    import subprocess
    import sys

    runner = pathlib.Path(__file__).with_name("vectors.py")
    nothing = world.folder / "no-vectors"
    nothing.mkdir(exist_ok=True)
    command = [sys.executable, str(runner), str(nothing)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    expect(done.returncode, 0, f"{done.stdout}{done.stderr}")
    expect("7515" in done.stdout, True, f"no example was run: {done.stdout}")
