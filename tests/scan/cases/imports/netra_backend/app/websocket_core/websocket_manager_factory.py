from .websocket_manager import WebSocketManager


def create_websocket_manager():  # finds: factory-definition
    return WebSocketManager()


def describe():
    return "factory"
