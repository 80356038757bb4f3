//! Which components ask for somebody, and why.

use crate::flags::Flag;
use crate::ledger::Counter;
use crate::web::pages::known::{Health, Known};

/// Why a component asks for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// SSOT let in, within the hour, whom legacy refuses.
    Alarm,
    /// It was rolled back and not released since.
    RolledBack,
    /// The guard holds it, or is about to roll it back.
    Wary,
    /// Somebody holds it.
    Held,
}

impl Due {
    /// Every reason, the gravest first.
    pub const ALL: [Self; 4] = [Self::Alarm, Self::RolledBack, Self::Wary, Self::Held];

    /// Why this component does; empty where it asks for nobody.
    pub fn of(flag: &Flag, known: &Known) -> Vec<Self> {
        Self::ALL.into_iter().filter(|due| due.holds(flag, known)).collect()
    }

    fn holds(self, flag: &Flag, known: &Known) -> bool {
        match self {
            Self::Alarm => {
                let mut classes = flag.kind.classes().iter().filter(|class| class.is_alarm());
                classes.any(|class| known.hour.count(Counter::Mismatched(*class)) > 0)
            }
            Self::RolledBack => flag.latch.is_some(),
            Self::Wary => match known.meter.health {
                Health::Holds | Health::Trips => true,
                Health::Unwatched | Health::Waits | Health::Cleared => false,
            },
            Self::Held => flag.hold.is_some(),
        }
    }

    /// What is said of the components together.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Alarm => "security alarms within the hour",
            Self::RolledBack => "rolled back, not released",
            Self::Wary => "the guard holds",
            Self::Held => "held",
        }
    }
}
