//! Where frames are read that a library hands in: listeners, loops, methods.

use super::acts::{Inherits, inherits, is_io, shown};
use super::judge::{Belief, belief, is_self};
use super::words::Act;
use crate::scan::code::Code;
use crate::scan::frame::{FrameId, FrameKind};
use crate::scan::kind::Kind;
use crate::scan::seen::{Seen, Spot};

/// Names of events in the life of a socket, which bring no frame.
const LIFE: [&str; 16] = [
    "connect",
    "connection",
    "connect_error",
    "connect_timeout",
    "disconnect",
    "disconnecting",
    "reconnect",
    "reconnect_attempt",
    "reconnect_error",
    "reconnect_failed",
    "error",
    "close",
    "open",
    "end",
    "ping",
    "pong",
];

/// `addEventListener("message", …)`, `on("message", …)`: frames are read from here on.
pub(super) fn of<'t>(
    seen: &Seen<'t>,
    call: Spot<'t>,
    member: &str,
    object: Code<'t>,
) -> Option<Act> {
    let listens = matches!(member, "addEventListener" | "on" | "once" | "addListener");
    if !listens {
        return None;
    }
    let first = call.code.arguments().into_iter().next()?;
    let event = seen.text_of(call.with(first.value))?;
    if seen.is_python() {
        let told = member == "on" && is_io(seen, call.with(object)) && !LIFE.contains(&&*event);
        return told.then_some(Act::Receive);
    }
    let believed = belief(seen, call.with(object)) >= Belief::Perhaps;
    let told = match event.as_str() {
        "message" => believed || is_io(seen, call.with(object)),
        event if LIFE.contains(&event) || member == "addEventListener" => false,
        "data" | "timeout" | "drain" | "lookup" | "ready" | "upgrade" | "unexpected-response" => {
            false
        }
        _ => is_io(seen, call.with(object)),
    };
    told.then_some(Act::Receive)
}

/// `async for message in ws`, `for await (const message of ws)`
pub(super) fn at_for<'t>(seen: &Seen<'t>, iteration: Spot<'t>) {
    let code = iteration.code;
    if !code.has_sign("async") && !code.has_sign("await") {
        return;
    }
    let Some(all) = code.field(code.fields().right).map(Code::bare) else { return };
    if all.kind() != Kind::Call && belief(seen, iteration.with(all)) >= Belief::Perhaps {
        let what = format!("async for over {}", shown(all));
        seen.report(Act::Receive.category(), iteration, what);
    }
}

/// `ws.onmessage = …`
pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    let Some(target) = assign.code.target().filter(|target| target.kind() == Kind::Attribute)
    else {
        return;
    };
    if target.member() != Some("onmessage") {
        return;
    }
    let (Some(object), Some(value)) = (target.object(), assign.code.value()) else { return };
    let taken_away = matches!(value.text(), "null" | "undefined");
    let own = || {
        let class = seen.class_of(assign.frame).filter(|_| is_self(object));
        class.is_some_and(|class| inherits(seen, class, 4) == Some(Inherits::Socket))
    };
    if !taken_away && (belief(seen, assign.with(object)) >= Belief::Perhaps || own()) {
        seen.report(Act::Receive.category(), assign, format!("{}.onmessage", shown(object)));
    }
}

/// Methods that a library calls with each frame.
pub(super) fn at_method(seen: &Seen<'_>, function: FrameId) {
    let frame = seen.frame(function);
    let Some(class) = frame.parent.filter(|parent| seen.frame(*parent).kind == FrameKind::Class)
    else {
        return;
    };
    let reads = match frame.name {
        "receive" | "receive_json" | "websocket_receive" => Inherits::Channels,
        "on_message" => Inherits::Tornado,
        "on_receive" => Inherits::Endpoint,
        _ => return,
    };
    if inherits(seen, class, 4) == Some(reads) {
        let at = Spot { code: frame.code, frame: class };
        seen.report(
            Act::Receive.category(),
            at,
            format!("{} is called with each frame", frame.name),
        );
    }
}
