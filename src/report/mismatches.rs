//! Differences by fingerprint, the most severe first.
//!
//! What is worst comes first, however seldom it is: one stranger who is let in weighs more than a
//! thousand refusals in other words. An accepted difference stands behind all that are not.

use serde::Serialize;

use super::causes::{Cause, cause};
use super::explain::explain;
use crate::compare::MismatchClass;
use crate::domain::{Fingerprint, ReasonClass, Side, Timestamp};
use crate::ledger::{Book, Counter, Exemplar, Gravity, Group, GroupKey, Ledger};

/// Which differences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MismatchFilter {
    /// Of one component only.
    pub component: Option<String>,
    /// Of one class only.
    pub class: Option<MismatchClass>,
    /// Only where this side refuses.
    pub side: Option<Side>,
}

/// How bad a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Somebody gets what is somebody else's, or is let in where they were not.
    Alarm,
    /// Somebody is locked out or misses something.
    Harm,
    /// Both sides serve, not quite the same.
    Difference,
    /// Nobody notices but whoever reads the words of a refusal.
    Words,
}

impl Severity {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alarm => "alarm",
            Self::Harm => "harm",
            Self::Difference => "difference",
            Self::Words => "words",
        }
    }
}

/// Differences that have class, reasons and claim shape in common.
#[derive(Clone, Debug, Serialize)]
pub struct MismatchReport {
    /// The component.
    pub component: String,
    /// Stands for class, reasons and claim shape; the same in every run.
    pub fingerprint: Fingerprint,
    /// The mismatch class.
    pub class: String,
    /// How bad it is.
    pub severity: Severity,
    /// What the difference is, in words.
    pub explanation: String,
    /// Why legacy denied, if it did.
    pub legacy_reason: Option<String>,
    /// Why SSOT denied, if it did.
    pub ssot_reason: Option<String>,
    /// The kinds of the token's claims.
    pub claim_shape: String,
    /// What usually stands behind it.
    pub cause: Option<&'static Cause>,
    /// Whether the latest fell under an accepted difference.
    pub accepted: bool,
    /// How many.
    pub count: u64,
    /// When the first was asked.
    pub first_at: Timestamp,
    /// When the latest was asked.
    pub last_at: Timestamp,
    /// The latest few, redacted, oldest first.
    pub exemplars: Vec<Exemplar>,
}

/// Differences that are counted by their class alone: of events and connections no examples are kept,
/// and of tokens not those for which there was no room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UngroupedReport {
    /// The component.
    pub component: String,
    /// The mismatch class.
    pub class: &'static str,
    /// What the class is, in words.
    pub meaning: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How many that nobody has accepted.
    pub count: u64,
    /// How many that somebody has.
    pub accepted: u64,
}

/// Everything that differed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Mismatches {
    /// By fingerprint, the most severe first.
    pub groups: Vec<MismatchReport>,
    /// By class alone, the most severe first.
    pub ungrouped: Vec<UngroupedReport>,
}

/// What differed since the ledger was begun.
pub fn mismatches(ledger: &Ledger, filter: &MismatchFilter) -> Mismatches {
    let mut found = Mismatches::default();
    let wanted = |book: &Book| {
        filter.component.as_deref().is_none_or(|wanted| wanted == book.component().as_str())
    };
    for book in ledger.books().iter().filter(|book| wanted(book)) {
        let component = book.component().to_string();
        let groups = book.groups();
        found.ungrouped.extend(ungrouped(book, &groups, filter));
        let groups = groups.into_iter().filter(|group| filter.wants(&group.key));
        found.groups.extend(groups.map(|group| report(component.clone(), group)));
    }
    found.groups.sort_by(|a, b| {
        let place = |one: &MismatchReport| {
            let class = MismatchClass::parse(&one.class);
            (one.accepted, rank(class, one.legacy_reason.as_deref()))
        };
        let newest_first = b.last_at.cmp(&a.last_at);
        let names = a.component.cmp(&b.component).then(a.fingerprint.cmp(&b.fingerprint));
        place(a).cmp(&place(b)).then(b.count.cmp(&a.count)).then(newest_first).then(names)
    });
    found
        .ungrouped
        .sort_by_key(|one| (rank(MismatchClass::parse(one.class), None), one.component.clone()));
    found
}

/// The one with this fingerprint.
pub fn mismatch(ledger: &Ledger, component: &str, fingerprint: &str) -> Option<MismatchReport> {
    let book = ledger.books().into_iter().find(|book| book.component().as_str() == component)?;
    let groups = book.groups().into_iter();
    let mut found = groups.filter(|group| fingerprint_of(&group.key).to_string() == fingerprint);
    found.next().map(|group| report(component.to_owned(), group))
}

impl MismatchFilter {
    fn wants(&self, key: &GroupKey) -> bool {
        let refuses = |side: Side| match side {
            Side::Legacy => key.legacy_reason.is_some(),
            Side::Ssot => key.ssot_reason.is_some(),
        };
        self.class.is_none_or(|class| key.class() == Some(class)) && self.side.is_none_or(refuses)
    }
}

/// The place of a difference in the order of severity; 0 is the worst. What this release does not know
/// may be anything.
fn rank(class: Option<MismatchClass>, legacy_reason: Option<&str>) -> u8 {
    let Some(class) = class else { return 0 };
    match class {
        MismatchClass::SubjectDiffers => 0,
        MismatchClass::Looser => match Gravity::of(reason_class(legacy_reason)) {
            Gravity::AtOnce => 1,
            Gravity::AfterThree => 2,
        },
        MismatchClass::Misdelivered => 3,
        MismatchClass::Stricter => 4,
        MismatchClass::EventLost => 5,
        MismatchClass::ScopesDiffer => 6,
        MismatchClass::ConnectionDiffers => 7,
        MismatchClass::BodyDiffers => 8,
        MismatchClass::EventRepeated => 9,
        MismatchClass::EventReordered => 10,
        MismatchClass::ClaimsDiffer => 11,
        MismatchClass::Late => 12,
        MismatchClass::ReasonDiffers => 13,
    }
}

fn reason_class(code: Option<&str>) -> ReasonClass {
    code.map_or(ReasonClass::Unspecified, ReasonClass::of_code)
}

fn severity(class: Option<MismatchClass>) -> Severity {
    match class {
        None
        | Some(
            MismatchClass::SubjectDiffers | MismatchClass::Looser | MismatchClass::Misdelivered,
        ) => Severity::Alarm,
        Some(
            MismatchClass::Stricter
            | MismatchClass::EventLost
            | MismatchClass::ScopesDiffer
            | MismatchClass::ConnectionDiffers,
        ) => Severity::Harm,
        Some(
            MismatchClass::BodyDiffers
            | MismatchClass::EventRepeated
            | MismatchClass::EventReordered
            | MismatchClass::ClaimsDiffer
            | MismatchClass::Late,
        ) => Severity::Difference,
        Some(MismatchClass::ReasonDiffers) => Severity::Words,
    }
}

fn fingerprint_of(key: &GroupKey) -> Fingerprint {
    let GroupKey { class, legacy_reason, ssot_reason, shape } = key;
    // Lists cannot run into each other in JSON.
    let content = serde_json::to_vec(&(class, legacy_reason, ssot_reason, shape));
    Fingerprint::of_content(&content.unwrap_or_default())
}

fn report(component: String, group: Group) -> MismatchReport {
    let class = group.key.class();
    let fingerprint = fingerprint_of(&group.key);
    let explanation = explain(&group.key);
    let GroupKey { class: code, legacy_reason, ssot_reason, shape } = group.key;
    let cause = class
        .and_then(|class| cause(class, legacy_reason.as_deref(), ssot_reason.as_deref(), &shape));
    MismatchReport {
        component,
        fingerprint,
        class: code,
        severity: severity(class),
        explanation,
        legacy_reason,
        ssot_reason,
        claim_shape: shape,
        cause,
        accepted: group.accepted,
        count: group.count,
        first_at: group.first_at,
        last_at: group.last_at,
        exemplars: group.exemplars.into(),
    }
}

fn ungrouped(book: &Book, groups: &[Group], filter: &MismatchFilter) -> Vec<UngroupedReport> {
    if filter.side.is_some() {
        return Vec::new();
    }
    let total = book.total();
    let wanted = MismatchClass::ALL
        .into_iter()
        .filter(|class| filter.class.is_none_or(|wanted| wanted == *class));
    let rest = wanted.filter_map(|class| {
        let differed = total.count(Counter::Mismatched(class));
        let accepted = total.count(Counter::Accepted(class));
        let kept: u64 = groups
            .iter()
            .filter(|group| group.key.class() == Some(class))
            .map(|group| group.count)
            .sum();
        // A group does not tell which of its differences were accepted.
        let rest = (differed + accepted).saturating_sub(kept);
        let count = rest.min(differed);
        (rest > 0).then(|| UngroupedReport {
            component: book.component().to_string(),
            class: class.code(),
            meaning: class.meaning(),
            severity: severity(Some(class)),
            count,
            accepted: rest - count,
        })
    });
    rest.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compare::{Mismatch, Observation, Verdict};
    use crate::domain::{
        ComponentId, Credentials, Decision, FingerprintKey, Question, Reason, RequestId, Token,
    };
    use crate::ledger::{Enforcement, Entry, Finding, Judgement, Outcome};

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn id(component: &str) -> ComponentId {
        ComponentId::parse(component).expect("an id")
    }

    fn differ(
        ledger: &Ledger,
        (component, times): (&str, usize),
        class: MismatchClass,
        (legacy_reason, ssot_reason): (Option<Reason>, Option<Reason>),
    ) {
        let seen = Observation {
            answer: Ok(Decision::deny(Reason::Expired)),
            took: Duration::from_micros(7),
        };
        let verdict = Verdict::Mismatch(Mismatch { class, legacy_reason, ssot_reason });
        let credentials = Credentials::Token(Token::new("a.b.c"));
        let question = Question::new(RequestId::new(1, 1), id(component), NOW, credentials);
        for _ in 0..times {
            let finding =
                Finding::Compared { verdict: &verdict, accepted: false, asked_again: false };
            let entry = Entry {
                served_by: Side::Legacy,
                outcome: Outcome::Denied,
                rescued: None,
                rescue_refused: false,
                owned: false,
                legacy: Some(&seen),
                ssot: Some(&seen),
                enforcement: Enforcement::Nothing,
                finding,
            };
            ledger.book(&id(component)).record(&question, &entry);
        }
    }

    fn ledger() -> Ledger {
        use MismatchClass::{Looser, ReasonDiffers, Stricter, SubjectDiffers};
        let ledger = Ledger::new(FingerprintKey::new([7; 32]));
        let words = (Some(Reason::Expired), Some(Reason::Signature));
        differ(&ledger, ("http-auth", 900), ReasonDiffers, words);
        differ(&ledger, ("http-auth", 50), Stricter, (None, Some(Reason::Audience)));
        differ(&ledger, ("http-auth", 9), Looser, (Some(Reason::Expired), None));
        differ(&ledger, ("socket-auth", 2), Looser, (Some(Reason::Signature), None));
        differ(&ledger, ("socket-auth", 1), SubjectDiffers, (None, None));
        ledger
    }

    #[test]
    fn the_most_severe_come_first_and_not_the_most_frequent() {
        let found = mismatches(&ledger(), &MismatchFilter::default());
        let order: Vec<_> = found.groups.iter().map(|one| (&*one.class, one.count)).collect();
        let expected = [
            ("subject_differs", 1),
            ("looser", 2),
            ("looser", 9),
            ("stricter", 50),
            ("reason_differs", 900),
        ];
        assert_eq!(order, expected);
        assert_eq!(found.groups[3].severity, Severity::Harm);
        assert_eq!(found.groups[3].cause.map(|cause| cause.code), Some("D05"));
        assert!(found.ungrouped.is_empty(), "{:?}", found.ungrouped);
    }

    #[test]
    fn each_part_of_a_filter_counts() {
        let ledger = ledger();
        let count = |filter: MismatchFilter| mismatches(&ledger, &filter).groups.len();
        let none = MismatchFilter::default;
        let component = |name: &str| Some(name.to_owned());
        assert_eq!(count(MismatchFilter { component: component("socket-auth"), ..none() }), 2);
        assert_eq!(count(MismatchFilter { component: component("nobody"), ..none() }), 0);
        assert_eq!(count(MismatchFilter { class: Some(MismatchClass::Looser), ..none() }), 2);
        assert_eq!(count(MismatchFilter { side: Some(Side::Legacy), ..none() }), 3);
        assert_eq!(count(MismatchFilter { side: Some(Side::Ssot), ..none() }), 2);
    }

    #[test]
    fn a_group_is_found_by_its_fingerprint_within_its_component_alone() {
        let ledger = ledger();
        let all = mismatches(&ledger, &MismatchFilter::default()).groups;
        let looser = all[1].fingerprint.to_string();
        let found = mismatch(&ledger, "socket-auth", &looser).expect("a group");
        assert_eq!(found.legacy_reason.as_deref(), Some("signature"));
        assert!(mismatch(&ledger, "http-auth", &looser).is_none());
        assert!(mismatch(&ledger, "socket-auth", "<script>").is_none());
        let mut fingerprints: Vec<_> = all.iter().map(|one| one.fingerprint).collect();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), all.len());
    }

    #[test]
    fn what_has_no_group_is_counted_by_its_class() {
        let ledger = ledger();
        let book = ledger.book(&id("event-delivery"));
        for accepted in [false, false, true] {
            let class = MismatchClass::EventLost;
            book.judged(NOW, Some(Side::Ssot), Judgement::Differs { class, accepted });
        }
        let found = mismatches(&ledger, &MismatchFilter::default()).ungrouped;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].class, found[0].count, found[0].accepted), ("event_lost", 2, 1));
        let of_legacy = MismatchFilter { side: Some(Side::Legacy), ..MismatchFilter::default() };
        assert!(mismatches(&ledger, &of_legacy).ungrouped.is_empty());
    }

    #[test]
    fn every_class_has_a_place_of_its_own_and_the_graver_looser_one_before_the_other() {
        let signature = rank(Some(MismatchClass::Looser), Some("signature"));
        assert!(signature < rank(Some(MismatchClass::Looser), Some("expired")));
        assert_eq!(rank(None, None), 0, "what is not known may be anything");
        let mut places: Vec<_> =
            MismatchClass::ALL.iter().map(|class| rank(Some(*class), None)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), MismatchClass::ALL.len());
        let last = MismatchClass::ALL.into_iter().max_by_key(|class| rank(Some(*class), None));
        assert_eq!(last, Some(MismatchClass::ReasonDiffers));
    }
}
