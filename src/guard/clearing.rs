//! What the guard says to whoever wants to advance: people, documents, rollout plans.

use std::time::Duration;

use super::Guard;
use super::case::ruling::{Found, GuardRule, Ruling};
use super::watching::is_watched;
use crate::domain::{ComponentId, Timestamp};
use crate::flags::{Advance, Finding, Flag, GuardMode, GuardWord, Kind, Stage};

/// A legacy that has answered within this time can take traffic.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);

impl Guard {
    /// Why a change that raises exposure must wait. Only one that is made `in_earnest` is watched
    /// from then on.
    pub(super) fn clears(
        &self,
        before: &Flag,
        after: &Flag,
        in_earnest: bool,
    ) -> Result<(), String> {
        if in_earnest && after.stage.ssot_serves() && is_watched(after) {
            // From the first answer on, though the guard may not have looked since it was switched
            // on.
            self.0.ledger.book(&after.component).watch(true);
        }
        if before.limits.mode != GuardMode::Act || before.stage == Stage::Off {
            return Ok(());
        }
        let now = self.0.clock.now();
        let Some(watched) = self.0.watched.read().get(&before.component).cloned() else {
            return Ok(());
        };
        let ruling = watched.lock().rule(before, now);
        match (ruling, before.limits.advance) {
            (Ruling::Hold { found }, _) => Err(told(&found)),
            (Ruling::Trip { found }, _) => Err(told(&[found])),
            (Ruling::Wait { missing }, Advance::Certified) => Err(missing),
            (Ruling::Pass, Advance::Certified) => self.legacy_answers(after),
            (Ruling::Wait { .. } | Ruling::Pass, Advance::Unheld) => Ok(()),
        }
    }

    /// Whoever advances must be able to come back.
    fn legacy_answers(&self, flag: &Flag) -> Result<(), String> {
        let Some(answered) = self.0.heard.get().and_then(|heard| heard(&flag.component)) else {
            return Ok(());
        };
        let now = self.0.clock.now();
        match answered {
            Some(at) if now.since(at) <= ANSWERED_WITHIN => Ok(()),
            Some(_) | None => {
                Err("legacy has not answered within the last minute: there is no way back"
                    .to_owned())
            }
        }
    }

    /// The finding by which a plan may go on: the imported one, unless legacy refuses what SSOT
    /// signs, or that is looked at and was not seen.
    pub(super) fn certified(
        &self,
        component: &ComponentId,
        imported: Option<Finding>,
    ) -> Option<Finding> {
        let Some(matrix) = self.0.matrix.get().and_then(|known| known()) else { return imported };
        let snapshot = self.0.flags.snapshot();
        let flag = snapshot.flag(component.as_str())?;
        let (red, green) = match flag.kind {
            Kind::Tokens => (matrix.signs_out(), matrix.is_green()),
            Kind::Auth => (matrix.signs_out_at(component), matrix.is_green_at(component)),
            Kind::Session | Kind::Connections | Kind::Events => return imported,
        };
        match (red, green) {
            (Some(what), _) => Some(Finding { at: matrix.at, good: false, what }),
            (None, true) => imported,
            (None, false) => None,
        }
    }

    /// What the guard says to a rollout plan; `None` where it does not act.
    pub fn word(&self, component: &ComponentId, now: Timestamp) -> Option<GuardWord> {
        let snapshot = self.0.flags.snapshot();
        let flag = snapshot.flag(component.as_str())?;
        if flag.limits.mode != GuardMode::Act {
            return None;
        }
        let watched = self.0.watched.read().get(component).cloned()?;
        let ruling = watched.lock().rule(flag, now);
        Some(match ruling {
            Ruling::Pass => GuardWord::Content { at: now },
            Ruling::Wait { missing } => GuardWord::Waiting { at: now, why: missing },
            Ruling::Hold { found } if found.iter().all(passes) => {
                GuardWord::Waiting { at: now, why: told(&found) }
            }
            Ruling::Hold { found } => GuardWord::Unhappy { at: now, why: told(&found) },
            Ruling::Trip { found } => GuardWord::Unhappy { at: now, why: told(&[found]) },
        })
    }
}

/// True for what holds and passes by itself.
fn passes(found: &Found) -> bool {
    match found.rule {
        GuardRule::ErrorRate | GuardRule::Outcomes => true,
        GuardRule::Regression
        | GuardRule::Security
        | GuardRule::Divergence
        | GuardRule::Latency
        | GuardRule::Sockets
        | GuardRule::GoldenPath
        | GuardRule::Harm
        | GuardRule::Failover
        | GuardRule::Window => false,
    }
}

fn told(found: &[Found]) -> String {
    let found: Vec<String> =
        found.iter().map(|found| format!("{}: {}", found.rule.code(), found.what)).collect();
    found.join("; ")
}
