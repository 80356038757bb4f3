//! The stored row of one component.

use serde::{Deserialize, Serialize};

use super::accepted::newly_graver;
use super::{AcceptedDifference, Limits, Stage, Target};
use crate::domain::{ComponentId, GroupId, MismatchClass, Revision, Share, Timestamp, TokenForm};

/// The stored row of one component: how far it has come, and the settings it is served under.
///
/// In JSON one flat object; `stage` and `share` are described at [`Stage`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    /// Which component.
    pub component: ComponentId,
    /// What kind of piece it is.
    pub kind: Kind,
    /// The phase of the migration it belongs to.
    pub phase: Phase,
    /// Components of one group share a salt.
    pub group: GroupId,
    /// Components that must have come at least as far.
    pub requires: Vec<ComponentId>,
    /// The name of a legacy path in the configuration.
    pub legacy: String,
    /// How far it has come.
    #[serde(flatten)]
    pub stage: Stage,
    /// Who may be rescued by the other side in a canary.
    pub rescue: Rescue,
    /// Part of answers that are compared; `None` for the stage's default.
    pub sample: Option<Share>,
    /// Time for a whole answer, rescue included, in milliseconds.
    pub deadline_ms: u32,
    /// Budgeted rescues per second.
    pub rescues_per_second_max: u32,
    /// The mark of a rollback, until an operator releases it.
    pub latch: Option<Latch>,
    /// The mark of a hold, until an operator releases it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// When it was rolled back within the last seven days, oldest first; outlives the latch.
    pub rolled_back_at: Vec<Timestamp>,
    /// The revision of the last change that took it from a stage in which SSOT serves to one in
    /// which legacy does, however it was made. What was seen of the time before it says nothing of
    /// the time after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served_until: Option<Revision>,
    /// Differences an operator has accepted.
    pub accepted: Vec<AcceptedDifference>,
    /// Who is served otherwise than the share says; the first one that matches decides.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// What becomes of a token that SSOT can prove to be bad while legacy serves.
    #[serde(default)]
    pub invariants: Invariants,
    /// What SSOT's new tokens look like, where the component makes any.
    #[serde(default, skip_serializing_if = "is_compatible")]
    pub token_form: TokenForm,
    /// What the guard holds it to.
    #[serde(default, skip_serializing_if = "Limits::are_default")]
    pub limits: Limits,
    /// The revision of its last change.
    pub revision: Revision,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Why it last changed.
    pub cause: Cause,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_compatible(form: &TokenForm) -> bool {
    match form {
        TokenForm::Compatible => true,
        TokenForm::Own => false,
    }
}

impl Flag {
    /// This flag at another stage. Below `sealed` legacy may come back, and so tokens are again
    /// such as it reads. Where SSOT no longer serves, that gets its revision when the change gets
    /// its own.
    pub(super) fn at_stage(&self, stage: Stage) -> Self {
        let token_form =
            if stage < Stage::Sealed { TokenForm::Compatible } else { self.token_form };
        let served_until = if self.stage.ssot_serves() && !stage.ssot_serves() {
            Some(Revision::default())
        } else {
            self.served_until
        };
        Self { stage, served_until, token_form, ..self.clone() }
    }

    /// Those of `wanted` that this flag does not accept yet, and that only two people may.
    pub fn newly_graver<'w>(
        &'w self,
        wanted: &'w [AcceptedDifference],
    ) -> impl Iterator<Item = &'w AcceptedDifference> {
        newly_graver(wanted, &self.accepted)
    }

    /// The part of answers that are compared at the present stage.
    pub fn effective_sample(&self) -> Share {
        match self.stage {
            Stage::Off | Stage::Complete => Share::NONE,
            Stage::Shadow | Stage::Canary(_) | Stage::Live | Stage::Sealed => {
                self.sample.unwrap_or(self.stage.default_sample())
            }
        }
    }

    /// The accepted differences that cover this mismatch at `now`, in their order.
    ///
    /// `class` is a mismatch class such as `stricter`; reasons are [`crate::domain::Reason`]
    /// codes, `None` where a side allowed or told none; `claim_shape` is that of the token.
    pub fn accepted_as(
        &self,
        class: &str,
        (legacy_reason, ssot_reason): (Option<&str>, Option<&str>),
        claim_shape: &str,
        now: Timestamp,
    ) -> impl Iterator<Item = &AcceptedDifference> {
        self.accepted.iter().filter(move |difference| {
            difference.accepts(class, legacy_reason, ssot_reason, claim_shape, now)
        })
    }
}

/// What kind of piece a component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Decides about requests.
    Auth,
    /// The session of a browser.
    Session,
    /// Issues, refreshes and revokes.
    Tokens,
    /// Holds WebSocket connections.
    Connections,
    /// Delivers events.
    Events,
}

impl Kind {
    /// True for components that answer questions about tokens.
    pub const fn is_asked(self) -> bool {
        match self {
            Self::Auth | Self::Session => true,
            Self::Tokens | Self::Connections | Self::Events => false,
        }
    }

    /// True for components that issue, refresh and revoke tokens.
    pub const fn makes_tokens(self) -> bool {
        match self {
            Self::Tokens => true,
            Self::Auth | Self::Session | Self::Connections | Self::Events => false,
        }
    }

    /// How its two sides can differ, in the order in which that is shown.
    pub const fn classes(self) -> &'static [MismatchClass] {
        match self {
            Self::Auth | Self::Session | Self::Tokens => &MismatchClass::OF_DECISIONS,
            Self::Connections => &MismatchClass::OF_CONNECTIONS,
            Self::Events => &MismatchClass::OF_EVENTS,
        }
    }

    /// `auth`, `session`, `tokens`, `connections` or `events`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Session => "session",
            Self::Tokens => "tokens",
            Self::Connections => "connections",
            Self::Events => "events",
        }
    }

    /// Reads a kind by its name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Auth, Self::Session, Self::Tokens, Self::Connections, Self::Events]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A phase of the migration; a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Phase {
    /// One token authority.
    Tokens = 1,
    /// One socket manager.
    Sockets = 2,
    /// The golden path, end to end.
    GoldenPath = 3,
}

impl From<Phase> for u8 {
    fn from(phase: Phase) -> u8 {
        phase as u8
    }
}

impl TryFrom<u8> for Phase {
    type Error = String;
    fn try_from(number: u8) -> Result<Self, String> {
        match number {
            1 => Ok(Self::Tokens),
            2 => Ok(Self::Sockets),
            3 => Ok(Self::GoldenPath),
            other => Err(format!("a phase is 1, 2 or 3, not {other}")),
        }
    }
}

/// Whose failure in a canary the other side may make good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rescue {
    /// A failing ssot is replaced by legacy; a failing legacy is not replaced.
    #[default]
    Ssot,
    /// A failing legacy is replaced by ssot as well, within the budget.
    Both,
}

impl Rescue {
    /// `ssot` or `both`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ssot => "ssot",
            Self::Both => "both",
        }
    }
}

/// What becomes of a token with a bad signature, a disallowed algorithm or a revocation, proved by
/// SSOT, while legacy serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Invariants {
    /// It shows as a difference; who serves decides.
    #[default]
    Report,
    /// It is denied, whoever serves.
    Enforce,
}

impl Invariants {
    /// `report` or `enforce`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Enforce => "enforce",
        }
    }
}

/// The mark a rollback leaves: nothing is raised until an operator releases it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latch {
    /// Who or what rolled back, and why.
    pub cause: Cause,
    /// When.
    pub at: Timestamp,
    /// The revision of the rollback.
    pub revision: Revision,
    /// The end of the cool-down; before it nobody can release.
    pub until: Timestamp,
    /// Rollbacks within the last seven days, this one included.
    pub rollbacks: u32,
}

/// The mark a hold leaves: nothing is raised until an operator releases it. What serves goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who or what holds, and why.
    pub cause: Cause,
    /// Since when.
    pub at: Timestamp,
}

/// Why something changed. In JSON tagged by `by`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum Cause {
    /// A person.
    Operator {
        /// Who.
        name: String,
        /// In that person's words; may be empty where no note is due.
        note: String,
    },
    /// Two different people: the one who asked and the one who approved.
    #[serde(rename = "two_people")]
    TwoPeople {
        /// Who asked.
        asked_by: String,
        /// Who approved.
        approved_by: String,
        /// In the words of the one who asked.
        note: String,
    },
    /// The component's first row.
    Seed,
    /// A rule that tripped.
    Guard {
        /// Which rule, and on what evidence.
        trip: String,
    },
    /// A step of a rollout plan.
    Schedule {
        /// Which plan.
        plan: String,
    },
}

/// What kind of cause something had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseKind {
    /// A person.
    Operator,
    /// One who asked and one who approved.
    TwoPeople,
    /// A component's first row.
    Seed,
    /// A rule that tripped.
    Guard,
    /// A step of a rollout plan.
    Schedule,
}

impl CauseKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Operator, Self::TwoPeople, Self::Seed, Self::Guard, Self::Schedule];

    /// `operator`, `two_people`, `seed`, `guard` or `schedule`, as JSON says it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::TwoPeople => "two_people",
            Self::Seed => "seed",
            Self::Guard => "guard",
            Self::Schedule => "schedule",
        }
    }

    /// Reads a kind by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl Cause {
    /// What kind of cause it is.
    pub const fn kind(&self) -> CauseKind {
        match self {
            Self::Operator { .. } => CauseKind::Operator,
            Self::TwoPeople { .. } => CauseKind::TwoPeople,
            Self::Seed => CauseKind::Seed,
            Self::Guard { .. } => CauseKind::Guard,
            Self::Schedule { .. } => CauseKind::Schedule,
        }
    }

    /// True when this operator stands behind it, alone or as one of two.
    pub fn is_by(&self, operator: &str) -> bool {
        match self {
            Self::Operator { name, .. } => name == operator,
            Self::TwoPeople { asked_by, approved_by, .. } => {
                asked_by == operator || approved_by == operator
            }
            Self::Seed | Self::Guard { .. } | Self::Schedule { .. } => false,
        }
    }

    /// This cause, saying first what is done and then why.
    #[must_use]
    pub(super) fn with_deed(self, deed: &str) -> Self {
        let told = |why: String| {
            if why.trim().is_empty() { deed.to_owned() } else { format!("{deed}: {why}") }
        };
        match self {
            Self::Operator { name, note } => Self::Operator { name, note: told(note) },
            Self::TwoPeople { asked_by, approved_by, note } => {
                Self::TwoPeople { asked_by, approved_by, note: told(note) }
            }
            Self::Seed => Self::Seed,
            Self::Guard { trip } => Self::Guard { trip: told(trip) },
            Self::Schedule { plan } => Self::Schedule { plan: told(plan) },
        }
    }

    /// True when two different people stand behind the change.
    pub(super) fn is_of_two_people(&self) -> bool {
        match self {
            Self::TwoPeople { asked_by, approved_by, .. } => asked_by != approved_by,
            Self::Operator { .. } | Self::Seed | Self::Guard { .. } | Self::Schedule { .. } => {
                false
            }
        }
    }

    /// What people say about it; `None` for what machines do by themselves.
    pub(super) fn note_of_people(&self) -> Option<&str> {
        match self {
            Self::Operator { note, .. } | Self::TwoPeople { note, .. } => Some(note.trim()),
            Self::Seed | Self::Guard { .. } | Self::Schedule { .. } => None,
        }
    }

    /// The cause of taking back what a rollback has overtaken.
    pub(super) fn overtaken(self) -> Self {
        let told = |text: &str| format!("overtaken by a rollback, taken back: {text}");
        let cause = match self {
            Self::Operator { name, note } => Self::Operator { name, note: told(&note) },
            Self::TwoPeople { asked_by, approved_by, note } => {
                Self::TwoPeople { asked_by, approved_by, note: told(&note) }
            }
            Self::Seed => Self::Seed,
            Self::Guard { trip } => Self::Guard { trip: told(&trip) },
            Self::Schedule { plan } => Self::Schedule { plan: told(&plan) },
        };
        cause.bounded()
    }

    /// Longest text kept in a cause, in bytes.
    pub const TEXT_MAX: usize = 1000;

    /// This cause with its texts cut to [`Cause::TEXT_MAX`] and control characters made blanks.
    /// Cut, not refused: no rollback fails because its reason is long.
    #[must_use]
    pub fn bounded(self) -> Self {
        self.cut_to(Self::TEXT_MAX)
    }

    /// The same with texts of at most `bytes_max`.
    pub(super) fn cut_to(self, bytes_max: usize) -> Self {
        let cut = |text: String| {
            text[..text.floor_char_boundary(bytes_max)].replace(char::is_control, " ")
        };
        match self {
            Self::Operator { name, note } => Self::Operator { name: cut(name), note: cut(note) },
            Self::TwoPeople { asked_by, approved_by, note } => Self::TwoPeople {
                asked_by: cut(asked_by),
                approved_by: cut(approved_by),
                note: cut(note),
            },
            Self::Seed => Self::Seed,
            Self::Guard { trip } => Self::Guard { trip: cut(trip) },
            Self::Schedule { plan } => Self::Schedule { plan: cut(plan) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{NOW, canary, flag, id, trip};
    use super::*;

    #[test]
    fn a_flag_is_one_flat_object_in_json() {
        let flag = Flag { stage: canary(1000), requires: vec![id("base")], ..flag("http-auth") };
        let expected = serde_json::json!({
            "component": "http-auth",
            "kind": "auth",
            "phase": 1,
            "group": "main",
            "requires": ["base"],
            "legacy": "http-auth",
            "stage": "canary",
            "share": 1000,
            "rescue": "ssot",
            "sample": null,
            "deadline_ms": 1000,
            "rescues_per_second_max": 50,
            "latch": null,
            "rolled_back_at": [],
            "accepted": [],
            "targets": [],
            "invariants": "report",
            "revision": 1,
            "changed_at": "2027-01-15T08:00:00.000Z",
            "cause": { "by": "seed" },
        });
        assert_eq!(serde_json::to_value(&flag).expect("json"), expected);
        assert_eq!(serde_json::from_value::<Flag>(expected).expect("a flag"), flag);
    }

    #[test]
    fn a_latched_flag_reads_back_what_it_wrote() {
        let cool_down = std::time::Duration::from_mins(30);
        let flag = flag("http-auth").rolled_back(Stage::Off, &trip(), NOW, cool_down);
        let json = serde_json::to_value(&flag).expect("json");
        assert_eq!(json["latch"]["cause"]["by"], "guard");
        assert_eq!(json["latch"]["until"], "2027-01-15T08:30:00.000Z");
        assert_eq!(serde_json::from_value::<Flag>(json).expect("a flag"), flag);
    }

    #[test]
    fn a_kind_of_cause_is_named_as_in_json() {
        let (name, note) = ("ada".to_owned(), String::new());
        let two = Cause::TwoPeople { asked_by: name.clone(), approved_by: name.clone(), note };
        let plan = Cause::Schedule { plan: String::new() };
        for cause in [Cause::Operator { name, note: String::new() }, two, Cause::Seed, trip(), plan]
        {
            let json = serde_json::to_value(&cause).expect("json");
            assert_eq!(json["by"], cause.kind().as_str());
            assert_eq!(CauseKind::parse(cause.kind().as_str()), Some(cause.kind()));
        }
    }

    #[test]
    fn a_cause_is_cut_at_a_character_and_has_no_control_characters() {
        let trip = format!("\u{1b}[31m{}", "ä".repeat(2000));
        let Cause::Guard { trip } = (Cause::Guard { trip }).bounded() else { panic!("a guard") };
        assert!(trip.starts_with(" [31mä") && trip.len() <= Cause::TEXT_MAX);
    }
}
