import base64
import functools
import hmac

import jwt  # finds: jwt-import
from authlib.jose import JsonWebToken, jwt as authlib_jwt  # finds: jwt-import
from joserfc import jwt as rfc  # finds: jwt-import
from jose import jws, jwt as jose_jwt  # finds: jwt-import
from jwcrypto.jwt import JWT  # finds: jwt-import
from python_jwt import generate_jwt, verify_jwt  # finds: jwt-import

encoder = JsonWebToken(["HS256"])


def access(sub, key):
    return jwt.encode({"sub": sub}, key, algorithm="HS256")  # finds: encode


def refresh(sub, key):
    claims = {"sub": sub, "token_type": "refresh"}
    return jose_jwt.encode(claims, key)  # finds: encode


def authlib(sub, key):
    return authlib_jwt.encode({"alg": "HS256"}, {"sub": sub}, key)  # finds: encode


def authlib_instance(sub, key):
    return encoder.encode({"alg": "HS256"}, {"sub": sub}, key)  # finds: encode


def joserfc(sub, key):
    return rfc.encode({"alg": "HS256"}, {"sub": sub}, key)  # finds: encode


def signed(payload, key):
    return jws.sign(payload, key, algorithm="HS256")  # finds: encode


def jwcrypto(sub, key):
    token = JWT(header={"alg": "HS256"}, claims={"sub": sub})
    token.make_signed_token(key)  # finds: encode
    return token.serialize()


def oldest(sub, key):
    return generate_jwt({"sub": sub}, key, "HS256")  # finds: encode


def authlib_reads(token, key):  # finds: validator
    return authlib_jwt.decode(token, key)  # finds: verified-decode


def joserfc_reads(token, key):  # finds: validator
    return rfc.decode(token, key).claims  # finds: verified-decode


def jwcrypto_reads(token, key):  # finds: validator
    return JWT(jwt=token, key=key).claims  # finds: verified-decode


def oldest_reads(token, key):  # finds: validator
    return verify_jwt(token, key, ["HS256"])  # finds: verified-decode


@functools.lru_cache(maxsize=16)
def service_token(name, key):
    def build(extra):
        return jwt.encode({"sub": name, **extra}, key)  # finds: encode

    return build({"service": name})


class Minter:
    pack = jwt.encode

    def __init__(self, key):
        self.key = key

    def tokens(self, subs):
        return {sub: jwt.encode({"sub": sub}, self.key) for sub in subs}  # finds: encode

    def one(self, sub):
        return self.pack({"sub": sub}, self.key)  # finds: encode


def not_tokens(text, key):
    raw = text.encode("utf-8")
    signature = hmac.new(key, raw, "sha256").digest()
    return base64.urlsafe_b64encode(signature).decode()
