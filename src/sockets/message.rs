//! What clients say.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::domain::{Event, EventFault, Position, RunId, Token};

/// Longest `type` of a message, in bytes.
const KIND_MAX: usize = 64;

/// A message for somebody behind the manager.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientMessage {
    /// Its `type`.
    pub kind: Box<str>,
    /// The whole message, as it came.
    pub text: Box<str>,
}

impl std::fmt::Debug for ClientMessage {
    /// What people write is nobody's business.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClientMessage({:?}, {} bytes)", self.kind, self.text.len())
    }
}

/// Why a message cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// Not a JSON object with a `type`.
    #[error("a message is a JSON object with a `type` of 1 to 64 bytes")]
    Unreadable,
    /// A field of a message that the manager answers is missing or of another type.
    #[error("{0}")]
    Field(&'static str),
    /// The event to publish.
    #[error("{0}")]
    Event(EventFault),
}

/// A message, by whoever it is for.
#[derive(Debug)]
pub(super) enum Message {
    Ping,
    Acknowledge(Position),
    Resume(Position),
    Subscribe(RunId),
    Unsubscribe(RunId),
    Authenticate(Token),
    Publish(Box<Event>),
    Forward(ClientMessage),
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct At {
    epoch: crate::domain::Epoch,
    after: crate::domain::Sequence,
}

#[derive(Deserialize)]
struct OfRun {
    run_id: String,
}

#[derive(Deserialize)]
struct Authenticate {
    token: String,
}

#[derive(Deserialize)]
struct Publish<'a> {
    #[serde(borrow)]
    event: &'a RawValue,
}

impl Message {
    pub fn parse(text: &str) -> Result<Self, MessageFault> {
        let head: Head = serde_json::from_str(text).map_err(|_| MessageFault::Unreadable)?;
        if head.kind.is_empty() || head.kind.len() > KIND_MAX {
            return Err(MessageFault::Unreadable);
        }
        Ok(match head.kind.as_str() {
            "ping" => Self::Ping,
            "ack" => Self::Acknowledge(position(text)?),
            "resume" => Self::Resume(position(text)?),
            "subscribe" => Self::Subscribe(run(text)?),
            "unsubscribe" => Self::Unsubscribe(run(text)?),
            "authenticate" => {
                let fault = MessageFault::Field("`authenticate` has a `token`");
                let message: Authenticate = serde_json::from_str(text).map_err(|_| fault)?;
                Self::Authenticate(Token::new(&message.token))
            }
            "publish" => {
                let fault = MessageFault::Field("`publish` has an `event`");
                let message: Publish<'_> = serde_json::from_str(text).map_err(|_| fault)?;
                let event = Event::parse(message.event.get().as_bytes());
                Self::Publish(Box::new(event.map_err(MessageFault::Event)?))
            }
            _ => Self::Forward(ClientMessage { kind: head.kind.into(), text: text.into() }),
        })
    }
}

fn position(text: &str) -> Result<Position, MessageFault> {
    let fault = MessageFault::Field("a position has a whole `epoch` and a whole `after`");
    let at: At = serde_json::from_str(text).map_err(|_| fault)?;
    Ok(Position { epoch: at.epoch, after: at.after })
}

fn run(text: &str) -> Result<RunId, MessageFault> {
    let fault = || MessageFault::Field("a `run_id` is a text of 1 to 128 bytes");
    let of: OfRun = serde_json::from_str(text).map_err(|_| fault())?;
    RunId::parse(&of.run_id).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manager_s_own_messages_are_read_and_all_others_are_passed_on() {
        let read = |text| Message::parse(text).expect("a message");
        assert!(matches!(read(r#"{"type":"ping"}"#), Message::Ping));
        let resumed = read(r#"{"type":"resume","epoch":3,"after":9,"thread_id":"t"}"#);
        assert!(matches!(resumed, Message::Resume(at) if (at.epoch.0, at.after.0) == (3, 9)));
        let Message::Forward(message) = read(r#"{"type":"user_message","content":"hi"}"#) else {
            panic!("passed on");
        };
        assert_eq!(&*message.kind, "user_message");
        assert_eq!(format!("{message:?}"), "ClientMessage(\"user_message\", 38 bytes)");
    }

    #[test]
    fn what_is_no_message_is_told_apart() {
        for text in ["", "[]", "{}", r#"{"type":7}"#, r#"{"type":""}"#, "\"ping\""] {
            assert_eq!(
                Message::parse(text).expect_err("a fault"),
                MessageFault::Unreadable,
                "{text}"
            );
        }
        for text in [
            r#"{"type":"resume"}"#,
            r#"{"type":"resume","epoch":-1,"after":0}"#,
            r#"{"type":"subscribe","run_id":""}"#,
            r#"{"type":"authenticate"}"#,
            r#"{"type":"publish"}"#,
        ] {
            assert!(matches!(Message::parse(text), Err(MessageFault::Field(_))), "{text}");
        }
        let text = r#"{"type":"publish","event":{"type":"x","user_id":"a"}}"#;
        assert!(matches!(Message::parse(text), Err(MessageFault::Event(_))));
    }
}
