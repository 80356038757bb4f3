"""What is set in a branch that has left is not set behind it."""

import base64

import jwt  # finds: jwt-import


class Reader:
    def returned(self, token, key):  # finds: validator
        options = {"algorithms": ["HS256"]}
        if not self.validate:
            options["options"] = {"verify_signature": False}
            return jwt.decode(token, **options)  # finds: unverified-decode
        return jwt.decode(token, key, **options)  # finds: verified-decode

    def beside(self, token, key):  # finds: validator
        options = {}
        if self.validate:
            options["audience"] = "app"
        elif self.trusts:
            options["options"] = {"verify_signature": False}
        else:
            return jwt.decode(token, key, **options)  # finds: verified-decode
        return jwt.decode(token, key, **options)  # finds: unverified-decode

    def went_on(self, token, key):  # finds: validator
        options = {"algorithms": ["HS256"]}
        if not self.validate:
            options["options"] = {"verify_signature": False}
        return jwt.decode(token, key, **options)  # finds: unverified-decode

    def caught(self, token, key):  # finds: validator
        options = {}
        try:
            if not self.validate:
                options["options"] = {"verify_signature": False}
                return self.ask(token)
        except ValueError:
            self.failed += 1
        return jwt.decode(token, key, **options)  # finds: unverified-decode

    def again(self, tokens, key):  # finds: validator
        options = {}
        for token in tokens:
            if not self.validate:
                options["options"] = {"verify_signature": False}
            else:
                yield jwt.decode(token, key, **options)  # finds: unverified-decode


def counted_beside(token, other):  # finds: validator
    if token:
        pieces = token.split(".")  # finds: hand-parse
        return base64.b64decode(pieces[1])
    pieces = other.split(".")
    return len(pieces)


def counted_else(token, other, count):  # finds: validator
    if count:
        pieces = other.split(".")
        count = len(pieces)
    else:
        pieces = token.split(".")  # finds: hand-parse
        count = base64.b64decode(pieces[1])
    return count


def one_or_the_other(token, other):  # finds: validator
    if token:
        pieces = token.split(".")  # finds: hand-parse
    else:
        pieces = other.split(".")  # finds: hand-parse
    return base64.b64decode(pieces[1])


def counted_later(token, other, log):  # finds: validator
    pieces = token.split(".")  # finds: hand-parse
    claims = base64.b64decode(pieces[1])
    pieces = other.split(".")
    log.info(len(pieces))
    return claims


def decoded_next_time(tokens, pieces):  # finds: validator
    for token in tokens:
        yield base64.b64decode(pieces[1])
        pieces = token.split(".")  # finds: hand-parse
