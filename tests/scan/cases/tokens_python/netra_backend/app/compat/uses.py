from netra_backend.app import compat
from netra_backend.app.compat import sign_it, tokens
from netra_backend.app.compat import verify_it as check

from ..compat import jwt
from . import crypto


def one(token, key):  # finds: validator
    return tokens.decode(token, key, algorithms=["HS256"])  # finds: verified-decode


def two(token, key):  # finds: validator
    return check(token, key, algorithms=["HS256"])  # finds: verified-decode


def three(token, key):  # finds: validator
    return jwt.decode(token, key, algorithms=["HS256"])  # finds: verified-decode


def four(token, key):  # finds: validator
    return compat.tokens.decode(token, key, algorithms=["HS256"])  # finds: verified-decode


def five(token, key):  # finds: validator
    return crypto.jwt.decode(token, options={"verify_signature": False})  # finds: unverified-decode


def six(claims, key):
    return sign_it(claims, key, algorithm="HS256")  # finds: encode
