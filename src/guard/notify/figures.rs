//! What the guard did, counted from its cards, and what became of the notices.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::guard::{DecisionCard, Deed, GuardRule};

/// One figure about what the guard did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardFigure {
    /// The metric's name, without `crossfade_` and `_total`.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// A label and its value.
    pub label: Option<(&'static str, String)>,
    /// True when it only grows.
    pub counts: bool,
    /// How much.
    pub value: u64,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct GuardCounts {
    trips: [AtomicU64; GuardRule::ALL.len()],
    would_have: [AtomicU64; GuardRule::ALL.len()],
    holds: AtomicU64,
    not_durable: AtomicU64,
    /// In thousandths of a person.
    spared: AtomicU64,
    /// Notices that neither the disk took nor the other end.
    pub lost: AtomicU64,
    /// Notices that the disk did not take.
    pub not_kept: AtomicU64,
    /// Attempts to send one of these that failed.
    pub send_failures: AtomicU64,
    /// Those that arrived all the same.
    pub sent_unkept: AtomicU64,
}

pub(super) fn one_more(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

impl GuardCounts {
    /// Counts what a card says was done, under the rule that acted.
    pub fn count(&self, card: &DecisionCard) {
        let first = card.found.first().map(|found| found.rule);
        let place = first.and_then(|rule| GuardRule::ALL.iter().position(|each| *each == rule));
        match card.deed {
            Deed::RolledBack { durable, .. } => {
                if let Some(place) = place {
                    one_more(&self.trips[place]);
                }
                if !durable {
                    one_more(&self.not_durable);
                }
                self.spare(card.without.map_or(0.0, |without| without.people_per_hour));
            }
            Deed::WouldHaveRolledBack => {
                if let Some(place) = place {
                    one_more(&self.would_have[place]);
                }
            }
            Deed::Held => one_more(&self.holds),
            Deed::WouldHaveHeld | Deed::HoldEnded => {}
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what fits"
    )]
    fn spare(&self, people: f64) {
        let thousandths = (people * 1e3).clamp(0.0, 1e15).round() as u64;
        self.spared.fetch_add(thousandths, Ordering::Relaxed);
    }

    /// Every figure; those of a name together.
    pub fn figures(&self) -> Vec<GuardFigure> {
        let by_rule = |name, help, counts: &[AtomicU64; GuardRule::ALL.len()]| {
            let read = GuardRule::ALL.iter().zip(counts);
            read.map(|(rule, count)| GuardFigure {
                name,
                help,
                label: Some(("rule", rule.code().to_owned())),
                counts: true,
                value: count.load(Ordering::Relaxed),
            })
            .collect::<Vec<_>>()
        };
        let plain =
            |name, help, value| GuardFigure { name, help, label: None, counts: true, value };
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let mut all = by_rule("guard_trips", "Rollbacks by the guard, by rule", &self.trips);
        let help = "Rollbacks that a component in dry run was spared, by rule";
        all.extend(by_rule("guard_would_have_tripped", help, &self.would_have));
        let spared = "People whom the guard's rollbacks spared a failure within an hour, estimated";
        let not_durable = "Rollbacks by the guard that held in memory alone";
        let lost = "Notices that reached no webhook and are not on the disk";
        all.extend([
            plain("guard_holds", "Holds by the guard that began", read(&self.holds)),
            plain("guard_people_spared", spared, read(&self.spared) / 1_000),
            plain("guard_rollbacks_not_durable", not_durable, read(&self.not_durable)),
            plain("webhooks_not_kept", "Notices the disk did not take", read(&self.not_kept)),
            plain(
                "webhooks_send_failures",
                "Attempts to send one from memory that failed",
                read(&self.send_failures),
            ),
            plain(
                "webhooks_sent_unkept",
                "Notices the disk did not take and that arrived all the same",
                read(&self.sent_unkept),
            ),
            plain("webhooks_lost", lost, read(&self.lost)),
        ]);
        all
    }
}
