"""Nothing in here reads a token.

    import jwt
    claims = jwt.decode(token, key, algorithms=["HS256"])
    jwt.encode(claims, key)
"""

from netra_backend.app.jwt import decode, helpers
from netra_backend.app import jwt as local_jwt
from netra_backend.app.jwt.helpers import encode

# import jwt; jwt.decode(token, key)
CODE = "import jwt\njwt.decode(token, key, options={'verify_signature': False})"
NAMES = ["jwt.decode", "jwt.encode", "get_unverified_header"]


class Codec:
    def decode(self, token, key, algorithms):
        """Calls jwt.decode, so it says."""
        return token

    def encode(self, claims, key):
        return claims


def shadowed_by_a_parameter(jwt, token):
    return jwt.decode(token, "k", algorithms=["HS256"])


def shadowed_by_a_loop(codecs, token):
    for jwt in codecs:
        jwt.encode({}, "k")
    return [jwt.decode(token, options={"verify_signature": False}) for jwt in codecs]


def shadowed_by_a_local(token):
    jwt = Codec()
    return jwt.decode(token, "k", ["HS256"]), jwt.encode({}, "k")


def shadowed_by_a_with(opened, token):
    with opened() as jwt:
        return jwt.decode(token, "k", algorithms=["HS256"])


def shadowed_by_a_function(token):
    def jwt():
        return token

    return jwt()


def of_the_tree(token):
    return decode(token), helpers.decode(token), local_jwt.decode(token), encode(token)


def bytes_and_text(raw, text):
    jwt_text = raw.decode("utf-8")
    return jwt_text, text.encode(), bytes.decode(raw)


def told(print_it):
    print_it("use jwt.decode(token, key)")
    return f"jwt.decode({print_it}) and jwt.encode({print_it})"
