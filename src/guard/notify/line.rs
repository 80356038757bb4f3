//! One line of the log for every card.

use crate::guard::{DecisionCard, Deed};

/// The most characters of a finding in a line or a notice.
const WORDS_MAX: usize = 500;

/// At most so much of a text.
pub(super) fn clipped(text: &str) -> String {
    if text.chars().count() <= WORDS_MAX {
        return text.to_owned();
    }
    text.chars().take(WORDS_MAX - 1).chain(['…']).collect()
}

/// Writes the line; alarms as errors.
pub(super) fn log(card: &DecisionCard) {
    let first = card.found.first();
    let (rule, what) =
        first.map_or(("", String::new()), |found| (found.rule.code(), clipped(&found.what)));
    let deed = said(&card.deed);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(component = %card.component, card.id = card.id,
                guard.deed = card.deed.code(), guard.rule = rule, guard.found = what,
                guard.attempt = card.attempt, flag.stage = card.stage.name(),
                flag.revision = card.revision.0, published.after_us = card.published_after_us,
                "{deed}")
        };
    }
    match (card.is_alarm(), &card.deed) {
        (true, _) => line!(error),
        (false, Deed::RolledBack { .. } | Deed::WouldHaveRolledBack | Deed::Held) => line!(warn),
        (false, Deed::WouldHaveHeld | Deed::HoldEnded) => line!(info),
    }
}

const fn said(deed: &Deed) -> &'static str {
    match deed {
        Deed::RolledBack { durable: true, .. } => "the guard has rolled a component back",
        Deed::RolledBack { durable: false, .. } => {
            "the guard has rolled a component back, and the disk does not know: a restart may \
             forget it"
        }
        Deed::WouldHaveRolledBack => "the guard would have rolled a component back",
        Deed::WouldHaveHeld => "the guard would have held a component",
        Deed::Held => "the guard holds a component: it may not be raised",
        Deed::HoldEnded => "the guard no longer holds a component",
    }
}
