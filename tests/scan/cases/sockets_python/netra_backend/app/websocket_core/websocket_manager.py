"""The one manager."""

from fastapi import WebSocket


class WebSocketManager:  # finds: socket-manager (canonical)
    def __init__(self):
        self._sockets: dict[str, WebSocket] = {}

    async def connect(self, user, websocket: WebSocket):
        await websocket.accept()  # finds: socket-accept (canonical)
        self._sockets[user] = websocket

    async def send_to_user(self, user, event):
        await self._sockets[user].send_json(event)  # finds: socket-send (canonical)

    async def disconnect(self, user):
        websocket = self._sockets.pop(user)
        await websocket.close(code=1000)  # finds: socket-close (canonical)


_managers = {}


def get_websocket_manager(user):  # finds: factory-definition (canonical)
    if user not in _managers:
        _managers[user] = WebSocketManager()
    return _managers[user]
