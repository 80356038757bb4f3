import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from authlib.jose import JsonWebToken  # finds: jwt-import


def load():
    return importlib.import_module("jwt")  # finds: jwt-import


def load_by_name(name):
    return importlib.import_module(name)


def later(token, key):  # finds: validator
    import jwt  # finds: jwt-import

    return jwt.decode(token, key, algorithms=["HS256"])  # finds: verified-decode


def oldest():
    return __import__("jose")  # finds: jwt-import
