from typing import Protocol

from netra_backend.app.services.reasons import websocket_close_reason


class Sink(Protocol):
    async def send_text(self, text: str) -> None: ...


class Source(Protocol):
    async def recv(self) -> str: ...


async def forward(client_ws: Sink, backend_ws: Source):
    text = await backend_ws.recv()  # finds: socket-receive
    await client_ws.send_text(text)  # finds: socket-send


class Streaming:
    def __init__(self, websocket, backend_ws):
        self.websocket = websocket
        self.backend_ws = backend_ws

    async def run(self, message):
        await self.backend_ws.send(message)  # finds: socket-send
        await self.websocket.close(reason=websocket_close_reason(message))  # finds: socket-close
        await self.backend_ws.close()  # finds: socket-close
