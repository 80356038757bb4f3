from abc import ABC, abstractmethod
from enum import Enum
from typing import Protocol
from unittest.mock import AsyncMock

from netra_backend.app.websocket_core import WebSocketManager


class WebSocketManagerMode(Enum):  # finds: socket-manager-namesake
    UNIFIED = "unified"
    ISOLATED = "unified"


class IWebSocketManager(Protocol):  # finds: socket-manager-namesake
    async def send_to_user(self, user: str, event: dict) -> None: ...


class AbstractWebSocketManager(ABC):  # finds: socket-manager-namesake
    @abstractmethod
    async def connect(self, websocket): ...


class LegacyWebSocketManager(WebSocketManager):  # finds: socket-manager-namesake
    """Deprecated."""


class DeprecatedSocketManager(WebSocketManager):  # finds: socket-manager-namesake
    pass


class ShimWebSocketManager:  # finds: socket-manager-namesake
    def __init__(self, manager):
        self._manager = manager

    async def send_to_user(self, user, event):
        return await self._manager.send_to_user(user, event)

    def __getattr__(self, name):
        return getattr(self._manager, name)


class MockWebSocketManager:  # finds: socket-manager-namesake
    def __init__(self):
        self.sent = []
        self.send_to_user = AsyncMock()


class FakeWebSocketManager:  # finds: socket-manager-namesake
    def __init__(self):
        self.sockets = {}

    def connect(self, user, websocket):
        self.sockets[user] = websocket


class EmptyWebSocketManager:  # finds: socket-manager-namesake
    def connect(self, *_):
        return None


class TaskWebSocketManager:  # finds: socket-manager-namesake
    def __init__(self):
        self.tasks: dict[str, int] = {}


class WebSocketManagerError(Exception):  # finds: socket-manager-namesake
    pass


class WebSocketConnectionManager:  # finds: socket-manager-namesake
    connections = 0


def outer():
    class InnerWebSocketManager:  # finds: socket-manager-namesake
        pass

    return InnerWebSocketManager


class Manager:
    pass


class SocketMode(Enum):
    OPEN = "open"


class WebSocketHandler:
    """Not a WebSocketManager."""


NAME = "class WebSocketManager(Enum):"
# class CommentedWebSocketManager: pass
