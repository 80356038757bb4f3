from .websocket_manager import WebSocketManager

UnifiedWebSocketManager = WebSocketManager  # finds: manager-alias (canonical)
