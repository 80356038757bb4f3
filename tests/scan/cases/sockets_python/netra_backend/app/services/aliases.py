from netra_backend.app.services.registries import ConnectionManager as WebSocketManager  # finds: manager-alias
from netra_backend.app.services.registries import Hub as Central, Rooms  # finds: manager-alias
from netra_backend.app.websocket_core import WebSocketManager as Canonical  # finds: manager-alias
from netra_backend.app.websocket_core.websocket_manager import WebSocketManager as WSM  # finds: manager-alias
from netra_backend.app.services.plain import Broadcaster
from netra_backend.app.services import registries

UnifiedWebSocketManager = Canonical  # finds: manager-alias
ConnectionSocketManager = Broadcaster  # finds: manager-alias
Peers = registries.Hub  # finds: manager-alias
RoomKeeper = Rooms  # finds: manager-alias
Typed: type[Rooms] = Rooms  # finds: manager-alias
OldWebSocketManager = WebSocketManager  # finds: manager-alias

if Canonical:
    ConditionalWebSocketManager = Canonical  # finds: manager-alias


def inside():
    from netra_backend.app.services.registries import Registry as Local  # finds: manager-alias

    return Local


class Holder:
    Manager = Canonical  # finds: manager-alias


manager = Rooms()
instance = Canonical()
NoWebSocketManager = None
annotated: Rooms = instance
Plain = Broadcaster
names = ["WebSocketManager", "UnifiedWebSocketManager"]
# AliasWebSocketManager = Canonical
TEXT = "AliasWebSocketManager = Canonical"
__all__ = ["UnifiedWebSocketManager", "OldWebSocketManager"]
