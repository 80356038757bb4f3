"""Functions that are called a little like validators, and are none."""

import logging
import os
import warnings

from .validators import TokenValidator

logger = logging.getLogger(__name__)
service = TokenValidator("k")


class User:
    def __init__(self, name):
        self.name = name


def get_current_user(request):
    if hasattr(request.state, "user"):
        return request.state.user
    logger.warning("no user")
    return User("anonymous")


def validate_token_endpoint_url(url):
    return service.check(url)


def decode_single_token_bytes(token):
    return service.decode_bytes(token)


def _validate_token_response(response):
    return service.normalize(response)


def io_token_pre_call_check(data):
    return service.stash(data)


def verify_token_count(text):
    return service.count(text)


def get_current_user_old(request):
    warnings.warn("old", stacklevel=2)
    return request.state.user


def keys_that_are_none():
    yield os.getenv("JWT_PUBLIC_KEY_URL")
    yield os.environ["JWT_KEY_ID"]
    yield os.environ.get("JWT_SECRET_FILE")
    yield os.getenv("JWT_KEY_ALGORITHM")


async def validate_session_token(token):  # finds: delegate
    return await service.ask(token)
