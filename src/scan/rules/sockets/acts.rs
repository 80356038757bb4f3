//! What is done to sockets: sends, accepts, closes, receives.

use super::heard;
use super::judge::{Belief, belief, is_self};
use super::words::{Act, Named, Says, named};
use crate::scan::code::Code;
use crate::scan::frame::{Binding, FrameId};
use crate::scan::kind::Kind;
use crate::scan::origin::Root;
use crate::scan::seen::{Seen, Spot};
use crate::scan::wildcard::any_fits;

/// Classes that are sockets by what they inherit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inherits {
    /// A consumer of Django Channels.
    Channels,
    /// A handler of Tornado.
    Tornado,
    /// An endpoint of Starlette: it is handed the socket.
    Endpoint,
    /// A socket itself.
    Socket,
}

pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>) {
    let Some(callee) = call.code.callee() else { return };
    let told = match callee.kind() {
        Kind::Attribute => of_method(seen, call, callee),
        Kind::Name => of_function(seen, call, callee),
        _ => None,
    };
    if let Some((act, what)) = told {
        seen.report(act.category(), call, what);
    }
}

/// `safe_websocket_send(ws, …)`, `emit(…)` of `flask_socketio`, ASGI's `send({…})`.
fn of_function<'t>(seen: &Seen<'t>, call: Spot<'t>, callee: Code<'t>) -> Option<(Act, String)> {
    let text = callee.text();
    if let Some(name) = helper(seen, call, text).filter(|_| is_handed_one(seen, call)) {
        return Some((Act::of_helper(&name), format!("{name} of the helpers")));
    }
    if let Some(told) = bound_method(seen, call, text) {
        return Some(told);
    }
    if seen.is_python() && matches!(text, "send" | "emit") {
        if let Some(act) = asgi(seen, call) {
            return Some((act, "ASGI message".to_owned()));
        }
        let origin = seen.callee(call).to_string();
        if matches!(origin.as_str(), "flask_socketio.emit" | "flask_socketio.send") {
            return Some((Act::Send, origin));
        }
    }
    None
}

/// `send = ws.send_text`, then `send("x")`.
fn bound_method<'t>(seen: &Seen<'t>, call: Spot<'t>, text: &str) -> Option<(Act, String)> {
    let bound = seen
        .around(call.frame)
        .find_map(|id| seen.frame(id).bound.iter().rev().find(|bound| bound.name == text))?;
    let Binding::Value(method) = bound.binding else { return None };
    let told = if seen.is_python() { Act::of_python } else { Act::of_script };
    let member = method.member().filter(|_| method.kind() == Kind::Attribute)?;
    told(member)?;
    of_method(seen, Spot { code: call.code, frame: bound.frame }, method)
}

/// A helper is handed the socket; what is only called so makes a reason or a message.
fn is_handed_one<'t>(seen: &Seen<'t>, call: Spot<'t>) -> bool {
    let arguments = call.code.arguments();
    arguments.iter().any(|argument| {
        belief(seen, call.with(argument.value)) >= Belief::Perhaps
            || argument.name.is_some_and(|name| named(name) != Named::Otherwise)
    })
}

/// The name of the helper that a name is, where it is one.
fn helper<'t>(seen: &Seen<'t>, call: Spot<'t>, text: &'t str) -> Option<String> {
    let helpers = &seen.settings.helpers;
    if any_fits(helpers, text) {
        return Some(text.to_owned());
    }
    match super::types::binding(seen, call.frame, text) {
        Some(Binding::Import(import)) => {
            import.name.filter(|name| any_fits(helpers, name)).map(str::to_owned)
        }
        _ => None,
    }
}

/// The type of an ASGI message, where it is one of sockets.
fn asgi<'t>(seen: &Seen<'t>, call: Spot<'t>) -> Option<Act> {
    let first = call.code.arguments().into_iter().next()?;
    let message = seen.value_of(call.with(first.value));
    let kind =
        Seen::member_of_dict(message, "type").filter(|_| message.code.kind() == Kind::Dict)?;
    Act::of_asgi(kind.code.literal()?)
}

fn of_method<'t>(seen: &Seen<'t>, call: Spot<'t>, callee: Code<'t>) -> Option<(Act, String)> {
    let member = callee.member()?;
    let object = callee.object()?;
    if any_fits(&seen.settings.helpers, member) && is_handed_one(seen, call) {
        return Some((Act::of_helper(member), format!("{member} of the helpers")));
    }
    if let Some(act) = heard::of(seen, call, member, object) {
        return Some((act, format!("{}.{member}", shown(object))));
    }
    let python = seen.is_python();
    let (act, says) = if python { Act::of_python(member)? } else { Act::of_script(member)? };
    let what = format!("{}.{member}", shown(object));
    if is_self(object) || object.text() == "super()" {
        let class = seen.class_of(call.frame)?;
        return inherits(seen, class, 4)
            .filter(|kind| *kind != Inherits::Endpoint && !defines(seen, class, member))
            .map(|_| (act, what));
    }
    if member == "send" && python && asgi(seen, call).is_some() {
        let sure = belief(seen, call.with(object)) >= Belief::Perhaps;
        return asgi(seen, call).filter(|_| sure).map(|act| (act, "ASGI message".to_owned()));
    }
    if member == "handleUpgrade" {
        return Some((act, what));
    }
    let object = if member == "emit" || member == "send" { room_of(object) } else { object };
    let sure = match member {
        "emit" => is_io(seen, call.with(object)),
        _ => is_done(seen, call, call.with(object), says),
    };
    sure.then_some((act, what))
}

/// A method that says much needs less belief in its object than one that says little.
fn is_done<'t>(seen: &Seen<'t>, call: Spot<'t>, object: Spot<'t>, says: Says) -> bool {
    let awaited = || {
        let around = call.code.parent();
        around.is_some_and(|around| around.word() == "await" || around.word() == "await_expression")
    };
    match belief(seen, object) {
        Belief::Known | Belief::Called => true,
        Belief::Perhaps => !seen.is_python() || says == Says::Much || awaited(),
        Belief::Open => {
            says == Says::Much && seen.is_python() && awaited() && speaks_of_sockets(seen)
        }
        Belief::No => false,
    }
}

fn speaks_of_sockets(seen: &Seen<'_>) -> bool {
    let text = seen.text.text;
    text.contains("WebSocket") || text.contains("websocket")
}

/// `io` of `io.to(room)`, `socket` of `socket.broadcast`.
fn room_of(object: Code<'_>) -> Code<'_> {
    const ROOMS: [&str; 9] =
        ["to", "in", "except", "of", "timeout", "compress", "broadcast", "volatile", "local"];
    let mut code = object.bare();
    for _ in 0..6 {
        let inner = match code.kind() {
            Kind::Call => code.callee().filter(|callee| callee.kind() == Kind::Attribute),
            Kind::Attribute => Some(code),
            _ => None,
        };
        let room =
            inner.filter(|inner| inner.member().is_some_and(|member| ROOMS.contains(&member)));
        match room.and_then(Code::object) {
            Some(object) => code = object.bare(),
            None => break,
        }
    }
    code
}

/// A socket or server of socket.io, whose `emit` writes a frame; that of `ws` does not.
pub(super) fn is_io<'t>(seen: &Seen<'t>, object: Spot<'t>) -> bool {
    let origin = seen.origin(object);
    match &origin.root {
        Root::Library(library) => match library.as_str() {
            "socketio" | "flask_socketio" | "socket.io" | "socket.io-client" => return true,
            "ws" | "websockets" | "net" | "tls" | "events" => return false,
            _ => {}
        },
        Root::Global if origin.path.starts_with("io()") => return true,
        Root::Global if origin.path.starts_with("WebSocket") => return false,
        _ => {}
    }
    let last = object.code.member().unwrap_or(object.code.text());
    let of_io = seen.text.text.contains("socket.io") || seen.text.text.contains("socketio");
    match belief(seen, object) {
        Belief::No => false,
        Belief::Perhaps => true,
        Belief::Called | Belief::Known => of_io,
        Belief::Open => of_io && matches!(last, "io" | "sio" | "socketio" | "nsp" | "namespace"),
    }
}

fn defines(seen: &Seen<'_>, class: FrameId, member: &str) -> bool {
    let frame = seen.frame(class);
    frame.bound.iter().any(|bound| bound.name == member && matches!(bound.binding, Binding::Own(_)))
}

/// What a class inherits that makes it a socket.
pub(super) fn inherits(seen: &Seen<'_>, class: FrameId, depth: usize) -> Option<Inherits> {
    let depth = depth.checked_sub(1)?;
    super::bases::of(seen, class).into_iter().find_map(|base| {
        let origin = seen.origin(base);
        if let Root::Own(own) = origin.root {
            return if own == class { None } else { inherits(seen, own, depth) };
        }
        let real = origin.path;
        let last = real.rsplit('.').next().filter(|last| !last.is_empty());
        let last = last.unwrap_or_else(|| base.code.member().unwrap_or(base.code.text()));
        if last.ends_with("WebsocketConsumer") {
            Some(Inherits::Channels)
        } else if last.ends_with("WebSocketHandler") {
            Some(Inherits::Tornado)
        } else if last == "WebSocketEndpoint" {
            Some(Inherits::Endpoint)
        } else {
            (last == "WebSocket").then_some(Inherits::Socket)
        }
    })
}

/// An object in few letters.
pub(super) fn shown(object: Code<'_>) -> String {
    let text = object.text();
    let short = !text.contains('\n') && text.len() <= 48;
    let last = || object.member().unwrap_or("…");
    let shown = if short { text } else { last() };
    if named(shown) == Named::Otherwise || !short { shown.to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::scan::category::Category;
    use crate::scan::trial::holds;

    const ALL: [Category; 4] = [
        Category::SocketSend,
        Category::SocketAccept,
        Category::SocketClose,
        Category::SocketReceive,
    ];

    #[test]
    fn a_python_socket_is_told_by_its_type_its_making_or_its_name() {
        let text = r#"
import websockets, contextlib, asyncio
from fastapi import WebSocket as WS

class Stream:
    def __init__(self, peer: "WS"):
        self.peer = peer
        self._late = None

    @property
    def late(self) -> websockets.ClientConnection:
        return self._late

    async def run(self):
        await self.peer.accept()  # finds: socket-accept
        await self.late.send("x")  # finds: socket-send
        peer = await asyncio.wait_for(websockets.connect("ws://a"), 5)
        async for frame in peer:  # finds: socket-receive
            await peer.send(frame)  # finds: socket-send
        async with contextlib.AsyncExitStack() as stack:
            other = await stack.enter_async_context(websockets.connect("ws://b"))
            await other.close()  # finds: socket-close
        await self.mailer.send("x")
        self.file.close()
"#;
        holds(&[("a.py", text)], &ALL);
    }

    #[test]
    fn sockets_of_the_network_doubles_and_worksheets_are_none() {
        let text = r#"
import socket
from unittest.mock import AsyncMock
from openpyxl import Workbook

def serve(sock: socket.socket):
    peer, _ = sock.accept()
    peer.send(b"x")
    sock.close()

async def doubled():
    websocket = AsyncMock()
    await websocket.send_json({})

def sheets():
    ws = Workbook().create_sheet()
    ws.close()
    "websocket.send_text('x')"  # websocket.send_text("x")
"#;
        holds(&[("a.py", text)], &ALL);
    }

    #[test]
    fn consumers_handlers_and_asgi_messages_write_frames_without_a_socket_by_name() {
        let text = r#"
from channels.generic.websocket import AsyncJsonWebsocketConsumer as Base
import tornado.websocket

class Chat(Base):
    async def connect(self):
        await self.accept()  # finds: socket-accept

    async def receive_json(self, content):  # finds: socket-receive
        await self.send_json(content)  # finds: socket-send

class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message):  # finds: socket-receive
        self.write_message(message)  # finds: socket-send

class Mail:
    def send(self): ...
    def all(self):
        self.send()

async def app(scope, receive, send):
    await send({"type": "websocket.accept"})  # finds: socket-accept
    await send({"type": "http.response.start"})
    await safe_websocket_close(websocket)  # finds: socket-close
"#;
        holds(&[("a.py", text)], &ALL);
    }

    #[test]
    fn a_script_socket_is_found_in_refs_callbacks_and_collections() {
        let text = r"
import { WebSocketServer } from 'ws';
import { io, type Socket } from 'socket.io-client';
const server = new WebSocketServer({ port: 1 });
server.on('connection', (peer) => {
  peer.on('message', (data) => server.clients.forEach((c) => c.send(data))); // finds: socket-receive, socket-send
  server.emit('connection', peer);
});
class Held {
  private _s: Socket;
  get s(): Socket { return this._s; }
  go() { this.s.emit('join'); } // finds: socket-send
}
const chat = io('/');
chat.on('said', show); // finds: socket-receive
chat.on('disconnect', show);
function Chat() {
  const r = useRef<WebSocket | null>(null);
  r.current!.onmessage = show; // finds: socket-receive
  r.current = null;
  worker.onmessage = show;
  bus.emit('said');
}
";
        holds(&[("a.tsx", text)], &ALL);
    }
}
