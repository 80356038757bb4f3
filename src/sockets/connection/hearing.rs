//! What a connection does with what its client says.

use super::{Connection, Message, MessageFault, Received};

impl Connection {
    /// True for a message that this manager answers, whoever serves: one about positions, runs or
    /// tokens. Others a legacy manager may want to see.
    pub fn answers(text: &str) -> bool {
        match Message::parse(text) {
            Ok(
                Message::Acknowledge(_)
                | Message::Resume(_)
                | Message::Subscribe(_)
                | Message::Unsubscribe(_)
                | Message::Authenticate(_),
            ) => true,
            Ok(Message::Ping | Message::Publish(_) | Message::Forward(_)) | Err(_) => false,
        }
    }

    /// Takes a message of the client's. Answers come out of [`Connection::next`].
    pub fn received(&mut self, text: &str) -> Received {
        self.heard();
        match Message::parse(text) {
            Ok(message) => self.act(message),
            Err(fault) => {
                self.complain(&fault);
                Received::Done
            }
        }
    }

    fn act(&mut self, message: Message) -> Received {
        match message {
            Message::Ping => {
                let now = self.shared.clock.now().rfc3339();
                self.reply(serde_json::json!({ "type": "pong", "timestamp": now }).to_string());
            }
            Message::Acknowledge(position) => self.seat.acknowledge(position),
            Message::Resume(position) => self.resume(position),
            Message::Subscribe(run) => self.subscribe(run),
            Message::Unsubscribe(run) => self.runs.retain(|known| *known != run),
            Message::Authenticate(token) => return Received::Renew(token),
            Message::Publish(event) if self.may_publish => return Received::Publish(event),
            Message::Publish(_) => {
                self.refuse("not_allowed", "only a service's token may publish");
            }
            Message::Forward(message) => return Received::Forward(message),
        }
        Received::Done
    }

    /// Tells the client that its message was refused.
    pub fn refuse(&mut self, code: &str, detail: &str) {
        let error = serde_json::json!({ "type": "error", "code": code, "detail": detail });
        self.reply(error.to_string());
    }

    fn complain(&mut self, fault: &MessageFault) {
        match fault {
            MessageFault::Event(fault) => {
                let error = serde_json::json!({
                    "type": "error",
                    "code": "invalid_event",
                    "detail": fault.problem,
                    "pointer": format!("/event{}", fault.pointer),
                });
                self.reply(error.to_string());
            }
            MessageFault::Unreadable => self.refuse("unreadable", &fault.to_string()),
            MessageFault::Field(_) => self.refuse("invalid_message", &fault.to_string()),
        }
    }
}
