"""Classes that keep sockets, under any name."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set, Tuple
from weakref import WeakSet

from aiohttp import web
from fastapi import WebSocket as FastSocket
from starlette.websockets import WebSocket
from websockets.legacy.server import WebSocketServerProtocol


class ConnectionManager:  # finds: socket-manager
    def __init__(self):
        self.active_connections: List[WebSocket] = []


class _UnifiedImplementation:  # finds: socket-manager
    def __init__(self):
        self._by_user: Dict[str, Set[FastSocket]] = defaultdict(set)


class Hub:  # finds: socket-manager
    def __init__(self):
        self.peers = set()

    async def join(self, websocket: WebSocket):
        await websocket.accept()  # finds: socket-accept
        self.peers.add(websocket)

    async def shout(self, text):
        for peer in self.peers:
            await peer.send_text(text)  # finds: socket-send


class Rooms:  # finds: socket-manager
    rooms: Dict[str, List[WebSocket]] = {}


@dataclass
class Registry:  # finds: socket-manager
    sockets: Dict[str, "WebSocket"] = field(default_factory=dict)


@dataclass
class Connection:
    user: str
    websocket: WebSocket


class Records:  # finds: socket-manager
    def __init__(self):
        self._connections: Dict[str, Connection] = {}

    async def send(self, key, message):
        await self._connections[key].websocket.send_json(message)  # finds: socket-send


class AddedByIndex:  # finds: socket-manager
    def __init__(self):
        self.of_user = {}

    async def connect(self, user: str, websocket: WebSocket) -> None:
        self.of_user[user] = websocket

    async def disconnect(self, user: str) -> None:
        websocket = self.of_user.pop(user, None)
        if websocket:
            await websocket.close()  # finds: socket-close


class AddedBySetdefault:  # finds: socket-manager
    def __init__(self):
        self.threads = {}

    def subscribe(self, thread: str, ws: WebSocket):
        self.threads.setdefault(thread, []).append(ws)


class Weak:  # finds: socket-manager
    def __init__(self):
        self.open = WeakSet()

    async def handle(self, request):
        ws = web.WebSocketResponse()
        await ws.prepare(request)  # finds: socket-accept
        self.open.add(ws)
        return ws


class Tuples:  # finds: socket-manager
    def __init__(self):
        self.pairs: List[Tuple[str, WebSocket]] = []


class OfWebsockets:  # finds: socket-manager
    clients: Set[WebSocketServerProtocol] = set()


class Outer:
    class Inner:  # finds: socket-manager
        def __init__(self):
            self.sockets: list[WebSocket | None] = []

    def __init__(self):
        self.inner = self.Inner()


def local_class():
    class Local:  # finds: socket-manager
        def __init__(self):
            self.sockets: Dict[str, Optional[WebSocket]] = {}

    return Local


PEERS: Set[WebSocket] = set()  # finds: socket-manager

by_thread = {}  # finds: socket-manager


async def follow(thread: str, websocket: WebSocket):
    by_thread[thread] = websocket


class OneSocket:
    def __init__(self, websocket: WebSocket):
        self.websocket = websocket

    async def send(self, message):
        await self.websocket.send_json(message)  # finds: socket-send


class Counts:
    """Keeps no sockets: Dict[str, WebSocket] is only said."""

    def __init__(self):
        self.active_connections: Dict[str, int] = {}
        self.names: List[str] = []

    def connect(self, user, websocket: WebSocket):
        self.active_connections[user] = self.active_connections.get(user, 0) + 1
        self.names.append(websocket.url.path)


class HttpPool:
    def __init__(self, clients):
        self.clients: Dict[str, object] = dict(clients)
        self.tasks: Set[str] = set()


class Uses:
    def __init__(self, manager: ConnectionManager):
        self.manager = manager
        self.managers: List[ConnectionManager] = [manager]


class Messages:
    def __init__(self):
        self.queue = []

    async def collect(self, websocket: WebSocket):
        self.queue.append(await websocket.receive_json())  # finds: socket-receive
