"""Reads JWT_SECRET_KEY from os.environ["JWT_SECRET_KEY"]."""

import os
from os import environ as E, getenv as g

from decouple import config
from flask import current_app
from pydantic import Field
from pydantic_settings import BaseSettings

from netra_backend.app.isolated import get_env
from netra_backend.app.settings import settings

# os.getenv("JWT_SECRET") is what this file is about.
NAME = "JWT_SECRET_KEY"
KEYS = {"JWT_SECRET_KEY": "x", "kid": "y"}


class Settings(BaseSettings):
    secret: str = Field(env="JWT_SECRET_KEY")  # finds: key-read
    jwt_days: int = Field(7, env="JWT_EXPIRATION_DAYS")


def reads(stage):
    yield os.environ["JWT_SECRET_KEY"]  # finds: key-read
    yield os.environ.get("JWT_SECRET")  # finds: key-read
    yield os.getenv("JWT_SECRET_STAGING", "fallback")  # finds: key-read
    yield E["JWT_PUBLIC_KEY"]  # finds: key-read
    yield g("JWT_SIGNING_KEY")  # finds: key-read
    yield os.getenv(NAME)  # finds: key-read
    yield os.getenv(f"JWT_SECRET_{stage.upper()}")  # finds: key-read
    yield get_env().get("JWT_SECRET_KEY")  # finds: key-read
    yield settings.JWT_SECRET_KEY  # finds: key-read
    yield config("JWT_SECRET")  # finds: key-read
    yield current_app.config["JWT_SECRET_KEY"]  # finds: key-read
    yield os.environ.get("NEXTAUTH_SECRET") or "none"  # finds: key-read


def through_a_local():
    env = get_env()
    secret = env.get("JWT_SECRET_KEY")  # finds: key-read
    where = os.environ
    return secret or where["AUTH_SECRET"]  # finds: key-read


def as_default(key=os.environ.get("JWT_SECRET", "")):  # finds: key-read
    return key


def one_of(names=("JWT_SECRET", "JWT_KEY")):
    if secret := os.getenv("JWT_KEY"):  # finds: key-read
        return secret
    return [name for name in names if name not in os.environ]


class Holder:
    key = os.getenv("JWT_SECRET_KEY")  # finds: key-read

    def __init__(self, env):
        self.env = env

    def secret(self):
        return self.env.get("JWT_SECRET_KEY")  # finds: key-read


def writes(monkeypatch, env):
    os.environ["JWT_SECRET_KEY"] = "x"
    monkeypatch.setenv("JWT_SECRET", "x")
    env.set("JWT_SECRET_KEY", "x")
    del os.environ["JWT_SECRET_KEY"]
    current_app.config["JWT_SECRET_KEY"] = "x"
    settings.JWT_SECRET_KEY = "x"


def others(logger, rows):
    if "JWT_SECRET_KEY" in os.environ:
        logger.info("JWT_SECRET_KEY is set")
    if KEYS["JWT_SECRET_KEY"] or KEYS.get("JWT_SECRET_KEY"):
        raise RuntimeError("os.environ['JWT_SECRET_KEY'] is not set")
    columns = {row["name"]: row for row in rows}
    return columns["JWT_SECRET"], os.getenv("DATABASE_SECRET"), os.environ["API_KEY"]


def shadowed(os, name):
    return os["JWT_SECRET"], name


def circles(name):
    name = name + "_" + name
    ring = ring + "x"
    return os.environ[name], os.getenv(ring)


def names_of_members(settings):
    yield current_app.config["JWT_JSON_KEY"]
    yield current_app.config["JWT_REFRESH_JSON_KEY"]
    yield current_app.config["JWT_ERROR_MESSAGE_KEY"]
    yield settings.JWT_KEY_CLAIM
    yield settings.JWT_KEY_HEADER
    yield os.environ["JWT_USER_FIELD_KEY"]
    yield os.environ["JWT_JSON_SECRET_KEY"]  # finds: key-read
    yield settings.JWT_MESSAGE_SIGNING_KEY  # finds: key-read
    yield settings.JWT_KEY  # finds: key-read
