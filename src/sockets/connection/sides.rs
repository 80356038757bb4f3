//! Who writes to a connection beside which there is a legacy manager.

use tokio::time::Instant;

use super::{About, Connection, Legacy, Position, RunId, Side, count, wire};

impl Connection {
    /// Changes the side that serves, if that is due. The client is told where SSOT goes on.
    pub(super) fn changes_side(&mut self) -> bool {
        let Some(handover) = &mut self.handover else { return false };
        let now = Instant::now();
        handover.want(self.seat.side(), now);
        let end = self.user.state.lock().log.end();
        let Some(from) = handover.change(self.cursor, end.after, now) else { return false };
        let to_legacy = handover.side() == Side::Legacy;
        self.allowed = end.after;
        if to_legacy {
            self.cursor = from;
            return false;
        }
        self.go_on(Position { after: from, ..end });
        true
    }

    /// Goes on behind `position`, or behind what is lost since. The client is told which.
    fn go_on(&mut self, position: Position) {
        let (from, gap) = self.user.state.lock().log.resume(position);
        self.cursor = from;
        match gap {
            Some(gap) => self.tell_gap(gap),
            None => self.reply(wire::position(Position { after: from, ..position })),
        }
    }

    /// Rules on a frame that legacy wants to write. Whoever asks has written first what
    /// [`Connection::ready`] has.
    pub fn legacy(&mut self, about: &About) -> Legacy {
        let Some(handover) = &mut self.handover else { return Legacy::Swallow };
        let event = match about {
            About::Event(event) => event,
            About::Nothing => return Legacy::Write,
            About::Nameless { .. } if handover.side() == Side::Legacy => return Legacy::Write,
            About::Nameless { known: true } => return Legacy::Swallow,
            About::Nameless { known: false } => {
                count(&self.shared.counts.uncertain);
                return Legacy::Write;
            }
        };
        let place = self.user.state.lock().log.place_of(event);
        let ruling = handover.legacy(event, place, self.cursor);
        self.unwritten = place.filter(|_| ruling == Legacy::Write);
        count(match ruling {
            Legacy::Write => &self.shared.counts.legacy_written,
            Legacy::Swallow => &self.shared.counts.legacy_swallowed,
        });
        ruling
    }

    /// True when the log of the connection's user has events of that run.
    pub fn knows_run(&self, run: &RunId) -> bool {
        self.user.state.lock().runs.knows(run)
    }

    /// True while SSOT still serves, and legacy is to: legacy's frames had better wait.
    pub fn leaves_ssot(&self) -> bool {
        self.handover.as_ref().is_some_and(|handover| handover.leaves_ssot())
    }

    /// The side that serves the connection now.
    pub fn side(&self) -> Side {
        self.handover.as_ref().map_or(Side::Ssot, |handover| handover.side())
    }
}
