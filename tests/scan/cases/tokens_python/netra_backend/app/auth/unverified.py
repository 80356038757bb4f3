import logging

import jwt  # finds: jwt-import
from jose import jwt as jose_jwt  # finds: jwt-import
from jwt import get_unverified_header as header_of  # finds: jwt-import

logger = logging.getLogger(__name__)

OFF = {"verify_signature": False}
ON = {"verify_signature": True, "verify_aud": False}


def plain(token):  # finds: validator
    return jwt.decode(token, options={"verify_signature": False})  # finds: unverified-decode


def more_options(token):  # finds: validator
    # finds below: unverified-decode
    claims = jwt.decode(token, options={"verify_exp": True, "verify_signature": False})
    return claims.get("sub")


def old_style(token, key):  # finds: validator
    return jwt.decode(token, key, verify=False)  # finds: unverified-decode


def from_a_constant(token):  # finds: validator
    return jwt.decode(token, options=OFF)  # finds: unverified-decode


def from_a_local(token):  # finds: validator
    options = {"verify_signature": False, "verify_aud": False}
    return jwt.decode(token, "", options=options)  # finds: unverified-decode


def from_a_call(token):  # finds: validator
    return jwt.decode(token, options=dict(verify_signature=False))  # finds: unverified-decode


def set_later(token):  # finds: validator
    options = {}
    options["verify_signature"] = False
    return jwt.decode(token, options=options)  # finds: unverified-decode


def header(token):  # finds: validator
    return jwt.get_unverified_header(token)["kid"]  # finds: unverified-decode


def header_by_name(token):  # finds: validator
    return header_of(token)  # finds: unverified-decode


def claims(token):  # finds: validator
    return jose_jwt.get_unverified_claims(token)  # finds: unverified-decode


def jose_header(token):  # finds: validator
    if jose_jwt.get_unverified_header(token)["alg"] == "none":  # finds: unverified-decode
        raise ValueError("no algorithm")


def jose_off(token):  # finds: validator
    return jose_jwt.decode(token, None, options={"verify_signature": False})  # finds: unverified-decode


def only_logged(token):
    logger.debug("token of %s", jwt.decode(token, options=OFF)["sub"])  # finds: unverified-decode


def age_does_not_matter(token, key):  # finds: validator
    # finds below: verified-decode
    return jwt.decode(token, key, algorithms=["HS256"], options={"verify_exp": False})


def audience_does_not_matter(token, key):  # finds: validator
    return jwt.decode(token, key, algorithms=["HS256"], options=ON)  # finds: verified-decode


def who_knows(token, key, options):  # finds: validator
    return jwt.decode(token, key, algorithms=["HS256"], options=options)  # finds: verified-decode


def on_after_all(token, key):  # finds: validator
    return jwt.decode(token, key, ["HS256"], verify=True)  # finds: verified-decode
