//! One walk of the golden path, as whoever walked it has seen it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ComponentId, Revision, Side, Timestamp, TokenType};

/// One walk by one synthetic subject, pinned to one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    /// The side that the subject is pinned to.
    pub side: Side,
    /// When it began.
    pub begun_at: Timestamp,
    /// Its steps in their order; the walk ends with the first one that failed.
    pub steps: Vec<StepSeen>,
    /// Who was to serve its subject at the components on the way, as far as that was known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// Why nobody could be walked on that side; then there are no steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unplaced: Option<String>,
}

/// Who is to serve a subject at a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Where.
    pub component: ComponentId,
    /// The side that serves it there.
    pub side: Side,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JourneyEnd {
    /// At its end.
    Passed,
    /// At this step, by the doing of the side that was walked.
    Failed(JourneyStep),
    /// At this step, which the other side has answered, or was to answer: it says nothing of the
    /// side that was walked.
    Astray(JourneyStep),
    /// Before it began: there was nobody to walk on that side.
    Unplaced,
}

impl JourneyEnd {
    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Astray(_) => "astray",
            Self::Unplaced => "unplaced",
        }
    }

    /// The step that it ended at, unless at the last or before the first.
    pub const fn step(self) -> Option<JourneyStep> {
        match self {
            Self::Failed(step) | Self::Astray(step) => Some(step),
            Self::Passed | Self::Unplaced => None,
        }
    }
}

/// A part of the golden path, in the order in which they are walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JourneyStep {
    /// A token is got.
    Login,
    /// A request over HTTP is decided about.
    Http,
    /// A session is asked for.
    Session,
    /// A socket is opened.
    Handshake,
    /// The socket says who it is and what it listens to.
    Subscribe,
    /// One run's five events arrive, in order, once.
    Events,
    /// The last of them carries the answer.
    Answer,
    /// The token is renewed.
    Refresh,
    /// The socket is cut, opened again, and what was missed arrives.
    Resume,
    /// The session is ended.
    Logout,
    /// The ended token is refused.
    Refusal,
}

/// One step of a walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepSeen {
    /// Which.
    pub step: JourneyStep,
    /// What went wrong, in words without any token; `None` when it passed.
    pub fault: Option<String>,
    /// It was left out, as the settings say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub omitted: bool,
    /// How long it took.
    #[serde(with = "micros")]
    pub took: Duration,
    /// What decided or delivered, as far as the answer told.
    pub provenance: Provenance,
}

/// What decided about a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The side that answered.
    pub side: Option<Side>,
    /// The component.
    pub component: Option<ComponentId>,
    /// The revision of the flag.
    pub revision: Option<Revision>,
    /// The path, such as the name of a legacy path.
    pub path: Option<String>,
    /// Whom it was taken for: a synthetic subject, which may be told.
    pub subject: Option<String>,
    /// What kind of token was shown.
    pub token_type: Option<TokenType>,
    /// The fingerprint of the token.
    pub token: Option<String>,
}

impl Journey {
    /// True when every step was walked and none failed.
    pub fn passed(&self) -> bool {
        let whole = self.steps.len() == JourneyStep::ALL.len();
        whole && self.unplaced.is_none() && self.failed_at().is_none()
    }

    /// How it ended, and whether that says anything of the side that was walked.
    pub fn end(&self) -> JourneyEnd {
        if self.unplaced.is_some() {
            return JourneyEnd::Unplaced;
        }
        let Some(seen) = self.steps.iter().find(|seen| seen.fault.is_some()) else {
            // A walk ends with its last step or with one that failed.
            let last = self.steps.last().map_or(JourneyStep::Login, |seen| seen.step);
            return if self.passed() { JourneyEnd::Passed } else { JourneyEnd::Failed(last) };
        };
        let due = seen.provenance.component.as_ref().and_then(|id| self.side_at(id));
        let of_other = |side: Option<Side>| side.is_some_and(|side| side != self.side);
        if of_other(seen.provenance.side) || of_other(due) {
            JourneyEnd::Astray(seen.step)
        } else {
            JourneyEnd::Failed(seen.step)
        }
    }

    /// The side that was to serve its subject at a component.
    pub fn side_at(&self, component: &ComponentId) -> Option<Side> {
        self.places.iter().find(|place| place.component == *component).map(|place| place.side)
    }

    /// From its beginning to its end, the time of its steps.
    pub fn took(&self) -> Duration {
        self.steps.iter().map(|seen| seen.took).sum()
    }

    /// The step that failed.
    pub fn failed_at(&self) -> Option<JourneyStep> {
        self.steps.iter().find(|seen| seen.fault.is_some()).map(|seen| seen.step)
    }
}

impl JourneyStep {
    /// Every one, in their order.
    pub const ALL: [Self; 11] = [
        Self::Login,
        Self::Http,
        Self::Session,
        Self::Handshake,
        Self::Subscribe,
        Self::Events,
        Self::Answer,
        Self::Refresh,
        Self::Resume,
        Self::Logout,
        Self::Refusal,
    ];

    /// Reads a machine-readable name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// The machine-readable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Http => "http",
            Self::Session => "session",
            Self::Handshake => "handshake",
            Self::Subscribe => "subscribe",
            Self::Events => "events",
            Self::Answer => "answer",
            Self::Refresh => "refresh",
            Self::Resume => "resume",
            Self::Logout => "logout",
            Self::Refusal => "refusal",
        }
    }
}

impl fmt::Display for JourneyStep {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Durations as whole microseconds.
mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journey(faulty: Option<&(JourneyStep, Provenance)>) -> Journey {
        let mut steps = Vec::new();
        for step in JourneyStep::ALL {
            let at_fault = faulty.filter(|(at, _)| *at == step);
            let provenance = at_fault.map(|(_, provenance)| provenance.clone()).unwrap_or_default();
            let fault = at_fault.map(|_| "no answer".to_owned());
            let ends = fault.is_some();
            let took = Duration::from_micros(3);
            steps.push(StepSeen { step, fault, omitted: false, took, provenance });
            if ends {
                break;
            }
        }
        let begun_at = Timestamp::from_seconds(7);
        Journey { side: Side::Ssot, begun_at, steps, places: Vec::new(), unplaced: None }
    }

    fn component() -> ComponentId {
        ComponentId::parse("http-auth").expect("an id")
    }

    #[test]
    fn a_walk_passes_with_its_last_step() {
        assert_eq!(journey(None).end(), JourneyEnd::Passed);
        let mut short = journey(None);
        short.steps.pop();
        assert_eq!(short.end(), JourneyEnd::Failed(JourneyStep::Logout));
        assert!(!short.passed());
    }

    #[test]
    fn what_the_other_side_did_is_not_held_against_the_one_that_was_walked() {
        let at = JourneyStep::Http;
        let by = |side| Provenance { side, ..Provenance::default() };
        let end = |provenance| journey(Some(&(at, provenance))).end();
        assert_eq!(end(by(None)), JourneyEnd::Failed(at));
        assert_eq!(end(by(Some(Side::Ssot))), JourneyEnd::Failed(at));
        assert_eq!(end(by(Some(Side::Legacy))), JourneyEnd::Astray(at));
        // Nobody answered, and legacy was to.
        let silent = Provenance { component: Some(component()), ..Provenance::default() };
        let mut due = journey(Some(&(at, silent)));
        assert_eq!(due.end(), JourneyEnd::Failed(at));
        due.places.push(Place { component: component(), side: Side::Legacy });
        assert_eq!(due.end(), JourneyEnd::Astray(at));
    }

    #[test]
    fn a_walk_reads_back_as_it_was_kept() {
        let mut kept = journey(Some(&(JourneyStep::Events, Provenance::default())));
        kept.places.push(Place { component: component(), side: Side::Ssot });
        let text = serde_json::to_string(&kept).expect("JSON");
        assert_eq!(serde_json::from_str::<Journey>(&text).expect("a journey"), kept);
        assert_eq!(kept.took(), Duration::from_micros(18));
        for step in JourneyStep::ALL {
            assert_eq!(JourneyStep::parse(step.as_str()), Some(step));
        }
    }
}
