"""Bytes that become text, which is no decoding of a token."""

import jwt  # finds: jwt-import
from jose import jws  # finds: jwt-import
from jwcrypto.jws import JWS  # finds: jwt-import

ENCODING = "UTF-8"


def oldest_bytes(payload, key):
    token = jwt.encode(payload, key)  # finds: encode
    if isinstance(token, bytes):
        token = token.decode("utf-8")
    return token


def at_once(payload, key):
    return jwt.encode(payload, key, algorithm="HS256").decode("utf-8")  # finds: encode


def with_another_encoding(payload, key, encoding):
    return jws.sign(payload, key).decode(encoding)  # finds: encode


def there_and_back(payload, key):
    return jwt.encode(payload, key).encode(ENCODING).decode()  # finds: encode


def of_what_was_opened(text):
    token = JWS()
    token.load(text)
    return token.payload.decode("utf-8"), token.payload.decode(errors="ignore")


def signed_and_read(payload, key):  # finds: validator
    token = jwt.encode(payload, key)  # finds: encode
    return jwt.decode(token, key, ["HS256"])  # finds: verified-decode


def read_as_text(token, key):  # finds: validator
    return jwt.decode(token.decode("utf-8"), key, ["HS256"])  # finds: verified-decode


def only_a_token(token):  # finds: validator
    return jwt.decode(token)  # finds: verified-decode


def only_options(options):  # finds: validator
    return jwt.decode(**options)  # finds: verified-decode
