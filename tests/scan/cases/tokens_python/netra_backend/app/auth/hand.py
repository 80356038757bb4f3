import base64
import binascii
import hmac
import json
import re
from base64 import urlsafe_b64decode as b64


def _segment(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def unpacked(token):  # finds: validator
    header, payload, signature = token.split(".")  # finds: hand-parse
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def at_once(token):  # finds: validator
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))  # finds: hand-parse


def by_index(token):  # finds: validator
    parts = token.split(".")  # finds: hand-parse
    if len(parts) != 3:
        return None
    raw = base64.b64decode(parts[1])
    return json.loads(raw)


def through_a_helper(token):  # finds: validator
    parts = token.split(".", 2)  # finds: hand-parse
    return _segment(parts[1])


def with_an_alias(token):  # finds: validator
    body = token.split(".")[1]  # finds: hand-parse
    body += "=" * (-len(body) % 4)
    return json.loads(b64(body))


def by_partition(token):  # finds: validator
    _, _, rest = token.partition(".")  # finds: hand-parse
    payload, _, _ = rest.partition(".")
    return json.loads(b64(payload + "=="))


def from_the_right(token, key):  # finds: validator
    signed, signature = token.rsplit(".", 1)  # finds: hand-parse
    expected = hmac.new(key, signed.encode(), "sha256").digest()
    return hmac.compare_digest(expected, b64(signature + "=="))


def all_segments(token):  # finds: validator
    return [b64(part + "==") for part in token.split(".")[:2]]  # finds: hand-parse


def with_binascii(token):  # finds: validator
    payload = token.split(".")[1]  # finds: hand-parse
    return binascii.a2b_base64(payload + "==")


def in_bytes(token: bytes):  # finds: validator
    head, body, tail = token.split(b".")  # finds: hand-parse
    return json.loads(b64(body + b"=="))


def through_map(token):  # finds: validator
    header, payload = map(_segment, token.split(".")[:2])  # finds: hand-parse
    return header, payload


def nested(token):  # finds: validator
    def inner(text):
        return base64.urlsafe_b64decode(text + "==")

    segments = token.split(".")  # finds: hand-parse
    return json.loads(inner(segments[1]))


def star(token):  # finds: validator
    head, *rest = token.split(".")  # finds: hand-parse
    return json.loads(base64.urlsafe_b64decode(rest[0] + "=="))


class Reader:
    @staticmethod
    def _pad(text):
        return text + "=" * (-len(text) % 4)

    def _open(self, text):
        return json.loads(base64.urlsafe_b64decode(self._pad(text)))

    def read(self, token):  # finds: validator
        parts = token.split(".")  # finds: hand-parse
        return self._open(parts[1])


def version(text):
    major, minor, patch = text.split(".")
    return int(major), int(minor), int(patch)


def looks_like_a_token(token):
    return len(token.split(".")) == 3


def data_url(text):
    return base64.b64decode(text.split(",")[1])


def picture(name, content):
    ending = name.split(".")[-1]
    return ending, base64.b64decode(content)


def dotted(path):
    """Like token.split(".")[1], but of a path; no base64.urlsafe_b64decode here."""
    module, _, name = path.rpartition(".")
    return module, json.loads(json.dumps(name))


def basic(header):
    user, _, password = base64.b64decode(header.split(" ")[1]).decode().partition(":")
    return user, password


def sentences(encoded):
    return base64.b64decode(encoded).decode().split(".")


def host(url):
    return re.split(r"[/.]", url)[0]
