//! The five critical events, where one is made.

use super::Anchor;
use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::kind::Kind;
use crate::scan::language::Language;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;

/// The five, as they are written on the wire.
const EVENTS: [&str; 5] =
    ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];

/// What a file must contain: the event as a text or as a constant.
pub(super) fn anchors(_settings: &Settings, _language: Language) -> Vec<Anchor> {
    let camel =
        ["AgentStarted", "AgentThinking", "ToolExecuting", "ToolCompleted", "AgentCompleted"];
    let upper = EVENTS.iter().map(|event| Anchor::one(&event.to_uppercase()));
    let plain = EVENTS.iter().map(|event| Anchor::one(event));
    plain.chain(upper).chain(camel.iter().map(|event| Anchor::one(event))).collect()
}

pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>) {
    tell(seen, call, Emission::of_call(call.code, &|code| seen.text_of(call.with(code))));
}

pub(super) fn at_dict<'t>(seen: &Seen<'t>, dict: Spot<'t>) {
    let emission = Emission::of_dict(dict.code, &|code| seen.text_of(dict.with(code)));
    if emission.is_some() && is_compared(dict.code) {
        return;
    }
    tell(seen, dict, emission);
}

/// `a = b`, a field of a class, `a += b`.
pub(super) fn at_assign<'t>(seen: &Seen<'t>, assign: Spot<'t>) {
    tell(seen, assign, Emission::of_assign(assign.code, &|code| seen.text_of(assign.with(code))));
}

/// One finding for what is made in one go: the frame in an emitting call is that call's.
fn tell<'t>(seen: &Seen<'t>, at: Spot<'t>, emission: Option<Emission>) {
    let Some(emission) = emission else { return };
    let told = seen.found.borrow().iter().any(|found| {
        found.category == Category::EventEmission
            && found.at.code.span().contains(&at.code.start())
            && found.what.starts_with(&emission.event)
    });
    if !told {
        seen.report(Category::EventEmission, at, emission.what());
    }
}

/// What stands in a comparison, or is expected by a test, is not sent.
fn is_compared(code: Code<'_>) -> bool {
    let compares = |around: Code<'_>| {
        around.kind() == Kind::Compare
            || around.kind() == Kind::Binary
                && ["==", "===", "!=", "!=="].iter().any(|sign| around.has_sign(sign))
    };
    let expects = |around: Code<'_>| {
        let callee = around.callee().filter(|_| around.kind() == Kind::Call);
        let name = callee.and_then(|callee| callee.member().or(Some(callee.text())));
        name.is_some_and(|name| EXPECTING.contains(&name) || name.starts_with("assert_"))
    };
    let around = std::iter::successors(code.parent(), |around| around.parent());
    around.take(4).any(|around| compares(around) || expects(around))
}

/// Keys under which a frame says what it is.
const TYPE_KEYS: [&str; 8] = [
    "type",
    "event",
    "event_type",
    "eventType",
    "message_type",
    "messageType",
    "event_name",
    "eventName",
];

/// First words of functions that hand an event on.
const EMITTERS: [&str; 13] = [
    "emit",
    "send",
    "publish",
    "dispatch",
    "notify",
    "broadcast",
    "push",
    "fire",
    "trigger",
    "post",
    "enqueue",
    "queue",
    "deliver",
];

/// First words of functions that make an event, if they say so: `create_event`.
const MAKERS: [&str; 4] = ["create", "make", "build", "new"];
const MADE: [&str; 6] = ["event", "message", "msg", "frame", "notification", "payload"];

/// Functions whose argument is what somebody expects.
const EXPECTING: [&str; 9] = [
    "toEqual",
    "toStrictEqual",
    "toMatchObject",
    "toContainEqual",
    "toHaveBeenCalledWith",
    "toHaveBeenLastCalledWith",
    "objectContaining",
    "assertEqual",
    "assertDictEqual",
];

/// An event that is made in a piece of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Emission {
    /// Its type, or both of a choice: `agent_started or agent_completed`.
    pub(super) event: String,
    /// How it is made: the keys of the frame, or the call.
    pub(super) shape: String,
}

/// Follows a name to the text that it stands for.
pub(super) type Follow<'f, 't> = &'f dyn Fn(Code<'t>) -> Option<String>;

impl Emission {
    /// What is told about it.
    pub(super) fn what(&self) -> String {
        format!("{}: {}", self.event, self.shape)
    }

    /// `{"type": "agent_started", …}`
    pub(super) fn of_dict<'t>(dict: Code<'t>, follow: Follow<'_, 't>) -> Option<Self> {
        let kind = dict.children().into_iter().find_map(|pair| {
            let key = key_of(pair).filter(|key| TYPE_KEYS.contains(key))?;
            Some((key, event_of(pair.value()?, follow, NESTED_MAX)?))
        });
        let (_, event) = kind?;
        Some(Self { event, shape: shape_of(dict, 0) })
    }

    /// `emit("agent_started", …)`, `Event(type=AGENT_STARTED)`, `dict(type="agent_started")`
    pub(super) fn of_call<'t>(call: Code<'t>, follow: Follow<'_, 't>) -> Option<Self> {
        let callee = call.callee()?;
        let name = match callee.kind() {
            Kind::Attribute => callee.member()?,
            Kind::Name => callee.text(),
            _ => return None,
        };
        let emits = is_emitter(name);
        let makes = name == "dict" || name.starts_with(|first: char| first.is_ascii_uppercase());
        if !emits && !makes {
            return None;
        }
        let arguments = call.arguments();
        // A list of types grows.
        if name == "push" && arguments.len() == 1 {
            return None;
        }
        let told = arguments.iter().enumerate().find_map(|(at, argument)| {
            let fits = match argument.name {
                Some(name) => TYPE_KEYS.contains(&name),
                None => at < 3 && (emits || at == 0 && name != "dict"),
            };
            fits.then(|| event_of(argument.value, follow, NESTED_MAX)).flatten()
        })?;
        if arguments.iter().any(|argument| says_itself(argument.value, follow, 3)) {
            return None;
        }
        let mut parts: Vec<String> = Vec::new();
        for argument in &arguments {
            let value = argument.value;
            let inner = if value.kind() == Kind::Dict { shape_of(value, 1) } else { String::new() };
            match argument.name {
                Some(name) => parts.push(format!("{name}{inner}")),
                None if !inner.is_empty() => parts.push(inner),
                None => {}
            }
        }
        Some(Self { event: told, shape: format!("{name}({})", parts.join(", ")) })
    }

    /// `frame["type"] = "agent_started"`, `frame.type = …`
    pub(super) fn of_assign<'t>(assign: Code<'t>, follow: Follow<'_, 't>) -> Option<Self> {
        let target = assign.target()?;
        let key = match target.kind() {
            Kind::Index => target.index()?.literal()?,
            Kind::Attribute => target.member()?,
            _ => return None,
        };
        if !TYPE_KEYS.contains(&key) {
            return None;
        }
        let event = event_of(assign.value()?, follow, NESTED_MAX)?;
        Some(Self { event, shape: format!("set as {key}") })
    }
}

/// True for a frame with its type, or an object around one: the finding is that frame.
fn says_itself<'t>(code: Code<'t>, follow: Follow<'_, 't>, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    code.kind() == Kind::Dict
        && (Emission::of_dict(code, follow).is_some()
            || code
                .children()
                .into_iter()
                .filter_map(Code::value)
                .any(|value| says_itself(value, follow, depth)))
}

/// How deep a choice in a choice is looked into.
const NESTED_MAX: usize = 6;

/// The event that an expression stands for.
fn event_of<'t>(code: Code<'t>, follow: Follow<'_, 't>, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    let code = code.bare();
    match code.kind() {
        Kind::Text | Kind::Template => known(code.literal()?).map(str::to_owned),
        Kind::Attribute if matches!(code.member(), Some("value" | "name")) => {
            event_of(code.object()?, follow, depth)
        }
        Kind::Attribute | Kind::Name | Kind::Index => {
            if let Some(text) = follow(code) {
                return known(&text).map(str::to_owned);
            }
            let last = match code.kind() {
                Kind::Attribute => code.member()?,
                Kind::Index => code.index()?.literal()?,
                _ => code.text(),
            };
            constant(last).map(str::to_owned)
        }
        Kind::Call => {
            // `str(EventType.AGENT_STARTED)`
            let text =
                code.callee().is_some_and(|callee| matches!(callee.text(), "str" | "String"));
            let arguments = code.arguments();
            event_of(arguments.first().filter(|_| text)?.value, follow, depth)
        }
        Kind::Other if is_choice(code) => {
            let branches = code.children();
            let told: Vec<String> =
                branches.into_iter().filter_map(|branch| event_of(branch, follow, depth)).collect();
            if told.is_empty() { None } else { Some(told.join(" or ")) }
        }
        _ => None,
    }
}

fn is_choice(code: Code<'_>) -> bool {
    matches!(code.word(), "conditional_expression" | "ternary_expression")
}

fn known(text: &str) -> Option<&'static str> {
    EVENTS.into_iter().find(|event| *event == text)
}

/// A constant is called as its text: `AGENT_STARTED`, `AgentStarted`.
fn constant(name: &str) -> Option<&'static str> {
    if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
        return None;
    }
    let bare: String = name.chars().filter(|letter| *letter != '_').collect();
    EVENTS.into_iter().find(|event| event.replace('_', "").eq_ignore_ascii_case(&bare))
}

fn is_emitter(name: &str) -> bool {
    let words = super::sockets::words_of(name);
    let mut words = words
        .iter()
        .map(String::as_str)
        .skip_while(|word| matches!(*word, "safe" | "safely" | "async" | "try" | "do"));
    let Some(first) = words.next() else { return false };
    EMITTERS.contains(&first) || MAKERS.contains(&first) && words.any(|word| MADE.contains(&word))
}

fn key_of(pair: Code<'_>) -> Option<&str> {
    match pair.kind() {
        Kind::Pair => {
            let key = pair.field(pair.fields().key)?;
            key.literal().or_else(|| (!pair.language().is_python()).then(|| key.text()))
        }
        Kind::Shorthand => Some(pair.text()),
        _ => None,
    }
}

/// The keys of a frame, with those of the objects in it: `{type, payload{status}, …}`.
fn shape_of(dict: Code<'_>, depth: usize) -> String {
    let mut keys = Vec::new();
    for pair in dict.children() {
        if pair.kind() == Kind::Spread || pair.word() == "dictionary_splat" {
            keys.push("…".to_owned());
            continue;
        }
        let Some(key) = key_of(pair) else { continue };
        let inner = pair.value().filter(|value| value.kind() == Kind::Dict && depth < 2);
        let inner = inner.map(|value| shape_of(value, depth + 1)).unwrap_or_default();
        keys.push(format!("{key}{inner}"));
    }
    format!("{{{}}}", keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::trial::{holds, scanned};

    const ONE: [Category; 1] = [Category::EventEmission];

    #[test]
    fn an_event_is_found_where_it_is_made_and_nowhere_else() {
        let text = r#"
from names import EventType, STARTED

async def run(bus, event, handlers):
    await bus.send({"type": "agent_started", "payload": {"status": 1}})  # finds: event-emission
    await bus.emit(EventType.TOOL_DONE, {"tool": 1})  # finds: event-emission
    frame = dict(type=STARTED)  # finds: event-emission
    frame["event"] = "agent_thinking" if event else "agent_completed"  # finds: event-emission
    bus.on("agent_started", handlers)
    bus.create_handler("agent_started", handlers)
    frame = bus.create_event("agent_started", {})  # finds: event-emission
    bus.send.assert_called_with({"type": "agent_started"})
    if event == {"type": "agent_started"} or event["type"] == "agent_started":
        log.info("agent_started")
    return {"agent_started": 1, "name": "agent_started"}, ["agent_started"]
"#;
        let names =
            "STARTED = 'agent_started'\nclass EventType:\n    TOOL_DONE = 'tool_completed'\n";
        holds(&[("names.py", names), ("a.py", text)], &ONE);
    }

    #[test]
    fn an_emission_tells_its_shape() {
        let text = "send({ type: 'agent_started', payload: { a, b: 1 }, ...rest });\n";
        let scan = scanned(&[("a.ts", text)]);
        let told: Vec<&str> = scan.findings.iter().map(|found| found.what.as_str()).collect();
        assert_eq!(told, ["agent_started: {type, payload{a, b}, …}"]);
    }
}
