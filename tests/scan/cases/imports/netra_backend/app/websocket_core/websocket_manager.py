class WebSocketManager:  # finds: socket-manager-namesake (canonical)
    """It keeps its sockets elsewhere."""


def get_websocket_manager():  # finds: factory-definition (canonical)
    return WebSocketManager()
