"""await websocket.send_text("x"); await websocket.close()"""

import multiprocessing
import queue
import smtplib
import socket
import sqlite3

import zmq

from netra_backend.app.services.plain import Broadcaster

# await websocket.accept()
CODE = "await websocket.send_text(message)"
NAMES = ["send_text", "receive_text", "websocket.close"]
timeouts = {"websocket_send_timeout": 5, "websocket_close_timeout": 5}


def standard_library():
    server = socket.socket()
    server.bind(("", 0))
    peer, _ = server.accept()
    peer.send(b"x")
    peer.recv(10)
    peer.close()
    with socket.create_connection(("a", 1)) as ws:
        ws.send(b"x")
        ws.close()


def typed(peer: socket.socket):
    peer.send(peer.recv(10))
    peer.close()


def zero(context: zmq.Context):
    socket = context.socket(zmq.PUB)
    socket.send(b"x")
    socket.send_json({})
    socket.close()


def others(path, generator, email, session, invitation, channel):
    with open(path) as file:
        file.close()
    generator.send(None)
    generator.close()
    email.send()
    session.close()
    invitation.accept()
    channel.send("x")
    smtplib.SMTP("a").send("x")
    sqlite3.connect(path).close()
    queue.Queue().put("x")


def pipes():
    left, right = multiprocessing.Pipe()
    left.send("x")
    right.recv()
    left.close()


class Mailer:
    def __init__(self, transport):
        self.transport = transport

    def send(self, message):
        self.transport.send(message)
        self.close()

    def close(self):
        self.transport.close()

    def receive_text(self):
        return "x"


def duck(mailer: Mailer, broadcaster: Broadcaster):
    mailer.send("x")
    mailer.receive_text()
    broadcaster.broadcast("x")


async def shadowed(websocket: Mailer):
    websocket.send("x")
    websocket.close()


async def chunks(response):
    async for chunk in response.aiter_text():
        yield chunk
    await response.aclose()
    await response.close()


def url(websocket):
    return websocket.url.path, websocket.headers.get("x"), websocket.client
