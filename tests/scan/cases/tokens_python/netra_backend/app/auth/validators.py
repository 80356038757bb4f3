import functools
import logging
from typing import Protocol, overload

import jwt  # finds: jwt-import

from .hand import unpacked

logger = logging.getLogger(__name__)


def require_token(view):
    @functools.wraps(view)
    async def wrapper(request, *args):  # finds: validator
        # finds below: verified-decode
        request.state.claims = jwt.decode(request.token, request.key, algorithms=["HS256"])
        return await view(request, *args)

    return wrapper


@functools.lru_cache
@functools.wraps(require_token)
def decorated(token):  # finds: validator
    return jwt.decode(token, "k", algorithms=["HS256"])  # finds: verified-decode


class TokenValidator:
    def __init__(self, key):
        self.key = key
        self.claims = None

    def validate(self, token):  # finds: validator
        try:
            jwt.decode(token, self.key, algorithms=["HS256"])  # finds: verified-decode
        except jwt.PyJWTError:
            return False
        return True

    def remember(self, token):  # finds: validator
        self.claims = jwt.decode(token, self.key, algorithms=["HS256"])  # finds: verified-decode

    @classmethod
    def of(cls, token):  # finds: validator
        return cls(jwt.get_unverified_header(token)["kid"])  # finds: unverified-decode

    @staticmethod
    def subject(token):  # finds: validator
        return jwt.decode(token, options={"verify_signature": False})["sub"]  # finds: unverified-decode

    @property
    def expired(self):
        return self.claims["exp"] < 0


class Middleware:
    async def __call__(self, scope, receive, send):  # finds: validator
        token = scope["token"]
        scope["user"] = jwt.decode(token, "k", algorithms=["HS256"])["sub"]  # finds: verified-decode
        await self.app(scope, receive, send)


def stream(tokens):  # finds: validator
    for token in tokens:
        yield jwt.decode(token, "k", algorithms=["HS256"])  # finds: verified-decode


def must_be_good(token):  # finds: validator
    try:
        jwt.decode(token, "k", algorithms=["HS256"])  # finds: verified-decode
    except jwt.InvalidTokenError as error:
        raise PermissionError from error


def renewed(token):  # finds: validator
    claims = jwt.decode(token, "k", algorithms=["HS256"])  # finds: verified-decode
    return jwt.encode({"sub": claims["sub"]}, "k", algorithm="HS256")  # finds: encode


def counted(token):
    try:
        user = jwt.decode(token, options={"verify_signature": False})["sub"]  # finds: unverified-decode
        logger.info("request of %s", user)
    except jwt.PyJWTError:
        logger.info("request of nobody")


def minted(sub):
    return jwt.encode({"sub": sub}, "k", algorithm="HS256")  # finds: encode


def webhook(body, signature, key):
    import hmac

    expected = hmac.new(key, body, "sha256").hexdigest()
    return hmac.compare_digest(expected, signature)


def verify_password(password, hashed, hasher):
    return hasher.verify(password, hashed)


class Validates(Protocol):
    def validate_token(self, token: str) -> bool: ...


@overload
def validate_token(token: str) -> bool: ...
@overload
def validate_token(token: bytes) -> bool: ...
def validate_token(token):  # finds: delegate
    """Calls unpacked() of a neighbour, no jwt.decode of its own."""
    return unpacked(token) is not None
