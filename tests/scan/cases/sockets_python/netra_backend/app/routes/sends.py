"""Sends: await websocket.send_text("x")."""

import asyncio
import json
from typing import Dict, List, Optional

import aiohttp
import tornado.websocket
import websockets
from aiohttp import web
from channels.generic.websocket import AsyncWebsocketConsumer
from fastapi import APIRouter, WebSocket as Socket
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from netra_backend.app.helpers import safe_websocket_close, safe_websocket_send

router = APIRouter()


@router.websocket("/ws")
async def endpoint(websocket: Socket, user: str = ""):
    await websocket.accept(subprotocol="jwt-auth")  # finds: socket-accept
    await websocket.send_text("hello")  # finds: socket-send
    await websocket.send_json({"user": user})  # finds: socket-send
    await websocket.send_bytes(b"x")  # finds: socket-send
    data = await websocket.receive_text()  # finds: socket-receive
    more = await websocket.receive_json()  # finds: socket-receive
    raw = await websocket.receive_bytes()  # finds: socket-receive
    message = await websocket.receive()  # finds: socket-receive
    async for text in websocket.iter_text():  # finds: socket-receive
        await asyncio.wait_for(websocket.send_text(text), 5)  # finds: socket-send
    await safe_websocket_send(websocket, data)  # finds: socket-send
    await safe_websocket_close(websocket, 1000)  # finds: socket-close
    await websocket.close(code=1008)  # finds: socket-close
    return more, raw, message


async def by_name(websocket, message):
    await websocket.send_json(message)  # finds: socket-send
    await websocket.close()  # finds: socket-close


async def optional(ws: Optional[WebSocket]):
    if ws is not None:
        await ws.accept()  # finds: socket-accept
        await ws.send({"type": "websocket.send", "text": "x"})  # finds: socket-send
        await ws.receive_text()  # finds: socket-receive


async def quoted(client: "WebSocket"):
    await client.accept()  # finds: socket-accept
    async for item in client.iter_json():  # finds: socket-receive
        await client.send_json(item)  # finds: socket-send
    await client.close()  # finds: socket-close


async def through_a_local(websocket: WebSocket):
    peer = websocket
    send = peer.send_text
    await peer.accept()  # finds: socket-accept
    await send("x")  # finds: socket-send


async def many(sockets: List[WebSocket], by_user: Dict[str, WebSocket]):
    await asyncio.gather(*[one.send_text("x") for one in sockets])  # finds: socket-send
    for user, one in by_user.items():
        await one.send_json({"user": user})  # finds: socket-send
    await by_user["a"].close()  # finds: socket-close


class Holder:
    websocket: WebSocket

    def __init__(self, websocket: WebSocket):
        self._ws = websocket

    async def open(self):
        await self._ws.accept()  # finds: socket-accept
        await self.websocket.accept()  # finds: socket-accept

    async def run(self):
        while True:
            text = await self._ws.receive_text()  # finds: socket-receive
            await self._ws.send_text(text)  # finds: socket-send

    async def stop(self):
        await self._ws.close()  # finds: socket-close
        await self.websocket.close(1001)  # finds: socket-close


async def library_client(url):
    async with websockets.connect(url) as connection:
        await connection.send(json.dumps({"x": 1}))  # finds: socket-send
        answer = await connection.recv()  # finds: socket-receive
        async for message in connection:  # finds: socket-receive
            answer += message
        await connection.close()  # finds: socket-close
    return answer


def blocking_client(url):
    with connect(url) as ws:
        ws.send("x")  # finds: socket-send
        return ws.recv()  # finds: socket-receive


async def aiohttp_server(request):
    ws = web.WebSocketResponse(heartbeat=30)
    await ws.prepare(request)  # finds: socket-accept
    async for message in ws:  # finds: socket-receive
        await ws.send_str(message.data)  # finds: socket-send
    await ws.send_json({})  # finds: socket-send
    await ws.close()  # finds: socket-close
    return ws


async def aiohttp_client(url):
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url) as ws:
            await ws.send_bytes(b"x")  # finds: socket-send
            return await ws.receive_json()  # finds: socket-receive


class Tornado(tornado.websocket.WebSocketHandler):
    def on_message(self, message):  # finds: socket-receive
        self.write_message(message)  # finds: socket-send

    def drop(self):
        self.close()  # finds: socket-close


class Consumer(AsyncWebsocketConsumer):
    async def connect(self):
        await self.accept()  # finds: socket-accept

    async def receive(self, text_data=None, bytes_data=None):  # finds: socket-receive
        await self.send(text_data=text_data)  # finds: socket-send

    async def leave(self):
        await self.close()  # finds: socket-close


async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})  # finds: socket-accept
        await send({"type": "websocket.send", "text": "x"})  # finds: socket-send
        await send({"type": "websocket.close", "code": 1000})  # finds: socket-close
    await send({"type": "http.response.start", "status": 200})


async def nested(websocket: WebSocket):
    async def inner(text):
        await websocket.send_text(text)  # finds: socket-send

    await websocket.accept()  # finds: socket-accept
    await inner("x")


async def either(socket: Socket | None = None):
    assert socket
    await socket.accept()  # finds: socket-accept
    await socket.close(reason="done")  # finds: socket-close
