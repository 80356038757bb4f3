//! What kind of news a card is.

use crate::guard::{DecisionCard, Deed, GuardRule};

/// A kind of news that a webhook can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A component was rolled back.
    RolledBack,
    /// A component may not be raised.
    Held,
    /// It may be raised again.
    HoldEnded,
    /// A component that is only watched would have been rolled back.
    WouldHaveRolledBack,
    /// Whatever somebody should be woken for.
    Alarm,
}

impl NoticeKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::RolledBack, Self::Held, Self::HoldEnded, Self::WouldHaveRolledBack, Self::Alarm];

    /// As in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RolledBack => "rolled_back",
            Self::Held => "held",
            Self::HoldEnded => "hold_ended",
            Self::WouldHaveRolledBack => "would_have_rolled_back",
            Self::Alarm => "alarm",
        }
    }

    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// True when a card is news of this kind. A card may be of two: an alarm is also what was done.
    pub fn fits(self, card: &DecisionCard) -> bool {
        match self {
            Self::RolledBack => matches!(card.deed, Deed::RolledBack { .. }),
            Self::Held => card.deed == Deed::Held,
            Self::HoldEnded => card.deed == Deed::HoldEnded,
            Self::WouldHaveRolledBack => card.deed == Deed::WouldHaveRolledBack,
            Self::Alarm => card.is_alarm(),
        }
    }
}

impl Deed {
    /// The machine-readable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::RolledBack { .. } => "rolled_back",
            Self::WouldHaveRolledBack => "would_have_rolled_back",
            Self::Held => "held",
            Self::WouldHaveHeld => "would_have_held",
            Self::HoldEnded => "hold_ended",
        }
    }
}

impl DecisionCard {
    /// True where somebody should be woken: security is at stake, both sides fail, or a rollback
    /// is one that a restart may forget.
    pub fn is_alarm(&self) -> bool {
        let security = self.found.iter().any(|found| found.rule == GuardRule::Security);
        match self.deed {
            Deed::HoldEnded => false,
            Deed::RolledBack { durable, .. } => security || !durable,
            Deed::Held => {
                let common = self.found.iter().any(|found| found.rule == GuardRule::ErrorRate);
                security || common
            }
            Deed::WouldHaveRolledBack | Deed::WouldHaveHeld => security,
        }
    }
}
