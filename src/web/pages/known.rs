//! What is known about a component, for the lines that show it.

use std::time::Duration;

use crate::compare::MismatchClass;
use crate::flags::{Flag, GuardMode, Stage};
use crate::guard::{GuardRule, GuardView, Ruling, Standing};
use crate::ledger::{Counter, Tally};
use crate::report::percent_text;
use crate::web::Rooms;
use crate::web::live::{Past, PastLine};
pub(in crate::web::pages) use crate::web::pages::figure::thousands;

/// Of what time the first figures are.
const LATELY: Duration = Duration::from_hours(1);

/// What is known about a component.
pub(in crate::web::pages) struct Known {
    /// Counts of the last hour.
    pub hour: Tally,
    /// Its last day; `None` while that is being read.
    pub past: Option<PastLine>,
    /// What the guard makes of it.
    pub meter: Meter,
}

impl Known {
    pub fn of(rooms: &Rooms, flag: &Flag, past: Option<&Past>) -> Self {
        let book = rooms.ledger.book(&flag.component);
        let view = rooms.guard.view(&flag.component).ok();
        Self {
            hour: book.window(LATELY, rooms.clock.now()),
            past: past.and_then(|past| past.of(&flag.component).cloned()),
            meter: view.as_ref().map(Meter::of).unwrap_or_default(),
        }
    }

    /// The worst class of difference of the last hour that nobody has accepted.
    pub fn worst(&self, flag: &Flag) -> Option<(MismatchClass, u64)> {
        let counted = |class: &MismatchClass| self.hour.count(Counter::Mismatched(*class));
        let mut found = flag.kind.classes().iter().filter(|class| counted(class) > 0);
        // Alarms first, then as they are shown.
        let alarm = found.clone().find(|class| class.is_alarm());
        alarm.or_else(|| found.next()).map(|class| (*class, counted(class)))
    }
}

/// What the guard makes of a component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::web::pages) enum Health {
    /// It does not look.
    #[default]
    Unwatched,
    /// Nothing speaks against the component; more must be seen.
    Waits,
    /// It may advance.
    Cleared,
    /// It may not.
    Holds,
    /// It must go back.
    Trips,
}

impl Health {
    /// The class of its mark.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Unwatched | Self::Waits => "calm",
            Self::Cleared => "good",
            Self::Holds => "warm",
            Self::Trips => "hot",
        }
    }

    /// In a word or two.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unwatched => "not watched",
            Self::Waits => "gathering evidence",
            Self::Cleared => "cleared to advance",
            Self::Holds => "guard holds",
            Self::Trips => "guard rolls back",
        }
    }
}

/// The guard's evidence: how far toward a rollback, how far toward a certificate.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::web::pages) struct Meter {
    pub health: Health,
    /// Why it holds or trips; empty otherwise.
    pub why: String,
    /// How far the worst rule is on its way to act, in percent of the evidence it needs; evidence
    /// multiplies, so its logarithm is what adds up.
    pub trip: u8,
    /// Which rule that is; empty while none has anything.
    pub rule: &'static str,
    /// The same of the certificate.
    pub pass: u8,
    /// Clean subjects so far, and those still missing.
    pub clean: u64,
    pub missing: u64,
    pub failed: u64,
}

impl Meter {
    pub fn of(view: &GuardView) -> Self {
        let certificate = &view.certificate;
        let (rule, trip) = worst(&view.standings);
        let (health, why) = match &view.ruling {
            Ruling::Wait { .. } => (Health::Waits, String::new()),
            Ruling::Pass => (Health::Cleared, String::new()),
            Ruling::Hold { found } => {
                let all: Vec<&str> = found.iter().map(|found| &*found.what).collect();
                (Health::Holds, all.join("; "))
            }
            Ruling::Trip { found } => (Health::Trips, found.what.clone()),
        };
        let is_watched = view.limits.mode != GuardMode::Off
            && view.stage != Stage::Off
            && view.stage != Stage::Complete;
        Self {
            health: if is_watched { health } else { Health::Unwatched },
            why,
            trip,
            rule,
            pass: way(certificate.value, certificate.certified_at),
            clean: certificate.subjects.saturating_sub(certificate.failed),
            missing: certificate.clean_subjects_missing,
            failed: certificate.failed,
        }
    }

    /// What the left half says.
    pub fn trip_words(&self) -> String {
        match (self.health, self.trip) {
            (Health::Unwatched, _) => "the guard does not look".to_owned(),
            (Health::Holds | Health::Trips, _) => self.why.clone(),
            (Health::Waits | Health::Cleared, 0) => "nothing toward a rollback".to_owned(),
            (Health::Waits | Health::Cleared, part) => {
                format!("{part} % of the evidence for a rollback ({})", self.rule)
            }
        }
    }

    /// What the right half says.
    pub fn pass_words(&self) -> String {
        let clean = thousands(self.clean);
        match (self.health, self.missing) {
            (Health::Unwatched, _) => String::new(),
            (_, 0) => format!("certified by {clean} clean subjects"),
            (_, missing) => {
                format!("{clean} of {} clean subjects", thousands(self.clean + missing))
            }
        }
    }
}

/// The rule that is furthest on its way to act, and how far.
fn worst(standings: &[Standing]) -> (&'static str, u8) {
    let found = standings.iter().filter(|standing| standing.unarmed.is_none());
    let part =
        |standing: &Standing| match (standing.finds.is_some(), standing.value, standing.acts_at) {
            (true, ..) => 100,
            (false, Some(value), Some(acts_at)) => way(value, acts_at),
            (false, ..) => 0,
        };
    let worst = found.map(|standing| (rule_name(standing.rule), part(standing)));
    worst.filter(|(_, part)| *part > 0).max_by_key(|(_, part)| *part).unwrap_or(("", 0))
}

/// A rule in words.
pub(in crate::web::pages) const fn rule_name(rule: GuardRule) -> &'static str {
    match rule {
        GuardRule::Regression => "worse than legacy",
        GuardRule::ErrorRate => "error rate",
        GuardRule::Security => "security",
        GuardRule::Divergence => "harmful differences",
        GuardRule::Latency => "latency",
        GuardRule::Sockets => "lost or repeated events",
        GuardRule::GoldenPath => "golden path",
        GuardRule::Harm => "people hurt",
        GuardRule::Outcomes => "business outcomes",
        GuardRule::Failover => "rescues by legacy",
        GuardRule::Window => "fixed window",
    }
}

/// How far a value has come on the way from 1 to where it acts, in percent of the logarithms.
pub(in crate::web::pages) fn way(value: f64, acts_at: f64) -> u8 {
    if value.is_nan() || value <= 1.0 || acts_at <= 1.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let percent = (value.ln() / acts_at.ln() * 100.0).clamp(0.0, 100.0) as u8;
    percent
}

/// A rate in percent; a dash where there is none.
pub(in crate::web::pages) fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), percent_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(rule: GuardRule, value: f64, finds: bool) -> Standing {
        Standing {
            rule,
            unarmed: None,
            value: Some(value),
            acts_at: Some(10_000.0),
            seen: String::new(),
            finds: finds.then(|| "something".to_owned()),
        }
    }

    #[test]
    fn evidence_is_measured_by_its_logarithm_between_nothing_and_enough() {
        let values = [0.2, 1.0, 10.0, 100.0, 10_000.0, 1e9, f64::NAN];
        assert_eq!(values.map(|value| way(value, 10_000.0)), [0, 0, 25, 50, 100, 100, 0]);
    }

    #[test]
    fn the_rule_that_is_furthest_is_named_and_one_that_finds_something_is_there() {
        let all = [
            standing(GuardRule::Latency, 10.0, false),
            standing(GuardRule::ErrorRate, 100.0, false),
        ];
        assert_eq!(worst(&all), ("error rate", 50));
        let found = standing(GuardRule::Harm, 0.5, true);
        assert_eq!(worst(&[all[0].clone(), found]), ("people hurt", 100));
        let unarmed = Standing { unarmed: Some("off".to_owned()), ..all[1].clone() };
        assert_eq!(worst(&[unarmed]), ("", 0));
    }
}
