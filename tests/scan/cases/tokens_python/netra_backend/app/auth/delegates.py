import abc

import httpx
from fastapi import Depends

from .validators import TokenValidator

client = httpx.AsyncClient()
service = TokenValidator("k")


async def validate_token(token):  # finds: delegate
    response = await client.post("/auth/validate", json={"token": token})
    return response.json()


def verify_jwt(token):  # finds: delegate
    return service.validate(token)


async def get_current_user(token=Depends(service)):  # finds: delegate
    user = await validate_token(token)
    if not user["valid"]:
        raise PermissionError
    return user


async def get_current_user_optional(token=None):  # finds: delegate
    return await get_current_user(token) if token else None


def decode_token(token):  # finds: delegate
    return service.remember(token)


async def authenticate_websocket(websocket, authenticator):  # finds: delegate
    return await authenticator.authenticate(websocket)


class AuthClient:
    def __init__(self, http):
        self.http = http

    async def validate_token(self, token):  # finds: delegate
        return (await self.http.post("/auth/validate", json={"token": token})).json()

    async def verify_token(self, token):  # finds: delegate
        return await self.validate_token(token)

    async def validate_token_jwt(self, token):  # finds: delegate
        result = await self.validate_token(token)
        return result if result["valid"] else None

    def decode_jwt(self, token):  # finds: delegate
        from .hand import unpacked

        return unpacked(token)

    async def close(self):
        await self.http.aclose()


class Base(abc.ABC):
    @abc.abstractmethod
    def validate_token(self, token):
        """Says whether jwt.decode would take it."""

    @abc.abstractmethod
    def verify_token(self, token):
        raise NotImplementedError


def require_auth(view):
    async def check_token(request):  # finds: delegate
        await validate_token(request.headers["authorization"])
        return await view(request)

    return check_token


async def authenticate_user(email, password, users):  # finds: delegate
    return await users.authenticate(email, password)


def check_jwt(token):
    return True


def get_current_user_from_state(request):
    return request.state.user


def validate_email(address):
    return client.get(address)


def verify_password(password, hashed):
    return client.verify(password, hashed)


def validate_payload(payload):
    return service.check(payload)


def tokenize(text):
    return client.split(text)
