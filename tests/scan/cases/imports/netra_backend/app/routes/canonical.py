"""from netra_backend.app.old.manager import BroadcastSocketManager"""

from typing import TYPE_CHECKING

from auth_service.auth_core.core.jwt_handler import JWTHandler
from auth_service.auth_core.core.jwt_validator import JWTValidator
from netra_backend.app.old import CanonicalWebSocketManager
from netra_backend.app.websocket_core import UnifiedWebSocketManager, WebSocketManager
from netra_backend.app.websocket_core.websocket_manager import get_websocket_manager

from ..websocket_core import websocket_manager
from ..websocket_core.unified_manager import WebSocketManager as Again  # finds: manager-alias
from websockets import SocketManager
from socketio.manager import PubSubSocketManager

if TYPE_CHECKING:
    from ..websocket_core.websocket_manager import WebSocketManager as Typed  # finds: manager-alias

# from netra_backend.app.old.manager import BroadcastSocketManager
CODE = "from netra_backend.app.old.manager import BroadcastSocketManager"
