from .manager import OldManager as WebSocketManager  # finds: manager-alias
from .manager import BroadcastSocketManager  # finds: legacy-import
from .star import *
from ..websocket_core import WebSocketManager as CanonicalWebSocketManager  # finds: manager-alias
