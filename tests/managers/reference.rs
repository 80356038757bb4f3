//! A delivery that is right, as simply as can be: a log for each user, and a place in it for each
//! connection.

use std::collections::BTreeMap;

use crossfade::domain::{Condition, ConnectionId, Subject};

/// A delivery that is right.
#[derive(Default)]
pub struct Reference {
    logs: BTreeMap<Subject, Vec<String>>,
    seats: BTreeMap<ConnectionId, Seat>,
}

struct Seat {
    user: Subject,
    /// How many of the log's events the client has.
    after: usize,
    condition: Condition,
}

impl Reference {
    pub fn publish(&mut self, user: &Subject, frame: String) {
        self.logs.entry(user.clone()).or_default().push(frame);
    }

    pub fn connect(&mut self, connection: &ConnectionId, user: &Subject, after: usize) {
        let seat = Seat { user: user.clone(), after, condition: Condition::Ready };
        self.seats.insert(connection.clone(), seat);
    }

    pub fn condition(&mut self, connection: &ConnectionId, condition: Condition) {
        if let Some(seat) = self.seats.get_mut(connection) {
            seat.condition = condition;
        }
    }

    /// How far the client had come.
    pub fn disconnect(&mut self, connection: &ConnectionId) -> usize {
        self.seats.remove(connection).map_or(0, |seat| seat.after)
    }

    /// What the sockets take now, in order.
    pub fn writable(&mut self) -> Vec<(ConnectionId, String)> {
        let mut frames = Vec::new();
        for (connection, seat) in &mut self.seats {
            let Some(log) = self.logs.get(&seat.user) else { continue };
            if matches!(seat.condition, Condition::Ready | Condition::Slow) {
                let rest = log[seat.after..].iter();
                frames.extend(rest.map(|frame| (connection.clone(), frame.clone())));
                seat.after = log.len();
            }
        }
        frames
    }
}
