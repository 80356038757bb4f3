"""Autobahn's cases at the echo, and Python's websockets in front of and behind the tunnel."""

import asyncio
import json
import secrets
import threading

from registry import expect, test

# Compression, which is not spoken here.
LEFT_OUT = ["12.*", "13.*"]
CASES_MIN = 247


@test("autobahn-echo", "every case of Autobahn's suite but compression passes at the echo")
def autobahn(world):
    from kosoku import FailureError, run_fuzzingclient

    (host, port), _, _ = world.start_service("echo", arguments=["--echo"])
    run = run_fuzzingclient(f"ws://{host}:{port}/echo", None, LEFT_OUT, concurrency=2)
    try:
        results = asyncio.run(run)
    except FailureError as failure:
        raise AssertionError(str(failure)) from None
    assert len(results) >= CASES_MIN, f"{len(results)} cases"
    print(f"        {len(results)} cases passed", flush=True)


# Whoever is behind the shared world's socket-auth tells no name.
SECTIONS = """
[sockets]
component = "http-auth"

[events.tunnel]
url = "http://127.0.0.1:{port}/ws?v=2"
source = "{source}"
"""


class Chat:
    """A legacy chat server: lets in whoever shows a token, sends events, answers pings."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.sockets = set()
        self.handshakes = []
        self.heard = []
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.port = self.run(self.start())

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def start(self):
        from websockets.asyncio.server import serve

        server = await serve(
            self.talk, "127.0.0.1", 0, subprotocols=["jwt-auth"], process_request=self.check
        )
        return server.sockets[0].getsockname()[1]

    def check(self, connection, request):
        self.handshakes.append((request.path, request.headers.get("Sec-WebSocket-Protocol", "")))
        if "jwt." not in request.headers.get("Sec-WebSocket-Protocol", ""):
            return connection.respond(401, "no token\n")
        return None

    async def talk(self, socket):
        self.sockets.add(socket)
        try:
            await socket.send(json.dumps({"type": "connection_established", "server": "chat"}))
            async for text in socket:
                self.heard.append(text)
                if isinstance(text, bytes):
                    await socket.send(text)
                elif json.loads(text).get("type") == "ping":
                    await socket.send(json.dumps({"type": "pong", "server": "chat"}))
        finally:
            self.sockets.discard(socket)

    async def send(self, event):
        """As a bridge would lay it out."""
        for socket in list(self.sockets):
            await socket.send(json.dumps({**event, "trace": "chat"}))


def event(number, **changes):
    kinds = ["agent_started", "agent_thinking", "agent_completed"]
    kind = kinds[number % 3]
    return {
        "type": kind,
        "event_id": f"e-{number}",
        "run_id": f"r-{number // 3}",
        "user_id": "alice",
        "agent_name": "triage",
        "payload": {"reasoning": f"thought {number}"},
        **changes,
    }


class Client:
    """What a browser would have: a socket, and everything that came."""

    def __init__(self, address, token):
        self.frames = []
        self.came = threading.Condition()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.socket = self.run(self.connect(address, token))

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def close(self):
        self.run(self.socket.close())

    async def connect(self, address, token):
        from base64 import urlsafe_b64encode

        from websockets.asyncio.client import connect

        encoded = urlsafe_b64encode(token.encode()).decode().rstrip("=")
        host, port = address
        url = f"ws://{host}:{port}/ws?theme=dark"
        offers = ["jwt-auth", f"jwt.{encoded}"]
        socket = await connect(url, subprotocols=offers, compression=None)
        expect(socket.subprotocol, "jwt-auth", "subprotocol")
        self.reading = asyncio.ensure_future(self.read(socket))
        return socket

    async def read(self, socket):
        async for text in socket:
            with self.came:
                self.frames.append(text if isinstance(text, bytes) else json.loads(text))
                self.came.notify_all()

    def wait_for(self, what, why):
        with self.came:
            assert self.came.wait_for(lambda: what(self.frames), 30), f"{why}: {self.frames[-5:]}"

    def events(self):
        return [each for each in self.frames if isinstance(each, dict) and "event_id" in each]

    def send(self, message):
        self.run(self.socket.send(message))


class Tunnelled:
    """The service between a client and a chat server, and the flag that says who serves."""

    def __init__(self, world, name, source):
        self.chat = Chat()
        sections = SECTIONS.format(port=self.chat.port, source=source)
        self.data, self.control, self.metrics = world.start_service(name, sections)
        self.below = ["socket-auth", "socket-connections", "event-delivery"]
        for component in ["socket-connections", "event-delivery"]:
            self.move(component, {"stage": "shadow"})
        self.client = Client(self.data, world.token("hs"))

    def move(self, component, body):
        from world import CONTROL_TOKEN, ask

        told = [("Authorization", f"Bearer {CONTROL_TOKEN}")]
        path = f"/v1/flags/{component}"
        etag = ask(self.control, "GET", path, told).headers["etag"]
        headers = [*told, ("If-Match", etag), ("Content-Type", "application/json")]
        answer = ask(self.control, "PUT", path, headers, json.dumps(body).encode())
        expect(answer.status, 200, answer.body)

    def to_ssot(self):
        for component in self.below:
            self.move(component, {"stage": "canary", "share": 10000})
        # What it requires stays there.
        self.below = ["event-delivery"]

    def to_legacy(self):
        self.move("event-delivery", {"stage": "shadow"})

    def publish(self, one):
        from world import CONTROL_TOKEN, ask

        headers = [("Authorization", f"Bearer {CONTROL_TOKEN}"), ("Content-Type", "application/json")]
        answer = ask(self.data, "POST", "/v1/events", headers, json.dumps(one).encode())
        expect(answer.status, 200, answer.body)

    def count(self, name):
        from world import ask

        for line in ask(self.metrics, "GET", "/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None


@test("websockets-tunnel", "websockets talks through the tunnel, untouched while legacy serves")
def tunnel(world):
    here = Tunnelled(world, "tunnel", "app")
    chat, client = here.chat, here.client
    client.wait_for(lambda frames: len(frames) >= 1, "greeting")
    expect(client.frames[0], {"type": "connection_established", "server": "chat"}, "greeting")
    path, offered = chat.handshakes[0]
    expect(path, "/ws?v=2&theme=dark", "target")
    assert offered.startswith("jwt-auth, jwt."), offered
    client.send(json.dumps({"type": "ping"}))
    client.send(b"\0\xff")
    client.wait_for(lambda frames: b"\0\xff" in frames, "bytes come back")
    assert {"type": "pong", "server": "chat"} in client.frames
    chat.run(chat.send(event(0)))
    client.wait_for(lambda _: len(client.events()) == 1, "the event")
    expect(client.events()[0], {**event(0), "trace": "chat"}, "untouched")
    client.close()


@test("websockets-switch", "under traffic users go to ssot and back; every event arrives once, in order")
def switch(world):
    here = Tunnelled(world, "switch", "app")
    traffic = Traffic(here, lambda one: here.publish(one))
    traffic.run(rounds=6)
    expect(traffic.sides(), {"chat", "ssot"}, "both sides have served")


@test("websockets-source", "where the tunnel is the source, ssot is given what legacy sends")
def source(world):
    here = Tunnelled(world, "source", "tunnel")
    traffic = Traffic(here, lambda one: None)
    traffic.run(rounds=6)
    expect(traffic.sides(), {"chat", "ssot"}, "both sides have served")


class Traffic:
    """Events one after the other, while the flag goes to and fro."""

    def __init__(self, here, publish):
        self.here = here
        self.publish = publish
        self.number = 0
        self.stop = threading.Event()

    def flow(self):
        while not self.stop.is_set():
            one = event(self.number, user_id="alice")
            # Either side may be first.
            if secrets.randbelow(2):
                self.publish(one)
                self.here.chat.run(self.here.chat.send(one))
            else:
                self.here.chat.run(self.here.chat.send(one))
                self.publish(one)
            self.number += 1

    def run(self, rounds):
        flowing = threading.Thread(target=self.flow)
        flowing.start()
        try:
            for number in range(rounds):
                came = len(self.here.client.events())
                self.here.client.wait_for(
                    lambda _: len(self.here.client.events()) >= came + 40, "traffic"
                )
                if number % 2:
                    self.here.to_legacy()
                else:
                    self.here.to_ssot()
                wanted = number % 2 == 1
                self.here.client.wait_for(
                    lambda frames: ("trace" in frames[-1]) == wanted and "event_id" in frames[-1],
                    "the other side",
                )
        finally:
            self.stop.set()
            flowing.join()
        client = self.here.client
        client.wait_for(lambda _: len(client.events()) >= self.number, "everything")
        ids = [each["event_id"] for each in client.events()]
        told = [f"{each['event_id']}{'' if 'trace' in each else ' ssot'}" for each in client.events()]
        wanted = [f"e-{number}" for number in range(self.number)]
        first = next((at for at in range(len(ids)) if ids[at : at + 1] != wanted[at : at + 1]), None)
        around = None if first is None else (first, told[max(first - 3, 0) : first + 12])
        expect(around, None, "once, in order")
        expect(len(ids), len(wanted), "all of them")
        print(f"        {len(ids)} events, {rounds} switches", flush=True)
        client.close()

    def sides(self):
        return {each.get("trace", "ssot") for each in self.here.client.events()}
