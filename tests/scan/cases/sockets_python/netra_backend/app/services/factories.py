import functools
from unittest.mock import AsyncMock

from netra_backend.app.services.registries import Hub, Rooms
from netra_backend.app.websocket_core import WebSocketManager, get_websocket_manager

_hub = None
_cached = Rooms()


def create_websocket_manager(user):  # finds: factory-definition
    return WebSocketManager()


async def get_async_websocket_manager(user):  # finds: factory-definition
    return WebSocketManager()


def make_hub():  # finds: factory-definition
    return Hub()


def hub():  # finds: factory-definition
    global _hub
    if _hub is None:
        _hub = Hub()
    return _hub


def rooms() -> Rooms:  # finds: factory-definition
    return _cached


async def manager_of_request(request):  # finds: factory-definition
    return get_websocket_manager(request.user)  # finds: accessor-use


@functools.lru_cache
def cached_manager():  # finds: factory-definition
    manager = WebSocketManager()
    return manager


def in_a_block(user):  # finds: factory-definition
    if user:
        return WebSocketManager()
    return None


class WebSocketManagerFactory:  # finds: factory-definition
    def create(self, user):
        return WebSocketManager()

    def of_user(self, user):
        return self.create(user)


class Container:
    def __init__(self):
        self._hub = Hub()

    def hub(self):  # finds: factory-definition
        return self._hub

    @property
    def rooms(self):  # finds: factory-definition
        return _cached

    @staticmethod
    def fresh():  # finds: factory-definition
        return Hub()


def outer():
    def inner():  # finds: factory-definition
        return Hub()

    return inner


lazily = lambda: Hub()  # finds: factory-definition


def get_websocket_manager_sync(user):  # finds: factory-definition
    return create_websocket_manager(user)


def reset_websocket_manager():
    global _hub
    _hub = None


async def shutdown_websocket_manager(manager):
    await manager.stop()


def uses(user):
    """Calls create_websocket_manager(user), as in return WebSocketManager()."""
    manager = WebSocketManager()
    return manager.count(user)


def sends(user):
    return get_websocket_manager(user).send_to_user(user, {})  # finds: accessor-use


def test_double():
    return AsyncMock(spec=WebSocketManager)


def name():
    return "WebSocketManager()"
