//! How an event fared.

use crate::domain::{
    ConnectionId, EventId, EventKind, MismatchClass, RunId, Sequence, Side, Subject,
};

/// How one event fared on one connection, by one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventVerdict {
    /// By whose doing.
    pub side: Side,
    /// Where.
    pub connection: ConnectionId,
    /// Whose event it is.
    pub user: Subject,
    /// The run it belongs to.
    pub run: Option<RunId>,
    /// What it tells.
    pub kind: EventKind,
    /// Its name.
    pub id: Option<EventId>,
    /// Its place in its user's log.
    pub sequence: Option<Sequence>,
    /// True when it was recognised by its name, false when by what it says.
    pub by_name: bool,
    /// How it fared.
    pub outcome: Outcome,
}

/// How an event fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Arrived as published.
    Match,
    /// Arrived, as far as that can be said of a frame without a name.
    Uncertain,
    /// Did not arrive.
    Lost,
    /// Arrived again.
    Repeated,
    /// Arrived behind a later event of its run.
    Reordered,
    /// Written to somebody else's socket.
    Misdelivered,
    /// Arrived, with other content; the fields that differ, at most those that are told apart.
    BodyDiffers(Vec<Box<str>>),
    /// Arrived late. One that was told lost before is told late besides.
    Late,
    /// Nobody has published it.
    Unexpected,
}

impl Outcome {
    /// How many there are.
    pub(super) const COUNT: usize = 9;

    /// The machine-readable codes, in the order of the outcomes.
    pub const CODES: [&str; Self::COUNT] = [
        "match",
        "uncertain",
        "lost",
        "repeated",
        "reordered",
        "misdelivered",
        "body_differs",
        "late",
        "unexpected",
    ];

    /// Its place among the codes.
    pub(super) const fn place(&self) -> usize {
        match self {
            Self::Match => 0,
            Self::Uncertain => 1,
            Self::Lost => 2,
            Self::Repeated => 3,
            Self::Reordered => 4,
            Self::Misdelivered => 5,
            Self::BodyDiffers(_) => 6,
            Self::Late => 7,
            Self::Unexpected => 8,
        }
    }

    /// The class under which it is counted; `None` when it is none, or when nobody can say whose
    /// fault it is.
    pub const fn class(&self) -> Option<MismatchClass> {
        match self {
            Self::Match | Self::Uncertain | Self::Unexpected => None,
            Self::Lost => Some(MismatchClass::EventLost),
            Self::Repeated => Some(MismatchClass::EventRepeated),
            Self::Reordered => Some(MismatchClass::EventReordered),
            Self::Misdelivered => Some(MismatchClass::Misdelivered),
            Self::BodyDiffers(_) => Some(MismatchClass::BodyDiffers),
            Self::Late => Some(MismatchClass::Late),
        }
    }

    /// The machine-readable code.
    pub const fn code(&self) -> &'static str {
        Self::CODES[self.place()]
    }
}
