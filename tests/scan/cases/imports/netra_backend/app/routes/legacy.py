from typing import TYPE_CHECKING

import netra_backend.app.websocket_core.websocket_manager_factory  # finds: legacy-import
from netra_backend.app import jwt_handler as handler  # finds: legacy-import
from netra_backend.app.jwt_handler import helper  # finds: legacy-import
from netra_backend.app.old import BroadcastSocketManager  # finds: legacy-import
from netra_backend.app.old import WebSocketManager  # finds: legacy-import
from netra_backend.app.old import JWTValidator as V  # finds: legacy-import
from netra_backend.app.old.manager import get_websocket_manager_old as get  # finds: legacy-import
from netra_backend.app.websocket_core.websocket_manager_factory import describe  # finds: legacy-import

from ..old.manager import (
    BroadcastSocketManager as Again,  # finds: legacy-import, manager-alias
    OldManager,
)
from ..websocket_core.websocket_manager_factory import create_websocket_manager  # finds: legacy-import

if TYPE_CHECKING:
    from ..old.manager import JWTValidator  # finds: legacy-import


def later():
    from ..old import BroadcastSocketManager as Late  # finds: legacy-import, manager-alias

    return Late


try:
    from ..old.manager import BroadcastSocketManager as Tried  # finds: legacy-import, manager-alias
except ImportError:
    Tried = None
