"""Library calls under other names, such as jwt.decode(token, key)."""

import jwt as pyjwt  # finds: jwt-import
from jose import jwt as j, jws  # finds: jwt-import
from jwt import decode as unpack, encode as pack  # finds: jwt-import
from jwt import PyJWT, decode_complete  # finds: jwt-import
from jwt.exceptions import InvalidTokenError  # finds: jwt-import

KEY = "not-a-key"
ALGORITHMS = ["HS256"]

reader = PyJWT()
read = j.decode


def with_alias(token):  # finds: validator
    return pyjwt.decode(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode


def with_jose(token):  # finds: validator
    return j.decode(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode


def with_name(token):  # finds: validator
    return unpack(token, KEY, ALGORITHMS)  # finds: verified-decode


def complete(token):  # finds: validator
    whole = decode_complete(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode
    return whole["header"], whole["payload"]


def through_an_instance(token):  # finds: validator
    return reader.decode(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode


def through_a_binding(token):  # finds: validator
    try:
        return read(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode
    except InvalidTokenError:
        return None


def with_jws(token):  # finds: validator
    return jws.verify(token, KEY, ALGORITHMS)  # finds: verified-decode


def with_a_local_binding(token):  # finds: validator
    check = pyjwt.decode
    claims = check(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode
    return claims["sub"]


def in_a_walrus(token):  # finds: validator
    if claims := pyjwt.decode(token, KEY, algorithms=ALGORITHMS):  # finds: verified-decode
        return claims
    raise PermissionError("no claims")


def in_a_comprehension(tokens):  # finds: validator
    return [pyjwt.decode(token, KEY, algorithms=ALGORITHMS) for token in tokens]  # finds: verified-decode


def over_lines(token):  # finds: validator
    return (
        pyjwt  # finds: verified-decode
        .decode(
            token,
            KEY,
            algorithms=ALGORITHMS,
        )
    )


def mint(sub):
    return pack({"sub": sub}, KEY, algorithm="HS256")  # finds: encode


first = lambda token: pyjwt.decode(token, KEY, algorithms=ALGORITHMS)  # finds: verified-decode, validator


class Holder:
    decode = staticmethod(unpack)

    def __init__(self, key):
        self._decode = pyjwt.decode
        self._key = key

    def claims(self, token):  # finds: validator
        return self._decode(token, self._key, algorithms=ALGORITHMS)  # finds: verified-decode

    @property
    def nothing(self):
        return self._key.decode("utf-8")
