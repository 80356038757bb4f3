//! Frames of which nobody knows yet what they are.

use std::collections::VecDeque;
use std::time::Duration;

use super::told::Told;
use crate::domain::{ConnectionId, Side, Subject, Timestamp};

/// A frame, as it was written.
#[derive(Debug)]
pub(super) struct Stray {
    /// The order of writing.
    pub number: u64,
    pub side: Side,
    pub connection: ConnectionId,
    /// The open connection of that name and owner, if there was one.
    pub line: Option<u64>,
    pub owner: Subject,
    pub told: Told,
    pub at: Timestamp,
}

/// Frames of which nobody knows yet what they are, oldest first.
#[derive(Debug, Default)]
pub(super) struct Strays(VecDeque<Stray>);

impl Strays {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One that comes back takes its old place.
    pub fn push(&mut self, stray: Stray) {
        let later = self.0.iter().rev().take_while(|other| other.number > stray.number).count();
        self.0.insert(self.0.len() - later, stray);
    }

    pub fn pop(&mut self) -> Option<Stray> {
        self.0.pop_front()
    }

    /// The oldest, when it has waited long enough.
    pub fn pop_due(&mut self, wait: Duration, now: Timestamp) -> Option<Stray> {
        let due = self.0.front().is_some_and(|stray| stray.at.plus(wait) <= now);
        if due { self.0.pop_front() } else { None }
    }

    /// Those that may be the event that has just been published.
    pub fn take_maybe(&mut self, told: &Told) -> Vec<Stray> {
        let maybe = |stray: &Stray| {
            let named = stray.told.id.is_some() && stray.told.id == told.id;
            named || (stray.told.may_share_name(told) && stray.told.is_like(told))
        };
        if !self.0.iter().any(maybe) {
            return Vec::new();
        }
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(maybe);
        self.0 = left;
        taken.into()
    }

    /// One that may be an event which has not come to this connection: the same but for its name,
    /// or else another body at the same step of the run.
    pub fn take_instead(&mut self, side: Side, line: u64, told: &Told) -> Option<Stray> {
        let here = |stray: &Stray| stray.side == side && stray.line == Some(line);
        let position = |fits: &dyn Fn(&Stray) -> bool| {
            self.0.iter().position(|stray| here(stray) && fits(stray))
        };
        let place = position(&|stray| stray.told.is_like(told))
            .or_else(|| position(&|stray| stray.told.shares_step(told)))?;
        self.0.remove(place)
    }
}
